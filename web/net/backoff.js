// How long to wait before the next attempt.

const FIRST_MS = 500;
const CAP_MS = 15_000;

/**
 * @param {number} attempt  1 after the first failure
 * @param {() => number} random  0..1
 * @returns {number} milliseconds: doubling, with the upper half left to chance, so that clients spread out
 */
export function backoff(attempt, random) {
  const full = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.round(full / 2 + random() * full / 2);
}
