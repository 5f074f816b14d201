// Messages that stay: the state of conversations, sending them once and only once, the little markup.
// @ts-nocheck -- fakes and fragments of messages
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Convs } from '../../web/app/convs.js';
import { Unsent } from '../../web/app/unsent.js';
import { Uploads } from '../../web/app/uploads.js';
import { fakeClock } from '../../web/core/clock.js';
import { createStore } from '../../web/core/store.js';
import { markOf, mayEdit, shownConvs, threadLines, together } from '../../web/domain/convs.js';
import { INITIAL, reduce } from '../../web/domain/root.js';
import { markdown, plain } from '../../web/views/people/markdown.js';

const ME = { user: 'me', name: 'mina', display: 'Mina', role: 'user', avatar: 0, created: 0, settings: {}, recovery_left: 10, passkeys: 0 };
const HELLO = { type: 'self/hello', ack: { session: 'S', name: 'x', tag: 't', user: ME, badges: {} } };
const jun = { user: 'jun', name: 'jun', display: 'Jun', avatar: 0 };
const conv = (id, more = {}) => ({ conv: id, kind: 'direct', with: jun, title: '', topic: '', picture: 0, public: false, role: 'member', seq: 0, read: 0, unread: 0, state: 'open', members: 2, ...more });
const said = (seq, from = 'jun', more = {}) => ({ conv: 'C', seq, from, time: 1000 * seq, text: `t${seq}`, ...more });
const run = (actions, from = INITIAL) => actions.reduce(reduce, from).convs;
const page = (where, seqs, more = {}) => ({ type: 'convs/page', conv: 'C', where, messages: seqs.map((n) => said(n)), first: false, last: true, ...more });
const heard = (m) => ({ type: 'convs/message', message: m, me: 'me' });
const seqs = (s) => s.threads.C.messages.map((m) => m.seq);
const put = { type: 'convs/put', conv: conv('C') };

test('conversations: newest first, requests apart, who is ignored not at all', () => {
  const list = [conv('A', { last: said(1) }), conv('B', { last: said(9) }), conv('D', { last: said(5), state: 'request' }), conv('E', { state: 'ignored' })];
  const { requests, open } = shownConvs(run([{ type: 'convs/list', convs: list }]));
  assert.deepEqual([requests.map((c) => c.conv), open.map((c) => c.conv)], [['D'], ['B', 'A']]);
});

test('a list that comes late takes nothing away: neither what is open and empty, nor what was heard since', () => {
  const s = run([put, { type: 'convs/put', conv: conv('N') }, { type: 'convs/choose', conv: 'N' }, heard(said(3)), { type: 'convs/list', convs: [conv('C', { seq: 2 })] }]);
  assert.deepEqual([Object.keys(s.list).sort(), s.list.C.seq], [['C', 'N'], 3]);
});

test('what is heard counts as unread once, one\'s own as read', () => {
  const s = run([put, heard(said(1)), heard(said(1)), heard(said(2))]);
  assert.deepEqual([s.list.C.unread, s.list.C.last.seq], [2, 2]);
  const own = run([put, heard(said(1)), heard(said(2, 'me'))]);
  assert.deepEqual([own.list.C.unread, own.list.C.read], [0, 2]);
  const read = run([put, heard(said(1)), heard(said(2)), { type: 'convs/read', conv: 'C', user: 'me', seq: 2, me: 'me' },
    { type: 'convs/read', conv: 'C', user: 'me', seq: 1, me: 'me' }]);
  assert.deepEqual([read.list.C.unread, read.list.C.read], [0, 2]);
});

test('a read mark never goes back, also when a conversation comes that was made before it', () => {
  const s = run([{ type: 'convs/put', conv: conv('C', { seq: 2, unread: 2 }) }, { type: 'convs/read', conv: 'C', user: 'me', seq: 2, me: 'me' },
    { type: 'convs/put', conv: conv('C', { seq: 2, unread: 2 }) }]);
  assert.deepEqual([s.list.C.read, s.list.C.unread], [2, 0]);
  assert.equal(run([{ type: 'convs/put', conv: conv('C', { seq: 2, unread: 2 }) }, { type: 'convs/choose', conv: 'C' }]).threads.C.mark, 0);
});

test('a thread never has a gap: what does not follow is left to be loaded', () => {
  const s = run([put, page('newest', [5, 6, 7])]);
  assert.deepEqual(seqs(s), [5, 6, 7]);
  assert.deepEqual(seqs(run([put, page('newest', [5, 6]), heard(said(7))])), [5, 6, 7]);
  const gap = run([put, page('newest', [5, 6]), heard(said(8))]);
  assert.deepEqual([seqs(gap), gap.threads.C.last], [[5, 6], false]);
  assert.deepEqual(seqs(run([put, page('newest', [5, 6]), heard(said(8)), page('after', [7, 8])])), [5, 6, 7, 8]);
  assert.deepEqual(seqs(run([put, page('newest', [5, 6]), page('before', [3, 4], { first: true })])), [3, 4, 5, 6]);
  assert.deepEqual(seqs(run([put, page('newest', [50]), page('around', [3, 4], { last: false })])), [3, 4], 'elsewhere');
  assert.deepEqual(seqs(run([put, page('newest', [5, 6]), page('newest', [6, 7])])), [5, 6, 7], 'a new session goes on');
  assert.deepEqual(seqs(run([put, page('newest', [5, 6]), page('newest', [9])])), [9], 'and begins anew behind a gap');
});

test('changed: in the thread, in the list, in what was found', () => {
  const s = run([put, page('newest', [1]), heard(said(2)), { type: 'convs/searching', text: 't2', seq: 1 },
    { type: 'convs/found', found: [{ message: said(2), conv: 'C' }], seq: 1 }, { type: 'convs/changed', message: said(2, 'jun', { text: 'other', edited: 5 }) }]);
  assert.deepEqual([s.threads.C.messages[1].text, s.list.C.last.text, s.search.found[0].message.text], ['other', 'other', 'other']);
  const gone = reduce({ ...INITIAL, convs: s }, { type: 'convs/changed', message: said(2, 'jun', { deleted: true, text: '' }) }).convs;
  assert.deepEqual([gone.threads.C.messages[1].deleted, gone.search.found.length], [true, 0]);
  const late = run([{ type: 'convs/searching', text: 'new', seq: 2 }, { type: 'convs/found', found: [{ message: said(1), conv: 'C' }], seq: 1 }]);
  assert.equal(late.search.found.length, 0, 'an answer to what was asked before is dropped');
});

test('sent, delivered, read; how long one may edit', () => {
  const c = conv('C', { others_read: 2, delivered: 3 });
  assert.deepEqual([1, 2, 3, 4].map((n) => markOf(c, n)), ['read', 'read', 'delivered', 'sent']);
  assert.equal(mayEdit(said(1, 'me'), 'me', 1000 + 899_999), true);
  assert.equal(mayEdit(said(1, 'me'), 'me', 1000 + 900_000), false);
  assert.equal(mayEdit(said(1, 'jun'), 'me', 1000), false);
});

test('lines: days, blocks of one person, the mark before the first unread', () => {
  const all = [said(1), said(2), said(3, 'me'), said(4), { ...said(5), time: 1000 + 48 * 3_600_000 }];
  const kinds = threadLines(all, 2, 'me').map((l) => (l.kind === 'said' ? `${l.message.seq}${l.head ? '+' : ''}` : l.kind));
  assert.deepEqual(kinds, ['day', '1+', '2', '3+', 'unread', '4+', 'day', '5+']);
  assert.ok(!threadLines(all, null, 'me').some((l) => l.kind === 'unread'));
  assert.deepEqual(together([said(2), said(1)], [said(2, 'me')]).map((m) => m.from), ['jun', 'me']);
});

/** The app part on a signaling that the test answers for. */
function desk() {
  const clock = fakeClock();
  const store = createStore(reduce, INITIAL);
  const asked = [];
  const told = [];
  const sig = {
    token: 'x', notify: (type, fields) => told.push({ type, ...fields }),
    request: (type, fields) => new Promise((resolve, no) => {
      asked.push({ type, fields, resolve, reject: (code) => no(Object.assign(new Error(code), { code })) });
    }),
  };
  const toasts = [];
  const c = { state: store.get, dispatch: store.dispatch, clock, sig, env: { server: 'https://h' }, toast: (_, code) => toasts.push(code) };
  store.dispatch(HELLO);
  store.dispatch({ type: 'convs/list', convs: [conv('C')] });
  store.dispatch(page('newest', []));
  const soon = () => new Promise((r) => { setImmediate(r); });
  const convs = new Convs(c, new Uploads(c, {}), new Unsent(c));
  return { convs, store, asked, told, toasts, clock, soon, of: (type) => asked.filter((a) => a.type === type) };
}

test('sent once: a lost session, then again with the same id; the event and the answer are one message', async () => {
  const d = desk();
  d.store.dispatch({ type: 'convs/choose', conv: 'C' });
  d.convs.send('C', 'hello');
  const [first] = d.of('send');
  assert.equal(d.store.get().convs.threads.C.pending[0].status, 'sending');
  first.reject('session_lost');
  await d.soon();
  assert.equal(d.store.get().convs.threads.C.pending.length, 1, 'it waits');
  d.convs.begun(true);
  const again = d.of('send')[1];
  assert.equal(again.fields.client, first.fields.client);
  d.convs.event({ type: 'message', message: said(1, 'me', { text: 'hello', client: first.fields.client }) });
  assert.equal(d.store.get().convs.threads.C.pending.length, 0);
  again.resolve({ seq: 1, time: 5 });
  await d.soon();
  const t = d.store.get().convs.threads.C;
  assert.deepEqual([t.messages.length, t.pending.length], [1, 0]);
});

test('sent: what is refused says why and may be sent again; what is refused for now is sent by itself', async () => {
  const d = desk();
  d.convs.send('C', 'a');
  d.of('send')[0].reject('not_allowed');
  await d.soon();
  const [out] = d.store.get().convs.threads.C.pending;
  assert.deepEqual([out.status, out.error], ['failed', 'not_allowed']);
  d.convs.resend('C', out.client);
  d.of('send')[1].reject('store_busy');
  await d.soon();
  await d.clock.advance(2000);
  assert.equal(d.of('send').length, 3);
  d.of('send')[2].resolve({ seq: 1, time: 9 });
  await d.soon();
  assert.deepEqual([d.store.get().convs.threads.C.messages[0].text, d.store.get().convs.threads.C.pending.length], ['a', 0]);
});

test('what was written first is said first, whatever is refused for now', async () => {
  const d = desk();
  for (const text of ['a', 'b', 'c']) d.convs.send('C', text);
  assert.deepEqual(d.of('send').map((a) => a.fields.text), ['a']);
  d.of('send')[0].reject('rate');
  await d.clock.advance(2000);
  assert.deepEqual(d.of('send').map((a) => a.fields.text), ['a', 'a']);
  for (const [i, text] of [[1, 'a'], [2, 'b'], [3, 'c']]) {
    assert.equal(d.of('send')[i].fields.text, text);
    d.of('send')[i].resolve({ seq: i, time: 1000 * i });
    await d.soon();
  }
  assert.deepEqual(seqs(d.store.get().convs), [1, 2, 3]);
});

test('a list of members that is open follows the roles of others', () => {
  const d = desk();
  d.convs.event({ type: 'member', conv: 'C', user: 'jun', role: 'moderator' }); // never opened: nothing to do
  assert.equal(d.store.get().convs.members.C, undefined);
  d.store.dispatch({ type: 'convs/members', conv: 'C', members: [{ user: 'me', role: 'member' }, { user: 'jun', role: 'member' }] });
  d.convs.event({ type: 'member', conv: 'C', user: 'jun', role: 'moderator' });
  assert.deepEqual(d.store.get().convs.members.C.map((/** @type {any} */ m) => m.role), ['member', 'moderator']);
  assert.equal(d.of('members').length, 0);
});

test('somebody new in a room is looked up when they write', async () => {
  const d = desk();
  d.store.dispatch({ type: 'convs/members', conv: 'C', members: [{ user: 'me' }] });
  d.convs.event({ type: 'message', message: said(1, 'me') });
  assert.equal(d.of('members').length, 0);
  d.convs.event({ type: 'message', message: said(2, 'jun') });
  d.of('members')[0].resolve({ members: [{ user: 'me' }, { user: 'jun' }] });
  await d.soon();
  assert.equal(d.store.get().convs.members.C.length, 2);
});

test('an invitation into a room is looked at without asking for what is inside, until it is accepted', async () => {
  const d = desk();
  const invited = conv('R', { kind: 'room', state: 'request', with: undefined });
  d.store.dispatch({ type: 'convs/list', convs: [invited] });
  d.convs.open('R');
  d.convs.begun(true);
  await d.soon();
  assert.deepEqual([d.of('history'), d.of('members')], [[], []]);
  const done = d.convs.answer('R', 'accept');
  d.of('conv_answer')[0].resolve({});
  await d.soon();
  d.of('conv_get')[0].resolve({ conv: { ...invited, state: 'open' } });
  await done;
  assert.deepEqual([d.of('history').length, d.of('members').length], [1, 1]);
});

test('read marks are told once, and not to strangers', () => {
  const d = desk();
  d.convs.event({ type: 'message', message: said(1) });
  d.convs.read('C', 1);
  d.convs.read('C', 1);
  assert.equal(d.of('read').length, 1);
  d.store.dispatch({ type: 'convs/put', conv: conv('R', { state: 'request', unread: 1, seq: 1 }) });
  d.convs.read('R', 1);
  assert.equal(d.of('read').length, 1);
});

test('a draft is kept a moment after the last key, and is gone with what was sent', async () => {
  const d = desk();
  d.convs.draft('C', 'h');
  d.convs.draft('C', 'he');
  assert.equal(d.of('draft').length, 0);
  await d.clock.advance(1000);
  assert.deepEqual(d.of('draft').map((a) => a.fields.text), ['he']);
  d.convs.send('C', 'hello');
  assert.deepEqual(d.of('draft').map((a) => a.fields.text), ['he', '']);
  assert.equal(d.store.get().convs.list.C.draft, '');
});

test('signed out: no conversation stays', () => {
  const d = desk();
  d.store.dispatch({ type: 'account/gone' });
  assert.deepEqual([d.store.get().convs.list, d.store.get().convs.threads], [{}, {}]);
});

test('markup: bold, italic, code, links, mentions; everything else is text', () => {
  const kinds = (text, m) => markdown(text, m).filter((p) => p.kind !== 'text').map((p) => `${p.kind}:${p.text}`);
  assert.deepEqual(kinds('**굵게** *기울임* _italic_ `a*b*` https://a.kr/x_y_z'), ['bold:굵게', 'italic:기울임', 'italic:italic', 'code:a*b*', 'link:https://a.kr/x_y_z']);
  assert.deepEqual(kinds('```\n**a**\nb\n```'), ['block:**a**\nb']);
  assert.deepEqual(kinds('2*3*4 snake_case_name ** a ** * a * javascript:alert(1) <b>x</b>'), []);
  assert.deepEqual(kinds('@mina hi a@mina.kr', true), ['mention:@mina']);
  assert.deepEqual(kinds('@mina hi'), []);
  assert.equal(plain('**a**\n `b`'), 'a b');
  for (const text of ['<img src=x onerror=alert(1)>', '**a', '`', '```', '*'.repeat(4000), '_a'.repeat(2000), '`'.repeat(4000), '@'.repeat(4000)]) {
    assert.equal(markdown(text, true).length > 0, true, text);
  }
});
