// How long to wait before the next attempt.

const FIRST_MS = 500;
const CAP_MS = 15_000;
const LONG_CAP_MS = 60_000; // nobody looks, or it has been like this for minutes
const LONG_AFTER = 20;

/**
 * @param {number} attempt  1 after the first failure
 * @param {() => number} random  0..1
 * @param {boolean} [unseen]  nobody looks at the page
 * @returns {number} milliseconds: doubling, with the upper half left to chance, so that clients spread out
 */
export function backoff(attempt, random, unseen = false) {
  const cap = unseen || attempt > LONG_AFTER ? LONG_CAP_MS : CAP_MS;
  const full = Math.min(cap, FIRST_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.round(full / 2 + random() * full / 2);
}
