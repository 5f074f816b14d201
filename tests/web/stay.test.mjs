// Rooms that stay: the state of what is found and of links, and what the page offers to whom.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STAY, kindOf, retentions, stayReducer } from '../../web/domain/stay.js';
import { deedsFor } from '../../web/views/people/conv-room-members.js';

/** @param {any} s @param {...any} actions */
const after = (s, ...actions) => actions.reduce(stayReducer, s);
const room = (/** @type {string} */ conv) => ({ conv, title: conv, topic: '', picture: 0, members: 1 });

test('only the answer to the last question counts', () => {
  const asked = after(STAY, { type: 'stay/asking', query: 'a', seq: 1 }, { type: 'stay/asking', query: 'ab', seq: 2 });
  const late = after(asked, { type: 'stay/found', rooms: [room('old')], seq: 1 });
  assert.equal(late.open.loaded, false);
  const found = after(late, { type: 'stay/found', rooms: [room('x')], next: 'n', seq: 2 });
  assert.deepEqual([found.open.list.map((/** @type {any} */ r) => r.conv), found.open.next, found.open.busy], [['x'], 'n', false]);
});

test('more comes after what is there, each room once; a failure keeps it', () => {
  const first = after(STAY, { type: 'stay/asking', query: '', seq: 1 }, { type: 'stay/found', rooms: [room('a'), room('b')], next: 'n', seq: 1 });
  const more = after(first, { type: 'stay/asking', query: '', seq: 2 }, { type: 'stay/found', rooms: [room('b'), room('c')], more: true, seq: 2 });
  assert.deepEqual(more.open.list.map((/** @type {any} */ r) => r.conv), ['a', 'b', 'c']);
  assert.equal(more.open.next, null);
  const failed = after(more, { type: 'stay/asking', query: '', seq: 3 }, { type: 'stay/failed', error: 'store_busy', seq: 3 });
  assert.deepEqual([failed.open.error, failed.open.list.length], ['store_busy', 3]);
  assert.equal(after(failed, { type: 'account/gone' }), STAY);
});

test('a room may keep messages shorter than the server, and what it has now', () => {
  const DAY = 86_400;
  assert.deepEqual(retentions(0, 0), [DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY, 0]);
  assert.deepEqual(retentions(30 * DAY, 0), [DAY, 7 * DAY, 0]);
  assert.deepEqual(retentions(30 * DAY, 3600), [3600, DAY, 7 * DAY, 0]);
  assert.deepEqual(retentions(7 * DAY, 90 * DAY), [DAY, 90 * DAY, 0]);
});

test('who gets in', () => {
  assert.deepEqual([{ public: true }, { public: false, unlisted: true }, { public: false }].map(kindOf), ['public', 'unlisted', 'private']);
});

test('each rank acts on those below it, and on nobody else', () => {
  const roles = /** @type {const} */ (['owner', 'moderator', 'member']);
  const offered = roles.map((role) => roles.map((of) => deedsFor(/** @type {any} */ ({ role }), /** @type {any} */ ({ user: of, role: of }), 'me').join(' ')));
  assert.deepEqual(offered, [
    ['', 'member owner removed banned', 'moderator owner removed banned'],
    ['', '', 'removed banned'],
    ['', '', ''],
  ]);
  const to = (/** @type {object} */ more, role = 'moderator') => deedsFor(/** @type {any} */ ({ role }), /** @type {any} */ ({ user: 'x', role: 'member', ...more }), 'me');
  assert.deepEqual(to({ banned: true }), ['none']);
  assert.deepEqual(to({ invited: true }, 'owner'), ['uninvite', 'banned']);
  assert.deepEqual(to({ user: 'me' }), []);
});
