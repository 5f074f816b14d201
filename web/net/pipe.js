// What a pipe is, and the WebSocket one. A pipe carries messages and knows nothing of sessions.

/**
 * @typedef {object} PipeHandlers  called later, never from within the call that opened the pipe
 * @property {() => void} onOpen  messages may be sent
 * @property {(text: string, number: number | null) => void} onMessage  number: as written by the server
 *   (streams)
 * @property {(code: number, reason: string) => void} onClose  once; code is a WebSocket close code, 0 for
 *   others
 */
/**
 * @typedef {object} Pipe
 * @property {(text: string) => void} send
 * @property {() => void} close  no handler is called any more
 * @property {() => string} kind  'ws', 'sse' or 'poll'
 */
/** @typedef {'ws'|'stream'} PipeFamily */
/** @typedef {(family: PipeFamily, handlers: PipeHandlers) => Pipe} OpenPipe */

/**
 * @param {string} url  wss://...
 * @param {string} subprotocol
 * @param {PipeHandlers} handlers
 * @param {typeof WebSocket} [Socket]
 * @returns {Pipe}
 */
export function openWs(url, subprotocol, handlers, Socket = WebSocket) {
  let over = false;
  /** @type {WebSocket | null} */
  let ws = null;
  const end = (/** @type {number} */ code, /** @type {string} */ reason) => {
    if (over) return;
    over = true;
    handlers.onClose(code, reason);
  };
  try {
    ws = new Socket(url, subprotocol);
  } catch (error) {
    queueMicrotask(() => end(0, String(error)));
  }
  if (ws) {
    ws.onopen = () => { if (!over) handlers.onOpen(); };
    ws.onmessage = (e) => { if (!over && typeof e.data === 'string') handlers.onMessage(e.data, null); };
    ws.onclose = (e) => end(e.code, e.reason);
  }
  return {
    kind: () => 'ws',
    send(text) { if (ws?.readyState === 1) ws.send(text); },
    close() {
      over = true;
      try { ws?.close(1000); } catch { }
    },
  };
}
