// The loss matrix: one publisher with simulcast and two viewers, madang beside Debian's Janus on the same bad lines in the same run.
// ROWS=loss5,down:rate600 SECONDS=60 BROWSERS=chromium,firefox SERVERS=madang,janus; writes tests/quality/results.json
// and docs/quality.md. Under scripts/own-net.sh, as root.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab } from '../netlab/lib/lab.mjs';
import { Janus } from './janus.mjs';
import { Madang } from './madang.mjs';
import { numbers, recovery } from './numbers.mjs';
import { Seat } from './pages.mjs';
import { keep } from './results.mjs';
import { chosen } from './rows.mjs';

/** @typedef {import('./rows.mjs').Row} Row */
/**
 * @typedef {{name: string, publish: (seat: Seat, camera: any) => Promise<void>, view: (seat: Seat) => Promise<void>,
 *   clear: () => Promise<void>, close: () => Promise<void>, log: () => string}} Side
 */

const SECONDS = Number(process.env.SECONDS || 60);
const BROWSERS = /** @type {('chromium' | 'firefox')[]} */ ((process.env.BROWSERS || 'chromium,firefox').split(','));
const SERVERS = (process.env.SERVERS || 'madang,janus').split(',');
/** @type {Record<string, (lab: Lab) => Promise<Side>>} */
const OPEN = { madang: (lab) => Madang.open(lab), janus: (lab) => Janus.open(lab) };

/** Of smaller pictures Chromium makes two layers only. */
const CAMERA = { width: 960, height: 540, fps: 25, layers: [
  { rid: 'q', by: 4, bps: 100_000 }, { rid: 'h', by: 2, bps: 300_000 }, { rid: 'f', by: 1, bps: 1_700_000 }] };
/** Until the whole picture is there; and for the estimates to settle afterwards. */
const START_MS = 20_000, SETTLE_MS = 5000;
/** For what was lost to come back. */
const AFTER_MS = 20_000;

/** The processors' idle and whole time since the start. */
function processors() {
  const v = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).slice(1, 9).map(Number);
  return { idle: v[3] + v[4], all: v.reduce((a, b) => a + b, 0) };
}

/** Until all viewers have the whole picture, but not forever: the numbers show what a server does not manage.
 *  @param {Seat[]} viewers */
async function started(viewers) {
  for (const end = Date.now() + START_MS; Date.now() < end; await sleep(250)) {
    const now = await Promise.all(viewers.map((v) => v.call('now')));
    if (now.every(({ width }) => width >= CAMERA.width)) break;
  }
  await sleep(SETTLE_MS);
}

/** Does to the line what the row says; when it was over. @param {Row} row @param {Seat} seat @param {number} from */
async function faults({ fault, way }, seat, from) {
  let ended = from;
  for (const { at, after, media = [], both = [], ends } of fault.steps) {
    if (after === undefined) await sleep(Math.max(0, from + (at ?? 0) * SECONDS * 1000 - Date.now()));
    else await sleep(after * 1000);
    await seat.line.tell(...media.map((m) => `${way} ${m}`), ...both.flatMap((b) => [`up ${b}`, `down ${b}`]));
    if (ends) ended = Date.now();
  }
  await sleep(Math.max(0, from + SECONDS * 1000 - Date.now()));
  return ended;
}

/** @param {Row} row @param {Side} side @param {Seat[]} seats @param {string} browser */
async function measure(row, side, seats, browser) {
  const [publisher, ...viewers] = seats;
  await Promise.all(seats.map((s) => s.fresh()));
  await side.publish(publisher, CAMERA);
  for (const v of viewers) await side.view(v);
  await started(viewers);
  const [from, before] = [Date.now(), processors()];
  const ended = await faults(row, row.way === 'up' ? publisher : viewers[0], from);
  const [to, after] = [Date.now(), processors()];
  await sleep(Math.max(0, ended + AFTER_MS - Date.now()));
  const notes = await Promise.all(viewers.map((v) => v.call('report')));
  await side.clear();
  return {
    fault: row.fault.id, way: row.way, server: side.name, browser, seconds: SECONDS, day: new Date().toISOString().slice(0, 10),
    idle: (after.idle - before.idle) / (after.all - before.all),
    viewers: notes.map((n) => ({ ...numbers(n, from, to), recoveryMs: row.fault.id === 'none' ? null : recovery(n.frames, ended, CAMERA) })),
  };
}

const rows = chosen(process.env.ROWS);
const lab = new Lab();
let failed = 0;
/** @type {Side[]} */
const sides = [];
for (const name of SERVERS) sides.push(await OPEN[name](lab));
for (const browser of BROWSERS) {
  const seats = await Promise.all(['p', 'a', 'b'].map((n) => Seat.open(lab, `${browser[0]}${n}`, browser)));
  for (const row of rows) {
    for (const side of sides) {
      const what = `${browser}, ${row.way}, ${row.fault.title}, ${side.name}`;
      try {
        const result = await measure(row, side, seats, browser);
        const [a, b] = result.viewers;
        console.log(`${what}: ${keep(result) ? '' : 'VOID, '}idle ${(100 * result.idle).toFixed(0)} %, ${JSON.stringify(a)}, ${JSON.stringify(b)}`);
      } catch (e) {
        failed++;
        console.log(`${what}: FAILED: ${e}\n${side.log().slice(-2000)}`);
        await side.clear().catch(() => {});
        for (const s of seats) await s.again();
      }
    }
  }
  await Promise.all(seats.map((s) => s.close()));
}
for (const side of sides) await side.close();
lab.close();
process.exit(failed ? 1 : 0);
