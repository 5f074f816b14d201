// Rooms whose media goes over the server: one connection there, and how people are moved between it and the
// direct connections (rtc/ways.js says who when).
import { randomId } from '../core/random.js';
import { NOBODY, largeNext, tracksOf } from '../domain/group.js';
import { dueOf, wantsOf } from '../domain/wants.js';
import { GREETING } from '../rtc/greeting.js';
import { Group } from '../rtc/group.js';
import { HEARD, digest, loudness, played } from '../rtc/stats.js';
import { fromUses, moves, toUses } from '../rtc/ways.js';
import { iceServers } from '../rtc/ice.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./call.js').Call} Call */
/** @typedef {import('../domain/types.js').RoomState} RoomState */
/** @typedef {import('../domain/types.js').Person} Person */
/** @typedef {import('../domain/wants.js').Seen} Seen */
/** @typedef {import('../rtc/peer.js').Role} Role */
/** @typedef {import('../rtc/ways.js').Way} Way */

const AGAIN_MS = [0, 1000, 2000, 4000, 8000, 15_000];
const LOOK_MS = 100;
const SEEN_MS = 80;
/** Somebody who is silent may not be heard of at all: not waited for longer than this. */
const SILENT_MS = 2000;

export class Groups {
  /** @param {Context} c @param {Call} call */
  constructor(c, call) {
    this.c = c;
    this.call = call;
    /** @type {Group | null} */
    this.group = null;
    /** @type {string | null} */
    this.room = null;
    /** @type {Way} */
    this.mode = 'direct';
    this.since = 0;
    this.wanted = '';
    this.vain = 0;
    /** @type {any} */
    this.again = null;
    /** @type {any} */
    this.looking = null;
    /** @type {any} */
    this.counting = null;
    /** @type {Map<string, Way>} which way the others have said that they use */
    this.theirs = new Map();
    /** @type {Set<string>} whose direct connection carries what they send, while they are seen over the
     * server */
    this.arrived = new Set();
    /** @type {Map<string, Seen>} */
    this.seen = new Map();
    /** @type {Map<string, number>} session -> when heard last */
    this.spoke = new Map();
    /** @type {Map<string, any>} */
    this.samples = new Map();
    this.large = NOBODY;
  }

  // ---- what the owner calls

  /** The room that media is in, after each change. @param {RoomState | undefined} r */
  follow(r) {
    if (!r || r.id !== this.room) this.close();
    if (!r) return;
    const now = this.c.clock.now();
    if (this.room !== r.id || this.mode !== r.mode) {
      this.since = now;
      this.c.log.info('group', `${r.id} is ${r.mode}`);
    }
    this.room = r.id;
    this.mode = r.mode;
    // With a place one sends as well: that is another connection.
    if (this.group && this.group.sends !== r.media) this.group.end('place');
    if (r.mode === 'group' && !this.group && this.again === null) this.#open(r);
    this.#want(r);
    this.#move(r);
  }

  /** Whom there is to be a direct connection with. @param {RoomState} r @param {string[]} others */
  direct(r, others) {
    if (r.mode === 'direct') return others;
    const { mesh } = this.call;
    const connected = mesh.connected();
    for (const { session } of mesh.peers()) if (!connected.includes(session)) mesh.drop(session);
    return others.filter((s) => connected.includes(s));
  }

  /** The server knows none of the old sessions, nor the connection.  */
  newSession() {
    for (const session of [...this.call.shown.people.keys()]) {
      if (this.call.shown.wayOf(session) === 'group') this.call.forget(session);
    }
    this.close();
  }

  close() {
    const { clock } = this.c;
    for (const t of [this.again, this.looking, this.counting]) clock.cancel(t);
    this.again = this.looking = this.counting = null;
    this.group?.close();
    this.group = null;
    this.room = null;
    this.mode = 'direct';
    this.vain = 0;
    this.theirs.clear();
    this.arrived.clear();
    this.spoke.clear();
    this.samples.clear();
    this.large = NOBODY;
  }

  /** @param {Role} role @param {MediaStreamTrack | null} track */
  setTrack(role, track) {
    this.group?.setTrack(role, track);
  }

  /** What the server says of groups. @param {any} e @param {string} body @returns {boolean} it was such a
   * thing */
  event(e, body) {
    const mine = this.group && e.conn === this.group.conn;
    if (e.type === 'cand' && e.conn === GREETING) {
      const way = fromUses(body);
      if (!way) return false;
      this.theirs.set(e.from, way);
      this.refresh();
    } else if (e.type === 'group_answer') {
      if (mine) this.group?.answered(body);
    } else if (e.type === 'group_refused') {
      if (mine) this.group?.end(e.code);
    } else if (e.type === 'group_state') {
      if (mine && e.state === 'ended') this.group?.end(e.reason ?? e.state);
    } else return false;
    return true;
  }

  /** A tile came into view, has another size, or is out of view (null).
   * @param {string} session @param {'camera'|'screen'} role @param {Omit<Seen, 'session'|'role'> | null}
   * how */
  look(session, role, how) {
    const key = `${session}:${role}`;
    if (how) this.seen.set(key, { session, role, ...how });
    else this.seen.delete(key);
    this.refresh();
  }

  /** Without signaling it is not known who is there: media goes on as it was. */
  #asItIs() {
    const r = this.call.room();
    if (!r?.stale) this.follow(r);
  }

  /** Something that is not in the state has changed. */
  refresh() {
    this.looking ??= this.c.clock.after(() => {
      this.looking = null;
      this.#asItIs();
    }, SEEN_MS);
  }

  networkChanged() {
    this.group?.restart();
  }

  /** Somebody asks for it. */
  tryNow() {
    if (this.again === null) return;
    this.c.clock.cancel(this.again);
    this.again = null;
    this.#asItIs();
  }

  // ---- the connection

  /** @param {RoomState} r */
  #open(r) {
    const { c, call } = this;
    const { id } = r;
    const group = new Group({
      conn: `g-${randomId(12)}`, clock: c.clock, log: c.log, iceServers: this.servers(r), sends: r.media,
      send: (type, fields, body) => c.sig.request(type, { room: id, ...fields }, body),
      due: () => this.#due(),
      signaling: {
        heard: () => (c.sig.state.phase === 'online' ? c.sig.heardAt : -Infinity),
        ask: () => c.sig.poke(),
      },
    });
    this.group = group;
    this.wanted = '';
    for (const [role, track] of call.mesh.tracks) group.setTrack(role, track);
    group.on('phase', (phase) => {
      if (phase === 'connected') this.vain = 0;
      if (phase === 'disconnected' && c.sig.state.phase === 'online') c.sig.poke();
      this.refresh();
    });
    group.on('track', ({ id: track, track: live }) => this.#put(track, live));
    group.on('left', (track) => this.#put(track, null));
    group.on('flows', () => this.refresh());
    group.on('ended', (why) => this.#ended(group, why));
  }

  #due() {
    const { group } = this;
    const room = this.call.room();
    if (!group || !room) return false;
    return dueOf({ room, wants: group.wants, own: group.sends ? group.tracks.values() : [] });
  }

  /** Over TCP and TLS only: what came from an address that a browser knows as its STUN or TURN/UDP server,
   * it would
   * not take for media. @param {RoomState} r */
  servers(r) {
    const { servers: { turn }, transports } = this.call;
    return iceServers({
      host: this.c.env.hostname, servers: { stunPort: 0, turn }, relay: r.relay,
      transports: transports.filter((t) => t !== 'udp'),
    });
  }

  /** @param {Group} group @param {string} why */
  #ended(group, why) {
    if (this.group !== group) return;
    this.group = null;
    this.c.log.info('group', why);
    const ms = AGAIN_MS[Math.min(this.vain++, AGAIN_MS.length - 1)];
    this.again = this.c.clock.after(() => {
      this.again = null;
      this.#asItIs();
    }, ms);
    this.refresh();
  }

  /** @param {string} id  of a track @param {MediaStreamTrack | null} live */
  #put(id, live) {
    const r = this.room ? this.c.state().rooms[this.room] : undefined;
    const t = r?.tracks[id];
    if (t && r.people[t.session]) this.call.shown.put(t.session, 'group', t.kind, live);
  }

  /** @param {RoomState} r */
  #want(r) {
    const { group, c } = this;
    if (!group) return;
    const { intent: { quality } } = c.state();
    group.save(quality === 'save');
    const wants = wantsOf({
      tracks: r.tracks, people: this.#others(r), seen: [...this.seen.values()], quality,
      hidden: c.env.unseen(),
    });
    const wanted = JSON.stringify(wants);
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    group.want(wants);
  }

  /** Who has media, those first who spoke last. @param {RoomState} r @returns {Person[]} */
  #others(r) {
    const { former } = this.c.state().self;
    const at = (/** @type {Person} */ p) => this.spoke.get(p.session) ?? 0;
    return Object.values(r.people)
      .filter((p) => p.media && !p.self && !p.ghost && !former.includes(p.session))
      .sort((a, b) => at(b) - at(a));
  }

  // ---- people between the two ways

  /** @param {RoomState} r */
  #move(r) {
    const { call, group } = this;
    const { people: shown } = call.shown;
    if (r.mode === 'direct' && !group && ![...shown.values()].some((h) => h.way === 'group')) return;
    const held = call.mesh.connected();
    const people = this.#others(r).map((p) => ({
      session: p.session, way: call.shown.wayOf(p.session), theirs: this.theirs.get(p.session) ?? null,
      ready: { direct: this.#directReady(p, held), group: this.#groupReady(r, p) },
      held: held.includes(p.session),
    }));
    const ms = this.c.clock.now() - this.since;
    const { use, drop, closeGroup } = moves(r.mode, ms, people);
    for (const { session, way } of use) {
      call.shown.use(session, way);
      this.arrived.delete(session);
      if (held.includes(session)) this.#tell(session, way);
    }
    for (const session of drop) call.mesh.drop(session);
    if (closeGroup) this.#closeGroup(r);
    else if (people.some((p) => p.way !== r.mode || p.held !== (r.mode === 'direct') || p.theirs !== r.mode)) this.#countLater();
    this.#phases(r);
  }

  /** @param {Person} p @param {string[]} held */
  #directReady(p, held) {
    return held.includes(p.session) && (this.call.shown.wayOf(p.session) !== 'group' || this.arrived.has(p.session));
  }

  /** @param {RoomState} r @param {Person} p */
  #groupReady(r, p) {
    const { group } = this;
    const tracks = tracksOf(r.tracks, p.session);
    if (group?.phase !== 'connected' || !tracks.length) return false;
    if (this.call.shown.wayOf(p.session) !== 'direct') return true;
    const wanted = new Map(group.wants.map((w) => [w.track, w]));
    const patient = this.c.clock.now() - this.since < SILENT_MS;
    return tracks.every(({ track, kind }) => {
      if (kind === 'sound' || (kind === 'mic' && !(p.mic && patient))) return true;
      return kind !== 'mic' && !wanted.get(track)?.width ? true : group.flows(track);
    });
  }

  /** @param {string} session @param {Way} way */
  #tell(session, way) {
    this.call.mesh.sendOut('cand', { to: session, conn: GREETING }, toUses(way)).catch(() => {});
  }

  /** @param {RoomState} r */
  #closeGroup(r) {
    const { group } = this;
    this.group = null;
    this.wanted = '';
    this.c.clock.cancel(this.again);
    this.again = null;
    if (group) this.c.sig.request('group_close', { room: r.id, conn: group.conn }).catch(() => {});
    group?.close();
    for (const session of [...this.call.shown.people.keys()]) this.call.shown.drop(session, 'group');
  }

  /** Looks again soon: somebody is between the two ways. */
  #countLater() {
    this.counting ??= this.c.clock.after(async () => {
      await this.#count();
      this.counting = null;
      this.#asItIs();
    }, LOOK_MS);
  }

  /** Whether what people send has arrived on direct connections. */
  async #count() {
    const { people = {} } = this.call.settled() ?? {};
    await Promise.all(this.call.mesh.peers().map(async ({ session, peer }) => {
      const p = people[session];
      if (!p || peer.phase !== 'connected' || this.call.shown.wayOf(session) !== 'group') return;
      const needs = /** @type {Role[]} */ ([...(p.cam ? ['camera'] : []), ...(p.screen ? ['screen'] : []), ...(p.mic ? ['mic'] : [])]);
      const all = await Promise.all(needs.map((role) => begun(peer.lines.get(role)?.receiver)));
      if (all.every(Boolean)) this.arrived.add(session);
    }));
  }

  /** What is shown of the way to each. @param {RoomState} r */
  #phases(r) {
    const { c, call, group } = this;
    for (const { session } of this.#others(r)) {
      if (call.shown.wayOf(session) !== 'group') continue;
      const there = tracksOf(r.tracks, session).length > 0;
      const phase = !group ? 'disconnected' : there ? group.phase : 'connecting';
      if (phase === 'connected') call.met.add(session);
      const met = call.met.has(session);
      const old = c.state().peers[session];
      if (old?.phase !== phase || old.met !== met) c.dispatch({ type: 'peer/set', session, patch: { phase, met } });
    }
  }

  // ---- numbers

  /** How loud somebody is over the server; null: they don't come that way. @param {string} session */
  loudness(session) {
    if (this.call.shown.wayOf(session) !== 'group' || !this.room) return null;
    const mic = tracksOf(this.c.state().rooms[this.room]?.tracks ?? {}, session).find((t) => t.kind === 'mic');
    const receiver = mic && this.group?.receiverOf(mic.track);
    return receiver ? loudness(receiver) : 0;
  }

  /** Who speaks, heard here. @param {string} session @param {number} now */
  heard(session, now) {
    this.spoke.set(session, now);
  }

  /** Who is to be shown large. @param {RoomState} r @param {string | null} loud  whom one hears oneself */
  enlarge(r, loud) {
    const speaker = r.mode === 'group' ? r.speaker : loud;
    const present = (/** @type {string} */ s) => !!r.people[s]?.media;
    this.large = largeNext(this.large, speaker === r.self ? null : speaker, present, this.c.clock.now());
    if (r.large !== this.large.session) this.c.dispatch({ type: 'room/large', room: r.id, session: this.large.session });
  }

  async stats() {
    const { c, group } = this;
    const r = this.call.settled();
    if (!r || group?.phase !== 'connected') return;
    const all = [...(await group.pc.getStats()).values()];
    for (const { session } of this.#others(r)) {
      if (this.call.shown.wayOf(session) !== 'group') continue;
      const theirs = new Set(tracksOf(r.tracks, session).map((t) => group.receiverOf(t.track)?.track.id));
      const own = all.filter((s) => (s.type === 'inbound-rtp' ? theirs.has(s.trackIdentifier) : s.type !== 'outbound-rtp'));
      const { stats, sample } = digest(own, this.samples.get(session) ?? null, c.clock.now());
      this.samples.set(session, sample);
      if (c.state().peers[session]) c.dispatch({ type: 'peer/set', session, patch: { stats } });
    }
  }

  /** What the server knows of everybody's way to it. */
  async ask() {
    const r = this.call.settled();
    if (r?.mode !== 'group') return;
    try {
      const { people } = await this.c.sig.request('group_stats', { room: r.id });
      for (const { session, ...told } of people) {
        if (session === r.self) this.c.dispatch({ type: 'media/set', patch: { way: told } });
        else this.c.dispatch({ type: 'peer/told', session, told });
      }
    } catch (e) {
      this.c.log.debug('group', `stats: ${/** @type {any} */ (e).code ?? e}`);
    }
  }
}

/** Whether anything has come: a picture, or sound. @param {RTCRtpReceiver | undefined} receiver
 * */
async function begun(receiver) {
  if (!receiver) return false;
  for (const s of (await receiver.getStats()).values()) {
    if (s.type === 'inbound-rtp') return s.kind === 'video' ? s.framesDecoded > 0 : played(s) >= HEARD;
  }
  return false;
}
