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

  /** @param {string} method @param {string} verb
   * @param {Record<string, string>} headers @param {BodyInit} body */
  async #send(method, verb, headers, body) {
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(), this.patienceMs);
    try {
      const response = await this.fetch(`${this.server}/api/${verb}`, {
        method, headers, body,
        credentials: 'same-origin', cache: 'no-store', redirect: 'error', signal: end.signal,
      });
      const answer = await response.json();
      if (response.ok) return answer;
      throw new ApiError(answer);
    } catch (e) {
      throw e instanceof ApiError ? e : new ApiError({ code: 'lost', message: String(e) });
    } finally {
      clearTimeout(timer);
    }
  }
}
