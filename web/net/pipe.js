// What a pipe is, and the WebSocket one. A pipe carries messages and knows nothing of sessions.
import { SUBPROTOCOL, WITH_HELLO, earlyHello } from './protocol.js';

/**
 * @typedef {object} PipeHandlers  called later, never from within the call that opened the pipe
 * @property {(saidHello: boolean) => void} onOpen  messages may be sent; whether the server has the hello
 *   that the pipe was opened with
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
/** @typedef {(family: PipeFamily, handlers: PipeHandlers, hello: string | null) => Pipe} OpenPipe
 *   hello: the first message, for a pipe that can take it along */

/**
 * @param {string} url  wss://...
 * @param {string | null} hello  to go with the request to upgrade
 * @param {PipeHandlers} handlers
 * @param {typeof WebSocket} [Socket]
 * @returns {Pipe}
 */
export function openWs(url, hello, handlers, Socket = WebSocket) {
  let over = false;
  /** @type {WebSocket | null} */
  let ws = null;
  const end = (/** @type {number} */ code, /** @type {string} */ reason) => {
    if (over) return;
    over = true;
    handlers.onClose(code, reason);
  };
  try {
    ws = new Socket(url, (hello && earlyHello(hello)) || SUBPROTOCOL);
  } catch (error) {
    queueMicrotask(() => end(0, String(error)));
  }
  if (ws) {
    ws.onopen = () => { if (!over) handlers.onOpen(ws?.protocol === WITH_HELLO); };
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
