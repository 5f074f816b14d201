// Files from person to person: 50 MB that arrive as they were, while people talk; and some that don't.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { House } from './lib/house.mjs';
import { receives } from './lib/media.mjs';

const house = new House('call_file');
const SIZE = 50_000_000;
const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-file-'));
const big = path.join(dir, '큰 파일 (50 MB).bin');
const bytes = randomBytes(1 << 20);
const content = Buffer.concat(Array.from({ length: Math.ceil(SIZE / bytes.length) }, (_, i) => {
  bytes.writeUInt32LE(i, 0);
  return Buffer.from(bytes);
})).subarray(0, SIZE);
writeFileSync(big, content);
const sha256 = createHash('sha256').update(content).digest('hex');
const small = path.join(dir, 'small.txt');
writeFileSync(small, 'hello');
after(() => rmSync(dir, { recursive: true, force: true }));

/** @typedef {import('./lib/person.mjs').Person & {look: string}} Someone */

/** Into memory, not by a file picker that a test can't press; and what is offered for saving is kept. */
const inMemory = () => {
  const w = /** @type {any} */ (window);
  delete w.showSaveFilePicker;
  w.saved = new Map();
  const real = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    const url = real(blob);
    w.saved.set(url, blob);
    return url;
  };
};

/** @param {import('./lib/browser.mjs').Kind} one @param {import('./lib/browser.mjs').Kind} other */
async function two(one, other) {
  const page = { init: /** @type {any} */ ([[inMemory, null]]) };
  const [a, b] = [await house.person(one, { name: 'Ann', page }), await house.person(other, { name: 'Ben', page })];
  await b.join(await a.create());
  await receives(b.page, a.session, { camera: 3 });
  return [a, b];
}

/** @param {Someone} a @param {Someone} b @param {string} file */
async function offer(a, b, file) {
  await a.openChat();
  await a.page.setFiles(`figure [data-file-to="${b.session}"]`, [file]); // what "send a file" in b's menu opens
  await b.openChat();
  await b.page.see('[data-file-act=accept]');
}

/** @param {Someone} p @param {string} phase @param {number} [ms] */
const phase = (p, phase, ms) => p.page.see(`[data-phase=${phase}]`, ms);

for (const [one, other] of /** @type {const} */ ([['chromium', 'firefox'], ['firefox', 'chromium']])) {
  house.test(`50 MB from ${one} to ${other}, with words in between`, async () => {
    const [a, b] = await two(one, other);
    await offer(a, b, big);
    const start = Date.now();
    await b.page.click('[data-file-act=accept]');
    await phase(b, 'moving');
    await a.say('while it moves');
    await b.hears('while it moves');
    await receives(b.page, a.session, { camera: 3, mic: true });
    const stillMoving = await b.page.count('[data-phase=moving]');
    await phase(a, 'done', 90_000);
    await phase(b, 'done', 90_000);
    console.log(`# 50 MB ${one} -> ${other}: ${((Date.now() - start) / 1000).toFixed(1)} s; words ${stillMoving ? 'before' : 'after'} its end`);
    const got = await b.page.eval(async () => {
      const link = /** @type {HTMLAnchorElement} */ (document.querySelector('[data-file-act=save]'));
      const data = await /** @type {any} */ (window).saved.get(link.href).arrayBuffer();
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
      const state = /** @type {any} */ (Object.values(/** @type {any} */ (window).madang.state().files)[0]);
      return { name: link.download, size: data.byteLength, shown: state.sha256,
        sha256: [...hash].map((x) => x.toString(16).padStart(2, '0')).join('') };
    });
    assert.deepEqual(got, { name: path.basename(big), size: SIZE, shown: sha256, sha256 });
    const sent = await a.page.eval(() => /** @type {any} */ (Object.values(/** @type {any} */ (window).madang.state().files)[0]).sha256);
    assert.equal(sent, sha256);
  }, { timeout: 180_000 });
}

house.test('declined, cancelled by either side, and the call goes on', async () => {
  const [a, b] = await two('chromium', 'firefox');
  await offer(a, b, small);
  await b.page.click('[data-file-act=decline]');
  await phase(a, 'declined');

  await offer(a, b, big);
  await b.page.click('[data-file-act=accept]');
  await phase(a, 'moving');
  await a.page.click('[data-phase=moving] [data-file-act=cancel]');
  await phase(b, 'cancelled');
  await phase(a, 'cancelled');

  await offer(b, a, big);
  await a.page.click('[data-file-act=accept]');
  await phase(a, 'moving');
  await a.page.click('[data-phase=moving] [data-file-act=cancel]');
  await b.page.until(() => document.querySelectorAll('[data-phase=cancelled]').length === 2, null);

  await offer(b, a, small);
  await a.page.click('[data-file-act=accept]');
  await phase(a, 'done');
  await phase(b, 'done');
  await receives(b.page, a.session, { camera: 5, mic: true });
  await receives(a.page, b.session, { camera: 5, mic: true });
}, { timeout: 180_000 });
