// Bad input against a running server while a session goes on in a room: over 200 cases by hand and 10,000
// random ones. The server answers as it must, stays up, the session does not notice, memory comes back.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { startServer, sleep } from '../lib/server.mjs';
import { connect, frame, opening, RawWs } from '../lib/raw.mjs';
import { httpCases, messageCases, mutate, random, wsCases } from '../lib/hostile.mjs';

const sanitized = !!process.env.MADANG_SANITIZER;
const RANDOM = sanitized ? 1500 : 10000;
/** What a pass may leave behind in resident memory, after one that warmed the server up. */
const RSS_SLACK_KB = 3072;
const AT_ONCE = 20;

/** @type {import('../lib/server.mjs').Server} */
let server;
/** @type {Bystander} */
let bystander;

/** Two people who talk in a room all the while, and take it ill when a message does not come, or not in order. */
class Bystander {
  async start() {
    [this.a, this.b] = [await this.#enter('Ann'), await this.#enter('Ben')];
    this.a.say({ type: 'create', id: 2, title: 'quiet', public: false });
    const { room } = (await this.#answer(this.a, 2)).room;
    this.b.say({ type: 'join', id: 2, room });
    await this.#answer(this.b, 2);
    this.room = room;
    this.sent = 0;
    this.going = true;
    this.talk = this.#talk();
  }

  async #enter(/** @type {string} */ name) {
    const ws = await RawWs.open(server);
    ws.say({ type: 'hello', id: 1, v: 1, name });
    await ws.message();
    return ws;
  }

  async #answer(/** @type {RawWs} */ ws, /** @type {number} */ id) {
    for (;;) {
      const m = await ws.message();
      if (m.id === id) {
        assert.equal(m.type, 'ack', JSON.stringify(m));
        return m;
      }
    }
  }

  async #talk() {
    while (this.going) {
      const text = `m${++this.sent}`;
      this.a?.say({ type: 'chat', id: this.sent + 2, room: this.room, text });
      for (;;) {
        const m = await /** @type {RawWs} */ (this.b).message(5000);
        if (m.type !== 'chat') continue;
        assert.equal(m.text, text, 'in order, none lost');
        this.heard = this.sent;
        break;
      }
      // The other one reads too.
      for (let got = 0; got < 2;) if (['chat', 'ack'].includes((await /** @type {RawWs} */ (this.a).message(5000)).type)) got++;
      await sleep(250);
    }
  }

  async stop() {
    this.going = false;
    await this.talk;
    this.a?.close();
    this.b?.close();
  }
}

before(async () => {
  // Rates per address are another test's business; these all come from one.
  server = await startServer({ args: (process.env.MADANG_TEST_ARGS ?? '').split(' ').filter(Boolean) });
  bystander = new Bystander();
  await bystander.start();
});

after(async () => {
  await bystander?.stop();
  assert.deepEqual(await server?.stop(), { code: 0, signal: null }, server?.log().slice(-3000));
});

/** @template T @param {T[]} list @param {(item: T, i: number) => Promise<void>} fn */
async function eachAtOnce(list, fn) {
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < list.length) {
      const i = next++;
      await fn(list[i], i);
    }
  }));
}

test('there are at least 200 cases by hand', () => {
  assert.ok(httpCases().length + wsCases().length + messageCases().length >= 200);
});

test('HTTP requests by hand get the right status', async () => {
  /** @type {string[]} */
  const wrong = [];
  await eachAtOnce(httpCases(), async (c) => {
    const raw = await connect(server);
    raw.send(c.bytes);
    const r = await raw.response({ head: true }).catch((e) => ({ status: -1, head: String(e) }));
    if (r.status !== c.status) wrong.push(`${c.name}: wanted ${c.status}, got ${r.status}`);
    // Nothing that was refused for its syntax is followed by another answer.
    if ([400, 413, 414, 417, 431, 501, 505].includes(r.status) && !/^connection: close\r$/im.test(r.head)) wrong.push(`${c.name}: stays open`);
    raw.close();
  });
  assert.deepEqual(wrong, []);
});

test('frames by hand get the right close code', async () => {
  /** @type {string[]} */
  const wrong = [];
  await eachAtOnce(wsCases(), async (c) => {
    const ws = await RawWs.open(server);
    ws.raw.send(c.bytes);
    const code = await ws.closeCode().catch(() => -1);
    if (code !== c.code) wrong.push(`${c.name}: wanted ${c.code}, got ${code}`);
    await ws.raw.end(3000).catch(() => wrong.push(`${c.name}: stays open`));
    ws.close();
  });
  assert.deepEqual(wrong, []);
});

test('messages by hand get the right error', async () => {
  /** @type {string[]} */
  const wrong = [];
  // One after the other on a session each: hello is limited per address.
  for (const c of messageCases()) {
    const ws = await RawWs.open(server);
    for (;;) {
      ws.say({ type: 'hello', id: 1, v: 1 });
      const m = await ws.message();
      if (m.type === 'ack') break;
      assert.equal(m.code, 'rate', JSON.stringify(m));
      await sleep(m.retry_ms ?? 500);
    }
    ws.raw.send(frame(0x81, c.message));
    const m = await ws.message().catch((e) => ({ type: 'none', code: String(e) }));
    if (m.type !== 'error' || m.code !== c.error) wrong.push(`${c.name}: got ${JSON.stringify(m)}`);
    ws.say({ type: 'bye' });
    ws.close();
  }
  assert.deepEqual(wrong, []);
});

/** @param {(n: number) => number} rnd */
async function randomCase(rnd) {
  const raw = await connect(server);
  const http = httpCases.all ?? (httpCases.all = httpCases());
  if (rnd(2)) {
    const good = [`GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nRange: bytes=1-2\r\nIf-None-Match: "x"\r\n\r\n`,
      `POST /api/send/AAAAAAAAAAAAAAAAAAAAAA/t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, opening(server)];
    const base = rnd(3) ? good[rnd(good.length)] : http[rnd(http.length)].bytes;
    raw.send(mutate(rnd, Buffer.from(base.toString(), 'latin1')));
  } else {
    raw.send(opening(server));
    const frames = [frame(0x81, '{"type":"hello","id":1,"v":1,"name":"\ud55c\uae00"}'), frame(0x01, 'abc'), frame(0x80, 'def'), frame(0x89, 'ping'),
      frame(0x81, '{"type":"join","id":2,"room":"0a1b2c3d4e5f6","media":true}'), frame(0x81, `{"type":"chat","id":2,"text":"${'x'.repeat(300)}"}`),
      frame(0x81, '{"type":"desc","id":2,"room":"0000000000000","to":"0000000000000","conn":"m","kind":"offer"}\nv=0\r\na=ice-ufrag:x\r\n')];
    const some = Array.from({ length: rnd(4) + 1 }, () => frames[rnd(frames.length)]);
    raw.send(mutate(rnd, Buffer.concat(some)));
  }
  // Some wait for an answer, some go at once, some with a reset.
  if (rnd(4) === 0) await raw.until(() => raw.buf.length > 0 || raw.ended, 100).catch(() => {});
  if (rnd(3) === 0) raw.reset();
  else raw.close();
}
/** @type {import('../lib/hostile.mjs').HttpCase[] | undefined} */
httpCases.all = undefined;

/** @param {number} seed */
async function pass(seed) {
  const rnd = random(seed);
  await eachAtOnce(Array.from({ length: RANDOM / 2 }), () => randomCase(rnd));
  assert.ok(server.alive(), server.log().slice(-3000));
}

async function settledRss() {
  // Until all of them are closed and the lingering ones are gone.
  for (let i = 0; i < 100; i++) {
    const r = JSON.parse((await server.get('/healthz')).body.toString());
    assert.equal(r.status, 'ok');
    if ((await server.fds()) < 60) break;
    await sleep(200);
  }
  await sleep(500);
  return server.rssKb();
}

test(`${RANDOM} random requests and frames leave nothing behind`, { timeout: 300000 }, async () => {
  await pass(1);
  const warm = await settledRss();
  await pass(2);
  const after = await settledRss();
  if (!sanitized) assert.ok(after - warm <= RSS_SLACK_KB, `resident memory grew from ${warm} to ${after} kB`);
  assert.ok((await server.fds()) < 60);
});

test('the people in the room have noticed nothing', async () => {
  await bystander.stop();
  assert.ok((bystander.sent ?? 0) > 5);
  assert.equal(bystander.heard, bystander.sent, 'each message came, and in order');
});
