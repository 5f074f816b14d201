// When ICE is to begin anew because nothing comes any more: browsers notice late that their way is dead
// (Firefox after 15 s where IPv6 dies beside IPv4). Pure: from what is seen once a second to what is to be
// done. Signaling is asked for a sign of life first: without it an offer would only run out of time.

export const LOOK_MS = 1000;
export const QUIET_MS = 3000;
const SLEPT_MS = 5000;
export const AGAIN_MS = 5000;
export const AGAIN_CAP_MS = 30_000;

/**
 * at: of the last look; bytes: what had come until then; flowed: something has come at all; quiet: for how
 * long nothing has; mark: what signaling hears after this is its sign of life, null until it was asked;
 * next: no restart before; wait: how long it is to be after the next one.
 * @typedef {{at: number, bytes: number, flowed: boolean, quiet: number, mark: number | null, next: number,
 *   wait: number}} Silence
 */
/** @param {number} now @returns {Silence} */
export const unheard = (now) => ({
  at: now, bytes: 0, flowed: false, quiet: 0, mark: null, next: 0, wait: AGAIN_MS,
});

/**
 * @param {Silence} s
 * @param {object} seen
 * @param {number} seen.now
 * @param {number} seen.bytes  that have come; less than before: a way was forgotten
 * @param {boolean} seen.due  something should come
 * @param {boolean} seen.broken  the browser has noticed
 * @param {boolean} seen.held  ICE has just begun anew for another reason
 * @param {number} seen.heard  when signaling heard something last; -Infinity while it is lost
 * @returns {{silence: Silence, ask: boolean, restart: boolean}}
 */
export function heed(s, { now, bytes, due, broken, held, heard }) {
  const came = bytes > s.bytes;
  const next = { ...s, at: now, bytes, flowed: s.flowed || came };
  // Who has slept has not listened.
  const silent = s.flowed && due && !came && now - s.at < SLEPT_MS;
  if (!silent && !broken) {
    const wait = came ? AGAIN_MS : s.wait;
    return { silence: { ...next, quiet: 0, mark: null, wait }, ask: false, restart: false };
  }
  const ask = s.mark === null;
  const mark = s.mark ?? now;
  const quiet = s.quiet + Math.min(now - s.at, 2 * LOOK_MS);
  const early = quiet < QUIET_MS || now < s.next || held;
  if (early || heard <= mark) return { silence: { ...next, quiet, mark }, ask, restart: false };
  const wait = Math.min(2 * s.wait, AGAIN_CAP_MS);
  return { silence: { ...next, quiet, mark: null, next: now + s.wait, wait }, ask, restart: true };
}
