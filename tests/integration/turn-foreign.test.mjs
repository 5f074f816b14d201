// Other people's TURN clients with `madang turn`: coturn's tools in all their modes (but relays over TCP, RFC 6062, and
// -Z, which asks for a second address by the number of a draft). Peers are at 127.0.0.2, which is allowed here; the server
// itself is 127.0.0.1.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test, { after, before } from 'node:test';
import { freeUdpPort, startServer } from '../lib/server.mjs';

const PEER = '127.0.0.2';
const PATIENT = process.env.MADANG_SANITIZER ? 4 : 1;
const [USER, PASSWORD, SECRET] = ['ann', 'pw-for-tests', 'secret-for-tests'];
/** Two workers for UDP. A port that is reserved over a stream is its worker's, and streams are dealt out: one for these.
 *  @type {import('../lib/server.mjs').Server} */
let server;
/** @type {import('../lib/server.mjs').Server} */
let single;
/** @type {import('node:child_process').ChildProcess} */
let peer;
let peerPort = 0;

before(async () => {
  [server, single] = await Promise.all([2, 1].map((workers) => startServer({
    command: 'turn', tls: true, args: ['--listen', '::1', '--user', `${USER}:${PASSWORD}`, '--secret', SECRET, '--realm', 'lab.test', '--allow-peer', `${PEER}/32`,
      '--mobility', 'on', '--rfc5766-channels', 'on', '--workers', `${workers}`, '--rate-stun', '2000/2000', '--rate-challenge', '2000/2000'],
  })));
  peerPort = await freeUdpPort();
  peer = spawn('turnutils_peer', ['-L', PEER, '-p', `${peerPort}`], { stdio: 'ignore' });
});

after(async () => {
  peer?.kill();
  for (const s of [server, single]) assert.deepEqual(await s?.stop(), { code: 0, signal: null }, s?.log().slice(-3000));
});

/** @param {string} file @param {string[]} args @param {number} [ms] @returns {Promise<{code: number | null, out: string}>} */
function run(file, args, ms = 25_000) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: ms * PATIENT });
    let out = '';
    for (const s of [child.stdout, child.stderr]) s.on('data', (d) => { out += d; });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out }));
  });
}

/** @param {string[]} flags @param {{tcp?: boolean, host?: string, rest?: boolean}} [o]  tcp: goes to the TCP port */
const uclient = (flags, { tcp = false, host = '127.0.0.1', rest = false } = {}) => run('turnutils_uclient', ['-e', PEER, '-r', `${peerPort}`,
  '-p', `${tcp ? single.port : (flags.includes('-S') ? single : server).udpPort}`, ...(rest ? ['-u', USER, '-W', SECRET] : ['-u', USER, '-w', PASSWORD]), ...flags, host]);

/** How many messages went out and came back. @param {string} out */
function counted(out) {
  const totals = [...out.matchAll(/tot_send_msgs=(\d+), tot_recv_msgs=(\d+)/g)].at(-1);
  return { sent: Number(totals?.[1] ?? 0), received: Number(totals?.[2] ?? 0) };
}

/** @typedef {{tcp?: boolean, host?: string, rest?: boolean, leaky?: boolean}} How */
/** Name, flags, messages that come back at least. @type {[string, string[], number, How?][]} */
const MODES = [
  ['UDP, channels, ports in pairs', [], 10],
  ['UDP, Send indications', ['-s'], 10],
  ['UDP, single ports', ['-c'], 5],
  ['UDP, relay to relay', ['-y'], 20],
  ['UDP, relay to relay, Send indications', ['-y', '-s'], 20],
  ['UDP, full-size messages', ['-l', '1200', '-n', '50'], 100],
  ['UDP, DONT-FRAGMENT', ['-g'], 10],
  ['UDP, more requests than needed', ['-G'], 10],
  ['UDP, mobility', ['-M'], 10],
  ['UDP, IPv4 asked for', ['-X'], 10],
  ['UDP, IPv6 relays, relay to relay', ['-x', '-y'], 20, { host: '::1' }],
  ['UDP, REST credentials', [], 10, { rest: true }],
  ['UDP, 100 clients', ['-m', '100'], 500],
  ['UDP, 100 clients, relay to relay', ['-m', '100', '-y'], 500],
  ['UDP, disconnects at random', ['-B', '-m', '10'], 0],
  ['TCP', ['-t'], 10, { tcp: true }],
  ['TCP, Send indications', ['-t', '-s'], 10, { tcp: true }],
  ['TCP, relay to relay', ['-t', '-y'], 20, { tcp: true }],
  ['TCP, 100 clients', ['-t', '-m', '100'], 500, { tcp: true }],
  ['TCP, mobility', ['-t', '-M'], 10, { tcp: true }],
  // This client takes a TLS record for one message, and loses what stands behind it: an answer and the first data, say, and on
  // a slow machine any two that left together. (That nothing is lost on our way is for test_app_relay to see.)
  ['TLS', ['-t', '-S'], 5, { tcp: true, leaky: true }],
  ['TLS, relay to relay', ['-t', '-S', '-y'], 10, { tcp: true, leaky: true }],
  ['TLS, odd sizes', ['-t', '-S', '-l', '101'], 5, { tcp: true, leaky: true }],
  ['DTLS', ['-S'], 10],
  ['DTLS, relay to relay', ['-S', '-y'], 20],
];

test('coturn\'s client, mode by mode', { concurrency: 14 }, async (t) => {
  await Promise.all(MODES.map(([name, flags, wanted, o]) => t.test(`${name} (${flags.join(' ')})`, async (s) => {
    const { code, out } = await uclient(flags, o);
    const { sent, received } = counted(out);
    assert.equal(code, 0, out.slice(-2500));
    s.diagnostic(`${sent} sent, ${received} received`);
    assert.ok(received >= wanted, `${received} of ${wanted}\n${out.slice(-2500)}`);
    if (wanted && !o?.leaky) assert.match(out, /Total lost packets 0 /, out.slice(-1500));
  })));
});

test('coturn\'s client with broken messages on purpose (-R, -N): the server goes on', async () => {
  // Every tenth message is changed somewhere; without luck the client waits for ever for the answer to one that deserves none.
  await Promise.all([['-R'], ['-R', '-y'], ['-R', '-t'], ['-N']].map((flags) => run('turnutils_uclient', ['-e', PEER, '-r', `${peerPort}`,
    '-p', `${flags.includes('-t') ? server.port : server.udpPort}`, '-u', USER, '-w', PASSWORD, ...flags, '127.0.0.1'], 6000)));
  const { out } = await uclient(['-c']);
  assert.match(out, /Total lost packets 0 /);
});

test('a wrong password gets nothing', async () => {
  const { code, out } = await run('turnutils_uclient', ['-e', PEER, '-r', `${peerPort}`, '-p', `${server.udpPort}`, '-u', USER, '-w', 'wrong', '127.0.0.1'], 4000);
  assert.notEqual(code, 0);
  assert.equal(counted(out).received, 0);
});

test('coturn\'s STUN client and its discovery of NATs', async () => {
  const stun = await run('turnutils_stunclient', ['-p', `${server.udpPort}`, '127.0.0.1']);
  assert.match(stun.out, /UDP reflexive addr: 127\.0\.0\.1:\d+/);
  // -m: how it maps. The discovery wants OTHER-ADDRESS (RFC 5780), which a server with one address has not: it says so.
  const nat = await run('turnutils_natdiscovery', ['-m', '-p', `${server.udpPort}`, '127.0.0.1']);
  assert.match(nat.out, /(UDP reflexive addr|Mapped|reflexive)/i, nat.out);
});
