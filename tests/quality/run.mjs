// The loss matrix: one publisher with simulcast and two viewers, madang beside Debian's Janus on the same bad lines in the same run.
// ROWS=loss5,down:rate600 SECONDS=60 BROWSERS=chromium,firefox SERVERS=madang,janus; REST=1: only what is not known yet, for so many
// seconds (and so it goes on where it was ended); WORLDS: so many laboratories beside each other, each on processors of its own;
// NOTES=DIR: all that the browsers have noted. Writes tests/quality/results.json and docs/quality.md. As root.
import { spawn } from 'node:child_process';
import os from 'node:os';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { keep, known } from './results.mjs';
import { chosen } from './rows.mjs';

/** @typedef {import('./world.mjs').Job} Job */
/** @typedef {{result?: import('./results.mjs').Result, error?: string}} Answer */

const SECONDS = Number(process.env.SECONDS || 60);
const BROWSERS = /** @type {('chromium' | 'firefox')[]} */ ((process.env.BROWSERS || 'chromium,firefox').split(','));
const SERVERS = (process.env.SERVERS || 'madang,janus').split(',');
/** Three browsers and a server need two. */
const CORES_EACH = 2;
const WORLDS = Number(process.env.WORLDS || (os.availableParallelism() >= 2 * CORES_EACH ? 2 : 1));
const OWN_NET = fileURLToPath(new URL('../../scripts/own-net.sh', import.meta.url));
const WORLD = fileURLToPath(new URL('world.mjs', import.meta.url));

/** @type {Job[]} both servers of a row one after the other */
const jobs = BROWSERS.flatMap((browser) => chosen(process.env.ROWS).flatMap(({ fault, way }) => SERVERS.map((server) => (
  { fault: fault.id, way, browser, server, seconds: SECONDS })))).filter((job) => !process.env.REST || !known(job));
const counts = { all: jobs.length, done: 0, void: 0, failed: 0 };

/** Those of the browser that is open come first; a row's two servers go to the same world. @param {string} browser */
function next(browser) {
  const at = Math.max(0, jobs.findIndex((j) => j.browser === browser));
  const row = (/** @type {Job | undefined} */ j) => j && [j.browser, j.way, j.fault].join();
  return jobs.splice(at, row(jobs[at]) === row(jobs[at + 1]) ? 2 : 1);
}

/** @param {Job} job @param {Answer} answer */
function note(job, { result, error }) {
  const what = `${++counts.done}/${counts.all} ${job.browser}, ${job.way}: ${job.fault}, ${job.server}`;
  if (!result) {
    counts.failed++;
    console.log(`${what}: FAILED: ${error}`);
    return;
  }
  const ok = keep(result);
  if (!ok) counts.void++;
  console.log(`${what}: ${ok ? '' : 'VOID, '}idle ${(100 * result.idle).toFixed(0)} %, ${result.viewers.map((v) => JSON.stringify(v)).join(', ')}`);
}

/** Its next answer; others may write something, too. @param {AsyncIterator<string>} lines @returns {Promise<Answer>} */
async function answer(lines) {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error('a laboratory has ended');
    if (value.startsWith('{')) return JSON.parse(value);
  }
}

/** One laboratory, as long as there is something to do. @param {number} i */
async function work(i) {
  const cores = WORLDS > 1 ? Array.from({ length: CORES_EACH }, (_, k) => CORES_EACH * i + k).join() : '';
  const pin = cores ? ['taskset', '-c', cores] : ['env'];
  const child = spawn(pin[0], [...pin.slice(1), OWN_NET, process.execPath, WORLD],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, CORES: cores } });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (let browser = BROWSERS[i % BROWSERS.length]; jobs.length;) {
    for (const job of next(browser)) {
      ({ browser } = job);
      child.stdin.write(`${JSON.stringify(job)}\n`);
      note(job, await answer(lines));
    }
  }
  child.stdin.end();
  await new Promise((resolve) => { child.once('close', resolve); });
}

await Promise.all(Array.from({ length: Math.min(WORLDS, jobs.length) }, (_, i) => work(i)));
console.log(`${counts.done} measured, ${counts.void} void, ${counts.failed} failed`);
process.exit(counts.failed ? 1 : 0);
