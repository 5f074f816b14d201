// What both measurements share: where things run, how servers start and end, and how figures are put into a table.
import { spawn } from 'node:child_process';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const BIN = path.resolve(process.env.MADANG_BIN || path.join(ROOT, 'build/madang'));
const cpus = os.cpus().length;
/** Which processors the servers and the clients run on; others had better leave these alone. */
export const [SERVER_CPU, LOAD_CPU] = (process.env.BENCH_CPUS || `${cpus - 1},${Math.max(cpus - 2, 0)}`).split(',');
export const pin = (/** @type {string[]} */ cmd, /** @type {string} */ cpu) => ['taskset', '-c', cpu, ...cmd];
export const sleep = (/** @type {number} */ ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
export const machine = () => `${os.cpus()[0].model}, ${cpus} processors, ${os.type()} ${os.release()}, load ${os.loadavg()[0].toFixed(1)}`;

/** @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const s = net.createServer().once('error', reject);
    s.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (s.address());
      s.close(() => resolve(port));
    });
  });
}

/** @param {number} port */
export async function listening(port) {
  for (let i = 0; i < 500; i++) {
    const ok = await new Promise((resolve) => {
      const s = net.connect(port, '127.0.0.1', () => { s.destroy(); resolve(true); });
      s.once('error', () => resolve(false));
    });
    if (ok) return;
    await sleep(20);
  }
  throw new Error('the server does not listen');
}

/** Runs a program that prints a line of JSON for each step; these.
 * @param {string[]} cmd @returns {Promise<any[]>} */
export function reports(cmd) {
  return new Promise((resolve, reject) => {
    let text = '';
    const child = spawn(cmd[0], cmd.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (d) => { text += d; });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve(text.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l)))
      : reject(new Error(`${cmd.join(' ')} ended with ${code}`))));
  });
}

/** Runs fn while cmd runs, and ends it.
 * @param {string[]} cmd @param {(pid: number) => Promise<void>} fn @param {NodeJS.Signals} [signal] @param {boolean} [quiet] */
export async function withProcess(cmd, fn, signal = 'SIGTERM', quiet = false) {
  const child = spawn(cmd[0], cmd.slice(1), { stdio: ['ignore', 'ignore', quiet ? 'ignore' : 'inherit'] });
  const gone = new Promise((resolve) => { child.once('exit', resolve); });
  try {
    await fn(/** @type {number} */ (child.pid));
  } finally {
    child.kill(signal);
    setTimeout(() => child.kill('SIGKILL'), 3000).unref();
    await gone;
  }
}

const sorted = (/** @type {number[]} */ v) => [...v].sort((a, b) => a - b);
export const median = (/** @type {number[]} */ v) => (v.length % 2 ? sorted(v)[(v.length - 1) / 2]
  : (sorted(v)[v.length / 2 - 1] + sorted(v)[v.length / 2]) / 2);

/** What was measured: metric -> server -> values. */
export class Results {
  /** @type {Map<string, Record<string, number[]>>} */
  rows = new Map();

  /** @param {string} metric @param {string} which @param {number} value */
  add(metric, which, value) {
    const row = this.rows.get(metric) ?? {};
    (row[which] ??= []).push(value);
    this.rows.set(metric, row);
  }

  /** The median, or undefined. @param {string} metric @param {string} which */
  median(metric, which) {
    const v = this.rows.get(metric)?.[which];
    return v && median(v);
  }

  /** @param {string[]} servers @param {Record<string, string>} names @param {number} width of the first column */
  print(servers, names, width) {
    const num = (/** @type {number} */ v) => (v < 10 ? v.toFixed(2) : v.toFixed(1));
    const head = servers.map((s) => names[s].padEnd(22));
    console.log(`\n| ${'min / median / max'.padEnd(width)} | ${head.join(' | ')} |`);
    console.log(`|${'-'.repeat(width + 2)}|${servers.map(() => '-'.repeat(24)).join('|')}|`);
    for (const [metric, row] of this.rows) {
      const cells = servers.map((s) => (row[s] ? `${num(sorted(row[s])[0])} / ${num(median(row[s]))} / ${num(/** @type {number} */ (sorted(row[s]).at(-1)))}` : '').padEnd(22));
      console.log(`| ${metric.padEnd(width)} | ${cells.join(' | ')} |`);
    }
  }
}

/** One line for each promise. @param {{ what: string, value: number | undefined, limit: number }[]} goals */
export function printGoals(goals) {
  console.log(`\n| ${'goal'.padEnd(52)} | measured | limit  |      |`);
  console.log(`|${'-'.repeat(54)}|----------|--------|------|`);
  for (const { what, value, limit } of goals) {
    if (value === undefined) continue;
    console.log(`| ${what.padEnd(52)} | ${value.toFixed(3).padStart(8)} | ${limit.toFixed(3).padStart(6)} | ${value <= limit ? 'met ' : 'MISS'} |`);
  }
}
