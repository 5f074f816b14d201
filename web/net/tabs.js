// Streams shared among the tabs of a browser: browsers allow six connections to an origin, so one tab (the
// leader: it holds a Web Lock) reads the stream and hands the others their events through a
// BroadcastChannel. Where the browser has neither, or the leader doesn't answer, a tab has its own stream.

/** @typedef {import('../core/clock.js').Clock} Clock */
/** @typedef {import('./stream.js').Stream} Stream */
/** @typedef {import('./stream_pipe.js').SourceHandlers} SourceHandlers */
/** @typedef {import('./stream_pipe.js').StreamSource} StreamSource */

const LOCK = 'madang-stream';
const ANSWER_MS = 500;
const ALIVE_MS = 20_000;
const DEAD_MS = 70_000;

/** A stream of one's own, for the tabs given to it. @implements {StreamSource} */
export class OwnSource {
  /** @param {() => Stream} makeStream */
  constructor(makeStream) {
    this.makeStream = makeStream;
    /** @type {Map<string, SourceHandlers>} */
    this.tabs = new Map();
    /** @type {Stream | null} */
    this.stream = null;
  }

  /** @param {string} tab @param {SourceHandlers} on */
  open(tab, on) {
    this.tabs.set(tab, on);
    if (!this.stream) this.#start();
    else if (this.stream.isOpen) {
      const { key, mode } = this.stream;
      queueMicrotask(() => this.tabs.get(tab)?.onOpen(key, mode));
    }
    return { close: () => this.#leave(tab) };
  }

  #start() {
    const stream = this.stream = this.makeStream();
    stream.on('open', (mode) => { for (const on of [...this.tabs.values()]) on.onOpen(stream.key, mode); });
    stream.on('event', (e) => this.tabs.get(e.tab)?.onEvent(e.data, e.id));
    stream.on('close', (reason) => {
      if (this.stream === stream) this.stream = null;
      const all = [...this.tabs.values()];
      this.tabs.clear();
      for (const on of all) on.onClose(reason);
    });
  }

  /** @param {string} tab */
  #leave(tab) {
    this.tabs.delete(tab);
    if (this.tabs.size) return;
    this.stream?.close();
    this.stream = null;
  }
}

/**
 * @typedef {object} Channel  as BroadcastChannel
 * @property {(message: any) => void} postMessage
 * @property {((event: {data: any}) => void) | null} onmessage
 */

/** @typedef {{on: SourceHandlers, timer: any, open: boolean, private: {close: () => void} | null}}
 *   Following */

/** @implements {StreamSource} */
export class SharedSource {
  /**
   * @param {object} o
   * @param {() => Stream} o.makeStream
   * @param {Channel} o.channel
   * @param {Pick<LockManager, 'request'>} o.locks
   * @param {Clock} o.clock
   */
  constructor({ makeStream, channel, locks, clock }) {
    this.own = new OwnSource(makeStream);
    this.channel = channel;
    this.locks = locks;
    this.clock = clock;
    this.leader = false;
    this.asked = false;
    /** @type {Map<string, Following>} */
    this.following = new Map();
    /** @type {Map<string, {close: () => void, seen: number}>} tabs elsewhere that this one reads for */
    this.served = new Map();
    channel.onmessage = ({ data }) => this.#heard(data);
  }

  /** @param {string} tab @param {SourceHandlers} on */
  open(tab, on) {
    this.#wantLock();
    if (this.leader) return this.own.open(tab, on);
    const link = { on, timer: /** @type {any} */ (null), open: false, private: null };
    this.following.set(tab, link);
    this.#ask(tab, link);
    return { close: () => this.#unfollow(tab) };
  }

  #wantLock() {
    if (this.asked) return;
    this.asked = true;
    // Held until the page goes away.
    this.locks.request(LOCK, () => {
      this.#lead();
      return new Promise(() => {});
    }).catch(() => { this.asked = false; });
  }

  /** The tab that led is gone, and its stream with it. Those who read by it hear that from here: by
   *  themselves they would only find out when they miss the answer to a ping. */
  #lead() {
    this.leader = true;
    this.channel.postMessage({ t: 'lead' });
    for (const [tab, link] of [...this.following]) {
      if (link.private) continue;
      this.following.delete(tab);
      this.clock.cancel(link.timer);
      if (link.open) link.on.onClose('leader gone');
      else this.#goOwn(tab, link);
    }
    this.#sweep();
  }

  /** @param {string} tab */
  #noAnswer(tab) {
    const link = this.following.get(tab);
    if (link && !link.open) this.#goOwn(tab, link);
  }

  /** @param {string} tab @param {{on: SourceHandlers, private: {close: () => void} | null}} link */
  #goOwn(tab, link) {
    this.following.set(tab, /** @type {any} */ (link));
    link.private = this.own.open(tab, link.on);
  }

  /** @param {string} tab */
  #unfollow(tab) {
    const link = this.following.get(tab);
    if (!link) return;
    this.following.delete(tab);
    this.clock.cancel(link.timer);
    if (link.private) link.private.close();
    else this.channel.postMessage({ t: 'leave', tab });
  }

  /** @param {any} m */
  #heard(m) {
    if (typeof m !== 'object' || m === null) return;
    if (this.leader) this.#heardAsLeader(m);
    else if (m.t === 'lead') this.#follow();
    const link = this.following.get(m.tab);
    if (!link || link.private) return;
    if (m.t === 'open' && !link.open) {
      link.open = true;
      this.clock.cancel(link.timer);
      this.#keepAlive(m.tab);
      link.on.onOpen(m.key, m.mode);
    } else if (m.t === 'coming') {
      this.clock.cancel(link.timer);
    } else if (m.t === 'event') {
      link.on.onEvent(m.data, m.id);
    } else if (m.t === 'close') {
      this.following.delete(m.tab);
      this.clock.cancel(link.timer);
      link.on.onClose(m.reason);
    }
  }

  /** There is another leader: who read by the one before begins anew, who still waited for it asks again. */
  #follow() {
    for (const [tab, link] of [...this.following]) {
      if (link.private) continue;
      this.clock.cancel(link.timer);
      if (link.open) {
        this.following.delete(tab);
        link.on.onClose('leader gone');
      } else this.#ask(tab, link);
    }
  }

  /** @param {string} tab @param {Following} link */
  #ask(tab, link) {
    this.channel.postMessage({ t: 'want', tab });
    link.timer = this.clock.after(() => this.#noAnswer(tab), ANSWER_MS);
  }

  /** @param {string} tab */
  #keepAlive(tab) {
    const link = this.following.get(tab);
    if (!link) return;
    link.timer = this.clock.after(() => {
      this.channel.postMessage({ t: 'alive', tab });
      this.#keepAlive(tab);
    }, ALIVE_MS);
  }

  /** @param {any} m */
  #heardAsLeader({ t, tab }) {
    const seen = this.clock.now();
    if (t === 'want' && !this.served.has(tab)) {
      const post = (/** @type {any} */ m) => this.channel.postMessage({ tab, ...m });
      post({ t: 'coming' });
      const channel = this.own.open(tab, {
        onOpen: (key, mode) => post({ t: 'open', key, mode }),
        onEvent: (data, id) => post({ t: 'event', data, id }),
        onClose: (reason) => {
          this.served.delete(tab);
          post({ t: 'close', reason });
        },
      });
      this.served.set(tab, { close: channel.close, seen });
    } else if (t === 'alive') {
      const s = this.served.get(tab);
      if (s) s.seen = seen;
      else this.channel.postMessage({ t: 'close', tab, reason: 'forgotten' }); // it slept for too long
    } else if (t === 'leave') {
      this.served.get(tab)?.close();
      this.served.delete(tab);
    }
  }

  /** Forgets tabs that went away without a word. */
  #sweep() {
    this.clock.after(() => {
      for (const [tab, s] of this.served) {
        if (this.clock.now() - s.seen < DEAD_MS) continue;
        s.close();
        this.served.delete(tab);
      }
      this.#sweep();
    }, DEAD_MS);
  }
}
