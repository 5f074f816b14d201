// The session with the server (docs/protocol.md sections 1 to 3): request ids and acks, counting, resuming
// with nothing lost and nothing twice, liveness, and changing over between pipes. It knows no rooms.
import { Emitter } from '../core/emitter.js';
import { backoff } from './backoff.js';
import { SignalError, VERSION, decode, encode, isSequenced } from './protocol.js';

/** @typedef {import('../core/clock.js').Clock} Clock */
/** @typedef {import('../core/log.js').Log} Log */
/** @typedef {import('./pipe.js').Pipe} Pipe */
/** @typedef {import('./pipe.js').PipeFamily} PipeFamily */
/** @typedef {import('./protocol.js').HelloAck} HelloAck */
/** @typedef {import('./protocol.js').HelloFields} HelloFields */
/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').Requests} Requests */

/**
 * @typedef {{phase: 'idle'|'connecting'|'online'|'waiting'|'ended'|'version', pipe: 'ws'|'sse'|'poll'|null,
 *   retryInMs: number | null, attempt: number, error: string | null}} NetPhase
 */
/**
 * One pipe as the session sees it. `next` is the number of the next sequenced message on it, `hello` went
 * along with its opening, perhaps.
 * @typedef {{family: PipeFamily, pipe: Pipe, opened: boolean, greeted: 'hello'|'resume'|null, next: number,
 *   hello: string | null}} Link
 */
/** @typedef {{type: string, fields: Record<string, any>, body: string | undefined, id: number,
 *             resolve: (ack: any) => void, reject: (error: SignalError) => void}} Entry */

const CHANGE_OVER_MS = 1200;
const STREAM_STEP_MS = 7000;
const AGAIN_MS = 2500;
const GIVE_UP_MS = 16_000;
const PONG_MS = 5000;
const POKE_MS = 2500;
const CHANGED_MS = 1000; // most pipes do not survive it, and a new one costs little
const ACK_EVERY = 64;
const PENDING_CAP = 1000;
const STARTS_ANEW = new Set([4000]);

/**
 * @extends {Emitter<{phase: NetPhase, message: Message, session: {ack: HelloAck, again: boolean}, lost:
 *   string}>}
 *  session: a new session began (again: an earlier one of this page could not be resumed);
 *  message: an event of the server, in order, once; lost: the pipe broke (before the next attempt)
 */
export class Signaling extends Emitter {
  /**
   * @param {object} o
   * @param {import('./pipe.js').OpenPipe} o.openPipe
   * @param {Clock} o.clock
   * @param {import('./choice.js').PipeChoice} o.choice
   * @param {() => HelloFields} o.makeHello  asked each time a new session is begun
   * @param {Log} o.log
   * @param {() => number} [o.random]
   * @param {() => boolean} [o.unseen]  nobody looks at the page: attempts may be rarer
   */
  constructor({ openPipe, clock, choice, makeHello, log, random = Math.random, unseen = () => false }) {
    super();
    this.openPipe = openPipe;
    this.clock = clock;
    this.choice = choice;
    this.makeHello = makeHello;
    this.log = log;
    this.random = random;
    this.unseen = unseen;
    /** @type {NetPhase} */
    this.state = { phase: 'idle', pipe: null, retryInMs: null, attempt: 0, error: null };
    /** @type {string | null} */
    this.token = null;
    /** @type {string | null} of a session that could not be resumed: the next one takes its place */
    this.lostToken = null;
    this.session = '';
    this.pingMs = 20_000;
    this.seq = 0;
    this.lastId = 0;
    /** @type {Map<number, Entry>} */
    this.pending = new Map();
    /** @type {Entry[]} */
    this.queued = [];
    /** @type {Set<Link>} */
    this.links = new Set();
    /** @type {Link | null} the pipe that carries the session */
    this.link = null;
    /** @type {Link | null} a WebSocket tried beside a working stream */
    this.probe = null;
    /** @type {PipeFamily | null} */
    this.second = null;
    this.attempts = 0;
    /** @type {number | null} */
    this.closingMs = null;
    this.pinged = false;
    this.heardAt = -Infinity; // the pipe that carries the session
    this.sinceAck = 0;
    /** @type {Record<string, any>} */
    this.timers = {};
  }

  // ---- what the page calls

  start() {
    if (this.state.phase === 'idle' || this.state.phase === 'ended') this.#attempt();
  }

  /**
   * @template {keyof Requests} T
   * @param {T} type
   * @param {Requests[T][0]} fields
   * @param {string} [body]
   * @returns {Promise<Requests[T][1]>} rejects with a SignalError: the server's code, `session_lost` when the
   *   session ended before the answer, `closed`
   */
  request(type, fields, body) {
    return new Promise((resolve, reject) => {
      if (this.#isOver()) return reject(new SignalError('closed'));
      if (this.pending.size + this.queued.length >= PENDING_CAP) return reject(new SignalError('overflow'));
      /** @type {Entry} */
      const entry = { type, fields, body, id: 0, resolve, reject };
      if (this.token) this.#number(entry);
      else this.queued.push(entry);
    });
  }

  /** @param {string} type @param {Record<string, any>} [fields]  no answer; dropped while offline */
  notify(type, fields = {}) {
    this.link?.pipe.send(encode({ type, ...fields }));
  }

  /** Now, not when the countdown ends. */
  retryNow() {
    if (this.state.phase !== 'waiting') return;
    this.attempts = Math.min(this.attempts, 2);
    this.#attempt();
  }

  /** The page woke up, or the network changed: is the pipe still there?
   * @param {boolean} [networkChanged] */
  poke(networkChanged = false) {
    if (networkChanged) this.choice.networkChanged();
    if (this.state.phase === 'waiting') return this.retryNow();
    if (!this.link) return;
    this.#ping(networkChanged ? CHANGED_MS : POKE_MS);
    if (networkChanged) this.#planProbe();
  }

  /** The session ends; others see that one has left. */
  bye() {
    this.notify('bye');
    this.end('closed');
  }

  /** Who one is has changed (signed in or out): a new session, which takes this one's place. */
  renew() {
    if (this.state.phase === 'idle' || this.state.phase === 'version') return;
    this.#drop();
    this.#forget('session_lost');
    this.attempts = 0;
    this.#attempt();
  }

  /** No more: nothing is sent.
   * @param {string} error */
  end(error) {
    this.#drop();
    this.#forget('closed');
    this.#phase('ended', { error });
  }

  // ---- attempts

  #isOver() {
    return this.state.phase === 'ended' || this.state.phase === 'version';
  }

  /** @param {NetPhase['phase']} phase @param {Partial<NetPhase>} [more] */
  #phase(phase, more = {}) {
    const pipe = phase === 'online' && this.link ? /** @type {any} */ (this.link.pipe.kind()) : null;
    this.state = { phase, pipe, retryInMs: null, attempt: this.attempts, error: null, ...more };
    this.log.info('net', `${phase}${pipe ? ` by ${pipe}` : ''}${more.error ? ` (${more.error})` : ''}`);
    this.emit('phase', this.state);
  }

  /** @param {string} name @param {number} ms @param {() => void} fn */
  #timer(name, ms, fn) {
    this.clock.cancel(this.timers[name]);
    this.timers[name] = this.clock.after(() => {
      delete this.timers[name];
      fn();
    }, ms);
  }

  #cancel(/** @type {string[]} */ ...names) {
    for (const name of names) {
      this.clock.cancel(this.timers[name]);
      delete this.timers[name];
    }
  }

  #attempt() {
    this.#drop();
    this.closingMs = null;
    const [first, second] = this.choice.order(this.clock.now());
    this.second = second;
    this.#phase('connecting', { error: this.state.error });
    this.#open(first);
    this.#timer('step', first === 'ws' ? CHANGE_OVER_MS : STREAM_STEP_MS, () => this.#openSecond());
    this.#timer('giveUp', GIVE_UP_MS, () => this.#failed('timeout'));
  }

  #openSecond() {
    if (!this.second) return;
    const family = this.second;
    this.second = null;
    this.#open(family);
  }

  /** @param {PipeFamily} family @returns {Link} */
  #open(family) {
    /** @type {Link} */
    const link = { family, pipe: /** @type {any} */ (null), opened: false, greeted: null, next: 0,
      hello: null };
    // The first of all takes its hello along: there is nothing yet that it could begin a second time.
    if (!this.session && !this.attempts && !this.links.size) link.hello = this.#hello();
    this.links.add(link);
    link.pipe = this.openPipe(family, {
      onOpen: (saidHello) => this.#opened(link, saidHello),
      onMessage: (text, number) => this.#received(link, text, number),
      onClose: (code, reason) => this.#closed(link, code, reason),
    }, link.hello);
    return link;
  }

  #hello() { return encode({ type: 'hello', id: 1, v: VERSION, ...this.makeHello() }); }

  /** @param {Link} link @param {boolean} [saidHello]  along with opening */
  #opened(link, saidHello = false) {
    if (!this.links.has(link)) return;
    link.opened = true;
    // Two hellos would be two sessions: the pipe that opened last is the one that gets through.
    if (link !== this.probe) this.#discard((l) => l !== link && l.opened);
    link.greeted = this.token ? 'resume' : 'hello';
    const { hello } = link;
    link.hello = null;
    if (saidHello) return;
    link.pipe.send(this.token ? encode({ type: 'resume', v: VERSION, token: this.token, seq: this.seq })
      : hello ?? this.#hello());
  }

  /** @param {(link: Link) => boolean} which */
  #discard(which) {
    for (const link of [...this.links]) {
      if (!which(link)) continue;
      this.links.delete(link);
      // Should a session have begun there unheard, it is to end now and not after half a minute.
      if (link.greeted === 'hello') link.pipe.send(encode({ type: 'bye' }));
      link.pipe.close();
    }
  }

  /** Lets all pipes go. */
  #drop() {
    this.#cancel('step', 'again', 'giveUp', 'retry', 'ping', 'pong', 'probe', 'probeEnd');
    this.link = null;
    this.probe = null;
    this.#discard(() => true);
  }

  /** @param {Link} link */
  #bind(link) {
    this.#cancel('step', 'again', 'giveUp', 'probeEnd');
    link.greeted = null;
    this.link = link;
    this.probe = null;
    this.#discard((l) => l !== link);
    this.attempts = 0;
    this.choice.bound(link.family, this.clock.now());
    this.#heard();
    this.#planProbe();
  }

  /** @param {string} error @param {number} [atLeastMs] */
  #failed(error, atLeastMs = 0) {
    this.#drop();
    this.attempts++;
    const ms = Math.max(atLeastMs, backoff(this.attempts, this.random, this.unseen()));
    this.#phase('waiting', { retryInMs: ms, error });
    this.#timer('retry', ms, () => this.#attempt());
  }

  /** @param {Link} link @param {number} code @param {string} reason */
  #closed(link, code, reason) {
    if (!this.links.delete(link)) return;
    link.pipe.close();
    this.log.debug('net', `${link.family} closed ${code} ${reason}`);
    if (code === 4009) return this.end('replaced_pipe');
    if (STARTS_ANEW.has(code)) this.#forget('session_lost');
    if (link === this.link) return this.#lost(reason || `close ${code}`);
    if (link === this.probe) return this.#probeFailed();
    this.#openSecond();
    // A request on a connection of a network that has gone hangs for long; a WebSocket is a new one.
    if (link.family === 'ws' && this.links.size) this.#timer('again', AGAIN_MS, () => this.#open('ws'));
    if (!this.links.size) this.#failed('lost');
  }

  /** The pipe that carried the session is gone. @param {string} reason */
  #lost(reason) {
    const { link, closingMs } = this;
    if (!link) return;
    this.choice.lost(link.family, this.clock.now(), closingMs !== null);
    this.#drop();
    this.log.warn('net', `pipe lost: ${reason}`);
    this.emit('lost', reason);
    if (this.#isOver()) return;
    const error = closingMs === null ? 'lost' : 'closing';
    const ms = closingMs === null ? this.random() * 150 : closingMs * (1 + this.random() / 2);
    if (closingMs === null) this.#phase('connecting', { error });
    else this.#phase('waiting', { error, retryInMs: ms });
    this.#timer('retry', ms, () => this.#attempt());
  }

  // ---- WebSocket beside a working stream

  #planProbe() {
    this.#cancel('probe');
    if (this.link?.family !== 'stream') return;
    this.#timer('probe', this.choice.probeIn(this.clock.now()), () => {
      if (this.link?.family !== 'stream' || this.probe) return;
      this.probe = this.#open('ws');
      this.#timer('probeEnd', 2 * CHANGE_OVER_MS, () => {
        const { probe } = this;
        if (!probe) return;
        this.#discard((l) => l === probe);
        this.#probeFailed(probe);
      });
    });
  }

  /** @param {Link | null} [link] */
  #probeFailed(link = this.probe) {
    this.#cancel('probeEnd');
    this.probe = null;
    this.choice.probeFailed();
    this.#planProbe();
    // The server may have taken the session over to the pipe that failed: then the stream is dead.
    if (link?.greeted) this.#ping(POKE_MS);
  }

  // ---- what comes in

  /** @param {Link} link @param {string} text @param {number | null} number */
  #received(link, text, number) {
    if (!this.links.has(link)) return;
    const message = decode(text);
    if (!message) {
      this.log.error('net', 'not a message');
      return this.#closed(link, 0, 'bad message');
    }
    const { head } = message;
    if (link === this.link) this.#heard();
    if (link !== this.link) return this.#greetingAnswered(link, head);
    if (head.type === 'closing') {
      this.closingMs = Math.max(0, Number(head.retry_ms) || 0);
      this.#lost('closing');
    } else if (!isSequenced(head)) {
      if (head.type === 'error') this.#pipeError(link, head);
    } else {
      this.#sequenced(link, message, number);
    }
  }

  /**
   * The answer to hello or resume.
   * @param {Link} link
   * @param {Record<string, any>} head
   */
  #greetingAnswered(link, head) {
    if (head.type === 'resumed' && link.greeted === 'resume') {
      link.next = head.seq + 1;
      this.#bind(link);
      for (const e of this.pending.values()) if (e.id > head.last_id) this.#send(e);
      this.#phase('online');
    } else if (head.type === 'ack' && head.id === 1 && link.greeted === 'hello') {
      this.#begun(link, /** @type {HelloAck} */ (head));
    } else if (head.type === 'error') {
      this.#refused(link, head);
    } else if (head.type === 'closing' && link !== this.probe) {
      this.#failed('closing', Math.max(0, Number(head.retry_ms) || 0));
    }
  }

  /** @param {Link} link @param {HelloAck} ack */
  #begun(link, ack) {
    const again = this.session !== '';
    this.token = ack.token;
    this.lostToken = null;
    this.session = ack.session;
    this.log.session = ack.session;
    this.pingMs = (ack.ping_s || 20) * 1000;
    this.seq = 1;
    this.sinceAck = 0;
    this.lastId = 1;
    link.next = 2;
    this.#bind(link);
    const queued = this.queued.splice(0);
    this.emit('session', { ack, again });
    for (const entry of queued) this.#number(entry);
    this.#phase('online');
  }

  /** Hello or resume was refused. @param {Link} link @param {Record<string, any>} head */
  #refused(link, head) {
    this.log.warn('net', `${link.greeted ?? 'pipe'} refused: ${head.code} ${head.field ?? ''}`);
    if (head.code === 'version') {
      this.#drop();
      this.#forget('closed');
      return this.#phase('version', { error: 'version' });
    }
    if (head.code === 'session_unknown' || (link.greeted === 'resume' && head.code === 'no_session')) {
      this.#forget('session_lost');
      if (link === this.probe) this.#beginBy(link);
      return this.#opened(link);
    }
    if (link === this.probe) {
      this.#discard((l) => l === link);
      return this.#probeFailed(link);
    }
    return this.#failed(head.code ?? 'refused', Number(head.retry_ms) || 0);
  }

  /** The stream's session is gone, and the probe learned it first. @param {Link} link */
  #beginBy(link) {
    this.#cancel('probeEnd', 'ping', 'pong');
    this.link = null;
    this.probe = null;
    this.#phase('connecting');
    this.#timer('giveUp', GIVE_UP_MS, () => this.#failed('timeout'));
    this.emit('lost', `session unknown to ${link.family}`);
  }

  /** An error that concerns the pipe that carries the session. @param {Link} link @param {any} head */
  #pipeError(link, head) {
    this.log.error('net', `error of the pipe: ${head.code} ${head.message ?? ''}`);
    if (['no_session', 'session_unknown', 'bad_id', 'bad_json'].includes(head.code)) this.#closed(link, 0, head.code);
  }

  /** @param {Link} link @param {Message} message @param {number | null} number */
  #sequenced(link, message, number) {
    const n = number ?? link.next;
    link.next = n + 1;
    if (n <= this.seq) return;
    if (n > this.seq + 1) return this.#closed(link, 0, `gap: ${n} after ${this.seq}`);
    this.seq = n;
    if (++this.sinceAck >= ACK_EVERY) this.#ping();
    const { head } = message;
    if (head.type === 'ack' || head.type === 'error') this.#answered(head);
    else if (head.type === 'ended') this.#ended(head.reason);
    else this.emit('message', message);
  }

  /** @param {Record<string, any>} head */
  #answered(head) {
    const entry = this.pending.get(head.id);
    if (!entry) return;
    this.pending.delete(head.id);
    if (head.type === 'ack') return entry.resolve(head);
    this.log.warn('net', `${entry.type} refused: ${head.code} ${head.field ?? ''}`);
    entry.reject(new SignalError(head.code, head.message, head.retry_ms, head));
  }

  /** @param {string} reason */
  #ended(reason) {
    if (reason !== 'overflow') return this.end(reason);
    this.#forget('session_lost');
    if (this.link) this.#closed(this.link, 0, reason);
  }

  /** The session can't be gone on with. @param {string} code */
  #forget(code) {
    this.lostToken = this.token ?? this.lostToken;
    this.token = null;
    const lost = [...this.pending.values(), ...(code === 'closed' ? this.queued.splice(0) : [])];
    this.pending.clear();
    for (const entry of lost) entry.reject(new SignalError(code));
  }

  // ---- what goes out

  /** @param {Entry} entry */
  #number(entry) {
    entry.id = ++this.lastId;
    this.pending.set(entry.id, entry);
    if (this.link) this.#send(entry);
  }

  /** @param {Entry} entry */
  #send(entry) {
    this.link?.pipe.send(encode({ type: entry.type, id: entry.id, ...entry.fields }, entry.body));
  }

  // ---- liveness

  #heard() {
    this.#cancel('pong');
    this.pinged = false;
    this.heardAt = this.clock.now();
    // Over POST, what is heard says nothing of us: the stream may be another tab's.
    if (this.timers.ping && this.link?.pipe.kind() !== 'ws') return;
    this.#timer('ping', this.pingMs, () => this.#ping());
  }

  /** @param {number} [ms]  how long to wait for anything to come */
  #ping(ms = PONG_MS) {
    if (!this.link) return;
    this.sinceAck = 0;
    this.notify('ping', { seq: this.seq });
    this.pinged = true;
    this.#timer('pong', ms, () => this.link && this.#closed(this.link, 0, 'no pong'));
  }
}
