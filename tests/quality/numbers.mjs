// What a viewer's notes (page/quality.mjs) say of a time. Pure.

/** @typedef {import('./page/quality.mjs').Frame} Frame */
/**
 * freezes: as WebRTC's own freezeCount defines them; longestMs: between two pictures; width: of half of the pictures at least;
 * concealed: share of the sound that was made up; delayMs: from the drawing of a picture to its being shown
 * @typedef {{fps: number, freezes: number, frozenMs: number, longestMs: number, width: number, widthMin: number, concealed: number | null,
 *   delayMs: number | null, delay95Ms: number | null}} Numbers
 */

/** @param {number[]} v @param {number} share */
export function quantile(v, share) {
  if (!v.length) return null;
  const sorted = [...v].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** As many intervals before one as it is compared with. */
const BEFORE = 30;

/**
 * An interval is a freeze when it is three times the mean of those before, and 150 ms more than it, at least.
 * The time runs from the last picture before `from`; what lasts at `to` counts.
 * @param {Frame[]} frames @param {number} from @param {number} to
 */
export function freezes(frames, from, to) {
  const times = [...frames.map(([at]) => at).filter((at) => at <= to), to];
  const had = { freezes: 0, frozenMs: 0, longestMs: 0 };
  for (let i = 1; i < times.length; i++) {
    if (times[i] < from) continue;
    const ms = times[i] - times[i - 1];
    had.longestMs = Math.max(had.longestMs, ms);
    const first = Math.max(0, i - 1 - BEFORE);
    const mean = i - 1 > first ? (times[i - 1] - times[first]) / (i - 1 - first) : 40;
    if (ms < Math.max(3 * mean, mean + 150)) continue;
    had.freezes++;
    had.frozenMs += ms;
  }
  if (times.length < 2) Object.assign(had, { freezes: 1, frozenMs: to - from, longestMs: to - from });
  return had;
}

/** @param {{at: number, stats: any[]}[]} samples @param {number} from @param {number} to @returns {number | null} */
function concealed(samples, from, to) {
  const audio = samples.filter(({ at }) => at >= from && at <= to)
    .flatMap(({ stats }) => stats.filter((s) => s.type === 'inbound-rtp' && s.kind === 'audio').slice(0, 1));
  const [a, b] = [audio[0], audio.at(-1)];
  const all = b ? b.totalSamplesReceived - a.totalSamplesReceived : 0;
  return all > 0 ? (b.concealedSamples - a.concealedSamples) / all : null;
}

/** @param {{frames: Frame[], samples: any[]}} notes @param {number} from @param {number} to @returns {Numbers} */
export function numbers({ frames, samples }, from, to) {
  const within = frames.filter(([at]) => at >= from && at <= to);
  const widths = within.map(([, width]) => width);
  const ages = within.flatMap(([, , age]) => (age === null ? [] : [age]));
  return {
    fps: within.length * 1000 / (to - from), ...freezes(frames, from, to),
    width: quantile(widths, 0.5) ?? 0, widthMin: widths.length ? Math.min(...widths) : 0, concealed: concealed(samples, from, to),
    delayMs: quantile(ages, 0.5), delay95Ms: quantile(ages, 0.95),
  };
}

/** Good again: the whole picture, and nearly all of its frames, for so long. */
const STEADY_MS = 2000;
const STEADY_SHARE = 0.8;

/**
 * From the end of a fault until everything is as it was; null: not seen.
 * @param {Frame[]} frames @param {number} end @param {{width: number, fps: number}} full @returns {number | null}
 */
export function recovery(frames, end, { width, fps }) {
  const after = frames.filter(([at]) => at >= end);
  const last = after.at(-1)?.[0] ?? 0;
  for (let i = 0; i < after.length && after[i][0] + STEADY_MS <= last; i++) {
    if (after[i][1] < width) continue;
    const next = after.filter(([at]) => at >= after[i][0] && at < after[i][0] + STEADY_MS);
    if (next.every(([, w]) => w >= width) && next.length >= STEADY_SHARE * fps * STEADY_MS / 1000) return after[i][0] - end;
  }
  return null;
}
