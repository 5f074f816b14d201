// Connections to several others at once. It is told who there is (session ids) and carries what peers have to
// say to each other; rooms and servers it doesn't know. A peer belongs to a page of the other side (its
// instance), not to a session: when sessions change under them, connections go on (greeting.js).
import { Emitter } from '../core/emitter.js';
import { randomId } from '../core/random.js';
import { GREETING, fromGreeting, proof, toGreeting } from './greeting.js';

/** @typedef {import('./peer.js').Peer} Peer */
/** @typedef {import('./peer.js').PeerPhase} PeerPhase */
/** @typedef {import('./peer.js').Role} Role */
/** @typedef {{instance: string, conn: string, peer: Peer, session: string, orphan: any, again: any,
 *   parked: boolean}} Held
 *   again: timer of the next connection in place of this one; parked: it waits for somebody to look */
/** @typedef {{to: string, conn: string, kind?: 'offer'|'answer'|'rollback'}} Address */

const ORPHAN_MS = 45_000;
const EARLY_CAP = 64;
/** Before the first, second ... connection in place of one that does not come about; then as the last. Each
 * try takes browsers a quarter of a minute of packets, and the server some messages. */
const AGAIN_MS = [0, 1000, 2000, 4000, 8000, 15_000, 60_000];

/**
 * @extends {Emitter<{
 *   phase: {session: string, phase: PeerPhase}, track: {session: string, role: Role, track:
 *   MediaStreamTrack},
 *   moved: {from: string, to: string}, gone: {session: string}, count: number}>}
 *   moved: the same page has another session now; gone: there is no connection with this session any more
 */
export class Mesh extends Emitter {
  /**
   * @param {object} o
   * @param {string} o.instance  of this page: random, made once
   * @param {(type: 'desc'|'cand', address: Address, body: string) => Promise<unknown>} o.send
   * @param {(first: boolean, name: string) => Peer} o.makePeer
   * @param {import('../core/clock.js').Clock} o.clock
   * @param {import('../core/log.js').Log} o.log
   * @param {() => boolean} [o.unseen]  nobody looks at the page: what has failed again and again rests
   */
  constructor({ instance, send, makePeer, clock, log, unseen = () => false }) {
    super();
    this.instance = instance;
    this.self = '';
    this.sendOut = send;
    this.makePeer = makePeer;
    this.clock = clock;
    this.log = log;
    this.unseen = unseen;
    /** @type {Map<string, number>} by instance: connections that did not come about, one after the other */
    this.vain = new Map();
    /** @type {Map<string, {instance: string | null}>} sessions to be connected with */
    this.people = new Map();
    /** @type {Map<string, Held>} by instance */
    this.held = new Map();
    /** @type {Map<string, string>} greetings of sessions that are not known yet */
    this.early = new Map();
    /** @type {Map<Role, MediaStreamTrack | null>} */
    this.tracks = new Map();
  }

  // ---- what the owner calls

  /**
   * Who there is. Connections with others are kept for a while: they may come back under another session.
   * @param {string} self  one's own session
   * @param {string[]} sessions  the others'
   */
  sync(self, sessions) {
    this.self = self;
    for (const id of [...this.people.keys()]) if (!sessions.includes(id)) this.people.delete(id);
    for (const id of sessions) {
      if (this.people.has(id)) continue;
      this.people.set(id, { instance: null });
      this.#greet(id);
      const early = this.early.get(id);
      this.early.delete(id);
      if (early !== undefined) this.#greeted(id, early);
    }
    for (const h of this.held.values()) this.#orphan(h, !this.people.has(h.session));
  }

  /** The server knows none of the old sessions any more. */
  newSession() {
    this.people.clear();
    this.early.clear();
    for (const h of this.held.values()) this.#orphan(h, true);
  }

  /** This one has gone for good. @param {string} session */
  drop(session) {
    this.people.delete(session);
    const h = this.#of(session);
    if (h) this.#close(h);
  }

  /** @param {Role} role @param {MediaStreamTrack | null} track */
  setTrack(role, track) {
    this.tracks.set(role, track);
    for (const h of this.held.values()) h.peer.setTrack(role, track);
  }

  /** @param {RTCIceServer[]} servers */
  setIceServers(servers) {
    for (const h of this.held.values()) h.peer.setIceServers(servers);
  }

  networkChanged() {
    this.tryNow();
    for (const h of this.held.values()) h.peer.restart();
  }

  /** Somebody looks, or asks for it: what waits for its next try has it now. */
  tryNow() {
    for (const h of [...this.held.values()]) {
      if (h.again === null && !h.parked) continue;
      this.vain.set(h.instance, 1);
      this.#replace(h);
    }
  }

  /** There is a way to the server again: what lies idle can be mended without waiting. */
  nudge() {
    this.tryNow();
    for (const { peer } of this.held.values()) {
      if (peer.phase === 'disconnected' || peer.phase === 'failed') peer.restart();
    }
  }

  /** Whoever was connected with over relays alone may be connected with in every way. */
  open() {
    const narrow = [...this.held.values()].filter(({ peer }) => peer.relaysFirst);
    for (const { peer } of narrow) peer.open();
    if (!narrow.length) return;
    this.vain.clear(); // what failed by relays says nothing of other ways
    this.tryNow();
  }

  /** What was held back on its way to the others may pass now. */
  tellAgain() {
    for (const { peer } of this.held.values()) peer.tellAgain();
  }

  /** Sessions that are connected now. @returns {string[]} */
  connected() {
    return [...this.held.values()].filter((h) => h.peer.phase === 'connected' || h.peer.phase === 'disconnected')
      .map((h) => h.session);
  }

  /** @returns {{session: string, peer: Peer}[]} */
  peers() {
    return [...this.held.values()];
  }

  close() {
    this.people.clear();
    this.early.clear();
    this.vain.clear();
    for (const h of [...this.held.values()]) this.#close(h);
  }

  /**
   * @param {'desc'|'cand'} type
   * @param {{from: string, conn: string, kind?: 'offer'|'answer'|'rollback'}} head
   * @param {string} body
   */
  receive(type, { from, conn, kind }, body) {
    if (conn === GREETING) return this.#greeted(from, body);
    const person = this.people.get(from);
    const h = this.#of(from);
    if (h && h.conn === conn) return void h.peer.receive(type, kind, body);
    if (!person || type !== 'desc' || kind !== 'offer') return;
    if (!person.instance || this.instance < person.instance) return this.#greet(from);
    if (h) this.#close(h);
    this.#hold(person.instance, from, conn, false).peer.receive(type, kind, body);
  }

  // ---- greetings

  /** @param {string} session */
  #greet(session) {
    const proofs = [...this.held.values()].map((h) => proof(h.conn, this.self, session));
    this.#send('cand', { to: session, conn: GREETING }, toGreeting({ instance: this.instance, proofs }), null);
  }

  /** @param {string} session @param {string} body */
  #greeted(session, body) {
    const person = this.people.get(session);
    if (!person) {
      if (this.early.size < EARLY_CAP) this.early.set(session, body);
      return;
    }
    const greeting = fromGreeting(body);
    if (!greeting || greeting.instance === this.instance) return;
    const { instance, proofs } = greeting;
    const h = this.held.get(instance);
    const same = h && proofs.includes(proof(h.conn, session, this.self));
    // Somebody else who says to be that page does not know its connection.
    if (h && !same && h.session !== session && this.people.has(h.session)) return;
    person.instance = instance;
    if (same) return this.#move(h, session);
    if (h) this.#close(h);
    if (this.instance < instance) this.#hold(instance, session, `m-${randomId(12)}`, true);
  }

  /** The page of `h` has this session now. @param {Held} h @param {string} session */
  #move(h, session) {
    const from = h.session;
    h.session = session;
    this.#orphan(h, false);
    if (from !== session) {
      this.log.info('mesh', `${h.conn} goes on: ${from} is ${session} now`);
      this.emit('moved', { from, to: session });
    }
    h.peer.resync();
  }

  // ---- connections

  /** @param {string} session */
  #of(session) {
    return [...this.held.values()].find((h) => h.session === session);
  }

  /** @param {string} instance @param {string} session @param {string} conn @param {boolean} first */
  #hold(instance, session, conn, first) {
    const peer = this.makePeer(first, conn);
    /** @type {Held} */
    const h = { instance, conn, peer, session, orphan: null, again: null, parked: false };
    this.held.set(instance, h);
    peer.on('desc', ({ kind, sdp }) => this.#send('desc', { to: h.session, conn, kind }, sdp, h));
    peer.on('cand', (frag) => this.#send('cand', { to: h.session, conn }, frag, h));
    peer.on('phase', (phase) => {
      if (phase === 'connected') this.#well(h);
      this.emit('phase', { session: h.session, phase });
    });
    peer.on('track', ({ role, track }) => this.emit('track', { session: h.session, role, track }));
    peer.on('stuck', () => this.#rebuild(h));
    for (const [role, track] of this.tracks) if (track) peer.setTrack(role, track);
    this.emit('phase', { session, phase: peer.phase });
    this.emit('count', this.held.size);
    return h;
  }

  /** @param {Held} h */
  #well(h) {
    this.vain.delete(h.instance);
    this.clock.cancel(h.again);
    h.again = null;
    h.parked = false;
  }

  /** Restarts did not help: a new connection in place of this one, at once and then less and less often.
   *  @param {Held} h */
  #rebuild(h) {
    if (this.held.get(h.instance) !== h || h.orphan !== null || h.again !== null || h.parked) return;
    const n = this.vain.get(h.instance) ?? 0;
    this.vain.set(h.instance, n + 1);
    const ms = AGAIN_MS[Math.min(n, AGAIN_MS.length - 1)];
    if (ms === 0) return this.#replace(h);
    this.log.info('mesh', `${h.conn} again in ${ms / 1000} s`);
    h.peer.rest();
    h.again = this.clock.after(() => {
      h.again = null;
      h.parked = h.orphan !== null || (n >= AGAIN_MS.length - 1 && this.unseen());
      if (!h.parked) this.#replace(h);
    }, ms);
  }

  /** @param {Held} h */
  #replace(h) {
    if (this.held.get(h.instance) !== h || h.orphan !== null) return;
    const { instance, session } = h;
    this.#close(h);
    if (!this.people.has(session)) return;
    this.#greet(session);
    if (this.instance < instance) this.#hold(instance, session, `m-${randomId(12)}`, true);
  }

  /** @param {Held} h @param {boolean} on */
  #orphan(h, on) {
    if (on === (h.orphan !== null)) return;
    this.clock.cancel(h.orphan);
    h.orphan = on ? this.clock.after(() => this.#close(h), ORPHAN_MS) : null;
  }

  /** @param {Held} h */
  #close(h) {
    if (this.held.get(h.instance) !== h) return;
    this.held.delete(h.instance);
    this.clock.cancel(h.orphan);
    this.clock.cancel(h.again);
    h.peer.close();
    this.emit('gone', { session: h.session });
    this.emit('count', this.held.size);
  }

  /**
   * @param {'desc'|'cand'} type
   * @param {Address} address
   * @param {string} body
   * @param {Held | null} h
   */
  #send(type, address, body, h) {
    this.sendOut(type, address, body).catch((e) => {
      this.log.debug('mesh', `${type} to ${address.to}: ${e.code ?? e}`);
      if (e.code !== 'rate' && e.code !== 'busy') return;
      this.clock.after(() => {
        if (!h) this.#greet(address.to);
        else if (this.held.get(h.instance) === h) h.peer.resync();
      }, e.retryMs || 1000);
    });
  }
}
