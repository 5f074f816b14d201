// Floods on the relay: of Allocates without credentials, of allocations, of permissions; streams that are too long, too
// slow, or never read. Memory and processor time stay bounded, and somebody who behaves well gets through.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import test from 'node:test';
import { setImmediate as next } from 'node:timers/promises';
import tls from 'node:tls';
import { startServer } from '../lib/server.mjs';
import { ATTR, CLASS, METHOD, addressValue, build, messageType, u16pad, u8pad } from '../lib/stun.mjs';
import { Lab, PATIENCE, codeOf, drops, metricsOf } from '../lib/turn_attack.mjs';

const sanitized = !!process.env.MADANG_SANITIZER;
const ALLOWED = '127.0.0.2';
const EVE = { user: 'eve', password: 'pw-of-eve' };
const QUOTA = 30;
const CHALLENGES = { burst: 30, perS: 4 };
/** What may come at once, whatever the rate: a datagram of any size. */
const BUCKET_MBIT = 65536 * 8 / 1e6;
const lab = new Lab('127.0.2', {
  command: 'turn', tls: true, args: ['--user', 'ann:pw-of-ann', '--user', 'eve:pw-of-eve', '--realm', 'lab.test', '--allow-peer', '127.0.0.0/8',
    '--allow-peer', '11.0.0.0/8', '--user-quota', `${QUOTA}`, '--classify-timeout', '1s', '--handshake-timeout', '1s',
    '--stun-idle', '2s', '--rate-relay', '5000/5000', '--rate-challenge', `${CHALLENGES.burst}/${CHALLENGES.perS}`, '--drain', '100ms'],
}, { user: 'ann', password: 'pw-of-ann' });

/** Processor time of the server so far, in seconds. */
function cpu() {
  const f = readFileSync(`/proc/${lab.server.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(f[11]) + Number(f[12])) / 100;
}

/** Most answers that one address may have had. @param {number} s  seconds that have gone by */
const most = (s) => CHALLENGES.burst + CHALLENGES.perS * (s + 1);

test('a flood of Allocates without credentials, from many addresses: no memory, few answers', async (t) => {
  const request = build(messageType(METHOD.allocate, CLASS.request), [[ATTR.requestedTransport, u8pad(17)]]);
  const answers = new Map();
  let largest = 0;
  const sockets = await Promise.all(Array.from({ length: 250 }, async (_, i) => {
    const s = lab.keep(dgram.createSocket('udp4'));
    s.on('message', (m) => { answers.set(s, (answers.get(s) ?? 0) + 1); largest = Math.max(largest, m.length); });
    await new Promise((resolve) => s.bind(0, `127.3.${i >> 7}.${(i & 127) + 1}`, () => resolve(undefined)));
    return s;
  }));
  const round = async (/** @type {number} */ n) => {
    for (let i = 0; i < n; i++) {
      for (const s of sockets) s.send(request, lab.server.udpPort, '127.0.0.1');
      await next();
    }
  };
  const began = Date.now();
  const good = await lab.client();
  await good.allocate();
  await round(20); // warms up
  await good.settle();
  const [rss, start, before] = [await lab.server.rssKb(), cpu(), await lab.metrics()];
  const flood = round(sanitized ? 40 : 200);
  for (let i = 0; i < 10; i++) await good.refresh();
  await flood;
  await good.settle();
  await lab.until(drops('challenge_rate'), (n) => n > before(drops('challenge_rate')));
  const now = await lab.metrics();
  const came = now('madang_turn_requests_total') - before('madang_turn_requests_total');
  const [used, grown, s] = [cpu() - start, await lab.server.rssKb() - rss, (Date.now() - began) / 1000];
  t.diagnostic(`${came} came in ${s.toFixed(1)} s: ${(used / came * 1e6).toFixed(1)} us each, ${grown} kB more memory`);
  assert.deepEqual([...answers.values()].filter((n) => n > most(s)), []);
  assert.ok(largest > 0 && largest <= 160, `${largest} bytes`);
  assert.ok(sanitized || grown < 1024, `${grown} kB`);
  const refused = came - (now(drops('challenge_rate')) - before(drops('challenge_rate')));
  assert.ok(refused <= sockets.length * most(s) + 100, `${refused} of ${came} were told`);
  assert.ok(now('madang_turn_allocations') <= 1);
});

test('one address that asks on and on is held back; others are not concerned', async () => {
  const request = build(messageType(METHOD.allocate, CLASS.request), [[ATTR.requestedTransport, u8pad(17)]]);
  const socket = lab.keep(dgram.createSocket('udp4'));
  let answers = 0;
  socket.on('message', () => { answers++; });
  await new Promise((resolve) => socket.bind(0, '127.3.9.9', () => resolve(undefined)));
  const before = await lab.metrics();
  const began = Date.now();
  const send = () => new Promise((resolve) => socket.send(request, lab.server.udpPort, '127.0.0.1', resolve));
  for (let i = 0; i < 10 * most(0); i++) await send();
  await lab.until(drops('challenge_rate'), (n) => n > before(drops('challenge_rate')));
  await (await lab.client()).allocate();
  assert.ok(answers <= most((Date.now() - began) / 1000), `${answers} answers to one address`);
});

test('allocations: the quota of one user ends at its number, and others have theirs', async () => {
  const mine = await Promise.all(Array.from({ length: QUOTA }, () => lab.client(EVE)));
  for (const c of mine) await c.allocate();
  for (let i = 0; i < 20; i++) await assert.rejects((await lab.client(EVE)).allocate(), /: 486/);
  await (await lab.client()).allocate();
  const rss = await lab.server.rssKb();
  // Coming and going leaves nothing.
  for (let i = 0; i < 5; i++) for (const c of mine) { await c.refresh(0); await c.allocate(); }
  assert.ok(sanitized || await lab.server.rssKb() - rss < 512, 'memory');
  for (const c of mine) await c.refresh(0);
  await lab.until(drops('486'), (n) => n >= 20);
});

test('permissions and channels: an allocation has a cap on each, and memory is bounded', async (t) => {
  const c = await lab.client({ rtoMs: 1000 });
  await c.allocate();
  const rss = await lab.server.rssKb();
  let permitted = 0;
  for (let i = 0; i < 60; i++) {
    const peers = Array.from({ length: 32 }, (_, j) => ({ host: `11.0.${i}.${j + 1}`, port: 0 }));
    const m = await c.transact(c.make(METHOD.createPermission, (id) => peers.map((p) => [ATTR.peer, addressValue(p, id)])));
    if (codeOf(m) === 0) permitted += peers.length;
    else assert.equal(codeOf(m), 508);
  }
  let bound = 0;
  for (let i = 0; i < 600; i++) {
    const code = codeOf(await c.transact(c.make(METHOD.channelBind, (id) => [[ATTR.channelNumber, u16pad(0x4000 + i)],
      [ATTR.peer, addressValue({ host: '11.0.0.1', port: i + 1 }, id)]])));
    if (code === 0) bound++;
    else assert.ok([508, 486].includes(code), `${code}`);
  }
  t.diagnostic(`${permitted} permissions, ${bound} channels, ${await lab.server.rssKb() - rss} kB`);
  assert.ok(permitted >= 64 && permitted <= 256, `${permitted}`);
  assert.ok(bound >= 64 && bound <= 256, `${bound}`);
  assert.ok(sanitized || await lab.server.rssKb() - rss < 512);
});

test('bandwidth: more than max-bps does not get through', async (t) => {
  const narrow = await startServer({ command: 'turn',
    args: ['--user', 'ann:pw-of-ann', '--allow-peer', `${ALLOWED}/32`, '--max-bps', '1M', '--drain', '100ms'] });
  try {
    const sink = await lab.ear(ALLOWED);
    const c = await lab.client({ port: narrow.udpPort });
    await c.allocate();
    await c.bind(0x4000, { host: ALLOWED, port: sink.port });
    const start = Date.now();
    let dropped = 0;
    while (dropped < 500 && Date.now() - start < PATIENCE) {
      for (let i = 0; i < 40; i++) c.sendChannel(0x4000, Buffer.alloc(1200));
      await c.settle();
      dropped = (await metricsOf(narrow))(drops('bandwidth'));
    }
    await sink.upToNow();
    const s = (Date.now() - start) / 1000;
    const mbit = sink.heard.length * 1200 * 8 / 1e6;
    t.diagnostic(`${mbit.toFixed(1)} Mbit in ${s.toFixed(2)} s, at 1 Mbit/s; ${dropped} dropped`);
    assert.ok(dropped >= 500, `${dropped} dropped`);
    assert.ok(mbit <= BUCKET_MBIT + s && mbit > BUCKET_MBIT - 0.01, `${mbit} Mbit`);
  } finally {
    await narrow.stop();
  }
});

/** @param {boolean} secure @returns {Promise<net.Socket>} */
const connect = (secure) => new Promise((resolve, reject) => {
  const s = secure ? tls.connect({ host: '127.0.0.1', port: lab.server.port, rejectUnauthorized: false }, () => resolve(s))
    : net.connect(lab.server.port, '127.0.0.1', () => resolve(s));
  s.once('error', reject);
});
/** Does the server close it? @param {net.Socket} s @returns {Promise<boolean>} */
const closes = (s) => new Promise((resolve) => {
  if (s.destroyed) return resolve(true); // while another one was being opened
  const timer = setTimeout(() => { s.destroy(); resolve(false); }, PATIENCE);
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
      assert.ok(await closes(s), what);
    }
    // ChannelData of somebody without an allocation, and a message as long as can be that never gets whole.
    const s = await connect(secure);
    s.write(Buffer.concat([binding, Buffer.from('4000ffff', 'hex'), Buffer.alloc(70000)]));
    const t = await connect(secure);
    t.write(Buffer.concat([binding, long, Buffer.alloc(1000)]));
    assert.ok((await Promise.all([closes(s), closes(t)])).every(Boolean), 'given up');
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
    const c = await lab.client({ proto: secure ? 'tls' : 'tcp' });
    await c.allocate();
  });

  test(`${name}: messages in single bytes are put together; who sends a byte now and then is given up`, async (t) => {
    const whole = build(messageType(METHOD.binding, CLASS.request), [[ATTR.software, Buffer.alloc(30)]]);
    const s = await connect(secure);
    s.setNoDelay(true);
    const answer = once(s, 'data', { signal: AbortSignal.timeout(PATIENCE) });
    for (const b of whole) {
      await new Promise((resolve) => s.write(Buffer.from([b]), resolve));
      await next();
    }
    assert.ok(await answer, 'an answer');
    s.destroy();
    const start = Date.now();
    const n = 40;
    const slow = await Promise.all(Array.from({ length: n }, async (_, i) => {
      const x = await connect(secure);
      x.on('error', () => {});
      if (i % 2) x.write(binding); // one half gets past the first bytes
      let at = 0;
      const timer = setInterval(() => { if (!x.destroyed) x.write(whole.subarray(at, ++at)); }, 300);
      const closed = await closes(x);
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
  assert.ok((await Promise.all(sockets.map((s) => closes(s)))).every(Boolean));
});

test('a client that does not read costs bounded memory, and its late datagrams are dropped', async (t) => {
  const c = await lab.client({ proto: 'tcp' });
  const { relayed } = await c.allocate();
  await c.permit(ALLOWED);
  const source = await lab.ear(ALLOWED);
  source.socket.send('first', relayed.port, relayed.host);
  assert.ok(await c.receive());
  /** @type {net.Socket} */ (c.stream).pause();
  const rss = await lab.server.rssKb();
  const data = Buffer.alloc(1200);
  const send = (/** @type {Buffer | string} */ m) => new Promise((resolve) => source.socket.send(m, relayed.port, relayed.host, resolve));
  for (let i = 0; i < 12_000; i++) await send(data);
  const grown = await lab.server.rssKb() - rss;
  t.diagnostic(`${grown} kB more after 14 MB for somebody who does not read`);
  assert.ok(sanitized || grown < 2048, `${grown} kB`);
  /** @type {net.Socket} */ (c.stream).resume();
  assert.ok(await c.receive((r) => r.data.length === 1200, PATIENCE), 'what was on its way comes');
  let last = false; // until the stream has been emptied, what comes is late and dropped
  const came = c.receive((r) => r.data.toString() === 'last', PATIENCE).then((r) => { last = true; return r; });
  while (!last) {
    await send('last');
    await next();
  }
  assert.ok(await came, 'the stream is still in step');
  assert.deepEqual(c.odd, []);
});
