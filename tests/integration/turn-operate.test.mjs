// madang turn in an operator's hands: starts, credentials, signals, numbers, recordings; and what the whole server says
// of its relays.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, test } from 'node:test';
import { join } from '../lib/client.mjs';
import { BIN, freePort, freeUdpPort, sleep, startServer } from '../lib/server.mjs';
import { ATTR, readAddress } from '../lib/stun.mjs';
import { PATIENCE, metricsOf } from '../lib/turn_attack.mjs';
import { TurnClient } from '../lib/turn_client.mjs';

/** @typedef {import('../lib/server.mjs').Server} Server */

const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-turn-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/**
 * A run that ends by itself.
 * @param {string[]} cmd
 * @param {{input?: string, env?: Record<string, string>, ms?: number}} [o]
 * @returns {Promise<{code: number, out: string, err: string}>}
 */
function run(cmd, o = {}) {
  return new Promise((resolve) => {
    const child = execFile(cmd[0], cmd.slice(1), { timeout: o.ms ?? 15000, cwd: dir, env: { ...process.env, ...o.env } },
      (e, out, err) => resolve({ code: e ? Number(e.code) : 0, out, err }));
    child.stdin?.on('error', () => {}); // it may not read
    child.stdin?.end(o.input ?? '');
  });
}

/** Unless the test says how long, relays that are still there don't hold up the end. */
const turn = (/** @type {string[]} */ args, o = {}) => startServer({ command: 'turn', ...o,
  args: args.includes('--drain') ? args : [...args, '--drain', '300ms'] });
/** @type {TurnClient[]} */
const clients = [];
afterEach(() => { for (const c of clients.splice(0)) c.close(); });
/** @param {Server} s @param {object} [o] */
async function client(s, o = {}) {
  const c = await TurnClient.open({ host: s.host, port: s.udpPort, user: 'ann', password: 'topsecret', ...o });
  clients.push(c);
  return c;
}
/** @param {Promise<unknown>} p @param {number} code */
const refused = (p, code) => assert.rejects(p, (/** @type {any} */ e) => e.code === code);

/** Waits until values of /metrics, which are shown some milliseconds late, are these.
 *  @param {Server} s @param {Record<string, number>} want */
async function shows(s, want) {
  const names = Object.keys(want);
  for (const end = Date.now() + PATIENCE; ; await sleep(10)) {
    const value = await metricsOf(s);
    const got = Object.fromEntries(names.map((n) => [n, value(n)]));
    if (names.every((n) => got[n] === want[n])) return;
    if (Date.now() > end) assert.deepEqual(got, want);
  }
}

/** A packet from one relay to another through the server. @param {TurnClient} a @param {TurnClient} b */
async function exchange(a, b) {
  const to = /** @type {import('../lib/stun.mjs').Address} */ (b.relayed);
  const from = /** @type {import('../lib/stun.mjs').Address} */ (a.relayed);
  await a.permit(to.host);
  await b.permit(from.host);
  a.send(to, Buffer.from('one way'));
  assert.equal((await b.receive())?.data.toString(), 'one way');
}

test('it says where it listens and what a page wants; over HTTP there is only /healthz and /metrics', async () => {
  const s = await turn(['--user', 'ann:topsecret', '--secret', 'northstar', '--realm', 'north', '--name', 'relay.example']);
  const said = s.log();
  assert.match(said, new RegExp(`127\\.0\\.0\\.1:${s.udpPort}`));
  assert.match(said, new RegExp(`'turn:relay\\.example:${s.udpPort}', 'turn:relay\\.example:${s.port}\\?transport=tcp'`));
  assert.match(said, /Realm: +north/);
  assert.match(said, /49152 to 65535/);
  assert.deepEqual(JSON.parse((await s.get('/healthz')).body.toString()), { status: 'ok', allocations: 0 });
  await shows(s, { madang_turn_allocations: 0 });
  for (const p of ['/', '/a/x', '/r/x', '/api/ws', '/sdk/madang.js', '/ca.crt', '/favicon.ico']) {
    const r = await s.get(p);
    assert.equal(r.status, 404, p);
    assert.match(r.body.toString(), /^This is a TURN server alone.*\.\n$/);
  }
  assert.equal((await s.get('/api/send/x', { method: 'POST' })).status, 404);
  assert.equal((await s.get('/healthz', { method: 'DELETE' })).status, 405);
  assert.deepEqual(readdirSync(s.data), []); // nothing to keep
  assert.ok(!readFileSync(`/proc/${s.pid}/cmdline`, 'utf8').match(/topsecret|northstar/));
  assert.deepEqual(await s.stop(), { code: 0, signal: null });
});

test('wrong options end the start with a sentence', async () => {
  /** @type {[string[], RegExp][]} */
  const wrong = [
    [[], /nobody could relay: madang turn wants user, users-file, secret or secret-file/],
    [['--user', 'ann'], /--user: "\(hidden\)" is no name and password/],
    [['--user', 'ann:0xtopsecret'], /neither 32 nor 64 hexadecimal digits/],
    [['--secret', 'short'], /--secret: "\(hidden\)" is too short/],
    [['--user', 'ann:b', '--relay', 'off'], /--relay: must be on/],
    [['--user', 'ann:b', '--relay-ports', '70000-80000'], /--relay-ports: .* is no range of ports/],
    [['--user', 'ann:b', '--alternate-server', 'there'], /--alternate-server: "there" is no address/],
    [['--users-file', 'nowhere'], /nowhere cannot be read: No such file/],
    [['--user', 'ann:b', '--max-allocations', '900000'], /connections and 900000 relays need/],
  ];
  for (const [args, re] of wrong) {
    const r = await run([BIN, 'turn', '--port', `${await freePort()}`, '--udp-port', `${await freeUdpPort()}`, ...args]);
    assert.equal(r.code, 1, args.join(' '));
    assert.match(r.err, re);
    assert.equal(r.err.trim().split('\n').length, 1, r.err);
    assert.ok(!r.err.includes('topsecret'));
  }
  writeFileSync(path.join(dir, 'users'), 'ann:b\nbob\n');
  const r = await run([BIN, 'turn', '--users-file', 'users', '--listen', '127.0.0.1']);
  assert.equal(r.code, 1);
  assert.match(r.err, /users, line 2: this is no name and password/);
  assert.ok(!existsSync(path.join(dir, 'data')));
  const help = await run([BIN, 'turn', '--help']);
  assert.equal(help.code, 0);
  assert.match(help.out, /Usage: madang turn/);
});

test('madang token and madang turn-key make credentials that are good', async () => {
  const key = await run([BIN, 'turn-key', '--user', 'ann', '--realm', 'north'], { input: 'topsecret\n' });
  assert.match(key.out, /^ann:0x[0-9a-f]{32}\n$/);
  const s = await turn(['--user', key.out.trim(), '--secret', 'northstar', '--secret', 'older-one', '--realm', 'north']);
  await (await client(s, { algorithm: 'md5' })).allocate();
  const token = async (/** @type {string[]} */ ...args) => {
    const r = await run([BIN, 'token', '--json', '--url', `turn:127.0.0.1:${s.udpPort}`, ...args], { env: { MADANG_SECRET: 'northstar' } });
    assert.equal(r.code, 0, r.err);
    const { username, credential } = JSON.parse(r.out);
    return { user: username, password: credential, algorithm: 'md5' };
  };
  await (await client(s, await token('--user', 'bob'))).allocate();
  await (await client(s, await token('--sha256'))).allocate();
  await (await client(s, await token('--secret', 'older-one'))).allocate();
  await refused((await client(s, await token('--secret', 'another-one'))).allocate(), 401);
  const short = await token('--ttl', '1s');
  for (const end = Date.now() + PATIENCE; ; await sleep(50)) { // good until its second has gone by
    const c = await client(s, short);
    const code = await c.allocate().then(() => 0, (/** @type {any} */ e) => e.code);
    if (code === 401) break;
    assert.equal(code, 0);
    assert.ok(Date.now() < end, 'the credential is still good');
    await c.refresh(0);
  }
  await refused((await client(s, { password: 'wrong', algorithm: 'md5' })).allocate(), 401);
  await s.stop();
});

test('SIGHUP reads users and secrets again, and a broken file changes nothing', async () => {
  const users = path.join(dir, 'people');
  writeFileSync(users, '# who\nann:topsecret\n');
  const s = await turn(['--users-file', users]);
  const ann = await client(s);
  await ann.allocate();
  writeFileSync(users, 'bob:topsecret\n');
  process.kill(s.pid, 'SIGHUP');
  await s.waitLog(/read again/);
  const bob = await client(s, { user: 'bob' });
  await bob.allocate();
  await refused((await client(s)).allocate(), 401);
  writeFileSync(users, 'bob:changed\nnonsense\n');
  process.kill(s.pid, 'SIGHUP');
  await s.waitLog(/stays as it was.*line 2/);
  await (await client(s, { user: 'bob' })).allocate();
  await shows(s, { madang_turn_allocations: 3 });
  await s.stop();
});

test('numbers add up, and SIGUSR1 lists allocations without secrets', async () => {
  const s = await turn(['--user', 'ann:topsecret', '--log-level', 'debug']);
  const a = await client(s);
  const b = await client(s, { proto: 'tcp', port: s.port });
  await a.allocate();
  await b.allocate();
  await exchange(a, b);
  await refused(a.permit('169.254.169.254'), 403);
  await shows(s, {
    madang_turn_allocations: 2,
    'madang_turn_relays{transport="tcp",family="ipv4"}': 1,
    'madang_turn_relays_made_total{transport="udp",family="ipv4"}': 1,
    madang_turn_permissions: 2,
    'madang_turn_packets_total{dir="up"}': 1,
    'madang_turn_bytes_total{dir="down"}': 7,
    madang_turn_inside_packets_total: 1,
    'madang_turn_drops_total{reason="403"}': 1,
  });
  process.kill(s.pid, 'SIGUSR1');
  const file = /written to (.*)/.exec(await s.waitLog(/dump: written to/))?.[1] ?? '';
  const text = readFileSync(file, 'utf8');
  const { allocations } = JSON.parse(text).workers[0];
  assert.equal(allocations.length, 2);
  assert.ok(text.includes(`127.0.0.1:${a.relayed?.port}`));
  assert.ok(!(text + s.log()).includes('topsecret'));
  await a.refresh(0);
  b.close();
  await shows(s, { madang_turn_allocations: 0, madang_turn_lifetime_seconds_count: 2 });
  await s.stop();
});

test('SIGTERM sends newcomers elsewhere, and waits for those who are there', async () => {
  const s = await turn(['--user', 'ann:topsecret', '--alternate-server', '192.0.2.7', '--drain', '20s']);
  const a = await client(s);
  const b = await client(s);
  await a.allocate();
  await b.allocate();
  const stopped = s.stop();
  await s.waitLog(/no new relays/);
  const late = await client(s);
  await assert.rejects(late.allocate(), (/** @type {any} */ e) => {
    assert.equal(e.code, 300);
    const at = e.message_.get(ATTR.alternateServer);
    assert.deepEqual(readAddress(xored(at), e.message_.id), { host: '192.0.2.7', port: 3478 });
    return true;
  });
  const health = await s.get('/healthz');
  assert.equal(health.status, 503);
  assert.equal(JSON.parse(health.body.toString()).status, 'draining');
  await exchange(a, b); // goes on
  await a.refresh(0);
  await b.refresh(0);
  assert.deepEqual(await stopped, { code: 0, signal: null }); // before the drain ends: nobody is left
});

/** ALTERNATE-SERVER is not XORed (RFC 8489 14.15); made as if it were. @param {Buffer} v */
function xored(v) {
  const b = Buffer.from(v);
  b.writeUInt16BE(b.readUInt16BE(2) ^ 0x2112, 2);
  b.writeUInt32BE((b.readUInt32BE(4) ^ 0x2112a442) >>> 0, 4);
  return b;
}

test('without another server newcomers get 508 while it stops, and the drain has an end', async () => {
  const s = await turn(['--user', 'ann:topsecret', '--drain', '5s']); // long enough for the newcomer on a busy machine
  const late = await client(s);
  await (await client(s)).allocate();
  const stopped = s.stop();
  await s.waitLog(/no new relays/);
  await refused(late.allocate(), 508);
  assert.deepEqual(await stopped, { code: 0, signal: null });
});

test('a low limit of open files makes fewer relays, not none and not a failed start', async () => {
  const s = await turn(['--user', 'ann:topsecret', '--max-connections', '50'], { wrap: ['prlimit', '--nofile=120:120'] });
  assert.match(s.log(), /Relays: +6 at most/);
  const got = await Promise.all(Array.from({ length: 9 }, () => client(s).then((c) => c.allocate().then(() => 0, (e) => e.code))));
  assert.deepEqual(got.sort(), [0, 0, 0, 0, 0, 0, 508, 508, 508]);
  assert.equal((await s.get('/healthz')).status, 200);
  await s.stop();
});

test('quotas', async () => {
  const s = await turn(['--user', 'ann:topsecret', '--user', 'bob:topsecret', '--user', 'cid:topsecret', '--user-quota', '2',
    '--total-quota', '3']);
  await (await client(s)).allocate();
  await (await client(s)).allocate();
  await refused((await client(s)).allocate(), 486);
  await (await client(s, { user: 'bob' })).allocate();
  await refused((await client(s, { user: 'cid' })).allocate(), 486);
  await s.stop();
});

test('several workers relay for each other', async () => {
  const s = await turn(['--user', 'ann:topsecret', '--workers', '3']);
  const all = await Promise.all(Array.from({ length: 12 }, () => client(s)));
  for (const c of all) await c.allocate();
  for (let i = 0; i < all.length; i++) await exchange(all[i], all[(i + 1) % all.length]);
  await shows(s, { madang_turn_inside_packets_total: all.length });
  process.kill(s.pid, 'SIGUSR1');
  const file = /written to (.*)/.exec(await s.waitLog(/dump: written to/))?.[1] ?? '';
  const { workers } = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual(workers.map((/** @type {any} */ w) => w.worker).sort(), [0, 1, 2]);
  await s.stop();
});

test('what was recorded is replayed without a difference', async () => {
  const file = path.join(dir, 'record');
  const s = await turn(['--user', 'ann:topsecret', '--record', file, '--record-size', '8M', '--mobility', '--drain', '300ms']);
  const a = await client(s);
  const b = await client(s, { proto: 'tcp', port: s.port });
  await a.allocate({ mobility: true });
  await b.allocate({ evenPort: 'reserve' });
  await exchange(a, b);
  await a.bind(0x4001, /** @type {import('../lib/stun.mjs').Address} */ (b.relayed));
  for (let n = 0; n < 20; n++) {
    for (let i = 0; i < 10; i++) a.sendChannel(0x4001, Buffer.alloc(500, i));
    for (let i = 0; i < 10; i++) assert.ok(await b.receive(), `packet ${n}.${i}`);
  }
  await refused(a.permit('10.0.0.1'), 403);
  process.kill(s.pid, 'SIGHUP');
  await s.waitLog(/read again/);
  b.close();
  await s.stop();
  const r = await run([BIN, 'replay', file, `${file}.w0`]);
  assert.equal(r.code, 0, r.out + r.err);
  const [, inputs, outputs] = /\.w0: (\d+) inputs, (\d+) outputs compared, 0 differences/.exec(r.out) ?? [];
  assert.ok(Number(inputs) > 200 && Number(outputs) > 10, r.out);
});

test('turnutils_uclient of coturn', async () => {
  const s = await turn(['--user', 'ann:topsecret', '--secret', 'northstar', '--rfc5766-channels', '--realm', 'north']);
  const u = (/** @type {string[]} */ ...args) => run(['turnutils_uclient', '-y', '-n', '10', '-m', '2', '-c', '-l', '200',
    '-p', `${s.udpPort}`, ...args, s.host], { ms: 60000 });
  for (const args of [['-u', 'ann', '-w', 'topsecret'], ['-u', 'bob', '-W', 'northstar', '-s']]) {
    const r = await u(...args);
    assert.match(r.out, /lost packets 0 \(0\.000000%\)/, args.join(' ') + r.out);
    assert.match(r.out, /tot_send_msgs=[1-9]/);
  }
  await s.stop();
});

test('the whole server tells people in calls of its relays, and nobody else can use them', async () => {
  const s = await startServer();
  const c = await join(s, { name: 'Ada' });
  const { room } = await c.must('create', { title: 'Yard' });
  assert.ok(room);
  await shows(s, { madang_turn_allocations: 0 });
  await refused((await client(s)).allocate(), 401);
  c.close();
  await s.stop();
  const off = await startServer({ args: ['--relay', 'off'] });
  const silent = await client(off, { rtoMs: 100, tries: 2 });
  await assert.rejects(silent.allocate(), /no answer/);
  assert.ok(!(await off.get('/metrics')).body.toString().includes('madang_turn_'));
  await off.stop();
});
