// Measures madang's SFU beside Debian's Janus (its VideoRoom), a Pion SFU from Debian's packages and the floor (a bare
// loop, bench/sfu/floor): the same publishers and viewers, the same processor, one after the other in turn. Runs as root
// in a network of its own (scripts/own-net.sh), over a line between two namespaces: Janus passes loopback over. Prints min,
// median and max, and the goals. ROUNDS, SECONDS, ONLY=rates,join,memory,many,workers, ROWS, SERVERS, BENCH_CPUS.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { LOAD_CPU, ROOT, Results, SERVER_CPU, machine, pin, printGoals, reports, sleep, withProcess } from '../common.mjs';

const OUT = path.join(ROOT, 'build/bench');
const ROUNDS = Number(process.env.ROUNDS || 5);
const SECONDS = Number(process.env.SECONDS || 3);
const ONLY = (process.env.ONLY || 'rates,join,memory,many,workers').split(',');
const SERVERS = (process.env.SERVERS || 'madang,janus,pion,floor each,floor wake,floor gather').split(',');
const NAMES = { madang: 'madang', janus: 'Janus', pion: 'Pion', 'floor each': 'floor: sendto', 'floor wake': 'floor: UDP_SEGMENT',
  'floor gather': 'floor: every 5 ms' };
const [HERE, THERE, PORT] = ['10.9.0.1', '10.9.0.2', 7000];
/** Before whatever else this machine does: who gets the processor late finds more packets waiting, and looks cheaper. */
const first = ['chrt', '-r', '1'];
const inServer = [...first, 'ip', 'netns', 'exec', 'bench-server'], inLoad = [...first, 'ip', 'netns', 'exec', 'bench-load'];

/** @type {Record<string, string[]>} */
const ROWS = {
  '1 to 10': ['--publishers', '1', '--viewers', '10'],
  '1 to 30': ['--publishers', '1', '--viewers', '30'],
  '1 to 60': ['--publishers', '1', '--viewers', '60'],
  'meeting of 6': ['--publishers', '6', '--meeting'],
  'meeting of 10': ['--publishers', '10', '--meeting'],
};
const rows = process.env.ROWS ? process.env.ROWS.split(',') : Object.keys(ROWS);
const MANY = 1000;

const tmp = mkdtempSync(path.join(os.tmpdir(), 'madang-bench-'));
const sock = path.join(tmp, 'sock');

function layLine() {
  const ip = (/** @type {string} */ args) => execFileSync('ip', args.split(' '));
  for (const ns of ['bench-server', 'bench-load']) ip(`netns add ${ns}`);
  ip('link add veth-server netns bench-server type veth peer name veth-load netns bench-load');
  for (const [ns, dev, at] of [['bench-server', 'veth-server', HERE], ['bench-load', 'veth-load', THERE]]) {
    ip(`-n ${ns} addr add ${at}/24 dev ${dev}`);
    ip(`-n ${ns} link set lo up`);
    ip(`-n ${ns} link set dev ${dev} up`);
  }
}

/** Only the VideoRoom and its Unix socket; as Debian ships it otherwise. */
function writeJanus() {
  const libs = (/** @type {string} */ dir, /** @type {string} */ names) => names.split(' ').map((n) => `libjanus_${n}.so`).join(',');
  writeFileSync(path.join(tmp, 'janus.jcfg'), `general: { debug_level = 2
  session_timeout = 0 }
media: { rtp_port_range = "20000-60000" }
nat: { ice_lite = true
  ice_enforce_list = "veth-server" }
plugins: { disable = "${libs('plugins', 'audiobridge duktape echotest lua nosip recordplay sip streaming textroom videocall voicemail')}" }
transports: { disable = "${libs('transports', 'http mqtt nanomsg rabbitmq websockets')}" }
loggers: { disable = "${libs('loggers', 'jsonlog')}" }
events: { disable = "${libs('events', 'gelfevh mqttevh nanomsgevh rabbitmqevh sampleevh wsevh')}" }
`);
  writeFileSync(path.join(tmp, 'janus.transport.pfunix.jcfg'), `general: { enabled = true
  json = "compact"
  path = "${sock}"
  type = "SOCK_SEQPACKET" }
`);
  writeFileSync(path.join(tmp, 'janus.plugin.videoroom.jcfg'), 'general: { }\n');
}

/** Pion's library has its version in its path: Go finds that only from inside a tree with a go.mod. */
function buildPion() {
  if (!SERVERS.includes('pion')) return;
  const src = path.join(tmp, 'src/sfu');
  mkdirSync(src, { recursive: true });
  copyFileSync(path.join(ROOT, 'bench/sfu/pion/main.go'), path.join(src, 'main.go'));
  writeFileSync(path.join(src, 'go.mod'), 'module sfu\n');
  execFileSync('go', ['build', '-o', path.join(tmp, 'pion'), '.'], { cwd: src, stdio: 'inherit', env: { ...process.env,
    GO111MODULE: 'off', GOFLAGS: '-p=2', GOPATH: `${tmp}:/usr/share/gocode`, GOCACHE: path.join(OUT, 'go') } });
}

/** @param {string} which @param {boolean} twcc @param {number} workers */
function command(which, twcc, workers) {
  if (which === 'janus') return ['janus', '-F', tmp, '--disable-stdout'];
  if (which === 'pion') return [path.join(tmp, 'pion'), sock, HERE, ...(twcc ? ['twcc'] : [])];
  if (which === 'madang') return [path.join(OUT, 'sfu_house'), sock, HERE, `${PORT}`, `${workers}`];
  return [path.join(OUT, 'sfu_floor'), HERE, `${PORT}`, which.split(' ')[1]];
}

/** Debian's Janus does not always start: the thread of its Unix socket may look whether it is initialized before it is,
 * and on one processor always does. So it is given one when it listens. @param {number} pid @param {string} cpu */
async function settleJanus(pid, cpu) {
  for (let i = 0; i < 500 && !existsSync(sock); i++) await sleep(20);
  execFileSync('taskset', ['-apc', cpu, `${pid}`], { stdio: 'ignore' });
}

/** Janus is tried again.
 * @param {string} which @param {string[]} args @param {{ twcc?: boolean, workers?: number, cpu?: string }} [how] */
async function meet(which, args, how) {
  for (let tries = 1; ; tries++) {
    try {
      return await meetOnce(which, args, how);
    } catch (e) {
      if (which !== 'janus' || tries === 5) throw e;
    }
  }
}

/** One meeting, with a server of its own.
 * @param {string} which @param {string[]} args @param {{ twcc?: boolean, workers?: number, cpu?: string }} [how] */
async function meetOnce(which, args, { twcc = false, workers = 1, cpu = SERVER_CPU } = {}) {
  const place = which.startsWith('floor') ? ['--floor', `${HERE}:${PORT}`] : [which === 'janus' ? '--janus' : '--plain', sock];
  rmSync(sock, { force: true });
  let r;
  const cmd = command(which, twcc, workers);
  await withProcess([...inServer, ...(which === 'janus' ? cmd : pin(cmd, cpu))], async (pid) => {
    if (which === 'janus') await settleJanus(pid, cpu);
    if (which.startsWith('floor')) await sleep(300);
    [r] = await reports([...inLoad, ...pin([path.join(OUT, 'sfu_load'), ...place, '--bind', THERE, '--pid', `${pid}`,
      '--seconds', `${SECONDS}`, ...(which === 'madang' ? ['--together'] : []), ...(twcc ? ['--twcc'] : []), ...args], LOAD_CPU)]);
  }, 'SIGTERM', true);
  if (process.env.VERBOSE) console.error(which, args.join(' '), JSON.stringify(r));
  return /** @type {Record<string, number>} */ (/** @type {unknown} */ (r));
}

const results = new Results(), latency = new Results(), lost = new Map();

/** @param {string} which @param {boolean} twcc */
async function measureRates(which, twcc) {
  for (const row of rows) {
    const r = await meet(which, ROWS[row], { twcc });
    const name = twcc ? `${row}, TWCC and RTX` : row;
    results.add(name, which, r.us);
    latency.add(`${name}, median`, which, r.p50_us / 1000);
    latency.add(`${name}, 99 %`, which, r.p99_us / 1000);
    const key = `${NAMES[/** @type {keyof NAMES} */ (which)]}, ${name}`;
    if (r.lost > 0 || r.bad > 0 || r.unsealed > 0) lost.set(key, (lost.get(key) ?? 0) + r.lost + r.bad + r.unsealed);
  }
}

/** @param {string} which */
async function measureJoin(which) {
  for (const [how, spacing] of [['', '0.15'], [', anew', '1.763']]) {
    const r = await meet(which, ['--publishers', '1', '--viewers', '11', '--spacing', spacing, '--warm', '0.3', '--seconds', '0.3']);
    results.add(`subscribe to answer${how}, ms`, which, r.answer_ms);
    results.add(`subscribe to keys${how}, ms`, which, r.keys_ms);
    results.add(`subscribe to first packet${how}, ms`, which, r.first_ms);
    results.add(`subscribe to first key frame${how}, ms`, which, r.key_ms);
  }
}

/** @param {string} which */
async function measureMemory(which) {
  const of = (/** @type {string} */ n) => meet(which, ['--publishers', '1', '--viewers', n, '--seconds', '0.5'], { twcc: true });
  const few = await of('20'), many = await of('120');
  results.add('memory of a subscriber, kB', which, (many.rss_kb - few.rss_kb) / 100);
  const ten = await meet(which, ['--publishers', '10', '--meeting', '--seconds', '0.5'], { twcc: true });
  results.add('memory of one in a meeting of ten, kB', which, (ten.rss_kb - ten.rss_before_kb) / 10);
}

/** How many percent of the rate of one publisher reach a thousand viewers whole. @param {string} which */
async function measureMany(which) {
  let best = 0, slow = 0;
  for (const percent of [20, 40, 60, 80, 100]) {
    const r = await meet(which, ['--publishers', '1', '--viewers', `${MANY}`, '--blind', '20', '--fps-percent', `${percent}`])
      .catch((e) => console.log(`${which}, ${MANY} viewers, ${percent} % of the pictures: not all of them get in (${e.message})`));
    if (!r) break;
    const whole = r.lost <= 0 && r.packets >= 0.995 * r.sent * MANY;
    console.log(`${which}, ${MANY} viewers, ${percent} % of the pictures: ${Math.round(r.packets / SECONDS)} packets/s, ${r.us.toFixed(2)} us each, `
      + `server ${r.cpu_percent} %, load ${r.load_percent} %, lost ${r.lost}, 99 % within ${(r.p99_us / 1000).toFixed(1)} ms${whole ? '' : ': not whole'}`);
    if (!whole) break;
    best = r.packets / SECONDS;
    slow = r.p99_us / 1000;
  }
  results.add('1,000 viewers, packets/s, thousands', which, best / 1000);
  if (best > 0) latency.add(`${MANY} viewers, 99 %`, which, slow);
}

/** @param {string} metric @param {string} theirs @param {string} [mine] */
function ratio(metric, theirs, mine = 'madang') {
  const m = results.median(metric, mine), t = results.median(metric, theirs);
  return m !== undefined && t !== undefined ? m / t : undefined;
}

function goals() {
  const limits = { '1 to 10': 1 / 5, '1 to 30': 1 / 6, '1 to 60': 1 / 6, 'meeting of 6': 1 / 3.5, 'meeting of 10': 1 / 3.5 };
  printGoals([
    ...['', ', TWCC and RTX'].flatMap((how) => Object.entries(limits).map(([row, limit]) => (
      { what: `${row}${how}, of Janus`, value: ratio(row + how, 'janus'), limit }))),
    ...Object.keys(limits).map((row) => ({ what: `${row}, of the floor with UDP_SEGMENT`, value: ratio(row, 'floor wake'), limit: 1.3 })),
    { what: 'subscribe to first packet, ms', value: results.median('subscribe to first packet, ms', 'madang'), limit: 10 },
    ...['', ', anew'].map((how) => (
      { what: `subscribe to first key frame${how}, ms`, value: results.median(`subscribe to first key frame${how}, ms`, 'madang'), limit: 30 })),
    { what: 'memory of a subscriber, kB', value: results.median('memory of a subscriber, kB', 'madang'), limit: 60 },
    { what: 'memory of one in a meeting of ten, kB', value: results.median('memory of one in a meeting of ten, kB', 'madang'), limit: 150 },
    ...[...Object.keys(limits), `${MANY} viewers`].map((row) => ({ what: `latency, ${row}, 99 %, ms`, value: latency.median(`${row}, 99 %`, 'madang'), limit: 2 })),
    { what: '1 to 30 with two workers, of one', value: ratio('1 to 30', 'madang', 'two workers'), limit: 1.15 },
  ]);
}

async function play() {
  for (let round = 0; round < ROUNDS; round++) {
    for (const which of SERVERS.map((_, i) => SERVERS[(i + round) % SERVERS.length])) {
      process.stderr.write(`round ${round + 1}: ${which}          \r`);
      if (ONLY.includes('rates')) await measureRates(which, false);
      if (which.startsWith('floor')) continue;
      if (ONLY.includes('twcc') || ONLY.includes('rates')) await measureRates(which, true);
      if (ONLY.includes('join')) await measureJoin(which);
      if (ONLY.includes('memory')) await measureMemory(which);
      if (ONLY.includes('many') && round === 0) await measureMany(which);
      if (ONLY.includes('workers') && which === 'madang') {
        const r = await meet(which, ROWS['1 to 30'], { workers: 2, cpu: `${SERVER_CPU},${Number(SERVER_CPU) === 0 ? 1 : 0}` });
        results.add('1 to 30', 'two workers', r.us);
      }
    }
  }
}

try {
  console.log(`${machine()}; ${ROUNDS} rounds of ${SECONDS} s`);
  layLine();
  writeJanus();
  buildPion();
  try {
    await play();
  } catch (e) { // what there is until then is worth its time
    console.error(e);
    process.exitCode = 1;
  }
  console.log('\nServer CPU for each packet that was passed on, us, and the rest:');
  results.print([...SERVERS, ...(ONLY.includes('workers') ? ['two workers'] : [])], { ...NAMES, 'two workers': 'madang, 2 workers' }, 38);
  console.log('\nFrom a publisher to a viewer, ms:');
  latency.print(SERVERS, NAMES, 38);
  for (const [what, n] of lost) console.log(`lost: ${what}: ${n}`);
  goals();
  console.log(`load at the end: ${os.loadavg()[0].toFixed(1)}`);
} finally {
  rmSync(tmp, { recursive: true, force: true });
}
