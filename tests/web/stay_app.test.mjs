// What the page asks the server about rooms that stay and about one's own data, and what it keeps of the answers.
// @ts-nocheck -- fakes
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnData } from '../../web/app/own_data.js';
import { Stay } from '../../web/app/stay.js';
import { fakeClock } from '../../web/core/clock.js';
import { createStore } from '../../web/core/store.js';
import { INITIAL, reduce } from '../../web/domain/root.js';

const ME = { user: 'me', name: 'mina', display: 'Mina', role: 'user', avatar: 0, created: 0, settings: {}, recovery_left: 10, passkeys: 0 };
const HELLO = { type: 'self/hello', ack: { session: 'S', name: 'x', tag: 't', user: ME, badges: {} } };
const conv = (id) => ({ conv: id, kind: 'room', title: id, topic: '', picture: 0, public: false, role: 'member', seq: 0, read: 0, unread: 0, state: 'open', members: 2 });
const refused = (code) => Object.assign(new Error(code), { code });

/** A page of somebody who is signed in; `answers` by type: what comes, or the error that does. */
function page(answers, kept = {}) {
  const store = createStore(reduce, reduce(INITIAL, HELLO));
  const asked = [];
  const toasts = [];
  const local = { getItem: (k) => kept[k] ?? null, setItem: (k, v) => { kept[k] = v; }, removeItem: (k) => { delete kept[k]; } };
  const clock = fakeClock();
  const c = {
    store, clock, state: store.get, dispatch: store.dispatch, env: { local, server: 'https://yard.example' }, toast: (level, code) => toasts.push(code),
    sig: { request: async (type, fields) => {
      asked.push([type, fields]);
      const answer = typeof answers[type] === 'function' ? answers[type](fields) : answers[type];
      if (answer instanceof Error) throw answer;
      return answer ?? {};
    } },
  };
  const opened = [];
  const convs = { s: { loaded: true }, open: (id) => opened.push(id), load: () => {}, loadMembers: async () => {},
    ask: (type, fields) => c.sig.request(type, fields).catch((e) => { toasts.push(e.code); }) };
  return { c, stay: new Stay(c, {}, convs), own: new OwnData(c), asked, toasts, opened, clock, kept };
}

test('a locked room asks for its password until it is right, or one gives up', async () => {
  const { c, stay, opened, toasts, asked } = page({ room_join: ({ password }) => (password === 'sesame' ? { conv: conv('R') }
    : refused(password ? 'password_wrong' : 'password_required')) });
  await stay.join({ link: 'abc' });
  assert.deepEqual(c.state().stay.locked, { link: 'abc' });
  await stay.join({ link: 'abc' }, 'barley');
  assert.deepEqual([c.state().stay.locked, c.state().account.asks.room_join.error], [{ link: 'abc' }, 'password_wrong']);
  stay.stayOut();
  assert.equal(c.state().stay.locked, null);
  await stay.join({ conv: 'R' });
  await stay.join({ conv: 'R' }, 'sesame');
  assert.deepEqual([c.state().stay.locked, opened, toasts], [null, ['R'], []]);
  assert.deepEqual(asked.at(-1), ['room_join', { conv: 'R', password: 'sesame' }]);
});

test('a link that is no good any more is said, and asks for nothing', async () => {
  const { c, stay, toasts } = page({ room_join: refused('bad_invite') });
  await stay.join({ link: 'abc' });
  assert.deepEqual([toasts, c.state().stay.locked, c.state().screen], [['bad_invite'], null, 'messages']);
});

test('only what was changed is asked for, the password apart', async () => {
  const { stay, asked } = page({});
  await stay.edit('R', { title: 'New' });
  await stay.edit('R', {}, '');
  await stay.edit('R', { topic: 'x' }, 'secret');
  assert.deepEqual(asked, [['room_edit', { conv: 'R', title: 'New' }], ['room_password', { conv: 'R', password: '' }],
    ['room_edit', { conv: 'R', topic: 'x' }], ['room_password', { conv: 'R', password: 'secret' }]]);
});

test('public rooms are asked for a moment after the last key, and page by page', async () => {
  const { c, stay, asked, clock } = page({ rooms_public: ({ after }) => ({ rooms: [{ conv: after ?? 'A', title: 't', topic: '', picture: 0, members: 1 }], ...(after ? {} : { next: 'n1' }) }) });
  stay.search('t');
  stay.search('to');
  await clock.advance(1000);
  assert.deepEqual(asked, [['rooms_public', { limit: 50, query: 'to' }]]);
  await new Promise(setImmediate);
  assert.equal(c.state().stay.open.next, 'n1');
  stay.search('to', true);
  await clock.advance(0);
  await new Promise(setImmediate);
  assert.deepEqual([asked.at(-1)[1], c.state().stay.open.list.map((r) => r.conv), c.state().stay.open.next], [{ limit: 50, query: 'to', after: 'n1' }, ['A', 'n1'], null]);
});

test('an exported file is remembered for its owner, until it is over or somebody signs out', async () => {
  const file = { file: 'F', size: 10, expires: Date.now() + 60_000 };
  const first = page({ export: file });
  await first.own.exportAll();
  assert.deepEqual(first.c.state().account.exported, file);
  const again = page({}, first.kept);
  again.own.begun();
  assert.equal(again.c.state().account.exported.file, 'F');
  again.c.dispatch({ type: 'account/gone' });
  assert.deepEqual([again.kept, again.c.state().account.exported], [{}, null]);
  for (const other of [{ ...file, user: 'somebody' }, { ...file, user: 'me', expires: 1 }, 'nonsense']) {
    const p = page({}, { 'madang.export': typeof other === 'string' ? other : JSON.stringify(other) });
    p.own.begun();
    assert.equal(p.c.state().account.exported, null);
  }
});
