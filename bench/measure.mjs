// Measures madang beside ws and Socket.IO: the same clients (bench/load), the same room protocol, the same
// processor, one round after the other in turn. Prints min, median and max, and the ratios that we promise.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  BIN, LOAD_CPU, ROOT, Results, SERVER_CPU, freePort, listening, machine, pin, printGoals, reports, sleep, withProcess,
} from './common.mjs';

const LOAD = path.join(ROOT, 'build/bench/load');
const ROUNDS = Number(process.env.ROUNDS || 5);
const CLIENTS = Number(process.env.CLIENTS || 2000);
const CHATTERS = 200;
const ONLY = (process.env.ONLY || 'join,chat,memory,start').split(',');
const SERVERS = (process.env.SERVERS || 'madang,ws,sio').split(',');
const NAMES = { madang: 'madang', ws: 'ws', sio: 'Socket.IO' };

const tmp = mkdtempSync(path.join(os.tmpdir(), 'madang-bench-'));
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

/** Runs steps of the load generator; its reports.
 * @param {string[]} args */
const load = (args) => reports(pin([LOAD, ...args], LOAD_CPU));

/** @param {string} which @param {boolean} tls
 * @param {(run: (clients: number, ...steps: string[]) => Promise<any[]>) => Promise<void>} fn */
async function withServer(which, tls, fn) {
  const port = await freePort();
  await withProcess(pin(command(which, port, tls), SERVER_CPU), async (pid) => {
    await listening(port);
    await fn((clients, ...steps) => load(['--dialect', which, '--port', `${port}`, '--pid', `${pid}`,
      '--clients', `${clients}`, ...(tls ? ['--tls'] : []), ...steps]));
  }, which === 'madang' ? 'SIGTERM' : 'SIGKILL');
}

const results = new Results();
const add = results.add.bind(results);

const of = (/** @type {any[]} */ reports, /** @type {string} */ step) => reports.filter((r) => r.step === step);

/** @param {string} which @param {boolean} tls */
async function measureCpu(which, tls) {
  const kind = tls ? ', TLS' : '';
  await withServer(which, tls, async (run) => {
    await run(CHATTERS, 'join', 'saturate:8:1', 'relay:0.5', 'leave'); // let the peers' compiler warm up
    if (ONLY.includes('join')) {
      await run(CLIENTS, 'join', 'leave');
      add(`join, us${kind}`, which, of(await run(CLIENTS, 'join', 'leave'), 'join')[0].cpu_us);
      if (which === 'madang') { // the same with hello in a frame of its own, as the peers' clients say it
        const late = await run(CLIENTS, '--late-hello', 'join', 'leave');
        add(`join, hello late, us${kind}`, which, of(late, 'join')[0].cpu_us);
      }
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
  results.print(SERVERS, NAMES, 28);
  printGoals(/** @type {[string, string | null, number][]} */ (GOALS).map(([metric, whom, limit]) => {
    const mine = results.median(metric, 'madang'), theirs = whom ? results.median(metric, whom) : 1;
    return {
      what: `${metric}${whom ? `, of ${NAMES[/** @type {keyof NAMES} */ (whom)]}` : ''}`,
      value: mine !== undefined && theirs !== undefined ? mine / theirs : undefined,
      limit,
    };
  }));
}

/** The peers use the certificate that madang has made. */
async function takeCertificate() {
  await withServer('madang', true, async () => { await sleep(200); });
  copyFileSync(path.join(tmp, 'data/tls/server.pem'), path.join(tmp, 'cert.pem'));
}

const version = (/** @type {string} */ p) => JSON.parse(readFileSync(path.join(ROOT, 'bench/node_modules', p, 'package.json'), 'utf8')).version;

try {
  console.log(machine());
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
  if (process.env.BENCH_JSON) writeFileSync(process.env.BENCH_JSON, JSON.stringify(Object.fromEntries(results.rows)));
} finally {
  rmSync(tmp, { recursive: true, force: true });
}
