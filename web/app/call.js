// The call: devices to tracks, tracks to everybody in the room that media is in, and their tracks to streams.
import { shownState } from '../domain/call.js';
import { Capture } from '../media/capture.js';
import { Meter } from '../media/meter.js';
import { Screen } from '../media/screen.js';
import { Speaker, canPickSpeaker } from '../media/speaker.js';
import { WakeLock } from '../media/wake_lock.js';
import { plan } from '../rtc/bitrate.js';
import { TRANSPORTS, iceServers } from '../rtc/ice.js';
import { Mesh } from '../rtc/mesh.js';
import { MEDIA_ROLES, Peer } from '../rtc/peer.js';
import { digest, loudness } from '../rtc/stats.js';
import { Groups } from './groups.js';
import { Shown } from './shown.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../rtc/registry.js').StreamRegistry} StreamRegistry */

const STATS_MS = 2000;
const BLOCKED_MS = 18_000;
const LOUD_MS = 250;
const LOUD = 0.015;
const OWN_LOUD = 0.45;
const HOLD_MS = 700;

export class Call {
  /** @param {Context} c @param {StreamRegistry} streams */
  constructor(c, streams) {
    this.c = c;
    this.streams = streams;
    /** @type {import('../rtc/ice.js').Servers} */
    this.servers = { stunPort: 0, turn: null };
    /** To relays; tests take some away. */
    this.transports = TRANSPORTS;
    this.credential = '';
    this.shown = new Shown({ streams, set: (session, ids) => this.#streamsOf(session, ids) });
    /** @type {WeakMap<Peer, any>} */
    this.samples = new WeakMap();
    /** @type {Map<string, number>} session -> when last heard */
    this.heard = new Map();
    /** @type {Set<string>} sessions that one has been connected with */
    this.met = new Set();
    /** @type {Map<string, number>} session -> since when it is waited for, though both are online */
    this.waiting = new Map();
    this.told = '';
    /** One's own tracks, also while they are sent to nobody.
     * @type {Map<'mic'|'camera', MediaStreamTrack | null>} */
    this.own = new Map();
    this.wasHushed = false;
    this.capture = new Capture({ devices: c.env.devices, clock: c.clock, log: c.log });
    this.screen = new Screen(c.env.devices);
    this.meter = new Meter({ clock: c.clock });
    this.speaker = new Speaker();
    this.wakeLock = new WakeLock(c.env.wakeLock);
    this.mesh = new Mesh({
      instance: c.instance, clock: c.clock, log: c.log,
      send: (type, fields, body) =>
        c.sig.request(type, /** @type {any} */ ({ room: this.room()?.id, ...fields }), this.#passing(body)),
      makePeer: (first, name) => this.makePeer(first, name),
      unseen: () => c.env.unseen(),
    });
    this.groups = new Groups(c, this);
    this.#listenCapture();
    this.#listenMesh();
    this.#tick(STATS_MS, () => {
      this.#patience();
      this.#stats();
      this.groups.stats();
    });
    this.#tick(LOUD_MS, () => this.#loudness());
    c.dispatch({
      type: 'media/set',
      patch: { canPickSpeaker: canPickSpeaker(), canShareScreen: this.screen.available() },
    });
  }

  /** @param {boolean} first @param {string} name @param {{channel?: string, room?: string}} [what]  for media
   *   when there is no channel */
  makePeer(first, name, { channel, room } = {}) {
    const { clock, log } = this.c;
    const roles = channel ? [] : MEDIA_ROLES;
    return new Peer({ first, roles, channel, ice: this.ice(room), clock, log, name });
  }

  /** The ways to others in a room. @param {string | undefined} room  that media is in, when absent */
  ice(room = this.room()?.id) {
    const { env: { hostname: host }, state } = this.c;
    const { rooms, intent: { relayOnly } } = state();
    const { servers, transports } = this;
    return {
      relayOnly, relaysFirst: this.relaysFirst(room),
      iceServers: iceServers({ host, servers, transports, relay: rooms[room ?? '']?.relay }),
    };
  }

  /** The room that media is in; without a place anywhere, one can still watch the group that is in view. */
  room() {
    const { rooms, current } = this.c.state();
    const here = current ? rooms[current] : undefined;
    return Object.values(rooms).find((r) => r.media) ?? (here?.mode === 'group' ? here : undefined);
  }

  // ---- from the state to devices and connections

  /** Called after each change of the state that may concern the call. */
  follow() {
    const { intent, screen, support } = this.c.state();
    const open = support.webrtc && !intent.listenOnly
      && (screen === 'prejoin' || (!!this.room()?.media && !this.hushed()) || this.waits() || this.warm());
    const held = this.held();
    this.capture.want({
      mic: { open, muted: !intent.mic || held, id: intent.micId, label: intent.micLabel, facing: 'user' },
      camera: {
        open: open && intent.cam && !held, muted: false, id: intent.camId, label: intent.camLabel,
        facing: intent.facing,
      },
    });
    this.speaker.set(intent.speakerId);
    this.wakeLock.want(!!this.room());
    this.tellState();
    this.#hush();
    if (this.answered()) this.mesh.open();
    this.connect();
  }

  /** Ways are prepared while it rings; nothing is sent on them before the answer. */
  #hush() {
    const hushed = this.hushed();
    if (hushed === this.wasHushed) return;
    this.wasHushed = hushed;
    for (const [kind, track] of this.own) this.#send(kind, hushed ? null : track);
    if (!hushed) this.mesh.tellAgain();
  }

  /** The server holds candidates back until the answer: that these are all is not to be told before, either.
   * @param {string} body */
  #passing(body) {
    return this.hushed() ? body.replaceAll('a=end-of-candidates\r\n', '') : body;
  }

  /** The room that media is in, when it is known who is there. */
  settled() {
    const r = this.room();
    return r?.stale ? undefined : r;
  }

  /** To all of the others, whichever way. @param {import('../rtc/peer.js').Role} role @param
   * {MediaStreamTrack | null} track */
  #send(role, track) {
    this.mesh.setTrack(role, track);
    this.groups.setTrack(role, track);
  }

  /** The mesh holds those who publish in the same room, unless the server passes everything on. */
  connect() {
    const r = this.room();
    if (r?.stale) return;      // who is there will be known once one is back
    this.groups.follow(r);
    if (r?.relay && r.relay.credential !== this.credential) {
      this.credential = r.relay.credential;
      this.mesh.setIceServers(this.ice().iceServers);
      this.groups.group?.setIceServers(this.groups.servers(r));
    }
    const { former } = this.c.state().self;
    const others = Object.values(r?.people ?? {})
      .filter((p) => p.media && !p.self && !p.ghost && !former.includes(p.session));
    if (r) this.mesh.sync(r.self, this.groups.direct(r, others.map((p) => p.session)));
    else if (!this.waits()) this.mesh.close();
    this.#forgetOthers(r);
  }

  /** Whether the connections are about to have their room again. */
  waits = () => false;

  /** Whether devices are to be ready before there is a room: one is calling somebody. */
  warm = () => false;

  /** Whether the room that media is in is that of a call which nobody has answered. */
  hushed = () => false;

  /** Whether those in a room are to learn no address of one: neither by what is told, nor by what is sent,
   * since ICE sends to whatever address the other side names.
   * @type {(room: string | undefined) => boolean} */
  relaysFirst = () => false;

  /** Whether the room that media is in is that of a call which somebody has answered. */
  answered = () => false;

  /** Whether the call is on hold: nothing is sent, and what one wants stays as it is. */
  held = () => false;

  /** Everybody sees one's microphone, camera and screen. */
  tellState() {
    const { c } = this;
    const { self, intent, media, rooms, net } = c.state();
    if (net.phase !== 'online' || !Object.keys(rooms).length) return;
    const shown = shownState(intent, media);
    const told = JSON.stringify([self.session, shown]);
    if (told === this.told) return;
    this.told = told;
    c.sig.request('state', shown).catch((e) => {
      this.told = '';
      if (e.retryMs) c.clock.after(() => this.tellState(), e.retryMs);
    });
  }

  // ---- devices

  #listenCapture() {
    const { c, capture } = this;
    capture.on('track', ({ kind, track }) => {
      this.#local(kind, track);
      this.own.set(kind, track);
      this.#send(kind, this.hushed() ? null : track);
      if (kind === 'mic') this.meter.setTrack(track);
      this.#plans();
    });
    capture.on('state', ({ kind, patch }) => {
      const old = /** @type {Record<string, any>} */ (c.state().media[kind]);
      if (Object.entries(patch).some(([k, v]) => old[k] !== v)) c.dispatch({ type: 'media/capture', kind, patch });
    });
    capture.on('devices', (lists) => {
      c.dispatch({ type: 'media/set', patch: { ...lists, canFlip: c.env.phone && lists.cameras.length > 1 } });
    });
    capture.on('fallback', ({ kind, label }) => c.toast('info', `${kind}_fallback`, { label }));
    this.screen.on('tracks', ({ video, audio }) => {
      this.#local('screen', video);
      this.#send('screen', video);
      this.#send('sound', audio);
      c.dispatch({ type: 'media/capture', kind: 'screen', patch: { phase: video ? 'live' : 'off', error: null } });
      this.#plans();
    });
    this.screen.on('error', (code) => c.toast('error', `screen_${code}`));
    let loudAt = -Infinity;
    this.meter.listen((level) => {
      if (level > OWN_LOUD) loudAt = c.clock.now();
      const loud = c.clock.now() - loudAt < HOLD_MS;
      const { media, intent } = c.state();
      const patch = { speaking: loud && intent.mic, mutedSpeaking: loud && !intent.mic };
      if (media.speaking !== patch.speaking || media.mutedSpeaking !== patch.mutedSpeaking) {
        c.dispatch({ type: 'media/set', patch });
      }
    });
  }

  /** @param {'mic'|'camera'|'screen'} kind @param {MediaStreamTrack | null} track */
  #local(kind, track) {
    const id = `local:${kind}`;
    this.streams.delete(id);
    if (track) this.streams.put(id, track);
    this.c.dispatch({ type: 'media/capture', kind, patch: { stream: track ? id : null } });
  }

  /** How much each of the others is sent. */
  #plans() {
    const peers = this.mesh.peers();
    for (const role of /** @type {const} */ (['camera', 'screen'])) {
      const size = this.mesh.tracks.get(role)?.getSettings?.();
      if (!size) continue;
      const p = plan(role, size, peers.length);
      for (const { peer } of peers) peer.setPlan(role, p);
    }
  }

  // ---- the others

  #listenMesh() {
    const { c, mesh } = this;
    mesh.on('phase', ({ session, phase }) => {
      if (phase === 'closed') return;
      if (phase === 'connected') {
        this.met.add(session);
        this.waiting.delete(session);
      }
      if (this.shown.wayOf(session) === 'group') this.groups.refresh();
      else c.dispatch({ type: 'peer/set', session, patch: { phase, met: this.met.has(session), blocked: this.#blocked(session) } });
      // It may be one's own network: then the pipe is dead, too, and the restart has to wait for a new one.
      if ((phase === 'disconnected' || phase === 'failed') && c.sig.state.phase === 'online') c.sig.poke();
    });
    mesh.on('track', ({ session, role, track }) => this.shown.put(session, 'direct', role, track));
    mesh.on('count', () => this.#plans());
    mesh.on('moved', ({ from, to }) => {
      this.shown.moved(from, to);
      if (this.met.delete(from)) this.met.add(to);
      c.dispatch({ type: 'peer/moved', from, to });
      for (const room of Object.keys(c.state().rooms)) c.dispatch({ type: 'room/unghost', room, session: from });
      c.bus.emit('moved', { from, to });
    });
    mesh.on('gone', ({ session }) => {
      this.shown.drop(session, 'direct');
      const r = this.room();
      if (r?.people[session]?.media && (this.shown.wayOf(session) === 'group' || r.mode === 'group')) return;
      this.forget(session);
    });
  }

  /** There is no way to this one any more. @param {string} session */
  forget(session) {
    const { c } = this;
    this.heard.delete(session);
    this.shown.gone(session);
    c.dispatch({ type: 'peer/drop', session });
    for (const r of Object.values(c.state().rooms)) {
      if (r.people[session]?.ghost) c.dispatch({ type: 'room/unghost', room: r.id, session });
    }
  }

  /** Whoever was seen over the server, and is in the room no more. @param
   * {import('../domain/types.js').RoomState | undefined} r */
  #forgetOthers(r) {
    const held = this.mesh.peers().map((h) => h.session);
    for (const session of [...this.shown.people.keys()]) {
      if (!held.includes(session) && !r?.people[session]?.media) this.forget(session);
    }
  }

  /** @param {string} session @param {Record<import('./shown.js').What, string | null>} ids */
  #streamsOf(session, ids) {
    const old = this.c.state().peers[session];
    const whats = /** @type {const} */ (['audio', 'sound', 'camera', 'screen']);
    if (whats.some((what) => (old?.[what] ?? null) !== ids[what])) this.c.dispatch({ type: 'peer/set', session, patch: ids });
  }

  // ---- numbers

  /** Whether there seems to be no way. @param {string} session */
  #blocked(session) {
    return this.c.clock.now() - (this.waiting.get(session) ?? Infinity) >= BLOCKED_MS;
  }

  /** Who is waited for, though they and we are online. */
  #patience() {
    const { peers, net } = this.c.state();
    const people = this.room()?.people ?? {};
    for (const session of [...this.waiting.keys(), ...this.met]) {
      if (people[session]) continue;
      this.waiting.delete(session);
      if (!peers[session]) this.met.delete(session);
    }
    for (const { session, phase, blocked } of Object.values(peers)) {
      const p = people[session];
      if (phase === 'connected' || net.phase !== 'online' || !p || p.away || p.ghost) this.waiting.delete(session);
      else if (!this.waiting.has(session)) this.waiting.set(session, this.c.clock.now());
      const now = this.#blocked(session);
      if (now !== blocked) this.c.dispatch({ type: 'peer/set', session, patch: { blocked: now } });
    }
  }

  /** @param {number} ms @param {() => void} fn */
  #tick(ms, fn) {
    this.c.clock.after(() => {
      fn();
      this.#tick(ms, fn);
    }, ms);
  }

  #stats() {
    for (const { session, peer } of this.mesh.peers()) {
      if (peer.phase !== 'connected' || this.shown.wayOf(session) === 'group') continue;
      peer.pc.getStats().then((report) => {
        const { stats, sample } = digest(report.values(), this.samples.get(peer) ?? null, this.c.clock.now());
        this.samples.set(peer, sample);
        if (this.c.state().peers[session]) this.c.dispatch({ type: 'peer/set', session, patch: { stats } });
      }, () => {});
    }
  }

  #loudness() {
    const now = this.c.clock.now();
    /** @type {string | null} */
    let loudest = null;
    const direct = new Map(this.mesh.peers().map(({ session, peer }) => [session, peer.lines.get('mic')?.receiver]));
    for (const state of Object.values(this.c.state().peers)) {
      const { session } = state;
      const receiver = direct.get(session);
      const level = this.groups.loudness(session) ?? (receiver ? loudness(receiver) : 0);
      if (level > LOUD) {
        this.heard.set(session, now);
        this.groups.heard(session, now);
      }
      const speaking = now - (this.heard.get(session) ?? -Infinity) < HOLD_MS;
      if (speaking) loudest = session;
      if (state.speaking !== speaking) this.c.dispatch({ type: 'peer/set', session, patch: { speaking } });
    }
    const r = this.settled();
    if (r) this.groups.enlarge(r, loudest);
  }
}
