// Groups, of the real program: the mode changes as people come and go, offers of real browsers are answered by the SFU of
// a worker, tracks are told, a session that comes again and a server that is restarted start anew.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { join } from '../lib/client.mjs';
import { sleep, startServer } from '../lib/server.mjs';

/** @param {string} name */
const offerOf = (name) => readFile(new URL(`../corpus/sdp/${name}.sdp`, import.meta.url), 'utf8');
const PUBLISH = [{ mid: '0', kind: 'mic' }, { mid: '1', kind: 'camera' }];

/** @typedef {import('../lib/client.mjs').Client} Client */

/** Three people in one room, which is a group then. @param {import('../lib/server.mjs').Server} server */
async function three(server) {
  const ann = await join(server, { name: 'Ann' });
  const { room: { room } } = await ann.must('create', { title: 'Yard' });
  const others = [];
  for (const name of ['Ben', 'Cho']) {
    const c = await join(server, { name });
    others.push({ c, joined: await c.must('join', { room }) });
  }
  return { room, ann, ben: others[0], cho: others[1] };
}

/** Offers, and the answer. @param {Client} c @param {string} room @param {string} conn @param {object[]} lines @param {string} body */
async function offer(c, room, conn, lines, body) {
  const { tracks } = await c.must('group_offer', { room, conn, lines }, body);
  const answer = await c.event((m) => m.type === 'group_answer' && m.conn === conn, 'an answer');
  c.events = c.events.filter((m) => m !== answer);
  return { tracks, answer: answer.body };
}

/** @param {string} mode */
const isMode = (mode) => (/** @type {any} */ m) => m.type === 'group_mode' && m.mode === mode;

test('a third one makes a group of it, and two go back', async () => {
  const server = await startServer({ args: ['--groups', 'auto'] });
  const { room, ann, ben, cho } = await three(server);
  assert.equal(ben.joined.mode, 'direct');
  assert.equal(cho.joined.mode, 'group', 'the newcomer is told in its answer');
  await ann.event(isMode('group'), 'the group');
  await ben.c.event(isMode('group'), 'the group');

  // Chromium publishes with simulcast, Firefox too; each is told of the other's tracks.
  const a = await offer(ann, room, 'a1', PUBLISH, await offerOf('chromium-publish'));
  assert.match(a.answer, /^v=0\r\n/);
  for (const line of ['a=ice-lite', 'a=setup:passive', 'a=fingerprint:sha-256 ', 'a=group:BUNDLE 0 1', 'a=rtcp-mux',
    'a=simulcast:recv h;m;l', ' typ host']) assert.ok(a.answer.includes(line), `${line} in\n${a.answer}`);
  assert.ok(a.answer.includes(` ${server.udpPort} typ host`), 'on the one UDP port');
  assert.deepEqual(a.tracks.map((/** @type {any} */ t) => t.mid), ['0', '1']);
  const b = await offer(ben.c, room, 'b1', PUBLISH, await offerOf('firefox-publish'));
  assert.match(b.answer, /a=ice-lite/);
  const told = await Promise.all(a.tracks.map((/** @type {any} */ t) => cho.c.event((m) => m.type === 'group_track' &&
    m.track.track === t.track && m.on, 'a track')));
  assert.deepEqual(told.map((m) => [m.track.session, m.track.kind, m.track.codec]),
    [[ann.session, 'mic', 'opus'], [ann.session, 'camera', 'vp8']]);

  // Cho looks on, and asks for the pictures by wishes.
  const c = await offer(cho.c, room, 'c1', ['0', '1', '2', '3'].map((mid, i) =>
    ({ mid, track: i < 2 ? a.tracks[i].track : null })), await offerOf('chromium-subscribe'));
  assert.deepEqual(c.tracks, []);
  assert.equal(c.answer.match(/a=sendonly/g)?.length, 4);
  await cho.c.must('group_wish', { room, conn: 'c1', wishes: [
    { mid: '3', track: b.tracks[1].track, width: 640, height: 360, priority: 'speaker' }] });
  await cho.c.must('group_stats', { room });
  let people = [];
  while (people.length < 3) {
    const m = await cho.c.ask('group_stats', { room });
    if (m.code === 'rate') await sleep(m.retry_ms);
    people = m.people ?? people;
  }
  assert.deepEqual(people.map((/** @type {any} */ p) => p.session), [ann.session, ben.c.session, cho.c.session]);

  // Somebody who comes later is told at once; nonsense is refused.
  const dan = await join(server, { name: 'Dan', join: { room, media: false } });
  await dan.must('group_offer', { room, conn: 'd', lines: [] }, 'v=0 and nothing');
  const refused = await dan.event((m) => m.type === 'group_refused' && m.conn === 'd', 'a refusal');
  assert.equal(refused.code, 'bad_offer');
  const no = await dan.ask('group_offer', { room, conn: 'd', lines: PUBLISH }, await offerOf('chromium-publish'));
  assert.equal(no.code, 'no_media');
  await dan.must('leave', { room });

  // Ben closes his connection: its tracks go. Cho leaves: the room goes back, and the other connection has its time.
  await ben.c.must('group_close', { room, conn: 'b1' });
  await ann.event((m) => m.type === 'group_track' && m.track.track === b.tracks[0].track && !m.on, 'the end of a track');
  await cho.c.must('leave', { room });
  await ann.event(isMode('direct'), 'back to direct');
  const late = await ben.c.ask('group_offer', { room, conn: 'b2', lines: PUBLISH }, await offerOf('firefox-publish'));
  assert.equal(late.code, 'not_group');
  assert.equal((await ann.ask('group_wish', { room, conn: 'a1', wishes: [] })).type, 'ack');
  await ann.must('group_close', { room, conn: 'a1' });
  assert.equal((await ann.ask('group_stats', { room })).code, 'not_group', 'there is nothing left of it');

  // And again.
  await cho.c.must('join', { room });
  await offer(ann, room, 'a2', PUBLISH, await offerOf('chromium-publish'));
  assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log());
});

test('a session that comes again, and a server that is restarted, start anew', async () => {
  const server = await startServer({ args: ['--groups', 'auto', '--workers', '2'] });
  const { room, ann, ben, cho } = await three(server);
  const a = await offer(ann, room, 'a1', PUBLISH, await offerOf('chromium-publish'));
  const camera = a.tracks[1].track;
  await ben.c.event((m) => m.type === 'group_track' && m.track.track === camera && m.on, 'a track');

  const again = await join(server, { name: 'Ann', replaces: ann.token, join: { room } });
  await ben.c.event((m) => m.type === 'left' && m.session === ann.session, 'the old session');
  const b = await offer(again, room, 'a1', PUBLISH, await offerOf('chromium-publish'));
  assert.notEqual(b.tracks[1].track, camera, 'another connection has other tracks');
  const other = await ben.c.event((m) => m.type === 'group_track' && m.track.track === b.tracks[1].track, 'a track');
  assert.equal(other.track.session, again.session);

  const { ticket } = await again.must('ticket', { room });
  const tickets = [ticket, (await ben.c.must('ticket', { room })).ticket, (await cho.c.must('ticket', { room })).ticket];
  await server.restart();
  const back = [];
  for (const t of tickets) back.push(await join(server, { join: { room, ticket: t } }));
  await back[0].event(isMode('group'), 'the group');
  const c = await offer(back[0], room, 'a2', PUBLISH, await offerOf('chromium-publish'));
  assert.match(c.answer, /a=ice-lite/);
  await back[1].event((m) => m.type === 'group_track' && m.track.session === back[0].session && m.on, 'a track');
  assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log());
});

test('who owns the room keeps order in it', async () => {
  const server = await startServer({ args: ['--groups', 'auto'] });
  const { room, ann, ben, cho } = await three(server);
  await offer(ben.c, room, 'b1', PUBLISH, await offerOf('chromium-publish'));
  await ann.must('room_mute', { room, session: ben.c.session, kind: 'camera', hard: true });
  const asked = await ben.c.event((m) => m.type === 'mute_request', 'a request to be quiet');
  assert.deepEqual([asked.by, asked.kind, asked.hard], [ann.session, 'camera', true]);
  const seen = await cho.c.event((m) => m.type === 'participant' && m.participant.muted, 'the mute');
  assert.deepEqual(seen.participant.muted, ['camera']);
  await offer(ben.c, room, 'b1', PUBLISH, await offerOf('chromium-publish'));

  await ann.must('room_set', { room, lobby: true, share: 'moderators' });
  const dan = await join(server, { name: 'Dan' });
  assert.equal((await dan.ask('join', { room })).code, 'lobby');
  await dan.must('knock', { room });
  const knock = await ann.event((m) => m.type === 'knocking' && m.on, 'somebody at the door');
  assert.equal(knock.name, 'Dan');
  await ann.must('room_admit', { room, session: knock.session, on: true });
  assert.equal((await dan.event((m) => m.type === 'admitted', 'to be let in')).on, true);
  const joined = await dan.must('join', { room });
  assert.equal(joined.room.share, 'moderators');
  const { tracks } = await offer(dan, room, 'd1', [{ mid: '0', kind: 'mic' }, { mid: '1', kind: 'screen' }],
    await offerOf('chromium-publish'));
  assert.ok(tracks[0].track);
  assert.equal(tracks[1].track, null);
  assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log());
});

test('without groups the server says nothing of them', async () => {
  const server = await startServer({ args: ['--groups', 'never'] });
  const { room, ann, cho } = await three(server);
  assert.equal(cho.joined.mode, undefined);
  const no = await ann.ask('group_offer', { room, conn: 'a', lines: PUBLISH }, await offerOf('chromium-publish'));
  assert.equal(no.code, 'not_group');
  assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.log());
});
