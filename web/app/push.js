// Calls that wake a browser without an open tab: the service worker, and what its push service wants.
import { ask } from './ask.js';
import { fromBase64url, toBase64url } from './passkeys.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('../domain/account.js').PushState} PushState */

export class Push {
  /**
   * @param {Context} c
   * @param {object} browser
   * @param {ServiceWorkerContainer | undefined} browser.workers
   * @param {typeof Notification | undefined} browser.notification
   */
  constructor(c, { workers, notification }) {
    this.c = c;
    this.workers = workers;
    this.notification = notification;
    /** @type {Promise<ServiceWorkerRegistration> | null} */
    this.registered = null;
  }

  /** The worker is fetched by the first who is signed in: it holds the shell of the installed page, too. */
  register() {
    this.registered ??= (this.workers ? this.workers.register('/sw.js', { scope: '/' }) : Promise.reject(new Error('none')));
    this.registered.then(() => this.#keep(), () => {});
    return this.registered;
  }

  /** What this page was loaded from came before there was a worker to keep it. */
  async #keep() {
    const worker = await this.workers?.ready;
    worker?.active?.postMessage({ keep: performance.getEntriesByType('resource').map((e) => e.name) });
  }

  /** @param {PushState} push */
  #set(push) {
    this.c.dispatch({ type: 'account/push', push });
  }

  /** How it stands, for the settings. */
  async look() {
    const { policy } = this.c.state().account;
    if (!this.workers || !this.notification) return this.#set('unsupported');
    try {
      const worker = await this.register();
      if (!worker.pushManager) return this.#set('unsupported');
      if (!policy?.push_key) return this.#set('no_key');
      if (this.notification.permission === 'denied') return this.#set('denied');
      this.#set(await worker.pushManager.getSubscription() ? 'on' : 'off');
    } catch {
      // The one reason that a page in order meets: the browser does not trust the certificate.
      this.#set('untrusted');
    }
  }

  /** At each start: the server forgets a browser with its sign-in, the browser does not. */
  async begun() {
    try {
      const worker = await this.register();
      const made = await worker.pushManager?.getSubscription();
      if (made && this.c.state().account.user?.settings.push) await this.#tell(made);
    } catch (e) {
      this.c.log.info('push', `${e}`);
    }
  }

  /** @param {PushSubscription} made */
  #tell(made) {
    const [p256dh, auth] = /** @type {const} */ (['p256dh', 'auth'])
      .map((name) => toBase64url(made.getKey(name) ?? new Uint8Array()));
    return this.c.sig.request('push_add', { endpoint: made.endpoint, p256dh, auth });
  }

  /** Within a click. @param {boolean} on */
  async turn(on) {
    await ask(this.c, 'push', () => (on ? this.#on() : this.#off()));
    await this.look();
  }

  async #on() {
    const { policy } = this.c.state().account;
    if (await this.notification?.requestPermission() !== 'granted') throw Object.assign(new Error(), { code: 'push_denied' });
    const worker = await this.register();
    const made = await worker.pushManager.subscribe({
      userVisibleOnly: true, applicationServerKey: fromBase64url(policy?.push_key ?? ''),
    }).catch((e) => { throw Object.assign(e, { code: 'push_refused' }); });
    await this.#tell(made);
    await this.c.sig.request('account_set', { settings: { push: true } });
  }

  async #off() {
    const worker = await this.register();
    const made = await worker.pushManager.getSubscription();
    if (!made) return;
    await made.unsubscribe();
    await this.c.sig.request('push_remove', { endpoint: made.endpoint });
  }
}
