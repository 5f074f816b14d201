// Programs and players over HTTP, where it is about who may and what the server says: tokens of the room's owner and of
// `madang token`, each refusal, and how places become free. What programs send and see is in whip-foreign.test.mjs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { join, register, signedIn } from '../lib/client.mjs';
import { AIORTC, Foreign, operatorsToken } from '../lib/foreign.mjs';
import { startServer } from '../lib/server.mjs';

const offer = (/** @type {string} */ name) => readFileSync(new URL(`../corpus/sdp/${name}.sdp`, import.meta.url), 'utf8');
const PUBLISHES = offer('obs-publish'), WATCHES = offer('pion-watch');
const SDP = 'application/sdp', FRAGMENT = 'application/trickle-ice-sdpfrag';
/** More than one address is allowed. */
const RATES = ['--rate-hello', '1000/1000', '--rate-http', '5000/5000'];
/** @type {import('../lib/server.mjs').Server} */
let server;

before(async () => {
  server = await startServer({ args: ['--groups', 'auto', '--registration', 'open', ...RATES] });
});
after(() => server.stop());

/**
 * @param {string} method @param {string} path
 * @param {{token?: string, type?: string, match?: string, body?: string}} [o] @param {import('../lib/server.mjs').Server} [of]
 */
const ask = (method, path, { token, type, match, body } = {}, of = server) => of.get(path, { method, headers: {
  ...token && { 'Authorization': `Bearer ${token}` }, ...type && { 'Content-Type': type }, ...match && { 'If-Match': match },
  ...method !== 'GET' && { 'Content-Length': Buffer.byteLength(body ?? '') },
} }, body);

test('the owner lets programs in, and puts them out again', { timeout: 120_000 }, async (t) => {
  const owner = await join(server, { name: 'Ann' });
  const { room: { room } } = await owner.must('create', { title: 'studio' });
  assert.equal((await owner.ask('media_token', { room, publish: true })).code, 'not_allowed');
  await owner.must('room_set', { room, programs: true });
  const { token } = await owner.must('media_token', { room, publish: true });
  const publisher = new Foreign(AIORTC, 'publish', `${server.url}/whip/${room}/cam`, token);
  t.after(() => publisher.kill());
  await publisher.says(/publishing/);
  await owner.event((m) => m.type === 'entered' && m.participant.program, 'the program');
  await owner.must('room_set', { room, programs: false });
  await owner.event((m) => m.type === 'left', 'that it was put out');
  // What they gave out is good no more.
  const again = await ask('POST', `/whip/${room}/cam`, { token, type: SDP, body: PUBLISHES });
  assert.equal(again.status, 403);
});

test('a program that vanishes frees its place', { timeout: 120_000 }, async () => {
  const { token, room } = await operatorsToken(server, '--room', 'new', '--publish');
  const publisher = new Foreign(AIORTC, 'publish', `${server.url}/whip/${room}/cam`, token);
  await publisher.says(/publishing/);
  const person = await join(server, { name: 'Ann' });
  await person.must('join', { room });
  const left = new Promise((done) => { person.waiting.push({ test: (m) => m.type === 'left', done }); });
  await publisher.kill();
  assert.equal((await left).reason, 'left'); // 30 s without consent: RFC 7675
});

test('tokens are good for one room, for what they say, and for their time', { timeout: 120_000 }, async () => {
  const both = await operatorsToken(server, '--room', 'new', '--publish', '--view');
  const viewer = await operatorsToken(server, '--room', both.room, '--view');
  const brief = await operatorsToken(server, '--room', both.room, '--publish', '--ttl', '1s');
  const whip = `/whip/${both.room}/cam`, whep = `/whep/${both.room}`;
  const status = async (/** @type {string} */ at, /** @type {string | undefined} */ token) => {
    const answer = await ask('POST', at, { token, type: SDP, body: at === whip ? PUBLISHES : WATCHES });
    if (answer.status === 401) assert.equal(answer.headers['www-authenticate'], 'Bearer');
    return answer.status;
  };
  assert.equal(await status(whip, undefined), 401);
  assert.equal(await status(whip, 'mdm_nonsense'), 401);
  assert.equal(await status(whip, viewer.token), 403);
  assert.equal(await status(whep, both.token), 404); // nobody is there yet
  assert.equal(await status(whip, both.token), 201);
  assert.equal(await status(whep, viewer.token), 201);
  const other = await operatorsToken(server, '--room', 'new', '--publish', '--view');
  assert.equal(await status(whip, other.token), 403);
  assert.equal(await status(whep, other.token), 403);
  for (let last = 0; last !== 401;) { // its second is over at some time
    last = await status(whip, brief.token);
    assert.ok([201, 401].includes(last), `${last}`);
  }
});

test('a session: its changes, and everything that it is not asked', { timeout: 120_000 }, async () => {
  const { token, room } = await operatorsToken(server, '--room', 'new', '--publish', '--view');
  const at = `/whip/${room}/cam`, o = { token, type: SDP, body: PUBLISHES };
  const made = await ask('POST', at, o);
  assert.equal(made.status, 201);
  assert.equal(made.headers['content-type'], SDP);
  assert.equal(made.headers['access-control-allow-origin'], '*');
  const session = String(made.headers.location), etag = String(made.headers.etag);
  assert.ok(session.startsWith(`${at}/`));

  const restart = { token, type: FRAGMENT, match: etag, body: 'a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n' };
  assert.equal((await ask('PATCH', session, { ...restart, match: '"other"' })).status, 412);
  assert.equal((await ask('PATCH', session, { ...restart, match: undefined })).status, 428);
  assert.equal((await ask('PATCH', session, { ...restart, type: SDP })).status, 415);
  assert.equal((await ask('PATCH', session, { ...restart, body: 'a=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\n' })).status, 204);
  const renewed = await ask('PATCH', session, restart);
  assert.equal(renewed.status, 200);
  assert.equal(renewed.headers['content-type'], FRAGMENT);
  assert.match(renewed.body.toString(), /^a=ice-ufrag:\S+\r\na=ice-pwd:\S+\r\n$/);
  assert.notEqual(renewed.headers.etag, etag);
  assert.equal((await ask('PATCH', session, restart)).status, 412); // the ETag is the one before
  assert.equal((await ask('PATCH', session, { ...restart, match: '*' })).status, 204); // and has these credentials

  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
    const answer = await ask(method, at, { token });
    assert.equal(answer.status, 405, method);
    assert.equal(answer.headers.allow, 'POST, OPTIONS');
  }
  assert.equal((await ask('GET', session, { token })).status, 405);
  assert.equal((await ask('POST', session, o)).status, 405);
  assert.equal((await ask('POST', at, { ...o, type: 'text/plain' })).status, 415);
  assert.equal((await ask('POST', at, { ...o, type: undefined })).status, 415);
  assert.equal((await ask('POST', at, { ...o, body: `${PUBLISHES}${'a=x\r\n'.repeat(14_000)}` })).status, 413);
  assert.equal((await ask('POST', at, { ...o, body: 'v=0\r\n' })).status, 400);
  assert.equal((await ask('POST', '/whip/room', o)).status, 404);
  assert.equal((await ask('POST', `/whip/${room}`, o)).status, 404);
  assert.equal((await ask('POST', `/whip/${room}/a/b/c`, o)).status, 404);
  const unknown = `${at}/${'A'.repeat(22)}`;
  assert.equal((await ask('DELETE', unknown, { token })).status, 404);
  assert.equal((await ask('PATCH', unknown, restart)).status, 404);

  const preflight = await ask('OPTIONS', session);
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-methods'], 'PATCH, DELETE, OPTIONS');
  assert.match(String(preflight.headers['access-control-allow-headers']), /Authorization/);

  assert.equal((await ask('DELETE', session, { token })).status, 200);
  assert.equal((await ask('DELETE', session, { token })).status, 404);
});

test('rooms of calls take no programs, not even by the operator', { timeout: 120_000 }, async () => {
  const mina = await register(server, 'mina'), jun = await register(server, 'jun');
  const caller = await signedIn(server, jun.cookie), callee = await signedIn(server, mina.cookie);
  const { call: { call } } = await caller.must('call', { to: mina.id, video: false });
  const { call: { room } } = await callee.must('call_answer', { call, video: false });
  await callee.must('join', { room });
  const { token } = await operatorsToken(server, '--room', room, '--publish', '--view');
  assert.equal((await ask('POST', `/whip/${room}/cam`, { token, type: SDP, body: PUBLISHES })).status, 403);
  assert.equal((await ask('POST', `/whep/${room}`, { token, type: SDP, body: WATCHES })).status, 403);
});

test('hundreds watch; when all places are taken the next one is told to come back, and does', { timeout: 240_000 }, async (t) => {
  const small = await startServer({ args: ['--groups', 'auto', '--sfu-peers', '200', ...RATES] });
  t.after(() => small.stop());
  const { token, room } = await operatorsToken(small, '--room', 'new', '--publish', '--view');
  assert.equal((await ask('POST', `/whip/${room}/cam`, { token, type: SDP, body: PUBLISHES }, small)).status, 201);
  const watch = () => ask('POST', `/whep/${room}`, { token, type: SDP, body: WATCHES }, small);
  const sessions = [];
  let last = await watch();
  for (; last.status === 201 && sessions.length < 400; last = await watch()) sessions.push(String(last.headers.location));
  assert.equal(last.status, 503);
  assert.ok(Number(last.headers['retry-after']) > 0);
  assert.ok(sessions.length >= 150, `${sessions.length}`);
  for (let i = 0; i < 50; i++) { // nobody of them is really there: in half a minute they run out, and others may come
    const { status } = await watch();
    const [, peers] = String((await small.get('/metrics')).body).match(/^madang_sfu_peers (\d+)$/m) ?? [];
    assert.ok([201, 503].includes(status) && Number(peers) <= 200, `${status} with ${peers}`);
  }
  await ask('DELETE', sessions[sessions.length - 1], { token }, small);
  assert.equal((await watch()).status, 201);
});
