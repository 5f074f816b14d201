// Attacks on the relay, by somebody who has credentials and by somebody who has none: forbidden addresses in every form
// and by every request, nonces, integrity, channels, tickets, reservations of others. Floods are turn-flood.test.mjs,
// relays of calls turn-attack-call.test.mjs.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import test from 'node:test';
import {
  ATTR, CLASS, METHOD, addressValue, attribute, build, channelData, longTermKey, messageType, restCredential, sign, u16pad, u32, u8pad,
  userhash,
} from '../lib/stun.mjs';
import { FORBIDDEN, Lab, asks, codeOf, disguises, drops, freshChannel, ownAddresses, sendIndication } from '../lib/turn_attack.mjs';

/** @typedef {import('../lib/stun.mjs').Message} Message */
/** @typedef {import('../lib/stun.mjs').Attribute} Attribute */
/** @typedef {import('../lib/turn_client.mjs').TurnClient} TurnClient */
const SECRET = 'secret-for-tests';
const ALLOWED = '127.0.0.2';
const DENIED = '127.0.0.9';
const BEN = { user: 'ben', password: 'pw-of-ben' };
const lab = new Lab('127.0.1', { command: 'turn', args: ['--listen', '::1', '--user', 'ann:pw-of-ann', '--user', 'ben:pw-of-ben', '--secret', SECRET,
  '--realm', 'lab.test', '--mobility', 'on', '--allow-peer', '127.0.0.2/31', '--allow-peer', '127.0.0.8/30', '--deny-peer', `${DENIED}/32`,
  '--rate-relay', '20000/20000', '--workers', '2', '--drain', '100ms'] }, { user: 'ann', password: 'pw-of-ann' });

/** What the server says to these bytes; -1: nothing, and it has gone on to what came behind them.
 *  @param {TurnClient} c @param {Buffer} bytes */
const code = async (c, bytes) => codeOf(await c.transact(bytes, { once: true, unless: () => c.settle() }));
const none = () => /** @type {Attribute[]} */ ([]);

// ---- where a relay may send to

test('forbidden addresses, in every form, by CreatePermission and ChannelBind', async () => {
  const four = await lab.client();
  await four.allocate();
  const six = await lab.client({ host: '::1' });
  await six.allocate({ family: 6 });
  /** @type {string[]} */
  const wrong = [];
  for (const [why, host] of FORBIDDEN) {
    for (const c of [four, six]) {
      const other = net.isIPv6(host) !== (c === six); // the relay has not this family: 443 is as good
      for (const [request, got] of Object.entries(await asks(c, { host, port: 4242 }))) {
        if (got !== 403 && !(other && got === 443)) wrong.push(`${request} ${host} (${why}) on IPv${c === six ? 6 : 4}: ${got}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  // The relays are well all the same.
  assert.deepEqual(await asks(four, { host: ALLOWED, port: 4242 }), { permission: 0, channel: 0 });
  assert.ok(await six.refresh() > 0);
});

test('nothing arrives at any address of this machine, whatever the form, by any way of sending', async () => {
  const ear = await lab.ear();
  const before = await lab.metrics();
  const four = await lab.client();
  await four.allocate();
  const six = await lab.client({ host: '::1' });
  await six.allocate({ family: 6 });
  const hosts = ['127.0.0.1', '127.0.0.3', '127.9.9.9', '0.0.0.0', '::1', '::', ...ownAddresses(),
    ...['127.0.0.1', ...ownAddresses().filter(net.isIPv4)].flatMap(disguises)].filter((h) => h !== ALLOWED);
  for (const c of [four, six]) {
    for (const host of hosts) {
      const peer = { host, port: ear.port };
      const n = freshChannel(c);
      await asks(c, peer, n); // our own addresses are permitted: relays are there, and only they are reached
      c.send(peer, Buffer.from(`Send to ${host}`));
      c.sendChannel(n, Buffer.from(`ChannelData to ${host}`));
    }
    await c.settle();
  }
  // 127.0.0.3 is allowed by the operator (127.0.0.2/31), and proves that the ear hears.
  assert.deepEqual(await ear.upToNow(), ['Send to 127.0.0.3', 'ChannelData to 127.0.0.3']);
  await lab.until(drops('no_relay'), (n) => n > before(drops('no_relay')));
  await lab.until(drops('403'), (n) => n > before(drops('403')));
});

test("the server's own sockets cannot be reached through it", async () => {
  const c = await lab.client();
  await c.allocate();
  const before = await lab.metrics();
  for (const port of [lab.server.udpPort, lab.server.port]) {
    const peer = { host: '127.0.0.1', port };
    await c.permit(peer);
    c.send(peer, build(messageType(METHOD.binding, CLASS.request)));
    c.send(peer, c.make(METHOD.allocate, () => [[ATTR.requestedTransport, u8pad(17)]]));
  }
  await lab.until(drops('no_relay'), (n) => n >= before(drops('no_relay')) + 4);
  await c.settle();
  assert.deepEqual(c.inbox, []);
});

test('all or nothing: one forbidden peer in a list, and none is permitted', async () => {
  const e = await lab.echo(ALLOWED);
  const c = await lab.client();
  await c.allocate();
  const good = { host: ALLOWED, port: e.port };
  for (const order of [[good, { host: '10.0.0.1', port: 1 }], [{ host: '10.0.0.1', port: 1 }, good], [good, { host: DENIED, port: 1 }]]) {
    const list = (/** @type {Buffer} */ id) => order.map((p) => /** @type {Attribute} */ ([ATTR.peer, addressValue(p, id)]));
    assert.equal(await code(c, c.make(METHOD.createPermission, list)), 403);
    c.send(good, Buffer.from('too early'));
  }
  await c.permit(good);
  c.send(good, Buffer.from('now'));
  assert.equal((await c.receive())?.data.toString(), 'now');
  assert.deepEqual(await e.upToNow(), ['now']);
});

test('what the operator denies wins over what is allowed', async () => {
  const c = await lab.client();
  await c.allocate();
  assert.deepEqual(await asks(c, { host: DENIED, port: 5 }), { permission: 403, channel: 403 });
  assert.deepEqual(await asks(c, { host: '127.0.0.10', port: 5 }), { permission: 0, channel: 0 });
});

test('without a permission nothing passes in either direction, whatever the Send indication looks like', async () => {
  const e = await lab.echo(ALLOWED);
  const c = await lab.client();
  const { relayed } = await c.allocate();
  const id = randomBytes(12);
  /** @type {Attribute} */
  const peer = [ATTR.peer, addressValue({ host: ALLOWED, port: e.port }, id)];
  /** @type {Attribute} */
  const data = [ATTR.data, Buffer.from('x')];
  for (const list of [[peer, data], [data, peer], [peer], [data], [], [peer, peer, data], [[ATTR.peer, Buffer.alloc(3)], data],
    [[ATTR.peer, Buffer.alloc(40)], data]]) {
    c.raw(sendIndication(/** @type {Attribute[]} */ (list), id));
  }
  e.socket.send('from a stranger', relayed.port, relayed.host);
  for (const n of [0x4000, 0x4fff, 0x5000, 0x7fff]) c.sendChannel(n, Buffer.from('x'));
  await c.settle();
  // Permitted, an indication that says DATA or the peer in a wrong way still does nothing.
  await c.permit(ALLOWED);
  for (const list of [[peer], [data], [[ATTR.peer, Buffer.alloc(3)], data], [peer, data, [0x7fff, Buffer.from('?')]]]) {
    c.raw(sendIndication(/** @type {Attribute[]} */ (list), id));
  }
  // What is as it should be comes there and back, before everything else.
  c.send({ host: ALLOWED, port: e.port }, Buffer.from('well'));
  assert.equal((await c.receive())?.data.toString(), 'well');
  assert.deepEqual(await e.upToNow(), ['well']);
  await c.settle();
  assert.deepEqual(c.inbox, []);
});

// ---- credentials

test('a wrong password and an unknown name get the same answer, without integrity', async () => {
  const shape = async (/** @type {any} */ o) => {
    const c = await lab.client(o);
    await c.transact(c.make(METHOD.allocate, none)).then((m) => c.learn(/** @type {Message} */ (m)));
    const m = /** @type {Message} */ (await c.transact(c.make(METHOD.allocate, () => [[ATTR.requestedTransport, u8pad(17)]])));
    return { code: m.code, types: m.attributes.map(([t]) => t), size: m.raw.length };
  };
  const [wrong, unknown, hashed] = [await shape({ password: 'no' }), await shape({ user: 'nobody' }), await shape({ user: 'nobody', userhash: true })];
  assert.equal(wrong.code, 401);
  assert.deepEqual(wrong, unknown);
  assert.deepEqual(wrong, hashed);
  assert.ok(!wrong.types.includes(ATTR.integrity) && !wrong.types.includes(ATTR.integritySha256));
});

test('SHA-256, USERHASH and clients of before all work', async () => {
  for (const o of /** @type {any[]} */ ([{ algorithm: 'sha256' }, { algorithm: 'md5' }, { userhash: true }, { fingerprint: false }, { proto: 'tcp' }])) {
    const c = await lab.client(o);
    await c.allocate();
    assert.equal(c.integrity, o.algorithm === 'md5' ? 'sha1' : 'sha256');
    assert.equal(await c.refresh(0), 0);
    assert.deepEqual(c.odd, []);
  }
});

test('nonces: of another address, cut, changed, of before', async () => {
  const [a, b] = [await lab.client(), await lab.client()];
  await a.allocate();
  await b.allocate();
  const refresh = (/** @type {string} */ nonce) => code(a, a.make(METHOD.refresh, none, { nonce }));
  assert.equal(await refresh(b.nonce), 438, 'a nonce belongs to an address');
  for (let i = 0; i < a.nonce.length; i += 3) {
    const other = a.nonce[i] === 'A' ? 'B' : 'A';
    const got = await refresh(`${a.nonce.slice(0, i)}${other}${a.nonce.slice(i + 1)}`);
    assert.ok(got === 438 || got === 400, `changed at ${i}: ${got}`);
  }
  for (const bad of [a.nonce.slice(0, -1), a.nonce.slice(1), `${a.nonce}A`, 'obMatJos2AAAA', 'x', 'x'.repeat(127), '\0'.repeat(20), '%s%n%s']) {
    const got = await refresh(bad);
    assert.ok(got === 438 || got === 400, `${bad}: ${got}`);
  }
  assert.ok([400, 438, -1].includes(await refresh('n'.repeat(900))), 'far too long');
  assert.equal(await refresh(a.nonce), 0);
});

test('bid-down: who takes SHA-256 away on the way is found out', async () => {
  const c = await lab.client({ algorithm: 'sha256' });
  await c.allocate();
  const offered = /** @type {Buffer} */ (c.offered);
  /** @param {Attribute[]} extra @param {Buffer} key @param {import('../lib/stun.mjs').Integrity} kind */
  const refresh = (extra, key, kind) => code(c, sign(build(messageType(METHOD.refresh, CLASS.request), [[ATTR.username, Buffer.from('ann')],
    [ATTR.realm, Buffer.from(c.realm)], [ATTR.nonce, Buffer.from(c.nonce)], ...extra]), key, kind));
  const md5 = longTermKey('md5', 'ann', c.realm, 'pw-of-ann');
  const alg = (/** @type {number} */ n) => /** @type {Attribute} */ ([ATTR.passwordAlgorithm, Buffer.from([0, n, 0, 0])]);
  /** @param {number[]} n @returns {Attribute} */
  const list = (...n) => [ATTR.passwordAlgorithms, Buffer.from(n.flatMap((x) => [0, x, 0, 0]))];
  assert.equal(await refresh([[ATTR.passwordAlgorithms, offered], alg(2)], c.key, 'sha256'), 0, 'as it should be');
  for (const [what, extra] of /** @type {[string, Attribute[]][]} */ ([['only MD5 offered', [list(1), alg(1)]], ['other order', [list(2, 1), alg(2)]],
    ['empty list', [[ATTR.passwordAlgorithms, Buffer.alloc(0)], alg(1)]], ['a list without a choice', [[ATTR.passwordAlgorithms, offered]]],
    ['a choice without the list', [alg(1)]], ['what nobody offered', [[ATTR.passwordAlgorithms, offered], alg(7)]], ['cut', [[ATTR.passwordAlgorithms, offered], [ATTR.passwordAlgorithm, Buffer.from([0])]]]])) {
    for (const [key, kind] of /** @type {const} */ ([[md5, 'sha1'], [c.key, 'sha256']])) {
      if (what === 'other order' && offered.equals(list(2, 1)[1])) continue;
      const got = await refresh(extra, key, kind);
      assert.ok(got === 400 || got === 401, `${what}, ${kind}: ${got}`);
    }
  }
});

test('integrity: a changed bit, nothing signed, what stands behind it, cut and doubled', async () => {
  const c = await lab.client({ fingerprint: false });
  await c.allocate();
  const good = c.make(METHOD.refresh, () => [[ATTR.lifetime, u32(700)]]);
  for (let at = 20; at < good.length; at += 7) {
    const b = Buffer.from(good);
    b[at] ^= 1;
    assert.notEqual(await code(c, b), 0, `a bit changed at ${at}`);
  }
  assert.equal(await code(c, c.make(METHOD.refresh, none, { sign: false })), 401);
  const head = /** @type {Attribute[]} */ ([[ATTR.username, Buffer.from('ann')], [ATTR.realm, Buffer.from(c.realm)], [ATTR.nonce, Buffer.from(c.nonce)],
    [ATTR.passwordAlgorithms, /** @type {Buffer} */ (c.offered)], [ATTR.passwordAlgorithm, Buffer.from([0, 2, 0, 0])]]);
  const make = (/** @type {Attribute[]} */ list) => build(messageType(METHOD.refresh, CLASS.request), list);
  for (let i = 0; i < 3; i++) {
    const got = await code(c, sign(make(head.filter((_, j) => j !== i)), c.key, 'sha256'));
    assert.ok(got === 400 || got === 401, `without ${head[i][0].toString(16)}: ${got}`);
  }
  for (const size of [4, 8, 12]) {
    const got = await code(c, sign(make(head), c.key, 'sha256', size));
    assert.ok([400, 401, -1].includes(got), `integrity of ${size} bytes: ${got}`);
  }
  // LIFETIME 0 behind the integrity is nobody's word: the allocation lives on.
  const signed = sign(make(head), c.key, 'sha256');
  const more = Buffer.concat([signed, attribute(ATTR.lifetime, u32(0))]);
  more.writeUInt16BE(more.length - 20, 2);
  await code(c, more);
  assert.ok(await c.refresh() > 0, 'the allocation lives on');
  // Both names at once.
  const both = await code(c, sign(make([...head, [ATTR.userhash, userhash('ben', c.realm)]]), c.key, 'sha256'));
  assert.ok([0, 400, 401].includes(both));
});

test('answers and indications sent to the server are not answered', async () => {
  const c = await lab.client();
  await c.allocate();
  for (const method of Object.values(METHOD)) {
    for (const cls of [CLASS.success, CLASS.error, CLASS.indication]) {
      assert.equal(await code(c, build(messageType(method, cls), [[ATTR.errorCode, Buffer.from([0, 0, 4, 1])]])), -1, `${method} ${cls}`);
    }
  }
  assert.ok(await c.refresh() > 0);
});

test('REST credentials: run out, of another secret, with strange times', async () => {
  const good = await lab.client(restCredential(SECRET, 'cho', 600));
  await good.allocate();
  const sha256 = await lab.client(restCredential(SECRET, 'cho', 600, 'sha256'));
  await sha256.allocate();
  for (const [what, cred] of /** @type {[string, {user: string, password: string}][]} */ ([
    ['run out', restCredential(SECRET, 'cho', -5)], ['another secret', restCredential('guess', 'cho', 600)],
    ['no time', { ...restCredential(SECRET, 'cho', 600), user: 'cho' }],
    ['a later time', { ...restCredential(SECRET, 'cho', 600), user: `${Math.floor(Date.now() / 1000) + 9000}:cho` }],
    ...['99999999999999999999:x', '-1:x', '+99999999999:x', ' 9999999999:x', '0x7fffffffff:x', ':', ':x', '9999999999'].map((user) =>
      /** @type {[string, any]} */ ([user, { user, password: 'x' }]))])) {
    const c = await lab.client(cred);
    await assert.rejects(c.allocate(), /: 401/, what);
  }
});

// ---- what belongs to others

test("somebody else's name on one's own connection: 441", async () => {
  const c = await lab.client();
  await c.allocate();
  const key = longTermKey(c.integrity === 'sha256' ? 'sha256' : 'md5', 'ben', c.realm, 'pw-of-ben');
  const as = { user: 'ben', key };
  assert.equal(await code(c, c.make(METHOD.refresh, () => [[ATTR.lifetime, u32(0)]], as)), 441);
  const peer = (/** @type {Buffer} */ id) => /** @type {Attribute} */ ([ATTR.peer, addressValue({ host: ALLOWED, port: 1 }, id)]);
  assert.equal(await code(c, c.make(METHOD.createPermission, (id) => [peer(id)], as)), 441);
  assert.equal(await code(c, c.make(METHOD.channelBind, (id) => [[ATTR.channelNumber, u16pad(0x4000)], peer(id)], as)), 441);
  assert.ok(await c.refresh() > 0);
});

test('channels: numbers out of range, taken ones, and those of others', async () => {
  const e = await lab.echo(ALLOWED);
  const c = await lab.client();
  await c.allocate();
  const peer = { host: ALLOWED, port: e.port };
  const bind = (/** @type {number} */ n, /** @type {any} */ p) => code(c, c.make(METHOD.channelBind, (id) => [
    [ATTR.channelNumber, u16pad(n)], [ATTR.peer, addressValue(p, id)]]));
  for (const n of [0, 1, 0x3fff, 0x5000, 0x7fff, 0x8000, 0xffff]) assert.equal(await bind(n, peer), 400, n.toString(16));
  assert.equal(await bind(0x4000, peer), 0);
  assert.equal(await bind(0x4000, peer), 0, 'again: a refresh');
  assert.equal(await bind(0x4000, { ...peer, port: 9 }), 400, 'the number is taken');
  assert.equal(await bind(0x4001, peer), 400, 'the peer has one');
  assert.equal(await bind(0x4002, { ...peer, port: 0 }) === 0, false, 'no port');
  assert.equal(await code(c, c.make(METHOD.channelBind, (id) => [[ATTR.peer, addressValue(peer, id)]])), 400);
  assert.equal(await code(c, c.make(METHOD.channelBind, () => [[ATTR.channelNumber, u16pad(0x4005)]])), 400);
  const thief = await lab.client(BEN);
  const stranger = await lab.client();
  for (const x of [thief, stranger]) x.sendChannel(0x4000, Buffer.from('stolen'));
  await thief.allocate();
  thief.sendChannel(0x4000, Buffer.from('stolen'));
  // Lengths that lie, and a good one.
  for (const b of [Buffer.from('4000', 'hex'), Buffer.from('400000', 'hex'), Buffer.from('40000010', 'hex'), channelData(0x4000, Buffer.alloc(9)).subarray(0, 8)]) c.raw(b);
  c.sendChannel(0x4000, Buffer.from('mine'));
  assert.equal((await c.receive())?.data.toString(), 'mine');
  assert.deepEqual(e.heard.map((h) => h.data.toString()), ['mine']);
});

test('mobility: tickets of others, made up, and used twice', async () => {
  const c = await lab.client();
  const { ticket } = await c.allocate({ mobility: true });
  assert.ok(ticket);
  const move = async (/** @type {any} */ o, /** @type {Buffer} */ t) => {
    const x = await lab.client(o);
    await x.transact(x.make(METHOD.refresh, none)).then((m) => x.learn(/** @type {Message} */ (m)));
    const m = await x.transact(x.make(METHOD.refresh, () => [[ATTR.mobilityTicket, t]]));
    return { got: codeOf(m), next: m?.get(ATTR.mobilityTicket) };
  };
  assert.ok([400, 437, 441].includes((await move(BEN, ticket)).got), 'of somebody else');
  const changed = Buffer.from(ticket);
  changed[changed.length - 1] ^= 1;
  for (const t of [changed, randomBytes(ticket.length), ticket.subarray(1), Buffer.alloc(500)]) {
    assert.ok([400, 437].includes((await move({}, t)).got), 'made up');
  }
  assert.ok(await c.refresh() > 0, 'still here');
  const moved = await move({}, /** @type {Buffer} */ (c.ticket));
  assert.equal(moved.got, 0, 'its owner may go');
  const again = await move({}, /** @type {Buffer} */ (moved.next));
  assert.equal(again.got, 0, 'and on');
  assert.notEqual((await move({}, ticket)).got, 0, 'the one of two moves ago is used up');
});

test('reservations: made-up tokens, and one that was used', async () => {
  const a = await lab.client();
  const { token, relayed } = await a.allocate({ evenPort: 'reserve' });
  assert.equal(relayed.port % 2, 0);
  for (const t of [randomBytes(8), Buffer.alloc(8), Buffer.alloc(8, 255)]) await assert.rejects((await lab.client()).allocate({ token: t }), /: 508/);
  await assert.rejects((await lab.client()).allocate({ token: Buffer.alloc(3) }), /: 400/);
  await assert.rejects((await lab.client()).allocate({ token, evenPort: true }), /: 400/);
  const b = await lab.client();
  assert.equal((await b.allocate({ token })).relayed.port, relayed.port + 1);
  await assert.rejects((await lab.client()).allocate({ token }), /: 508/);
});

test('an allocation is there once: 437 for a second, the same answer for a retransmission', async () => {
  const c = await lab.client();
  await c.transact(c.make(METHOD.allocate, none)).then((m) => c.learn(/** @type {Message} */ (m)));
  const request = c.make(METHOD.allocate, () => [[ATTR.requestedTransport, u8pad(17)]]);
  const [first, second] = [await c.transact(request), await c.transact(request)];
  assert.equal(first?.class, CLASS.success);
  assert.deepEqual(second?.raw, first?.raw);
  assert.equal(await code(c, c.make(METHOD.allocate, () => [[ATTR.requestedTransport, u8pad(17)]])), 437);
});

test('refusals are no larger than needed', async () => {
  const c = await lab.client();
  const first = /** @type {Message} */ (await c.transact(c.make(METHOD.allocate, () => [[ATTR.requestedTransport, u8pad(17)]])));
  assert.equal(first.code, 401);
  const allowed = [ATTR.errorCode, ATTR.realm, ATTR.nonce, ATTR.passwordAlgorithms, ATTR.fingerprint];
  assert.deepEqual(first.attributes.map(([x]) => x).filter((x) => !allowed.includes(x)), []);
  const text = (/** @type {Message} */ m) => Number(m.get(ATTR.errorCode)?.length) - 4;
  assert.ok(first.raw.length <= 160, `${first.raw.length} bytes`);
  assert.ok(text(first) <= 16, 'a short phrase or none');
  await c.allocate();
  for (const [method, list, want] of /** @type {[number, Attribute[], number][]} */ ([
    [METHOD.createPermission, [], 400], [METHOD.channelBind, [], 400],
    [METHOD.connect, [], 400], [METHOD.refresh, [[0x7ffe, Buffer.alloc(4)]], 420]])) {
    const m = /** @type {Message} */ (await c.transact(c.make(method, () => list)));
    assert.equal(m.code, want, `method ${method}`);
    assert.ok(m.raw.length <= 110, `method ${method}: ${m.raw.length} bytes`);
  }
});
