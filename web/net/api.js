// What sets or ends the cookie goes over HTTP (docs/protocol-people.md section 1): a POST with JSON, and an
// object comes back.
import { SignalError } from './protocol.js';

const PATIENCE_MS = 20_000;

/** Refused, or never answered. */
export class ApiError extends SignalError {
  /** @param {{code?: string, message?: string, retry_ms?: number, reason?: string, field?: string}} answer */
  constructor({ code = 'unknown', message, retry_ms, reason, field }) {
    super(code, message, retry_ms, { reason, field });
    this.name = 'ApiError';
  }
}

export class Api {
  /**
   * @param {object} o
   * @param {string} o.server  origin
   * @param {typeof fetch} [o.fetch]
   * @param {number} [o.patienceMs]
   */
  constructor({ server, fetch: send = (...a) => fetch(...a), patienceMs = PATIENCE_MS }) {
    this.server = server;
    this.fetch = send;
    this.patienceMs = patienceMs;
  }

  /**
   * @param {string} verb  `sign_in` and its kin
   * @param {Record<string, any>} [fields]
   * @returns {Promise<any>} rejects with an ApiError: the server's code, or `lost` when there was no answer
   */
  post(verb, fields = {}) {
    return this.#send('POST', verb, { 'Content-Type': 'application/json' }, JSON.stringify(fields));
  }

  /** What the session was allowed to send (docs/protocol-people.md section 6), whole.
   * @param {string} upload  its id @param {Blob} data */
  put(upload, data) {
    return this.#send('PUT', `upload/${upload}`, { 'Content-Type': data.type }, data);
  }

  /** A part of it that begins at `first`: what follows what is there already.
   * @param {string} upload @param {Blob} part @param {number} first @param {number} total
   * @param {AbortSignal} [stop] @returns {Promise<number>} how much is there now */
  async putPart(upload, part, first, total, stop) {
    const range = `bytes ${first}-${first + part.size - 1}/${total}`;
    const { have } = await this.#send('PUT', `upload/${upload}`, { 'Content-Range': range }, part, stop);
    return have;
  }

  /** How much of it the server has.
   * @param {string} upload @param {AbortSignal} [stop] @returns {Promise<number>} */
  async uploaded(upload, stop) {
    const { have } = await this.#send('HEAD', `upload/${upload}`, {}, undefined, stop);
    return have;
  }

  /** @param {string} method @param {string} verb @param {Record<string, string>} headers
   * @param {BodyInit} [body] @param {AbortSignal} [stop]  not wanted any more */
  async #send(method, verb, headers, body, stop) {
    const end = new AbortController();
    const abort = () => end.abort();
    const timer = setTimeout(abort, this.patienceMs);
    stop?.addEventListener('abort', abort);
    try {
      if (stop?.aborted) abort();
      const response = await this.fetch(`${this.server}/api/${verb}`, {
        method, headers, body,
        credentials: 'same-origin', cache: 'no-store', redirect: 'error', signal: end.signal,
      });
      if (method === 'HEAD' && response.ok) return { have: Number(response.headers.get('upload-offset')) };
      if (method === 'HEAD') throw new ApiError({ code: response.status === 404 ? 'unknown' : 'lost' });
      const answer = await response.json();
      // Not what follows what is there: the answer says what is.
      if (response.ok || (response.status === 409 && 'have' in answer)) return answer;
      throw new ApiError(answer);
    } catch (e) {
      throw e instanceof ApiError ? e : new ApiError({ code: 'lost', message: String(e) });
    } finally {
      clearTimeout(timer);
      stop?.removeEventListener('abort', abort);
    }
  }
}
