// Saying again who one is: the server wants it before it lets somebody in for good (a token, a passkey).
import { ask } from './ask.js';

/** @typedef {import('./context.js').Context} Context */

export class ConfirmSelf {
  /** @param {Context} c @param {import('./passkeys.js').Passkeys} passkeys */
  constructor(c, passkeys) {
    this.c = c;
    this.passkeys = passkeys;
    /** @type {Promise<boolean> | null} */
    this.waiting = null;
    /** @type {(sure: boolean) => void} */
    this.answer = () => {};
    c.confirmSelf = () => this.begin();
  }

  /** Asks whoever is there, once for all that wait for it.
   * @returns {Promise<boolean>} whether they said it */
  begin() {
    this.waiting ??= new Promise((resolve) => {
      this.answer = resolve;
      this.c.dispatch({ type: 'account/confirming', on: true });
    });
    return this.waiting;
  }

  /** @param {boolean} sure */
  #over(sure) {
    if (!this.waiting) return;
    this.waiting = null;
    this.c.dispatch({ type: 'account/confirming', on: false });
    this.answer(sure);
  }

  /** @param {string} password */
  async byPassword(password) {
    if (await ask(this.c, 'confirm', () => this.c.sig.request('confirm', { password }))) this.#over(true);
  }

  async byPasskey() {
    if (await this.passkeys.confirm()) this.#over(true);
  }

  cancel() {
    this.c.dispatch({ type: 'account/forget', what: 'confirm' });
    this.#over(false);
  }
}
