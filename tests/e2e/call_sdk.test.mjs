// A call from a bare page of somebody else's, on another origin, by madang.js alone (rtc/ and net/, nothing of
// the page around them), and together with people who use the page.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after } from 'node:test';
import { House } from './lib/house.mjs';
import { receives, shows, tileOf } from './lib/media.mjs';
import { rack } from './lib/rack.mjs';
import { freePort, sleep } from '../lib/server.mjs';

const house = new House('call_sdk');
const BARE = `<!doctype html><meta charset="utf-8"><title>bare</title><script type="module">
  const at = new URLSearchParams(location.search);
  const { join } = await import(at.get('server') + '/sdk/madang.js');
  window.said = [];
  window.nets = [];
  window.start = async (room, name) => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    window.mine = stream;
    const call = window.call = await join({ server: at.get('server'), room, name, stream });
    call.on('stream', ({ session, kind, stream }) => {
      const id = session + '-' + kind;
      const video = document.getElementById(id) ?? document.body.appendChild(document.createElement('video'));
      Object.assign(video, { id, autoplay: true, playsInline: true, muted: true, srcObject: stream });
    });
    call.on('left', ({ session }) => document.getElementById(session + '-camera')?.remove());
    call.on('chat', ({ name, text }) => said.push(name + ': ' + text));
    call.on('net', (n) => nets.push(n.phase));
    return { room: call.room, self: call.self };
  };
  window.ready = true;
</script>`;

const port = await freePort();
const bare = http.createServer((_req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/html' });
  res.end(BARE);
});
await new Promise((resolve) => bare.listen(port, '127.0.0.1', () => resolve(undefined)));
after(() => new Promise((resolve) => {
  bare.closeAllConnections();
  bare.close(resolve);
}));

/** @param {import('./lib/browser.mjs').Kind} kind @param {string} origin @param {string} server @param {string} look */
async function open(kind, origin, server, look) {
  const browser = await house.browser(kind);
  const page = await browser.open({ init: [[rack, { look }]] });
  house.pages.push(page);
  await page.goto(`${origin}/?server=${encodeURIComponent(server)}`);
  await page.until(() => /** @type {any} */ (window).ready, null, { what: 'madang.js is there' });
  return page;
}

/** @param {import('./lib/browser.mjs').Page} page @param {string} name @param {string} [room] */
const start = (page, name, room) => page.eval(([r, n]) => /** @type {any} */ (window).start(r || undefined, n), [room ?? '', name]);
const video = (/** @type {string} */ session) => `[id="${session}-camera"]`;
/** @param {import('./lib/browser.mjs').Page} page @param {string} text */
const reads = (page, text) => page.until((t) => /** @type {any} */ (window).said.includes(t), text, { what: text });

house.test('two bare pages and somebody with the page itself', async () => {
  const origin = `http://localhost:${port}`;
  const server = await house.server({ args: ['--allow-origin', origin] });
  const one = await open('chromium', origin, server.origin, 'RGBW');
  const two = await open('firefox', origin, server.origin, 'BWRG');
  const a = await start(one, 'Ann');
  const b = await start(two, 'Ben', a.room);
  await Promise.all([shows(one, video(b.self), 'BWRG'), shows(two, video(a.self), 'RGBW')]);
  await one.eval(() => /** @type {any} */ (window).call.say('hello').then(() => null));
  await reads(two, 'Ann: hello');

  const c = await house.person('chromium', { name: 'Cho', server, rack: { look: 'YRKG' } });
  await c.join(a.room);
  await Promise.all([shows(one, video(c.session), 'YRKG'), shows(two, video(c.session), 'YRKG'),
    shows(c.page, tileOf(a.self), 'RGBW'), shows(c.page, tileOf(b.self), 'BWRG')]);
  await receives(c.page, a.self, { camera: 5, mic: true });
  await c.say('hello from the page');
  await Promise.all([one, two].map((p) => reads(p, 'Cho: hello from the page')));

  // The server dies and comes back: what the pages see goes on, and they talk again.
  await server.down('SIGKILL');
  await one.until(() => /** @type {any} */ (window).nets.some((/** @type {string} */ n) => n !== 'online'), null, { what: 'lost' });
  await receives(c.page, a.self, { camera: 10, mic: true });
  await server.up();
  await Promise.all([one, two].map((p) => p.until(() => /** @type {any} */ (window).nets.at(-1) === 'online', null, { ms: 40_000, what: 'back' })));
  await two.eval(() => /** @type {any} */ (window).call.say('back').then(() => null));
  await reads(one, 'Ben: back');
  await two.eval(() => { /** @type {any} */ (window).call.leave(); });
  await one.until(() => document.querySelectorAll('video').length === 1, null, { what: 'Ben has left' });
}, { timeout: 150_000 });

house.test('a page whose origin the server does not know gets nothing', async () => {
  const server = await house.server({ args: ['--allow-origin', 'https://else.example'] });
  const page = await open('chromium', `http://localhost:${port}`, server.origin, 'RGBW').catch((e) => e);
  if (!(page instanceof Error)) {
    await page.eval(() => { /** @type {any} */ (window).start(undefined, 'Eve').then(() => { /** @type {any} */ (window).isIn = true; }); });
    await sleep(4000); // long enough for WebSocket and events both to be refused
    assert.equal(await page.eval(() => /** @type {any} */ (window).isIn ?? false), false);
  }
  assert.match((await server.get('/metrics')).body.toString(), /^madang_session_events_total\{event="new"\} 0$/m);
});
