// Keeping order: who waits, who may what and why not, hands in their order; what the page asks the server, and
// how it heeds what is asked of it; waiting outside of a room.
// @ts-nocheck -- fakes
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bus } from '../../web/app/context.js';
import { Order } from '../../web/app/order.js';
import { Rooms } from '../../web/app/rooms.js';
import { fakeClock } from '../../web/core/clock.js';
import { Log } from '../../web/core/log.js';
import { createStore } from '../../web/core/store.js';
import { barredIn, handOf, hands, mediaRoom, moderates, others } from '../../web/domain/order.js';
import { linkWord } from '../../web/domain/link_words.js';
import { INITIAL, reduce } from '../../web/domain/root.js';
import { addresses } from '../../web/views/order/programs.js';

const person = (session, more = {}) => ({ session, name: session.toUpperCase(), mic: true, cam: true, screen: false, media: true,
  away: false, ...more });
const ROOM = { room: 'R', title: 'Yard', public: true, password: false, locked: false, capacity: 100, count: 3, owner: 'me' };
const joined = (room = {}, more = {}) => ({ room: { ...ROOM, ...room }, self: 'me', participants: [person('me'), person('a'), person('b')],
  history: [], ticket: 't', media: true, ...more });
const enter = (room, more) => reduce(INITIAL, { type: 'room/joined', joined: joined(room, more), now: 1 });
const event = (s, e) => reduce(s, { type: 'room/event', room: 'R', event: e, now: 2 });
const person_ = (s, session, more) => event(s, { type: 'participant', room: 'R', participant: person(session, more) });

// ---- state

test('who knocks is listed once, in order, until they are answered; who comes in anew begins with nobody', () => {
  let s = enter();
  for (const [session, name] of [['x', 'Xu'], ['y', 'Ye'], ['x', 'Xu']]) s = event(s, { type: 'knocking', room: 'R', session, name, on: true });
  assert.deepEqual(s.rooms.R.knocks.map((k) => k.session), ['y', 'x']);
  s = event(s, { type: 'knocking', room: 'R', session: 'y', name: 'Ye', on: false });
  assert.deepEqual(s.rooms.R.knocks, [{ session: 'x', name: 'Xu' }]);
  s = reduce(s, { type: 'room/joined', joined: joined(), now: 3 });
  assert.deepEqual(s.rooms.R.knocks, [], 'the server tells of them again');
});

test('what one is asked has a name, and goes when it is seen; a lowered hand asks for nothing', () => {
  let s = enter({ owner: 'a' });
  s = event(s, { type: 'mute_request', room: 'R', by: 'a', kind: 'mic' });
  assert.deepEqual(s.rooms.R.asked, { kind: 'mic', name: 'A', hard: false });
  assert.equal(event(s, { type: 'mute_request', room: 'R', by: 'a', kind: 'hand' }).rooms.R.asked.kind, 'mic');
  s = reduce(s, { type: 'room/heeded', room: 'R' });
  assert.equal(s.rooms.R.asked, null);
});

test('who is muted has nothing on, whatever their page says', () => {
  const s = person_(enter(), 'a', { muted: ['mic', 'screen'], screen: true });
  const { mic, cam, screen, muted } = s.rooms.R.people.a;
  assert.deepEqual([mic, cam, screen, muted], [false, true, false, ['mic', 'screen']]);
  assert.deepEqual(others(s.rooms.R, 'quiet').map((p) => p.session), ['b']);
  assert.deepEqual(others(s.rooms.R, 'muted').map((p) => p.session), ['a']);
});

test('hands have the order in which they were raised', () => {
  let s = person_(enter(), 'b', { hand: 50 });
  s = person_(s, 'me', { hand: 70 });
  s = person_(s, 'a', { hand: 60 });
  assert.deepEqual(hands(s.rooms.R).map((p) => p.session), ['b', 'a', 'me']);
  assert.deepEqual([handOf(s.rooms.R, 'a'), handOf(s.rooms.R, 'me')], [2, 3]);
  assert.equal(handOf(person_(s, 'a', {}).rooms.R, 'a'), 0);
});

test('the owner moderates a room, and in one that stays whoever has a role', () => {
  assert.equal(moderates(enter(), enter().rooms.R), true);
  assert.equal(moderates(enter({ owner: 'a' }), enter({ owner: 'a' }).rooms.R), false);
  const s = enter({ owner: null, stays: true });
  const as = (role) => ({ ...s, account: { ...s.account, user: { user: 'u' } }, convs: { ...s.convs, list: { R: { conv: 'R', role } } } });
  assert.deepEqual(['member', 'moderator', 'owner'].map((role) => moderates(as(role), s.rooms.R)), [false, true, true]);
  assert.equal(moderates(s, s.rooms.R), false, 'a guest');
});

test('why one may not: muted, or only those who moderate may', () => {
  const why = (s) => barredIn(s, s.rooms.R);
  assert.deepEqual(why(enter()), { mic: '', camera: '', screen: '' });
  assert.deepEqual(why(enter({ owner: 'a', share: 'moderators' })), { mic: '', camera: '', screen: 'few' });
  assert.deepEqual(why(enter({ owner: 'a', publish: 'moderators' })), { mic: 'few', camera: 'few', screen: 'few' });
  assert.deepEqual(why(enter({ publish: 'moderators', share: 'moderators' })), { mic: '', camera: '', screen: '' });
  assert.deepEqual(why(person_(enter({ owner: 'a' }), 'me', { muted: ['camera'] })), { mic: '', camera: 'muted', screen: '' });
  assert.equal(mediaRoom({ rooms: enter().rooms, current: null }).id, 'R');
});

test('without a place since only moderators speak, the places are not full; when all may, one is told', () => {
  let s = enter({ owner: 'a', publish: 'moderators' }, { media: false });
  assert.deepEqual([s.rooms.R.media, s.rooms.R.mediaFull, s.rooms.R.mediaFree], [false, false, false]);
  s = event(s, { type: 'room_changed', room: { ...ROOM, owner: 'a' }, by: 'a' });
  assert.equal(s.rooms.R.mediaFree, true);

  // It is taken from those who have one, too, and then it is not that the places are full.
  s = person_(enter({ owner: 'a' }), 'me', { media: false });
  assert.deepEqual([s.rooms.R.media, s.rooms.R.mediaFull], [false, true]);
  s = event(s, { type: 'room_changed', room: { ...ROOM, owner: 'a', publish: 'moderators' }, by: 'a' });
  assert.deepEqual([s.rooms.R.mediaFull, s.rooms.R.mediaFree], [false, false]);
});

test('who sends nothing just now has a good way when the server measured one', () => {
  const told = { up_bps: 0, down_bps: 9e5, loss_up: 0, loss_down: 0, rtt_ms: 20 };
  assert.deepEqual([{ told }, { told: { ...told, loss_down: 0.2 } }, { told: { ...told, rtt_ms: undefined } }, undefined].map(linkWord),
    ['good', 'receives_badly', 'unknown', 'unknown']);
});

test('where programs go', () => {
  assert.deepEqual(addresses('https://yard.example/r/0abc', '무대 1'), { whip: 'https://yard.example/whip/0abc/%EB%AC%B4%EB%8C%80%201',
    whep: 'https://yard.example/whep/0abc', watch: 'https://yard.example/watch/0abc' });
});

// ---- the app

const refused = (code, retryMs) => Object.assign(new Error(code), { code, retryMs });

/** A page; `answers` by type: what comes, or the error that does. */
function page(state, answers = {}) {
  const store = createStore(reduce, state);
  const asked = [];
  const toasts = [];
  const said = [];
  const clock = fakeClock();
  const c = {
    store, clock, state: store.get, dispatch: store.dispatch, bus: new Bus(), log: new Log(),
    env: { lang: 'en', tab: null, channel: () => ({ post() {}, close() {} }) }, toast: (level, code) => toasts.push(code),
    sig: { token: 'T', state: {}, request: async (type, fields) => {
      asked.push([type, fields]);
      const answer = typeof answers[type] === 'function' ? answers[type](fields) : answers[type];
      if (answer instanceof Error) throw answer;
      return answer ?? {};
    } },
  };
  const order = new Order(c, { screen: { stop: () => said.push('screen stopped') }, ringer: { once: (tune) => said.push(tune) } });
  return { c, order, asked, toasts, said, clock };
}
const settle = async () => { for (let i = 0; i < 30; i++) await Promise.resolve(); };
const inRoom = (room, more) => ({ ...enter(room, more), screen: 'room', current: 'R' });

test('a mute is heeded at once, and when it is lifted nothing goes on by itself', () => {
  const { c, order, toasts } = page(inRoom({ owner: 'a' }));
  order.follow();
  c.dispatch({ type: 'room/event', room: 'R', event: { type: 'participant', room: 'R', participant: person('me', { muted: ['mic'] }) }, now: 2 });
  c.dispatch({ type: 'room/event', room: 'R', event: { type: 'mute_request', room: 'R', by: 'a', kind: 'mic', hard: true }, now: 2 });
  order.follow();
  assert.deepEqual([c.state().intent.mic, c.state().intent.cam, c.state().rooms.R.asked.hard], [false, true, true]);
  c.dispatch({ type: 'intent/set', patch: { mic: true } });
  order.follow();
  assert.equal(c.state().intent.mic, false, 'nor by the person');
  order.why('mic');
  c.dispatch({ type: 'room/event', room: 'R', event: { type: 'participant', room: 'R', participant: person('me') }, now: 3 });
  order.follow();
  assert.deepEqual([c.state().intent.mic, c.state().rooms.R.asked, toasts], [false, null, ['barred_muted_mic', 'may_mic']]);
});

test('a request is gone once it is done, and a screen that may not be shared stops', () => {
  const { c, order, said } = page(inRoom({ owner: 'a' }));
  c.dispatch({ type: 'room/event', room: 'R', event: { type: 'mute_request', room: 'R', by: 'a', kind: 'mic' }, now: 2 });
  order.follow();
  assert.equal(c.state().rooms.R.asked.hard, false);
  assert.equal(c.state().intent.mic, true, 'it is only asked for');
  c.dispatch({ type: 'intent/set', patch: { mic: false } });
  order.follow();
  assert.equal(c.state().rooms.R.asked, null);
  c.dispatch({ type: 'media/capture', kind: 'screen', patch: { phase: 'live' } });
  order.follow();
  c.dispatch({ type: 'room/event', room: 'R', event: { type: 'room_changed', room: { ...ROOM, owner: 'a', share: 'moderators' }, by: 'a' }, now: 3 });
  order.follow();
  assert.deepEqual(said, ['screen stopped']);
});

test('everybody is asked one after the other, at the pace of the server; who is gone is passed over', async () => {
  let busy = 1;
  const { order, asked, clock, toasts } = page(inRoom(), { room_mute: ({ session }) => (session === 'a' ? refused('peer_unknown')
    : busy-- > 0 ? refused('rate', 700) : {}) });
  const done = order.muteAll('mute');
  await settle();
  await clock.advance(700);
  await done;
  assert.deepEqual(asked.map(([, q]) => [q.session, q.kind, q.hard, q.on]), [['a', 'mic', true, true], ['b', 'mic', true, true], ['b', 'mic', true, true]]);
  assert.deepEqual(toasts, []);
});

test('all who wait are let in, all hands are lowered, and who knocks is heard', async () => {
  const { c, order, asked, said, toasts } = page(inRoom());
  for (const session of ['x', 'y']) {
    const e = { type: 'knocking', room: 'R', session, name: session, on: true };
    c.dispatch({ type: 'room/event', room: 'R', event: e, now: 2 });
    order.event(e);
  }
  await order.admitAll();
  c.dispatch({ type: 'room/event', room: 'R', event: { type: 'participant', room: 'R', participant: person('b', { hand: 9 }) }, now: 2 });
  await order.lowerAll();
  assert.deepEqual(asked, [['room_admit', { room: 'R', session: 'x', on: true }], ['room_admit', { room: 'R', session: 'y', on: true }],
    ['room_mute', { room: 'R', session: 'b', kind: 'hand' }]]);
  assert.deepEqual(said, ['knock', 'knock']);
  order.event({ type: 'mute_request', room: 'R', by: 'a', kind: 'hand' });
  assert.deepEqual(toasts, ['hand_lowered']);
});

test('a token is made where programs may come in, and what is refused is told', async () => {
  const terms = { publish: true, view: false, ttl_s: 60 };
  const { order, asked } = page(inRoom({ programs: true }), { media_token: { token: 'mdm_1' } });
  assert.deepEqual(await order.token(terms), { token: 'mdm_1' });
  assert.deepEqual(asked, [['media_token', { room: 'R', ...terms }]]);
  assert.deepEqual(await page(inRoom(), { media_token: refused('not_allowed') }).order.token(terms), { error: 'not_allowed' });
});

// ---- outside

/** Somebody in front of a room whose people are let in one by one. */
function outside(answers = {}) {
  let inside = false;
  const p = page({ ...INITIAL, support: { secure: true, webrtc: true, devices: true } },
    { join: () => (inside ? joined({ owner: 'a' }) : refused('lobby')), ...answers });
  p.rooms = new Rooms(p.c);
  p.rooms.tabs.ask = async () => false;
  p.let = () => { inside = true; };
  p.rooms.prepare({ room: 'R' });
  return p;
}

test('whoever is to wait knocks, and is in as soon as they are let in, with the password that they gave', async () => {
  const p = outside();
  await p.rooms.join({ password: 'sesame' });
  await settle();
  assert.deepEqual([p.asked.at(-1), p.c.state().prejoin.waiting, p.c.state().prejoin.busy], [['knock', { room: 'R' }], true, false]);
  p.let();
  p.rooms.admitted({ room: 'R', on: true });
  await settle();
  assert.deepEqual([p.asked.at(-1)[0], p.asked.at(-1)[1].password, p.c.state().screen, p.c.state().current], ['join', 'sesame', 'room', 'R']);
});

test('who is not let in is told, and may go or ask again; who goes away waits no more', async () => {
  const p = outside();
  await p.rooms.join();
  await settle();
  p.rooms.admitted({ room: 'R', on: false });
  assert.deepEqual([p.c.state().prejoin.waiting, p.c.state().prejoin.error], [false, 'not_admitted']);
  await p.rooms.join();
  await settle();
  assert.equal(p.c.state().prejoin.waiting, true);
  p.c.dispatch({ type: 'screen/lobby' });
  assert.deepEqual(p.asked.at(-1), ['knock', { room: 'R', on: false }]);
  p.rooms.admitted({ room: 'R', on: true });
  await settle();
  assert.equal(p.c.state().screen, 'lobby');
});

test('a server that has forgotten who waits is asked anew; an answer before the ack counts', async () => {
  const p = outside();
  await p.rooms.join();
  await settle();
  p.rooms.begun({});
  await settle();
  assert.deepEqual(p.asked.map(([type]) => type), ['join', 'knock', 'join', 'knock']);
  assert.equal(p.c.state().prejoin.waiting, true);

  const quick = outside({ knock: () => {
    quick.let();
    quick.rooms.admitted({ room: 'R', on: true });
    return {};
  } });
  await quick.rooms.join();
  await settle();
  assert.equal(quick.c.state().screen, 'room');
});
