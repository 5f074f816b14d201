// Time, as something that is handed in: the page gets this one, tests a clock of their own.

/**
 * @typedef {object} Clock
 * @property {() => number} now  milliseconds, monotonic
 * @property {(fn: () => void, ms: number) => any} after  gives a handle for cancel
 * @property {(handle: any) => void} cancel  of an unknown, past or null handle: nothing
 */

/** @type {Clock} */
export const realClock = {
  now: () => performance.now(),
  after: (fn, ms) => setTimeout(fn, ms),
  cancel: (handle) => clearTimeout(handle),
};

/**
 * A clock for tests: time goes on only by `advance`.
 * @returns {Clock & {advance: (ms: number) => Promise<void>, pending: () => number}}
 */
export function fakeClock() {
  let now = 0;
  let serial = 0;
  /** @type {Map<number, {at: number, fn: () => void}>} */
  const timers = new Map();
  const settle = async () => { for (let i = 0; i < 20; i++) await Promise.resolve(); };
  const due = (/** @type {number} */ until) => [...timers.entries()]
    .filter(([, t]) => t.at <= until).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
  return {
    now: () => now,
    after(fn, ms) {
      timers.set(++serial, { at: now + Math.max(0, ms), fn });
      return serial;
    },
    cancel: (handle) => { timers.delete(handle); },
    pending: () => timers.size,
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let t = due(until); t; t = due(until)) {
        timers.delete(t[0]);
        now = Math.max(now, t[1].at);
        t[1].fn();
        await settle();
      }
      now = until;
      await settle();
    },
  };
}
