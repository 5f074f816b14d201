// How much is sent to one of `peers` others: caps by resolution, less for each as there are more.

/** @typedef {{maxBitrate: number, scaleResolutionDownBy: number, maxFramerate: number}} Plan */

/** [height up to, bits per second] at 30 frames a second. */
const CAMERA = /** @type {const} */ ([
  [180, 150e3], [360, 500e3], [540, 900e3], [720, 1500e3], [Infinity, 2500e3]]);
const SCREEN = /** @type {const} */ ([[720, 1500e3], [1080, 2500e3], [Infinity, 4000e3]]);
/** What one camera may send to all others together. */
const TOTAL = 3000e3;

/** @param {readonly (readonly [number, number])[]} table @param {number} height */
const lookUp = (table, height) => /** @type {[number, number]} */ (table.find(([h]) => height <= h))[1];

/**
 * @param {'camera'|'screen'} role
 * @param {{width?: number, height?: number}} size  of what is captured
 * @param {number} peers  receivers, at least 1
 * @returns {Plan}
 */
export function plan(role, { width = 1280, height = 720 }, peers) {
  const short = Math.min(width, height);
  if (role === 'screen') {
    const maxBitrate = lookUp(SCREEN, short) / Math.max(1, peers - 1);
    return { maxBitrate, scaleResolutionDownBy: 1, maxFramerate: 15 };
  }
  const most = peers <= 1 ? 1080 : peers === 2 ? 540 : 360;
  const scaleResolutionDownBy = Math.max(1, short / most);
  const maxBitrate = Math.min(lookUp(CAMERA, short / scaleResolutionDownBy), TOTAL / Math.max(1, peers));
  return { maxBitrate, scaleResolutionDownBy, maxFramerate: 30 };
}
