// A room is recorded over the wire of the whole running server: begun and ended by an account, listed, downloaded with
// ranges by its owner alone, as long as ffmpeg says that it is; a full quota ends it, but no call; the operator removes it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { promisify } from 'node:util';
import { register, signedIn } from '../lib/client.mjs';
import { AIORTC, Foreign } from '../lib/foreign.mjs';
import { decodes, probe } from '../lib/recorded.mjs';
import { BIN, sleep, startServer } from '../lib/server.mjs';

const run = promisify(execFile);
const DIR = mkdtempSync(path.join(os.tmpdir(), 'madang-recorded-'));
const PATIENCE = 90_000;
const QUOTA = 1 << 20;
after(() => rmSync(DIR, { recursive: true, force: true }));

/** @typedef {import('../lib/server.mjs').Server} Server */
/** @typedef {import('../lib/client.mjs').Client} Client */

/** @param {import('node:test').TestContext} t @param {string[]} args */
async function start(t, ...args) {
  const server = await startServer({ args: ['--groups', 'auto', '--registration', 'open', ...args] });
  t.after(() => server.stop());
  return server;
}

/**
 * Somebody with an account in a room of theirs, into which a program sends a picture and a tone.
 * @param {import('node:test').TestContext} t @param {Server} server
 */
async function studio(t, server) {
  const { cookie } = await register(server, 'mina');
  const mina = await signedIn(server, cookie);
  const { room: { room } } = await mina.must('create', { title: '가족 모임' });
  await mina.must('room_set', { room, programs: true });
  const { token } = await mina.must('media_token', { room, publish: true, view: true });
  const program = new Foreign(AIORTC, 'publish', `${server.url}/whip/${room}/cam`, token);
  t.after(() => program.kill());
  await program.says(/publishing/);
  await mina.event((m) => m.type === 'entered' && m.participant.program, 'the program');
  return { mina, cookie, room, token, program };
}

/** The next one that says so: who asks has seen those before. @param {Client} c @param {boolean} on */
const told = (c, on) => {
  /** @type {Promise<any>} */
  const event = new Promise((done) => c.waiting.push({ test: (m) => m.type === 'recording' && m.on === on, done }));
  return event;
};

/** The only recording there is, when that is so of it. @param {Client} c @param {(r: any) => boolean} fn @param {string} what */
async function listed(c, fn, what) {
  let { recordings } = await c.must('recordings');
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(500)) {
    if (recordings.length === 1 && fn(recordings[0])) return recordings[0];
    ({ recordings } = await c.must('recordings'));
  }
  throw new Error(`${what}: ${JSON.stringify(recordings)}`);
}

/** @param {Server} server @param {string} at @param {Record<string, string>} [headers] */
const fetched = (server, at, headers = {}) => server.get(at, { headers });

test('an account records a program over the wire, and alone gets the files', { timeout: 240_000 }, async (t) => {
  const server = await start(t);
  const { mina, cookie, room, token, program } = await studio(t, server);
  const begins = told(mina, true);
  await mina.must('record_start', { room });
  const begun = await begins;
  assert.equal(begun.room, room);
  assert.equal(begun.by, mina.session);
  const running = await listed(mina, (r) => r.state === 'running' && r.duration_ms >= 4000, 'that it goes on');
  const at = `/api/recording/${running.recording}`;
  assert.equal((await fetched(server, `${at}/manifest.json`, { cookie })).status, 404, 'not while it runs');
  assert.equal((await mina.ask('recording_remove', { recording: running.recording })).code, 'busy');
  const ends = told(mina, false);
  await mina.must('record_stop', { room });
  assert.equal((await ends).why, 'stopped');
  program.tell('');
  await program.says(/ended 200/); // the call went on until then

  const made = await listed(mina, (r) => r.state === 'stopped', 'that it is over');
  assert.equal(made.title, '가족 모임');
  assert.equal(made.room, room);
  assert.equal(made.started, begun.since);
  assert.ok(made.duration_ms >= running.duration_ms && made.bytes > 0, JSON.stringify(made));
  const manifest = JSON.parse((await fetched(server, `${at}/manifest.json`, { cookie })).body.toString());
  assert.equal(manifest.ended, 'stopped');
  assert.equal(manifest.duration_ms, made.duration_ms);
  assert.deepEqual(manifest.tracks.map((/** @type {any} */ x) => `${x.kind} ${x.name}`).sort(), ['camera cam', 'mic cam']);
  for (const track of manifest.tracks) await sameAsSaid(server, `${at}/${track.file}`, cookie, track, manifest);

  const other = await register(server, 'ben');
  for (const headers of [{ cookie: other.cookie }, { authorization: `Bearer ${token}` }, {}]) {
    for (const name of ['manifest.json', manifest.tracks[0].file]) {
      assert.equal((await fetched(server, `${at}/${name}`, headers)).status, 404, name);
    }
  }
  const ben = await signedIn(server, other.cookie);
  assert.deepEqual((await ben.must('recordings')).recordings, []);
  assert.equal((await ben.ask('recording_remove', { recording: made.recording })).code, 'unknown');
  await mina.must('recording_remove', { recording: made.recording });
  assert.deepEqual((await mina.must('recordings')).recordings, []);
  assert.equal((await fetched(server, `${at}/manifest.json`, { cookie })).status, 404);
});

/**
 * A file whole and in pieces is the same; ffmpeg decodes it, and finds it as long as the manifest says.
 * @param {Server} server @param {string} at @param {string} cookie @param {any} track @param {any} manifest
 */
async function sameAsSaid(server, at, cookie, track, manifest) {
  const whole = await fetched(server, at, { cookie });
  assert.equal(whole.status, 200);
  assert.equal(whole.body.length, track.bytes);
  assert.equal(whole.headers['content-type'], track.kind === 'mic' ? 'audio/webm' : 'video/webm');
  const middle = whole.body.length >> 1, pieces = [];
  for (const range of [`bytes=0-${middle - 1}`, `bytes=${middle}-`]) {
    const piece = await fetched(server, at, { cookie, range });
    assert.equal(piece.status, 206);
    pieces.push(piece.body);
  }
  assert.ok(Buffer.concat(pieces).equals(whole.body));
  assert.equal((await fetched(server, at, { cookie, range: `bytes=${whole.body.length}-` })).status, 416);
  const file = path.join(DIR, track.file);
  writeFileSync(file, whole.body);
  await decodes(file);
  const seconds = Number((await probe(file)).format.duration);
  assert.ok(Math.abs(seconds - track.duration_ms / 1000) < 0.1, `${track.file}: ${seconds} s of ${track.duration_ms} ms`);
  assert.ok(seconds > 1 && track.start_ms + track.duration_ms <= manifest.duration_ms + 1000, JSON.stringify(track));
}

test('a full quota ends it, but no call; the operator makes room', { timeout: 240_000 }, async (t) => {
  const server = await start(t, '--recordings-quota', '1M');
  const before = path.join(server.data, 'recordings/aa/00000000000000aa'); // so that little more is enough
  mkdirSync(before, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(before, '0001-camera.webm'), Buffer.alloc(QUOTA - 60_000));
  const { mina, cookie, room, token } = await studio(t, server);
  const ends = told(mina, false);
  await mina.must('record_start', { room });
  assert.equal((await ends).why, 'quota');
  const viewer = new Foreign(AIORTC, 'view', `${server.url}/whep/${room}`, token);
  t.after(() => viewer.kill());
  const [text] = await viewer.says(/\{.*\}/);
  assert.ok(JSON.parse(text).video >= 15, `the call goes on: ${text}`);
  const made = await listed(mina, (r) => r.state === 'quota', 'why it has ended');
  assert.ok(made.bytes > 0 && made.bytes < QUOTA, `it is looked at a few times a second: ${made.bytes}`);

  const madang = (/** @type {string[]} */ ...args) => run(BIN, ['recordings', ...args, '--data', server.data]);
  const [, id, user, of, title, , bytes, state] = (await madang('list')).stdout.trimEnd().split('\t');
  assert.deepEqual([id, user, of, title, bytes, state], [made.recording, 'mina', room, '가족 모임', `${made.bytes} bytes`, 'quota']);
  await madang('remove', id);
  assert.equal((await madang('list')).stdout, '');
  assert.deepEqual((await mina.must('recordings')).recordings, []);
  assert.equal((await fetched(server, `/api/recording/${id}/manifest.json`, { cookie })).status, 404);
  rmSync(before, { recursive: true });
  const begins = told(mina, true);
  await mina.must('record_start', { room });
  await begins;
  const again = await listed(mina, (r) => r.state === 'running' && r.duration_ms >= 4000, 'that there is room');
  await assert.rejects(madang('remove', again.recording), /it still runs/);
});
