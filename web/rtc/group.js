// One RTCPeerConnection to the server, for a room in which media goes over it. This side always offers. It
// sends microphone, camera (in three sizes), screen and its sound on lines made once, and receives on a pool
// of lines (group_lines.js); which track comes on which is said without an offer. A connection that has
// ended is not mended: its owner makes another one under another name.
import { Emitter } from '../core/emitter.js';
import { assign, wishes } from './group_lines.js';
import { received, slim } from './group_sdp.js';
import { layersOf } from './layers.js';
import { opusFecDtx } from './sdp.js';
import { LOOK_MS, heed, unheard } from './silence.js';
import { HEARD, arrived, played } from './stats.js';

/** @typedef {import('./peer.js').Role} Role */
/** @typedef {import('./group_lines.js').Want} Want */
/** @typedef {import('./group_lines.js').Kind} Kind */
/** @typedef {'new'|'connecting'|'connected'|'disconnected'|'failed'|'closed'} GroupPhase */
/**
 * A line that receives. known: the server has it. begun: what had come when its track was given to it;
 * flows: more has come since.
 * @typedef {{kind: Kind, line: RTCRtpTransceiver, mid: string | null, known: boolean, track: string | null,
 *   freed: number, begun: number, flows: boolean}} Receiver
 */

const ROLES = /** @type {const} */ (['mic', 'camera', 'screen', 'sound']);
const KINDS = /** @type {const} */ (['audio', 'video']);
/** Lines that receive in the first offer, of each kind: enough for most rooms. */
const AT_FIRST = 4;
const VIDEO = new Set(['camera', 'screen']);
const SCREEN = { maxBitrate: 2500e3, maxFramerate: 15 };

const ANSWER_MS = 10_000;
const FAILED_MS = 8000;
const OPEN_MS = 15_000;
const PAUSE_MS = 3000;
const WATCH_MS = 60;

/**
 * @extends {Emitter<{phase: GroupPhase, track: {id: string, track: MediaStreamTrack}, flows: string,
 *   left: string, ended: string}>}
 *   track: it can be played; flows: it arrives; left: its line is another's now; ended: with why, no use
 * any more
 */
export class Group extends Emitter {
  /**
   * @param {object} o
   * @param {string} o.conn  its name
   * @param {(type: 'group_offer'|'group_wish', fields: Record<string, any>, body?: string) => Promise<any>}
   * o.send
   * @param {RTCIceServer[]} o.iceServers
   * @param {import('../core/clock.js').Clock} o.clock
   * @param {import('../core/log.js').Log} o.log
   * @param {boolean} [o.sends]  not who only watches
   * @param {() => boolean} [o.due]  whether something should come now
   * @param {{heard: () => number, ask: () => void}} [o.signaling]  when it heard something last (-Infinity:
   *   it is lost), and to see whether it is still there
   * @param {(config: RTCConfiguration) => RTCPeerConnection} [o.create]
   */
  constructor({ conn, send, iceServers, clock, log, create, sends = true, due = () => true, signaling }) {
    super();
    this.conn = conn;
    this.sends = sends;
    this.send = send;
    this.clock = clock;
    this.log = log;
    /** @type {GroupPhase} */
    this.phase = 'new';
    /** @type {Map<Role, RTCRtpTransceiver>} */
    this.lines = new Map();
    /** @type {Map<Role, MediaStreamTrack | null>} */
    this.tracks = new Map();
    /** @type {Receiver[]} */
    this.pool = [];
    /** @type {readonly Want[]} */
    this.wants = [];
    /** @type {Map<string, string>} mid -> what the server was told of it */
    this.told = new Map();
    this.saving = false;
    this.offered = false; // at least once
    this.offering = false;
    this.again = false; // another offer is needed
    this.wishing = false;
    /** @type {Promise<void>[]} what had come on lines that are given to another track */
    this.counts = [];
    this.anew = false; // ICE
    this.due = due;
    this.signaling = signaling ?? { heard: () => Infinity, ask: () => {} };
    this.silence = unheard(clock.now());
    /** @type {Record<string, any>} */
    this.timers = {};
    this.servers = JSON.stringify(iceServers);
    const config = /** @type {RTCConfiguration} */ ({ iceServers, bundlePolicy: 'max-bundle' });
    this.pc = create ? create(config) : new RTCPeerConnection(config);
    this.pc.onconnectionstatechange = () => this.#changed();
    this.pc.oniceconnectionstatechange = () => this.#changed();
    if (sends) for (const role of ROLES) this.#addSender(role);
    for (const kind of KINDS) for (let n = 0; n < AT_FIRST; n++) this.#addReceiver(kind);
  }

  // ---- what the owner calls

  /** @param {Role} role @param {MediaStreamTrack | null} track */
  setTrack(role, track) {
    this.tracks.set(role, track);
    const sender = this.lines.get(role)?.sender;
    sender?.replaceTrack(track).catch((e) => this.log.warn('group', `${role}: ${e}`));
    this.#activate(role);
  }

  /** Whether the largest picture of one's camera is not sent. @param {boolean} on */
  save(on) {
    if (on === this.saving) return;
    this.saving = on;
    this.#activate('camera');
  }

  /** What is wanted of the others, the most important first. @param {readonly Want[]} wants */
  want(wants) {
    if (this.phase === 'closed') return;
    this.wants = wants;
    const { lines, short } = assign(this.pool, wants, this.clock.now());
    lines.forEach(({ track, freed }, i) => {
      this.pool[i].freed = freed;
      this.#give(this.pool[i], track);
    });
    for (const kind of KINDS) {
      for (let n = 0; n < short[kind]; n++) this.#addReceiver(kind);
    }
    if (short.audio + short.video > 0) this.want(wants);
    else if (this.pool.some((r) => r.mid === null) || !this.offered) this.offer();
    else this.#wish();
  }

  /** What the server answered. @param {string} sdp */
  async answered(sdp) {
    if (this.pc.signalingState !== 'have-local-offer') return;
    try {
      await this.pc.setRemoteDescription({ type: 'answer', sdp: opusFecDtx(sdp) });
    } catch (e) {
      return this.end(`answer: ${e}`);
    }
    this.clock.cancel(this.timers.answer);
    this.offering = false;
    for (const r of this.pool) {
      if (r.mid === null || r.known) continue;
      r.known = true;
      this.#begin(r);
    }
    for (const role of ROLES) this.#activate(role);
    this.#wish();
    if (this.again) this.offer();
  }

  /** Whether a track arrives. @param {string} id */
  flows(id) {
    return this.pool.some((r) => r.track === id && r.flows);
  }

  /** @param {string} id @returns {RTCRtpReceiver | undefined} */
  receiverOf(id) {
    return this.pool.find((r) => r.track === id)?.line.receiver;
  }

  /** @param {RTCIceServer[]} iceServers */
  setIceServers(iceServers) {
    const servers = JSON.stringify(iceServers);
    if (servers === this.servers || this.phase === 'closed') return;
    this.servers = servers;
    this.pc.setConfiguration?.({ iceServers, bundlePolicy: 'max-bundle' });
  }

  /** ICE anew: the network is another one. Once in three seconds at most. */
  restart() {
    if (this.phase === 'closed' || !this.offered || this.timers.pause) return;
    this.timers.pause = this.clock.after(() => { delete this.timers.pause; }, PAUSE_MS);
    this.anew = true;
    this.offer();
  }

  /** No use any more. @param {string} why */
  end(why) {
    if (this.phase === 'closed') return;
    this.log.info('group', `${this.conn} ended: ${why}`);
    this.close();
    this.emit('ended', why);
  }

  close() {
    if (this.phase === 'closed') return;
    this.#setPhase('closed');
    for (const t of Object.values(this.timers)) this.clock.cancel(t);
    this.pc.close();
  }

  // ---- lines

  /** @param {Role} role */
  #addSender(role) {
    const kind = VIDEO.has(role) ? 'video' : 'audio';
    const encodings = role === 'camera' ? layersOf(null) : role === 'screen' ? [{ ...SCREEN }] : undefined;
    const direction = /** @type {const} */ ('sendonly');
    let line;
    try {
      line = this.pc.addTransceiver(kind, { direction, ...(encodings ? { sendEncodings: encodings } : {}) });
    } catch (e) {
      this.log.info('group', `one size only: ${e}`);
      line = this.pc.addTransceiver(kind, { direction });
    }
    this.lines.set(role, line);
  }

  /** @param {Kind} kind */
  #addReceiver(kind) {
    const line = this.pc.addTransceiver(kind, { direction: 'recvonly' });
    const codecs = kind === 'video' ? globalThis.RTCRtpReceiver?.getCapabilities?.('video')?.codecs : undefined;
    try {
      if (codecs) line.setCodecPreferences?.(received(codecs));
    } catch (e) {
      this.log.debug('group', `codecs: ${e}`);
    }
    this.pool.push({ kind, line, mid: null, known: false, track: null, freed: 0, begun: 0, flows: false });
  }

  /** @param {Receiver} r @param {string | null} track */
  #give(r, track) {
    if (r.track === track) return;
    if (r.track) this.emit('left', r.track);
    r.track = track;
    r.flows = false;
    if (!track || !r.known) return;
    r.begun = Infinity;
    this.counts.push(count(r).then((n) => {
      r.begun = n;
      this.#begin(r);
    }));
  }

  /** The server knows which track is wanted on the line. Sound is heard from its first packet on; a picture
   * is the right one only once there is a new one: the line may have been another's.
   * @param {Receiver} r */
  #begin({ track, kind, line }) {
    if (track && kind === 'audio') this.emit('track', { id: track, track: line.receiver.track });
    this.#watch();
  }

  /**
   * Without a track Firefox goes on sending the last picture, once a second, as long as an encoding is
   * active.
   * @param {Role} role
   */
  #activate(role) {
    const sender = this.lines.get(role)?.sender;
    const params = VIDEO.has(role) ? sender?.getParameters?.() : null;
    if (!sender || !params?.encodings?.length) return;
    const track = this.tracks.get(role);
    const layers = role === 'camera' ? layersOf(track?.getSettings?.(), this.saving) : [];
    params.encodings.forEach((e) => {
      const layer = layers.find((l) => l.rid === e.rid);
      Object.assign(e, layer, { active: !!track && (layer?.active ?? true) });
    });
    sender.setParameters(params).catch((e) => this.log.debug('group', `${role}: ${e}`));
  }

  // ---- negotiation

  /** An offer, or another one after the answer to the one under way. */
  async offer() {
    if (this.phase === 'closed') return;
    this.again = this.offering;
    if (this.offering) return;
    this.offering = true;
    if (!this.offered) this.timers.lost = this.clock.after(() => this.end('no way'), OPEN_MS);
    this.offered = true;
    this.timers.answer = this.clock.after(() => this.end('no answer'), ANSWER_MS);
    try {
      if (this.anew) this.pc.restartIce?.();
      this.anew = false;
      await this.pc.setLocalDescription();
      const sdp = this.pc.localDescription?.sdp ?? '';
      await this.send('group_offer', { conn: this.conn, lines: this.#lines() }, slim(sdp));
    } catch (e) {
      if (/** @type {string} */ (this.phase) !== 'closed') this.#refused(/** @type {any} */ (e));
    }
  }

  /** @param {{code?: string, retryMs?: number}} e */
  #refused(e) {
    if (e.code !== 'rate' && e.code !== 'busy') return this.end(e.code ?? `${e}`);
    this.clock.cancel(this.timers.answer);
    this.timers.answer = this.clock.after(() => {
      this.offering = false;
      this.offer();
    }, e.retryMs || 1000);
  }

  /** What is said of the lines beside an offer. */
  #lines() {
    const out = [];
    for (const [kind, { mid }] of this.lines) if (mid !== null) out.push({ mid, kind });
    for (const r of this.pool) {
      r.mid = r.line.mid;
      if (r.mid !== null) out.push({ mid: r.mid, track: r.track });
    }
    return out;
  }

  /** Says what is to come on the lines; one message at a time. */
  async #wish() {
    if (this.wishing || this.phase === 'closed') return;
    const known = this.pool.flatMap(({ known: is, mid, kind, track }) =>
      (is && mid !== null ? [{ mid, kind, track }] : []));
    const list = wishes(known, this.wants, this.told);
    if (!list.length) return;
    this.wishing = true;
    for (const w of list) this.told.set(w.mid, JSON.stringify(w));
    try {
      await Promise.all(this.counts.splice(0));
      await this.send('group_wish', { conn: this.conn, wishes: list });
      this.wishing = false;
      this.#wish();
    } catch (e) {
      for (const w of list) this.told.delete(w.mid);
      this.clock.after(() => {
        this.wishing = false;
        this.#wish();
      }, /** @type {any} */ (e).retryMs || 1000);
    }
  }

  // ---- what arrives

  /** Looks at lines whose track has not arrived yet. */
  #watch() {
    if (this.timers.watch || this.phase === 'closed') return;
    if (!this.pool.some((r) => r.track && r.known && !r.flows)) return;
    this.timers.watch = this.clock.after(async () => {
      await this.#look();
      delete this.timers.watch;
      this.#watch();
    }, WATCH_MS);
  }

  async #look() {
    await Promise.all(this.pool.map(async (r) => {
      const { track } = r;
      if (!track || !r.known || r.flows) return;
      const n = await count(r);
      if (r.track !== track || this.phase === 'closed' || n - r.begun < (r.kind === 'video' ? 1 : HEARD)) return;
      r.flows = true;
      if (r.kind === 'video') this.emit('track', { id: track, track: r.line.receiver.track });
      this.emit('flows', track);
    }));
  }

  /** From the first connection on: nothing that should come does, and the browser may not have noticed. */
  #attend() {
    if (this.timers.attend || this.phase === 'closed') return;
    this.timers.attend = this.clock.after(async () => {
      await this.#listen();
      delete this.timers.attend;
      this.#attend();
    }, LOOK_MS);
  }

  async #listen() {
    const report = await this.pc.getStats().catch(() => null);
    if (!report || this.phase === 'closed') return;
    const { silence, ask, restart } = heed(this.silence, {
      now: this.clock.now(), bytes: arrived(report.values()), due: this.due(),
      broken: this.phase === 'disconnected', held: !!this.timers.pause, heard: this.signaling.heard(),
    });
    this.silence = silence;
    if (ask) this.signaling.ask();
    if (!restart) return;
    this.log.info('group', `${this.conn} is silent`);
    this.restart();
  }

  #changed() {
    if (this.phase === 'closed') return;
    const { connectionState: state, iceConnectionState: ice } = this.pc;
    const both = state ?? (ice === 'completed' ? 'connected' : ice === 'checking' ? 'connecting' : ice);
    this.#setPhase(/** @type {GroupPhase} */ (ice === 'failed' || both === 'closed' ? 'failed' : both));
  }

  /** @param {GroupPhase} phase */
  #setPhase(phase) {
    if (phase === this.phase) return;
    this.log.info('group', `${this.conn} ${phase}`);
    this.phase = phase;
    if (phase !== 'connecting') this.clock.cancel(this.timers.lost);
    if (phase === 'connected') this.#attend();
    if (phase === 'failed') {
      this.restart();
      this.timers.lost = this.clock.after(() => this.end('no way'), FAILED_MS);
    }
    this.emit('phase', phase);
  }
}

/** How much has come on a line: pictures that stand for themselves, or samples of sound that were played.
 * @param {Receiver} r */
async function count({ line, kind }) {
  const report = await line.receiver.getStats();
  for (const s of report.values()) {
    if (s.type === 'inbound-rtp') return Number(kind === 'video' ? s.keyFramesDecoded ?? s.framesDecoded : played(s)) || 0;
  }
  return 0;
}
