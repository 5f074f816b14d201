// The sizes in which a camera is sent to a group. Chromium makes three of them of 960 x 540 and more, two of
// 480 x 270, one of less, and then sends those that stand first: so a small picture must not begin with a
// quarter of itself.

/** @typedef {{rid: string, scaleResolutionDownBy: number, maxBitrate: number, active: boolean}} Layer */

const RIDS = ['q', 'h', 'f'];
/** By how many there are: what each may take, the smallest first. */
const RATES = [[500e3], [200e3, 800e3], [150e3, 500e3, 1700e3]];
const THREE = 960 * 540;
const TWO = 480 * 270;

/**
 * @param {{width?: number, height?: number} | null | undefined} size  of the picture; unknown: a large one
 * @param {boolean} [saving]  without the largest, where there is another
 * @returns {Layer[]}  always three, since they cannot be added later
 */
export function layersOf(size, saving = false) {
  const pixels = (size?.width ?? 0) * (size?.height ?? 0) || THREE;
  const rates = RATES[pixels >= THREE ? 2 : pixels >= TWO ? 1 : 0];
  const n = rates.length;
  return RIDS.map((rid, i) => ({
    rid,
    scaleResolutionDownBy: 2 ** Math.max(n - 1 - i, 0),
    maxBitrate: rates[Math.min(i, n - 1)],
    active: i < n && !(saving && i > 0 && i === n - 1),
  }));
}
