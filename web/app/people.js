// The directory: searching, whose presence is watched, favourites, blocks, call links.
import { watched } from '../domain/people.js';
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/people.js').Only} Only */

const TYPING_MS = 180;
const WATCH_MS = 150;
const IDLE_MS = 5 * 60_000;
const STIR_MS = 1000;
const FRESH_MS = 30_000;
const HEARD_MS = 10_000;

export class People {
  /** @param {Context} c */
  constructor(c) {
    this.c = c;
    this.seq = 0;
    /** What the server was last asked to watch. */
    this.watching = '';
    /** @type {any} */
    this.typing = null;
    /** @type {any} */
    this.watchTimer = null;
    /** @type {any} */
    this.idleTimer = null;
    this.idle = false;
    /** @type {any} */
    this.freshTimer = null;
    this.freshened = -HEARD_MS;
    this.stirred = -STIR_MS;
    this.open = false;
  }

  /** A new session watches nobody yet. */
  begun() {
    this.watching = '';
    this.idle = false;
    this.stir();
    const { account, people } = this.c.state();
    if (!account.user) return;
    if (this.open) this.#list(people.list.query, people.list.only);
    this.#watchSoon();
  }

  /** The list is in view. @param {boolean} on */
  show(on) {
    this.open = on;
    const { list } = this.c.state().people;
    if (on && this.c.state().account.user) this.#list(list.query, list.only);
    this.#watchSoon();
    this.c.clock.cancel(this.freshTimer);
    if (on) this.#freshLater();
  }

  #freshLater() {
    this.freshTimer = this.c.clock.after(() => {
      this.#freshLater();
      this.#fresh();
    }, FRESH_MS);
  }

  /** Somebody calls or writes; whom one does not know may be new. @param {string | undefined} user */
  heard(user) {
    const { account, people } = this.c.state();
    if (!this.open || !user || user === account.user?.user || people.known[user]) return;
    if (this.c.clock.now() - this.freshened >= HEARD_MS) this.#fresh();
  }

  /** Who has registered since the whole list was asked for comes into it, while somebody looks. */
  async #fresh() {
    const { c } = this;
    const { account, people: { list } } = c.state();
    if (!account.user || this.idle || list.query || list.only || list.busy || !list.loaded) return;
    this.freshened = c.clock.now();
    try {
      const { people, next } = await c.sig.request('people', {});
      c.dispatch({ type: 'people/fresh', people, next, seq: list.seq });
      this.#watchSoon();
    } catch (e) {
      c.log.info('people', codeOf(e)); // the list stays as it is
    }
  }

  /** @param {string} query @param {Only} only */
  search(query, only) {
    const { list } = this.c.state().people;
    this.c.clock.cancel(this.typing);
    const now = only !== list.only || !query;
    this.typing = this.c.clock.after(() => this.#list(query.trim(), only), now ? 0 : TYPING_MS);
  }

  more() {
    const { list } = this.c.state().people;
    if (list.next && !list.busy) this.#list(list.query, list.only, list.next);
  }

  /** @param {string} query @param {Only} only @param {string} [after] */
  async #list(query, only, after) {
    const { c } = this;
    const seq = ++this.seq;
    const more = !!after;
    c.dispatch({ type: 'people/asked', query, only, more, seq });
    try {
      const fields = { ...(query ? { query } : {}), ...(only ? { only } : {}), ...(after ? { after } : {}) };
      const { people, next } = await c.sig.request('people', fields);
      c.dispatch({ type: 'people/list', people, next, more, seq });
      this.#watchSoon();
    } catch (e) {
      c.dispatch({ type: 'people/refused', seq, error: codeOf(e) });
    }
  }

  #watchSoon() {
    this.c.clock.cancel(this.watchTimer);
    this.watchTimer = this.c.clock.after(() => this.#watch(), WATCH_MS);
  }

  async #watch() {
    const { c } = this;
    const { account, people } = c.state();
    const users = !account.user ? [] : this.open ? watched(people) : people.chosen ? [people.chosen] : [];
    const key = users.join();
    if (key === this.watching || !c.sig.token) return;
    this.watching = key;
    try {
      const { people: changed } = await c.sig.request('people_watch', { users });
      c.dispatch({ type: 'people/presence', changed: changed ?? [] });
    } catch {
      this.watching = '';
    }
  }

  /** @param {string | null} user */
  choose(user) {
    this.c.dispatch({ type: 'people/choose', user });
    this.#watchSoon();
    if (user && !this.c.state().people.known[user]) this.#load({ user }).catch((e) => this.c.toast('warn', codeOf(e)));
  }

  /** @param {{user: string} | {name: string}} who */
  async #load(who) {
    const { person } = await this.c.sig.request('person', who);
    this.c.dispatch({ type: 'people/put', people: [person] });
    return person;
  }

  /** A call link: the card of somebody, by name. @param {string} name */
  async openLink(name) {
    const { c } = this;
    c.dispatch({ type: 'screen/home', tab: 'people' });
    c.dispatch({ type: 'people/link', link: { name, error: null } });
    try {
      const person = await this.#load({ name });
      this.choose(person.user);
    } catch (e) {
      c.dispatch({ type: 'people/link', link: { name, error: codeOf(e) } });
    }
  }

  closeLink() {
    this.c.dispatch({ type: 'people/link', link: null });
  }

  /** At once, and taken back when it was refused.
   * @param {'favourite' | 'block'} what @param {string} user @param {boolean} on */
  async mark(what, user, on) {
    const field = what === 'block' ? 'blocked' : 'favourite';
    this.c.dispatch({ type: 'people/patch', user, patch: { [field]: on } });
    try {
      await this.c.sig.request(what, { user, on });
    } catch (e) {
      this.c.dispatch({ type: 'people/patch', user, patch: { [field]: !on } });
      this.c.toast('error', codeOf(e));
    }
  }

  // ---- away

  /** Somebody is in front of this page. Who moves the mouse says so many times a second. */
  stir() {
    const now = this.c.clock.now();
    if (!this.idle && now - this.stirred < STIR_MS) return;
    this.stirred = now;
    this.#tell(false);
    this.c.clock.cancel(this.idleTimer);
    this.idleTimer = this.c.clock.after(() => this.#tell(true), IDLE_MS);
  }

  /** @param {boolean} on */
  #tell(on) {
    if (on === this.idle || !this.c.state().account.user) return;
    // Who talks is not idle, whatever the hands do.
    if (on && Object.values(this.c.state().ring.calls).some((r) => r.phase === 'here')) return this.stir();
    this.idle = on;
    this.c.sig.notify('idle', { on });
  }

  /** @param {any} e */
  event(e) {
    if (e.type === 'presence') this.c.dispatch({ type: 'people/presence', changed: e.changed });
    else this.c.dispatch({ type: 'people/put', people: [e.person] });
  }
}
