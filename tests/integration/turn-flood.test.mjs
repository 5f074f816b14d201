// Floods on the relay: of Allocates without credentials, of allocations, of permissions; streams that are too long, too
// slow, or never read. Memory and processor time stay bounded, and somebody who behaves well gets through.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import test, { after, before } from 'node:test';
import tls from 'node:tls';
import { startServer, sleep } from '../lib/server.mjs';
import { ATTR, CLASS, METHOD, addressValue, build, messageType, u16pad, u8pad } from '../lib/stun.mjs';
import { TurnClient } from '../lib/turn_client.mjs';
import { drops, ear, metrics } from '../lib/turn_attack.mjs';

const sanitized = !!process.env.MADANG_SANITIZER;
const ALLOWED = '127.0.0.2';
const QUOTA = 30;
/** @type {import('../lib/server.mjs').Server} */
let server;
/** @type {TurnClient[]} */
let clients = [];
let from = 0;

before(async () => {
  server = await startServer({
    command: 'turn', tls: true, args: ['--user', 'ann:pw-of-ann', '--user', 'eve:pw-of-eve', '--realm', 'lab.test', '--allow-peer', '127.0.0.0/8', '--allow-peer', '11.0.0.0/8',
      '--user-quota', `${QUOTA}`, '--max-bps', '20M', '--classify-timeout', '1s', '--handshake-timeout', '1s', '--stun-idle', '2s', '--rate-relay', '5000/5000', '--rate-challenge', '120/40'],
  });
});

after(async () => {
  for (const c of clients) c.close();
  assert.deepEqual(await server?.stop(), { code: 0, signal: null }, server?.log().slice(-3000));
});

test.afterEach(() => {
  for (const c of clients) c.close();
  clients = [];
});

/** @param {Partial<import('../lib/turn_client.mjs').Options>} [o] */
async function open(o = {}) {
  const c = await TurnClient.open({ host: '127.0.0.1', port: o.proto && o.proto !== 'udp' ? server.port : server.udpPort, user: 'ann', password: 'pw-of-ann', rtoMs: 300,
    ...(o.proto ? {} : { localAddress: `127.0.2.${from++ % 250 + 1}` }), ...o });
  clients.push(c);
  return c;
}

/** Processor time of the server so far, in seconds. */
function cpu() {
  const f = readFileSync(`/proc/${server.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(f[11]) + Number(f[12])) / 100;
}

test('a flood of Allocates without credentials, from a thousand addresses: no memory, little processor time, few answers', async (t) => {
  const request = build(messageType(METHOD.allocate, CLASS.request), [[ATTR.requestedTransport, u8pad(17)]]);
  const sockets = await Promise.all(Array.from({ length: 250 }, async (_, i) => {
    const s = dgram.createSocket('udp4');
    await new Promise((resolve) => s.bind(0, `127.3.${i >> 7}.${(i & 127) + 1}`, () => resolve(undefined)));
    return s;
  }));
  let answers = 0;
  let bytes = 0;
  for (const s of sockets) s.on('message', (m) => { answers++; bytes += m.length; });
  const round = async (/** @type {number} */ n) => {
    for (let i = 0; i < n; i++) {
      for (const s of sockets) s.send(request, server.udpPort, '127.0.0.1');
      await sleep(0);
    }
    await sleep(100);
  };
  await round(20); // warms up
  const [rss, start, began, before] = [await server.rssKb(), cpu(), Date.now(), await metrics(server)];
  answers = bytes = 0;
  const good = (async () => {
    const c = await open();
    await c.allocate();
    for (let i = 0; i < 10; i++) { await c.refresh(); await sleep(20); }
  })();
  await round(sanitized ? 40 : 200);
  await good;
  const now = await metrics(server);
  const came = now('madang_turn_requests_total') - before('madang_turn_requests_total');
  const [used, grown, s] = [cpu() - start, await server.rssKb() - rss, (Date.now() - began) / 1000];
  t.diagnostic(`${came} came in ${s.toFixed(1)} s: ${(used / came * 1e6).toFixed(1)} us each, ${answers} answered, ${grown} kB more memory`);
  assert.ok(answers <= sockets.length * (120 + 40 * (s + 1)), `${answers} answers`);
  assert.ok(bytes / Math.max(answers, 1) <= 160);
  if (!sanitized) {
    assert.ok(grown < 1024, `${grown} kB`);
    assert.ok(used / came < 60e-6, `${(used / came * 1e6).toFixed(1)} us each`);
  }
  assert.ok(now('madang_turn_allocations') <= 1);
  // One address that goes on alone is held back; others are not concerned.
  answers = 0;
  for (let i = 0; i < 600; i++) sockets[0].send(request, server.udpPort, '127.0.0.1');
  await sleep(300);
  assert.ok(answers <= 120 + 40, `${answers} answers to one address`);
  await (await open()).allocate();
  for (const x of sockets) x.close();
});

test('allocations: the quota of one user ends at its number, and others have theirs', async () => {
  await sleep(200);
  const mine = await Promise.all(Array.from({ length: QUOTA }, () => open({ user: 'eve', password: 'pw-of-eve' })));
  for (const c of mine) await c.allocate();
  for (let i = 0; i < 20; i++) await assert.rejects((await open({ user: 'eve', password: 'pw-of-eve' })).allocate(), /: 486/);
  await (await open()).allocate();
  const rss = await server.rssKb();
  // Coming and going leaves nothing.
  for (let i = 0; i < 5; i++) for (const c of mine) { await c.refresh(0); await c.allocate(); }
  assert.ok(sanitized || await server.rssKb() - rss < 512, 'memory');
  for (const c of mine) await c.refresh(0);
  assert.ok((await metrics(server))(drops('486')) >= 20);
});

test('permissions and channels: an allocation has a cap on each, and memory is bounded', async (t) => {
  const c = await open({ rtoMs: 1000 });
  await c.allocate();
  const rss = await server.rssKb();
  let permitted = 0;
  for (let i = 0; i < 60; i++) {
    const peers = Array.from({ length: 32 }, (_, j) => ({ host: `11.0.${i}.${j + 1}`, port: 0 }));
    const m = await c.transact(c.make(METHOD.createPermission, (id) => peers.map((p) => [ATTR.peer, addressValue(p, id)])));
    if (m?.class === CLASS.success) permitted += peers.length;
    else assert.equal(m?.code, 508);
  }
  let bound = 0;
  for (let i = 0; i < 600; i++) {
    const m = await c.transact(c.make(METHOD.channelBind, (id) => [[ATTR.channelNumber, u16pad(0x4000 + i)], [ATTR.peer, addressValue({ host: '11.0.0.1', port: i + 1 }, id)]]));
    if (m?.class === CLASS.success) bound++;
    else assert.ok([508, 486].includes(m?.code ?? 0), `${m?.code}`);
  }
  t.diagnostic(`${permitted} permissions, ${bound} channels, ${await server.rssKb() - rss} kB`);
  assert.ok(permitted >= 64 && permitted <= 256, `${permitted}`);
  assert.ok(bound >= 64 && bound <= 256, `${bound}`);
  assert.ok(sanitized || await server.rssKb() - rss < 512);
});

test('bandwidth: more than max-bps does not get through', async (t) => {
  const sink = await ear(ALLOWED);
  const c = await open();
  await c.allocate();
  await c.bind(0x4000, { host: ALLOWED, port: sink.port });
  const data = Buffer.alloc(1200);
  const start = Date.now();
  while (Date.now() - start < 1500) {
    for (let i = 0; i < 40; i++) c.sendChannel(0x4000, data);
    await sleep(1);
  }
  await sleep(100);
  const s = (Date.now() - start) / 1000;
  const mbps = sink.heard.length * 1200 * 8 / s / 1e6;
  t.diagnostic(`${mbps.toFixed(1)} Mbit/s of 20`);
  assert.ok(mbps <= 32, `${mbps} Mbit/s`); // with the burst that a bucket holds
  assert.ok(sanitized || mbps > 5, `${mbps} Mbit/s`);
  assert.ok((await metrics(server))(drops('bandwidth')) > 0);
});

/** @param {boolean} secure @returns {Promise<net.Socket>} */
const connect = (secure) => new Promise((resolve, reject) => {
  const s = secure ? tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false }, () => resolve(s))
    : net.connect(server.port, '127.0.0.1', () => resolve(s));
  s.once('error', reject);
});
/** Until the server closes. @param {net.Socket} s @param {number} ms @returns {Promise<boolean>} */
const closes = (s, ms) => new Promise((resolve) => {
  if (s.destroyed) return resolve(true); // while another one was being opened
  const timer = setTimeout(() => { s.destroy(); resolve(false); }, ms);
  s.resume();
  s.on('error', () => {});
  s.once('close', () => { clearTimeout(timer); resolve(true); });
});

for (const secure of [false, true]) {
  const name = secure ? 'TLS' : 'TCP';
  const binding = build(messageType(METHOD.binding, CLASS.request));

  test(`${name}: streams that are neither STUN nor ChannelData end at once`, async () => {
    const long = Buffer.from(binding);
    long.writeUInt16BE(0xfffc, 2);
    const odd = Buffer.from(binding);
    odd.writeUInt16BE(3, 2);
    const cookie = Buffer.from(binding);
    cookie[4] ^= 1;
    const streams = { 'no cookie in the second message': Buffer.concat([binding, cookie]), 'a length that is no multiple of four': Buffer.concat([binding, odd, Buffer.alloc(64)]),
      'media': Buffer.concat([binding, Buffer.from([0x80, 96, 0, 0]), Buffer.alloc(100)]) };
    for (const [what, bytes] of Object.entries(streams)) {
      const s = await connect(secure);
      s.write(bytes);
      assert.ok(await closes(s, 1500), what);
    }
    // ChannelData of somebody without an allocation, and a message as long as can be that never gets whole.
    const s = await connect(secure);
    s.write(Buffer.concat([binding, Buffer.from('4000ffff', 'hex'), Buffer.alloc(70000)]));
    const t = await connect(secure);
    t.write(Buffer.concat([binding, long, Buffer.alloc(1000)]));
    assert.ok((await Promise.all([closes(s, 5000), closes(t, 5000)])).every(Boolean), 'given up');
  });

  test(`${name}: cut anywhere, the server goes on`, async () => {
    const allocate = build(messageType(METHOD.allocate, CLASS.request), [[ATTR.requestedTransport, u8pad(17)]]);
    for (let n = 0; n < allocate.length + 1; n += 3) {
      const s = await connect(secure);
      s.on('error', () => {});
      s.write(allocate.subarray(0, n));
      if (n % 2) s.destroy();
      else s.end();
    }
    const c = await open({ proto: secure ? 'tls' : 'tcp' });
    await c.allocate();
  });

  test(`${name}: messages in single bytes are put together; who sends a byte now and then is given up`, async (t) => {
    const whole = build(messageType(METHOD.binding, CLASS.request), [[ATTR.software, Buffer.alloc(30)]]);
    const s = await connect(secure);
    s.setNoDelay(true);
    const answer = new Promise((resolve) => { s.once('data', resolve); });
    for (const b of whole) {
      s.write(Buffer.from([b]));
      await sleep(2);
    }
    assert.ok(await Promise.race([answer, sleep(2000)]), 'an answer');
    s.destroy();
    const start = Date.now();
    const n = 40;
    const slow = await Promise.all(Array.from({ length: n }, async (_, i) => {
      const x = await connect(secure);
      x.on('error', () => {});
      if (i % 2) x.write(binding); // one half gets past the first bytes
      let at = 0;
      const timer = setInterval(() => { if (!x.destroyed) x.write(whole.subarray(at, ++at)); }, 300);
      const closed = await closes(x, 9000);
      clearInterval(timer);
      return closed;
    }));
    t.diagnostic(`${n} slow connections were closed within ${Date.now() - start} ms`);
    assert.equal(slow.filter((x) => !x).length, 0, 'all closed');
  });
}

test('TLS: handshakes that stop half way are given up', async () => {
  const sockets = await Promise.all(Array.from({ length: 30 }, async () => {
    const s = await connect(false);
    s.write(Buffer.from('160301020001', 'hex'));
    return s;
  }));
  assert.ok((await Promise.all(sockets.map((s) => closes(s, 5000)))).every(Boolean));
});

test('a client that does not read costs bounded memory, and its late datagrams are dropped', async (t) => {
  const c = await open({ proto: 'tcp' });
  const { relayed } = await c.allocate();
  await c.permit(ALLOWED);
  const source = await ear(ALLOWED);
  source.socket.send('first', relayed.port, relayed.host);
  assert.ok(await c.receive());
  /** @type {net.Socket} */ (c.stream).pause();
  const rss = await server.rssKb();
  const data = Buffer.alloc(1200);
  for (let i = 0; i < 400; i++) {
    for (let j = 0; j < 30; j++) source.socket.send(data, relayed.port, relayed.host);
    await sleep(2);
  }
  const grown = await server.rssKb() - rss;
  t.diagnostic(`${grown} kB more after 14 MB for somebody who does not read`);
  assert.ok(sanitized || grown < 2048, `${grown} kB`);
  /** @type {net.Socket} */ (c.stream).resume();
  source.socket.send('last', relayed.port, relayed.host);
  assert.ok(await c.receive((r) => r.data.length === 1200, 3000), 'what was on its way comes');
  for (let i = 0; i < 20; i++) {
    source.socket.send('last', relayed.port, relayed.host);
    if (await c.receive((r) => r.data.toString() === 'last', 200)) break;
    assert.ok(i < 19, 'the stream is still in step');
  }
  assert.deepEqual(c.odd, []);
});
