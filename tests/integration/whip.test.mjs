// Programs and players over HTTP, where it is about who may and what the server says: tokens of the room's owner and of
// `madang token`. What programs send and see is in whip-foreign.test.mjs.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { join } from '../lib/client.mjs';
import { AIORTC, Foreign } from '../lib/foreign.mjs';
import { startServer } from '../lib/server.mjs';

/** @type {import('../lib/server.mjs').Server} */
let server;

before(async () => {
  server = await startServer({ args: ['--groups', 'auto'] });
});
after(() => server.stop());

test('the owner lets programs in, and puts them out again', { timeout: 120_000 }, async () => {
  const owner = await join(server, { name: 'Ann' });
  const { room: { room } } = await owner.must('create', { title: 'studio' });
  assert.equal((await owner.ask('media_token', { room, publish: true })).code, 'not_allowed');
  await owner.must('room_set', { room, programs: true });
  const { token } = await owner.must('media_token', { room, publish: true });
  const publisher = new Foreign(AIORTC, 'publish', `${server.url}/whip/${room}/cam`, token);
  await publisher.says(/publishing/);
  await owner.event((m) => m.type === 'entered' && m.participant.program, 'the program');
  await owner.must('room_set', { room, programs: false });
  await owner.event((m) => m.type === 'left', 'that it was put out');
  await publisher.kill();
});
