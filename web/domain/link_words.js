// What the numbers of somebody's connection mean, in a word: the last part of a text's key.

/** @typedef {import('./types.js').PeerState} PeerState */
/** @typedef {import('./types.js').PeerWay} PeerWay */

export const WORDS = /** @type {const} */ ([
  'good', 'weak', 'bad', 'unknown', 'sends_badly', 'receives_badly', 'far', 'narrow']);
/** @typedef {typeof WORDS[number]} Word */

const LOSS = 0.05;
const FAR_MS = 400;
const NARROW_BPS = 250e3;

/** What is amiss with somebody's way to the server. @param {PeerWay | null} told @returns {Word | null} */
export function wayWord(told) {
  if (!told) return null;
  if (told.loss_up > LOSS) return 'sends_badly';
  if (told.loss_down > LOSS) return 'receives_badly';
  if (told.rtt_ms > FAR_MS) return 'far';
  return told.estimate_bps > 0 && told.estimate_bps < NARROW_BPS ? 'narrow' : null;
}

/** @param {PeerState | undefined} peer @returns {Word} */
export function linkWord(peer) {
  const { stats = null, told = null } = peer ?? {};
  const way = wayWord(told);
  if (way) return way;
  // Somebody who sends nothing just now has numbers of the server only, and nothing was amiss there.
  if (!stats?.quality) return typeof told?.rtt_ms === 'number' ? 'good' : 'unknown';
  return stats.quality === 3 ? 'good' : stats.quality === 2 ? 'weak' : 'bad';
}
