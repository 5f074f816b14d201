// madang.js: a call in a page of one's own. Uses rtc/ and net/ only, and nothing of the page around it.
//
//   import { join } from './madang.js';
//
//   const mine = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
//   const call = await join({ server: 'https://talk.example.kr:8443', room: '0A1B2C3D4E5F6', name: 'Mina',
// stream: mine });
//   call.on('stream', ({ session, stream }) => {
//     const video = document.getElementById(session) ??
// document.body.appendChild(document.createElement('video'));
//     Object.assign(video, { id: session, autoplay: true, playsInline: true, srcObject: stream });
//   });
//   call.on('left', ({ session }) => document.getElementById(session)?.remove());
//   call.on('chat', ({ name, text }) => console.log(`${name}: ${text}`));
//   call.say('hello');
//   call.setTrack('mic', null);     // and setTrack('screen', track)
//   call.leave();
//
// The server must allow the page's origin (--allow-origin).
import { realClock } from '../core/clock.js';
import { Emitter } from '../core/emitter.js';
import { Log } from '../core/log.js';
import { randomId } from '../core/random.js';
import { connect } from '../net/connect.js';
import { SignalError } from '../net/protocol.js';
import { plan } from '../rtc/bitrate.js';
import { iceServers } from '../rtc/ice.js';
import { Mesh } from '../rtc/mesh.js';
import { MEDIA_ROLES, Peer } from '../rtc/peer.js';

/** @typedef {import('../net/protocol.js').Joined} Joined */
/** @typedef {import('../net/protocol.js').Participant} Participant */
/** @typedef {import('../rtc/peer.js').Role} Role */
/**
 * @typedef {object} JoinOptions
 * @property {string} server   origin of the madang server
 * @property {string} [room]   id; absent: a room is made
 * @property {{title?: string, public?: boolean, password?: string}} [create]
 * @property {string} [name]
 * @property {string} [password]
 * @property {boolean} [relayOnly]  hide one's address from the others: all goes over the server
 * @property {MediaStream} [stream]  what is sent; absent: only listens
 * @property {Log} [log]
 */

/**
 * @extends {Emitter<{stream: {session: string, name: string, kind: 'camera'|'screen', stream: MediaStream},
 *   entered: Participant, left: {session: string}, person: Participant, phase: {session: string, phase:
 *   string},
 *   chat: {session: string, name: string, text: string, time: number},
 *   net: import('../net/signaling.js').NetPhase, over: string}>}
 */
export class MadangCall extends Emitter {
  /** @param {JoinOptions} options */
  constructor(options) {
    super();
    this.options = options;
    this.log = options.log ?? new Log();
    this.room = options.room ?? '';
    this.self = '';
    this.ticket = '';
    /** @type {Map<string, Participant>} */
    this.people = new Map();
    /** @type {Map<string, MediaStream>} */
    this.streams = new Map();
    /** @type {import('../rtc/ice.js').Servers} */
    this.servers = { stunPort: 0, turn: null };
    /** @type {import('../rtc/ice.js').Credential | null} */
    this.relay = null;
    /** @type {{resolve: (nothing?: any) => void, reject: (e: Error) => void} | null} */
    this.entering = null;
    this.signaling = connect({ server: options.server, log: this.log, makeHello: () => this.#hello() });
    this.mesh = new Mesh({
      instance: randomId(16), clock: realClock, log: this.log,
      send: (type, fields, body) =>
        this.signaling.request(type, /** @type {any} */ ({ room: this.room, ...fields }), body),
      makePeer: (first, name) => new Peer({
        first, name, roles: MEDIA_ROLES, clock: realClock, log: this.log,
        ice: { iceServers: this.#iceServers(), relayOnly: options.relayOnly },
      }),
    });
    this.#listen();
    for (const track of options.stream?.getTracks() ?? []) {
      this.setTrack(track.kind === 'audio' ? 'mic' : 'camera', track);
    }
  }

  /** @param {Role} role @param {MediaStreamTrack | null} track */
  setTrack(role, track) {
    this.mesh.setTrack(role, track);
    const on = (/** @type {Role} */ r) => !!this.mesh.tracks.get(r);
    if (this.self) {
      this.signaling.request('state', { mic: on('mic'), cam: on('camera'), screen: on('screen') }).catch(() => {});
    }
  }

  /** @param {string} text */
  say(text) {
    return this.signaling.request('chat', { room: this.room, text });
  }

  leave() {
    this.mesh.close();
    this.signaling.bye();
  }

  #hello() {
    const { name } = this.options;
    const join = this.ticket ? { ...this.#fields(), ticket: this.ticket } : this.entering && this.#fields();
    return { name, client: 'madang.js/0.1', ...(join ? { join } : {}) };
  }

  #fields() {
    const { tracks } = this.mesh;
    return { room: this.room, media: true, mic: !!tracks.get('mic'), cam: !!tracks.get('camera') };
  }

  /** @returns {Promise<void>} */
  async enter() {
    const { password, create = {}, room } = this.options;
    if (room && !password) return this.#enterAtOnce();
    this.signaling.start();
    const fields = this.#fields();
    this.#joined(room
      ? await this.signaling.request('join', { ...fields, ...(password ? { password } : {}) })
      : await this.signaling.request('create', { public: false, ...create, ...fields }));
  }

  /** Hello and join in one message, which may go with the request to upgrade.
   * @returns {Promise<void>} */
  #enterAtOnce() {
    return new Promise((resolve, reject) => {
      this.entering = { resolve, reject };
      this.signaling.start();
    }).finally(() => { this.entering = null; });
  }

  /** @param {Joined} joined */
  #joined(joined) {
    this.room = joined.room.room;
    this.self = joined.self;
    this.ticket = joined.ticket;
    this.relay = joined.relay ?? null;
    this.mesh.setIceServers(this.#iceServers());
    this.people = new Map(joined.participants.map((p) => [p.session, p]));
    this.#sync();
  }

  #iceServers() {
    const { hostname: host } = new URL(this.options.server);
    return iceServers({ host, servers: this.servers, relay: this.relay });
  }

  #sync() {
    const others = [...this.people.values()].filter((p) => p.session !== this.self && p.media);
    this.mesh.sync(this.self, others.map((p) => p.session));
  }

  #listen() {
    const { signaling, mesh } = this;
    signaling.on('session', ({ ack }) => {
      this.servers = { stunPort: ack.stun_port, turn: ack.turn ?? null };
      mesh.newSession();
      if (ack.joined) {
        this.#joined(ack.joined);
        this.entering?.resolve();
      } else if (ack.join_error) {
        const { code, retry_ms: retryMs } = ack.join_error;
        if (this.entering) this.entering.reject(new SignalError(code, undefined, retryMs));
        else this.emit('over', code);
      }
    });
    signaling.on('phase', (phase) => {
      const over = phase.phase === 'ended' || phase.phase === 'version';
      if (over) this.entering?.reject(new SignalError(phase.error ?? 'closed'));
      this.emit('net', phase);
    });
    signaling.on('message', ({ head, body }) => this.#event(/** @type {any} */ (head), body));
    mesh.on('phase', (e) => this.emit('phase', e));
    mesh.on('moved', ({ from, to }) => {
      for (const kind of ['camera', 'screen']) {
        const stream = this.streams.get(`${from}:${kind}`);
        if (stream) this.streams.set(`${to}:${kind}`, stream);
        this.streams.delete(`${from}:${kind}`);
      }
      this.emit('left', { session: from });
      for (const kind of /** @type {const} */ (['camera', 'screen'])) this.#show(to, kind);
    });
    mesh.on('gone', ({ session }) => {
      for (const kind of ['camera', 'screen']) this.streams.delete(`${session}:${kind}`);
      this.emit('left', { session });
    });
    mesh.on('count', (n) => {
      const size = mesh.tracks.get('camera')?.getSettings();
      if (size) for (const { peer } of mesh.peers()) peer.setPlan('camera', plan('camera', size, n));
    });
    mesh.on('track', ({ session, role, track }) => {
      const kind = role === 'mic' || role === 'camera' ? 'camera' : 'screen';
      const key = `${session}:${kind}`;
      const stream = this.streams.get(key) ?? new MediaStream();
      this.streams.set(key, stream);
      if (!stream.getTracks().includes(track)) stream.addTrack(track);
      if (track.kind === 'video') this.#show(session, kind);
    });
  }

  /** @param {string} session @param {'camera'|'screen'} kind */
  #show(session, kind) {
    const stream = this.streams.get(`${session}:${kind}`);
    const person = this.people.get(session);
    if (stream && (kind === 'camera' || person?.screen)) {
      this.emit('stream', { session, name: person?.name ?? '', kind, stream });
    }
  }

  /** @param {any} e @param {string} body */
  #event(e, body) {
    if (e.type === 'desc' || e.type === 'cand') return this.mesh.receive(e.type, e, body);
    if (e.room !== this.room) return;
    if (e.type === 'chat') this.emit('chat', { session: e.from, name: e.name, text: e.text, time: e.time });
    if (e.type === 'entered' || e.type === 'participant') {
      const p = /** @type {Participant} */ (e.participant);
      const screen = p.screen && !this.people.get(p.session)?.screen;
      if (e.replaces) this.#left({ session: e.replaces, reason: 'replaced' });
      this.people.set(p.session, p);
      this.#sync();
      this.emit(e.type === 'entered' ? 'entered' : 'person', p);
      if (screen) this.#show(p.session, 'screen');
    }
    if (e.type === 'left') this.#left(e);
  }

  /** @param {{session: string, reason: string}} e */
  #left({ session, reason }) {
    if (session === this.self) {
      this.mesh.close();
      return this.emit('over', reason);
    }
    this.people.delete(session);
    if (reason !== 'gone') this.mesh.drop(session);
    this.#sync();
    this.emit('left', { session });
  }
}

/**
 * @param {JoinOptions} options
 * @returns {Promise<MadangCall>} in the room; rejects with an Error that has a `code` (docs/protocol.md
 *   section 8)
 */
export async function join(options) {
  const call = new MadangCall(options);
  try {
    await call.enter();
  } catch (error) {
    call.leave();
    throw error;
  }
  return call;
}
