// WebSockets that don't get through, in each of the ways that are met outside: the same session goes on over
// server-sent events, or long-polls where a proxy holds these back, and over a WebSocket again when it can.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { PATIENCE } from './lib/browser.mjs';
import { receives } from './lib/media.mjs';
import { Person } from './lib/person.mjs';
import { sleep } from '../lib/server.mjs';

const house = new House('call_pipes');
const both = { camera: 5, mic: true };

/** @typedef {import('./lib/person.mjs').Person & {look: string}} Someone */
/** @typedef {import('./lib/proxy.mjs').Proxy} Proxy */

/** Waits for the pipe. @param {Someone} p @param {'ws' | 'sse' | 'poll'} kind @param {number} [ms] */
async function pipe(p, kind, ms = PATIENCE) {
  await p.page.until((k) => /** @type {any} */ (window).madang?.state().net.pipe === k, kind, { ms, what: `${p.name} by ${kind}` });
}

/** Ann through the proxy, Ben beside it. @param {import('./lib/browser.mjs').Kind} kind @param {string[]} [args] */
async function around(kind, args = []) {
  const server = await house.server({ args });
  const proxy = await house.proxy(server);
  const a = await house.person(kind, { name: 'Ann', server: proxy });
  const b = await house.person('chromium', { name: 'Ben', server });
  return { server, proxy, a, b };
}

/** The page's own record of when it began and when it was online. @param {Someone} p */
const onlineAfter = (p) => p.page.eval(() => {
  const { lines } = /** @type {any} */ (window).madang.log;
  const at = (/** @type {RegExp} */ re) => lines.find((/** @type {any} */ l) => l.where === 'net' && re.test(l.text))?.at;
  return at(/^online/) - at(/^connecting/);
});

/** They talk and see each other. @param {Someone} a @param {Someone} b @param {string} tag */
async function talk(a, b, tag) {
  await a.say(`${tag} of Ann`);
  await b.hears(`${tag} of Ann`);
  await b.say(`${tag} of Ben`);
  await a.hears(`${tag} of Ben`);
}

/** What is tried beside a working stream, now and not in half a minute. @param {Someone} p */
const tryAgain = (p) => p.page.eval(() => window.dispatchEvent(new Event('online')));

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  for (const way of /** @type {const} */ (['403', 'silent'])) {
    house.test(`${kind}, WebSocket ${way === '403' ? 'refused with 403' : 'silent after 101'}: a call over events, and back`, async () => {
      const { proxy, a, b } = await around(kind);
      proxy.ws = way;
      await a.open('/');
      await pipe(a, 'sse', 15_000);
      console.log(`# ${kind}, ${way}: online by events after ${await onlineAfter(a)} ms`);
      await b.join(await a.create());
      await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, both)]);
      await talk(a, b, 'by events');
      assert.equal(await a.pipe(), 'sse');
      assert.ok(proxy.seen.streams > 0 && proxy.seen.posts > 3, JSON.stringify(proxy.seen));
      // A page that was loaded again does not lose time on what did not work before.
      await a.page.reload();
      await a.inRoom();
      assert.equal(await a.pipe(), 'sse');
      await receives(b.page, a.session, both);
      // The way is free again: the same session, on a WebSocket.
      proxy.ws = 'pass';
      await tryAgain(a);
      await pipe(a, 'ws', 20_000);
      const session = a.session;
      await a.inRoom();
      assert.equal(a.session, session);
      await talk(a, b, 'by WebSocket');
      assert.deepEqual((await a.words()).slice(-4), ['by events of Ann', 'by events of Ben', 'by WebSocket of Ann', 'by WebSocket of Ben']);
      await receives(b.page, a.session, both);
    }, { timeout: 150_000 });
  }
}

house.test('WebSockets cut as soon as they are idle: over to events, nothing lost, nothing twice', async () => {
  const { proxy, a, b } = await around('chromium', ['--ping-interval', '20s']);
  await b.lobby();
  const room = await b.create();
  await a.join(room);
  await receives(b.page, a.session, both);
  assert.equal(await a.pipe(), 'ws');
  proxy.wsIdleMs = 1200;
  const start = Date.now();
  const said = [];
  const end = Date.now() + 40_000;
  for (let i = 0; Date.now() < end && (await a.pipe() !== 'sse' || i < 6); i++) {
    await b.say(`b${i}`);
    said.push(`b${i}`);
    await sleep(1500); // idle in between
  }
  await pipe(a, 'sse', 5000);
  console.log(`# cut after 1.2 s without a byte: over to events after ${Date.now() - start} ms and ${proxy.seen.idleCuts} cuts`);
  assert.ok(proxy.seen.idleCuts >= 2, 'one cut may be chance');
  await b.say('the last');
  await a.hears('the last');
  assert.deepEqual((await a.words()).filter((w) => /^b\d+$/.test(w)), said);
  await receives(a.page, b.session, both);
  // It does not run into the same again at once.
  await tryAgain(a);
  await talk(a, b, 'settled');
  proxy.wsIdleMs = 0;
  await tryAgain(a);
  await pipe(a, 'ws', 20_000);
  await talk(a, b, 'back');
}, { timeout: 150_000 });

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  house.test(`${kind}, a proxy that holds events back as well: long-polls`, async () => {
    const { proxy, a, b } = await around(kind);
    proxy.ws = '403';
    proxy.bufferSse = true;
    await a.open('/');
    await pipe(a, 'poll', 25_000);
    console.log(`# ${kind}: online by long-polls after ${await onlineAfter(a)} ms`);
    await b.join(await a.create());
    await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, both)]);
    for (let i = 0; i < 5; i++) {
      await b.say(`b${i}`);
      await a.say(`a${i}`);
    }
    await a.hears('b4');
    await b.hears('a4');
    for (const p of [a, b]) {
      for (const who of ['a', 'b']) {
        assert.deepEqual((await p.words()).filter((w) => w.startsWith(who)), [0, 1, 2, 3, 4].map((i) => who + i), p.name);
      }
    }
    assert.ok(proxy.seen.polls > 3, JSON.stringify(proxy.seen));
    proxy.ws = 'pass';
    await tryAgain(a);
    await pipe(a, 'ws', 20_000);
    await talk(a, b, 'back');
  }, { timeout: 150_000 });
}

house.test('tabs of one browser share a stream', async () => {
  const { proxy, a, b } = await around('chromium');
  proxy.ws = '403';
  await a.lobby();
  await pipe(a, 'sse');
  const more = [];
  for (let i = 0; i < 7; i++) { // browsers allow six connections to an origin
    const page = await a.page.sibling({ url: `${proxy.url}/?debug` });
    house.pages.push(page);
    await page.until(() => /** @type {any} */ (window).madang?.state().net.pipe === 'sse', null, { what: `tab ${i} online` });
    more.push(page);
  }
  const streams = proxy.seen.streams;
  assert.ok(streams < 4, `${streams} streams for eight tabs`);
  const room = await b.create({ title: 'Seen from all tabs' });
  await Promise.all([a.page, ...more].map((p) => p.see(`[data-room="${room}"]`)));
  // The tab that reads the stream goes; the others go on.
  await a.page.raw.close();
  const second = await b.page.sibling();
  house.pages.push(second);
  const c = new Person({ name: 'Cho', page: second, url: b.url });
  const other = await c.create({ title: 'Seen later' });
  await Promise.all(more.map((p) => p.see(`[data-room="${other}"]`)));
}, { timeout: 150_000 });
