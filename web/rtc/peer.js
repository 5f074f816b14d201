// One RTCPeerConnection to one other person: perfect negotiation, trickled candidates, ICE restarts with
// backoff. It knows nothing of rooms or servers: what it has to tell the other side it emits, what the other
// side told is handed in by receive().
//
// Which track is which is known by place: the side that offers first adds one m-line per role, in the order
// of `roles`, and all later changes are replaceTrack without a negotiation.
import { Emitter } from '../core/emitter.js';
import { fromFrag, toFrag } from './frag.js';
import { hidden, hiddenSdp } from './ice.js';
import { answers, markAnswer, opusFecDtx, roleOf, withRole, withoutStrays } from './sdp.js';
import { overRelay } from './stats.js';

/** @typedef {'mic'|'camera'|'screen'|'sound'} Role  sound: what is heard of a shared screen */
/** @typedef {'new'|'connecting'|'connected'|'disconnected'|'failed'|'closed'} PeerPhase */
/** @typedef {import('./bitrate.js').Plan} Plan */

/** @type {readonly Role[]} */
export const MEDIA_ROLES = ['mic', 'camera', 'screen', 'sound'];
const AUDIO = new Set(['mic', 'sound']);

const TRICKLE_MS = 20;
const DISCONNECTED_MS = 4000;
const FOLLOW_MS = 3000;
const PAUSE_MS = 3000;
const RESTART_MS = [0, 2000, 4000, 8000, 15_000];
const STUCK_AFTER = 5;
const OPEN_MS = 1000;
/** The first picture goes before the search for a better way. */
const WIDEN_MS = 500;

/**
 * @extends {Emitter<{desc: {kind: 'offer'|'answer', sdp: string}, cand: string, phase: PeerPhase,
 *   track: {role: Role, track: MediaStreamTrack}, channel: RTCDataChannel, stuck: null}>}
 *   stuck: several restarts did not help, or there never was a connection: another one is to be made
 */
export class Peer extends Emitter {
  /**
   * @param {object} o
   * @param {boolean} o.first   this side makes the first offer (and wins when offers collide)
   * @param {readonly Role[]} [o.roles]
   * @param {string} [o.channel]  name of a data channel
   * @param {import('./ice.js').Ice} [o.ice]  relayOnly: the other side never learns of one's address;
   *   relaysFirst: not before open()
   * @param {import('../core/clock.js').Clock} o.clock
   * @param {import('../core/log.js').Log} o.log
   * @param {string} [o.name]  for the log
   * @param {(config: RTCConfiguration) => RTCPeerConnection} [o.create]
   */
  constructor({ first, roles = [], channel, ice = {}, clock, log, name = '', create }) {
    super();
    this.first = first;
    this.roles = roles;
    this.clock = clock;
    this.log = log;
    this.name = name;
    /** @type {Map<Role, RTCRtpTransceiver>} */
    this.lines = new Map();
    /** @type {Map<Role, MediaStreamTrack | null>} */
    this.tracks = new Map();
    /** @type {Map<Role, Plan>} */
    this.plans = new Map();
    /** @type {PeerPhase} */
    this.phase = 'new';
    this.makingOffer = false;
    this.settingAnswer = false;
    this.ignoredOffer = false;
    /** @type {'active'|'passive'|''} in DTLS; stays as long as the connection */
    this.theirRole = '';
    this.restarts = 0;
    this.met = false;
    this.askedAgain = false;
    this.resting = false;
    /** @type {import('./frag.js').Candidate[]} of the current generation, to be told again after a loss */
    this.gathered = [];
    /** @type {import('./frag.js').Candidate[]} not told yet */
    this.fresh = [];
    /** @type {import('./frag.js').Candidate[]} that came before their description */
    this.early = [];
    /** @type {Promise<void>} */
    this.work = Promise.resolve();
    /** @type {Record<string, any>} */
    this.timers = {};
    this.relayOnly = ice.relayOnly ?? false;
    this.relaysFirst = !this.relayOnly && (ice.relaysFirst ?? false);
    /** What ICE was using when other ways were opened, until they are looked for.
     * @type {{ufrag: string | null} | null} */
    this.narrow = null;
    const config = this.#config(ice.iceServers ?? []);
    this.pc = create ? create(config) : new RTCPeerConnection(config);
    this.#listen();
    if (first && channel) this.#channel(this.pc.createDataChannel(channel));
    if (first) for (const role of roles) this.#addLine(role);
  }

  // ---- what the owner calls

  /**
   * @param {Role} role
   * @param {MediaStreamTrack | null} track  null: nothing is sent, and the line stays
   */
  setTrack(role, track) {
    this.tracks.set(role, track);
    const sender = this.lines.get(role)?.sender;
    sender?.replaceTrack(track).catch((e) => this.log.warn('peer', `${this.name} ${role}: ${e}`));
    this.#applyPlan(role);
  }

  /** @param {Role} role @param {Plan} plan */
  setPlan(role, plan) {
    this.plans.set(role, plan);
    this.#applyPlan(role);
  }

  /**
   * What the other side has said.
   * @param {'desc'|'cand'} type
   * @param {'offer'|'answer'|'rollback'|undefined} kind
   * @param {string} body
   * @returns {Promise<void>} settled when it has been worked on; never rejects
   */
  receive(type, kind, body) {
    return this.#later(type === 'desc' ? `${kind}` : type, () =>
      (type === 'desc' ? this.#description(/** @type {any} */ (kind), body) : this.#candidates(fromFrag(body))));
  }

  /**
   * Other servers, or other credentials for them. The old ones' relays end: where one is in use, ICE starts
   * anew at once.
   * @param {RTCIceServer[]} iceServers
   */
  async setIceServers(iceServers) {
    if (this.phase === 'closed' || JSON.stringify(iceServers) === this.servers) return;
    try {
      this.pc.setConfiguration?.(this.#config(iceServers));
      if (this.phase === 'connected' && overRelay((await this.pc.getStats()).values())) this.restart();
    } catch (e) {
      this.log.warn('peer', `${this.name} servers: ${e}`);
    }
  }

  /** No more restarts of its own: somebody is going to make another connection. */
  rest() {
    this.resting = true;
    this.clock.cancel(this.timers.restart);
  }

  /** ICE anew: the network is another one. Once in three seconds at most; what comes too early waits. */
  restart() {
    if (this.phase === 'closed') return;
    this.askedAgain = this.timers.pause !== undefined;
    if (this.askedAgain) return;
    this.timers.pause = this.clock.after(() => {
      delete this.timers.pause;
      if (this.askedAgain && this.phase !== 'connected') this.restart();
    }, PAUSE_MS);
    if (this.phase !== 'new') this.#restartIce('network');
  }

  /** Messages may have been lost on their way: says again what the other side has to know. */
  resync() {
    if (this.phase === 'closed') return;
    const offer = this.pc.localDescription;
    if (this.pc.signalingState === 'have-local-offer' && offer) {
      this.#tell('offer', offer.sdp);
    } else if (this.phase !== 'connected' && this.phase !== 'new') {
      this.#restartIce('resync');
    }
    if (this.phase !== 'connected' && this.gathered.length) this.emit('cand', toFrag(this.gathered));
  }

  /** Candidates were held back on their way, and may pass now. */
  tellAgain() {
    if (this.phase === 'failed' || this.phase === 'disconnected') return this.resync();
    if (this.phase !== 'closed' && this.gathered.length) this.emit('cand', toFrag(this.gathered));
  }

  /** Every way may be used from now on. What goes over a relay stays there until there is a better way. */
  open() {
    if (!this.relaysFirst || this.phase === 'closed') return;
    this.relaysFirst = false;
    this.narrow = { ufrag: ufragOf(this.pc) };
    /** @type {RTCIceServer[]} */
    const servers = JSON.parse(this.servers ?? '[]');
    try {
      this.pc.setConfiguration?.(this.#config(servers));
    } catch (e) {
      this.log.warn('peer', `${this.name} all ways: ${e}`);
    }
    if (this.phase === 'connected') return this.#widen();
    // Without relays nothing can have been prepared. The first side acts, the other one where that fails.
    const relays = servers.some(({ urls }) => String(urls).startsWith('turn'));
    this.timers.open = this.clock.after(() => {
      if (!this.met && this.narrow?.ufrag) this.emit('stuck', null);
    }, (relays ? OPEN_MS : 0) + (this.first ? 0 : FOLLOW_MS));
  }

  /** ICE anew, beside what is in use. The first side does it; the other one where that does not happen. */
  #widen() {
    const { narrow } = this;
    if (!narrow) return;
    this.narrow = null;
    this.clock.cancel(this.timers.open);
    this.timers.open = this.clock.after(() => {
      if (ufragOf(this.pc) === narrow.ufrag) this.#restartIce('all ways');
    }, WIDEN_MS + (this.first ? 0 : FOLLOW_MS));
  }

  close() {
    if (this.phase === 'closed') return;
    this.#setPhase('closed');
    for (const t of Object.values(this.timers)) this.clock.cancel(t);
    this.pc.close();
  }

  /** Whether only relays may be used now. */
  hides() {
    return this.relayOnly || this.relaysFirst;
  }

  /** @param {RTCIceServer[]} iceServers @returns {RTCConfiguration} */
  #config(iceServers) {
    this.servers = JSON.stringify(iceServers);
    const policy = this.hides() ? { iceTransportPolicy: /** @type {const} */ ('relay') } : {};
    return { iceServers, bundlePolicy: 'max-bundle', ...policy };
  }

  // ---- events of the connection

  #listen() {
    const { pc } = this;
    pc.onnegotiationneeded = () => { this.#offer(); };
    pc.onicecandidate = ({ candidate }) => this.#gathered(candidate);
    pc.onconnectionstatechange = () => this.#changed();
    pc.oniceconnectionstatechange = () => this.#changed();
    pc.ondatachannel = ({ channel }) => this.#channel(channel);
  }

  /** @param {RTCDataChannel} channel */
  #channel(channel) {
    channel.binaryType = 'arraybuffer';
    if (channel.readyState === 'open') queueMicrotask(() => this.emit('channel', channel));
    else channel.onopen = () => this.emit('channel', channel);
  }

  #changed() {
    if (this.phase === 'closed') return;
    const { connectionState: state, iceConnectionState: ice } = this.pc;
    const both = state ?? (ice === 'completed' ? 'connected' : ice === 'checking' ? 'connecting' : ice);
    const broken = ice === 'failed' || both === 'closed';
    this.#setPhase(/** @type {PeerPhase} */ (broken ? 'failed' : both));
  }

  /** @param {PeerPhase} phase */
  #setPhase(phase) {
    if (phase === this.phase) return;
    this.log.info('peer', `${this.name} ${phase}`);
    this.phase = phase;
    this.clock.cancel(this.timers.restart);
    if (phase === 'connected') {
      this.met = true;
      this.resting = false;
      this.restarts = 0;
      for (const role of this.lines.keys()) this.#applyPlan(role);
      this.#widen();
    }
    if (phase === 'disconnected') this.#planRestart(DISCONNECTED_MS);
    if (phase === 'failed') this.#planRestart(0);
    this.emit('phase', phase);
  }

  /** The first side restarts; the other one only where that does not happen. @param {number} ms */
  #planRestart(ms) {
    if (this.resting) return;
    const backoff = RESTART_MS[Math.min(this.restarts, RESTART_MS.length - 1)];
    const wait = ms + backoff + (this.first ? 0 : FOLLOW_MS);
    this.clock.cancel(this.timers.restart);
    this.timers.restart = this.clock.after(() => {
      // What never worked is better made anew: Firefox sends nothing after restarts before the first success.
      if (++this.restarts > STUCK_AFTER || !this.met) this.emit('stuck', null);
      if (this.resting) return;
      if (this.phase === 'connected' || /** @type {string} */ (this.phase) === 'closed') return;
      this.#restartIce(this.phase);
      this.#planRestart(DISCONNECTED_MS);
    }, wait);
  }

  /** @param {string} why */
  #restartIce(why) {
    this.log.info('peer', `${this.name} ICE restart (${why})`);
    if (this.pc.signalingState === 'have-local-offer') return this.resyncOffer();
    this.pc.restartIce?.();
  }

  /** An offer that nobody answered is made anew, with what is known by now. */
  resyncOffer() {
    this.#later('offer again', async () => {
      if (this.pc.signalingState !== 'have-local-offer') return;
      this.pc.restartIce?.();
      await this.#makeOffer();
    });
  }

  // ---- lines

  /** @param {Role} role */
  #addLine(role) {
    const line = this.pc.addTransceiver(AUDIO.has(role) ? 'audio' : 'video', { direction: 'sendrecv' });
    this.#takeLine(role, line);
  }

  /** @param {Role} role @param {RTCRtpTransceiver} line */
  #takeLine(role, line) {
    this.lines.set(role, line);
    // The order of the offer holds for both. Firefox, told its own after an offer, makes later offers that no
    // browser can read.
    if (role === 'screen' && this.first) preferForScreens(line);
    const track = this.tracks.get(role);
    if (track) this.setTrack(role, track);
  }

  /** Lines of the other side's first offer get their roles by place. */
  #nameLines() {
    const free = this.pc.getTransceivers();
    this.roles.forEach((role, i) => {
      const line = free[i];
      if (!line) return;
      if (!this.lines.has(role)) {
        line.direction = 'sendrecv';
        this.#takeLine(role, line);
      }
      this.emit('track', { role, track: line.receiver.track });
    });
  }

  /**
   * Rates, and whether anything is sent at all: without a track Firefox goes on sending the last picture,
   * once a second, as long as the encoding is active.
   * @param {Role} role
   */
  #applyPlan(role) {
    const sender = this.lines.get(role)?.sender;
    const params = AUDIO.has(role) ? null : sender?.getParameters?.();
    if (!sender || !params?.encodings?.length) return;
    const active = !!this.tracks.get(role);
    params.encodings.forEach((e) => Object.assign(e, this.plans.get(role), { active }));
    sender.setParameters(params).catch((e) => this.log.debug('peer', `${this.name} ${role} plan: ${e}`));
  }

  // ---- negotiation

  /** One thing after the other; what fails is logged. @param {string} what @param {() => Promise<void>} fn */
  #later(what, fn) {
    this.work = this.work.then(() => (this.phase === 'closed' ? undefined : fn())).catch((e) => {
      if (this.phase !== 'closed') this.log.warn('peer', `${this.name} ${what}: ${e}`);
    });
    return this.work;
  }

  #offer() {
    return this.#later('negotiation', async () => {
      if (this.pc.signalingState === 'stable') await this.#makeOffer();
    });
  }

  async #makeOffer() {
    this.makingOffer = true;
    try {
      this.gathered = [];
      await this.pc.setLocalDescription();
      const d = /** @type {RTCSessionDescription} */ (this.pc.localDescription);
      this.#tell('offer', d.sdp);
    } catch (e) {
      // A connection that can't even make an offer does not come back by itself.
      if (this.phase !== 'closed') queueMicrotask(() => this.emit('stuck', null));
      throw e;
    } finally {
      this.makingOffer = false;
    }
  }

  /** @param {'offer'|'answer'|'rollback'} kind @param {string} sdp */
  async #description(kind, sdp) {
    const { pc } = this;
    if (kind === 'rollback') {
      if (pc.signalingState === 'have-remote-offer') await pc.setRemoteDescription({ type: 'rollback', sdp: '' });
      return;
    }
    const state = pc.signalingState;
    // An offer may have been made anew before the answer to the old one came; that one fits no more, and
    // browsers do not recover from an answer to something else.
    if (kind === 'answer' && (state !== 'have-local-offer' || !answers(sdp, pc.localDescription?.sdp ?? ''))) {
      this.log.debug('peer', `${this.name} late answer in ${state}`);
      return;
    }
    const collision = kind === 'offer' && (this.makingOffer || state !== 'stable');
    this.ignoredOffer = this.first && collision;
    if (this.ignoredOffer) return;
    const mended = withoutStrays(kind === 'offer' ? withRole(sdp, this.theirRole) : sdp);
    await pc.setRemoteDescription({ type: kind, sdp: opusFecDtx(mended) });
    if (kind === 'answer') this.theirRole = roleOf(sdp);
    this.#nameLines();
    await this.#candidates(this.early.splice(0));
    if (kind === 'answer') return;
    this.gathered = [];
    await pc.setLocalDescription();
    const d = /** @type {RTCSessionDescription} */ (pc.localDescription);
    const mine = roleOf(d.sdp);
    this.theirRole = mine && (mine === 'active' ? 'passive' : 'active');
    this.#tell('answer', markAnswer(d.sdp, sdp));
  }

  /** @param {'offer'|'answer'} kind @param {string} sdp */
  #tell(kind, sdp) {
    this.emit('desc', { kind, sdp: this.hides() ? hiddenSdp(sdp) : sdp });
  }

  /** @param {import('./frag.js').Candidate[]} candidates */
  async #candidates(candidates) {
    if (!this.pc.remoteDescription) {
      this.early.push(...candidates.slice(0, 200 - this.early.length));
      return;
    }
    for (const c of candidates) {
      try {
        await this.pc.addIceCandidate({ ...c, usernameFragment: c.usernameFragment ?? undefined });
      } catch (e) {
        if (!this.ignoredOffer) this.log.debug('peer', `${this.name} candidate: ${e}`);
      }
    }
  }

  /** @param {RTCIceCandidate | null} candidate */
  #gathered(candidate) {
    const { candidate: all = '', sdpMid = null, usernameFragment = null } = candidate ?? {};
    const text = this.hides() ? hidden(all) : all;
    if (text === null || (candidate && text === '')) return;
    const c = { candidate: text, sdpMid, usernameFragment: usernameFragment ?? ufragOf(this.pc) };
    this.gathered.push(c);
    this.fresh.push(c);
    if (this.fresh.length > 1) return;
    this.timers.trickle = this.clock.after(() => this.emit('cand', toFrag(this.fresh.splice(0))), TRICKLE_MS);
  }
}

/** @param {RTCPeerConnection} pc */
const ufragOf = (pc) => /^a=ice-ufrag:(.*?)\r?$/m.exec(pc.localDescription?.sdp ?? '')?.[1] ?? null;

/** VP9 draws text better than VP8 at the same rate; phones do not share screens. @param {RTCRtpTransceiver}
 *   line */
function preferForScreens(line) {
  const codecs = globalThis.RTCRtpReceiver?.getCapabilities?.('video')?.codecs;
  if (!codecs || typeof line.setCodecPreferences !== 'function') return;
  const vp9 = codecs.filter((c) => c.mimeType.toLowerCase() === 'video/vp9');
  if (!vp9.length) return;
  try {
    line.setCodecPreferences([...vp9, ...codecs.filter((c) => !vp9.includes(c))]);
  } catch { }
}
