// Our STUN server as strangers see it from other networks: a foreign client, a client of our own over UDP, TCP and
// TLS, what must not be answered, how large and how many answers are; and whether the laboratory's NATs are what they say.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SERVER4, SERVER6 } from './lib/lab.mjs';
import { attribute, binding } from './lib/stun.mjs';
import { TCP, UDP, Yard } from './lib/yard.mjs';

const yard = await Yard.open('stun');
after(() => yard.close());
const { lab } = yard;
const [home, office, six] = [lab.router('home', 'cone'), lab.router('office', 'symmetric'), lab.router('six', 'none')];
const [ann, ben, cho] = [lab.client('ann'), lab.client('ben'), lab.client('cho')];
lab.attach(ann, home);
lab.attach(ben, office);
lab.attach(cho, six, { v4: false, v6: true });
const CLIENT = fileURLToPath(new URL('lib/stun.mjs', import.meta.url));

/** @typedef {import('./lib/lab.mjs').Client} Client */
/** @typedef {import('./lib/stun.mjs').Result} Result */
/** @typedef {Partial<import('./lib/stun.mjs').Job> & {hex: string[]}} Ask */

/** @param {Client} c @param {Ask} job @returns {Promise<Result>} */
async function ask(c, job) {
  const { code, out } = await lab.spawn(c.ns, process.execPath, CLIENT, JSON.stringify({ proto: 'udp', hosts: [SERVER4[0]], port: UDP, ...job }));
  assert.equal(code, 0, out);
  return JSON.parse(out);
}

yard.test("coturn's client learns its address, over IPv4 and IPv6", async () => {
  const four = await lab.spawn(ann.ns, 'turnutils_stunclient', '-p', `${UDP}`, SERVER4[0]);
  assert.equal(four.code, 0, four.out);
  assert.match(four.out, new RegExp(`UDP reflexive addr: ${home.wan4.replaceAll('.', '\\.')}:\\d+`));
  const v6 = await lab.spawn(cho.ns, 'turnutils_stunclient', '-p', `${UDP}`, SERVER6[0]);
  assert.equal(v6.code, 0, v6.out);
  assert.match(v6.out, /UDP reflexive addr: 2001:db8:f3::4:\d+/);
});

yard.test('a port-preserving NAT has one mapping for two destinations, a symmetric one has two', async (t) => {
  const hex = [binding(1), binding(2)];
  const cone = await ask(ann, { hosts: SERVER4, hex });
  t.diagnostic(`port-preserving: port ${cone.port} is ${cone.answers.map((a) => a.mapped).join(' and ')}`);
  assert.deepEqual(cone.answers.map((a) => a.mapped), [1, 2].map(() => `${home.wan4} ${cone.port}`));
  const symmetric = await ask(ben, { hosts: SERVER4, hex });
  t.diagnostic(`symmetric: port ${symmetric.port} is ${symmetric.answers.map((a) => a.mapped).join(' and ')}`);
  const seen = symmetric.answers.map((a) => a.mapped);
  assert.equal(seen.length, 2);
  assert.ok(seen.every((m) => m.startsWith(`${office.wan4} `)));
  assert.notEqual(seen[0], seen[1]);
});

for (const proto of /** @type {const} */ (['tcp', 'tls'])) {
  yard.test(`Binding over ${proto} on the port of the page`, async () => {
    const name = `madang_stun_requests_total{transport="${proto}"}`;
    const before = await yard.metric(name);
    const { port, answers } = await ask(ann, { proto, port: TCP, hex: [binding(7), binding(8)] });
    assert.deepEqual(answers.map((a) => [a.type, a.mapped]), [7, 8].map(() => [0x101, `${home.wan4} ${port}`]));
    assert.deepEqual(answers.map((a) => Number.parseInt(a.id.slice(-8), 16)), [7, 8]);
    assert.equal(await yard.metric(name) - before, 2);
    const v6 = await ask(cho, { proto, port: TCP, hosts: [SERVER6[0]], hex: [binding(9)] });
    assert.equal(v6.answers[0]?.mapped, `2001:db8:f3:0:0:0:0:4 ${v6.port}`);
  });
}

yard.test('answers are no larger than one and a half times the request, headers counted, with nothing unasked', async (t) => {
  for (const [who, hosts, ip] of /** @type {[Client, string[], number][]} */ ([[ann, [SERVER4[0]], 28], [cho, [SERVER6[0]], 48]])) {
    const software = attribute(0x8022, Buffer.from('somebody else'));
    const { answers } = await ask(who, { hosts, hex: [binding(1), binding(2, software), binding(3, attribute(0x7777))] });
    assert.equal(answers.length, 3);
    const sizes = [20, 20 + software.length, 24];
    for (const a of answers) {
      const asked = ip + sizes[Number.parseInt(a.id.slice(-8), 16) - 1];
      const got = ip + a.hex.length / 2;
      t.diagnostic(`${ip === 28 ? 'IPv4' : 'IPv6'}: ${asked} bytes asked, ${got} answered`);
      assert.ok(got <= 1.5 * asked, `${got} for ${asked}`);
      assert.deepEqual(a.attributes.filter((x) => ![0x20, 0x09, 0x0a].includes(x)), []);
    }
  }
});

yard.test('an unknown attribute that must be understood is answered with 420', async () => {
  for (const proto of /** @type {const} */ (['udp', 'tcp', 'tls'])) {
    const { answers: [a] } = await ask(ben, { proto, port: proto === 'udp' ? UDP : TCP, hex: [binding(5, attribute(0x7777))] });
    assert.equal(a?.type, 0x111, proto);
    const body = Buffer.from(a.hex, 'hex').subarray(20);
    const code = body.indexOf(Buffer.from('0009', 'hex'));
    assert.deepEqual([body[code + 6] & 7, body[code + 7]], [4, 20], proto);
    assert.ok(body.includes(Buffer.from('000a00027777', 'hex')), proto);
  }
});

yard.test('what is malformed gets no answer', async () => {
  const good = Buffer.from(binding(1), 'hex');
  const change = (/** @type {number} */ at, /** @type {number} */ to) => {
    const b = Buffer.from(good);
    b[at] = to;
    return b.toString('hex');
  };
  const hex = [
    '', '00', good.subarray(0, 19).toString('hex'), change(0, 0x40), change(0, 0x80), change(4, 0), change(3, 4), change(3, 3), change(1, 0x11), change(0, 1),
    binding(1, Buffer.from('80220008aabb', 'hex')), binding(1, Buffer.from('002000ff', 'hex')),
    binding(1, attribute(0x8028, Buffer.from('00000000', 'hex'))), `${binding(1)}00`, 'ff'.repeat(1400),
  ].filter(Boolean);
  const { answers } = await ask(ann, { hex, waitMs: 700 });
  assert.deepEqual(answers, []);
  const { answers: alive } = await ask(ann, { hex: [binding(2)] });
  assert.equal(alive.length, 1);
});

yard.test('one address gets a burst of 60 and then 20 a second; others are not concerned', async (t) => {
  const hex = Array.from({ length: 400 }, (_, i) => binding(i + 1));
  const since = Date.now();
  const most = () => 60 + 20 * Math.ceil((Date.now() - since) / 1000) + 5; // 5: what was taken while the answer came
  const [many, other] = await Promise.all([ask(ben, { hosts: SERVER4, hex, waitMs: 1000 }), ask(ann, { hex: [binding(1)] })]);
  t.diagnostic(`${many.answers.length} of 400 answered`);
  assert.ok(many.answers.length >= 40 && many.answers.length <= most(), `${many.answers.length}`);
  assert.equal(other.answers.length, 1);
  const none = await Promise.all([ask(ben, { hex: hex.slice(0, 100), waitMs: 300 }), ask(cho, { hosts: [SERVER6[0]], hex: [binding(1)] })]);
  assert.ok(many.answers.length + none[0].answers.length <= most(), `${many.answers.length} and ${none[0].answers.length}`);
  assert.equal(none[1].answers.length, 1);
});
