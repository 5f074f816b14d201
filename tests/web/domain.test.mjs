// The page's reducers: rooms, chat, roster, lobby, files.
// @ts-nocheck -- fakes and fragments of messages
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gaps, next } from '../../web/core/fsm.js';
import { INTENT, readIntent, shownState } from '../../web/domain/call.js';
import { CHAT_CAP, addChat } from '../../web/domain/chat.js';
import { FILE_PHASES, FILE_STEPS, FILE_TABLE } from '../../web/domain/files.js';
import { roomList } from '../../web/domain/lobby.js';
import { INITIAL, reduce } from '../../web/domain/root.js';

const person = (session, name = session, more = {}) => ({
  session, name, mic: true, cam: true, screen: false, media: true, away: false, ...more,
});
const room = (more = {}) => ({
  room: 'R', title: 'Tea', public: true, password: false, locked: false, capacity: 100, count: 2, owner: 'AAAA1111',
  ...more,
});
const joined = (more = {}) => ({
  room: room(), self: 'AAAA1111', participants: [person('AAAA1111', 'Mina'), person('BBBB2222', 'Jun')], history: [],
  ticket: 't1', media: true, ...more,
});
const run = (actions, from = INITIAL) => actions.reduce(reduce, from);
const event = (e, more = {}) => ({ type: 'room/event', room: 'R', now: 1000, event: { room: 'R', ...e }, ...more });
const inRoom = (more) => run([{ type: 'room/joined', now: 1, joined: joined(more) }]);

test('joining gives the roster, oneself first, and whether one owns the room', () => {
  const s = inRoom({ participants: [person('BBBB2222'), person('AAAA1111')] });
  assert.deepEqual(s.rooms.R.order, ['AAAA1111', 'BBBB2222']);
  assert.equal(s.rooms.R.owner, true);
  assert.equal(s.rooms.R.people.AAAA1111.self, true);
  assert.equal(s.rooms.R.ticket, 't1');
});

test('media asked for and not given is said', () => {
  assert.equal(inRoom({ media: false }).rooms.R.mediaFull, true);
  const s = run([{ type: 'room/joined', now: 1, wantedMedia: false, joined: joined({ media: false }) }]);
  assert.equal(s.rooms.R.mediaFull, false);
});

test('people enter and leave with the count, in words', () => {
  let s = run([event({ type: 'entered', participant: person('CCCC3333', 'Sora'), count: 3 })], inRoom());
  assert.equal(s.rooms.R.room.count, 3);
  assert.equal(s.rooms.R.chat.at(-1).code, 'entered');
  assert.equal(s.rooms.R.chat.at(-1).count, 3);
  s = run([event({ type: 'left', session: 'CCCC3333', reason: 'gone', count: 2 })], s);
  assert.deepEqual(s.rooms.R.order, ['AAAA1111', 'BBBB2222']);
  assert.equal(s.rooms.R.chat.at(-1).code, 'gone');
  assert.equal(s.rooms.R.chat.at(-1).name, 'Sora');
});

test('a reloaded page takes the place of its former session quietly', () => {
  const s = run([
    event({ type: 'entered', participant: person('DDDD4444', 'Jun'), count: 2, replaces: 'BBBB2222' }),
    event({ type: 'left', session: 'BBBB2222', reason: 'replaced', count: 2 }),
  ], inRoom());
  assert.deepEqual(s.rooms.R.order, ['AAAA1111', 'DDDD4444']);
  assert.deepEqual(s.rooms.R.chat, []);
  // The owner's page, too: nobody else owns the room now.
  const room = { ...s.rooms.R.room, owner: 'DDDD4444' };
  const owned = run([event({ type: 'room_changed', room }), event({ type: 'entered', participant: person('EEEE5555', 'Jun'),
    count: 2, replaces: 'DDDD4444' }), event({ type: 'room_changed', room: { ...room, owner: 'EEEE5555' } })], s);
  assert.deepEqual(owned.rooms.R.chat.map((i) => i.code), ['owner']);
});

test('two people of one name are told apart, and only while there are two', () => {
  let s = run([event({ type: 'entered', participant: person('CCCC3333', 'JUN'), count: 3 })], inRoom());
  assert.equal(s.rooms.R.people.BBBB2222.suffix, '2222');
  assert.equal(s.rooms.R.people.CCCC3333.suffix, '3333');
  assert.equal(s.rooms.R.people.AAAA1111.suffix, '');
  s = run([event({ type: 'participant', participant: person('CCCC3333', 'Sora') })], s);
  assert.equal(s.rooms.R.people.BBBB2222.suffix, '');
  assert.equal(s.rooms.R.chat.at(-1).code, 'renamed');
});

test('somebody connected directly stays as a ghost until found again', () => {
  const again = { room: room({ owner: 'AAAA9999' }), self: 'AAAA9999', participants: [person('AAAA9999', 'Mina')] };
  let s = run([{ type: 'room/joined', now: 5, joined: joined(again), ghosts: ['BBBB2222', 'AAAA1111'] }], inRoom());
  assert.deepEqual(s.rooms.R.order, ['AAAA9999', 'BBBB2222']);
  assert.equal(s.rooms.R.people.BBBB2222.ghost, true);
  assert.equal(s.rooms.R.people.BBBB2222.away, true);
  s = run([
    { type: 'peer/set', session: 'BBBB2222', patch: { phase: 'connected' } },
    event({ type: 'entered', participant: person('BBBB9999', 'Jun'), count: 2 }),
    { type: 'peer/moved', from: 'BBBB2222', to: 'BBBB9999' },
    { type: 'room/unghost', room: 'R', session: 'BBBB2222' },
  ], s);
  assert.deepEqual(s.rooms.R.order, ['AAAA9999', 'BBBB9999']);
  assert.equal(s.peers.BBBB9999.phase, 'connected');
  assert.equal(s.peers.BBBB2222, undefined);
});

test('own words appear once, whether ack or event comes first', () => {
  const mine = { type: 'chat', from: 'AAAA1111', name: 'Mina', text: 'hi', seq: 1, time: 50 };
  const item = {
    id: 'o1', kind: 'chat', time: 40, from: 'AAAA1111', name: 'Mina', text: 'hi', own: true, status: 'sending',
  };
  const sending = { type: 'chat/sending', room: 'R', item };
  const ack = { type: 'chat/done', room: 'R', id: 'o1', ack: { seq: 1, time: 50 } };
  for (const order of [[sending, ack, event(mine)], [sending, event(mine), ack]]) {
    const { chat } = run(order, inRoom()).rooms.R;
    assert.equal(chat.length, 1);
    assert.equal(chat[0].status, 'sent');
    assert.equal(chat[0].seq, 1);
  }
});

test('messages are in the order of their numbers, waiting ones below', () => {
  const c = (seq, text = `m${seq}`) => ({
    id: `c${seq}`, kind: 'chat', seq, time: seq, from: 'B', name: 'B', text, own: false,
  });
  const wait = { ...c(0), id: 'o1', seq: undefined, own: true, status: 'sending', time: 2 };
  let items = [c(1), wait];
  items = addChat(items, c(3));
  items = addChat(items, c(2));
  items = addChat(items, c(2));
  assert.deepEqual(items.map((i) => i.id), ['c1', 'c2', 'c3', 'o1']);
});

test('history after a rejoin adds only what is new, and the chat is capped', () => {
  const h = (seq) => ({ room: 'R', from: 'BBBB2222', name: 'Jun', text: `m${seq}`, seq, time: seq });
  let s = inRoom({ history: [h(1), h(2)] });
  s = run([{ type: 'room/joined', now: 9, joined: joined({ history: [h(1), h(2), h(3)] }) }], s);
  assert.deepEqual(s.rooms.R.chat.filter((i) => i.kind === 'chat').map((i) => i.seq), [1, 2, 3]);
  for (let i = 4; i < CHAT_CAP + 50; i++) s = reduce(s, event({ type: 'chat', ...h(i) }));
  assert.equal(s.rooms.R.chat.length, CHAT_CAP);
  assert.equal(s.rooms.R.unread, CHAT_CAP + 46);
  assert.equal(run([{ type: 'chat/seen', room: 'R' }], s).rooms.R.unread, 0);
});

test('lines have ids of their own', () => {
  const s = run([
    event({ type: 'whisper', from: 'BBBB2222', name: 'Jun', text: 'psst', time: 3 }),
    event({ type: 'notice', code: 'hello' }), event({ type: 'notice', code: 'hello' }),
    event({ type: 'chat', from: 'BBBB2222', name: 'Jun', text: 'x', seq: 1, time: 3 }),
  ], inRoom());
  const ids = s.rooms.R.chat.map((i) => i.id);
  assert.equal(new Set(ids).size, ids.length);
});

test('typing is forgotten after six seconds, and when the words come', () => {
  const typing = event({ type: 'typing', from: 'BBBB2222', on: true });
  let s = run([typing], inRoom());
  assert.equal(s.rooms.R.typing.BBBB2222, 7000);
  assert.equal(run([{ type: 'typing/forget', now: 6999 }], s), s);
  assert.deepEqual(run([{ type: 'typing/forget', now: 7000 }], s).rooms.R.typing, {});
  s = run([event({ type: 'chat', from: 'BBBB2222', name: 'Jun', text: 'x', seq: 1, time: 3 })], s);
  assert.deepEqual(s.rooms.R.typing, {});
});

test('changes of the room are told', () => {
  const s = run([event({ type: 'room_changed', room: room({ title: 'Cake', locked: true, owner: 'BBBB2222' }) })],
    inRoom());
  assert.deepEqual(s.rooms.R.chat.map((i) => i.code), ['room_renamed', 'room_locked', 'owner']);
  assert.equal(s.rooms.R.owner, false);
});

test('a merged room takes its words along and the view follows', () => {
  let s = run([{ type: 'screen/room', room: 'R' },
    event({ type: 'chat', from: 'BBBB2222', name: 'Jun', text: 'before', seq: 1, time: 3 })], inRoom());
  s = run([{ type: 'room/merged', from: 'R', now: 5, joined: joined({ room: room({ room: 'Q', title: 'Big' }) }) }], s);
  assert.equal(s.current, 'Q');
  assert.equal(s.rooms.R, undefined);
  assert.deepEqual(s.rooms.Q.chat.map((i) => i.code ?? i.text), ['before', 'merged']);
});

test('the live list', () => {
  let s = run([{ type: 'lobby/change', changed: [room()], gone: [], total: 1, people: 1 }]);
  assert.equal(s.lobby.loaded, false);
  s = run([{ type: 'lobby/list', rooms: [room(), room({ room: 'Q', count: 9 })], total: 3, people: 12 },
    { type: 'lobby/change', changed: [room({ count: 5 })], gone: [], total: 3, people: 14 }], s);
  assert.deepEqual(roomList(s.lobby).map((r) => [r.room, r.count]), [['Q', 9], ['R', 5]]);
  s = run([{ type: 'lobby/change', changed: [], gone: ['Q'], total: 2, people: 5 }], s);
  assert.deepEqual(Object.keys(s.lobby.rooms), ['R']);
});

test('a file can only take the steps of its table', () => {
  assert.deepEqual(gaps(FILE_TABLE, FILE_PHASES, FILE_STEPS), []);
  assert.equal(next(FILE_TABLE, 'offered', 'accept'), 'connecting');
  const file = { id: 'f', phase: 'offered', moved: 0 };
  let s = run([{ type: 'file/new', file }, { type: 'file/step', id: 'f', step: 'decline' },
    { type: 'file/step', id: 'f', step: 'open' }]);
  assert.equal(s.files.f.phase, 'declined');
  s = run([{ type: 'file/step', id: 'nobody', step: 'open' }], s);
  assert.equal(Object.keys(s.files).length, 1);
});

test('what was stored as intent is taken only as far as it makes sense', () => {
  assert.deepEqual(readIntent(null), INTENT);
  const r = readIntent({ mic: false, cam: 'yes', facing: 'sideways', micId: 'x', evil: 1 });
  assert.deepEqual(r, { ...INTENT, mic: false, micId: 'x' });
});

test('others see the intent as far as a device serves it', () => {
  const live = { ...INITIAL.media.mic, phase: 'live' };
  const media = { ...INITIAL.media, mic: live, camera: live };
  assert.deepEqual(shownState(INTENT, media), { mic: true, cam: true, screen: false });
  assert.deepEqual(shownState({ ...INTENT, cam: false }, media), { mic: true, cam: false, screen: false });
  assert.deepEqual(shownState(INTENT, INITIAL.media), { mic: false, cam: false, screen: false });
});

test('an action that changes nothing gives the same state', () => {
  const s = inRoom();
  assert.equal(reduce(s, { type: 'nothing' }), s);
  assert.equal(reduce(s, { type: 'chat/seen', room: 'R' }), s);
});
