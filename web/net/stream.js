// One stream of server-sent events (GET /api/stream/KEY), read by fetch: it shows what EventSource hides,
// namely that a proxy holds bytes back. Where five seconds pass without a byte it goes over to long-polling.
import { Emitter } from '../core/emitter.js';
import { randomKey } from '../core/random.js';
import { SseParser } from './sse_parser.js';

/** @typedef {import('../core/clock.js').Clock} Clock */
/** @typedef {import('./sse_parser.js').StreamEvent} StreamEvent */

const FIRST_BYTE_MS = 5000;
const SILENCE_MS = 40_000;
const POLL_MS = 45_000;

/** @extends {Emitter<{open: 'sse'|'poll', event: StreamEvent, close: string}>} */
export class Stream extends Emitter {
  /**
   * @param {{base: string, key: string, clock: Clock, fetch?: typeof fetch, poll?: boolean}} options
   *   base: origin of the server; poll: begin with long-polling
   */
  constructor({ base, key, clock, fetch: get = (...a) => fetch(...a), poll = false }) {
    super();
    this.base = base;
    this.key = key;
    this.clock = clock;
    this.fetch = get;
    /** @type {'sse'|'poll'} */
    this.mode = poll ? 'poll' : 'sse';
    this.isOpen = false;
    this.over = false;
    /** @type {AbortController | null} */
    this.abort = null;
    this.timer = null;
    this.failed = false;
    queueMicrotask(() => this.#run());
  }

  url() {
    return `${this.base}/api/stream/${this.key}`;
  }

  close() {
    this.over = true;
    this.clock.cancel(this.timer);
    this.abort?.abort();
  }

  /** @param {string} reason */
  #end(reason) {
    if (this.over) return;
    this.close();
    this.emit('close', reason);
  }

  #opened() {
    if (this.isOpen || this.over) return;
    this.isOpen = true;
    this.emit('open', this.mode);
  }

  async #run() {
    let held = false;
    if (this.mode === 'sse') held = await this.#get(this.url(), FIRST_BYTE_MS);
    if (this.over) return;
    if (this.mode === 'sse' && !held) return this.#end('broken');
    this.mode = 'poll';
    // The proxy may keep what it holds back open on its other side: what is posted must not go there.
    if (held) this.key = randomKey(16);
    while (!this.over) {
      const done = this.#get(`${this.url()}?poll=1`, POLL_MS);
      if (!this.isOpen) this.#opened();
      if (await done || !this.failed) continue;
      return this.#end('broken');
    }
  }

  /**
   * One GET, read to its end.
   * @param {string} url
   * @param {number} firstByteMs
   * @returns {Promise<boolean>} whether it was given up because no byte had come
   */
  async #get(url, firstByteMs) {
    const abort = this.abort = new AbortController();
    let heldBack = false;
    this.failed = false;
    const watch = (/** @type {number} */ ms, /** @type {() => void} */ then) => {
      this.clock.cancel(this.timer);
      this.timer = this.clock.after(() => { then(); abort.abort(); }, ms);
    };
    watch(firstByteMs, () => { heldBack = this.mode === 'sse'; this.failed = !heldBack; });
    try {
      const answer = await this.fetch(url, { signal: abort.signal, cache: 'no-store' });
      if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
      await this.#read(answer.body, () => watch(SILENCE_MS, () => { this.failed = true; }));
    } catch {
      this.failed = !heldBack;
    }
    this.clock.cancel(this.timer);
    return heldBack;
  }

  /** @param {ReadableStream<Uint8Array>} body @param {() => void} alive */
  async #read(body, alive) {
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.over) return;
      alive();
      this.#opened();
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        if (!this.over) this.emit('event', event);
      }
    }
  }
}
