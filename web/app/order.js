// Keeping order: hands, asking people to be quiet or seeing to it, letting in who waits, tokens of programs;
// and heeding what is asked of oneself.
import { barredIn, hands, mediaRoom, others } from '../domain/order.js';
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/types.js').RoomState} RoomState */
/** @typedef {'mic'|'camera'|'screen'} Kind */

/** What one can be muted for. */
export const KINDS = /** @type {const} */ (['mic', 'camera', 'screen']);
/** Many are asked one after the other; a server that has enough of it says when to go on. */
const TRIES = 5;

export class Order {
  /** @param {Context} c
   * @param {{screen: {stop: () => void}, ringer: {once: (tune: 'knock') => void}}} parts */
  constructor(c, { screen, ringer }) {
    this.c = c;
    this.screen = screen;
    this.ringer = ringer;
    /** @type {{room: string, barred: import('../domain/order.js').Barred}} */
    this.was = { room: '', barred: { mic: '', camera: '', screen: '' } };
  }

  /** What the room reducer has taken already. @param {any} e */
  event(e) {
    const r = this.c.state().rooms[e.room];
    if (!r) return;
    if (e.type === 'knocking' && e.on) this.ringer.once('knock');
    if (e.type === 'mute_request' && e.kind === 'hand') {
      this.c.toast('info', 'hand_lowered', { name: r.people[e.by]?.name ?? '' });
    }
  }

  /** After each change: what one may not do is not done, and does not begin again by itself. */
  follow() {
    const { c } = this;
    const state = c.state();
    const r = mediaRoom(state);
    if (!r) return;
    const barred = barredIn(state, r);
    if (barred.screen && state.media.screen.phase === 'live') this.screen.stop();
    const patch = {
      ...(barred.mic === 'muted' && state.intent.mic ? { mic: false } : {}),
      ...(barred.camera === 'muted' && state.intent.cam ? { cam: false } : {}),
    };
    if (Object.keys(patch).length) c.dispatch({ type: 'intent/set', patch, passing: true });
    if (r.asked && this.#done(r)) c.dispatch({ type: 'room/heeded', room: r.id });
    this.#lifted(r.id, barred);
  }

  /** There is nothing left of what one was asked. @param {RoomState} r */
  #done({ asked, self, people }) {
    const { intent, media } = this.c.state();
    if (asked?.hard) return !people[self]?.muted.includes(asked.kind);
    if (asked?.kind === 'mic') return !intent.mic || intent.listenOnly;
    return asked?.kind === 'camera' ? !intent.cam || intent.listenOnly : media.screen.phase !== 'live';
  }

  /** One is told when one may again. @param {string} room @param {import('../domain/order.js').Barred} now */
  #lifted(room, now) {
    const before = this.was.room === room ? this.was.barred : now;
    this.was = { room, barred: now };
    for (const kind of KINDS) {
      if (before[kind] === 'muted' && !now[kind]) this.c.toast('info', `may_${kind}`);
    }
  }

  // ---- what the person does

  /** @param {boolean} on */
  hand(on) {
    this.#say(this.c.sig.request('state', { hand: on }));
  }

  /** One may not: why. @param {Kind} kind */
  why(kind) {
    const why = barredIn(this.c.state(), mediaRoom(this.c.state()))[kind];
    if (why) this.c.toast('info', `barred_${why}_${kind}`);
  }

  /** What one was asked is seen. */
  heeded() {
    const r = this.#room();
    if (r) this.c.dispatch({ type: 'room/heeded', room: r.id });
  }

  // ---- those who moderate

  /** @param {string} session @param {Kind | 'hand'} kind @param {{hard?: boolean, on?: boolean}} [how] */
  mute(session, kind, { hard = false, on = true } = {}) {
    const r = this.#room();
    if (r) this.#say(this.c.sig.request('room_mute', { room: r.id, session, kind, hard, on }));
  }

  /** Everybody who can be heard is asked, or muted; or all who were muted may speak again.
   * @param {'ask'|'mute'|'lift'} how */
  async muteAll(how) {
    const r = this.#room();
    if (!r) return;
    const people = others(r, how === 'lift' ? 'muted' : 'quiet');
    await this.#each(people, (session) => this.c.sig.request('room_mute',
      { room: r.id, session, kind: 'mic', hard: how === 'mute', on: how !== 'lift' }));
    if (how === 'ask') this.c.toast('info', 'all_asked');
  }

  async lowerAll() {
    const r = this.#room();
    if (r) await this.#each(hands(r), (session) => this.c.sig.request('room_mute', { room: r.id, session, kind: 'hand' }));
  }

  /** @param {string} session @param {boolean} on */
  admit(session, on) {
    const r = this.#room();
    if (r) this.#say(this.c.sig.request('room_admit', { room: r.id, session, on }));
  }

  async admitAll() {
    const r = this.#room();
    if (r) await this.#each(r.knocks, (session) => this.c.sig.request('room_admit', { room: r.id, session, on: true }));
  }

  /** @param {{publish: boolean, view: boolean, ttl_s: number}} terms
   * @returns {Promise<{token: string} | {error: string}>} */
  async token(terms) {
    const r = this.#room();
    try {
      if (!r?.room.programs) await this.c.sig.request('room_set', { room: r?.id ?? '', programs: true });
      return { token: (await this.c.sig.request('media_token', { room: r?.id ?? '', ...terms })).token };
    } catch (e) {
      return { error: codeOf(e) };
    }
  }

  #room() {
    const { rooms, current } = this.c.state();
    return current ? rooms[current] : undefined;
  }

  /** @param {Promise<unknown>} asked */
  #say(asked) {
    asked.catch((e) => this.c.toast('error', codeOf(e)));
  }

  /** One after the other; who is gone, or of a higher role, is passed over.
   * @param {readonly {session: string}[]} people @param {(session: string) => Promise<unknown>} ask */
  async #each(people, ask) {
    for (const { session } of people) {
      for (let tries = 0; tries < TRIES; tries++) {
        try {
          await ask(session);
          break;
        } catch (e) {
          const { code, retryMs } = /** @type {any} */ (e);
          if (code !== 'rate') break;
          await new Promise((resolve) => { this.c.clock.after(() => resolve(null), retryMs ?? 1000); });
        }
      }
    }
  }
}

/** What views may call. @param {Order} order */
export const orderActions = (order) => ({
  hand: order.hand.bind(order), why: order.why.bind(order), heeded: order.heeded.bind(order),
  mute: order.mute.bind(order), muteAll: order.muteAll.bind(order), lowerAll: order.lowerAll.bind(order),
  admit: order.admit.bind(order), admitAll: order.admitAll.bind(order), token: order.token.bind(order),
});
