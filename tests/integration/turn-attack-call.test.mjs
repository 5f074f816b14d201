// Relays of calls: a credential that signaling hands out reaches the other people of that call and nobody else, until the
// call is over, and passes nothing but Bindings before the other side has agreed. Attackers here are guests with
// credentials of their own.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { join } from '../lib/client.mjs';
import { startServer, sleep } from '../lib/server.mjs';
import { ATTR, CLASS, METHOD, addressValue, build, fingerprint, messageType, read, sign, u16pad, u32 } from '../lib/stun.mjs';
import { TurnClient } from '../lib/turn_client.mjs';
import { asks, drops, ear, metrics } from '../lib/turn_attack.mjs';

/** @typedef {import('../lib/client.mjs').Client} Client */
/** @typedef {import('../lib/stun.mjs').Address} Address */
const PWD = 'the-ice-pwd-of-ben-24-chars';
/** @type {import('../lib/server.mjs').Server} */
let server;
/** @type {{close: () => void}[]} */
let open = [];
let from = 0;

before(async () => {
  // Addresses of this loopback stand for public ones; the call alone decides which of them count.
  server = await startServer({ args: ['--allow-peer', '127.0.0.0/8', '--workers', '2', '--rate-stun', '2000/2000'] });
});
after(async () => { assert.deepEqual(await server?.stop(), { code: 0, signal: null }, server?.log().slice(-3000)); });
test.afterEach(() => {
  for (const x of open) x.close();
  open = [];
});

/** @template {{close: () => void}} T @param {T} x @returns {T} */
const mine = (x) => {
  open.push(x);
  return x;
};

/** Somebody in a room: { who, relay }. @param {string} [room]  default: a new one */
async function guest(room) {
  const who = mine(await join(server));
  const m = room ? await who.must('join', { room }) : await who.must('create', { title: 'x', public: false });
  assert.ok(m.relay?.username && m.relay.credential, 'a credential comes with the room');
  return { who, room: m.room.room, relay: { user: m.relay.username, password: m.relay.credential } };
}

/** @param {{user: string, password: string}} relay @param {'udp' | 'tcp'} [proto] */
async function turn(relay, proto = 'udp') {
  return mine(await TurnClient.open({ host: '127.0.0.1', proto, port: proto === 'udp' ? server.udpPort : server.port, ...relay, rtoMs: 300,
    ...(proto === 'udp' ? { localAddress: `127.0.4.${from++ % 250 + 1}` } : {}) }));
}

/** @param {Address} a */
const line = (a, n = 1) => `a=candidate:${n} 1 udp 2113937151 ${a.host} ${a.port} typ host`;
/** @param {{who: Client, room: string}} me @param {{who: Client}} to @param {string[]} lines */
const signal = async (me, to, lines, pwd = PWD) => {
  const body = ['a=ice-ufrag:abcd', `a=ice-pwd:${pwd}`, 'a=mid:0', ...lines, ''];
  await me.who.must('cand', { room: me.room, to: to.who.session, conn: 'c1' }, body.join('\r\n'));
};
const binding = () => fingerprint(build(messageType(METHOD.binding, CLASS.request), [
  [ATTR.username, Buffer.from('abcd:efgh')], [ATTR.priority, u32(1)]]));

/** @param {Address} mapped @param {Buffer} id @param {string} pwd */
const agreement = (mapped, id, pwd) => fingerprint(sign(
  build(messageType(METHOD.binding, CLASS.success), [[ATTR.mapped, addressValue(mapped, id)]], id), Buffer.from(pwd)));

/**
 * A peer that answers Bindings as ICE does, with this password, and sends everything else back.
 * @param {string} host @param {string} pwd
 */
async function icePeer(host, pwd) {
  const e = await ear(host);
  e.socket.on('message', (m, rinfo) => {
    if (m[0] !== 0) return void e.socket.send(Buffer.concat([Buffer.from('re: '), m]), rinfo.port, rinfo.address);
    const asked = read(m);
    e.socket.send(agreement({ host: rinfo.address, port: rinfo.port }, asked.id, pwd), rinfo.port, rinfo.address);
  });
  return e;
}

test('nobody is reached before somebody of the call has signalled; then those addresses, and no others', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const c = await turn(ann.relay);
  await c.allocate();
  for (const host of ['127.0.0.5', '127.0.0.6', '8.8.8.8', '10.0.0.1', '127.0.0.3']) {
    assert.deepEqual(await asks(c, { host, port: 1000 }), { permission: 403, channel: 403 }, host);
  }
  // What does not count: names, raddr, c= lines, and what Ann herself signals.
  await signal(ben, ann, ['a=candidate:1 1 udp 1 a1b2.local 5000 typ host', 'a=candidate:2 1 udp 1 127.0.0.5 5000 typ srflx raddr 127.0.0.6 rport 5000', 'c=IN IP4 127.0.0.7']);
  await signal(ann, ben, [line({ host: '127.0.0.8', port: 5000 })]);
  assert.deepEqual(await asks(c, { host: '127.0.0.5', port: 777 }), { permission: 0, channel: 0 }, 'any port');
  for (const host of ['127.0.0.6', '127.0.0.7', '127.0.0.8', '127.0.0.4']) {
    assert.deepEqual(await asks(c, { host, port: 1000 }), { permission: 403, channel: 403 }, host);
  }
  // All or nothing here, too.
  assert.equal((await c.transact(c.make(METHOD.createPermission, (id) => [[ATTR.peer, addressValue({ host: '127.0.0.5', port: 1 }, id)],
    [ATTR.peer, addressValue({ host: '127.0.0.6', port: 1 }, id)]])))?.code, 403);
});

test('an address is known before the candidate is delivered: a permission at once is never refused', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const c = await turn(ann.relay);
  await c.allocate();
  for (let i = 1; i <= 20; i++) {
    const host = `127.0.8.${i}`;
    const came = ann.who.event((m) => m.type === 'cand' && m.body.includes(`${host} `));
    const told = signal(ben, ann, [line({ host, port: 5000 })]);
    await came;
    assert.deepEqual(await asks(c, { host, port: 5000 }), { permission: 0, channel: 0 }, host);
    await told;
  }
});

test('private and loopback addresses that somebody signals count for nothing', async () => {
  const strict = await startServer({ args: ['--allow-lan', 'off'] });
  try {
    const ann = await join(strict);
    const made = await ann.must('create', { title: 'x', public: false });
    const ben = await join(strict);
    await ben.must('join', { room: made.room.room });
    const hosts = ['10.1.2.3', '192.168.1.1', '169.254.169.254', '127.0.0.5', '100.64.1.1', '203.0.113.9', '224.0.0.1', '::ffff:127.0.0.1', 'fd00::1', '64:ff9b::7f00:1'];
    await ben.must('cand', { room: made.room.room, to: ann.session, conn: 'c1' }, ['a=ice-ufrag:abcd', `a=ice-pwd:${PWD}`, 'a=mid:0',
      ...hosts.map((host, i) => line({ host, port: 5000 }, i)), line({ host: '9.9.9.9', port: 5000 }, 99), ''].join('\r\n'));
    const c = mine(await TurnClient.open({ host: '127.0.0.1', port: strict.udpPort, user: made.relay.username, password: made.relay.credential }));
    await c.allocate();
    for (const host of hosts) {
      for (const [request, got] of Object.entries(await asks(c, { host, port: 5000 }))) {
        assert.ok(got === 403 || (host.includes(':') && got === 443), `${request} ${host}: ${got}`);
      }
    }
    assert.deepEqual(await asks(c, { host: '9.9.9.9', port: 5000 }), { permission: 0, channel: 0 }, 'a public one does');
    for (const x of [ann, ben]) x.close();
  } finally {
    await strict.stop();
  }
});

test('before the other side has agreed, Bindings pass and nothing else; then everything', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const peer = await icePeer('127.0.0.5', PWD);
  const at = { host: '127.0.0.5', port: peer.port };
  await signal(ben, ann, [line(at)]);
  const c = await turn(ann.relay);
  await c.allocate();
  await c.bind(0x4000, at);
  const all = [() => c.send(at, Buffer.from('\x80data by Send')), () => c.sendChannel(0x4000, Buffer.from('\x80data by channel')),
    () => c.sendChannel(0x4000, Buffer.from('\x16\xfe\xfd handshake', 'latin1')),
    () => c.sendChannel(0x4000, build(messageType(METHOD.allocate, CLASS.request))), () => c.sendChannel(0x4000, binding().subarray(0, 19)),
    () => c.sendChannel(0x4000, Buffer.concat([binding(), Buffer.from('smuggled')]))];
  for (const f of all) f();
  await sleep(200);
  assert.deepEqual(peer.heard.map((h) => h.data.toString('latin1')), []);
  assert.ok((await metrics(server))(drops('no_consent')) >= all.length - 1);
  c.sendChannel(0x4000, binding());
  const answer = await c.receive();
  assert.equal(answer && read(answer.data).type, 0x101, 'the answer comes back');
  c.sendChannel(0x4000, Buffer.from('data'));
  assert.equal((await c.receive())?.data.toString(), 're: data');
});

test('agreeing takes the password that this party signalled, from its own address', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const wrong = await icePeer('127.0.0.6', 'a-password-of-somebody-else');
  const at = { host: '127.0.0.6', port: wrong.port };
  await signal(ben, ann, [line(at)]);
  const c = await turn(ann.relay);
  await c.allocate();
  await c.bind(0x4000, at);
  for (let i = 0; i < 5; i++) {
    c.sendChannel(0x4000, binding());
    await c.receive(undefined, 500);
  }
  c.sendChannel(0x4000, Buffer.from('data'));
  await sleep(150);
  assert.equal(wrong.heard.filter((h) => h.data[0] !== 0).length, 0);
  // Ann's second tab knows Ann's own pwd, not Ben's: a guest with two tabs agrees to nothing for third parties.
  const tab = await guest(ann.room);
  const victim = await ear('127.0.0.7');
  await signal(tab, ann, [line({ host: '127.0.0.7', port: victim.port })]);
  await c.bind(0x4001, { host: '127.0.0.7', port: victim.port });
  for (let i = 0; i < 200; i++) c.sendChannel(0x4001, binding());
  for (let i = 0; i < 200; i++) c.sendChannel(0x4001, Buffer.from('flood'));
  await sleep(300);
  assert.ok(victim.heard.length <= 55 && victim.heard.every((h) => h.data[0] === 0), `${victim.heard.length} Bindings to somebody who never agreed`);
  assert.ok((await metrics(server))(drops('binding_rate')) > 0);
});

test('relay to relay: people of one call after they agreed; never another call', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const eve = await guest();
  const [a, b, e] = [await turn(ann.relay), await turn(ben.relay, 'tcp'), await turn(eve.relay)];
  const [ra, rb, re] = [(await a.allocate()).relayed, (await b.allocate()).relayed, (await e.allocate()).relayed];
  await Promise.all([signal(ann, ben, [line(ra)], 'the-ice-pwd-of-ann-24-chars'), signal(ben, ann, [line(rb)])]);
  for (const [x, list] of /** @type {[TurnClient, Address[]][]} */ ([[a, [rb, re]], [b, [ra, re]], [e, [ra, rb]]])) {
    for (const peer of list) await x.transact(x.make(METHOD.createPermission, (id) => [[ATTR.peer, addressValue(peer, id)]]));
  }
  a.send(rb, Buffer.from('\x80 too early'));
  for (const to of [ra, rb]) for (const data of [binding(), Buffer.from('\x80 from another call')]) e.send(to, data);
  for (const x of [a, b]) for (const data of [binding(), Buffer.from('\x80 to another call')]) x.send(re, data);
  assert.equal(await b.receive(undefined, 300), undefined, 'nothing came to Ben');
  assert.equal(await a.receive(undefined, 50), undefined, 'nor to Ann');
  assert.equal(await e.receive(undefined, 50), undefined, 'nor to Eve');
  // Now as ICE does: a Binding there, its answer back, both ways.
  for (const [x, y, to, back, pwd] of /** @type {[TurnClient, TurnClient, Address, Address, string][]} */ ([[a, b, rb, ra, PWD], [b, a, ra, rb, 'the-ice-pwd-of-ann-24-chars']])) {
    x.send(to, binding());
    const asked = await y.receive();
    assert.ok(asked, 'the Binding arrives');
    const { id } = read(asked.data);
    y.send(back, agreement(back, id, pwd));
    assert.ok(await x.receive(), 'and its answer');
  }
  a.send(rb, Buffer.from('\x80 hello'));
  assert.equal((await b.receive())?.data.toString(), '\x80 hello');
  b.send(ra, Buffer.from('\x80 hello too'));
  assert.equal((await a.receive())?.data.toString(), '\x80 hello too');
  e.send(ra, Buffer.from('\x80 and me'));
  assert.equal(await a.receive(undefined, 200), undefined);
});

test('when somebody leaves, the relay ends within a second, and the credential with it', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const peer = await icePeer('127.0.0.5', PWD);
  const at = { host: '127.0.0.5', port: peer.port };
  await signal(ben, ann, [line(at)]);
  const count = async () => (await metrics(server))('madang_turn_allocations');
  /** Takes what the metrics need, too. @param {(n: number) => boolean} is */
  const until = async (is) => {
    const start = Date.now();
    while (!is(await count()) && Date.now() - start < 3000) await sleep(20);
    return Date.now() - start;
  };
  await sleep(500); // the metrics follow
  const before = await count();
  const c = await turn(ann.relay);
  await c.allocate();
  await c.bind(0x4000, at);
  c.sendChannel(0x4000, binding());
  assert.ok(await c.receive());
  const other = await turn(ann.relay, 'tcp');
  await other.allocate();
  await until((n) => n === before + 2);
  await ann.who.must('leave', { room: ann.room });
  const ms = await until((n) => n <= before);
  assert.ok(ms < 1100, `${ms} ms`);
  const { length } = peer.heard;
  c.sendChannel(0x4000, Buffer.from('after the call'));
  assert.ok([401, 437].includes(await c.transact(c.make(METHOD.refresh, () => [])).then((m) => m?.code ?? 0)));
  await assert.rejects((await turn(ann.relay)).allocate(), /: 401/);
  await sleep(100);
  assert.equal(peer.heard.length, length);
});

test('when the other one leaves, or the session ends, nothing goes there any more', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const peer = await icePeer('127.0.0.5', PWD);
  const at = { host: '127.0.0.5', port: peer.port };
  await signal(ben, ann, [line(at)]);
  const c = await turn(ann.relay);
  await c.allocate();
  await c.bind(0x4000, at);
  c.sendChannel(0x4000, binding());
  assert.ok(await c.receive());
  await ben.who.must('leave', { room: ann.room });
  await sleep(300);
  const { length } = peer.heard;
  c.sendChannel(0x4000, Buffer.from('data'));
  c.send(at, binding());
  await sleep(200);
  assert.equal(peer.heard.length, length);
  assert.equal((await asks(c, at)).permission, 403);
  ann.who.send({ type: 'bye' });
  await sleep(1000);
  assert.ok([401, 437].includes(await c.transact(c.make(METHOD.refresh, () => [])).then((m) => m?.code ?? 0)));
});

test('names of scopes: neither guessed, nor with the password of another', async () => {
  const [ann, eve] = [await guest(), await guest()];
  for (const relay of [{ user: ann.relay.user, password: eve.relay.password }, { user: 'A'.repeat(16), password: ann.relay.password }, { user: '', password: '' },
    { user: ann.relay.user.slice(1), password: ann.relay.password }, { user: ann.who.session, password: ann.who.token }]) {
    await assert.rejects((await turn(relay)).allocate(), /: 40[01]/, relay.user);
  }
  const own = await turn(eve.relay);
  await own.allocate();
  assert.equal((await own.transact(own.make(METHOD.channelBind, (id) => [[ATTR.channelNumber, u16pad(0x4000)], [ATTR.peer, addressValue({ host: '127.0.0.5', port: 1 }, id)]],
    { user: ann.relay.user })))?.code, 401);
});

test('one person of a call has a bounded number of relays', async () => {
  const ann = await guest();
  let got = 0;
  let code = 0;
  for (let i = 0; i < 2 * 64 + 1 && !code; i++) { // each of two workers counts for itself
    const c = await turn(ann.relay);
    await c.allocate().then(() => { got++; }, (e) => { code = e.code; });
  }
  assert.equal(code, 486);
  assert.ok(got >= 8, `${got}`);
});
