// Going into rooms, staying in them over reloads and restarts of the server, and going out.
import { shownState } from '../domain/call.js';
import { leaveHandoff, takeHandoff } from '../net/handoff.js';
import { OtherTabs } from '../net/other_tabs.js';
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../net/protocol.js').Joined} Joined */
/** @typedef {import('../net/protocol.js').JoinFields} JoinFields */

const TICKET_MS = 5 * 60_000;
const SWITCH_MS = 300;
const RECLAIM_MS = [500, 2000, 5000, 10_000, 20_000];
/** What passes by itself: asked again. */
const PASSING = new Set(['busy', 'rate', 'session_lost']);

export class Rooms {
  /** @param {Context} c */
  constructor(c) {
    this.c = c;
    /** @type {import('../net/handoff.js').Handoff | null} of the page that this one was reloaded from */
    this.handoff = c.env.tab ? takeHandoff(c.env.tab, Date.now()) : null;
    if (this.handoff) c.dispatch({ type: 'self/former', session: this.handoff.session });
    /** @type {Set<string>} rooms where one's place of the mesh is asked for again */
    this.reclaiming = new Set();
    /** @type {Map<string, any>} */
    this.tickets = new Map();
    /** @type {JoinFields[]} to go back to once a session has begun */
    this.returning = [];
    this.tabs = new OtherTabs({
      channel: c.env.channel('madang-rooms'), clock: c.clock,
      amIn: (room) => !!c.state().rooms[room], onSwitch: (room) => this.#switchedAway(room),
    });
    c.bus.on('joined', ({ joined }) => this.#keepTicket(joined.room.room));
    c.bus.on('event', (e) => {
      if (e.type === 'room_changed') this.renewTicket(e.room.room);
    });
    /** @type {string | null} where one waits to be let in */
    this.outside = null;
    c.store.subscribe((state) => this.#goneAway(state.prejoin));
  }

  // ---- sessions

  /** Rooms that a new session is to be in. @returns {JoinFields[]} */
  #wanted() {
    const { rooms, current } = this.c.state();
    const rank = (/** @type {{media: boolean, room: string}} */ r) =>
      2 * Number(r.media) + Number(r.room === current);
    const own = Object.values(rooms).map((r) => ({
      room: r.id, ticket: r.ticket ?? undefined, media: r.media || r.mediaFull,
    })).sort((a, b) => rank(b) - rank(a));
    const left = own.length ? [] : this.handoff?.rooms ?? [];
    const shown = this.shown();
    const { mic, cam } = shown;
    return [...own, ...left].map((r) => ({ ...r, ticket: r.ticket || undefined, mic, cam }));
  }

  /** @returns {import('../net/protocol.js').HelloFields} */
  hello() {
    const { intent, self, account } = this.c.state();
    const [join, ...rest] = this.#wanted();
    this.returning = rest;
    this.first = join?.room;
    const replaces = this.handoff?.token ?? this.c.sig.lostToken;
    const badName = this.c.sig.state.error === 'bad_name';
    return {
      name: badName ? '' : account.user?.display || intent.name || self.name || this.handoff?.name, lang: this.c.env.lang, client: 'madang-web/0.1',
      ...(join ? { join } : {}), ...(replaces ? { replaces } : {}),
    };
  }

  /** A page that was reloaded goes back without asking. */
  expect() {
    const { prejoin } = this.c.state();
    if (prejoin && this.handoff?.rooms.some((r) => r.room === prejoin.room)) {
      this.c.dispatch({ type: 'prejoin/set', patch: { busy: true } });
    } else if (this.handoff) this.handoff = { ...this.handoff, rooms: [], current: null };
  }

  /** A session has begun. @param {import('../net/protocol.js').HelloAck} ack */
  begun(ack) {
    const { handoff, first } = this;
    this.handoff = null;
    if (ack.joined) this.entered(ack.joined);
    else if (ack.join_error && first) this.#notBack(first, ack.join_error.code, ack.join_error.retry_ms);
    for (const fields of this.returning.splice(0)) this.#goBack(fields);
    this.#waitAgain();
    const { rooms, screen } = this.c.state();
    if (handoff?.current && rooms[handoff.current] && screen !== 'room') this.show(handoff.current);
  }

  /** @param {JoinFields} fields */
  async #goBack(fields) {
    try {
      this.entered(await this.c.sig.request('join', fields));
    } catch (e) {
      this.#notBack(fields.room, codeOf(e), /** @type {any} */ (e).retryMs);
    }
  }

  /** @param {string} room @param {string} code @param {number} [retryMs] */
  #notBack(room, code, retryMs) {
    const { c } = this;
    if (code === 'session_lost' || code === 'already_joined') return;
    this.c.log.warn('rooms', `not back in ${room}: ${code}`);
    const fields = [...this.#wanted()].find((f) => f.room === room);
    if (PASSING.has(code) && fields) {
      c.clock.after(() => { if (c.sig.token) this.#goBack(fields); }, retryMs || 1000);
      return;
    }
    const { current, prejoin } = c.state();
    const shown = current === room || prejoin?.room === room;
    this.#out(room);
    if (!shown) return;
    c.dispatch({ type: 'prejoin/open', room });
    if (code === 'lobby') return void this.#knock(room);
    c.dispatch({ type: 'prejoin/set', patch: { error: code, recorded: code === 'recorded' } });
  }

  // ---- in and out

  shown() {
    const { intent, media } = this.c.state();
    return shownState(intent, media);
  }

  /** @param {Joined} joined @param {boolean} [wantedMedia] */
  entered(joined, wantedMedia = true) {
    const { c } = this;
    const before = c.state().rooms[joined.room.room];
    const again = !!before;
    if (before?.media && !joined.media) this.#reclaim(joined.room.room, 0);
    const former = c.state().self.former;
    const ghosts = again ? this.ghosts() : [];
    c.dispatch({ type: 'room/joined', joined, now: Date.now(), former, ghosts, wantedMedia });
    c.bus.emit('joined', { joined, again });
  }

  /** One's place of the mesh is taken, most likely by one's own former session, which soon goes.
   * @param {string} room @param {number} tries */
  #reclaim(room, tries) {
    const { c } = this;
    this.reclaiming.add(room);
    c.clock.after(async () => {
      try {
        const { media } = await c.sig.request('media', { room, on: true });
        this.reclaiming.delete(room);
        c.dispatch({ type: 'room/media', room, on: media, full: !media });
      } catch (e) {
        const left = RECLAIM_MS[tries + 1] !== undefined && codeOf(e) === 'media_full' && c.state().rooms[room];
        if (left) return this.#reclaim(room, tries + 1);
        this.reclaiming.delete(room);
        c.dispatch({ type: 'room/notice', room, code: 'media_full', now: Date.now() });
      }
    }, RECLAIM_MS[tries]);
  }

  /** Sessions that are connected directly although the server does not know them. @returns {string[]} */
  ghosts = () => [];

  /** @param {{room: string, link?: string} | {create: Record<string, any>}} what  link: of one that stays */
  prepare(what) {
    const { rooms } = this.c.state();
    if ('room' in what && rooms[what.room]) return this.show(what.room);
    this.c.dispatch({ type: 'prejoin/open', ...what });
    if ('room' in what && !what.link) this.look(what.room);
  }

  /** What is behind the door. @param {string} room */
  look = (room) => { this.c.log.debug('rooms', `to ${room}`); };

  /** @param {{password?: string, recorded?: boolean}} [how]  recorded: agrees to being so */
  async join({ password, recorded } = {}) {
    const { c } = this;
    const p = c.state().prejoin;
    if (!p || p.busy) return;
    c.dispatch({ type: 'prejoin/set', patch: { busy: true, error: null, retryAt: null, otherTab: false } });
    if (p.room && !this.answered && await this.tabs.ask(p.room)) {
      this.how = { password, recorded };
      return c.dispatch({ type: 'prejoin/set', patch: { busy: false, otherTab: true } });
    }
    this.answered = false;
    this.password = password;
    const media = !Object.values(c.state().rooms).some((r) => r.media) && c.state().support.webrtc;
    const { mic, cam } = this.shown();
    try {
      const joined = p.room
        ? await c.sig.request('join', { room: p.room, media, mic, cam, ...(p.link ? { link: p.link } : {}), ...(password ? { password } : {}), ...(recorded ? { recorded } : {}) })
        : await c.sig.request('create', { ...clean(p.create), media, mic, cam });
      if (c.state().prejoin?.room !== p.room) return void c.sig.request('leave', { room: joined.room.room });
      this.entered(joined, media);
      this.show(joined.room.room);
    } catch (e) {
      this.#refused(codeOf(e), /** @type {any} */ (e).retryMs, p.room);
    }
  }

  /** Into the room of a call, without a door.
   * @param {string} room @param {boolean} [quietly]  it rings: the way is prepared, and nothing is shown */
  async enterCall(room, quietly = false) {
    const { c } = this;
    const media = c.state().support.webrtc; // the server knows which call is in the foreground
    const { mic, cam } = this.shown();
    try {
      this.entered(await c.sig.request('join', { room, media, mic, cam }), media);
    } catch (e) {
      if (codeOf(e) === 'recorded') return this.#askedAtDoor(room);
      if (codeOf(e) !== 'already_joined') throw e;
    }
    if (!quietly) this.show(room);
  }

  /** @param {string} room */
  #askedAtDoor(room) {
    this.c.dispatch({ type: 'prejoin/open', room });
    this.c.dispatch({ type: 'prejoin/set', patch: { error: 'recorded', recorded: true } });
  }

  /** @param {string} code @param {number | undefined} retryMs @param {string | null} room */
  #refused(code, retryMs, room) {
    const { c } = this;
    if (code === 'already_joined' && room) return this.show(room);
    if (code === 'lobby' && room) return void this.#knock(room);
    const retryAt = retryMs ? Date.now() + retryMs : null;
    const asked = code === 'recorded' ? { recorded: true, waiting: false } : {};
    c.dispatch({ type: 'prejoin/set', patch: { busy: false, error: code === 'session_lost' ? 'lost' : code, retryAt, ...asked } });
  }

  // ---- outside of a room whose people are let in one by one

  /** Whoever moderates is told, and it goes on by itself. @param {string} room */
  async #knock(room) {
    const { c } = this;
    this.outside = room;
    try {
      await c.sig.request('knock', { room });
      const waiting = this.outside === room; // the answer may have been as quick
      if (waiting) c.dispatch({ type: 'prejoin/set', patch: { busy: false, error: null, retryAt: null, waiting } });
    } catch (e) {
      const code = codeOf(e);
      if (code === 'session_lost') return; // begun() knocks again
      this.outside = null;
      this.#refused(code, /** @type {any} */ (e).retryMs, room);
    }
  }

  /** The answer from inside. @param {{room: string, on: boolean}} e */
  admitted({ room, on }) {
    if (this.outside !== room) return;
    this.outside = null;
    const error = on ? null : 'not_admitted';
    this.c.dispatch({ type: 'prejoin/set', patch: { waiting: false, busy: false, error } });
    this.answered = true;
    if (on) this.join({ password: this.password });
  }

  /** Whoever looks elsewhere does not wait.
   * @param {import('../domain/types.js').PrejoinState | null} prejoin */
  #goneAway(prejoin) {
    const { outside } = this;
    if (!outside || prejoin?.room === outside) return;
    this.outside = null;
    this.c.sig.request('knock', { room: outside, on: false }).catch(() => {});
  }

  /** The server knows nothing of it any more. */
  #waitAgain() {
    if (!this.outside) return;
    this.outside = null;
    this.c.dispatch({ type: 'prejoin/set', patch: { waiting: false, busy: false } });
    this.answered = true;
    this.join({ password: this.password });
  }

  /** @param {'switch'|'muted'|'cancel'} answer */
  async answerOtherTab(answer) {
    const { c } = this;
    const p = c.state().prejoin;
    if (!p?.otherTab || !p.room) return;
    c.dispatch({ type: 'prejoin/set', patch: { otherTab: false } });
    if (answer === 'cancel') return;
    if (answer === 'muted') c.dispatch({ type: 'intent/set', patch: { mic: false }, passing: true });
    if (answer === 'switch') {
      this.tabs.takeOver(p.room);
      await new Promise((resolve) => { c.clock.after(() => resolve(null), SWITCH_MS); });
    }
    this.answered = true;
    await this.join(this.how);
  }

  /** @param {string} room */
  #switchedAway(room) {
    // In this order: the address stays that of the room, so that one can go on here.
    if (this.c.state().current === room) this.c.dispatch({ type: 'screen/over', code: 'switched' });
    this.leave(room);
  }

  /** @param {string} room */
  show(room) {
    if (this.c.state().rooms[room]) this.c.dispatch({ type: 'screen/room', room });
  }

  /** @param {string | null} [room] */
  leave(room = this.c.state().current) {
    if (!room || !this.c.state().rooms[room]) return;
    this.c.sig.request('leave', { room }).catch(() => {});
    this.#out(room);
  }

  /** The server says that oneself is not in the room any more. @param {any} e */
  putOut(e) {
    const shown = this.c.state().current === e.room;
    this.#out(e.room);
    if (e.reason !== 'removed') return;
    if (shown) this.c.dispatch({ type: 'screen/over', code: 'removed' });
    else this.c.toast('warn', 'removed');
  }

  /** @param {string} room */
  #out(room) {
    this.c.clock.cancel(this.tickets.get(room));
    this.tickets.delete(room);
    this.c.dispatch({ type: 'room/gone', room });
    this.c.bus.emit('out', room);
  }

  // ---- what keeps the way back open

  /** @param {string} room */
  #keepTicket(room) {
    this.c.clock.cancel(this.tickets.get(room));
    this.tickets.set(room, this.c.clock.after(() => this.renewTicket(room), TICKET_MS));
  }

  /** @param {string} room */
  async renewTicket(room) {
    this.#keepTicket(room);
    try {
      const { ticket } = await this.c.sig.request('ticket', { room });
      this.c.dispatch({ type: 'room/ticket', room, ticket });
    } catch (e) {
      this.c.log.info('rooms', `ticket: ${codeOf(e)}`);
    }
  }

  /** The page goes: the next one in this tab takes over. */
  handOff() {
    const { c } = this;
    const { rooms, current, self } = c.state();
    // Of a session that is over already too: its rooms are to be found again all the same.
    const token = c.sig.token ?? c.sig.lostToken;
    if (!c.env.tab || !token || !self.session) return;
    const kept = Object.values(rooms).map((r) => (
      { room: r.id, ticket: r.ticket ?? '', media: r.media || r.mediaFull }));
    const { session, name } = self;
    leaveHandoff(c.env.tab, { token, session, name, rooms: kept, current }, Date.now());
  }
}

/** @param {Record<string, any> | null} fields */
const clean = (fields) => Object.fromEntries(
  Object.entries(fields ?? {}).filter(([, v]) => v !== '' && v !== undefined && v !== null));
