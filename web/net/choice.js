// Which pipe to try: WebSocket first, streams where it doesn't get through or is cut again and again,
// and WebSocket again later. Only decides: (state, now, what happened) -> what to do next.

/** @typedef {import('./pipe.js').PipeFamily} PipeFamily */

const CUT_WINDOW_MS = 180_000;
const CUT_REPAIRED_MS = 8_000;
const DISTRUST_MS = 180_000;
const DISTRUST_CAP_MS = 1_800_000;
const PROBE_MS = 30_000;
const PROBE_CAP_MS = 600_000;

export class PipeChoice {
  /** @param {PipeFamily | null} [worked]  what carried the session last (kept for this tab) */
  constructor(worked = null) {
    this.preferred = worked ?? 'ws';
    this.distrustUntil = 0;
    this.distrustMs = DISTRUST_MS;
    /** @type {number | null} */
    this.cutAt = null;
    /** @type {number[]} */
    this.cuts = [];
    this.probeMs = PROBE_MS;
  }

  /** @param {number} now @returns {[PipeFamily, PipeFamily]} */
  order(now) {
    const cutBefore = this.cutAt !== null && this.cuts.some((t) => now - t < CUT_WINDOW_MS);
    const streamFirst = this.preferred === 'stream' || cutBefore || now < this.distrustUntil;
    return streamFirst ? ['stream', 'ws'] : ['ws', 'stream'];
  }

  /**
   * A pipe carries the session now.
   * @param {PipeFamily} family
   * @param {number} now
   */
  bound(family, now) {
    if (this.cutAt !== null && now - this.cutAt <= CUT_REPAIRED_MS) this.#wsWasCut(now);
    this.cutAt = null;
    this.preferred = family;
    if (family === 'ws') this.probeMs = PROBE_MS;
  }

  /** A WebSocket ended although nobody said so, and the network was there at once: something cuts it.
   * @param {number} now */
  #wsWasCut(now) {
    this.cuts = [...this.cuts.filter((t) => now - t < CUT_WINDOW_MS), now];
    if (this.cuts.length < 2) return;
    this.cuts = [];
    this.distrustUntil = now + this.distrustMs;
    this.distrustMs = Math.min(this.distrustMs * 2, DISTRUST_CAP_MS);
  }

  /**
   * @param {PipeFamily} family
   * @param {number} now
   * @param {boolean} announced  the server said so before (it restarts)
   */
  lost(family, now, announced) {
    this.cutAt = family === 'ws' && !announced ? now : null;
  }

  /** @param {number} now @returns {number} ms until WebSocket is to be tried beside a working stream */
  probeIn(now) {
    return Math.max(this.probeMs, this.distrustUntil - now);
  }

  probeFailed() {
    this.probeMs = Math.min(this.probeMs * 2, PROBE_CAP_MS);
  }

  /** Another network: what was learned may be wrong there. */
  networkChanged() {
    this.distrustUntil = 0;
    this.distrustMs = DISTRUST_MS;
    this.cuts = [];
    this.cutAt = null;
    this.probeMs = PROBE_MS / 6;
  }
}
