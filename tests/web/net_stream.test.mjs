// Streams against a real HTTP server: events, posts, buffering proxies, several tabs on one stream.
// @ts-nocheck -- fakes
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { fakeClock, realClock } from '../../web/core/clock.js';
import { Emitter } from '../../web/core/emitter.js';
import { dropHandoff, leaveHandoff, takeHandoff } from '../../web/net/handoff.js';
import { OtherTabs } from '../../web/net/other_tabs.js';
import { Stream } from '../../web/net/stream.js';
import { openStreamPipe } from '../../web/net/stream_pipe.js';
import { OwnSource, SharedSource } from '../../web/net/tabs.js';

/** Timers run twenty times as fast. */
const fast = { now: realClock.now, after: (fn, ms) => setTimeout(fn, ms / 20), cancel: realClock.cancel };
const until = async (what, ms = 5000) => {
  for (let i = 0; i < ms / 5; i++) {
    if (what()) return;
    await new Promise((r) => setTimeout(r, 5));
  }
  assert.fail(`never: ${what}`);
};

const quiet = {
  ...realClock,
  after(fn, ms) {
    const h = setTimeout(fn, ms);
    if (ms > 5000) h.unref();
    return h;
  },
};

/** Streams as docs/protocol.md section 7; echo: each message comes back to its TAB. */
async function serve(t, { holdBack = false, post = null } = {}) {
  const streams = new Map();
  const seen = { gets: [], posts: [], polls: 0 };
  const http = createServer((req, res) => {
    const [, , kind, key, tab] = new URL(req.url, 'http://x').pathname.split('/');
    if (kind === 'stream') {
      seen.gets.push(key);
      const poll = req.url.endsWith('poll=1');
      const s = streams.get(key) ?? { waiting: '', res: null };
      streams.set(key, s);
      s.res = res;
      s.poll = poll;
      if (poll) seen.polls++;
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      if (poll && s.waiting) { res.end(s.waiting); s.waiting = ''; s.res = null; }
      if (!poll && !holdBack) res.write(':\n\n');
      return;
    }
    let body = '';
    req.setEncoding('utf8').on('data', (d) => { body += d; }).on('end', () => {
      const status = post?.(body, seen.posts.length) ?? (streams.has(key) ? 202 : 404);
      seen.posts.push([tab, body, status]);
      res.writeHead(status).end(status === 202 ? '' : '{"type":"error","code":"x"}');
      if (status !== 202) return;
      const data = body.split('\n').map((l) => `data: ${l}\n`).join('');
      const text = `event: ${tab}\nid: ${seen.posts.length}\n${data}\n`;
      const s = streams.get(key);
      if (s.poll && s.res) { s.res.end(text); s.res = null; } else if (s.poll) s.waiting += text;
      else if (!holdBack) s.res.write(text);
    });
  });
  await new Promise((r) => { http.listen(0, '127.0.0.1', r); });
  t.after(() => { http.closeAllConnections(); http.close(); });
  return { base: `http://127.0.0.1:${http.address().port}`, seen, streams, http };
}

const makeStream = (base, key = 'k'.repeat(22), clock = fast) => () => new Stream({ base, key, clock });
function pipe(base, source, clock = fast) {
  const got = [];
  const p = { got, opened: false, closed: null };
  p.pipe = openStreamPipe({ base, source, clock }, {
    onOpen: () => { p.opened = true; },
    onMessage: (text, n) => got.push([text, n]),
    onClose: (code, reason) => { p.closed = reason; },
  });
  return p;
}

test('events and posts, with bodies that hold CR and LF', async (t) => {
  const { base, seen } = await serve(t);
  // At its own speed: on a busy machine the first byte may take what a fast clock calls five seconds.
  const p = pipe(base, new OwnSource(makeStream(base, undefined, quiet)), quiet);
  await until(() => p.opened);
  assert.equal(p.pipe.kind(), 'sse');
  p.pipe.send('{"type":"desc"}\nv=0\r\na=한글\r\n');
  await until(() => p.got.length === 1);
  assert.deepEqual(p.got, [['{"type":"desc"}\nv=0\r\na=한글\r\n', 1]]);
  assert.match(seen.posts[0][0], /^[a-zA-Z0-9]{1,16}$/);
  p.pipe.close();
});

test('a proxy that holds the stream back: long-polling after five seconds', async (t) => {
  const { base, seen } = await serve(t, { holdBack: true });
  const p = pipe(base, new OwnSource(makeStream(base)));
  await until(() => p.opened);
  assert.equal(p.pipe.kind(), 'poll');
  for (let i = 0; i < 10; i++) p.pipe.send(`{"type":"x","n":${i}}`);
  await until(() => p.got.length === 10);
  assert.ok(seen.polls >= 2);
  p.pipe.close();
});

test('posts are tried again while there is no stream or no time, and not for ever', async (t) => {
  const { base, seen } = await serve(t, { post: (body, n) => (n < 3 ? [404, 429, 503][n] : 202) });
  const p = pipe(base, new OwnSource(makeStream(base)));
  await until(() => p.opened);
  p.pipe.send('{"type":"x"}');
  await until(() => p.got.length === 1);
  assert.deepEqual(seen.posts.map((x) => x[2]), [404, 429, 503, 202]);
  p.pipe.close();
  const bad = await serve(t, { post: () => 413 });
  const q = pipe(bad.base, new OwnSource(makeStream(bad.base)));
  await until(() => q.opened);
  q.pipe.send('{"type":"x"}');
  await until(() => q.closed !== null);
  assert.match(q.closed, /413/);
});

test('a greeting that is refused leaves the pipe for another one, unless nothing at all was said', async (t) => {
  for (const told of [true, false]) {
    const { base, streams } = await serve(t, {
      post() {
        const s = [...streams.values()][0];
        if (told) s.res.write(`event: ${tabOf()}\ndata: {"type":"error"}\n\n`);
        return 400;
      },
    });
    let tab = '';
    const tabOf = () => tab;
    const source = new OwnSource(makeStream(base));
    const p = pipe(base, { open(name, on) { tab = name; return source.open(name, on); } });
    await until(() => p.opened);
    p.pipe.send('{"type":"resume"}');
    await new Promise((r) => { setTimeout(r, 250); });
    assert.equal(p.closed, told ? null : 'greeting refused');
    p.pipe.close();
  }
});

test('a broken stream closes its pipes', async (t) => {
  const { base, streams } = await serve(t);
  const source = new OwnSource(makeStream(base));
  const a = pipe(base, source);
  const b = pipe(base, source);
  await until(() => a.opened && b.opened);
  [...streams.values()][0].res.destroy();
  await until(() => a.closed && b.closed);
});

/** Channels and locks of one browser. @param {(fn: () => void, ms: number) => void} after */
function browser(after = setTimeout) {
  const channels = [];
  let queue = [];
  return {
    channel() {
      const c = {
        onmessage: null, dead: false,
        postMessage: (m) => after(() => {
          const others = channels.filter((o) => o !== c && !o.dead && !c.dead);
          for (const o of others) o.onmessage?.({ data: structuredClone(m) });
        }, 1),
      };
      channels.push(c);
      return c;
    },
    locks: () => {
      const mine = {
        request(name, fn) {
          queue.push({ mine, fn });
          if (queue.length === 1) after(fn, 1);
          return new Promise(() => {});
        },
        die() {
          const led = queue[0]?.mine === mine;
          queue = queue.filter((q) => q.mine !== mine);
          if (led && queue[0]) after(queue[0].fn, 1);
        },
      };
      return mine;
    },
  };
}

test('several tabs read one stream; when its tab closes, another takes over', async (t) => {
  const { base, seen } = await serve(t);
  const b = browser();
  const tabs = [1, 2, 3].map((n) => {
    const channel = b.channel();
    const locks = b.locks();
    const make = makeStream(base, `key${n}`.padEnd(22, 'x'));
    const source = new SharedSource({ makeStream: make, channel, locks, clock: quiet });
    return { channel, locks, source };
  });
  for (const tab of tabs) {
    tab.p = pipe(base, tab.source);
    await until(() => tab.p.opened);
  }
  assert.equal(new Set(seen.gets).size, 1);
  for (const [i, tab] of tabs.entries()) tab.p.pipe.send(`{"type":"t${i}"}`);
  await until(() => tabs.every((x) => x.p.got.length === 1));
  for (const [i, tab] of tabs.entries()) assert.equal(tab.p.got[0][0], `{"type":"t${i}"}`);

  tabs[0].channel.dead = true;
  tabs[0].locks.die();
  tabs[0].source.own.stream?.close();
  await until(() => tabs[1].p.closed === 'leader gone');
  assert.equal(tabs[1].source.leader, true);
  tabs[1].p = pipe(base, tabs[1].source);
  await until(() => tabs[1].p.opened);
  tabs[1].p.pipe.send('{"type":"again"}');
  await until(() => tabs[1].p.got.length === 1);
});

/** Streams that open at once, and tabs that follow each other, on a clock of their own. */
function streetOfTabs(n) {
  const clock = fakeClock();
  const b = browser(clock.after);
  const made = [];
  const tabs = Array.from({ length: n }, (_, i) => {
    const tab = { channel: b.channel(), locks: b.locks(), log: [], stream: null };
    tab.source = new SharedSource({
      channel: tab.channel, locks: tab.locks, clock,
      makeStream() {
        const stream = Object.assign(new Emitter(), { key: `key${i}`, mode: 'sse', isOpen: false, close() { this.isOpen = false; } });
        made.push(tab.stream = stream);
        clock.after(() => { stream.isOpen = true; stream.emit('open', 'sse'); }, tab.slowMs ?? 5);
        return stream;
      },
    });
    tab.open = () => tab.source.open(`tab${i}`, {
      onOpen: (key) => tab.log.push(key), onEvent: (data) => tab.log.push(data), onClose: (why) => tab.log.push(why),
    });
    tab.die = () => {
      tab.channel.dead = true;
      tab.locks.die();
    };
    return tab;
  });
  return { clock, tabs, made };
}

test('a leader that does not answer costs half a second, no more', async () => {
  const { clock, tabs: [deaf, tab], made } = streetOfTabs(2);
  deaf.locks.request('madang-stream', () => {});
  tab.open();
  await clock.advance(499);
  assert.equal(made.length, 0);
  await clock.advance(10);
  assert.deepEqual(tab.log, ['key1']);
});

test('the leader dies: every tab hears it at once from the next one', async () => {
  const { clock, tabs, made } = streetOfTabs(4);
  for (const tab of tabs) {
    tab.open();
    await clock.advance(50);
  }
  assert.equal(made.length, 1);
  tabs[0].die();
  await clock.advance(50);
  for (const tab of tabs.slice(1)) assert.deepEqual(tab.log, ['key0', 'leader gone']);
  for (const tab of tabs.slice(1)) tab.open();
  await clock.advance(50);
  for (const tab of tabs.slice(1)) assert.deepEqual(tab.log.slice(2), ['key1']);
  tabs[1].stream.emit('event', { tab: 'tab3', data: 'news', id: 1 });
  await clock.advance(50);
  assert.equal(tabs[3].log.at(-1), 'news');
  assert.equal(made.length, 2, 'still one stream for all');
});

test('the leader dies before its stream is open: who waits asks the next one', async () => {
  const { clock, tabs } = streetOfTabs(3);
  tabs[0].slowMs = 60_000;
  for (const tab of tabs) {
    tab.open();
    await clock.advance(50);
  }
  tabs[0].die();
  await clock.advance(50);
  assert.deepEqual([tabs[1].log, tabs[2].log], [['key1'], ['key1']]);
});

test('a tab that slept until it was forgotten begins anew when it wakes up', async () => {
  const { clock, tabs: [leader, sleeper] } = streetOfTabs(2);
  leader.open();
  await clock.advance(50);
  sleeper.open();
  await clock.advance(50);
  leader.source.served.delete('tab1');
  await clock.advance(20_000);
  assert.deepEqual(sleeper.log, ['key0', 'forgotten']);
});

test('the handoff is taken once, and grows old', () => {
  const map = new Map();
  const storage = {
    getItem: (k) => map.get(k) ?? null, setItem: (k, v) => map.set(k, v), removeItem: (k) => map.delete(k),
  };
  const what = { token: 'T', session: 'S', name: 'Mina', rooms: [], current: null };
  leaveHandoff(storage, what, 1000);
  assert.equal(takeHandoff(storage, 2000).token, 'T');
  assert.equal(takeHandoff(storage, 2000), null);
  leaveHandoff(storage, what, 1000);
  assert.equal(takeHandoff(storage, 1000 + 11 * 60_000), null);
  leaveHandoff(storage, what, 1000);
  dropHandoff(storage);
  assert.equal(takeHandoff(storage, 1000), null);
  storage.setItem('madang.handoff', '{broken');
  assert.equal(takeHandoff(storage, 1000), null);
});

test('another tab in the room answers, and is asked to leave it', async () => {
  const b = browser();
  let left = '';
  const onSwitch = (r) => { left = r; };
  const make = (amIn) => new OtherTabs({ channel: b.channel(), clock: realClock, amIn, onSwitch });
  make((r) => r === 'R');
  const me = make(() => false);
  assert.equal(await me.ask('Q'), false);
  assert.equal(await me.ask('R'), true);
  me.takeOver('R');
  await until(() => left === 'R');
});
