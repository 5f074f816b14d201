// Measures the relay of madang beside Debian's coturn and beside the floor (a bare loop, bench/turn/floor.c): the same
// clients and peers, the same processor, one round after the other in turn. Prints min, median and max, and the goals.
import { mkdtempSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import {
  BIN, LOAD_CPU, ROOT, Results, SERVER_CPU, freePort, listening, machine, pin, printGoals, reports, sleep, withProcess,
} from '../common.mjs';

const LOAD = path.join(ROOT, 'build/bench/turn_load');
const FLOOR = path.join(ROOT, 'build/bench/floor');
const ROUNDS = Number(process.env.ROUNDS || 9);
const SECONDS = Number(process.env.SECONDS || 1);
const ONLY = (process.env.ONLY || 'udp,tls,setup,memory,workers,veth').split(',');
const SERVERS = (process.env.SERVERS || 'madang,coturn,floor').split(',');
const NAMES = { madang: 'madang', coturn: 'coturn', floor: 'floor', madang2: 'madang, 2 workers' };
const ALLOCS = 100;
const IDLE = Number(process.env.ALLOCATIONS || 2000);
const MANY = 10000;

/** Namespaces want root, and bench/run.sh gives one a network to make them in. */
const VETH_TOO = ONLY.includes('veth') && process.getuid?.() === 0;

const tmp = mkdtempSync(path.join(os.tmpdir(), 'madang-bench-'));

/** Where a server is and where its clients are. */
const LOOPBACK = { host: '127.0.0.1', peers: '127.0.0.1', server: /** @type {string[]} */ ([]), load: /** @type {string[]} */ ([]) };
const VETH = { host: '10.9.0.1', peers: '10.9.0.2', server: ['ip', 'netns', 'exec', 'bench-server'], load: ['ip', 'netns', 'exec', 'bench-load'] };

/** A line between two namespaces whose ends gather what comes singly, as a network card does. */
function layLine() {
  const ip = (/** @type {string} */ args) => execFileSync('ip', args.split(' '));
  for (const ns of ['bench-server', 'bench-load']) ip(`netns add ${ns}`);
  ip('link add veth-server netns bench-server type veth peer name veth-load netns bench-load');
  for (const [ns, dev, host] of [['bench-server', 'veth-server', VETH.host], ['bench-load', 'veth-load', VETH.peers]]) {
    ip(`-n ${ns} addr add ${host}/24 dev ${dev}`);
    ip(`-n ${ns} link set lo up`);
    ip(`-n ${ns} link set dev ${dev} up`);
    ip(`netns exec ${ns} ethtool -K ${dev} gro on`);
  }
}

/** How each server starts. TLS has the TCP port, plain or not; UDP the other one.
 * @param {string} which @param {number} udp @param {number} tcp @param {string} host */
function command(which, udp, tcp, host) {
  const cert = path.join(tmp, 'server.pem');
  if (which === 'floor') return [FLOOR, `${udp}`, host];
  if (which === 'coturn') {
    return ['turnserver', '-n', '--listening-ip', host, '--relay-ip', host, '-p', `${udp}`, '--tls-listening-port', `${tcp}`,
      '--no-dtls', '--cert', cert, '--pkey', cert, '-a', '-u', 'bench:bench', '-r', 'bench', '--allow-loopback-peers', '--no-cli',
      '-l', '/dev/null', '--no-stdout-log', '-m', '1', '--pidfile', path.join(tmp, 'pid'), '--db', path.join(tmp, 'db')];
  }
  return [BIN, 'turn', '--listen', host, '--port', `${tcp}`, '--udp-port', `${udp}`, '--data', path.join(tmp, 'data'),
    '--tls', 'files', '--cert', cert, '--key', cert, '--realm', 'bench', '--user', 'bench:bench',
    '--allow-peer', '127.0.0.0/8', '--allow-peer', '10.9.0.0/24', '--max-connections', '1000', '--max-allocations', `${MANY + 100}`,
    '--relay-ports', '10000-30000', '--log-level', 'error', '--workers', which === 'madang2' ? '2' : '1'];
}

/** @param {string} which @param {(run: (args: string[], ...steps: string[]) => Promise<any[]>) => Promise<void>} fn
 * @param {string} [cpu] @param {typeof LOOPBACK} [net] */
async function withServer(which, fn, cpu = SERVER_CPU, net = LOOPBACK) {
  const udp = await freePort(), tcp = await freePort();
  await withProcess([...net.server, ...pin(command(which, udp, tcp, net.host), cpu)], async (pid) => {
    if (which === 'floor' || net !== LOOPBACK) await sleep(500);
    else await listening(tcp);
    await fn((args, ...steps) => reports([...net.load, ...pin([LOAD, '--server', `${net.host}:${args.includes('tls') ? tcp : udp}`,
      '--pid', `${pid}`, '--peers', net.peers, ...(which === 'floor' ? ['--floor'] : []), '--allocs', `${ALLOCS}`, ...args, ...steps],
    LOAD_CPU)]));
  }, 'SIGTERM', which === 'coturn');
}

const results = new Results();

/** Name of a figure -> step of the generator. */
const UDP = {
  'paced singly, us': `paced:10000:${SECONDS}`,
  'flood, us': `flood:256:${SECONDS}`,
  'bursts of 8, UDP_SEGMENT, us': `gso:8:256:${SECONDS}`,
  'bursts of 32, UDP_SEGMENT, us': `gso:32:1024:${SECONDS}`,
  'bursts of 8, sent singly, us': `burst:8:256:${SECONDS}`,
};
const TLS = {
  'paced singly, TLS, us': `paced:10000:${SECONDS}`,
  'bursts of 8, TLS, us': `burst:8:256:${SECONDS}`,
};

const LINE = {
  'bursts of 8, UDP_SEGMENT, veth, us': `gso:8:256:${SECONDS}`,
  'bursts of 8, sent singly, veth, us': `burst:8:256:${SECONDS}`,
};

/** @param {string} which @param {Record<string, string>} steps @param {string} over @param {string} [cpu] @param {typeof LOOPBACK} [net] */
async function measure(which, steps, over, cpu, net) {
  await withServer(which, async (run) => {
    const r = await run(['--over', over], 'setup', `flood:64:${SECONDS / 5}`, ...Object.values(steps), 'release');
    for (const [name, step] of Object.entries(steps)) results.add(name, which, r.find((x) => x.step === step).cpu_us);
  }, cpu, net);
}

/** One after the other, which pays for waking the server each time, and 16 at once. @param {string} which */
async function measureSetup(which) {
  await withServer(which, async (run) => {
    await run([], 'setup', 'release');
    results.add('set-up of an allocation, us', which, (await run(['--allocs', '400'], 'setup', 'release'))[0].cpu_us);
    results.add('set-up, 16 at once, us', which, (await run(['--allocs', '400'], 'setup:16', 'release'))[0].cpu_us);
  });
}

/** @param {string} which @param {number} n */
async function measureMemory(which, n) {
  await withServer(which, async (run) => {
    await run([], 'setup', 'release');
    await sleep(500);
    const r = (await run(['--allocs', `${n}`], 'rss', 'setup', 'sleep:2', 'rss')).filter((x) => x.step === 'rss');
    results.add(`memory of an idle allocation (${n}), kB`, which, (r[1].kb - r[0].kb) / n);
  });
}

const [a, b, c] = ['madang', 'coturn', 'floor'];
/** Above the floor, as a part of what coturn is above it. @param {string} metric */
function aboveFloor(metric) {
  const [m, t, f] = [a, b, c].map((s) => results.median(metric, s));
  return m !== undefined && t !== undefined && f !== undefined ? (m - f) / (t - f) : undefined;
}
/** @param {string} metric @param {string} [mine] @param {string} [theirs] */
function ratio(metric, mine = a, theirs = b) {
  const m = results.median(metric, mine), t = results.median(metric, theirs);
  return m !== undefined && t !== undefined ? m / t : undefined;
}

function goals() {
  printGoals([
    { what: 'paced singly, above the floor, of coturn', value: aboveFloor('paced singly, us'), limit: 0.6 },
    { what: 'flood, above the floor, of coturn', value: aboveFloor('flood, us'), limit: 0.6 },
    { what: 'bursts of 8, UDP_SEGMENT, of coturn', value: ratio('bursts of 8, UDP_SEGMENT, us'), limit: 0.35 },
    { what: 'bursts of 32, UDP_SEGMENT, of coturn', value: ratio('bursts of 32, UDP_SEGMENT, us'), limit: 0.15 },
    { what: 'paced singly, TLS, of coturn', value: ratio('paced singly, TLS, us'), limit: 0.9 },
    { what: 'bursts of 8, TLS, of coturn', value: ratio('bursts of 8, TLS, us'), limit: 0.5 },
    { what: 'set-up of an allocation, of coturn', value: ratio('set-up of an allocation, us'), limit: 1 / 3 },
    { what: 'set-up, 16 at once, of coturn', value: ratio('set-up, 16 at once, us'), limit: 1 / 3 },
    { what: `memory of an idle allocation (${IDLE}), kB`, value: results.median(`memory of an idle allocation (${IDLE}), kB`, a), limit: 4 },
    { what: `memory of an idle allocation (${MANY}), kB`, value: results.median(`memory of an idle allocation (${MANY}), kB`, a), limit: 4 },
    { what: 'flood with two workers, of one', value: ratio('flood, us', 'madang2', a), limit: 1.15 },
    { what: 'bursts of 8 with two workers, of one', value: ratio('bursts of 8, UDP_SEGMENT, us', 'madang2', a), limit: 1.15 },
  ]);
}

try {
  console.log(`${machine()}; ${ROUNDS} rounds; ${ALLOCS} allocations, 1,100 bytes both ways`);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost',
    '-days', '2', '-keyout', path.join(tmp, 'key.pem'), '-out', path.join(tmp, 'cert.pem')], { stdio: 'ignore' });
  execFileSync('sh', ['-c', `cat ${tmp}/cert.pem ${tmp}/key.pem > ${tmp}/server.pem`]);
  if (VETH_TOO) layLine();
  for (let round = 0; round < ROUNDS; round++) {
    for (const which of SERVERS.map((_, i) => SERVERS[(i + round) % SERVERS.length])) {
      process.stderr.write(`round ${round + 1}: ${which}          \r`);
      if (ONLY.includes('udp')) await measure(which, UDP, 'udp');
      if (VETH_TOO) await measure(which, LINE, 'udp', undefined, VETH);
      if (ONLY.includes('tls') && which !== 'floor') await measure(which, TLS, 'tls');
      if (ONLY.includes('setup') && which !== 'floor') await measureSetup(which);
      if (ONLY.includes('memory') && which !== 'floor') await measureMemory(which, IDLE);
      if (ONLY.includes('memory') && which === 'madang' && round === 0) await measureMemory(which, MANY);
      if (ONLY.includes('workers') && which === 'madang') await measure('madang2', UDP, 'udp', `${SERVER_CPU},${Number(SERVER_CPU) === 0 ? 1 : 0}`);
    }
  }
  results.print(ONLY.includes('workers') ? [...SERVERS, 'madang2'] : SERVERS, NAMES, 42);
  goals();
} finally {
  rmSync(tmp, { recursive: true, force: true });
}
