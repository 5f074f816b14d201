// A browser publishes by WHIP and others watch by WHEP, on the page that plays a room.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BIN } from '../lib/server.mjs';
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
