// What is one's own beside the account itself: tokens for programs, and all of one's data as a file.
import { ask } from './ask.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/account.js').TokenScope} TokenScope */

const KEPT = 'madang.export';

export class OwnData {
  /** @param {Context} c */
  constructor(c) {
    this.c = c;
    c.store.subscribe((_, action) => { if (action.type === 'account/gone') this.#keep(null); });
  }

  /** A file that was made earlier is still there for a day. */
  begun() {
    const user = this.c.state().account.user?.user;
    const kept = this.#kept();
    if (kept && (kept.user !== user || kept.expires < Date.now())) this.#keep(null);
    else if (kept) this.c.dispatch({ type: 'account/lists', lists: { exported: kept } });
  }

  /** @returns {(import('../domain/account.js').Exported & {user: string}) | null} */
  #kept() {
    try {
      const kept = JSON.parse(this.c.env.local?.getItem(KEPT) ?? 'null');
      return typeof kept?.file === 'string' && Number.isFinite(kept.expires) ? kept : null;
    } catch {
      return null;
    }
  }

  /** @param {object | null} exported */
  #keep(exported) {
    try {
      if (exported) this.c.env.local?.setItem(KEPT, JSON.stringify(exported));
      else this.c.env.local?.removeItem(KEPT);
    } catch { /* a browser that keeps nothing */ }
  }

  async exportAll() {
    const user = this.c.state().account.user?.user;
    const answer = await ask(this.c, 'export', () => this.c.sig.request('export', {}));
    if (!answer || this.c.state().account.user?.user !== user) return;
    const { file, size, expires } = answer;
    const exported = { file, size, expires };
    this.#keep({ ...exported, user });
    this.c.dispatch({ type: 'account/lists', lists: { exported } });
  }

  async loadTokens() {
    const answer = await ask(this.c, 'tokens', () => this.c.sig.request('tokens', {}));
    if (answer) this.c.dispatch({ type: 'account/lists', lists: { tokens: answer.tokens } });
  }

  /** @param {{name: string, scopes: TokenScope[], ttl_s?: number}} form */
  async makeToken(form) {
    const answer = await ask(this.c, 'token_make', () => this.c.sig.request('token_make', form));
    if (!answer) return;
    this.c.dispatch({ type: 'account/lists', lists: { token: answer.token } });
    this.loadTokens();
  }

  tokenKept() {
    this.c.dispatch({ type: 'account/lists', lists: { token: null } });
  }

  /** @param {string} key */
  async endToken(key) {
    if (await ask(this.c, 'token_end', () => this.c.sig.request('token_end', { key }))) this.loadTokens();
  }
}
