// Keeps a phone's screen on during a call.

export class WakeLock {
  /** @param {{request: (type: 'screen') => Promise<{release: () => Promise<void>}>} | undefined} api
   *   navigator.wakeLock */
  constructor(api) {
    this.api = api;
    this.wanted = false;
    /** @type {{release: () => Promise<void>} | null} */
    this.lock = null;
  }

  /** @param {boolean} on */
  async want(on) {
    if (on === this.wanted) return;
    this.wanted = on;
    if (!on) {
      const { lock } = this;
      this.lock = null;
      await lock?.release().catch(() => {});
    } else await this.renew();
  }

  /** The page is seen again: the browser took the lock back when it was hidden. */
  async renew() {
    if (!this.wanted || !this.api) return;
    try {
      const lock = await this.api.request('screen');
      if (this.wanted) this.lock = lock;
      else await lock.release();
    } catch { }
  }
}
