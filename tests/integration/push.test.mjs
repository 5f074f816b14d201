// Web Push end to end: the real program, a push service of the tests, and the browser behind it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { register, signedIn } from '../lib/client.mjs';
import { call as post } from '../lib/people.mjs';
import { PushService, checkVapid } from '../lib/push_service.mjs';
import { BIN, sleep, startServer } from '../lib/server.mjs';

/** @type {PushService} */
let service;
before(async () => { service = await new PushService().listen(); });
after(() => service.close());

/** @param {string[]} [args] @param {string[]} [allow] */
const start = (args = [], allow = ['--push-allow', '127.0.0.0/8']) => startServer({ args: ['--registration', 'open',
  '--push', 'on', '--push-ca', service.ca, '--push-contact', 'mailto:mina@example.org', ...allow, ...args] });

/** The page is closed, and the server knows it. @param {import('../lib/client.mjs').Client} c */
async function leave(c) {
  c.send({ type: 'bye' });
  await c.closed;
}

/** @param {import('../lib/server.mjs').Server} server @param {import('../lib/push_service.mjs').Subscription} sub @param {string} [name] */
async function subscribed(server, sub, name = 'mina') {
  const person = await register(server, name);
  const c = await signedIn(server, person.cookie);
  await c.must('account_set', { settings: { push: true } });
  await c.must('push_add', sub.fields());
  await leave(c);
  return person;
}

/** @param {import('../lib/server.mjs').Server} server @param {string} name @returns {Promise<number>} */
async function metric(server, name) {
  const text = (await server.get('/metrics')).body.toString();
  const line = text.split('\n').find((l) => l.startsWith(`${name} `));
  return Number(line?.split(' ')[1] ?? NaN);
}

/** @param {import('../lib/server.mjs').Server} server @param {string} outcome */
async function outcome(server, outcome, n = 1) {
  const name = `madang_push_total{outcome="${outcome}"}`;
  for (let i = 0; i < 500 && (await metric(server, name)) < n; i++) await sleep(20);
  assert.equal(await metric(server, name), n, outcome);
}

test('a call reaches a browser without a page, encrypted and signed', async () => {
  const server = await start();
  const from = service.requests.length;
  const sub = service.subscription('mina');
  const mina = await subscribed(server, sub);
  const jun = await register(server, 'jun');
  const policy = await (await fetch(`${server.url}/api/me`, { method: 'POST',
    headers: { 'content-type': 'application/json', origin: server.url }, body: '{}' })).json();
  const caller = await signedIn(server, jun.cookie);
  const { call } = await caller.must('call', { to: mina.id, video: true });
  const got = await service.request(from + 1);
  assert.equal(got.path, '/push/mina');
  assert.equal(got.headers.ttl, '45');
  assert.equal(got.headers.urgency, 'high');
  assert.equal(got.headers.topic, call.call);
  assert.equal(got.headers['content-encoding'], 'aes128gcm');
  assert.equal(got.headers.cookie, undefined);
  const told = JSON.parse(sub.decrypt(got.body));
  assert.deepEqual({ ...told, time: 0 }, { type: 'call', id: call.call, name: 'jun', display: told.display, video: true, time: 0 });
  const { key, head, claims } = checkVapid(got.headers.authorization ?? '');
  assert.deepEqual(head, { typ: 'JWT', alg: 'ES256' });
  assert.equal(claims.aud, `https://localhost:${service.port}`);
  assert.equal(claims.sub, 'mailto:mina@example.org');
  const left = claims.exp - Date.now() / 1000;
  assert.ok(left > 0 && left <= 86400, `${left}`);
  assert.equal(key, policy.policy.push_key, 'what the page subscribes with');
  await outcome(server, 'sent');

  // The missed call replaces it.
  await caller.must('call_cancel', { call: call.call });
  const missed = await service.request(from + 2);
  assert.equal(missed.headers.topic, call.call);
  assert.equal(JSON.parse(sub.decrypt(missed.body)).type, 'missed');

  // And so does that it was answered, or declined, on another device: a sign-in of its own.
  const again = await post(server, 'sign_in', { name: 'mina', password: 'Nebel-Kater-7-Ofen' });
  const phone = await signedIn(server, again.cookie ?? '');
  for (const [how, fields] of /** @type {[string, object][]} */ ([['call_answer', { video: false }], ['call_decline', {}]])) {
    const n = service.requests.length;
    const { call: next } = await caller.must('call', { to: mina.id, video: false });
    await service.request(n + 1);
    await phone.must(how, { call: next.call, ...fields });
    const taken = await service.request(n + 2);
    assert.equal(taken.headers.topic, next.call);
    assert.equal(taken.headers.ttl, '45');
    assert.equal(JSON.parse(sub.decrypt(taken.body)).type, 'taken');
    if (how === 'call_answer') await caller.must('call_end', { call: next.call });
  }
  phone.close();
  caller.close();
  await server.stop();
});

test('the key outlives a restart, and so do subscriptions', async () => {
  const server = await start();
  const from = service.requests.length;
  const sub = service.subscription('again');
  const mina = await subscribed(server, sub);
  const jun = await register(server, 'jun');
  const key = path.join(server.data, 'secrets/push.key');
  assert.equal(statSync(key).mode & 0o777, 0o600);
  /** @type {string[]} */
  const keys = [];
  for (let i = 1; i <= 2; i++) {
    const caller = await signedIn(server, jun.cookie);
    const { call } = await caller.must('call', { to: mina.id, video: false });
    const got = await service.request(from + 2 * i - 1);
    keys.push(checkVapid(got.headers.authorization ?? '').key);
    await caller.must('call_cancel', { call: call.call });
    await service.request(from + 2 * i);
    caller.close();
    if (i === 1) await server.restart();
  }
  assert.equal(keys[0], keys[1]);
  assert.ok(readdirSync(path.dirname(key)).includes('push.key'));
  await server.stop();
});

test('a service that is busy is asked again, one that says gone never again', async () => {
  const server = await start();
  const from = service.requests.length;
  const sub = service.subscription('busy');
  const mina = await subscribed(server, sub);
  const jun = await register(server, 'jun');
  service.answers.push([503, { 'retry-after': '1' }], [201, {}], [410, {}]);
  const caller = await signedIn(server, jun.cookie);
  const { call } = await caller.must('call', { to: mina.id, video: true });
  const [first, second] = [await service.request(from + 1), await service.request(from + 2)];
  assert.equal(sub.decrypt(first.body), sub.decrypt(second.body));
  assert.notDeepEqual(first.body.subarray(0, 86), second.body.subarray(0, 86), 'another key and salt each time');
  await outcome(server, 'sent');
  await caller.must('call_cancel', { call: call.call }); // the missed call is answered with 410
  await service.request(from + 3);
  await outcome(server, 'gone');
  const again = await caller.must('call', { to: mina.id, video: true });
  await caller.must('call_cancel', { call: again.call.call });
  await caller.must('calls', { limit: 5 }); // both of it are done by then
  assert.equal(await metric(server, 'madang_push_queue'), 0);
  assert.equal(service.requests.length, from + 3);
  caller.close();
  await server.stop();
});

test('nobody is contacted on private addresses, and nobody at all by default', async () => {
  const server = await start([], []);
  const from = service.requests.length;
  const mina = await subscribed(server, service.subscription('private'));
  const jun = await register(server, 'jun');
  const caller = await signedIn(server, jun.cookie);
  await caller.must('call', { to: mina.id, video: true });
  await outcome(server, 'forbidden');
  assert.equal(service.requests.length, from);
  caller.close();
  await server.stop();

  const off = await startServer({ args: ['--registration', 'open'] });
  const person = await register(off, 'mina');
  const c = await signedIn(off, person.cookie);
  assert.equal((await c.ask('push_add', service.subscription('off').fields())).code, 'not_allowed');
  assert.ok(Number.isNaN(await metric(off, 'madang_push_queue')));
  assert.ok(!readdirSync(path.join(off.data, 'secrets')).includes('push.key'));
  c.close();
  await off.stop();
});

test('a recording with push messages replays', async () => {
  const file = path.join(service.dir, 'tape');
  const taped = await start(['--record', file]);
  const from = service.requests.length;
  const mina = await subscribed(taped, service.subscription('taped'));
  const jun = await register(taped, 'jun');
  service.answers.push([410, {}]);
  const caller = await signedIn(taped, jun.cookie);
  await caller.must('call', { to: mina.id, video: true });
  await service.request(from + 1);
  await outcome(taped, 'gone');
  caller.close();
  await taped.stop();
  const out = execFileSync(BIN, ['replay', file], { encoding: 'utf8' });
  assert.match(out, / 0 differences/, out);
});
