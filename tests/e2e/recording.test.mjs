// Files of recordings in Chromium: they play to their end, are as long as they should be, and one can go to their middle.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { audioRtp, recorder, SECONDS, videoRtp } from '../lib/recorded.mjs';
import { launch } from './lib/browser.mjs';

const DIR = mkdtempSync(path.join(os.tmpdir(), 'madang-played-'));
after(() => rmSync(DIR, { recursive: true, force: true }));

/** Runs in the page. @param {{ file: string, tag: string }} what */
async function play({ file, tag }) {
  const e = /** @type {HTMLVideoElement} */ (document.createElement(tag));
  document.body.append(e);
  e.muted = true;
  /** @param {string} name */
  const happens = (name) => new Promise((yes, no) => {
    e.addEventListener(name, yes, { once: true });
    e.addEventListener('error', () => no(new Error(`${file}: ${e.error?.message}`)), { once: true });
  });
  const known = happens('loadedmetadata');
  e.src = file;
  await known;
  const { duration, videoWidth: width = 0 } = e; // sound has none
  const there = happens('seeked');
  e.currentTime = duration / 2;
  await there;
  const middle = e.currentTime, over = happens('ended');
  e.playbackRate = 4;
  await e.play();
  await over;
  return { duration, width, middle, end: e.currentTime };
}

test('Chromium plays what was recorded', { timeout: 300_000 }, async (t) => {
  const codecs = ['vp8', 'vp9', 'h264', 'av1'];
  const tracks = [{ kind: 'mic', codec: 'opus', rtp: await audioRtp(DIR, 'opus') }];
  for (const codec of codecs) tracks.push({ kind: 'camera', codec, rtp: await videoRtp(DIR, codec) });
  const { dir, manifest } = await recorder(DIR)('all', tracks);
  writeFileSync(path.join(dir, 'index.html'), '<!doctype html><title>recorded</title>');
  const browser = await launch('chromium');
  t.after(() => browser.close());
  const page = await browser.open();
  await page.goto(pathToFileURL(path.join(dir, 'index.html')).href);
  assert.equal(manifest.tracks.length, 5);
  for (const { file, codec, kind } of manifest.tracks) {
    const seen = await page.eval(play, { file, tag: kind === 'mic' ? 'audio' : 'video' });
    const text = `${codec}: ${JSON.stringify(seen)}`;
    assert.ok(Math.abs(seen.duration - SECONDS) < 0.1 && Math.abs(seen.middle - SECONDS / 2) < 0.1, text);
    assert.ok(Math.abs(seen.end - seen.duration) < 0.1, text);
    assert.equal(seen.width, kind === 'mic' ? 0 : 320, text);
  }
});
