// Relays of calls: a credential that signaling hands out reaches the other people of that call and nobody else, until the
// call is over, and passes nothing but Bindings before the other side has agreed. Attackers here are guests with
// credentials of their own.
import assert from 'node:assert/strict';
import test from 'node:test';
import { join } from '../lib/client.mjs';
import { startServer } from '../lib/server.mjs';
import { ATTR, CLASS, METHOD, addressValue, build, fingerprint, messageType, read, sign, u16pad, u32 } from '../lib/stun.mjs';
import { Lab, asks, codeOf, drops } from '../lib/turn_attack.mjs';

/** @typedef {import('../lib/client.mjs').Client} Client */
/** @typedef {import('../lib/stun.mjs').Address} Address */
/** @typedef {import('../lib/turn_client.mjs').TurnClient} TurnClient */
const PWD = 'the-ice-pwd-of-ben-24-chars';
const PWD_ANN = 'the-ice-pwd-of-ann-24-chars';
/** The server's: of Bindings to somebody who has not agreed, in any second. */
const BINDINGS_S = 50;
// Addresses of this loopback stand for public ones; the call alone decides which of them count.
const lab = new Lab('127.0.4', { args: ['--allow-peer', '127.0.0.0/8', '--workers', '2', '--rate-stun', '2000/2000'] });

/** Somebody in a room: { who, relay }. @param {string} [room]  default: a new one */
async function guest(room) {
  const who = lab.keep(await join(lab.server));
  const m = room ? await who.must('join', { room }) : await who.must('create', { title: 'x', public: false });
  assert.ok(m.relay?.username && m.relay.credential, 'a credential comes with the room');
  return { who, room: m.room.room, relay: { user: m.relay.username, password: m.relay.credential } };
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
  const e = await lab.ear(host);
  e.socket.on('message', (m, rinfo) => {
    if (m[0] !== 0) return void e.socket.send(Buffer.concat([Buffer.from('re: '), m]), rinfo.port, rinfo.address);
    const asked = read(m);
    e.socket.send(agreement({ host: rinfo.address, port: rinfo.port }, asked.id, pwd), rinfo.port, rinfo.address);
  });
  return e;
}

/** Ann and Ben in a call; Ann's relay has a channel to a peer at Ben's address, who knows Ben's password. */
async function called() {
  const ann = await guest();
  const ben = await guest(ann.room);
  const peer = await icePeer('127.0.0.5', PWD);
  const at = { host: '127.0.0.5', port: peer.port };
  await signal(ben, ann, [line(at)]);
  const c = await lab.client(ann.relay);
  await c.allocate();
  await c.bind(0x4000, at);
  return { ann, ben, peer, at, c };
}

/** A Binding to the peer, again until its answer comes, as ICE does: the way there loses datagrams when the machine is busy.
 *  @param {TurnClient} c */
async function ping(c) {
  for (let i = 0; i < 12; i++) {
    c.sendChannel(0x4000, binding());
    const answer = await c.receive(undefined, 500);
    if (answer) return answer;
  }
  return undefined;
}

/** The same, and the peer has agreed. */
async function agreed() {
  const call = await called();
  assert.ok(await ping(call.c));
  return call;
}

test('nobody is reached before somebody of the call has signalled; then those addresses, and no others', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const c = await lab.client(ann.relay);
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
  assert.equal(codeOf(await c.transact(c.make(METHOD.createPermission, (id) => [[ATTR.peer, addressValue({ host: '127.0.0.5', port: 1 }, id)],
    [ATTR.peer, addressValue({ host: '127.0.0.6', port: 1 }, id)]]))), 403);
});

test('an address is known before the candidate is delivered: a permission at once is never refused', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const c = await lab.client(ann.relay);
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
    const c = await lab.client({ port: strict.udpPort, user: made.relay.username, password: made.relay.credential });
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
  const { peer, at, c } = await called();
  const all = [() => c.send(at, Buffer.from('\x80data by Send')), () => c.sendChannel(0x4000, Buffer.from('\x80data by channel')),
    () => c.sendChannel(0x4000, Buffer.from('\x16\xfe\xfd handshake', 'latin1')),
    () => c.sendChannel(0x4000, build(messageType(METHOD.allocate, CLASS.request))), () => c.sendChannel(0x4000, binding().subarray(0, 19)),
    () => c.sendChannel(0x4000, Buffer.concat([binding(), Buffer.from('smuggled')]))];
  const before = await lab.metrics();
  for (const f of all) f();
  await c.settle();
  assert.deepEqual(await peer.upToNow(), []);
  await lab.until(drops('no_consent'), (n) => n >= before(drops('no_consent')) + all.length);
  const answer = await ping(c);
  assert.equal(answer && read(answer.data).type, 0x101, 'the answer comes back');
  c.sendChannel(0x4000, Buffer.from('data'));
  assert.equal((await c.receive((m) => m.data[0] !== 1))?.data.toString(), 're: data');
});

test('agreeing takes the password that this party signalled, from its own address', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const wrong = await icePeer('127.0.0.6', 'a-password-of-somebody-else');
  const at = { host: '127.0.0.6', port: wrong.port };
  await signal(ben, ann, [line(at)]);
  const c = await lab.client(ann.relay);
  await c.allocate();
  await c.bind(0x4000, at);
  for (let i = 0; i < 5; i++) {
    c.sendChannel(0x4000, binding());
    assert.ok(await c.receive(), 'the answer with the wrong password');
  }
  c.sendChannel(0x4000, Buffer.from('data'));
  await c.settle();
  await wrong.upToNow();
  assert.deepEqual(wrong.heard.filter((h) => h.data[0] !== 0), []);
  // Ann's second tab knows Ann's own pwd, not Ben's: a guest with two tabs agrees to nothing for third parties.
  const tab = await guest(ann.room);
  const victim = await lab.ear('127.0.0.7');
  await signal(tab, ann, [line({ host: '127.0.0.7', port: victim.port })]);
  await c.bind(0x4001, { host: '127.0.0.7', port: victim.port });
  const start = Date.now();
  for (let i = 0; i < 400; i++) c.sendChannel(0x4001, binding());
  for (let i = 0; i < 200; i++) c.sendChannel(0x4001, Buffer.from('flood'));
  await c.settle();
  await victim.upToNow();
  const most = BINDINGS_S * (Math.ceil((Date.now() - start) / 1000) + 1);
  assert.ok(victim.heard.length <= most && victim.heard.every((h) => h.data[0] === 0), `${victim.heard.length} Bindings to somebody who never agreed`);
  await lab.until(drops('binding_rate'), (n) => n >= 400 - victim.heard.length);
});

test('relay to relay: people of one call after they agreed; never another call', async () => {
  const ann = await guest();
  const ben = await guest(ann.room);
  const eve = await guest();
  const [a, b, e] = [await lab.client(ann.relay), await lab.client({ ...ben.relay, proto: 'tcp' }), await lab.client(eve.relay)];
  const [ra, rb, re] = [(await a.allocate()).relayed, (await b.allocate()).relayed, (await e.allocate()).relayed];
  await Promise.all([signal(ann, ben, [line(ra)], PWD_ANN), signal(ben, ann, [line(rb)])]);
  for (const [x, list] of /** @type {[TurnClient, Address[]][]} */ ([[a, [rb, re]], [b, [ra, re]], [e, [ra, rb]]])) {
    for (const peer of list) await x.transact(x.make(METHOD.createPermission, (id) => [[ATTR.peer, addressValue(peer, id)]]));
  }
  a.send(rb, Buffer.from('\x80 too early'));
  for (const to of [ra, rb]) for (const data of [binding(), Buffer.from('\x80 from another call')]) e.send(to, data);
  for (const x of [a, b]) for (const data of [binding(), Buffer.from('\x80 to another call')]) x.send(re, data);
  for (const x of [a, b, e, a, b, e]) await x.settle(); // twice: by way of another worker
  for (const x of [a, b, e]) assert.deepEqual(x.inbox, []);
  // Now as ICE does: a Binding there, its answer back, both ways.
  const ways = /** @type {[TurnClient, TurnClient, Address, Address, string][]} */ ([[a, b, rb, ra, PWD], [b, a, ra, rb, PWD_ANN]]);
  for (const [x, y, to, back, pwd] of ways) {
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
  for (const x of [e, a]) await x.settle();
  assert.deepEqual(a.inbox, []);
});

/** The relay is gone, and its credential is worth nothing. @param {TurnClient} c */
async function ended(c) {
  const got = codeOf(await c.transact(c.make(METHOD.refresh, () => [])));
  assert.ok([401, 437].includes(got), `${got}`);
}

test('when somebody leaves, the relays end, and the credential with them', async () => {
  const { ann, peer, c } = await agreed();
  const other = await lab.client({ ...ann.relay, proto: 'tcp' });
  await other.allocate();
  await ann.who.must('leave', { room: ann.room });
  await ended(c); // a request: it is of the time after the call
  await ended(other);
  const heard = (await peer.upToNow()).length;
  c.sendChannel(0x4000, Buffer.from('after the call'));
  await c.settle();
  await assert.rejects((await lab.client(ann.relay)).allocate(), /: 401/);
  assert.equal((await peer.upToNow()).length, heard);
});

test('when the other one leaves, or the session ends, nothing goes there any more', async () => {
  const { ann, ben, peer, at, c } = await agreed();
  await ben.who.must('leave', { room: ann.room });
  await c.settle(); // requests: what follows is of the time after that
  const heard = (await peer.upToNow()).length;
  c.sendChannel(0x4000, Buffer.from('data'));
  c.send(at, binding());
  await c.settle();
  assert.equal((await peer.upToNow()).length, heard);
  assert.equal((await asks(c, at)).permission, 403);
  ann.who.send({ type: 'bye' });
  await ann.who.closed;
  await ended(c);
});

test('names of scopes: neither guessed, nor with the password of another', async () => {
  const [ann, eve] = [await guest(), await guest()];
  for (const relay of [{ user: ann.relay.user, password: eve.relay.password }, { user: 'A'.repeat(16), password: ann.relay.password }, { user: '', password: '' },
    { user: ann.relay.user.slice(1), password: ann.relay.password }, { user: ann.who.session, password: ann.who.token }]) {
    await assert.rejects((await lab.client(relay)).allocate(), /: 40[01]/, relay.user);
  }
  const own = await lab.client(eve.relay);
  await own.allocate();
  assert.equal(codeOf(await own.transact(own.make(METHOD.channelBind, (id) => [[ATTR.channelNumber, u16pad(0x4000)],
    [ATTR.peer, addressValue({ host: '127.0.0.5', port: 1 }, id)]], { user: ann.relay.user }))), 401);
});

test('one person of a call has a bounded number of relays', async () => {
  const ann = await guest();
  let got = 0;
  let code = 0;
  for (let i = 0; i < 2 * 64 + 1 && !code; i++) { // each of two workers counts for itself
    const c = await lab.client(ann.relay);
    await c.allocate().then(() => { got++; }, (e) => { code = e.code; });
  }
  assert.equal(code, 486);
  assert.ok(got >= 8, `${got}`);
});
