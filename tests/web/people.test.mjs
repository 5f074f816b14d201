// Accounts, the directory, the history and ringing, as state; HTTP calls and what is asked for by buttons.
// @ts-nocheck -- fakes and fragments of messages
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from '../../web/app/ask.js';
import { ConfirmSelf } from '../../web/app/confirm.js';
import { Calls } from '../../web/app/calls.js';
import { People } from '../../web/app/people.js';
import { fromBase64url, toBase64url, whyNot } from '../../web/app/passkeys.js';
import { fakeClock } from '../../web/core/clock.js';
import { createStore } from '../../web/core/store.js';
import { Account } from '../../web/app/account.js';
import { ACCOUNT, mayRegister } from '../../web/domain/account.js';
import { grouped, kindOf, lasted } from '../../web/domain/calls.js';
import { PEOPLE, foundFor, peopleReducer, shownPeople, watched } from '../../web/domain/people.js';
import { askedInto, callOfRoom, calling, inPhase, isHeld, outgoing, phaseOf } from '../../web/domain/ring.js';
import { INITIAL, reduce } from '../../web/domain/root.js';
import { Ringer, TUNES } from '../../web/media/ringer.js';
import { callTitle } from '../../web/views/names.js';
import { translator } from '../../web/i18n/index.js';
import { Api } from '../../web/net/api.js';
import { ago } from '../../web/views/people/avatar.js';
import { callsLine } from '../../web/views/people/ring-alert.js';
import { byDay } from '../../web/views/people/history.js';
import { cutOf, dragged } from '../../web/views/people/picture.js';

const run = (actions, from = INITIAL) => actions.reduce(reduce, from);
const ME = { user: 'me', name: 'mina', display: 'Mina', role: 'user', avatar: 0, created: 0, settings: { last_seen: true }, recovery_left: 10, passkeys: 0 };
const somebody = (user, more = {}) => ({ user, name: user, display: user, avatar: 0, presence: 'online', favourite: false, blocked: false, ...more });
const call = (more = {}) => ({ call: 'c1', state: 'ringing', caller: somebody('jun'), callee: somebody('me'), video: true, started: 1000, ...more });
const put = (c, more = {}) => ({ type: 'ring/call', call: c, me: 'me', session: 'S', now: 9000, ...more });
const hello = (user) => ({ type: 'self/hello', ack: { session: 'S', name: 'x', tag: 't', user, badges: { missed: 2 } } });

test('who one is follows the session, and goes with all that belongs to it', () => {
  const s = run([hello(ME), { type: 'account/lists', lists: { sessions: [] } }, { type: 'account/codes', codes: ['a'] }]);
  assert.equal(s.account.user.name, 'mina');
  assert.equal(s.account.badges.missed, 2);
  const out = run([hello(undefined)], s);
  assert.equal(out.account.user, null);
  assert.equal(out.account.sessions, null);
  assert.equal(out.account.codes, null);
  const other = run([{ type: 'account/me', user: { ...ME, user: 'other' } }], s);
  assert.equal(other.account.sessions, null, 'what another person had in lists is not shown');
});

test('signed out: people, calls and ringing are forgotten, a room stays', () => {
  const s = run([hello(ME), { type: 'people/put', people: [somebody('jun')] }, put(call()), { type: 'screen/home', tab: 'calls' }]);
  const out = run([{ type: 'account/gone' }], s);
  assert.deepEqual([out.screen, Object.keys(out.people.known), Object.keys(out.ring.calls)], ['lobby', [], []]);
});

test('who may make an account', () => {
  const policy = (registration) => ({ ...ACCOUNT, policy: { registration } });
  const invited = (a, kind) => ({ ...a, invitation: { code: 'x', kind, by: '', name: '' } });
  assert.equal(mayRegister(ACCOUNT), false);
  assert.equal(mayRegister(policy('open')), true);
  assert.equal(mayRegister(policy('invite')), false);
  assert.equal(mayRegister(invited(policy('invite'), 'user')), true);
  assert.equal(mayRegister(invited(policy('closed'), 'user')), false);
  assert.equal(mayRegister(invited(policy('closed'), 'admin')), true);
});

test('a form says that it is under way, and why it was refused', async () => {
  const store = createStore(reduce, INITIAL);
  const c = { state: store.get, dispatch: store.dispatch };
  let free;
  const first = ask(c, 'sign_in', () => new Promise((resolve) => { free = resolve; }));
  assert.equal(store.get().account.asks.sign_in.busy, true);
  assert.equal(await ask(c, 'sign_in', async () => assert.fail('one at a time')), undefined);
  free({ user: ME });
  assert.equal((await first).user, ME);
  assert.equal(store.get().account.asks.sign_in.done, 1);
  await ask(c, 'sign_in', async () => { throw Object.assign(new Error(), { code: 'weak_password', reason: 'short' }); });
  const { error, reason, done } = store.get().account.asks.sign_in;
  assert.deepEqual([error, reason, done], ['weak_password', 'short', 1]);
});

test('an HTTP call carries JSON, and is refused by code', async () => {
  const asked = [];
  const answers = [[200, { user: null }], [403, { code: 'weak_password', reason: 'date', field: 'password', retry_ms: 500 }]];
  const api = new Api({ server: 'https://h', fetch: async (url, o) => {
    asked.push([url, o.method, o.headers['Content-Type'], o.body]);
    const [status, body] = answers.shift() ?? assert.fail('asked too often');
    return new Response(JSON.stringify(body), { status });
  } });
  assert.deepEqual(await api.post('me'), { user: null });
  assert.deepEqual(asked, [['https://h/api/me', 'POST', 'application/json', '{}']]);
  await assert.rejects(api.post('register', { name: 'x' }), { code: 'weak_password', reason: 'date', field: 'password', retryMs: 500 });
  const dead = new Api({ server: 'https://h', fetch: async () => { throw new TypeError('no network'); } });
  await assert.rejects(dead.post('me'), { code: 'lost' });
  const html = new Api({ server: 'https://h', fetch: async () => new Response('<html>', { status: 502 }) });
  await assert.rejects(html.post('me'), { code: 'lost' });
});

test('the directory: answers to older questions are dropped, pages follow each other', () => {
  const asked = (seq, more = {}) => ({ type: 'people/asked', query: '', only: '', more: false, seq, ...more });
  const list = (seq, ids, more = {}) => ({ type: 'people/list', people: ids.map((u) => somebody(u)), more: false, seq, ...more });
  let s = run([asked(1), asked(2, { query: 'ㄱ' }), list(1, ['old'])]);
  assert.deepEqual(s.people.list.ids, []);
  s = run([list(2, ['a', 'b'], { next: 'n' }), asked(3, { query: 'ㄱ', more: true }), list(3, ['b', 'c'], { more: true })], s);
  assert.deepEqual(s.people.list.ids, ['a', 'b', 'c']);
  assert.equal(s.people.list.next, null);
  s = run([{ type: 'people/refused', seq: 3, error: 'rate' }], s);
  assert.deepEqual([s.people.list.error, s.people.list.ids.length], ['rate', 3]);
});

test('presence comes for those who are known; last seen goes when somebody is back', () => {
  const s = run([{ type: 'people/put', people: [somebody('a', { presence: 'offline', last_seen: 5 })] },
    { type: 'people/presence', changed: [{ user: 'a', presence: 'online' }, { user: 'stranger', presence: 'online' }] }]);
  assert.deepEqual(Object.keys(s.people.known), ['a']);
  assert.equal(s.people.known.a.presence, 'online');
  assert.equal('last_seen' in s.people.known.a, false);
});

test('right after its start the server does not say who is away: what was known stays', () => {
  const late = somebody('a', { display: 'New' });
  delete late.presence;
  const s = run([{ type: 'people/put', people: [somebody('a', { presence: 'offline', last_seen: 5 }), somebody('b')] },
    { type: 'people/put', people: [late, { ...late, user: 'b' }, { ...late, user: 'c' }] }]);
  const { a, b, c } = s.people.known;
  assert.deepEqual([a.display, a.presence, a.last_seen], ['New', 'offline', 5]);
  assert.deepEqual([b.presence, 'last_seen' in b], ['online', false]);
  assert.equal(c.presence, 'offline');
});

test('how one wants to be seen comes with oneself', () => {
  const s = run([hello({ ...ME, mode: 'invisible' })]);
  assert.equal(s.account.mode, 'invisible');
  assert.equal(run([{ type: 'account/me', user: { ...ME, mode: 'dnd' } }], s).account.mode, 'dnd');
  assert.equal(run([{ type: 'account/me', user: ME }], s).account.mode, 'invisible');
});

test('favourites stand first, only in the whole list; whom one watches has a limit', () => {
  const people = { ...PEOPLE, known: { a: somebody('a'), b: somebody('b', { favourite: true }) }, list: { ...PEOPLE.list, ids: ['a', 'b'] } };
  assert.deepEqual(shownPeople(people).first.map((p) => p.user), ['b']);
  assert.deepEqual(shownPeople({ ...people, list: { ...people.list, query: 'x' } }).first, []);
  // Rows stay until the answer to another search is there.
  const asked = peopleReducer(people, { type: 'people/asked', query: 'x', only: '', more: false, seq: 99 });
  assert.deepEqual([asked.list.ids, asked.list.loaded, asked.list.busy], [people.list.ids, people.list.loaded, true]);
  // Whom to choose from: those for this text, once they are there.
  const typed = (/** @type {string} */ query, busy = false) => ({ ...people, list: { ...people.list, query, busy } });
  assert.equal(foundFor(typed('mi'), ' mi ').length, people.list.ids.length);
  assert.deepEqual(foundFor(typed('m'), 'mi'), []);
  assert.deepEqual(foundFor(typed('mi', true), 'mi'), []);
  const many = { ...people, chosen: 'zz', list: { ...people.list, ids: Array.from({ length: 500 }, (_, i) => `u${i}`) } };
  assert.equal(watched(many).length, 200);
  assert.equal(watched(many)[0], 'zz');
});

test('what a call is on this device', () => {
  const mine = { caller: somebody('me'), callee: somebody('jun'), caller_device: 'S' };
  assert.equal(phaseOf(call(), 'me', 'S'), 'incoming');
  assert.equal(phaseOf(call(mine), 'me', 'S'), 'outgoing');
  assert.equal(phaseOf(call({ ...mine, caller_device: 'X' }), 'me', 'S'), 'elsewhere');
  assert.equal(phaseOf(call({ state: 'accepted', callee_device: 'S', caller_device: 'S' }), 'me', 'S'), 'here');
  assert.equal(phaseOf(call({ state: 'accepted', callee_device: 'X', caller_device: 'X' }), 'me', 'S'), 'elsewhere');
  for (const state of ['declined', 'cancelled', 'busy', 'expired', 'ended']) assert.equal(phaseOf(call({ state }), 'me', 'S'), 'over');
});

test('answered on another device: it stops ringing here, and is said', () => {
  const s = run([put(call()), put(call({ state: 'accepted', callee_device: 'X', caller_device: 'X' }))]);
  assert.equal(s.ring.answeredElsewhere, 'c1');
  assert.equal(inPhase(s.ring, 'incoming').length, 0);
  assert.equal(run([{ type: 'ring/elsewhere_seen' }], s).ring.answeredElsewhere, null);
});

test('after a call: how long it was, to those who were in it; a missed one is told by the badge alone', () => {
  const talked = run([put(call()), put(call({ state: 'accepted', callee_device: 'S', caller_device: 'S', answered: 2000, room: 'R' })),
    put(call({ state: 'ended', answered: 2000, ended: 62_000 }))]);
  assert.deepEqual([talked.ring.after.outcome, talked.ring.after.lasted, talked.ring.after.with.user], ['ended', 60_000, 'jun']);
  const missed = run([put(call()), put(call({ state: 'expired' }))]);
  assert.equal(missed.ring.after, null);
  const mine = { caller: somebody('me'), callee: somebody('jun'), caller_device: 'S' };
  const declined = run([put(call(mine)), put(call({ ...mine, state: 'declined', text: 'later' }))]);
  assert.deepEqual([declined.ring.after.outcome, declined.ring.after.text, declined.ring.after.lasted], ['declined', 'later', null]);
  const gaveUp = run([put(call(mine)), put(call({ ...mine, state: 'cancelled' }))]);
  assert.equal(gaveUp.ring.after, null);
  const again = run([{ type: 'ring/dial', with: somebody('jun'), video: true }], talked);
  assert.equal(again.ring.after, null, 'calling again puts it away');
});

test('a call that is over before it was known leaves nothing', () => {
  const s = run([put(call({ state: 'cancelled' }))]);
  assert.deepEqual([s.ring.calls, s.ring.after], [{}, null]);
});

test('hold, and which room belongs to which call', () => {
  const here = call({ state: 'accepted', callee_device: 'S', room: 'R', answered: 1 });
  let s = run([put(here)]);
  assert.equal(callOfRoom(s.ring, 'R').call, 'c1');
  assert.equal(callOfRoom(s.ring, 'other'), null);
  assert.equal(isHeld(s.ring, 'R'), false);
  s = run([put({ ...here, held: ['jun'] })], s);
  assert.deepEqual([isHeld(s.ring, 'R'), s.ring.calls.c1.heldHere], [true, false]);
  s = run([put({ ...here, held: ['me'] })], s);
  assert.equal(s.ring.calls.c1.heldHere, true);
});

test('history: words, groups, days', () => {
  const rec = (id, more = {}) => ({ call: id, with: somebody('jun'), way: 'in', outcome: 'missed', started: 1000, duration_ms: 0, video: false, seen: false, ...more });
  assert.equal(kindOf(rec('a')), 'missed');
  assert.equal(kindOf(rec('a', { way: 'out' })), 'no_answer');
  assert.equal(kindOf(rec('a', { outcome: 'cancelled' })), 'missed');
  assert.equal(kindOf(rec('a', { outcome: 'answered' })), 'received');
  assert.equal(kindOf(rec('a', { way: 'out', outcome: 'answered' })), 'made');
  const noon = new Date(2026, 10, 21, 12).getTime();
  const list = [rec('a', { started: noon }), rec('b', { started: noon - 1 }), rec('c', { started: noon - 2, way: 'out' }), rec('d', { started: noon - 86_400_000 })];
  assert.deepEqual(grouped(list).map((g) => g.calls.length), [2, 1, 1]);
  assert.deepEqual(byDay(list).map((d) => d.lines.length), [2, 1]);
  assert.deepEqual([lasted(7000), lasted(723_000), lasted(3_725_000), lasted(-5)], ['0:07', '12:03', '1:02:05', '0:00']);
  const more = run([{ type: 'calls/list', calls: list.slice(0, 2) }, { type: 'calls/list', calls: list.slice(1), more: true }]);
  assert.deepEqual(more.calls.list.map((c) => c.call), ['a', 'b', 'c', 'd']);
});

test('last seen in words', () => {
  const now = Date.UTC(2026, 10, 21);
  assert.equal(ago(now - 10_000, 'en', now), 'this minute');
  assert.equal(ago(now - 2 * 3_600_000, 'en', now), '2 hours ago');
  assert.equal(ago(now - 86_400_000, 'ko', now), '어제');
});

/** A server that wants to be sure, and says so until `confirm` was asked with the password. */
function wary() {
  const store = createStore(reduce, run([hello(ME)]));
  const asked = [];
  let sure = false;
  const request = async (type, { password } = {}) => {
    asked.push(type);
    if (type === 'confirm' && password !== 'right') throw Object.assign(new Error('no'), { code: 'sign_in_wrong' });
    if (type === 'confirm') sure = true;
    else if (!sure) throw Object.assign(new Error('no'), { code: 'confirm_required' });
    return {};
  };
  const c = { state: store.get, dispatch: store.dispatch, sig: { request } };
  return { c, asked, store, confirm: new ConfirmSelf(c, { confirm: async () => { sure = true; return {}; } }) };
}

test('what wants to be sure who is there goes on once that was said, and is over when it was not', async () => {
  const { c, asked, store, confirm } = wary();
  const done = [ask(c, 'token', () => c.sig.request('token_make')), ask(c, 'passkey_add', () => c.sig.request('passkey_begin'))];
  await new Promise(setImmediate);
  assert.equal(store.get().account.confirming, true);
  await confirm.byPassword('wrong');
  assert.equal(store.get().account.asks.confirm.error, 'sign_in_wrong');
  assert.equal(store.get().account.confirming, true);
  await confirm.byPassword('right');
  assert.deepEqual(await Promise.all(done), [{}, {}]);
  assert.deepEqual([store.get().account.confirming, store.get().account.asks.token.error], [false, null]);
  assert.deepEqual(asked, ['token_make', 'passkey_begin', 'confirm', 'confirm', 'token_make', 'passkey_begin']);

  const no = wary();
  const refused = ask(no.c, 'token', () => no.c.sig.request('token_make'));
  await new Promise(setImmediate);
  no.confirm.cancel();
  assert.equal(await refused, undefined);
  assert.equal(no.store.get().account.asks.token.error, 'confirm_required');

  const key = wary();
  const made = ask(key.c, 'token', () => key.c.sig.request('token_make'));
  await new Promise(setImmediate);
  await key.confirm.byPasskey();
  assert.deepEqual(await made, {});
});

test('where passkeys are possible', () => {
  const at = (more = {}) => whyNot({ secure: true, hostname: 'talk.example.kr', supported: true, allowed: true, ...more });
  assert.equal(at(), null);
  assert.equal(at({ hostname: 'localhost' }), null);
  assert.equal(at({ hostname: '192.168.0.7' }), 'no_host');
  assert.equal(at({ hostname: '[2001:db8::1]' }), 'no_host');
  assert.equal(at({ secure: false }), 'insecure');
  assert.equal(at({ supported: false }), 'unsupported');
  assert.equal(at({ allowed: false }), 'off');
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(fromBase64url(toBase64url(bytes)), bytes);
  assert.doesNotMatch(toBase64url(bytes), /[+/=]/);
});

test('a picture is cut inside itself, wherever it is dragged', () => {
  assert.deepEqual(cutOf(400, 200, { x: 0.5, y: 0.5, zoom: 1 }), { left: 100, top: 0, side: 200 });
  for (const zoom of [1, 1.7, 4]) {
    for (const [x, y] of [[0, 0], [1, 1], [0.5, 2]]) {
      const { left, top, side } = cutOf(400, 200, { x, y, zoom });
      assert.ok(left >= 0 && top >= 0 && left + side <= 400 && top + side <= 200);
    }
  }
  const crop = dragged({ x: 0.5, y: 0.5, zoom: 1 }, 5, 5, 400, 200);
  assert.deepEqual([crop.x, crop.y], [0.25, 0.5]);
});

// ---- ringing, by a scripted server

/** @param {Record<string, any>} answers  type -> answer, or a function of the fields */
function house(answers = {}) {
  const store = createStore(reduce, { ...INITIAL, self: { ...INITIAL.self, session: 'S' }, account: { ...ACCOUNT, user: ME } });
  const clock = fakeClock();
  const sent = [];
  const played = [];
  const c = {
    state: store.get, dispatch: store.dispatch, clock, env: { server: 'https://h' }, toast: (level, code) => played.push(`toast ${code}`),
    log: { info() {}, warn() {} },
    sig: { token: 't', notify: (type, f) => sent.push([type, f]), request: async (type, fields) => {
      sent.push([type, fields]);
      const a = answers[type];
      const answer = typeof a === 'function' ? a(fields) : a;
      if (answer?.code) throw Object.assign(new Error(), answer);
      return answer ?? {};
    } },
  };
  const rooms = {
    inside: [], enterCall: async (room) => {
      rooms.inside.push(room);
      c.dispatch({ type: 'room/joined', now: 1, joined: { room: { room, title: '' }, self: 'S', participants: [], history: [], media: true } });
      c.dispatch({ type: 'screen/room', room });
    }, leave: (room) => {
      rooms.inside.splice(rooms.inside.indexOf(room), 1);
      c.dispatch({ type: 'room/gone', room });
    }, show: (room) => c.dispatch({ type: 'screen/room', room }),
  };
  const ringer = { listen() {}, play: (tune) => { if (played.at(-1) !== String(tune)) played.push(String(tune)); } };
  const calls = new Calls(c, rooms, ringer);
  store.subscribe(() => queueMicrotask(() => calls.follow()));
  const settle = async () => { for (let i = 0; i < 30; i++) await Promise.resolve(); };
  return { c, calls, rooms, sent, played, settle, types: () => sent.map(([t]) => t) };
}

test('press call, it rings, it is answered: into the room, and out of it when it is over', async () => {
  const mine = { caller: ME, callee: somebody('jun'), caller_device: 'S' };
  const h = house({ call: { call: call(mine) } });
  await h.calls.start(somebody('jun'), true);
  assert.equal(h.c.state().ring.dialling, null);
  assert.equal(calling(h.c.state().ring), true);
  await h.settle();
  assert.equal(h.played.at(-1), 'outgoing');
  h.calls.event({ call: call({ ...mine, state: 'accepted', callee_device: 'S', room: 'R', answered: 5 }) });
  await h.settle();
  assert.deepEqual(h.rooms.inside, ['R']);
  assert.equal(h.played.at(-1), 'null');
  h.calls.event({ call: call({ ...mine, state: 'ended', answered: 5, ended: 1005 }) });
  await h.settle();
  assert.deepEqual(h.rooms.inside, []);
  assert.equal(h.c.state().ring.after.lasted, 1000);
});

test('while it rings only relays are used, but between favourites who wish it; with the answer every way is', async () => {
  const mine = { caller: ME, callee: somebody('jun'), caller_device: 'S', room: 'R' };
  for (const [theirs, early, relays] of [[{}, false, true], [mine, false, true], [{}, true, false], [mine, true, false]]) {
    const h = house({});
    const rings = call({ room: 'R', ...theirs, ...(early ? { early } : {}) });
    h.calls.event({ call: rings });
    await h.settle();
    assert.equal(h.calls.relaysFirst('R'), relays);
    assert.equal(h.calls.relaysFirst('other'), false);
    assert.equal(h.calls.answered('R'), false);
    h.calls.again();
    assert.equal(h.calls.answered('R'), false, 'a call that is forgotten was not answered');
    h.calls.event({ call: rings });
    h.calls.event({ call: call({ ...rings, state: 'accepted', caller_device: 'S', callee_device: 'S', answered: 5 }) });
    assert.equal(h.calls.relaysFirst('R'), false);
    assert.equal(h.calls.answered('R'), true);
  }
});

test('given up before the server has answered: the call is cancelled as soon as it is known', async () => {
  const h = house({ call: { call: call({ caller: ME, callee: somebody('jun'), caller_device: 'S' }) } });
  const started = h.calls.start(somebody('jun'), false);
  h.calls.cancel();
  await started;
  assert.deepEqual(h.types(), ['call', 'call_cancel']);
  assert.equal(calling(h.c.state().ring), false);
});

test('a call that cannot be placed says why until it is put away', async () => {
  const h = house({ call: { code: 'user_unknown' } });
  await h.calls.start(somebody('jun'), false);
  assert.equal(h.c.state().ring.dialling.error, 'user_unknown');
  h.calls.cancel();
  assert.equal(h.c.state().ring.dialling, null);
});

test('accept by voice leaves the camera off, for this call only', async () => {
  const h = house({ call_answer: { call: call({ state: 'accepted', callee_device: 'S', room: 'R' }) } });
  h.calls.event({ call: call() });
  await h.calls.accept('c1', false);
  await h.settle();
  assert.deepEqual(h.sent[0], ['call_answer', { call: 'c1', video: false }]);
  assert.equal(h.c.state().intent.cam, false);
  assert.deepEqual(h.rooms.inside, ['R']);
});

test('accepted too late: it stops ringing, and is said', async () => {
  const h = house({ call_answer: { code: 'call_over' } });
  h.calls.event({ call: call() });
  await h.calls.accept('c1', true);
  assert.deepEqual(Object.keys(h.c.state().ring.calls), []);
  assert.ok(h.played.includes('toast call_over'));
});

test('hold and accept: the first call rests, its place of the mesh is given back, and it is taken up again', async () => {
  const h = house({
    call_answer: { call: call({ call: 'c2', state: 'accepted', callee_device: 'S', caller_device: 'S', answered: 9, room: 'R2' }) } });
  h.calls.event({ call: call({ state: 'accepted', callee_device: 'S', room: 'R', answered: 5 }) });
  await h.settle();
  h.calls.event({ call: call({ call: 'c2', caller: somebody('sky') }), waiting: true });
  await h.settle();
  assert.equal(h.played.at(-1), 'waiting');
  await h.calls.accept('c2', true, 'hold');
  await h.settle();
  assert.deepEqual(h.sent[0], ['call_answer', { call: 'c2', video: true, other: 'hold' }]);
  assert.equal(h.c.state().rooms.R.media, false);
  assert.deepEqual(h.rooms.inside, ['R', 'R2']);
  h.calls.event({ call: call({ state: 'accepted', callee_device: 'S', room: 'R', answered: 5, held: ['me'] }) });
  h.calls.end('c2');
  await h.settle();
  assert.deepEqual(h.rooms.inside, ['R']);
  assert.ok(h.sent.some(([t, f]) => t === 'call_hold' && f.call === 'c1' && !f.on));
  h.calls.ownMedia('R', true);
  assert.equal(h.c.state().rooms.R.media, true);
});

test('taken to another device: this one leaves the room quietly', async () => {
  const h = house();
  h.calls.event({ call: call({ state: 'accepted', callee_device: 'S', room: 'R', answered: 5 }) });
  await h.settle();
  h.calls.event({ call: call({ state: 'accepted', callee_device: 'X', caller_device: 'X', room: 'R', answered: 5 }) });
  await h.settle();
  assert.deepEqual(h.rooms.inside, []);
  assert.equal(h.c.state().ring.after, null);
  assert.equal(inPhase(h.c.state().ring, 'elsewhere').length, 1);
});

test('the server was started again in the middle of a call: it goes on, what rang is forgotten', async () => {
  const here = { state: 'accepted', callee_device: 'S', room: 'R', answered: 5 };
  const h = house({ call_back: ({ call: id }) => (id === 'c1' ? { call: call({ ...here, callee_device: 'S2' }) } : { code: 'call_over' }) });
  h.calls.event({ call: call(here) });
  h.calls.event({ call: call({ call: 'c2', caller: somebody('sky') }), waiting: true });
  await h.settle();
  h.c.dispatch({ type: 'self/hello', ack: { session: 'S2', name: 'me', limits: {} } });
  h.calls.again();
  await h.settle();
  assert.deepEqual(h.sent, [['call_back', { call: 'c1' }]]);
  assert.deepEqual(Object.keys(h.c.state().ring.calls), ['c1']);
  assert.deepEqual(h.rooms.inside, ['R']);
  h.calls.event({ call: call({ ...here, call: 'c3', callee_device: 'S2', room: 'R3' }) });
  await h.settle();
  h.calls.again();
  await h.settle();
  assert.deepEqual(h.rooms.inside, ['R']); // one of them was over meanwhile
});

test('after a restart the other one was back first: what the server tells before its answer puts nobody out', async () => {
  const here = { state: 'accepted', callee_device: 'S', room: 'R', answered: 5 };
  /** @type {(answer: any) => void} */
  let answered = () => {};
  const h = house({ call_back: () => new Promise((resolve) => { answered = resolve; }) });
  h.calls.event({ call: call(here) });
  await h.settle();
  h.calls.again();
  h.calls.event({ call: call({ ...here, callee_device: undefined, lost: ['me'] }) });
  await h.settle();
  assert.deepEqual(h.rooms.inside, ['R']);
  assert.equal(h.c.state().ring.calls.c1.phase, 'here');
  answered({ call: call(here) });
  await h.settle();
  assert.deepEqual(h.rooms.inside, ['R']);
  h.calls.event({ call: call({ ...here, callee_device: 'S3' }) }); // from now on it is taken elsewhere
  await h.settle();
  assert.deepEqual(h.rooms.inside, []);
});

test('typing asks once, and who is away for five minutes is told to be', async () => {
  const h = house({ people: { people: [somebody('jun')] }, people_watch: { people: [{ user: 'jun', presence: 'away' }] } });
  const people = new People(h.c);
  people.begun();
  people.show(true);
  await h.c.clock.advance(1000);
  assert.equal(h.c.state().people.known.jun.presence, 'away');
  people.search('j', '');
  people.search('ju', '');
  people.search('jun', '');
  await h.c.clock.advance(1000);
  assert.deepEqual(h.sent.filter(([t]) => t === 'people').map(([, f]) => f.query), [undefined, 'jun']);
  await h.c.clock.advance(5 * 60_000);
  assert.deepEqual(h.sent.at(-1), ['idle', { on: true }]);
  people.stir();
  assert.deepEqual(h.sent.at(-1), ['idle', { on: false }]);
});

test('who registers while somebody looks at the whole list comes into it; a search stays as it is', async () => {
  const names = ['jun'];
  const h = house({ people: () => ({ people: names.map((n) => somebody(n)) }), people_watch: { people: [] } });
  const people = new People(h.c);
  people.begun();
  people.show(true);
  await h.c.clock.advance(1000);
  const shown = () => h.c.state().people.list.ids;
  names.push('mina');
  assert.deepEqual(shown(), ['jun']);
  await h.c.clock.advance(30_000);
  assert.deepEqual(shown(), ['jun', 'mina']);
  names.push('sora', 'yuna');
  await h.c.clock.advance(10_000);
  people.heard('mina');
  people.heard('sora');
  people.heard('yuna');
  await h.settle();
  assert.deepEqual(shown(), names, 'who is heard of comes at once, and asks only once');
  people.search('jun', '');
  await h.c.clock.advance(60_000);
  assert.equal(h.sent.filter(([type]) => type === 'people').length, 4, 'a search is not asked again');
  people.show(false);
  people.search('', '');
  await h.c.clock.advance(60_000);
  assert.equal(h.sent.filter(([type]) => type === 'people').length, 5, 'nor is a list that nobody sees');
});

test('a fresh first page keeps what was read below it, and gives way to a newer question', () => {
  const list = (people, next, seq = 1) => ({ type: 'people/list', seq, more: false, people: people.map((n) => somebody(n)), next });
  const fresh = (people, next, seq = 1) => ({ type: 'people/fresh', seq, people: people.map((n) => somebody(n)), next });
  const asked = { type: 'people/asked', query: '', only: '', more: false, seq: 1 };
  const long = run([asked, list(['a', 'b', 'c', 'd'], 'x')]).people;
  assert.deepEqual(run([asked, list(['a', 'b', 'c', 'd'], 'x'), fresh(['a', 'aa'], 'y')]).people.list.ids, ['a', 'aa', 'b', 'c', 'd']);
  assert.equal(run([asked, list(['a', 'b', 'c', 'd'], 'x'), fresh(['a', 'aa'], 'y')]).people.list.next, 'x');
  assert.deepEqual(run([asked, list(['a', 'b'], null), fresh(['b'], null)]).people.list.ids, ['b']);
  assert.deepEqual(run([asked, list(['a', 'b', 'c', 'd'], 'x'), fresh(['z'], null, 0)]).people.list.ids, long.list.ids);
});

test('a favourite that the server refuses is taken back', async () => {
  const h = house({ favourite: { code: 'user_unknown' } });
  const people = new People(h.c);
  h.c.dispatch({ type: 'people/put', people: [somebody('jun')] });
  const done = people.mark('favourite', 'jun', true);
  assert.equal(h.c.state().people.known.jun.favourite, true);
  await done;
  assert.equal(h.c.state().people.known.jun.favourite, false);
});

test('ringing sounds only after a click, again and again until it stops', async () => {
  const clock = fakeClock();
  const started = [];
  const node = () => ({ connect: (to) => to, frequency: {},
    gain: { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} },
    start: (at) => started.push(at), stop() {} });
  const makeContext = () => ({ state: 'running', currentTime: 0, createOscillator: node, createGain: node });
  const shaken = [];
  const ringer = new Ringer({ clock, makeContext, vibrate: (p) => shaken.push(p) });
  const told = [];
  ringer.listen((ready) => told.push(ready));
  ringer.play('incoming');
  await clock.advance(7000);
  assert.deepEqual([started.length, told, shaken], [0, [false], []]);
  ringer.unlock();
  assert.deepEqual(told, [false, true]);
  assert.equal(started.length, TUNES.incoming.notes.length);
  await clock.advance(TUNES.incoming.every * 1000);
  assert.equal(started.length, 2 * TUNES.incoming.notes.length);
  ringer.play(null);
  assert.equal(shaken.at(-1), 0);
  const silent = started.length;
  await clock.advance(10_000);
  assert.equal(started.length, silent);
});

test('what a call changed of camera and microphone is given back after it, unless one pressed it oneself', async () => {
  const h = house({ call_answer: () => ({ call: call({ state: 'accepted', callee_device: 'S', room: 'R', answered: 5 }) }) });
  const over = () => h.calls.event({ call: call({ state: 'ended', answered: 5, ended: 9 }) });
  h.calls.event({ call: call() });
  await h.calls.accept('c1', false);
  await h.settle();
  assert.equal(h.c.state().intent.cam, false);
  over();
  await h.settle();
  assert.equal(h.c.state().intent.cam, true);
  h.c.dispatch({ type: 'intent/set', patch: { cam: false } });
  h.calls.event({ call: call() });
  await h.calls.accept('c1', true);
  await h.settle();
  h.c.dispatch({ type: 'intent/set', patch: { cam: false, mic: false } });
  over();
  await h.settle();
  assert.deepEqual([h.c.state().intent.cam, h.c.state().intent.mic], [false, false]);
});

test('a call that became a room of several: who has called goes, and one stays', async () => {
  const h = house();
  const mine = { state: 'accepted', callee_device: 'S', room: 'R', answered: 5 };
  h.calls.event({ call: call(mine) });
  await h.settle();
  h.calls.event({ call: call({ ...mine, group: true }) });
  h.calls.event({ call: call({ ...mine, group: true, state: 'ended', room: undefined, ended: 9 }) });
  await h.settle();
  assert.deepEqual(h.rooms.inside, ['R']);
  assert.equal(h.c.state().ring.after, null);
});

test('a line that tells of a call has the user name, which nobody else can have, always in sight', () => {
  const line = (lang, display, video = false) => callsLine({ caller: { name: 'eve', display }, video }, translator(lang));
  assert.equal(line('en', 'Mina', true), 'Mina (@eve) calls you with video');
  assert.equal(line('ko', '김미나'), '김미나 (@eve)님의 전화');
  assert.equal(line('en', 'eve'), 'eve calls you');
  assert.equal(line('en', `Mina (@mina)${' '.repeat(50)}{name}`), `Mina (@mina)${' '.repeat(20)}… (@eve) calls you`);
});

test('who is asked into a call rings beside it; who is called alone has the screen', () => {
  const here = put(call({ state: 'accepted', room: 'R', caller: somebody('me'), callee: somebody('jun'), caller_device: 'S' }));
  const third = put(call({ call: 'c2', room: 'R', caller: somebody('me'), callee: somebody('sora'), started: 2000, caller_device: 'S' }));
  const both = run([here, third]).ring;
  assert.deepEqual(askedInto(both, 'R').map((r) => r.callee.name), ['sora']);
  assert.equal(outgoing(both), undefined);
  assert.deepEqual(askedInto(both, null), []);
  const left = run([third]).ring;
  assert.deepEqual([askedInto(left, 'R'), outgoing(left).call], [[], 'c2']);
});

test('who was asked into a call and does not come is told beside it, without a sheet over the call', async () => {
  const mine = { caller: ME, callee: somebody('jun'), caller_device: 'S', room: 'R' };
  const third = { ...mine, call: 'c2', callee: somebody('sora') };
  for (const [state, said] of [['declined', 'asked_declined'], ['expired', 'asked_no_answer'], ['busy', 'asked_busy'], ['cancelled', null]]) {
    const h = house();
    h.calls.event({ call: call({ ...mine, state: 'accepted', callee_device: 'T', answered: 5 }) });
    h.calls.event({ call: call(third) });
    h.calls.event({ call: call({ ...third, state, room: undefined }) });
    await h.settle();
    assert.equal(h.c.state().ring.after, null);
    assert.deepEqual(h.rooms.inside, ['R']);
    assert.deepEqual(h.played.filter((p) => p.startsWith('toast')), said ? [`toast ${said}`] : []);
  }
});

test('a call has the names of the others, or how many they are', () => {
  const people = ['me', 'Mina', 'Jun', 'Sora'].map((name, i) => ({ name, self: i === 0 }));
  const title = (n) => callTitle(people.slice(0, n), 'Mina', translator('en'));
  assert.deepEqual([1, 2, 3, 4].map(title), ['Mina', 'Mina', 'Mina, Jun', '4 people']);
});

test('an answer from before one signed in does not sign one out', async () => {
  const store = createStore(reduce, run([]));
  /** @type {(answer: any) => void} */
  let answer = () => {};
  const api = { post: () => new Promise((resolve) => { answer = resolve; }) };
  const env = { channel: () => ({ postMessage() {} }), local: null };
  const sig = { renew() {} };
  const account = new Account({ state: store.get, dispatch: store.dispatch, env, sig, log: { warn() {} } }, api);
  const asked = account.begin();
  account.signedIn(ME);
  answer({ policy: { registration: 'open' } });
  await asked;
  assert.equal(store.get().account.user.name, 'mina');
  assert.equal(store.get().account.policy.registration, 'open');
  const again = account.begin();
  answer({ policy: { registration: 'open' } });
  await again;
  assert.equal(store.get().account.user, null, 'but what was asked since counts');
});
