// Which thread may wait for a disk: the database's two, the one of all other files, the one that records groups, and the
// two that call libraries which read files when they like (passwords, push). Control and the media threads never do,
// once the program runs: a slow disk must not hold up anybody's call. strace watches the real program while people do
// what people do. (What an operator asks for by SIGHUP, reading the settings and certificates again, is control's work,
// and not seen here.)
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { register, signedIn } from '../lib/client.mjs';
import { CHEAP } from '../lib/people.mjs';
import { startServer } from '../lib/server.mjs';
import { build, METHOD } from '../lib/stun.mjs';
import { fileCalls, traceThreads } from '../lib/trace.mjs';

const MAY = ['store', 'store-read', 'disk', 'password', 'push', 'rec'];
/** What the others may do nevertheless: /metrics tells how much memory is in use, which the kernel says without a disk. */
const ALLOWED = /^openat\(AT_FDCWD<[^>]*>, "\/proc\/self\/statm"|^\w+\(\d+<\/proc\/\d+\/statm>/;


/** @typedef {import('../lib/server.mjs').Server} Server */
/** @typedef {import('../lib/client.mjs').Client} Client */

/** The head of a PNG of that size. @param {number} size */
function png(size) {
  const n = Buffer.alloc(4);
  n.writeUInt32BE(size);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), n, n, Buffer.from('\x08\x06\0\0\0', 'latin1')]);
}

/** @param {Server} server @param {string} cookie @param {Client} c @param {Buffer} bytes @returns {Promise<string>} the upload */
async function send(server, cookie, c, bytes) {
  const { upload } = await c.must('upload', { size: bytes.length, name: 'a.png', mime: 'image/png' });
  const headers = { cookie, origin: server.url, 'content-length': `${bytes.length}` };
  const r = await server.get(`/api/upload/${upload}`, { method: 'PUT', headers }, bytes);
  assert.equal(r.status, 200, r.body.toString());
  return upload;
}

/** @param {Server} server @param {string} path @param {string} [cookie] */
async function load(server, path, cookie = '') {
  const r = await server.get(path, { headers: cookie ? { cookie } : {} });
  assert.equal(r.status, 200, path);
  return r.body.toString();
}

/** The page with all that it names. @param {Server} server */
async function loadPage(server) {
  const page = await load(server, '/');
  const names = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((m) => m[1]);
  assert.ok(names.length > 3, page);
  for (const name of names) await load(server, name);
}

/** @param {Server} server */
async function signInAgain(server) {
  const headers = { 'content-type': 'application/json', origin: server.url };
  const body = JSON.stringify({ name: 'mina', password: 'Nebel-Kater-7-Ofen' });
  const r = await server.get('/api/sign_in', { method: 'POST', headers }, body);
  assert.equal(r.status, 200, r.body.toString());
}

/** A STUN Binding, which a media thread answers. @param {Server} server */
async function ping(server) {
  const s = dgram.createSocket('udp4');
  const answer = once(s, 'message');
  s.send(build(METHOD.binding), server.udpPort, server.host);
  await answer;
  s.close();
}

/** What two people do of an evening. @param {Server} server */
async function evening(server) {
  await loadPage(server);
  const [mina, jun] = [await register(server, 'mina'), await register(server, 'jun')];
  await signInAgain(server);
  const [m, j] = [await signedIn(server, mina.cookie), await signedIn(server, jun.cookie)];

  const [small, large] = [await send(server, mina.cookie, m, png(96)), await send(server, mina.cookie, m, png(512))];
  const { avatar } = await m.must('avatar', { upload: { small, large } });
  await load(server, `/api/avatar/${mina.id}/96?${avatar}`, jun.cookie);
  assert.equal((await j.must('people', { query: 'mi' })).people.length, 1);

  const { conv } = (await m.must('conv_open', { user: jun.id })).conv;
  const { file } = await m.must('attach', { upload: await send(server, mina.cookie, m, png(64)) });
  await m.must('send', { conv, client: 'c1', text: 'a picture of the harbour', files: [file] });
  await j.event((e) => e.type === 'message', 'the message');
  await load(server, `/api/file/${file}`, jun.cookie);
  await j.must('conv_answer', { conv, as: 'accept' });
  await j.must('search', { text: 'harbour' });
  await j.must('history', { conv });

  const { call } = await m.must('call', { to: jun.id, video: true });
  await j.event((e) => e.type === 'ring', 'it rings');
  await j.must('call_answer', { call: call.call, video: true });
  for (const c of [m, j]) await c.must('join', { room: call.room });
  await m.must('call_end', { call: call.call });
  await j.must('calls', {});

  await m.must('create', { title: 'harbour' });
  await ping(server);
  await load(server, '/healthz');
  await load(server, '/metrics');
  for (const c of [m, j]) c.close();
}

test('nobody but the threads that are there for it touches a file while the program runs', async (t) => {
  const server = await startServer({ tls: true, args: CHEAP });
  t.after(() => server.stop());
  const end = await traceThreads(server.pid);
  await evening(server);
  const seen = await end();
  const filesOf = (/** @type {string} */ thread) => fileCalls(seen.filter((s) => s.thread === thread).flatMap((s) => s.calls));
  for (const thread of ['store', 'store-read', 'disk']) assert.ok(filesOf(thread).length > 0, `${thread} is seen at work`);
  const others = [...new Set(seen.map((s) => s.thread))].filter((t) => !MAY.includes(t));
  assert.ok(others.includes('madang') && others.some((t) => t.startsWith('media')), `control and a media thread were watched: ${others}`);
  for (const thread of others) {
    assert.ok(seen.some((s) => s.thread === thread && s.calls.length), `${thread} did something`);
    assert.deepEqual(filesOf(thread).filter((c) => !ALLOWED.test(c)), [], thread);
  }
  assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log());
});
