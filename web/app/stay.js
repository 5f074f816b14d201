// Rooms that stay, as they are made, managed, found, joined and left. What is said in them is in convs.js.
import { uploadPicture } from './account.js';
import { ask } from './ask.js';
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./convs.js').Convs} Convs */
/** @typedef {import('../domain/stay.js').WayIn} WayIn */

const PAGE = 50;
const SEARCH_MS = 250;

export class Stay {
  /** @param {Context} c @param {import('../net/api.js').Api} api @param {Convs} convs */
  constructor(c, api, convs) {
    this.c = c;
    this.api = api;
    this.convs = convs;
    this.searched = 0;
    /** @type {any} */
    this.timer = null;
  }

  /** @param {string} conv @param {any} type @param {Record<string, any>} [fields] */
  #do(conv, type, fields = {}) {
    return this.convs.ask(type, { conv, ...fields });
  }

  // ---- made, described, archived

  /** @param {{title: string, topic?: string, public?: boolean, unlisted?: boolean}} fields
   * @param {string} password  "": none */
  async make(fields, password) {
    const answer = await ask(this.c, 'room_make', () => this.c.sig.request('room_make', fields));
    if (!answer) return;
    this.#enter(answer.conv);
    if (password) await this.#do(answer.conv.conv, 'room_password', { password });
  }

  /** @param {import('../domain/convs.js').Conv} conv */
  #enter(conv) {
    this.c.dispatch({ type: 'screen/home', tab: 'messages' });
    this.c.dispatch({ type: 'convs/put', conv });
    this.convs.open(conv.conv);
    if (!this.convs.s.loaded) this.convs.load();
  }

  /** @param {string} conv @param {{title?: string, topic?: string, public?: boolean, unlisted?: boolean,
   *   retention_s?: number}} fields
   * @param {string} [password]  "": none any more */
  edit(conv, fields, password) {
    const { sig } = this.c;
    return ask(this.c, 'room_edit', async () => {
      if (Object.keys(fields).length) await sig.request('room_edit', { conv, ...fields });
      if (password !== undefined) await sig.request('room_password', { conv, password });
      return true;
    });
  }

  /** @param {string} conv @param {{small: Blob, large: Blob} | null} picture  null takes it away */
  setPicture(conv, picture) {
    return ask(this.c, 'room_picture', async () => this.c.sig.request('room_picture', { conv, ...(picture
      ? { upload: await uploadPicture(this.c, this.api, picture) } : { none: true }) }));
  }

  /** @param {string} conv @param {boolean} on */
  archive(conv, on) {
    return this.#do(conv, 'room_archive', { on });
  }

  // ---- who is in it

  /** @param {string} conv @param {string} user @param {string} role */
  async setMember(conv, user, role) {
    await this.#do(conv, 'member_set', { user, role });
    await this.convs.loadMembers(conv);
  }

  /** @param {string} conv @param {string} user */
  async inviteUser(conv, user) {
    await this.#do(conv, 'room_invite', { user });
    await this.convs.loadMembers(conv);
  }

  // ---- links that lead in

  /** @param {string} conv */
  async loadLinks(conv) {
    const answer = await this.#do(conv, 'room_links');
    if (answer) this.c.dispatch({ type: 'stay/links', conv, links: answer.links });
  }

  /** @param {string} conv @param {{uses: number, ttl_s: number}} how
   * @returns {Promise<string | undefined>} the address to pass on */
  async makeLink(conv, how) {
    const answer = await ask(this.c, 'room_link', () => this.c.sig.request('room_invite', { conv, ...how }));
    if (!answer) return undefined;
    this.loadLinks(conv);
    return `${this.c.env.server}${answer.url_path}`;
  }

  /** @param {string} conv @param {string} key */
  async endLink(conv, key) {
    await this.#do(conv, 'room_link_end', { key });
    await this.loadLinks(conv);
  }

  // ---- in and out

  /** @param {WayIn} way @param {string} [password] */
  async join(way, password) {
    const { c } = this;
    const answer = await ask(c, 'room_join', () => c.sig.request('room_join', { ...way, ...(password ? { password } : {}) }));
    const error = c.state().account.asks.room_join?.error;
    const locked = !answer && (error === 'password_required' || password !== undefined);
    c.dispatch({ type: 'stay/locked', way: locked ? way : null });
    if (answer) return this.#enter(answer.conv);
    if ('link' in way) c.dispatch({ type: 'screen/home', tab: 'messages' });
    if (!locked && error) c.toast('error', error);
  }

  /** The password of the room is not known. */
  stayOut() {
    this.c.dispatch({ type: 'stay/locked', way: null });
  }

  /** @param {string} conv */
  async leave(conv) {
    if (await this.#do(conv, 'room_leave')) this.c.dispatch({ type: 'convs/gone', conv });
  }

  // ---- public ones

  /** @param {string} query @param {boolean} [more] */
  search(query, more = false) {
    const { c } = this;
    const { open } = c.state().stay;
    const after = more ? open.next : null;
    const seq = ++this.searched;
    c.clock.cancel(this.timer);
    c.dispatch({ type: 'stay/asking', query, seq });
    this.timer = c.clock.after(async () => {
      const text = query.trim();
      try {
        const { rooms, next } = await c.sig.request('rooms_public', { limit: PAGE, ...(text ? { query: text } : {}), ...(after ? { after } : {}) });
        c.dispatch({ type: 'stay/found', rooms, next, more, seq });
      } catch (e) {
        c.dispatch({ type: 'stay/failed', error: codeOf(e), seq });
      }
    }, query === open.query || more ? 0 : SEARCH_MS);
  }
}

/** @param {Stay} v */
export const stayActions = (v) => ({
  make: v.make.bind(v), edit: v.edit.bind(v), setPicture: v.setPicture.bind(v), archive: v.archive.bind(v),
  setMember: v.setMember.bind(v), inviteUser: v.inviteUser.bind(v), loadLinks: v.loadLinks.bind(v),
  makeLink: v.makeLink.bind(v), endLink: v.endLink.bind(v), join: v.join.bind(v), leave: v.leave.bind(v),
  search: v.search.bind(v), stayOut: v.stayOut.bind(v),
});
