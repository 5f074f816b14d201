// The real program while system calls fail as they do on bad days (MADANG_FAULTS, src/io/seam.h): of what people
// say nothing is lost and nothing comes twice; each STUN request is answered or counted.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { join } from '../lib/client.mjs';
import { sleep, startServer } from '../lib/server.mjs';

const PEOPLE = 6;
const SAYS = 15;

/**
 * Everybody says things to the room and to the next one, all at once.
 * @param {import('../lib/client.mjs').Client[]} people
 * @param {string} room
 */
async function talk(people, room) {
  await Promise.all(people.map(async (p, n) => {
    const next = people[(n + 1) % people.length];
    await Promise.all(Array.from({ length: SAYS }, (_, k) => Promise.all([
      p.must('chat', { room, text: `${n}.${k}` }),
      p.must('desc', { room, to: next.session, conn: 'c', kind: 'offer' }, `v=0\r\n${n}.${k}\r\n${'x'.repeat(2500)}`),
      p.must('whisper', { room, to: next.session, text: `${n}.${k}` }),
    ])));
  }));
}

/** @param {import('../lib/client.mjs').Client} p @param {string} type */
const of = (p, type) => p.events.filter((m) => m.type === type);

/**
 * @param {import('../lib/client.mjs').Client[]} people
 * @param {string} room
 */
async function check(people, room) {
  const all = PEOPLE * SAYS;
  for (const p of people) await p.event(() => of(p, 'chat').length >= all, 'chat');
  const first = of(people[0], 'chat').map((m) => m.text);
  for (const [n, p] of people.entries()) {
    // What was sent before an answer is here once the answer is.
    await p.must('ticket', { room });
    const said = of(p, 'chat');
    assert.deepEqual(said.map((m) => m.text), first, 'everybody hears the same, in the same order');
    assert.deepEqual(said.map((m) => m.seq), Array.from({ length: all }, (_, i) => i + 1));
    const before = (n + PEOPLE - 1) % PEOPLE;
    const expected = Array.from({ length: SAYS }, (_, k) => `${before}.${k}`);
    assert.deepEqual(of(p, 'desc').map((m) => m.body.split('\r\n')[1]), expected);
    assert.deepEqual(of(p, 'whisper').map((m) => m.text), expected);
  }
}

/** @param {import('../lib/server.mjs').Server} server @param {RegExp} re the sum of what matches */
async function metric(server, re) {
  const text = (await server.get('/metrics')).body.toString();
  return text.split('\n').filter((l) => re.test(l)).reduce((sum, l) => sum + Number(l.split(' ').at(-1)), 0);
}

for (const tls of [false, true]) {
  for (const faults of [
    'writev:short:0.5,read:short:0.5,seed:1',
    'writev:EAGAIN:0.3,read:EAGAIN:0.3,accept:EAGAIN:0.3,seed:2',
    'writev:ENOBUFS:0.2,writev:short:0.2,writev:EAGAIN:0.1,read:EINTR:0.1,read:short:0.2,seed:3',
  ]) {
    test(`nothing is lost or doubled over ${tls ? 'TLS' : 'plain TCP'} with ${faults}`, async () => {
      const server = await startServer({ tls, env: { MADANG_FAULTS: faults } });
      try {
        const people = await Promise.all(Array.from({ length: PEOPLE }, (_, n) => join(server, { name: `P${n}` })));
        const { room } = (await people[0].must('create', { title: 'Faults' })).room;
        for (const p of people.slice(1)) await p.must('join', { room });
        await talk(people, room);
        await check(people, room);
        if (/ENOBUFS/.test(faults)) {
          assert.ok((await metric(server, /^madang_stream_send_errors_total.*nobufs/)) > 0, 'sends failed');
        }
        const page = await server.get('/');
        assert.equal(page.status, 200);
        assert.equal(page.body.length, Number(page.headers['content-length']));
        for (const p of people) p.close();
      } finally {
        assert.deepEqual(await server.stop(), { code: 0, signal: null });
      }
    });
  }
}

/**
 * Bindings in bursts from several addresses (each has a rate); how many were answered, and each once.
 * @param {import('../lib/server.mjs').Server} server
 * @param {number} addresses
 * @param {number} each
 */
async function bindings(server, addresses, each) {
  /** @type {Map<string, number>} */
  const answered = new Map();
  const sockets = await Promise.all(Array.from({ length: addresses }, (_, i) => new Promise((resolve) => {
    const s = dgram.createSocket('udp4');
    s.on('message', (m) => {
      assert.equal(m.readUInt16BE(0), 0x0101);
      const id = m.subarray(8, 20).toString('hex');
      answered.set(id, (answered.get(id) ?? 0) + 1);
    });
    s.bind(0, `127.0.0.${i + 2}`, () => resolve(s));
  })));
  const asked = new Set();
  const ask = (/** @type {dgram.Socket} */ s) => {
    const m = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), randomBytes(12)]);
    asked.add(m.subarray(8).toString('hex'));
    return new Promise((resolve) => { s.send(m, server.udpPort, '127.0.0.1', resolve); });
  };
  for (let k = 0; k < each; k += 10) { // it finds ten of each address at once, however quick it is
    process.kill(server.pid, 'SIGSTOP');
    for (let i = 0; i < 10; i++) await Promise.all(sockets.map(ask));
    process.kill(server.pid, 'SIGCONT');
    await sleep(20);
  }
  await sleep(500);
  for (const s of sockets) s.close();
  for (const [id, n] of answered) {
    assert.ok(asked.has(id));
    assert.equal(n, 1, 'answered once');
  }
  return answered.size;
}

for (const [faults, lossy] of /** @type {const} */ ([
  ['sendmmsg:EAGAIN:0.1,sendmmsg:ENOBUFS:0.1,sendmmsg:EPERM:0.1,sendmmsg:EMSGSIZE:0.05,seed:4', true],
  ['gso:EIO:1,recvmmsg:EAGAIN:0.2,recvmmsg:short:0.3,sendmmsg:short:0.5,seed:5', false],
])) {
  test(`each STUN request is answered or counted with ${faults}`, async () => {
    const server = await startServer({ env: { MADANG_FAULTS: faults } });
    try {
      const answered = await bindings(server, 6, 50);
      const failed = await metric(server, /^madang_udp_send_errors_total/);
      const asked = await metric(server, /^madang_stun_requests_total\{transport="udp"\}/);
      assert.equal(asked, 300, 'all have come in');
      assert.equal(answered + failed, 300, `${answered} answered, ${failed} counted`);
      if (lossy) assert.ok(failed > 0 && answered > 100, `${failed} failed`);
      else assert.equal(answered, 300);
      if (!lossy) assert.ok((await metric(server, /^madang_udp_gso_refused_total/)) > 0, 'UDP_SEGMENT was refused');
    } finally {
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
    }
  });
}
