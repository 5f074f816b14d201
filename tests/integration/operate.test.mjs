// The program in an operator's hands: starts that must not begin, signals, sockets from outside, recordings.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import dgram from 'node:dgram';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Client, join } from '../lib/client.mjs';
import { BIN, freePort, freeUdpPort, sleep, startServer } from '../lib/server.mjs';

const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-operate-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/**
 * A run that ends by itself.
 * @param {string[]} args
 * @param {string[]} [wrap]
 * @returns {Promise<{code: number, out: string, err: string}>}
 */
function run(args, wrap = []) {
  const cmd = [...wrap, BIN, ...args];
  return new Promise((resolve) => {
    execFile(cmd[0], cmd.slice(1), { timeout: 15000 }, (e, out, err) => {
      resolve({ code: e ? Number(e.code) : 0, out, err });
    });
  });
}

/** @param {{code: number, out: string, err: string}} r @param {RegExp} re */
function oneSentence(r, re) {
  assert.equal(r.code, 1, r.err);
  assert.match(r.err, re);
  assert.equal(r.err.trim().split('\n').length, 1, r.err);
  assert.equal(r.out, '');
}

/** @param {{port?: number, udpPort?: number, data?: string}} [o] */
const some = async (o = {}) => ['--port', `${o.port ?? await freePort()}`,
  '--udp-port', `${o.udpPort ?? await freeUdpPort()}`, '--listen', '127.0.0.1', '--tls', 'off',
  '--data', o.data ?? path.join(dir, 'data')];

test('a TCP port that is taken ends the start with one sentence', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((r) => taken.once('listening', r));
  const { port } = /** @type {net.AddressInfo} */ (taken.address());
  oneSentence(await run(await some({ port })), new RegExp(`${port}`));
  taken.close();
});

test('a UDP port that is taken does, too', async () => {
  const taken = dgram.createSocket('udp4');
  await new Promise((r) => { taken.bind(0, '127.0.0.1', () => r(undefined)); });
  const { port } = taken.address();
  oneSentence(await run(await some({ udpPort: port })), new RegExp(`${port}`));
  taken.close();
});

test('so does a data folder that cannot be made or written', async () => {
  writeFileSync(path.join(dir, 'file'), '');
  oneSentence(await run(await some({ data: path.join(dir, 'file', 'data') })), /data folder/);
  oneSentence(await run(await some({ data: '/proc' })), /data folder|\/proc/);
});

test('so do too few file descriptors', async () => {
  const r = await run([...await some(), '--max-connections', '500'], ['prlimit', '--nofile=100:100']);
  oneSentence(r, /100 files.*500 connections/);
});

test('wrong options say what would be right', async () => {
  const r = await run(['--prot', '1', '--port', 'x', '--max-rooms', '0']);
  assert.equal(r.code, 1);
  assert.match(r.err, /--prot.*--port/);
  assert.match(r.err, /"x".*0 to 65535/);
  const conf = path.join(dir, 'wrong.conf');
  writeFileSync(conf, '[server]\nport = 70000\nnonsense = 1\n');
  const f = await run(['--config', conf, '--check-config']);
  assert.equal(f.code, 1);
  assert.match(f.err, /wrong\.conf:2/);
  assert.match(f.err, /wrong\.conf:3/);
});

test('--check-config, --version, --help and --print-config only say something', async () => {
  assert.equal((await run(['--check-config'])).code, 0);
  assert.match((await run(['--version'])).out, /^madang \d+\.\d+\.\d+/);
  assert.match((await run(['--help'])).out, /--max-rooms/);
  assert.match((await run(['--print-config', '--port', '9443'])).out, /port = 9443.*flag/);
});

test('SIGTERM tells clients to come back and ends with 0', async () => {
  const server = await startServer();
  const c = await join(server);
  const stopped = server.stop();
  const m = await c.event((e) => e.type === 'closing', 'closing');
  assert.ok(m.retry_ms > 0);
  assert.equal(await c.closed, 1001);
  assert.deepEqual(await stopped, { code: 0, signal: null });
});

test('a client that does not go is cut after the drain', async () => {
  const server = await startServer({ args: ['--drain', '300ms'] });
  const socket = net.connect(server.port, server.host);
  socket.on('error', () => {});
  await new Promise((r) => socket.once('connect', r));
  socket.write('GET /api/stream/0123456789abcdefABCDEF HTTP/1.1\r\nHost: h\r\n\r\n');
  await new Promise((r) => socket.once('data', r));
  socket.pause();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  socket.destroy();
});

test('SIGHUP reads the log level again', async () => {
  const conf = path.join(dir, 'log.conf');
  writeFileSync(conf, '[log]\nlog-level = info\n');
  const server = await startServer({ args: ['--config', conf] });
  (await join(server)).close();
  writeFileSync(conf, '[log]\nlog-level = debug\n');
  process.kill(server.pid, 'SIGHUP');
  await server.waitLog(/read again/);
  const c = await join(server);
  await server.waitLog(new RegExp(`debug.*session ${c.session}: opened`));
  writeFileSync(conf, '[log]\nlog-level = loud\n');
  process.kill(server.pid, 'SIGHUP');
  await server.waitLog(/nothing was changed/);
  assert.ok(server.alive());
  c.close();
  await server.stop();
});

test('SIGUSR1 writes sessions, rooms, connections and queues, but no secrets', async () => {
  const server = await startServer();
  const c = await join(server, { name: 'Ada "the first"' });
  const { room, relay } = await c.must('create', { title: 'Yard' });
  assert.match(relay.username, /^[0-9a-f]{16}$/);
  assert.equal(relay.credential.length, 32);
  await c.must('chat', { room: room.room, text: 'a private word' });
  process.kill(server.pid, 'SIGUSR1');
  const file = /written to (.*)/.exec(await server.waitLog(/dump: written to/))?.[1] ?? '';
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const text = readFileSync(file, 'utf8');
  const d = JSON.parse(text);
  assert.equal(d.sessions[0].session, c.session);
  assert.equal(d.sessions[0].name, 'Ada "the first"');
  assert.equal(d.rooms[0].title, 'Yard');
  assert.equal(d.rooms[0].people[0].session, c.session);
  assert.equal(d.queues[0].session, c.session);
  assert.equal(d.store.messages, 1);
  assert.ok(JSON.stringify(d.web).includes('ws'));
  for (const secret of [c.token, relay.credential, 'private word']) assert.ok(!text.includes(secret));
  c.close();
  await server.stop();
});

test('nothing secret in the data folder can be read by others', async () => {
  const server = await startServer({ tls: true, data: path.join(dir, 'modes') });
  await server.stop();
  const look = (/** @type {string} */ p) => {
    if (!p.endsWith('.crt')) assert.equal(statSync(p).mode & 0o077, 0, p);
    if (statSync(p).isDirectory()) readdirSync(p).forEach((n) => look(path.join(p, n)));
  };
  look(path.join(dir, 'modes'));
});

// Binds the sockets and the notify socket, becomes madang, as systemd does it.
const AS_SYSTEMD = `
use Socket; use Fcntl;
my ($tcp, $udp, @cmd) = @ARGV;
socket(my $t, PF_INET, SOCK_STREAM, 0); setsockopt($t, SOL_SOCKET, SO_REUSEADDR, 1);
bind($t, pack_sockaddr_in($tcp, INADDR_LOOPBACK)) or die; listen($t, 16);
socket(my $u, PF_INET, SOCK_DGRAM, 0); bind($u, pack_sockaddr_in($udp, INADDR_LOOPBACK)) or die;
require POSIX; POSIX::dup2(fileno($t), 13); POSIX::dup2(fileno($u), 14);
POSIX::dup2(13, 3); POSIX::dup2(14, 4); POSIX::close(13); POSIX::close(14);
$ENV{LISTEN_FDS} = 2; $ENV{LISTEN_PID} = $$; exec @cmd;`;

const NOTIFIED = `
use Socket;
my ($path, $n) = @ARGV; unlink $path; $| = 1;
socket(my $s, PF_UNIX, SOCK_DGRAM, 0); bind($s, pack_sockaddr_un($path)) or die; print "bound\\n";
while ($n-- > 0) { recv($s, my $m, 4096, 0); $m =~ s/\\n/ /g; print "$m\\n"; }`;

test('sockets of the service manager are used, and it hears of ready, reloading and stopping', async () => {
  const sock = path.join(dir, 'notify');
  const heard = spawn('perl', ['-e', NOTIFIED, sock, '4'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  heard.stdout.on('data', (d) => { text += d; });
  while (!text.includes('bound')) await sleep(10);
  const port = await freePort();
  const udpPort = await freeUdpPort();
  const server = await startServer({ port, udpPort, env: { NOTIFY_SOCKET: sock },
    wrap: ['perl', '-e', AS_SYSTEMD, `${port}`, `${udpPort}`] });
  process.kill(server.pid, 'SIGHUP');
  for (const end = Date.now() + 10000; Date.now() < end && text.split('READY=1').length < 3;) await sleep(20);
  const c = await join(server);
  c.close();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  await new Promise((r) => { if (heard.exitCode !== null) r(0); else heard.once('exit', r); });
  assert.match(text, /READY=1[^]*RELOADING=1[^]*READY=1[^]*STOPPING=1/);
});

test('what was recorded is replayed without a difference', async () => {
  const file = path.join(dir, 'record');
  const server = await startServer({ tls: true, args: ['--record', file, '--record-size', '8M', '--drain', '300ms'] });
  const a = await join(server, { name: 'Ada' });
  const b = await join(server, { name: 'Bo' });
  const { room } = await a.must('create', { title: 'Locked', password: 'open sesame' });
  assert.equal((await b.ask('join', { room: room.room, password: 'wrong' })).code, 'password_wrong');
  await b.must('join', { room: room.room, password: 'open sesame' });
  const fragment = 'a=ice-ufrag:u\r\na=ice-pwd:0123456789012345678901\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n';
  await b.must('cand', { room: room.room, to: a.session, conn: 'm' }, fragment); // relays are told of it
  for (let i = 0; i < 20; i++) await a.must('chat', { room: room.room, text: `line ${i}` });
  const c = new Client(server);
  await c.open({ type: 'hello', id: 1, v: 1, name: 'Cy' });
  await c.event((m) => m.type === 'ack' && m.name === 'Cy', 'the answer to a hello with the request');
  c.close();
  b.close();
  await a.event((m) => m.type === 'participant' && m.participant.away, 'away');
  const again = new Client(server);
  await again.open();
  again.send({ type: 'resume', v: 1, token: b.token, seq: b.seq });
  await again.event((m) => m.type === 'resumed', 'resumed');
  for (const p of ['/', '/healthz', '/metrics', '/nowhere', '/ca.crt']) await server.get(p);
  const udp = dgram.createSocket('udp4');
  const request = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
  await new Promise((resolve) => {
    udp.once('message', resolve);
    udp.send(request, server.udpPort, server.host);
  });
  udp.close();
  a.ws?.pause(); // it is cut at the end of the drain
  again.close();
  await server.stop();
  a.close();
  const r = await run(['replay', file, `${file}.w0`]);
  assert.equal(r.code, 0, r.out + r.err);
  const [, inputs, outputs] = /: (\d+) inputs, (\d+) outputs compared, 0 differences/.exec(r.out) ?? [];
  assert.ok(Number(inputs) > 100 && Number(outputs) > 60, r.out);
  assert.match(r.out, /\.w0: [1-9]\d* inputs, [1-9]\d* outputs compared, 0 differences/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('the log can be JSON, a line each', async () => {
  const server = await startServer({ args: ['--log-format', 'json', '--log-level', 'debug'] });
  const c = await join(server);
  const { relay } = await c.must('create', { title: 'Logged' });
  await server.waitLog(/"opened/);
  const lines = server.log().split('\n').filter((l) => l.startsWith('{')).map((l) => JSON.parse(l));
  assert.ok(lines.some((l) => l.area === 'session' && l.id === c.session));
  assert.ok(!server.log().includes(c.token) && !server.log().includes(relay.credential));
  c.close();
  await server.stop();
});
