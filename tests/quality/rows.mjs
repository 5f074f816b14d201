// What is done to the line of the publisher (`up`) or of the first viewer (`down`), and when.

/**
 * When (share of the measured time, or seconds after the step before), what it is told on the media's way, and on both.
 * @typedef {{at?: number, after?: number, media?: string[], both?: string[], ends?: boolean}} Step  ends: the fault is over
 * @typedef {{id: string, title: string, steps: Step[]}} Fault
 * @typedef {{fault: Fault, way: 'up' | 'down'}} Row
 */

/** @param {string} id @param {string} title @param {string[]} media @param {string[]} [both] @returns {Fault} */
const steady = (id, title, media, both = []) => ({ id, title, steps: [{ at: 0, media, both }, { at: 1, both: ['clear'], ends: true }] });
const QUEUE = 'queue 300';

/** @type {Fault[]} */
export const FAULTS = [
  steady('none', 'no fault', []),
  ...[1, 5, 10, 20].map((n) => steady(`loss${n}`, `${n} % lost`, [`loss ${n}`])),
  steady('burst3', '3 % lost in bursts of 8', ['burst 3 8']),
  ...[100, 300].flatMap((rtt) => [1, 5].map((n) => steady(`rtt${rtt}-loss${n}`, `${rtt} ms RTT, ${n} % lost`, [`loss ${n}`], [`delay ${rtt / 2}`]))),
  steady('jitter30', 'jitter of ±30 ms', ['jitter 30'], ['delay 30']),
  steady('reorder5', '5 % overtaken by 20 ms', ['reorder 5 20']),
  ...[1500, 600, 250].map((k) => steady(`rate${k}`, k >= 1000 ? `${k / 1000} Mbit/s` : `${k} kbit/s`, [`rate ${k}000`, QUEUE])),
  { id: 'drop', title: '5 Mbit/s, 500 kbit/s, 5 Mbit/s', steps: [
    { at: 0, media: ['rate 5000000', QUEUE] }, { at: 1 / 3, media: ['rate 500000'] }, { at: 2 / 3, media: ['rate 5000000'], ends: true }] },
  { id: 'cut3', title: '3 s of nothing', steps: [{ at: 1 / 3, both: ['cut on'] }, { after: 3, both: ['cut off'], ends: true }] },
];

/** @type {Row[]} without a fault, the way does not matter */
export const ROWS = (/** @type {const} */ (['down', 'up'])).flatMap((way) =>
  FAULTS.filter(({ id }) => id !== 'none' || way === 'down').map((fault) => ({ fault, way })));

/** @param {string | undefined} list  e.g. "loss5,down:rate600"; all when empty @returns {Row[]} */
export function chosen(list) {
  if (!list) return ROWS;
  return list.split(',').flatMap((name) => {
    const found = ROWS.filter(({ fault, way }) => name === fault.id || name === `${way}:${fault.id}`);
    if (!found.length) throw new Error(`no row "${name}"; there are: ${ROWS.map((r) => `${r.way}:${r.fault.id}`).join(' ')}`);
    return found;
  });
}
