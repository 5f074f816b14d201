// Signaling over fake pipes and a fake clock: resuming, counting, restarts, changing over; the stream parser.
// @ts-nocheck -- fakes
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock } from '../../web/core/clock.js';
import { Log } from '../../web/core/log.js';
import { backoff } from '../../web/net/backoff.js';
import { PipeChoice } from '../../web/net/choice.js';
import { decode, earlyHello, encode, isSequenced } from '../../web/net/protocol.js';
import { Signaling } from '../../web/net/signaling.js';
import { SseParser } from '../../web/net/sse_parser.js';

/** A server as section 3 of docs/protocol.md describes it, with pipes that can be cut or made deaf. */
class FakeServer {
  constructor(clock) {
    this.clock = clock;
    this.sessions = new Map();
    this.serial = 0;
    this.pipes = [];
    this.done = [];       // requests that were carried out: [session, id, type]
    this.refuse = { ws: null, stream: null };   // 'closed' (403) | 'silent' | 'dead'
  }

  open = (family, handlers, hello) => {
    const server = this;
    const pipe = {
      family, handlers, open: false, deaf: false, session: null, sent: [],
      kind: () => (family === 'ws' ? 'ws' : 'sse'),
      send(text) {
        if (pipe.open && !pipe.deaf) server.clock.after(() => server.#take(pipe, decode(text)), 5);
      },
      close() { pipe.open = false; pipe.gone = true; },
      cut(code = 1006) {
        if (pipe.gone) return;
        pipe.close();
        if (pipe.session) pipe.session.pipe = null;
        handlers.onClose(code, '');
      },
    };
    this.pipes.push(pipe);
    const how = this.refuse[family];
    if (how === 'silent') return pipe;
    this.clock.after(() => {
      if (pipe.gone) return;
      if (how === 'closed') return pipe.cut();
      pipe.open = true;
      pipe.deaf = how === 'deaf';
      const taken = Boolean(this.takesHello && hello && family === 'ws' && earlyHello(hello));
      handlers.onOpen(taken);
      if (taken) this.#take(pipe, decode(hello));
    }, 10);
    return pipe;
  };

  get current() { return this.pipes.at(-1); }

  put(session, head, body) {
    session.out.push(encode(head, body));
    this.#write(session.pipe, session.out.at(-1), session.out.length);
  }

  #write(pipe, text, number) {
    if (!pipe?.open || pipe.deaf) return;
    this.clock.after(() => {
      if (pipe.open) pipe.handlers.onMessage(text, pipe.family === 'ws' ? null : number);
    }, 5);
  }

  #take(pipe, { head }) {
    if (!pipe.open) return;
    if (head.type === 'hello') return this.#hello(pipe, head);
    if (head.type === 'resume') return this.#resume(pipe, head);
    const s = pipe.session;
    if (head.type === 'ping') {
      s.acked = head.seq;
      return this.#write(pipe, '{"type":"pong"}', null);
    }
    if (!head.id) return;
    if (head.id <= s.lastId) return;
    assert.equal(head.id, s.lastId + 1, 'ids grow by one');
    s.lastId = head.id;
    this.done.push([s.id, head.id, head.text ?? head.type]);
    this.put(s, head.text === 'bad' ? { type: 'error', id: head.id, code: 'rate', retry_ms: 7, reason: 'short', field: 'text' }
      : { type: 'ack', id: head.id });
  }

  #hello(pipe, head) {
    if (this.refuseHello) return this.#write(pipe, encode({ type: 'error', id: 1, ...this.refuseHello }), null);
    const n = ++this.serial;
    const s = { id: `S${n}`, token: `T${n}`, out: [], lastId: 1, pipe, acked: 0, hello: head };
    this.sessions.set(s.token, s);
    pipe.session = s;
    this.put(s, { type: 'ack', id: 1, session: s.id, token: s.token, ping_s: 20 });
  }

  #resume(pipe, head) {
    const s = this.sessions.get(head.token);
    if (!s) return this.#write(pipe, '{"type":"error","code":"session_unknown"}', null);
    if (s.pipe && s.pipe !== pipe) s.pipe.deaf = true;
    s.pipe = pipe;
    pipe.session = s;
    this.#write(pipe, encode({ type: 'resumed', session: s.id, seq: head.seq, last_id: s.lastId }), null);
    s.out.slice(head.seq).forEach((text, i) => this.#write(pipe, text, head.seq + i + 1));
  }

  restart() {
    this.sessions.clear();
    for (const p of this.pipes) p.cut();
  }
}

function setup({ worked = null, hello = () => ({ name: 'Mina' }) } = {}) {
  const clock = fakeClock();
  const server = new FakeServer(clock);
  const choice = new PipeChoice(worked);
  const log = new Log();
  const random = () => 0.5;
  const sig = new Signaling({ openPipe: server.open, clock, choice, makeHello: hello, log, random });
  const got = [];
  const phases = [];
  const sessions = [];
  sig.on('message', (m) => got.push(m.head.n ?? m.head.type));
  sig.on('phase', (p) => phases.push(p.phase));
  sig.on('session', (s) => sessions.push([s.ack.session, s.again]));
  const session = () => [...server.sessions.values()].at(-1);
  return { clock, server, sig, got, phases, sessions, session, choice };
}
test('hello goes with the request to upgrade, once', async () => {
  let asked = 0;
  const t = setup({ hello: () => ({ name: `Mina ${++asked}` }) });
  t.server.takesHello = true;
  t.sig.start();
  await t.clock.advance(16);
  assert.equal(t.sig.state.phase, 'online');
  assert.equal(t.server.sessions.size, 1);
  assert.equal(t.session().hello.name, 'Mina 1');
  assert.equal((await Promise.all([t.sig.request('name', { name: 'x' }), t.clock.advance(50)]))[0].id, 2);
  t.server.restart(); // no session of the page is begun that way a second time
  await t.clock.advance(5000);
  assert.equal(t.server.sessions.size, 1);
  assert.equal(t.session().hello.name, 'Mina 2');
  assert.equal(asked, 2);
});

test('a server that does not take it hears hello in a frame', async () => {
  let asked = 0;
  const t = setup({ hello: () => ({ name: `Mina ${++asked}` }) });
  t.sig.start();
  await t.clock.advance(100);
  assert.equal(t.sig.state.phase, 'online');
  assert.equal(t.server.sessions.size, 1);
  assert.equal(asked, 1);
});

test('what is secret or long is said in no header', () => {
  const of = (fields) => earlyHello(encode({ type: 'hello', id: 1, v: 1, ...fields }));
  const offered = of({ name: '민아', join: { room: '0123456789abc' } });
  assert.deepEqual(offered.slice(0, 2), ['madang.v1.hello', 'madang.v1']);
  assert.match(offered[2], /^hello\.[A-Za-z0-9_-]+$/);
  const text = Buffer.from(offered[2].slice(6), 'base64url').toString();
  assert.equal(JSON.parse(text).name, '민아');
  assert.equal(of({ replaces: 'T1' }), null);
  assert.equal(of({ join: { room: 'r', password: 'p' } }), null);
  assert.equal(of({ join: { room: 'r', ticket: 't' } }), null);
  assert.equal(of({ name: 'x'.repeat(1024) }), null);
  for (let n = 0; n < 8; n++) {
    const back = Buffer.from(of({ name: 'x'.repeat(n) })[2].slice(6), 'base64url').toString();
    assert.equal(JSON.parse(back).name, 'x'.repeat(n));
  }
});

const range = (a, b) => Array.from({ length: b - a + 1 }, (_, i) => a + i);

test('hello, requests and their answers', async () => {
  const t = setup();
  const early = t.sig.request('name', { name: 'x' });
  t.sig.start();
  await t.clock.advance(100);
  assert.equal(t.sig.state.phase, 'online');
  assert.equal(t.sig.state.pipe, 'ws');
  assert.equal((await early).id, 2);
  const bad = assert.rejects(t.sig.request('chat', { text: 'bad' }), { code: 'rate', retryMs: 7, reason: 'short', field: 'text' });
  await t.clock.advance(100);
  await bad;
  assert.deepEqual(t.sessions, [['S1', false]]);
  assert.equal(t.sig.log.session, 'S1');
});

test('a cut pipe resumes: everything missed, once, in order, and requests are done once', async () => {
  const t = setup();
  t.sig.start();
  await t.clock.advance(100);
  const s = t.session();
  for (const n of [1, 2, 3]) t.server.put(s, { type: 'chat', n });
  await t.clock.advance(50);
  const answers = [t.sig.request('chat', { text: 'a' })];
  await t.clock.advance(7);           // arrived, but its answer is on the way
  t.server.current.cut();
  for (const n of range(4, 20)) t.server.put(s, { type: 'chat', n });
  answers.push(t.sig.request('chat', { text: 'b' }));
  await t.clock.advance(1000);
  await Promise.all(answers);
  assert.deepEqual(t.got, range(1, 20));
  assert.deepEqual(t.server.done.map((d) => d[2]), ['a', 'b']);
  assert.deepEqual(t.sessions, [['S1', false]]);
  assert.equal(t.sig.state.phase, 'online');
});

test('cut at every moment, over both kinds of pipe, nothing is lost, doubled or out of order', async () => {
  for (const worked of ['ws', 'stream']) {
    for (let ms = 0; ms < 40; ms += 3) {
      const t = setup({ worked });
      t.sig.start();
      await t.clock.advance(100);
      const s = t.session();
      const sent = [];
      for (const n of range(1, 30)) {
        t.server.put(s, { type: 'chat', n });
        sent.push(t.sig.request('chat', { text: `r${n}` }));
        await t.clock.advance(3);
        if (n % 10 === 0) {
          await t.clock.advance(ms);
          t.server.current.cut();
        }
      }
      await t.clock.advance(20_000);
      await Promise.all(sent);
      assert.deepEqual(t.got, range(1, 30));
      assert.deepEqual(t.server.done.map((d) => d[2]), range(1, 30).map((n) => `r${n}`));
    }
  }
});

test('the server is started again: a new session by itself, with the tickets of the day', async () => {
  let tickets = 0;
  const t = setup({ hello: () => ({ join: { room: 'R', ticket: `k${++tickets}` } }) });
  t.sig.start();
  await t.clock.advance(100);
  const lost = assert.rejects(t.sig.request('chat', { text: 'in flight' }), { code: 'session_lost' });
  t.server.restart();
  await t.clock.advance(3000);
  await lost;
  assert.deepEqual(t.sessions, [['S1', false], ['S2', true]]);
  assert.equal(t.session().hello.join.ticket, 'k2');
  t.server.put(t.session(), { type: 'chat', n: 'after' });
  const ok = t.sig.request('chat', { text: 'again' });
  await t.clock.advance(100);
  assert.equal((await ok).id, 2);
  assert.deepEqual(t.got, ['after']);
});

test('while the server is away it is tried again and again, with a countdown', async () => {
  const t = setup();
  t.sig.start();
  await t.clock.advance(100);
  t.server.refuse = { ws: 'closed', stream: 'closed' };
  t.server.restart();
  await t.clock.advance(2000);
  assert.equal(t.sig.state.phase, 'waiting');
  assert.ok(t.sig.state.retryInMs > 0);
  await t.clock.advance(60_000);
  const tries = t.server.pipes.length;
  assert.ok(tries > 8 && tries < 40, `${tries} pipes`);
  t.server.refuse = { ws: null, stream: null };
  t.sig.retryNow();
  await t.clock.advance(200);
  assert.equal(t.sig.state.phase, 'online');
});

for (const [how, most] of [['closed', 200], ['silent', 1400], ['deaf', 1400]]) {
  test(`WebSocket ${how}: the stream takes over within two seconds`, async () => {
    const t = setup();
    t.server.refuse.ws = how;
    t.sig.start();
    await t.clock.advance(most);
    assert.equal(t.sig.state.phase, 'online');
    assert.equal(t.sig.state.pipe, 'sse');
    assert.equal(t.server.sessions.size, 1);
  });
}

test('a session that began unheard is ended, not left behind for half a minute', async () => {
  const t = setup();
  const { open } = t.server;
  t.sig.openPipe = (family, handlers) => {
    if (family !== 'ws') return open(family, handlers);
    return open(family, { ...handlers, onMessage() {} });       // what the server says does not get through
  };
  const said = [];
  t.sig.start();
  await t.clock.advance(50);
  const ws = t.server.pipes[0];
  const { send } = ws;
  ws.send = (text) => { said.push(decode(text).head.type); send(text); };
  await t.clock.advance(2000);
  assert.equal(t.sig.state.pipe, 'sse');
  assert.deepEqual(said, ['bye']);
});

test('a WebSocket that is slow, but there, is kept', async () => {
  const t = setup();
  t.server.refuse.stream = 'silent';
  const { open } = t.server;
  t.sig.openPipe = (family, handlers) => {
    if (family !== 'ws') return open(family, handlers);
    return open(family, { ...handlers, onOpen: () => t.clock.after(handlers.onOpen, 3000) });
  };
  t.sig.start();
  await t.clock.advance(4000);
  assert.equal(t.sig.state.pipe, 'ws');
});

test('WebSocket is tried again beside the stream, and takes the session over without loss', async () => {
  const t = setup({ worked: 'stream' });
  t.sig.start();
  await t.clock.advance(100);
  assert.equal(t.sig.state.pipe, 'sse');
  let n = 0;
  const s = t.session();
  for (let i = 0; i < 400; i++) {
    t.server.put(s, { type: 'chat', n: ++n });
    await t.clock.advance(100);
  }
  assert.equal(t.sig.state.pipe, 'ws');
  assert.deepEqual(t.got, range(1, n));
  assert.deepEqual(t.sessions, [['S1', false]]);
});

test('a probe that fails leaves the stream in place, and comes back less and less often', async () => {
  const t = setup({ worked: 'stream' });
  t.server.refuse.ws = 'deaf';
  t.sig.start();
  await t.clock.advance(600_000);
  assert.equal(t.sig.state.pipe, 'sse');
  const probes = t.server.pipes.filter((p) => p.family === 'ws').length;
  assert.ok(probes >= 3 && probes <= 6, `${probes} probes`);
  assert.deepEqual(t.sessions, [['S1', false]]);
});

test('a WebSocket that is cut twice although the network works is not trusted for a while', async () => {
  const t = setup();
  t.sig.start();
  await t.clock.advance(30_000);
  t.server.current.cut();
  await t.clock.advance(1000);
  assert.equal(t.sig.state.pipe, 'ws');
  await t.clock.advance(60_000);
  t.server.current.cut();
  await t.clock.advance(1000);
  assert.equal(t.sig.state.pipe, 'sse');
  await t.clock.advance(100_000);
  assert.equal(t.sig.state.pipe, 'sse');
  await t.clock.advance(100_000);
  assert.equal(t.sig.state.pipe, 'ws');
});

test('silence: a ping after ping_s, and five seconds later the pipe counts as lost', async () => {
  const t = setup();
  t.sig.start();
  await t.clock.advance(100);
  const lost = [];
  t.sig.on('lost', (why) => lost.push([why, t.clock.now()]));
  t.server.current.deaf = true;
  await t.clock.advance(27_000);
  assert.equal(lost.length, 1);
  assert.equal(lost[0][0], 'no pong');
  assert.ok(lost[0][1] > 25_000 && lost[0][1] < 26_000);
  assert.equal(t.sig.state.phase, 'online');
});

test('over POST a ping goes out every ping_s, however much is heard', async () => {
  for (const [worked, most] of [['stream', 7], [null, 1]]) {
    const t = setup({ worked });
    if (worked) t.server.refuse.ws = 'closed';
    t.sig.start();
    await t.clock.advance(2000);
    const s = t.session();
    let pings = 0;
    for (const n of range(1, 60)) {
      const before = s.acked;
      t.server.put(s, { type: 'chat', n });
      await t.clock.advance(2000);
      pings += s.acked !== before;
    }
    assert.ok(worked ? pings >= 5 : pings <= most, `${worked}: ${pings} pings in two minutes`);
  }
});

test('a page that wakes up notices a dead pipe sooner', async () => {
  const t = setup();
  t.sig.start();
  await t.clock.advance(100);
  t.server.current.deaf = true;
  const deaf = t.clock.now();
  assert.ok(t.sig.heardAt <= deaf);
  t.sig.poke();
  await t.clock.advance(2000);
  assert.ok(t.sig.heardAt <= deaf, 'nothing is heard of a pipe that is dead');
  await t.clock.advance(1500);
  assert.equal(t.server.pipes.length, 2);
  assert.equal(t.sig.state.phase, 'online');
  assert.ok(t.sig.heardAt > deaf);
});

test('what was processed is acknowledged after 64 messages', async () => {
  const t = setup();
  t.sig.start();
  await t.clock.advance(100);
  const s = t.session();
  for (const n of range(1, 70)) t.server.put(s, { type: 'chat', n });
  await t.clock.advance(100);
  assert.equal(s.acked, 65);
});

test('closing: comes back after the time that the server gave', async () => {
  const t = setup();
  t.sig.start();
  await t.clock.advance(100);
  t.server.current.handlers.onMessage('{"type":"closing","retry_ms":800}', null);
  assert.equal(t.sig.state.phase, 'waiting');
  assert.equal(t.sig.state.error, 'closing');
  await t.clock.advance(700);
  assert.equal(t.server.pipes.length, 1);
  await t.clock.advance(800);
  assert.equal(t.sig.state.phase, 'online');
});

test('ends: a newer pipe, replaced, another version; and overflow begins anew', async () => {
  let t = setup();
  t.sig.start();
  await t.clock.advance(100);
  t.server.current.cut(4009);
  await t.clock.advance(60_000);
  assert.deepEqual([t.sig.state.phase, t.sig.state.error, t.server.pipes.length], ['ended', 'replaced_pipe', 1]);
  await assert.rejects(t.sig.request('name', { name: 'x' }), { code: 'closed' });

  t = setup();
  t.sig.start();
  await t.clock.advance(100);
  t.server.put(t.session(), { type: 'ended', reason: 'replaced' });
  await t.clock.advance(60_000);
  assert.deepEqual([t.sig.state.phase, t.sig.state.error], ['ended', 'replaced']);

  t = setup();
  t.server.refuseHello = { code: 'version', min: 2, max: 3 };
  t.sig.start();
  await t.clock.advance(60_000);
  assert.equal(t.sig.state.phase, 'version');

  t = setup();
  t.sig.start();
  await t.clock.advance(100);
  t.server.put(t.session(), { type: 'ended', reason: 'overflow' });
  await t.clock.advance(1000);
  assert.deepEqual(t.sessions, [['S1', false], ['S2', true]]);
});

test('a hello that is refused for a while is said again after that while', async () => {
  const t = setup();
  t.server.refuseHello = { code: 'rate', retry_ms: 4000 };
  t.sig.start();
  await t.clock.advance(1000);
  assert.deepEqual([t.sig.state.phase, t.sig.state.error], ['waiting', 'rate']);
  t.server.refuseHello = null;
  await t.clock.advance(2000);
  assert.equal(t.sig.state.phase, 'waiting');
  await t.clock.advance(2000);
  assert.equal(t.sig.state.phase, 'online');
});

test('close code 4000 starts anew', async () => {
  const t = setup();
  t.sig.start();
  await t.clock.advance(100);
  t.server.current.cut(4000);
  await t.clock.advance(1000);
  assert.deepEqual(t.sessions.map((s) => s[0]), ['S1', 'S2']);
});

test('messages: head and body, what is counted, what is none', () => {
  const text = encode({ type: 'desc', to: 'S' }, 'v=0\r\na=b\r\n');
  assert.deepEqual(decode(text), { head: { type: 'desc', to: 'S' }, body: 'v=0\r\na=b\r\n' });
  for (const bad of ['', 'x', '[]', 'null', '{"a":1}', '{"type":3}']) assert.equal(decode(bad), null);
  assert.equal(isSequenced({ type: 'error' }), false);
  assert.equal(isSequenced({ type: 'error', id: 3 }), true);
  assert.equal(isSequenced({ type: 'pong' }), false);
  assert.equal(isSequenced({ type: 'chat' }), true);
});

test('backoff doubles, is spread, and has a cap', () => {
  assert.equal(backoff(1, () => 1), 500);
  assert.equal(backoff(1, () => 0), 250);
  assert.equal(backoff(9, () => 1), 15_000);
  assert.equal(backoff(20, () => 1), 15_000);
  assert.equal(backoff(21, () => 1), 60_000, 'minutes without an answer');
  assert.equal(backoff(9, () => 1, true), 60_000, 'nobody looks');
  assert.equal(backoff(1, () => 1, true), 500);
  assert.equal(backoff(3, () => 1), 2000);
  assert.equal(backoff(50, () => 1), 60_000);
});

test('the stream parser gives the same, wherever the bytes are cut', () => {
  const text = ': hello\n\nevent: a1\nid: 7\ndata: {"type":"desc"}\ndata: v=0\r\ndata: a=x\r\ndata: \n\n'
    + ':\n\nevent: b2\ndata:{"type":"pong"}\n\nid: 9\n\n';
  const want = [
    { tab: 'a1', id: 7, data: '{"type":"desc"}\nv=0\r\na=x\r\n' }, { tab: 'b2', id: null, data: '{"type":"pong"}' },
  ];
  for (let cut = 0; cut <= text.length; cut++) {
    const p = new SseParser();
    assert.deepEqual([...p.push(text.slice(0, cut)), ...p.push(text.slice(cut))], want, `cut at ${cut}`);
  }
  const p = new SseParser();
  assert.deepEqual([...text].flatMap((c) => p.push(c)), want);
  assert.throws(() => new SseParser().push('data: '.padEnd(2 << 20, 'x')));
});
