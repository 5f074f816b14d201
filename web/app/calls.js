// Direct calls: pressing call, ringing, answering, and what belongs to a call while it lasts. The media are
// those of a room that the server makes for the call.
import { answerOfAsked, callOfRoom, calling, inPhase, isHeld } from '../domain/ring.js';
import { PAGE } from '../domain/calls.js';
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/ring.js').Call} Call */
/** @typedef {import('../domain/people.js').Who} Who */
/** @typedef {'hold'|'end'} Other  what becomes of the call that one is in */

/** What is said when who was asked into a call does not come. */
const ASKED = /** @type {const} */ (['asked_declined', 'asked_busy', 'asked_no_answer']);

export class Calls {
  /**
   * @param {Context} c
   * @param {import('./rooms.js').Rooms} rooms
   * @param {import('../media/ringer.js').Ringer} ringer
   */
  constructor(c, rooms, ringer) {
    this.c = c;
    this.rooms = rooms;
    this.ringer = ringer;
    /** Rooms that are being gone into. @type {Set<string>} */
    this.entering = new Set();
    /** @type {Map<string, string>} call -> its room, while one is in it */
    this.inside = new Map();
    /** Calls whose room was tried while they ring. @type {Set<string>} */
    this.prepared = new Set();
    this.undialled = false;
    this.toldVideo = '';
    /** What calls have changed of the intent, for as long as they last.
     * @type {Record<'before'|'set', {cam: boolean, mic: boolean, listenOnly: boolean}> | null} */
    this.lent = null;
    /** Whether one was seen in a call that rests. @type {Map<string, boolean>} */
    this.seenIn = new Map();
    /** Rooms that go on without the call that they were made for. @type {Set<string>} */
    this.groups = new Set();
    /** Calls that were brought into view: once each. @type {Set<string>} */
    this.shown = new Set();
    /** Calls that this page asks to go on with. @type {Set<string>} */
    this.returning = new Set();
    ringer.listen((ready) => c.dispatch({ type: 'ring/sound', sound: ready ? 'ready' : 'blocked' }));
  }

  me() {
    return this.c.state().account.user?.user ?? '';
  }

  /** @param {Call} call @param {boolean} [waiting] */
  put(call, waiting = false) {
    if (call.group && call.room) this.groups.add(call.room);
    const { self: { session }, ring } = this.c.state();
    const outcome = answerOfAsked(ring, call, this.me());
    if (outcome) this.c.toast('info', ASKED.find((o) => o === `asked_${outcome}`) ?? 'asked_failed', { name: call.callee.display });
    this.c.dispatch({ type: 'ring/call', call, me: this.me(), session, now: Date.now(), waiting });
  }

  /** @param {any} e */
  event(e) {
    // The other one may have been back first: until the answer, the server has no device of ours in the call.
    if (this.returning.has(e.call.call) && e.call.state === 'accepted') return;
    this.put(e.call, !!e.waiting);
    if (!this.c.state().ring.calls[e.call.call] && this.c.state().calls.loaded) this.load();
  }

  /** Another session has begun: the server was started again, or has forgotten the one before. What it still
   * knows of it tells anew; the calls that this page is in it is told. */
  again() {
    for (const { call, phase } of Object.values(this.c.state().ring.calls)) {
      if (phase === 'here') this.#goOn(call);
      else this.c.dispatch({ type: 'ring/drop', call });
    }
  }

  /** @param {string} call */
  async #goOn(call) {
    this.returning.add(call);
    try {
      const answer = await this.c.sig.request('call_back', { call });
      this.put(answer.call);
    } catch (e) {
      if (codeOf(e) !== 'session_lost') this.#refused(call, e);
    } finally {
      this.returning.delete(call);
    }
  }

  // ---- making one

  /** @param {Who} person @param {boolean} video */
  async start(person, video) {
    const { c } = this;
    const { ring } = c.state();
    if (calling(ring)) return;
    this.undialled = false;
    this.#camera(video);
    c.dispatch({ type: 'ring/dial', with: person, video });
    try {
      const { call } = await c.sig.request('call', { to: person.user, video });
      if (this.undialled) {
        c.dispatch({ type: 'ring/undial' });
        return void this.#quietly('call_cancel', { call: call.call });
      }
      this.put(call);
      if (call.state !== 'ringing') c.dispatch({ type: 'ring/undial' });
    } catch (e) {
      c.dispatch({ type: 'ring/not_placed', error: codeOf(e) });
    }
  }

  /** Gives up calling, or puts away why it could not be placed. */
  cancel() {
    const { c } = this;
    const { ring } = c.state();
    this.undialled = true;
    c.dispatch({ type: 'ring/undial' });
    for (const { call } of inPhase(ring, 'outgoing')) {
      c.dispatch({ type: 'ring/drop', call });
      this.#quietly('call_cancel', { call });
    }
  }

  /** @param {string} type @param {Record<string, any>} fields */
  #quietly(type, fields) {
    return this.c.sig.request(/** @type {any} */ (type), fields).catch((/** @type {any} */ e) => this.c.log.info('call', `${type}: ${codeOf(e)}`));
  }

  /** For this call only: what one wants in general stays as it is stored. @param {boolean} on */
  #camera(on) {
    const { intent } = this.c.state();
    const set = { cam: on, mic: true, listenOnly: false };
    this.lent ??= { before: { cam: intent.cam, mic: intent.mic, listenOnly: intent.listenOnly }, set };
    this.lent.set = set;
    const same = intent.cam === on && intent.mic && !intent.listenOnly;
    if (!same) this.c.dispatch({ type: 'intent/set', patch: set, passing: true });
  }

  /** The last call is over: what it alone wanted goes, what the person has pressed meanwhile stays. */
  #giveBack() {
    const { lent } = this;
    const { intent, ring } = this.c.state();
    if (!lent || this.warm() || inPhase(ring, 'here').length > 0) return;
    this.lent = null;
    const keys = /** @type {const} */ (['cam', 'mic', 'listenOnly']);
    const untouched = keys.filter((k) => intent[k] === lent.set[k] && lent.set[k] !== lent.before[k]);
    const patch = Object.fromEntries(untouched.map((k) => [k, lent.before[k]]));
    if (Object.keys(patch).length) this.c.dispatch({ type: 'intent/set', patch, passing: true });
  }

  // ---- answering

  /** @param {string} call @param {boolean} video @param {Other} [other] */
  async accept(call, video, other) {
    const { c } = this;
    const ring = c.state().ring.calls[call];
    if (ring?.phase !== 'incoming' || ring.asked) return;
    c.dispatch({ type: 'ring/asked', call, what: 'accept' });
    for (const r of inPhase(c.state().ring, 'here')) this.seenIn.set(r.call, c.state().intent.cam);
    this.#camera(video);
    try {
      const answer = await c.sig.request('call_answer', { call, video, ...(other ? { other } : {}) });
      this.#rest(call);
      this.put(answer.call);
    } catch (e) {
      this.#refused(call, e);
    }
  }

  /** One call is in the foreground: others have no place of the mesh any more. @param {string} call */
  #rest(call) {
    for (const r of inPhase(this.c.state().ring, 'here')) {
      if (r.call !== call && r.room) this.c.dispatch({ type: 'room/media', room: r.room, on: false });
    }
  }

  /** @param {string} call @param {unknown} e */
  #refused(call, e) {
    const code = codeOf(e);
    if (code === 'call_over' || code === 'call_unknown') this.c.dispatch({ type: 'ring/drop', call });
    else this.c.dispatch({ type: 'ring/refused', call, error: code });
    this.c.toast('warn', code);
  }

  /** @param {string} call @param {string} [text] */
  decline(call, text = '') {
    this.c.dispatch({ type: 'ring/drop', call });
    this.#quietly('call_decline', { call, ...(text ? { text } : {}) });
  }

  // ---- while it lasts

  /** @param {string} call */
  end(call) {
    const { c } = this;
    const ring = c.state().ring.calls[call];
    if (!ring) return;
    const next = inPhase(c.state().ring, 'here').find((r) => r.call !== call);
    if (ring.room) this.#leave(call, ring.room);
    this.put({ ...ring, state: 'ended', ended: Date.now() });
    this.#quietly('call_end', { call });
    if (next) this.back(next.call);
  }

  /** Goes on with a call that was put on hold for another one. @param {string} call */
  async back(call) {
    const ring = this.c.state().ring.calls[call];
    if (!ring?.room) return;
    this.rooms.show(ring.room);
    this.#camera(this.seenIn.get(call) ?? ring.video);
    if (ring.heldHere) await this.hold(call, false);
  }

  /** @param {string} call @param {boolean} on */
  async hold(call, on) {
    try {
      await this.c.sig.request('call_hold', { call, on });
      if (!on) this.#rest(call);
    } catch (e) {
      this.c.toast('error', codeOf(e));
    }
  }

  /** From another of one's devices to this one. @param {string} call */
  async take(call) {
    const { c } = this;
    const ring = c.state().ring.calls[call];
    if (!ring || ring.asked) return;
    c.dispatch({ type: 'ring/asked', call, what: 'take' });
    this.#camera(ring.video && c.state().intent.cam);
    try {
      const answer = await c.sig.request('call_take', { call });
      this.put(answer.call);
    } catch (e) {
      this.#refused(call, e);
    }
  }

  /** @param {string} call @param {string} to */
  async invite(call, to) {
    try {
      const answer = await this.c.sig.request('call_invite', { call, to });
      this.put(answer.call);
    } catch (e) {
      this.c.toast('error', codeOf(e));
    }
  }

  /** Everybody's devices learn that a voice call has become one with pictures. */
  #tellVideo() {
    const { ring, intent, current } = this.c.state();
    const call = callOfRoom(ring, current);
    if (!call || call.video || !intent.cam || this.toldVideo === call.call) return;
    this.toldVideo = call.call;
    this.#quietly('call_video', { call: call.call, on: true });
  }

  /** @param {number} stars */
  rate(stars) {
    const { after } = this.c.state().ring;
    if (!after) return;
    this.c.dispatch({ type: 'ring/after', patch: { stars } });
    this.#quietly('call_quality', { call: after.call, stars });
  }

  afterDone() {
    this.c.dispatch({ type: 'ring/after_done' });
  }

  elsewhereSeen() {
    this.c.dispatch({ type: 'ring/elsewhere_seen' });
  }

  // ---- the history

  async load(more = false) {
    const { c } = this;
    const { calls, account } = c.state();
    if (!account.user || calls.busy) return;
    c.dispatch({ type: 'calls/asked' });
    const last = calls.list[calls.list.length - 1];
    try {
      const answer = await c.sig.request('calls', { limit: PAGE, ...(more && last ? { before: last.started } : {}) });
      c.dispatch({ type: 'calls/list', calls: answer.calls, more });
    } catch (e) {
      c.dispatch({ type: 'calls/refused', error: codeOf(e) });
    }
  }

  /** The history was looked at: the badge goes on all devices. */
  seen() {
    if (!this.c.state().account.badges.missed) return;
    this.#quietly('calls_seen', {});
  }

  // ---- from the state to rooms and sounds

  /** Called after each change of the state. */
  follow() {
    const { ring } = this.c.state();
    for (const r of inPhase(ring, 'here')) if (r.room) this.#enter(r.call, r.room);
    for (const r of [...inPhase(ring, 'outgoing'), ...inPhase(ring, 'incoming')]) this.#prepare(r);
    for (const [call, room] of this.inside) {
      if (['here', 'incoming', 'outgoing'].includes(ring.calls[call]?.phase)) continue;
      // Of a group the others stay, and so does one.
      if (this.groups.has(room) && !ring.calls[call]) this.inside.delete(call);
      else this.#leave(call, room);
    }
    this.#tellVideo();
    this.#giveBack();
    const incoming = inPhase(ring, 'incoming').filter((r) => !r.asked);
    const busy = inPhase(ring, 'here').length > 0;
    const out = inPhase(ring, 'outgoing').length > 0;
    this.ringer.play(incoming.length ? (busy ? 'waiting' : 'incoming') : out ? 'outgoing' : null);
  }

  /** @param {string} call @param {string} room */
  async #enter(call, room) {
    const { c } = this;
    if (this.entering.has(room)) return;
    if (c.state().rooms[room]) {
      if (!this.shown.has(call)) this.rooms.show(room); // it was prepared, or it is that of a reloaded page
      this.shown.add(call);
      this.inside.set(call, room);
      return;
    }
    if (this.shown.has(call)) return; // one is being put out of it
    this.entering.add(room);
    try {
      this.shown.add(call);
      await this.rooms.enterCall(room);
      this.inside.set(call, room);
    } catch (e) {
      c.toast('error', codeOf(e));
      c.dispatch({ type: 'ring/drop', call });
    } finally {
      this.entering.delete(room);
    }
    this.follow();
  }

  /** While it rings the way to the other is made already: after the answer the first picture is quick.
   * @param {import('../domain/ring.js').Ring} r */
  async #prepare({ call, room }) {
    const { c } = this;
    const elsewhere = Object.values(c.state().rooms).some((x) => x.media);
    if (!room || elsewhere || this.entering.size || this.prepared.has(call) || !c.sig.token) return;
    this.prepared.add(call);
    this.entering.add(room);
    try {
      await this.rooms.enterCall(room, true);
      this.inside.set(call, room);
    } catch (e) {
      c.log.info('call', `not prepared: ${codeOf(e)}`);
    } finally {
      this.entering.delete(room);
    }
    this.follow();
  }

  /** @param {string} call @param {string} room */
  #leave(call, room) {
    this.shown.delete(call);
    this.seenIn.delete(call);
    this.prepared.delete(call);
    this.inside.delete(call);
    this.rooms.leave(room);
  }

  /** Who holds a call has no place of the mesh, and has it again afterwards.
   * @param {string} room @param {boolean} on */
  ownMedia(room, on) {
    const r = this.c.state().rooms[room];
    if (r && r.media !== on && callOfRoom(this.c.state().ring, room)) this.c.dispatch({ type: 'room/media', room, on });
  }

  /** Whether camera and microphone are to be silent in the room in view. */
  held() {
    const { ring } = this.c.state();
    const room = Object.values(this.c.state().rooms).find((r) => r.media);
    return isHeld(ring, room?.id ?? null);
  }

  /** Whether a room is that of a call that nobody has answered yet. @param {string | undefined} room */
  hushed(room) {
    const rings = (/** @type {import('../domain/ring.js').Ring} */ r) => r.room === room && r.state === 'ringing';
    return !!room && Object.values(this.c.state().ring.calls).some(rings);
  }

  /** Whether a room is that of a call under way. @param {string | undefined} room */
  answered(room) {
    return !!room && !!callOfRoom(this.c.state().ring, room);
  }

  /** Whether it rings for a room, and the two are no favourites who wish to know each other's addresses then.
   * @param {string | undefined} room */
  relaysFirst(room) {
    const early = Object.values(this.c.state().ring.calls).some((r) => r.room === room && r.early);
    return !early && this.hushed(room) && !this.answered(room);
  }

  /** Whether devices are to be ready: one is calling, or has just accepted. */
  warm() {
    const { ring, rooms } = this.c.state();
    return calling(ring) || inPhase(ring, 'incoming').some((r) => r.asked === 'accept')
      || inPhase(ring, 'here').some((r) => r.room && !rooms[r.room]);
  }
}
