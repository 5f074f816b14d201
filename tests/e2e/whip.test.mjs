// A browser publishes by WHIP and others watch by WHEP, on the page that plays a room.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { promisify } from 'node:util';
import { BIN, freePort } from '../lib/server.mjs';
import { House } from './lib/house.mjs';
import { publish } from './lib/whip.mjs';

// Not on the loopback alone: Firefox pairs no address of the machine with that.
const house = new House('whip', { args: ['--groups', 'auto'], host: '0.0.0.0' });
const run = promisify(execFile);

/** Runs in the page: the one picture has been seen in another colour than before. */
const moves = () => {
  const [video, other] = [...document.querySelectorAll('video')].filter((v) => !v.hidden);
  if (!video?.videoWidth || other) return false;
  const canvas = Object.assign(document.createElement('canvas'), { width: 4, height: 4 });
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  g.drawImage(video, 0, 0, 4, 4);
  const all = /** @type {any} */ (window), colour = Math.round(g.getImageData(2, 2, 1, 1).data[1] / 16);
  all.colours = (all.colours ?? new Set()).add(colour);
  return all.colours.size >= 2 && document.getElementById('says')?.textContent === '';
};

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  house.test(`${kind} publishes by WHIP, Chromium and Firefox watch the room`, async () => {
    const server = await house.home();
    const { stdout } = await run(BIN, ['token', '--data', server.data, '--room', 'new', '--publish', '--view']);
    const token = /^token: +(\S+)$/m.exec(stdout)?.[1] ?? '', room = /^room: .*\/r\/(\w+)$/m.exec(stdout)?.[1];
    const viewers = [];
    for (const look of /** @type {const} */ (['chromium', 'firefox'])) {
      const page = await (await house.browser(look)).open();
      await page.goto(`${server.origin}/watch/${room}#${token}`);
      viewers.push({ look, page });
    }
    // There is nobody yet, and the players wait.
    for (const { page } of viewers) await page.until(() => /^(Nobody|지금)/.test(document.getElementById('says')?.textContent ?? ''));
    const from = await (await house.browser(kind)).open();
    await from.goto(`${server.origin}/`);
    assert.equal(await from.eval(publish, { url: `/whip/${room}/Stage`, token }), 201);
    for (const { look, page } of viewers) await page.until(moves, undefined, { ms: 60_000, what: `${look} sees it move` });
  }, { timeout: 150_000 });
}

house.test('a link that is not good says so', async () => {
  const server = await house.home();
  const page = await (await house.browser('chromium')).open();
  await page.goto(`${server.origin}/watch/0000000000001#mdm_wrong`);
  await page.until(() => /does not let you|볼 수 없어요/.test(document.getElementById('says')?.textContent ?? ''));
});

house.test('a player that begins with few lines gets more when there are more people', async () => {
  const server = await house.home();
  const { stdout } = await run(BIN, ['token', '--data', server.data, '--room', 'new', '--publish', '--view']);
  const token = /^token: +(\S+)$/m.exec(stdout)?.[1] ?? '', room = /^room: .*\/r\/(\w+)$/m.exec(stdout)?.[1];
  const chromium = await house.browser('chromium');
  const from = await chromium.open(), page = await chromium.open();
  await from.goto(`${server.origin}/`);
  for (const name of ['a', 'b', 'c']) assert.equal(await from.eval(publish, { url: `/whip/${room}/${name}`, token }), 201);
  await page.goto(`${server.origin}/watch/${room}#${token}`);
  await page.until(() => [...document.querySelectorAll('video')].filter((v) => !v.hidden && v.videoWidth).length === 3, undefined,
    { ms: 60_000, what: 'three pictures' });
}, { timeout: 120_000 });

house.test('a player goes on by itself when the server was away', async () => {
  const server = await house.server({ args: ['--groups', 'auto'], host: '0.0.0.0' });
  const { stdout } = await run(BIN, ['token', '--data', server.data, '--room', 'new', '--publish', '--view']);
  const token = /^token: +(\S+)$/m.exec(stdout)?.[1] ?? '', room = /^room: .*\/r\/(\w+)$/m.exec(stdout)?.[1];
  const chromium = await house.browser('chromium');
  const from = await chromium.open(), page = await chromium.open({ phone: true, lang: 'ko' });
  await from.goto(`${server.origin}/`);
  assert.equal(await from.eval(publish, { url: `/whip/${room}/Stage`, token }), 201);
  await page.goto(`${server.origin}/watch/${room}#${token}`);
  await page.until(moves, undefined, { ms: 60_000, what: 'it moves' });
  await server.restart('SIGKILL');
  await page.until(() => document.getElementById('says')?.textContent !== '', undefined, { ms: 60_000, what: 'words' });
  await from.goto(`${server.origin}/`);
  assert.equal(await from.eval(publish, { url: `/whip/${room}/Stage`, token }), 201);
  await page.until(moves, undefined, { ms: 60_000, what: 'it moves again' });
}, { timeout: 200_000 });

/** Runs in a page of another origin: how a session, a change and its end are answered. @param {{url: string, token: string}} to */
async function elsewhere({ url, token }) {
  const pc = new RTCPeerConnection();
  pc.addTransceiver('video', { direction: 'recvonly' });
  await pc.setLocalDescription();
  const authorization = { Authorization: `Bearer ${token}` };
  const answer = await fetch(url, { method: 'POST', body: pc.localDescription?.sdp,
    headers: { 'Content-Type': 'application/sdp', ...authorization } });
  await pc.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  await new Promise((resolve) => {
    const look = () => pc.connectionState === 'connected' && resolve(null);
    pc.onconnectionstatechange = look;
    look();
  });
  const session = new URL(answer.headers.get('Location') ?? '', url).href, etag = answer.headers.get('ETag') ?? '';
  const patch = await fetch(session, { method: 'PATCH', body: 'a=end-of-candidates\r\n',
    headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': etag, ...authorization } });
  const end = await fetch(session, { method: 'DELETE', headers: authorization });
  pc.close();
  return [answer.status, patch.status, end.status];
}

house.test('a page of another origin watches', async () => {
  const server = await house.home();
  const { stdout } = await run(BIN, ['token', '--data', server.data, '--room', 'new', '--publish', '--view']);
  const token = /^token: +(\S+)$/m.exec(stdout)?.[1] ?? '', room = /^room: .*\/r\/(\w+)$/m.exec(stdout)?.[1];
  const site = http.createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>x</title>'));
  site.listen(await freePort(), '127.0.0.1');
  await once(site, 'listening');
  try {
    const chromium = await house.browser('chromium');
    const from = await chromium.open(), page = await chromium.open();
    await from.goto(`${server.origin}/`);
    assert.equal(await from.eval(publish, { url: `/whip/${room}/Stage`, token }), 201);
    await page.goto(`http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (site.address()).port}/`);
    assert.deepEqual(await page.eval(elsewhere, { url: `${server.origin}/whep/${room}`, token }), [201, 204, 200]);
  } finally {
    site.close();
    site.closeAllConnections();
  }
}, { timeout: 120_000 });
