// Sending a file in pieces, so that what has arrived stays there when the connection breaks: docs/
// protocol-people.md section 6.
import { SignalError } from './protocol.js';

const PIECE_FIRST = 256 * 1024;
const PIECE_MIN = 64 * 1024;
const PIECE_MAX = 8 * 1024 * 1024;
/** A piece is as long as takes about this: what is done is seen, and little is sent twice. */
const PIECE_MS = 1000;
const WAIT_FIRST_MS = 1000;
const WAIT_MAX_MS = 15_000;
const BEGIN_MAX = 4;

/** No answer came: it is asked again. */
const LOST = new Set(['lost', 'session_lost', 'closed']);
/** Not just now, says the server. */
const PASSING = new Set(['busy', 'rate', 'store_busy', 'overflow']);

/**
 * @typedef {object} Way
 * @property {(fields: {size: number, name: string, mime: string}) => Promise<{upload: string}>} begin
 * @property {Pick<import('./api.js').Api, 'putPart' | 'uploaded'>} api
 * @property {import('../core/clock.js').Clock} clock
 * @property {(ms: number) => Promise<void>} pause  until there is a connection again, or so long
 */

/**
 * @param {Way} way
 * @param {{blob: Blob, name: string, mime: string}} what
 * @param {object} o
 * @param {AbortSignal} o.stop
 * @param {(have: number) => void} o.moved
 * @param {(on: boolean) => void} [o.waits]  for the connection
 * @returns {Promise<string>} the id of the upload; rejects with the server's code, or `aborted`
 */
export async function sendBlob({ begin, api, clock, pause }, { blob, name, mime }, o) {
  const { stop, moved, waits = () => {} } = o;
  let upload = '';
  let have = 0;
  let piece = PIECE_FIRST;
  let begun = 0;
  let tries = 0;
  let unsure = false;
  for (;;) {
    if (stop.aborted) throw new SignalError('aborted');
    try {
      if (!upload) {
        begun++;
        ({ upload } = await begin({ size: blob.size, name, mime }));
        have = 0;
      } else if (unsure) {
        have = await api.uploaded(upload, stop);
      }
      unsure = false;
      moved(have);
      if (have >= blob.size) return upload;
      const at = clock.now();
      have = await api.putPart(upload, blob.slice(have, have + piece), have, blob.size, stop);
      const took = Math.max(1, clock.now() - at);
      piece = Math.round(Math.min(PIECE_MAX, 2 * piece, Math.max(PIECE_MIN, (piece * PIECE_MS) / took)));
      if (tries) waits(false);
      tries = 0;
    } catch (e) {
      const { code, retryMs } = /** @type {any} */ (e);
      if (stop.aborted) throw new SignalError('aborted');
      unsure = true;
      piece = PIECE_MIN;
      if (code === 'unknown' && upload && begun < BEGIN_MAX) {
        upload = ''; // the server has forgotten it
      } else if (LOST.has(code) || PASSING.has(code)) {
        waits(true);
        await pause(retryMs || Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** tries++));
      } else {
        throw e;
      }
    }
  }
}
