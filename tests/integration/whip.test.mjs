// A foreign program publishes into a room by WHIP, and another one watches it by WHEP (aiortc, from Debian's packages); with
// tokens of `madang token`, made beside the running server, and of the room's owner.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { join } from '../lib/client.mjs';
import { BIN, startServer } from '../lib/server.mjs';

const run = promisify(execFile);
const AIORTC = path.join(path.dirname(fileURLToPath(import.meta.url)), '../netlab/foreign/aiortc_whip.py');
/** @type {import('../lib/server.mjs').Server} */
let server;

before(async () => {
  server = await startServer({ args: ['--groups', 'auto'] });
});
after(() => server.stop());

/** @param {string[]} args */
async function operatorsToken(...args) {
  const { stdout } = await run(BIN, ['token', '--data', server.data, ...args]);
  return {
    token: /^token: +(\S+)$/m.exec(stdout)?.[1] ?? '',
    room: /^room: .*\/r\/(\w+)$/m.exec(stdout)?.[1] ?? '',
  };
}

/** @param {string} what @param {string} url @param {string} token */
const aiortc = (what, url, token) => spawn('/usr/bin/python3', [AIORTC, what, url, token],
  { stdio: ['pipe', 'pipe', 'inherit'], timeout: 100_000 });

/** @param {import('node:child_process').ChildProcess} child @param {string} line @returns {Promise<string>} */
const says = (child, line) => new Promise((resolve, reject) => {
  let text = '';
  child.stdout?.on('data', (piece) => {
    text += piece;
    if (text.includes(line)) resolve(text);
  });
  child.once('exit', () => reject(new Error(`it ended without "${line}": ${text}`)));
});

test('what aiortc publishes by WHIP another one watches by WHEP', { timeout: 120_000 }, async () => {
  const { token, room } = await operatorsToken('--room', 'new', '--publish', '--view', '--ttl', '10m');
  const publisher = aiortc('publish', `${server.url}/whip/${room}/Stage%201`, token);
  await says(publisher, 'publishing');
  const person = await join(server, { name: 'Ann' });
  const joined = await person.must('join', { room });
  assert.equal(joined.mode, 'group');
  const stage = joined.participants.find((/** @type {any} */ p) => p.program);
  assert.equal(stage.name, 'Stage 1');

  const viewer = aiortc('view', `${server.url}/whep/${room}`, token);
  const seen = JSON.parse(await says(viewer, '}'));
  assert.ok(seen.video >= 15 && seen.audio >= 50, JSON.stringify(seen));
  assert.equal(seen.width, 640);
  assert.equal(seen.ended, 200);

  publisher.stdin?.write('\n');
  await person.event((m) => m.type === 'left' && m.session === stage.session, 'that it has left');
  await once(publisher, 'exit');
});

test('the owner lets programs in, and puts them out again', { timeout: 120_000 }, async () => {
  const owner = await join(server, { name: 'Ann' });
  const { room: { room } } = await owner.must('create', { title: 'studio' });
  assert.equal((await owner.ask('media_token', { room, publish: true })).code, 'not_allowed');
  await owner.must('room_set', { room, programs: true });
  const { token } = await owner.must('media_token', { room, publish: true });
  const publisher = aiortc('publish', `${server.url}/whip/${room}/cam`, token);
  await says(publisher, 'publishing');
  await owner.event((m) => m.type === 'entered' && m.participant.program, 'the program');
  await owner.must('room_set', { room, programs: false });
  await owner.event((m) => m.type === 'left', 'that it was put out');
  publisher.kill();
  await once(publisher, 'exit');
});
