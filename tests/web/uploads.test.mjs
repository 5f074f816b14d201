// Files of messages: what is taken and how it is called, pieces over lines that break, what waits over a reload,
// names behind an @.
// @ts-nocheck -- fakes of servers and storage
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Convs } from '../../web/app/convs.js';
import { Unsent } from '../../web/app/unsent.js';
import { Uploads } from '../../web/app/uploads.js';
import { fakeClock } from '../../web/core/clock.js';
import { createStore } from '../../web/core/store.js';
import { initialsOf } from '../../web/domain/hangul.js';
import { mentionAt, mentioned, withMention } from '../../web/domain/mentions.js';
import { INITIAL, reduce } from '../../web/domain/root.js';
import { fileName, isPicture, movedOf, sift } from '../../web/domain/uploads.js';
import { within } from '../../web/media/picture_file.js';
import { sendBlob } from '../../web/net/resumable.js';
import { SignalError } from '../../web/net/protocol.js';
import { room } from '../../web/views/people/files.js';
import { WHOLE, held, zoomed } from '../../web/views/people/zoom.js';

test('names of files lose what deceives, and what no system takes; endings stay', () => {
  assert.equal(fileName('휴가 사진.jpg'.normalize('NFD')), '휴가 사진.jpg');
  assert.equal(fileName('photo\u202egpj.exe'), 'photogpj.exe');
  assert.equal(fileName('a\0b\n/../c\\d\u200b\u2800.txt'), 'ab..cd.txt');
  assert.equal(fileName('\ud800'), 'file');
  assert.equal(fileName('👨\u200d👩\u200d👧 ❤\ufe0f.png'), '👨\u200d👩\u200d👧 ❤\ufe0f.png');
  const long = fileName(`${'가'.repeat(200)}.tar.gz`);
  assert.ok(Buffer.byteLength(long) <= 255 && Buffer.byteLength(long) > 250 && long.endsWith('.gz'), long);
});

test('what is taken into a message', () => {
  const f = (name, size) => ({ name, size });
  const { taken, refused } = sift([f('a', 1), f('b', 0), f('c', 11), f('d', 10), f('e', 2)], 8, 10);
  assert.deepEqual(taken.map((x) => x.name), ['a', 'd']);
  assert.deepEqual(refused, [{ name: 'b', code: 'empty' }, { name: 'c', code: 'too_large' }, { name: 'e', code: 'too_many' }]);
  assert.equal(sift([f('x', 1e12)], 0, null).taken.length, 1, 'the server says it, then');
  assert.deepEqual(['image/jpeg', 'image/heic', 'image/svg+xml', 'image/gif', 'text/html', 'video/mp4'].map(isPicture), [true, true, false, false, false, false]);
  assert.deepEqual(movedOf([{ moved: 5, total: 10 }, { moved: 10, total: 30 }]), { moved: 15, total: 40, part: 0.375 });
  assert.equal(movedOf([]).part, 0);
});

test('pictures keep their proportion, and fingers keep them in the window', () => {
  assert.deepEqual(within(5120, 2560, 2560), { width: 2560, height: 1280 });
  assert.deepEqual(within(10, 4000, 100), { width: 1, height: 100 });
  assert.deepEqual(within(40, 30, 2560), { width: 40, height: 30 });
  assert.deepEqual(room(1600, 1200), { width: 320, height: 240 });
  assert.deepEqual(room(1200, 1600), { width: 285, height: 380 });
  const near = zoomed(WHOLE, 2, { x: 100, y: -50 });
  assert.deepEqual(near, { scale: 2, x: -100, y: 50 }, 'what is under the finger stays there');
  assert.deepEqual(zoomed(near, 0.5, { x: 0, y: 0 }), WHOLE);
  assert.deepEqual(held({ scale: 2, x: 900, y: -900 }, { width: 400, height: 200 }), { scale: 2, x: 200, y: -100 });
});

/** A server that keeps what came, and does next what it is told. */
function server() {
  const s = { bytes: new Map(), begun: 0, log: [], next: [], fail(code, lose = false) { s.next.push({ code, lose }); } };
  const trip = () => {
    const t = s.next.shift();
    if (t && !t.lose) throw new SignalError(t.code);
    return t;
  };
  s.begin = async () => {
    trip();
    s.bytes.set(`u${++s.begun}`, '');
    return { upload: `u${s.begun}` };
  };
  s.api = {
    async putPart(id, blob, first) {
      const t = trip();
      const had = s.bytes.get(id);
      if (had === undefined) throw new SignalError('unknown');
      s.log.push(`${id} ${first}+${blob.size}`);
      if (first === had.length) s.bytes.set(id, had + await blob.text());
      if (t) throw new SignalError(t.code);
      return s.bytes.get(id).length;
    },
    async uploaded(id) {
      s.log.push(`${id}?`);
      if (!s.bytes.has(id)) throw new SignalError('unknown');
      return s.bytes.get(id).length;
    },
  };
  return s;
}

const TEXT = 'abcdefghij'.repeat(120_000);

/** @param {ReturnType<typeof server>} s */
function bring(s, stop = new AbortController()) {
  const clock = fakeClock();
  const [moved, waits, pauses] = [[], [], []];
  const pause = async (ms) => { pauses.push(ms); };
  const done = sendBlob({ begin: s.begin, api: s.api, clock, pause }, { blob: new Blob([TEXT]), name: 'a', mime: 'b/c' },
    { stop: stop.signal, moved: (n) => moved.push(n), waits: (on) => waits.push(on) });
  return { done, moved, waits, pauses };
}

test('sent in pieces, and after a lost line only what is not there yet', async () => {
  const s = server();
  const b = bring(s);
  assert.equal(s.bytes.get(await b.done), TEXT);
  assert.deepEqual([b.moved[0], b.moved.at(-1), b.waits], [0, TEXT.length, []]);
  const cut = server();
  cut.next.push(undefined, undefined);
  cut.fail('lost', true); // written, and the answer did not come
  cut.fail('lost');
  const c = bring(cut);
  assert.equal(cut.bytes.get(await c.done), TEXT);
  assert.equal(cut.begun, 1);
  assert.ok(cut.log.filter((l) => l === 'u1?').length === 2, cut.log.join(', '));
  assert.deepEqual([c.waits.includes(true), c.waits.at(-1), c.pauses], [true, false, [1000, 2000]]);
});

test('what the server has forgotten is sent from the start, but not for ever; refusals are told', async () => {
  const s = server();
  s.next.push(undefined);
  s.fail('unknown');
  const b = bring(s);
  assert.equal(s.bytes.get(await b.done), TEXT);
  assert.equal(s.begun, 2);
  const never = server();
  never.api.putPart = async () => { throw new SignalError('unknown'); };
  never.api.uploaded = never.api.putPart;
  await assert.rejects(bring(never).done, { code: 'unknown' });
  assert.equal(never.begun, 4);
  for (const code of ['store_full', 'quota_full', 'too_long']) {
    const full = server();
    full.fail(code);
    await assert.rejects(bring(full).done, { code });
  }
  const stop = new AbortController();
  const gone = server();
  gone.fail('lost');
  const g = bring(gone, stop);
  stop.abort();
  await assert.rejects(g.done, { code: 'aborted' });
});

const ME = { user: 'me', name: 'mina', display: 'Mina', role: 'user', avatar: 0, created: 0, settings: {}, recovery_left: 10, passkeys: 0 };

/** Storage as in a browser. */
function storage() {
  const m = new Map();
  return {
    m, getItem: (k) => m.get(k) ?? null, setItem: (k, v) => m.set(k, v), removeItem: (k) => m.delete(k),
    key: (i) => [...m.keys()][i] ?? null, get length() { return m.size; },
  };
}

/** A page; `local` is the browser's. */
function page(local, s = server()) {
  const store = createStore(reduce, INITIAL);
  const asked = [];
  const sig = {
    token: 'x', notify() {},
    request(type, fields) {
      if (type === 'upload') return s.begin(fields);
      if (type === 'attach') return Promise.resolve({ file: `f${fields.upload}`, size: s.bytes.get(fields.upload).length, mime: 'application/octet-stream' });
      return new Promise((resolve, no) => { asked.push({ type, fields, resolve, reject: (code) => no(new SignalError(code)) }); });
    },
  };
  const c = { state: store.get, dispatch: store.dispatch, store, clock: fakeClock(), sig, env: { server: 'https://h', local }, toast() {} };
  const unsent = new Unsent(c);
  const convs = new Convs(c, new Uploads(c, s.api), unsent);
  store.subscribe((_, { type }) => {
    if (type === 'account/gone') convs.gone();
    else if (type.startsWith('convs/')) unsent.follow();
  });
  store.dispatch({ type: 'self/hello', ack: { session: 'S', name: 'x', tag: 't', user: ME, badges: {} } });
  const conv = { conv: 'C', kind: 'room', title: 'r', topic: '', picture: 0, public: false, role: 'member', seq: 0, read: 0, unread: 0, state: 'open', members: 2 };
  store.dispatch({ type: 'convs/put', conv });
  convs.begun(false);
  const soon = async () => { for (let i = 0; i < 30; i++) await new Promise((r) => { setImmediate(r); }); };
  const pending = () => store.get().convs.threads.C?.pending ?? [];
  return { store, convs, soon, s, pending, of: (type) => asked.filter((a) => a.type === type) };
}

test('a message waits for its files, and what is written meanwhile does not wait for it', async () => {
  const p = page(storage());
  p.convs.uploads.add('C', [new File(['12345'], 'a.txt'), new File([''], 'none')]);
  assert.deepEqual(p.store.get().uploads.refused.C, [{ name: 'none', code: 'empty' }]);
  p.convs.send('C', 'with a file');
  p.convs.send('C', 'words');
  assert.deepEqual(p.pending().map((o) => o.status), ['uploading', 'sending']);
  assert.deepEqual(p.of('send').map((a) => a.fields.text), ['words']);
  p.of('send')[0].resolve({ seq: 1, time: 1 });
  await p.soon();
  assert.deepEqual(p.of('send')[1].fields.files, ['fu1']);
  p.of('send')[1].resolve({ seq: 2, time: 2 });
  await p.soon();
  assert.deepEqual([p.pending(), Object.keys(p.store.get().uploads.items)], [[], []]);
});

test('refused, and tried again: what has arrived is not sent twice; cancelled: nothing is', async () => {
  const p = page(storage());
  p.s.fail('quota_full');
  p.convs.uploads.add('C', [new File(['12345'], 'a.txt')]);
  p.convs.send('C', '');
  await p.soon();
  const [out] = p.pending();
  assert.deepEqual([out.status, out.error], ['failed', 'quota_full']);
  p.convs.resend('C', out.client);
  await p.soon();
  assert.equal(p.of('send').length, 1);
  p.of('send')[0].reject('not_allowed');
  await p.soon();
  p.convs.resend('C', out.client);
  await p.soon();
  assert.deepEqual([p.of('send').length, p.s.begun], [2, 1]);
  p.convs.uploads.add('C', [new File(['x'], 'b.txt')]);
  p.convs.send('C', '');
  p.convs.forget('C', p.pending()[1].client);
  await p.soon();
  assert.deepEqual([p.of('send').length, p.pending().length, p.convs.uploads.busy()], [2, 1, false]);
});

test('what waits outlives the page, with the same id; files that had not arrived do not; signed out, nothing stays', async () => {
  const local = storage();
  const p = page(local);
  p.convs.send('C', 'one');
  p.s.api.putPart = () => new Promise(() => {});
  p.convs.uploads.add('C', [new File(['x'], 'b.txt')]);
  p.convs.send('C', 'two');
  await p.soon();
  assert.equal(local.m.size, 2);
  local.setItem('madang.unsent.me.broken', '{');
  local.setItem('madang.unsent.you.abc', JSON.stringify({ conv: 'C', out: { client: 'abc', text: 'not mine', time: Date.now() } }));
  const q = page(local);
  assert.deepEqual(q.pending().map((o) => [o.text, o.status, o.error]), [['one', 'sending', null], ['two', 'failed', 'files_lost']]);
  assert.equal(q.of('send')[0].fields.client, p.of('send')[0].fields.client);
  q.of('send')[0].resolve({ seq: 1, time: 1 });
  await q.soon();
  assert.equal([...local.m.keys()].filter((k) => k.startsWith('madang.unsent.me.')).length, 1);
  q.store.dispatch({ type: 'account/gone' });
  assert.equal(local.m.size, 0);
});

test('names behind an @: by user name, by any word, by initial consonants, by half a syllable', () => {
  assert.deepEqual(mentionAt('hi @mi', 6), { from: 3, word: 'mi' });
  assert.deepEqual(mentionAt('@', 1), { from: 0, word: '' });
  for (const [text, at] of [['a@mi', 4], ['hi @mina x', 5], ['@mi na', 6], ['x', 1]]) assert.equal(mentionAt(text, at), null, text);
  const people = [['mina', '김미나'], ['jun.ho', '박준호'], ['sky', '남궁 하늘'], ['emile', 'Émile Zola']].map(([name, display]) => ({ user: name, name, display, avatar: 0 }));
  const found = (word) => mentioned(people, word).map((p) => p.name);
  assert.deepEqual(found('mi'), ['mina']);
  assert.deepEqual(found('김미'), ['mina']);
  assert.deepEqual(found('기'), ['mina']);
  assert.deepEqual(found('ㅂㅈㅎ'), ['jun.ho']);
  assert.deepEqual(found('ㅎㄴ'), ['sky']);
  assert.deepEqual(found('하'), ['sky']);
  assert.deepEqual(found('zo'), ['emile']);
  assert.equal(found('').length, 4);
  assert.deepEqual(found('nobody'), []);
  assert.equal(initialsOf('김 미나 b'), 'ㄱ ㅁㄴ b');
  assert.deepEqual(withMention('hi @mi there', { from: 3, word: 'mi' }, 'mina'), { text: 'hi @mina there', caret: 9 });
  assert.deepEqual(withMention('@', { from: 0, word: '' }, 'mina'), { text: '@mina ', caret: 6 });
});
