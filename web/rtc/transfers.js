// Files on their way between this page and others: each over a data-only connection of its own, so that
// what happens to the call does not touch them. Offers and answers go by signaling.
import { Emitter } from '../core/emitter.js';
import { randomId } from '../core/random.js';
import { FileError, receiveFile, sendFile } from './file.js';
import { canStreamToDisk, diskSink, memorySink } from './file_sink.js';

/** @typedef {import('./peer.js').Peer} Peer */
/** @typedef {'accept'|'open'|'end'|'good'|'decline'|'cancel'|'fail'} Step */
/** @typedef {{id: string, own: boolean, session: string, file: Blob | null, name: string, size: number,
 *   mime: string,
 *   peer: Peer | null, over: boolean, timer: any}} Transfer */

const CONNECT_MS = 30_000;
const IDLE_MS = 60_000;
const CAP = 50;

/**
 * @extends {Emitter<{offer: {id: string, own: boolean, session: string, name: string, size: number, mime:
 *   string},
 *   step: {id: string, step: Step, error?: string, url?: string | null, sha256?: string},
 *   progress: {id: string, moved: number}}>}
 */
export class Transfers extends Emitter {
  /**
   * @param {object} o
   * @param {(type: 'file'|'desc'|'cand', fields: Record<string, any> & {to: string, conn: string},
   *   body?: string) => Promise<unknown>} o.send
   * @param {(first: boolean, name: string, session: string) => Peer} o.makePeer  with a data channel and
   *   nothing else
   * @param {import('../core/clock.js').Clock} o.clock
   */
  constructor({ send, makePeer, clock }) {
    super();
    this.send = send;
    this.makePeer = makePeer;
    this.clock = clock;
    /** @type {Map<string, Transfer>} */
    this.all = new Map();
  }

  /** @param {string} session @param {File} file @returns {string} id */
  offer(session, file) {
    const id = `f-${randomId(12)}`;
    const { name, size, type: mime } = file;
    this.#add({ id, own: true, session, file, name, size, mime });
    this.send('file', { to: session, conn: id, kind: 'offer', name: name.slice(0, 255), size, mime: mime.slice(0, 127) })
      .catch((e) => this.#end(id, 'fail', e.code ?? 'failed'));
    return id;
  }

  /** Must be called within a click: the browser may ask where to. @param {string} id */
  async accept(id) {
    const t = this.all.get(id);
    if (!t || t.own || t.peer || t.over) return;
    try {
      const sink = canStreamToDisk() ? await diskSink(t.name) : memorySink(t.size, t.mime);
      if (t.over) return void sink.abort();
      this.#connect(t, false, (channel) => this.#receive(t, channel, sink));
      this.emit('step', { id, step: 'accept' });
      await this.send('file', { to: t.session, conn: id, kind: 'accept' });
    } catch (e) {
      const code = /** @type {any} */ (e).code ?? 'failed';
      if (code === 'cancelled') return;     // the person closed the dialog: the offer stands
      this.cancel(id);
      this.#end(id, 'fail', code);
    }
  }

  /** @param {string} id */
  decline(id) {
    const t = this.all.get(id);
    if (!t || t.over) return;
    this.send('file', { to: t.session, conn: id, kind: 'decline' }).catch(() => {});
    this.#end(id, 'decline');
  }

  /** @param {string} id */
  cancel(id) {
    const t = this.all.get(id);
    if (!t || t.over) return;
    this.send('file', { to: t.session, conn: id, kind: 'cancel' }).catch(() => {});
    this.#end(id, 'cancel');
  }

  /** The page behind a session has another one now. @param {string} from @param {string} to */
  moved(from, to) {
    for (const t of this.all.values()) {
      if (t.session !== from) continue;
      t.session = to;
      t.peer?.resync();
    }
  }

  /** @param {(session: string) => RTCIceServer[]} serversFor */
  setIceServers(serversFor) {
    for (const t of this.all.values()) if (!t.over) t.peer?.setIceServers(serversFor(t.session));
  }

  /** @param {string} session  has left */
  gone(session) {
    for (const t of this.all.values()) {
      if (t.session === session && !t.peer) this.#end(t.id, 'fail', 'peer_gone');
    }
  }

  close() {
    for (const id of this.all.keys()) this.cancel(id);
  }

  /**
   * @param {'file'|'desc'|'cand'} type
   * @param {any} head
   * @param {string} body
   * @returns {boolean} whether it belonged to a file
   */
  receive(type, head, body) {
    const t = this.all.get(head.conn);
    if (type !== 'file') {
      if (t && t.session === head.from) t.peer?.receive(type, head.kind, body);
      return !!t || head.conn.startsWith('f-');
    }
    if (head.kind === 'offer') this.#offered(head);
    else if (!t || t.session !== head.from || t.over) return true;
    else if (head.kind === 'accept' && t.own && !t.peer) this.#accepted(t);
    else if (head.kind === 'decline') this.#end(t.id, 'decline');
    else if (head.kind === 'cancel') this.#end(t.id, 'cancel');
    return true;
  }

  /** @param {any} head */
  #offered({ conn: id, from: session, name, size, mime = '' }) {
    const busy = [...this.all.values()].filter((t) => !t.over && t.session === session).length >= CAP;
    if (this.all.has(id) || busy || typeof name !== 'string' || !Number.isSafeInteger(size) || size < 0) return;
    this.#add({ id, own: false, session, file: null, name: safeName(name), size, mime: String(mime) });
  }

  /** @param {Omit<Transfer, 'peer'|'over'|'timer'>} what */
  #add(what) {
    const t = { ...what, peer: null, over: false, timer: null };
    this.all.set(t.id, t);
    const { id, own, session, name, size, mime } = t;
    this.emit('offer', { id, own, session, name, size, mime });
  }

  /** @param {Transfer} t */
  #accepted(t) {
    this.emit('step', { id: t.id, step: 'accept' });
    this.#connect(t, true, (channel) => this.#sendAll(t, channel));
  }

  /** @param {Transfer} t @param {boolean} first @param {(channel: RTCDataChannel) => void} then */
  #connect(t, first, then) {
    const peer = t.peer = this.makePeer(first, t.id, t.session);
    const to = () => ({ to: t.session, conn: t.id });
    peer.on('desc', ({ kind, sdp }) => this.send('desc', { ...to(), kind }, sdp).catch(() => {}));
    peer.on('cand', (frag) => this.send('cand', to(), frag).catch(() => {}));
    peer.on('channel', (channel) => {
      this.#watch(t, IDLE_MS);
      this.emit('step', { id: t.id, step: 'open' });
      then(channel);
    });
    this.#watch(t, CONNECT_MS);
  }

  /** Nothing moves for that long: given up. @param {Transfer} t @param {number} ms */
  #watch(t, ms) {
    this.clock.cancel(t.timer);
    if (!t.over) t.timer = this.clock.after(() => this.#end(t.id, 'fail', 'connection'), ms);
  }

  /** @param {Transfer} t @param {RTCDataChannel} channel */
  #sendAll(t, channel) {
    const maxMessage = t.peer?.pc.sctp?.maxMessageSize ?? undefined;
    const onProgress = (/** @type {number} */ moved) => this.#progress(t, moved);
    sendFile(channel, /** @type {Blob} */ (t.file), { onProgress, maxMessage })
      .then((sha256) => this.#end(t.id, 'good', undefined, { sha256 }), (e) => this.#failed(t, e));
  }

  /** @param {Transfer} t @param {RTCDataChannel} channel @param {import('./file.js').Sink} sink */
  #receive(t, channel, sink) {
    const onProgress = (/** @type {number} */ moved) => this.#progress(t, moved);
    const onChecking = () => this.emit('step', { id: t.id, step: 'end' });
    receiveFile(channel, { size: t.size, sink, onProgress, onChecking })
      .then((done) => this.#end(t.id, 'good', undefined, done), (e) => this.#failed(t, e));
  }

  /** @param {Transfer} t @param {number} moved */
  #progress(t, moved) {
    if (t.over) return;
    this.#watch(t, IDLE_MS);
    this.emit('progress', { id: t.id, moved });
  }

  /** @param {Transfer} t @param {unknown} e */
  #failed(t, e) {
    if (!t.over) this.#end(t.id, 'fail', e instanceof FileError ? e.code : 'failed');
  }

  /** @param {string} id @param {Step} step @param {string} [error] @param {{url?: string | null, sha256?:
   *   string}} [more] */
  #end(id, step, error, more = {}) {
    const t = this.all.get(id);
    if (!t || t.over) return;
    t.over = true;
    t.file = null;
    this.clock.cancel(t.timer);
    const { peer } = t;
    // The last word ("ok") still has to get through.
    if (peer) this.clock.after(() => peer.close(), step === 'good' ? 2000 : 200);
    this.emit('step', { id, step, error, ...more });
  }
}

/** No folders, no control characters, no direction tricks. @param {string} name */
const safeName = (name) =>
  name.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069/\\]/gu, '_').slice(0, 255) || 'file';
