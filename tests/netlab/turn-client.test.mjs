// The protocol client that the other tests judge our TURN server with, itself judged by another server: coturn.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { freePort, sleep } from '../lib/server.mjs';
import { ATTR, METHOD, addressValue, fingerprint, hostBytes, hostText, longTermKey, read, restCredential, sign, userhash } from '../lib/stun.mjs';
import { TurnClient } from '../lib/turn_client.mjs';

const HOST = '127.0.0.1';
/** @type {import('node:child_process').ChildProcess} */
let coturn;
let port = 0;
let tlsPort = 0;
const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-coturn-'));
/** @type {dgram.Socket} it answers everything with "re: " in front */
let peer;
/** @type {import('../lib/stun.mjs').Address} */
let at;

before(async () => {
  [port, tlsPort] = [await freePort(), await freePort()];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-keyout', path.join(dir, 'key'), '-out', path.join(dir, 'cert')], { stdio: 'ignore' });
  let log = '';
  coturn = spawn('turnserver', ['-n', '-a', '-L', HOST, '-E', HOST, '-p', `${port}`, '--tls-listening-port', `${tlsPort}`, '-u', 'ann:secret', '-r', 'lab.test',
    '--allow-loopback-peers', '--cli-password', 'x', '--no-cli', '--mobility', '--min-port', '50000', '--max-port', '59999', '--cert', path.join(dir, 'cert'),
    '--pkey', path.join(dir, 'key'), '--log-file', 'stdout', '--simple-log', '--pidfile', path.join(dir, 'pid'), '--userdb', path.join(dir, 'db'), '-m', '1'],
  { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const s of [coturn.stdout, coturn.stderr]) s?.on('data', (d) => { log += d; });
  peer = dgram.createSocket('udp4');
  peer.on('message', (m, from) => peer.send(Buffer.concat([Buffer.from('re: '), m]), from.port, from.address));
  await new Promise((resolve) => peer.bind(0, HOST, () => resolve(undefined)));
  at = { host: HOST, port: peer.address().port };
  for (let i = 0; i < 50; i++) {
    const c = await TurnClient.open({ host: HOST, port, proto: 'tcp' }).catch(() => undefined);
    c?.close();
    if (c) return;
    await sleep(100);
  }
  throw new Error(`coturn does not start:\n${log}`);
});

after(() => {
  coturn?.kill('SIGKILL');
  peer?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** @param {Partial<import('../lib/turn_client.mjs').Options>} [o] */
const open = (o = {}) => TurnClient.open({ host: HOST, port: o.proto === 'tls' ? tlsPort : port, user: 'ann', password: 'secret', ...o });

test('samples of RFC 5769 and RFC 8489: integrity, fingerprint, addresses, keys', () => {
  // RFC 5769 2.1: a request with short-term credentials.
  const m = Buffer.from(`000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff
    80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf`.replace(/\s/g, ''), 'hex');
  const key = Buffer.from('VOkJxbRl1RmTxUk/WvJxBt');
  const unsigned = Buffer.from(m.subarray(0, m.length - 32));
  assert.deepEqual(fingerprint(sign(unsigned, key)), m);
  // RFC 5769 2.3: an answer with an IPv6 address.
  const six = Buffer.from(`010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9
    00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c`.replace(/\s/g, ''), 'hex');
  assert.deepEqual(read(six).address(ATTR.mapped), { host: '2001:db8:1234:5678:11:2233:4455:6677', port: 32853 });
  assert.equal(longTermKey('md5', '\u30de\u30c8\u30ea\u30c3\u30af\u30b9', 'example.org', 'TheMatrIX').length, 16);
  assert.equal(userhash('\u30de\u30c8\u30ea\u30c3\u30af\u30b9', 'example.org').toString('hex'),
    '4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704'); // RFC 8489 B.1
  assert.equal(hostText(hostBytes('::ffff:127.0.0.1')), '::ffff:7f00:1');
  assert.equal(restCredential('s', 'u', 60).password.length, 28);
  const id = Buffer.alloc(12, 7);
  assert.equal(addressValue({ host: '1.2.3.4', port: 5 }, id).length, 8);
});

for (const proto of /** @type {const} */ (['udp', 'tcp', 'tls'])) {
  test(`over ${proto}: Binding, Allocate, permission, Send and Data, channel, Refresh`, async () => {
    const c = await open({ proto });
    assert.deepEqual(await c.binding(), { host: HOST, port: c.localPort });
    const a = await c.allocate({ lifetime: 700 });
    assert.equal(a.relayed.host, HOST);
    assert.ok(a.lifetime >= 600);
    await c.permit(at);
    c.send(at, Buffer.from('indication'));
    assert.equal((await c.receive())?.data.toString(), 're: indication');
    await c.bind(0x4001, at);
    for (const text of ['channel', 'odd', 'x'.repeat(1100)]) {
      c.sendChannel(0x4001, Buffer.from(text));
      const r = await c.receive((x) => x.channel === 0x4001);
      assert.equal(r?.data.toString(), `re: ${text}`);
      assert.deepEqual(r?.peer, at);
    }
    assert.ok(await c.refresh(600) > 0);
    assert.equal(await c.refresh(0), 0);
    assert.deepEqual(c.odd, []);
    c.close();
  });
}

test('from relay to relay', async () => {
  const [a, b] = [await open(), await open({ proto: 'tcp' })];
  const [ra, rb] = [(await a.allocate()).relayed, (await b.allocate()).relayed];
  await Promise.all([a.permit(rb), b.permit(ra)]);
  a.send(rb, Buffer.from('there'));
  assert.deepEqual((await b.receive())?.peer, ra);
  b.send(ra, Buffer.from('and back'));
  assert.equal((await a.receive())?.data.toString(), 'and back');
  for (const c of [a, b]) c.close();
});

test('a pair of ports, mobility, and what is refused', async () => {
  const a = await open();
  const even = await a.allocate({ evenPort: 'reserve', mobility: true });
  assert.equal(even.relayed.port % 2, 0);
  const b = await open();
  assert.equal((await b.allocate({ token: even.token })).relayed.port, even.relayed.port + 1);
  const moved = await open();
  assert.ok(await moved.refresh(600, { ticket: even.ticket }) > 0);
  const wrong = await open({ password: 'wrong' });
  await assert.rejects(wrong.allocate(), /allocate: 401/);
  const tcp = await open();
  await assert.rejects(tcp.allocate({ transport: 99 }), /allocate: 4(42|00)/);
  const none = await open();
  await assert.rejects(none.permit(HOST), /createPermission: 4(37|00)/);
  const many = await a.transact(a.make(METHOD.allocate, () => [], { sign: false }));
  assert.equal(many?.code, 401);
  for (const c of [a, b, moved, wrong, tcp, none]) c.close();
});
