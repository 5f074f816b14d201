// A Signaling with the browser's own pipes.
import { realClock } from '../core/clock.js';
import { Log } from '../core/log.js';
import { randomKey } from '../core/random.js';
import { PipeChoice } from './choice.js';
import { openWs } from './pipe.js';
import { Signaling } from './signaling.js';
import { Stream } from './stream.js';
import { openStreamPipe } from './stream_pipe.js';
import { OwnSource, SharedSource } from './tabs.js';

const KEPT = 'madang.pipe';

/** @param {Storage | null} storage @returns {import('./pipe.js').PipeFamily | null} */
function workedLast(storage) {
  const kept = storage?.getItem(KEPT);
  return kept === 'ws' || kept === 'stream' ? kept : null;
}

/** @returns {Storage | null} */
function tabStorage() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

/**
 * @param {object} o
 * @param {string} o.server  origin, e.g. https://talk.example.kr:8443
 * @param {() => import('./protocol.js').HelloFields} o.makeHello
 * @param {Log} [o.log]
 * @param {import('../core/clock.js').Clock} [o.clock]
 * @param {boolean} [o.shareStream]  with the other tabs of this origin
 * @param {() => boolean} [o.unseen]  nobody looks at the page
 * @returns {Signaling}
 */
export function connect(
  { server, makeHello, log = new Log(), clock = realClock, shareStream = false, unseen }) {
  const storage = tabStorage();
  const makeStream = () => new Stream({ base: server, key: randomKey(16), clock });
  const canShare = shareStream && 'locks' in navigator && typeof BroadcastChannel === 'function';
  const source = canShare
    ? new SharedSource({
      makeStream, clock, locks: navigator.locks,
      channel: /** @type {any} */ (new BroadcastChannel('madang-stream')),
    })
    : new OwnSource(makeStream);
  const url = `${server.replace(/^http/, 'ws')}/api/ws`;
  const sig = new Signaling({
    clock, log, makeHello, unseen, choice: new PipeChoice(workedLast(storage)),
    openPipe: (family, handlers, hello) => (family === 'ws'
      ? openWs(url, hello, handlers)
      : openStreamPipe({ base: server, source, clock }, handlers)),
  });
  sig.on('phase', ({ phase, pipe }) => {
    if (phase === 'online' && pipe) storage?.setItem(KEPT, pipe === 'ws' ? 'ws' : 'stream');
  });
  return sig;
}
