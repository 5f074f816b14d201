// One's account: signing in and out, what one is called, who else is signed in as oneself, invitations.
import { ask } from './ask.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/account.js').Me} Me */
/** @typedef {import('../domain/account.js').Settings} Settings */

const KNOWN_KEY = 'madang.signed_in';

/** A picture of somebody or of a room, in two sizes, cut already.
 * @param {Context} c @param {import('../net/api.js').Api} api @param {{small: Blob, large: Blob}} picture
 * @returns {Promise<{small: string, large: string}>} what they are called now */
export async function uploadPicture(c, api, { small, large }) {
  const sent = async (/** @type {Blob} */ data) => {
    const { upload } = await c.sig.request('upload', { size: data.size, name: 'picture', mime: data.type });
    await api.put(upload, data);
    return /** @type {string} */ (upload);
  };
  return { small: await sent(small), large: await sent(large) };
}

export class Account {
  /** @param {Context} c @param {import('../net/api.js').Api} api */
  constructor(c, api) {
    this.c = c;
    this.api = api;
    this.channel = c.env.channel('madang-account');
    this.channel.onmessage = () => this.#elsewhere();
    /** What to do once one is signed in: a call link. @type {(() => void) | null} */
    this.next = null;
    /** The same, where one may go on as a guest, too. @type {(() => void) | null} */
    this.nextIfKnown = null;
    this.leaving = false;
    /** Grows when it becomes known anew who one is: an answer asked for before that is of yesterday. */
    this.news = 0;
  }

  /** Whether somebody was signed in here the last time: which screen to begin with.
   * @param {Storage | null} local */
  static wasSignedIn(local) {
    try {
      return local?.getItem(KNOWN_KEY) === '1';
    } catch {
      return false;
    }
  }

  /** @param {boolean} on */
  #remember(on) {
    try {
      if (on) this.c.env.local?.setItem(KNOWN_KEY, '1');
      else this.c.env.local?.removeItem(KNOWN_KEY);
    } catch { }
  }

  /** Asks what this server allows, and who one is. */
  async begin() {
    const { news } = this;
    try {
      const { user, policy } = await this.api.post('me');
      const now = news === this.news ? user : this.c.state().account.user;
      this.c.dispatch({ type: 'account/policy', user: now, policy });
    } catch (e) {
      this.c.log.warn('account', `policy: ${e}`);
      // Asked again with the next session.
    }
  }

  /** A session has begun, perhaps as somebody. @param {Me | undefined} user @param {boolean} again */
  begun(user, again) {
    const { screen, account } = this.c.state();
    this.news++;
    this.#remember(!!user);
    const away = (screen === 'lobby' && !this.c.env.startsInRooms) || (screen === 'sign' && !account.invitation);
    if (!user && ['people', 'calls', 'messages', 'me'].includes(screen)) this.#gone();
    else if (user && !again && away) this.#home();
    if (user && this.nextIfKnown) this.nextIfKnown();
    this.nextIfKnown = null;
    if (!user && this.next) this.c.dispatch({ type: 'screen/sign', mode: 'sign_in' });
    if (user && this.next) {
      this.next();
      this.next = null;
    }
  }

  #home() {
    this.c.dispatch({ type: 'screen/home', tab: 'people' });
  }

  #gone() {
    this.news++;
    this.#remember(false);
    this.c.dispatch({ type: 'account/gone' });
  }

  /** In another tab of this browser somebody signed in or out. */
  async #elsewhere() {
    const before = this.c.state().account.user?.user;
    await this.begin();
    const now = this.c.state().account.user?.user;
    if (!now) this.#gone(); // the server ends the session by itself
    else if (now !== before) this.c.sig.renew();
  }

  /** @param {Me} user */
  signedIn(user) {
    this.news++;
    this.#remember(true);
    this.c.dispatch({ type: 'account/me', user });
    this.channel.postMessage('changed');
    this.c.sig.renew();
    this.#home();
  }

  /** @param {import('../domain/types.js').SignMode} mode */
  show(mode) {
    for (const what of ['sign_in', 'register', 'recover', 'reset', 'passkey']) this.c.dispatch({ type: 'account/forget', what });
    const { invitation } = this.c.state().account;
    if (invitation && !invitation.kind) this.c.dispatch({ type: 'account/invitation', invitation: null });
    this.c.dispatch({ type: 'screen/sign', mode });
  }

  /** This server lets no guests in. */
  required() {
    if (!this.c.state().account.asked) this.begin();
    this.show('sign_in');
  }

  /** @param {{name: string, password: string}} form */
  async signIn(form) {
    const answer = await ask(this.c, 'sign_in', () => this.api.post('sign_in', form));
    if (answer) this.signedIn(answer.user);
  }

  /** @param {{name: string, display?: string, password: string}} form */
  async register(form) {
    const { invitation } = this.c.state().account;
    const fields = { ...form, lang: this.c.env.lang, ...(invitation ? { invite: invitation.code } : {}) };
    const answer = await ask(this.c, 'register', () => this.api.post('register', fields));
    if (!answer) return;
    this.c.dispatch({ type: 'account/codes', codes: answer.recovery });
    this.signedIn(answer.user);
  }

  /** @param {{name: string, code: string, password: string}} form */
  async recover(form) {
    const answer = await ask(this.c, 'recover', () => this.api.post('recover', form));
    if (!answer) return;
    this.c.toast('info', 'codes_left', { count: answer.left });
    this.signedIn(answer.user);
  }

  /** @param {string} password */
  async reset(password) {
    const link = this.c.state().account.invitation?.code;
    const answer = await ask(this.c, 'reset', () => this.api.post('reset', { link, password }));
    if (answer) this.signedIn(answer.user);
  }

  async signOut() {
    const { session } = this.c.sig;
    this.leaving = true;
    const answer = await ask(this.c, 'sign_out', () => this.api.post('sign_out'));
    this.leaving = false;
    if (!answer) return this.c.toast('error', 'lost');
    this.#gone();
    this.channel.postMessage('changed');
    // The server ends the session; should it not have been heard, it is left behind.
    if (this.c.sig.session === session && this.c.sig.state.phase === 'online') this.c.sig.renew();
    await this.begin();
  }

  /** The session was ended from another device, or the account was deleted. */
  ended() {
    this.#gone();
    if (!this.leaving) this.c.toast('info', 'signed_out');
    this.c.clock.after(() => {
      this.c.sig.start();
      this.begin();
    }, 0);
  }

  /** What an invitation link is for. @param {string} code */
  async openInvitation(code) {
    const blank = { code, kind: null, by: '', name: '' };
    this.c.dispatch({ type: 'account/invitation', invitation: blank });
    this.c.dispatch({ type: 'screen/sign', mode: 'register' });
    const answer = await ask(this.c, 'invite', () => this.api.post('invite', { invite: code }));
    if (!answer) return;
    this.c.dispatch({ type: 'account/invitation', invitation: { ...blank, ...answer } });
    this.c.dispatch({ type: 'screen/sign', mode: answer.kind === 'reset' ? 'reset' : 'register' });
  }

  // ---- on the session

  /** @param {string} what @param {() => Promise<any>} fn */
  #ask(what, fn) {
    return ask(this.c, what, fn);
  }

  /** @param {{display?: string, settings?: Partial<Settings>}} fields */
  async set(fields) {
    const { user } = this.c.state().account;
    if (user && fields.settings) { // at once, as a switch is
      this.c.dispatch({ type: 'account/me', user: { ...user, settings: { ...user.settings, ...fields.settings } } });
    }
    const what = fields.display === undefined ? 'settings' : 'display';
    const answer = await this.#ask(what, () => this.c.sig.request('account_set', fields));
    if (answer) return this.c.dispatch({ type: 'account/me', user: answer.user });
    if (user && fields.settings) this.c.dispatch({ type: 'account/me', user });
  }

  /** @param {{old: string, password: string}} form */
  changePassword(form) {
    return this.#ask('password', () => this.c.sig.request('account_password', form));
  }

  /** @param {string} password */
  async newCodes(password) {
    const answer = await this.#ask('codes', () => this.c.sig.request('account_recovery', { password }));
    if (answer) this.c.dispatch({ type: 'account/codes', codes: answer.recovery });
  }

  codesKept() {
    this.c.dispatch({ type: 'account/codes', codes: null });
  }

  /** @param {string} password */
  remove(password) {
    return this.#ask('delete', () => this.c.sig.request('account_delete', { password }));
  }

  async loadSessions() {
    const answer = await this.#ask('sessions', () => this.c.sig.request('account_sessions', {}));
    if (answer) this.c.dispatch({ type: 'account/lists', lists: { sessions: answer.sessions } });
  }

  /** @param {{key: string} | {others: true} | {all: true}} which */
  async endSessions(which) {
    const answer = await this.#ask('end', () => this.c.sig.request('account_end', which));
    if (answer && !('all' in which)) this.loadSessions();
  }

  async loadInvites() {
    const answer = await this.#ask('invites', () => this.c.sig.request('invites', {}));
    if (answer) this.c.dispatch({ type: 'account/lists', lists: { invites: answer.invites } });
  }

  /** @param {{uses?: number, ttl_s?: number}} fields */
  async invite(fields) {
    const answer = await this.#ask('invite_make', () => this.c.sig.request('invite_make', fields));
    if (!answer) return;
    this.c.dispatch({ type: 'account/lists', lists: { made: `${this.c.env.server}${answer.url_path}` } });
    this.loadInvites();
  }

  /** @param {string} key */
  async endInvite(key) {
    if (await this.#ask('invite_end', () => this.c.sig.request('invite_end', { key }))) this.loadInvites();
  }

  /** Own presence, on all devices. @param {import('../domain/account.js').Mode} mode */
  async setMode(mode) {
    const before = this.c.state().account.mode;
    this.c.dispatch({ type: 'account/mode', mode });
    if (!await this.#ask('mode', () => this.c.sig.request('presence', { mode }))) this.c.dispatch({ type: 'account/mode', mode: before });
  }

  /** A picture in two sizes, cut already; null takes it away.
   * @param {{small: Blob, large: Blob} | null} picture */
  async setAvatar(picture) {
    const answer = await this.#ask('avatar', async () => this.c.sig.request('avatar', picture
      ? { upload: await uploadPicture(this.c, this.api, picture) } : { none: true }));
    const { user } = this.c.state().account;
    if (answer && user) this.c.dispatch({ type: 'account/me', user: { ...user, avatar: answer.avatar } });
  }
}
