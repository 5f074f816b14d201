// Measures madang beside ws and Socket.IO: the same clients (bench/load), the same room protocol, the same
// processor, one round after the other in turn. Prints min, median and max, and the ratios that we promise.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const LOAD = path.join(ROOT, 'build/bench/load');
const BIN = path.resolve(process.env.MADANG_BIN || path.join(ROOT, 'build/madang'));
const ROUNDS = Number(process.env.ROUNDS || 5);
const CLIENTS = Number(process.env.CLIENTS || 2000);
const CHATTERS = 200;
const ONLY = (process.env.ONLY || 'join,chat,memory,start').split(',');
const SERVERS = (process.env.SERVERS || 'madang,ws,sio').split(',');
const NAMES = { madang: 'madang', ws: 'ws', sio: 'Socket.IO' };

const tmp = mkdtempSync(path.join(os.tmpdir(), 'madang-bench-'));
const cpus = os.cpus().length;
/** Which processors the servers and the clients run on; others had better leave these alone. */
const [SERVER_CPU, LOAD_CPU] = (process.env.BENCH_CPUS || `${cpus - 1},${Math.max(cpus - 2, 0)}`).split(',');
const pin = (/** @type {string[]} */ cmd, /** @type {string} */ cpu) => ['taskset', '-c', cpu, ...cmd];
const sleep = (/** @type {number} */ ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const s = net.createServer().once('error', reject);
    s.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (s.address());
      s.close(() => resolve(port));
    });
  });
}

const OFF = ['hello', 'join', 'chat', 'desc', 'resume', 'manage', 'http'].flatMap((k) => [`--rate-${k}`, 'off']);
const ROOM = ['--max-connections', '10000', '--connections-per-address', '10000'];

/** @param {string} which @param {number} port @param {boolean} tls */
function command(which, port, tls) {
  if (which === 'madang') {
    return [BIN, '--listen', '127.0.0.1', '--port', `${port}`, '--udp-port', '0', '--data', path.join(tmp, 'data'),
      '--tls', tls ? 'auto' : 'off', '--log-level', 'error', ...OFF, ...ROOM];
  }
  const script = path.join(ROOT, 'bench/peers', which === 'ws' ? 'ws.mjs' : 'socketio.mjs');
  return ['node', script, `${port}`, ...(tls ? [path.join(tmp, 'cert.pem'), path.join(tmp, 'cert.pem')] : [])];
}

/** @param {number} port */
async function listening(port) {
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

/** Runs steps of the load generator; its reports.
 * @param {string[]} args @returns {Promise<any[]>} */
function load(args) {
  const cmd = pin([LOAD, ...args], LOAD_CPU);
  return new Promise((resolve, reject) => {
    let text = '';
    const child = spawn(cmd[0], cmd.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (d) => { text += d; });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve(text.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l)))
      : reject(new Error(`${cmd.join(' ')} ended with ${code}`))));
  });
}

/** @param {string} which @param {boolean} tls
 * @param {(run: (clients: number, ...steps: string[]) => Promise<any[]>) => Promise<void>} fn */
async function withServer(which, tls, fn) {
  const port = await freePort();
  const cmd = pin(command(which, port, tls), SERVER_CPU);
  const child = spawn(cmd[0], cmd.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = new Promise((resolve) => { child.once('exit', resolve); });
  try {
    await listening(port);
    await fn((clients, ...steps) => load(['--dialect', which, '--port', `${port}`, '--pid', `${child.pid}`,
      '--clients', `${clients}`, ...(tls ? ['--tls'] : []), ...steps]));
  } finally {
    child.kill(which === 'madang' ? 'SIGTERM' : 'SIGKILL');
    setTimeout(() => child.kill('SIGKILL'), 3000).unref();
    await gone;
  }
}

/** @type {Map<string, Record<string, number[]>>} metric -> server -> values */
const results = new Map();

/** @param {string} metric @param {string} which @param {number} value */
function add(metric, which, value) {
  const row = results.get(metric) ?? {};
  (row[which] ??= []).push(value);
  results.set(metric, row);
}

const of = (/** @type {any[]} */ reports, /** @type {string} */ step) => reports.filter((r) => r.step === step);

/** @param {string} which @param {boolean} tls */
async function measureCpu(which, tls) {
  const kind = tls ? ', TLS' : '';
  await withServer(which, tls, async (run) => {
    await run(CHATTERS, 'join', 'saturate:8:1', 'relay:0.5', 'leave'); // let the peers' compiler warm up
    if (ONLY.includes('join')) {
      await run(CLIENTS, 'join', 'leave');
      add(`join, us${kind}`, which, of(await run(CLIENTS, 'join', 'leave'), 'join')[0].cpu_us);
    }
    if (ONLY.includes('chat')) {
      const r = await run(CHATTERS, 'join', 'chat:4500:1', 'chat:4500:3', 'saturate:8:2', 'relay:2', 'leave');
      add(`chat paced, us${kind}`, which, of(r, 'chat')[1].cpu_us);
      add(`chat saturated, us${kind}`, which, of(r, 'saturate')[0].cpu_us);
      add(`relay 2.5 kB, us${kind}`, which, of(r, 'relay')[0].cpu_us);
    }
  });
}

/** @param {string} which @param {boolean} tls */
async function measureMemory(which, tls) {
  const kind = tls ? ', TLS' : '';
  await withServer(which, tls, async (run) => {
    await run(CHATTERS, 'join', 'say:1', 'leave');
    await sleep(1000);
    const resume = which === 'madang' ? ['resume', 'sleep:6', 'rss'] : [];
    const r = of(await run(CLIENTS, 'rss', 'join', 'sleep:5', 'rss', 'say:1', 'sleep:6', 'rss', ...resume), 'rss');
    const each = (/** @type {number} */ i) => (r[i].kb - r[0].kb) / CLIENTS;
    add(`memory idle, kB${kind}`, which, each(1));
    add(`memory after chat, kB${kind}`, which, each(2));
    if (r.length > 3) add(`memory after resume, kB${kind}`, which, each(3));
  });
}

/** @param {string} which */
async function measureStart(which) {
  for (const tls of [false, true]) {
    const port = await freePort();
    const [r] = await load(['start', `${port}`, tls ? 'tls' : 'plain', ...command(which, port, tls)]);
    add(`start to /healthz, ms${tls ? ', TLS' : ''}`, which, r.ms);
    add(`memory at rest, MB${tls ? ', TLS' : ''}`, which, r.rss_kb / 1024);
  }
}

const sorted = (/** @type {number[]} */ v) => [...v].sort((a, b) => a - b);
const median = (/** @type {number[]} */ v) => (v.length % 2 ? sorted(v)[(v.length - 1) / 2]
  : (sorted(v)[v.length / 2 - 1] + sorted(v)[v.length / 2]) / 2);

/** What we promise: [metric, of whom, ratio], or [metric, null, absolute]. */
const GOALS = [
  ['join, us', 'ws', 1 / 8], ['join, us', 'sio', 1 / 20], ['join, us, TLS', 'ws', 0.4], ['chat paced, us', 'ws', 0.6],
  ['chat saturated, us', 'ws', 1 / 4], ['relay 2.5 kB, us', 'ws', 0.35], ['memory idle, kB', null, 2],
  ['memory after chat, kB', null, 2], ['memory after resume, kB', null, 2], ['memory idle, kB, TLS', null, 16],
  ['memory after chat, kB, TLS', null, 16], ['memory after resume, kB, TLS', null, 16],
  ['start to /healthz, ms, TLS', null, 50], ['memory at rest, MB, TLS', null, 15],
  ['binary stripped, MB', null, 8],
];

function print() {
  const num = (/** @type {number} */ v) => (v < 10 ? v.toFixed(2) : v.toFixed(1));
  console.log(`\n| ${'min / median / max'.padEnd(28)} | ${SERVERS.map((s) => NAMES[/** @type {keyof NAMES} */ (s)].padEnd(22)).join(' | ')} |`);
  console.log(`|${'-'.repeat(30)}|${SERVERS.map(() => '-'.repeat(24)).join('|')}|`);
  for (const [metric, row] of results) {
    const cells = SERVERS.map((s) => (row[s] ? `${num(sorted(row[s])[0])} / ${num(median(row[s]))} / ${num(/** @type {number} */ (sorted(row[s]).at(-1)))}` : '').padEnd(22));
    console.log(`| ${metric.padEnd(28)} | ${cells.join(' | ')} |`);
  }
  console.log('\n| goal                                         | measured | limit  |      |');
  console.log('|----------------------------------------------|----------|--------|------|');
  for (const [metric, whom, limit] of /** @type {[string, string | null, number][]} */ (GOALS)) {
    const row = results.get(metric);
    if (!row?.madang || (whom && !row[whom])) continue;
    const value = median(row.madang) / (whom ? median(row[whom]) : 1);
    const what = `${metric}${whom ? `, of ${NAMES[/** @type {keyof NAMES} */ (whom)]}` : ''}`;
    console.log(`| ${what.padEnd(44)} | ${value.toFixed(3).padStart(8)} | ${limit.toFixed(3).padStart(6)} | ${value <= limit ? 'met ' : 'MISS'} |`);
  }
}

/** The peers use the certificate that madang has made. */
async function takeCertificate() {
  await withServer('madang', true, async () => { await sleep(200); });
  copyFileSync(path.join(tmp, 'data/tls/server.pem'), path.join(tmp, 'cert.pem'));
}

const version = (/** @type {string} */ p) => JSON.parse(readFileSync(path.join(ROOT, 'bench/node_modules', p, 'package.json'), 'utf8')).version;

try {
  console.log(`${os.cpus()[0].model}, ${cpus} processors, ${os.type()} ${os.release()}, load ${os.loadavg()[0].toFixed(1)}`);
  console.log(`Node ${process.version}, ws ${version('ws')}, Socket.IO ${version('socket.io')}; ${ROUNDS} rounds; `
    + `${CLIENTS} clients for joins and memory, ${CHATTERS} for chat and relay, in rooms of 10`);
  await takeCertificate();
  for (let round = 0; round < ROUNDS; round++) {
    const order = SERVERS.map((_, i) => SERVERS[(i + round) % SERVERS.length]);
    for (const tls of [false, true]) {
      for (const which of order) {
        process.stderr.write(`round ${round + 1}${tls ? ', TLS' : ''}: ${which}          \r`);
        if (ONLY.includes('join') || ONLY.includes('chat')) await measureCpu(which, tls);
        if (ONLY.includes('memory')) await measureMemory(which, tls);
      }
    }
    if (ONLY.includes('start')) for (const which of order) await measureStart(which);
  }
  if (ONLY.includes('start')) {
    copyFileSync(BIN, path.join(tmp, 'stripped'));
    try {
      execFileSync('strip', [path.join(tmp, 'stripped')]);
      add('binary stripped, MB', 'madang', statSync(path.join(tmp, 'stripped')).size / 1e6);
    } catch { /* no binutils */ }
  }
  print();
  if (process.env.BENCH_JSON) writeFileSync(process.env.BENCH_JSON, JSON.stringify(Object.fromEntries(results)));
} finally {
  rmSync(tmp, { recursive: true, force: true });
}
