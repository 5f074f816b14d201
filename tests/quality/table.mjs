// The tables of docs/quality.md, and which goals are met. Pure.
import { FAULTS, ROWS } from './rows.mjs';

/** @typedef {import('./results.mjs').Result} Result */
/** @typedef {import('./results.mjs').Viewer} Viewer */

const FULL = 960;
const SECOND = 1000;

const seconds = (/** @type {number} */ ms) => (ms / SECOND).toFixed(1);

/** @param {Viewer} v */
const frozen = (v) => (v.freezes ? `${v.freezes}, ${seconds(v.frozenMs)} s (${seconds(v.longestMs)})` : '0');
/** @param {number | null} ms */
const recovered = (ms) => (ms === null ? 'no' : `${seconds(ms)} s`);
/** @param {Viewer} v */
const delay = (v) => (v.delayMs === null ? '' : `${v.delayMs} / ${v.delay95Ms}`);
/** @param {number | null} share */
const percent = (share) => (share === null ? '' : `${(100 * share).toFixed(1)} %`);

/** @param {Result} r */
function line(r) {
  const [a, b] = r.viewers;
  const name = `| ${r.server} `;
  return `${name}| ${frozen(a)} | ${a.fps.toFixed(1)} | ${a.width} (${a.widthMin}) | ${percent(a.concealed)} | ${r.fault === 'none' ? '' : recovered(a.recoveryMs)} | ${
    delay(a)} | ${b.fps.toFixed(1)}, ${frozen(b)} | ${percent(r.idle)} |`;
}

/** @param {Result[]} all @param {string} browser @param {'up' | 'down'} way */
function table(all, browser, way) {
  const rows = ROWS.filter((r) => r.way === way).flatMap(({ fault }) => {
    const of = all.filter((r) => r.browser === browser && r.way === way && r.fault === fault.id)
      .sort((a, b) => (a.server > b.server ? -1 : 1));
    return of.map((r, i) => `| ${i ? '' : fault.title} ${line(r)}`);
  });
  if (!rows.length) return '';
  const where = way === 'down' ? 'on the downlink of the first viewer' : 'on the uplink of the publisher';
  return [`### ${browser === 'firefox' ? 'Firefox' : 'Chromium'}, ${where}`, '',
    '| fault | server | freezes, in all (longest interval) | frames/s | width (least) | concealed | whole again | delay ms (95 %) | other viewer: frames/s, freezes | idle |',
    '|---|---|---|---|---|---|---|---|---|---|', ...rows, ''].join('\n');
}

/**
 * What the goals are about: a row says whether it meets one; null: what it is compared with was not measured.
 * @typedef {{title: string, about: (r: Result) => boolean, met: (r: Result, all: Result[]) => boolean | null}} Goal
 */
const LIMITS = ['rate1500', 'rate600', 'rate250', 'drop'];
/** @param {Result[]} all @param {Result} r @param {Partial<Result>} other */
const like = (all, r, other) => all.find((x) => ['browser', 'fault', 'way', 'server'].every((k) =>
  /** @type {any} */ (x)[k] === (/** @type {any} */ (other)[k] ?? /** @type {any} */ (r)[k])));

/** What counts in comparing, and how much is chance. @type {[(v: Viewer) => number, number][]} smaller is better */
const COUNTS = [[(v) => v.frozenMs, 500], [(v) => -v.fps, 1], [(v) => v.concealed ?? 0, 0.005]];

/** By freezes, else by frames, else by sound: -1 better, 1 worse, 0 the same. @param {Viewer} a @param {Viewer} b */
export function compare(a, b) {
  for (const [of, chance] of COUNTS) {
    const d = of(a) - of(b);
    if (Math.abs(d) > chance) return Math.sign(d);
  }
  return 0;
}

/** @param {Result} r @param {Result[]} all @param {number} most  as compare() has it */
function besideJanus(r, all, most) {
  const other = like(all, r, { server: 'Janus' });
  return other ? compare(r.viewers[0], other.viewers[0]) <= most : null;
}

/** @type {Goal[]} */
export const GOALS = [
  { title: '5 % lost and 100 ms: no freeze above 1 s, at least 20 frames/s', about: (r) => r.fault === 'rtt100-loss5',
    met: ({ viewers: [v] }) => v.longestMs <= SECOND && v.fps >= 20 },
  { title: '600 kbit/s down: less than 1 % of the sound concealed, and pictures flow (10 frames/s, at least 240 wide)',
    about: (r) => r.fault === 'rate600' && r.way === 'down', met: ({ viewers: [v] }) => (v.concealed ?? 1) < 0.01 && v.fps >= 10 && v.width >= FULL / 4 },
  { title: 'the whole picture again at most 10 s after a limit is gone', about: (r) => LIMITS.includes(r.fault),
    met: ({ viewers: [v] }) => v.recoveryMs !== null && v.recoveryMs <= 10 * SECOND },
  { title: 'a bad downlink costs the other viewer nothing (a frame/s at most, no freeze above 1 s)', about: (r) => r.way === 'down' && r.fault !== 'none',
    met: (r, all) => {
      const none = like(all, r, { fault: 'none', way: 'down' });
      return !none ? null : r.viewers[1].fps >= none.viewers[1].fps - 1 && r.viewers[1].longestMs <= SECOND;
    } },
  { title: 'not worse than Janus without a fault', about: (r) => r.fault === 'none', met: (r, all) => besideJanus(r, all, 0) },
  { title: 'better than Janus in every other row', about: (r) => r.fault !== 'none', met: (r, all) => besideJanus(r, all, -1) },
];

/** @param {Result} r */
const called = (r) => `${r.browser}, ${r.way}: ${FAULTS.find((f) => f.id === r.fault)?.title}`;

/** @param {Result[]} all */
function goals(all) {
  const ours = all.filter((r) => r.server === 'madang');
  return GOALS.map(({ title, about, met }) => {
    const rows = ours.filter((r) => about(r) && met(r, all) !== null);
    const missed = rows.filter((r) => !met(r, all));
    const what = !rows.length ? 'not measured' : missed.length ? `missed in ${missed.length} of ${rows.length}: ${missed.map(called).join('; ')}` : `met (${rows.length})`;
    return `| ${title} | ${what} |`;
  });
}

/** @param {Result[]} all @returns {string} */
export function render(all) {
  const days = [...new Set(all.map((r) => r.day))].sort();
  const rows = ROWS.length * 2;
  const measured = new Set(all.map((r) => [r.browser, r.way, r.fault].join())).size;
  const head = `Measured ${days.length ? `on ${days.join(', ')}` : 'nothing yet'}: ${measured} of ${rows} rows${
    all.length ? `, ${[...new Set(all.map((r) => r.seconds))].sort((a, b) => a - b).join(' and ')} s each` : ''}.`;
  return [head, '', '## Goals', '', '| goal | |', '|---|---|', ...goals(all), '', '## Rows', '',
    ...['chromium', 'firefox'].flatMap((browser) => (/** @type {const} */ (['down', 'up'])).map((way) => table(all, browser, way))),
  ].join('\n').replace(/\n{3,}/g, '\n\n').replace(/\n*$/, '\n');
}
