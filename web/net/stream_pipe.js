// A pipe over a stream: messages come as events for its TAB, and go as POSTs. The stream may belong to
// another tab of the browser (tabs.js).
import { randomId } from '../core/random.js';

/** @typedef {import('../core/clock.js').Clock} Clock */
/** @typedef {import('./pipe.js').Pipe} Pipe */
/** @typedef {import('./pipe.js').PipeHandlers} PipeHandlers */

/**
 * Where events come from.
 * @typedef {object} StreamSource
 * @property {(tab: string, on: SourceHandlers) => {close: () => void}} open
 */
/**
 * @typedef {object} SourceHandlers
 * @property {(key: string, mode: 'sse'|'poll') => void} onOpen
 * @property {(data: string, id: number | null) => void} onEvent
 * @property {(reason: string) => void} onClose
 */

const PARALLEL = 4;
const GREETING = /^\{"type":"(hello|resume)"/;
const REFUSED_MS = 1500;
const RETRY_MS = [200, 400, 800, 1600];

/**
 * @param {{base: string, source: StreamSource, clock: Clock, fetch?: typeof fetch}} options
 * @param {PipeHandlers} handlers
 * @returns {Pipe}
 */
export function openStreamPipe({ base, source, clock, fetch: post = (...a) => fetch(...a) }, handlers) {
  const tab = randomId(12);
  /** @type {{text: string, tries: number}[]} */
  const queue = [];
  let over = false;
  let busy = 0;
  let heard = 0;
  let key = '';
  /** @type {'sse'|'poll'} */
  let mode = 'sse';
  const end = (/** @type {string} */ reason) => {
    if (over) return;
    over = true;
    channel.close();
    handlers.onClose(0, reason);
  };
  const channel = source.open(tab, {
    onOpen(k, m) {
      key = k;
      mode = m;
      if (!over) handlers.onOpen(false);
    },
    onEvent(data, id) {
      heard++;
      if (!over) handlers.onMessage(data, id);
    },
    onClose: end,
  });

  /** @param {{text: string, tries: number}} item @param {number} ms */
  const again = (item, ms) => clock.after(() => {
    queue.unshift(item);
    pump();
  }, ms);

  /** @param {{text: string, tries: number}} item */
  async function one(item) {
    const wait = RETRY_MS[item.tries++];
    const before = heard;
    try {
      const answer = await post(`${base}/api/send/${key}/${tab}`, {
        method: 'POST', body: item.text, headers: { 'Content-Type': 'text/plain;charset=utf-8' }, cache: 'no-store',
      });
      if (answer.ok || over) return;
      const said = await answer.json().catch(() => ({}));
      // The POST may overtake the GET that makes the stream, and a limit passes: both are tried again.
      const passing = answer.status === 404 || answer.status === 429 || answer.status >= 500;
      // A greeting that is refused is told on the stream as well, and another one may follow.
      if (answer.status === 400 && GREETING.test(item.text)) {
        clock.after(() => { if (heard === before) end('greeting refused'); }, REFUSED_MS);
      } else if (!passing || wait === undefined) end(`post ${answer.status} ${said.code ?? ''} ${said.field ?? ''}`);
      else again(item, Math.max(wait, Number(said.retry_ms) || 0));
    } catch {
      // Whether it arrived is unknown. Requests may come twice (their ids tell); a hello may not.
      if (wait === undefined || item.text.startsWith('{"type":"hello"')) end('post failed');
      else again(item, wait);
    }
  }

  function pump() {
    while (!over && busy < PARALLEL && queue.length) {
      busy++;
      one(/** @type {{text: string, tries: number}} */ (queue.shift())).finally(() => {
        busy--;
        pump();
      });
    }
  }

  return {
    kind: () => mode,
    send(text) {
      queue.push({ text, tries: 0 });
      pump();
    },
    close() {
      if (over) return;
      // What is queued (a bye, say) still goes out: only nothing comes back.
      over = true;
      for (const { text } of queue.splice(0)) {
        post(`${base}/api/send/${key}/${tab}`, { method: 'POST', body: text }).catch(() => {});
      }
      channel.close();
    },
  };
}
