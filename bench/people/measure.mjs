// Measures people on running servers: messages that stay beside Socket.IO with SQLite, on a disk, each acknowledged when it
// is synced; sign-ins, and what they do to the chat of others. Presence and the directory are measured without sockets, by
// bench/people/main.c. ONLY=messages,passwords; ROUNDS, SECONDS, SERVERS, BENCH_CPUS as ever.
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {
  BIN, LOAD_CPU, ROOT, Results, SERVER_CPU, freePort, listening, machine, median, pin, printGoals, reports, withProcess,
} from '../common.mjs';

const ROUNDS = Number(process.env.ROUNDS || 5);
const SECONDS = Number(process.env.SECONDS || 3);
const ONLY = (process.env.ONLY || 'messages,passwords').split(',');
const SERVERS = (process.env.SERVERS || 'madang,each,batch,plain').split(',');
const NAMES = { madang: 'madang', each: 'Socket.IO, each', batch: 'Socket.IO, batch', plain: '... without index' };
const PEOPLE = 200; // in rooms of 10
const PASSWORD = 'violet trombone harbour 81'; // bench/people/seed.c

execFileSync('taskset', ['-cp', LOAD_CPU, `${process.pid}`], { stdio: 'ignore' }); // who signs in is a client, too
mkdirSync(path.join(ROOT, 'build/bench'), { recursive: true });
const tmp = mkdtempSync(path.join(ROOT, 'build/bench/people-')); // on the disk where a data folder would lie
const results = new Results();
const add = results.add.bind(results);

/** What the disk takes for it now. @param {number} n @returns {number[]} us */
function syncs(n) {
  const fd = openSync(path.join(tmp, 'raw'), 'w');
  const page = Buffer.alloc(4096, 1);
  const took = Array.from({ length: n }, (_, i) => {
    const began = process.hrtime.bigint();
    writeSync(fd, page, 0, page.length, i * page.length);
    fdatasyncSync(fd);
    return Number(process.hrtime.bigint() - began) / 1e3;
  });
  closeSync(fd);
  return took;
}

const OFF = ['hello', 'join', 'chat', 'desc', 'resume', 'manage', 'http', 'sign-in', 'send', 'conv', 'open'].flatMap((k) => [`--rate-${k}`, 'off']);

/** @param {string} which @param {number} port @param {string} dir @param {string[]} more */
function command(which, port, dir, more) {
  return which === 'madang'
    ? [BIN, '--listen', '127.0.0.1', '--port', `${port}`, '--udp-port', '0', '--data', dir, '--tls', 'off', '--log-level', 'error',
      '--max-connections', '10000', '--connections-per-address', '10000', ...OFF, ...more]
    : ['env', `STAY_DIR=${dir}`, `STAY_COMMIT=${which === 'each' ? 'each' : 'batch'}`, `STAY_INDEX=${which === 'plain' ? 'off' : 'on'}`,
      'node', path.join(ROOT, 'bench/peers/stay.mjs'), `${port}`];
}

/** @param {string} which @param {string} cpus @param {string[]} more
 * @param {(o: {port: number, pid: number, run: (...args: string[]) => Promise<any[]>}) => Promise<void>} fn */
async function withServer(which, cpus, more, fn) {
  const port = await freePort();
  const dir = mkdtempSync(path.join(tmp, `${which}-`));
  if (which === 'madang') execFileSync(path.join(ROOT, 'build/bench/people_load'), ['seed', path.join(dir, 'madang.db'), `${PEOPLE}`]);
  await withProcess(pin(command(which, port, dir, more), cpus), async (pid) => {
    await listening(port);
    await fn({ port, pid, run: (...args) => reports(pin([path.join(ROOT, 'build/bench/load'), '--dialect',
      which === 'madang' ? 'madang' : 'sio', '--port', `${port}`, '--pid', `${pid}`, '--clients', `${PEOPLE}`, ...args], LOAD_CPU)) });
  });
  rmSync(dir, { recursive: true });
}

const of = (/** @type {any[]} */ r, /** @type {string} */ step) => r.filter((x) => x.step === step).at(-1);

/** @param {string} which */
async function measureMessages(which) {
  await withServer(which, SERVER_CPU, [], async ({ run }) => {
    await run('--stay', 'join', 'saturate:8:1.5', 'leave'); // the peer's compiler warms up
    const r = await run('--stay', 'join', `chat:4500:${SECONDS}`, `saturate:8:${SECONDS}`, 'leave');
    for (const [step, name] of [['chat', 'paced'], ['saturate', 'saturated']]) {
      const s = of(r, step);
      add(`${name}: CPU, us`, which, s.cpu_us * s.deliveries / s.acks);
      add(`${name}: acknowledged, /s`, which, s.acks_per_second);
      add(`${name}: to the ack, ms, median`, which, s.p50_us / 1e3);
      add(`${name}: to the ack, ms, p99`, which, s.p99_us / 1e3);
    }
  });
}

/** @param {number} port @param {number} n whose */
function signIn(port, n) {
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint();
    const req = http.request({ host: '127.0.0.1', port, path: '/api/sign_in', method: 'POST', agent: false,
      localAddress: `127.1.${n >> 7 & 127}.${1 + (n & 127)}`,
      headers: { 'Content-Type': 'application/json', Origin: `http://127.0.0.1:${port}` } }, (res) => {
      res.resume();
      res.once('end', () => resolve({ status: res.statusCode, ms: Number(process.hrtime.bigint() - began) / 1e6 }));
    });
    req.once('error', reject);
    req.end(JSON.stringify({ name: `person${1 + n % PEOPLE}`, password: PASSWORD }));
  });
}

const cpuMs = (/** @type {number} */ pid) => {
  const s = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
  return (Number(s[13]) + Number(s[14])) * 10;
};

/** People sign in, so many at a time, until fn is over; each again when the one before is answered.
 * @param {number} port @param {number} under @param {() => Promise<void>} fn */
async function withSignIns(port, under, fn) {
  let on = true, n = 0;
  /** @type {{status: number, ms: number}[]} */
  const done = [];
  const began = process.hrtime.bigint();
  const crowd = Array.from({ length: under }, async () => {
    while (on) done.push(await signIn(port, n++));
  });
  await fn();
  on = false;
  await Promise.all(crowd);
  const s = Number(process.hrtime.bigint() - began) / 1e9;
  const good = done.filter((d) => d.status === 200);
  return { perSecond: good.length / s, good: good.length, busy: done.filter((d) => d.status === 503).length,
    other: done.filter((d) => d.status !== 200 && d.status !== 503).length, ms: good.map((d) => d.ms).sort((a, b) => a - b) };
}

const wait = (/** @type {number} */ ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** One after the other; as many as the queue holds; twice as many. */
async function measureSignIns() {
  await withServer('madang', SERVER_CPU, [], async ({ port, pid }) => {
    await withSignIns(port, 1, () => wait(300));
    for (const under of [1, 32, 64]) {
      const cpu = cpuMs(pid);
      const r = await withSignIns(port, under, () => wait(SECONDS * 1000));
      if (r.other) throw new Error(`${r.other} sign-ins were answered otherwise`);
      add(`sign-ins, ${under} under way, /s`, 'madang', r.perSecond);
      add(`sign-ins, ${under} under way, ms`, 'madang', median(r.ms));
      add(`sign-ins, ${under} under way, refused`, 'madang', r.busy / (r.good + r.busy));
      if (under === 1) add('sign-in: CPU, ms', 'madang', (cpuMs(pid) - cpu) / r.good);
    }
  });
}

/** The chat of rooms, and messages that stay, without and with passwords being hashed all the time: in turn, on one server.
 * @param {string} cpus @param {string} name */
async function measureLatency(cpus, name) {
  await withServer('madang', cpus, [], async ({ port, run }) => {
    for (const [stay, what] of /** @type {[string[], string][]} */ ([[[], 'chat'], [['--stay'], 'messages']])) {
      const once = async (/** @type {string} */ which) => {
        const s = of(await run(...stay, 'join', 'chat:1000:0.3', `chat:1000:${SECONDS}`, 'leave'), 'chat');
        add(`${what}, ${name}, ms, median`, which, s.p50_us / 1e3);
        add(`${what}, ${name}, ms, p99`, which, s.p99_us / 1e3);
      };
      await once('quiet');
      await withSignIns(port, 8, () => once('hashing'));
    }
  });
}

const ratio = (/** @type {string} */ metric, /** @type {string} */ a, /** @type {string} */ b) => {
  const x = results.median(metric, a), y = results.median(metric, b);
  return x !== undefined && y ? x / y : undefined;
};

try {
  console.log(`${machine()}; ${ROUNDS} rounds; messages: ${PEOPLE} people in rooms of 10, all signed in`);
  /** @type {number[]} */
  const disk = [];
  for (let round = 0; round < ROUNDS; round++) {
    process.stderr.write(`round ${round + 1}\r`);
    disk.push(...syncs(100));
    if (ONLY.includes('messages')) {
      for (let i = 0; i < SERVERS.length; i++) await measureMessages(SERVERS[(i + round) % SERVERS.length]);
    }
    if (ONLY.includes('passwords')) {
      await measureSignIns();
      await measureLatency(SERVER_CPU, 'one processor');
      await measureLatency(`${SERVER_CPU},${Number(SERVER_CPU) - 2}`, 'two');
    }
  }
  disk.sort((a, b) => a - b);
  console.log(`fdatasync after 4 kB, between the rounds: median ${(median(disk) / 1e3).toFixed(2)} ms, p99 ${
    (disk[Math.floor(disk.length * 0.99)] / 1e3).toFixed(2)} ms`);
  results.print([...SERVERS, 'quiet', 'hashing'], { ...NAMES, quiet: 'without hashing', hashing: 'while hashing' }, 36);
  printGoals([
    { what: 'a message, saturated, CPU, of Socket.IO, each', value: ratio('saturated: CPU, us', 'madang', 'each'), limit: 0.2 },
    { what: 'a message, saturated, CPU, of Socket.IO, batch', value: ratio('saturated: CPU, us', 'madang', 'batch'), limit: 0.2 },
    { what: 'a message, paced, CPU, of Socket.IO, each', value: ratio('paced: CPU, us', 'madang', 'each'), limit: 0.2 },
    { what: 'a message, paced, CPU, of Socket.IO, batch', value: ratio('paced: CPU, us', 'madang', 'batch'), limit: 0.2 },
    { what: '5,000 by acknowledged messages a second', value: 5000 / (results.median('saturated: acknowledged, /s', 'madang') ?? NaN), limit: 1 },
    ...['chat', 'messages'].flatMap((what) => ['one processor', 'two'].map((name) => (
      { what: `p99 of ${what}, ${name}, of without hashing`, value: ratio(`${what}, ${name}, ms, p99`, 'hashing', 'quiet'), limit: 1.1 }))),
  ].filter((g) => !Number.isNaN(g.value)));
} finally {
  rmSync(tmp, { recursive: true, force: true });
}
