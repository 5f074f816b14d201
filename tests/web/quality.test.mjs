// What make quality (tests/quality) makes of a viewer's notes, and the tables of docs/quality.md.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import test from 'node:test';
import { freezes, numbers, recovery } from '../quality/numbers.mjs';
import { DOC, page, results } from '../quality/results.mjs';
import { chosen, ROWS } from '../quality/rows.mjs';
import { compare, GOALS, render } from '../quality/table.mjs';

/** Pictures every 40 ms but for the gaps.
 *  @param {number} from @param {number} to @param {number} [width] @param {[number, number][]} [gaps] @returns {any[]} */
const frames = (from, to, width = 640, gaps = []) => {
  const all = [];
  for (let at = from; at <= to; at += 40) if (!gaps.some(([a, b]) => at > a && at < b)) all.push([at, width, 80]);
  return all;
};

test('a steady picture has no freezes', () => {
  assert.deepEqual(freezes(frames(0, 10_000), 2000, 10_000), { freezes: 0, frozenMs: 0, longestMs: 40 });
});

test('an interval is a freeze beside those before it', () => {
  assert.deepEqual(freezes(frames(0, 10_000, 640, [[4000, 4160]]), 0, 10_000), { freezes: 0, frozenMs: 0, longestMs: 160 });
  assert.deepEqual(freezes(frames(0, 10_000, 640, [[4000, 4200], [6000, 7000]]), 0, 10_000),
    { freezes: 2, frozenMs: 1200, longestMs: 1000 });
});

test('what lasts at the end, and nothing at all, are freezes', () => {
  assert.deepEqual(freezes(frames(0, 4000), 0, 10_000), { freezes: 1, frozenMs: 6000, longestMs: 6000 });
  assert.deepEqual(freezes([], 0, 10_000), { freezes: 1, frozenMs: 10_000, longestMs: 10_000 });
  assert.equal(freezes([[0, 640, 1], [40, 640, 1]], 5000, 10_000).longestMs, 9960);
});

test('numbers are those of the time asked for', () => {
  const audio = (/** @type {number} */ at, /** @type {number} */ all, /** @type {number} */ made) => ({ at,
    stats: [{ type: 'inbound-rtp', kind: 'audio', totalSamplesReceived: all, concealedSamples: made }] });
  const n = numbers({ frames: [...frames(0, 4960), ...frames(5000, 10_000, 320)],
    samples: [audio(0, 0, 0), audio(5000, 1000, 0), audio(9000, 2000, 50)] }, 5000, 10_000);
  assert.equal(Math.round(n.fps), 25);
  assert.deepEqual([n.width, n.widthMin, n.concealed, n.delayMs, n.freezes], [320, 320, 0.05, 80, 0]);
});

test('it is good again when it stays so', () => {
  const camera = { width: 640, fps: 25 };
  const all = [...frames(0, 2000, 320), ...frames(2040, 2400), ...frames(2440, 4000, 320), ...frames(4040, 12_000)];
  assert.equal(recovery(all, 1000, camera), 3040);
  assert.equal(recovery(frames(0, 12_000, 320), 1000, camera), null);
  assert.equal(recovery(frames(0, 2500), 1000, camera), null);
  assert.equal(recovery([...frames(0, 12_000)].filter((_, i) => i % 2), 1000, camera), null);
});

test('rows can be chosen', () => {
  assert.equal(chosen('').length, ROWS.length);
  assert.deepEqual(chosen('loss5,down:rate600').map((r) => `${r.way}:${r.fault.id}`), ['down:loss5', 'up:loss5', 'down:rate600']);
  assert.throws(() => chosen('loss6'), /no row/);
});

const viewer = (o = {}) => ({ fps: 25, freezes: 0, frozenMs: 0, longestMs: 100, width: 640, widthMin: 640, concealed: 0,
  delayMs: 90, delay95Ms: 120, recoveryMs: 3000, ...o });
/** @returns {any} */
const result = (o = {}, a = {}, b = {}) => ({ fault: 'none', way: 'down', server: 'madang', browser: 'chromium', seconds: 60, day: '2026-11-22', idle: 0.5,
  viewers: [viewer(a), viewer(b)], ...o });

test('better is less frozen, then more pictures, then more sound', () => {
  assert.equal(compare(viewer(), viewer()), 0);
  assert.equal(compare(viewer({ frozenMs: 900, fps: 30 }), viewer()), 1);
  assert.equal(compare(viewer({ fps: 20 }), viewer({ concealed: 0.2 })), 1);
  assert.equal(compare(viewer(), viewer({ concealed: 0.2 })), -1);
});

test('goals are met or missed', () => {
  const all = [result(), result({ server: 'Janus' }), result({ fault: 'rtt100-loss5' }, { longestMs: 1200 })];
  const text = render(all);
  assert.match(text, /not worse than Janus without a fault \| met \(1\)/);
  assert.match(text, /no freeze above 1 s, at least 20 frames\/s \| missed in 1 of 1: chromium, down: 100 ms RTT, 5 % lost/);
  assert.match(text, /600 kbit\/s down: [^|]*\| not measured/);
  assert.equal(GOALS.length, 6);
});

test('docs/quality.md says what was measured', () => {
  const { is, should } = page(results());
  if (process.env.MADANG_WRITE_DOCS) writeFileSync(DOC, should);
  else assert.equal(is, should);
});
