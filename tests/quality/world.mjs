// A laboratory with the servers and three browsers in it, in which one row after the other is measured. Run by run.mjs
// under scripts/own-net.sh; takes jobs on stdin, one JSON object a line, and answers each on stdout. CORES: the
// processors that are its own, and of which the idle time counts.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab } from '../netlab/lib/lab.mjs';
import { Janus } from './janus.mjs';
import { Madang } from './madang.mjs';
import { numbers, recovery } from './numbers.mjs';
import { Seat } from './pages.mjs';
import { ROWS } from './rows.mjs';

/** @typedef {import('./rows.mjs').Row} Row */
/** @typedef {'chromium' | 'firefox'} Kind */
/**
 * @typedef {{name: string, publish: (seat: Seat, camera: any) => Promise<void>, view: (seat: Seat) => Promise<void>,
 *   clear: () => Promise<void>, close: () => Promise<void>, log: () => string}} Side
 * @typedef {{fault: string, way: string, browser: Kind, server: string, seconds: number}} Job
 */

/** @type {Record<string, (lab: Lab) => Promise<Side>>} */
const OPEN = { madang: (lab) => Madang.open(lab), janus: (lab) => Janus.open(lab) };
/** Of smaller pictures Chromium makes two layers only. */
const CAMERA = { width: 960, height: 540, fps: 25, layers: [
  { rid: 'q', by: 4, bps: 100_000 }, { rid: 'h', by: 2, bps: 300_000 }, { rid: 'f', by: 1, bps: 1_700_000 }] };
/** Until the whole picture is there; and for the estimates to settle afterwards. */
const START_MS = 20_000, SETTLE_MS = 5000;
/** For what was lost to come back, at most. */
const AFTER_MS = 20_000;
const CORES = (process.env.CORES ?? '').split(',').filter(Boolean).map((n) => `cpu${n}`);
const { NOTES } = process.env;

/** The processors' idle and whole time since the start. */
function processors() {
  const lines = readFileSync('/proc/stat', 'utf8').split('\n').map((l) => l.split(/\s+/));
  const own = lines.filter(([name]) => (CORES.length ? CORES.includes(name) : name === 'cpu'));
  const times = own.map((l) => l.slice(1, 9).map(Number));
  return { idle: times.reduce((a, v) => a + v[3] + v[4], 0), all: times.flat().reduce((a, b) => a + b, 0) };
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

/** Does to the line what the row says; when it was over.
 *  @param {Row} row @param {Seat} seat @param {number} from @param {number} ms */
async function faults({ fault, way }, seat, from, ms) {
  let ended = from;
  for (const { at, after, media = [], both = [], ends } of fault.steps) {
    if (after === undefined) await sleep(Math.max(0, from + (at ?? 0) * ms - Date.now()));
    else await sleep(after * 1000);
    await seat.line.tell(...media.map((m) => `${way} ${m}`), ...both.flatMap((b) => [`up ${b}`, `down ${b}`]));
    if (ends) ended = Date.now();
  }
  await sleep(Math.max(0, from + ms - Date.now()));
  return ended;
}

/** What the viewers have noted, once both have the whole picture again. @param {Seat[]} viewers @param {number} ended */
async function recovered(viewers, ended) {
  for (;;) {
    const notes = await Promise.all(viewers.map((v) => v.call('report')));
    const whole = notes.every((n) => recovery(n.frames, ended, CAMERA) !== null);
    if (whole || Date.now() > ended + AFTER_MS) return notes;
    await sleep(1000);
  }
}

/** @param {Row} row @param {Side} side @param {Seat[]} seats @param {Job} job */
async function measure(row, side, seats, { browser, seconds }) {
  const [publisher, ...viewers] = seats;
  await Promise.all(seats.map((s) => s.fresh()));
  await side.publish(publisher, CAMERA);
  for (const v of viewers) await side.view(v);
  await started(viewers);
  const [from, before] = [Date.now(), processors()];
  const ended = await faults(row, row.way === 'up' ? publisher : viewers[0], from, seconds * 1000);
  const [to, after] = [Date.now(), processors()];
  const notes = await recovered(viewers, ended);
  if (NOTES) {
    mkdirSync(NOTES, { recursive: true });
    const all = { from, to, ended, publisher: await publisher.call('report'), viewers: notes };
    writeFileSync(path.join(NOTES, `${browser}-${row.way}-${row.fault.id}-${side.name}.json`), JSON.stringify(all));
  }
  await side.clear();
  return {
    fault: row.fault.id, way: row.way, server: side.name, browser, seconds, day: new Date().toISOString().slice(0, 10),
    idle: (after.idle - before.idle) / (after.all - before.all),
    viewers: notes.map((n) => ({ ...numbers(n, from, to), recoveryMs: row.fault.id === 'none' ? null : recovery(n.frames, ended, CAMERA) })),
  };
}

class World {
  lab = new Lab();
  /** @type {Map<string, Side>} */
  sides = new Map();
  /** @type {Seat[]} */
  seats = [];
  /** @type {Kind | ''} */
  browser = '';

  /** @param {string} name @returns {Promise<Side>} */
  async side(name) {
    const side = this.sides.get(name) ?? await OPEN[name](this.lab);
    this.sides.set(name, side);
    return side;
  }

  /** Browsers stay from row to row. @param {Kind} browser */
  async sit(browser) {
    if (browser === this.browser) return;
    await Promise.all(this.seats.map((s) => s.close()));
    this.seats = await Promise.all(['p', 'a', 'b'].map((n) => Seat.open(this.lab, `${browser[0]}${n}`, browser)));
    this.browser = browser;
  }

  /** @param {Job} job */
  async do(job) {
    const row = ROWS.find(({ fault, way }) => fault.id === job.fault && way === job.way);
    if (!row) throw new Error(`no such row: ${job.way}:${job.fault}`);
    await this.sit(job.browser);
    const side = await this.side(job.server);
    try {
      return { result: await measure(row, side, this.seats, job) };
    } catch (e) {
      await side.clear().catch(() => {});
      for (const s of this.seats) await s.again();
      return { error: `${e}\n${side.log().slice(-2000)}` };
    }
  }

  async close() {
    await Promise.all(this.seats.map((s) => s.close()));
    for (const side of this.sides.values()) await side.close();
    this.lab.close();
  }
}

const world = new World();
for await (const line of readline.createInterface({ input: process.stdin })) {
  const answer = await world.do(JSON.parse(line)).catch((e) => ({ error: `${e?.stack ?? e}` }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await world.close();
process.exit(0);
