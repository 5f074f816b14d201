// A room is recorded, by the page: everybody sees and hears of it, only who agrees is in it, who comes later is asked at
// the door; it is listed, plays to its end, is downloaded and removed by its owner alone; a server that falls leaves
// what there was.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { sleep } from '../lib/server.mjs';
import { PATIENCE } from './lib/browser.mjs';
import { House } from './lib/house.mjs';
import { allNamed, holds, watchCsp, words } from './lib/ui.mjs';
import { User } from './lib/user.mjs';

const house = new House('recording-room');
const OPEN = { args: ['--registration', 'open', '--groups', 'auto'], host: '0.0.0.0' };
const t = words.en;
const SOME = 20_000;

/** Counts the notes that the page plays. */
function countNotes() {
  const start = OscillatorNode.prototype.start;
  /** @type {any} */ (window).notes = 0;
  OscillatorNode.prototype.start = function counted(...args) {
    /** @type {any} */ (window).notes++;
    return start.apply(this, args);
  };
}

/** @typedef {import('./lib/house.mjs').HouseServer} Server */
/** @typedef {import('./lib/person.mjs').Person} Person */

/** @param {Server} server @param {'chromium'|'firefox'} kind @param {string} name */
const somebody = (server, kind, name) => house.person(kind, {
  name, server, rack: { fps: 8, size: [320, 240] }, page: { init: [[watchCsp, null], [countNotes, null]] },
});

/** Somebody with an account, in a room of their own. @param {Server} server */
async function owner(server) {
  const person = await somebody(server, 'chromium', 'Mina');
  const user = new User(person, { name: 'mina' });
  await user.register({ name: 'mina', display: 'Mina' });
  await person.page.goto(`${person.url}/?debug#rooms`);
  await person.page.see('[data-act=create]');
  await person.create({ title: 'Talk', unlisted: true }); // in the list it would be seen before one asks
  return { person, user, page: person.page };
}

/** By the menu of the room. @param {import('./lib/browser.mjs').Page} page */
async function turnRecording(page) {
  await page.click('[data-menu=more]');
  await page.click('[data-item=record]');
  await page.see('[data-dialog=record]');
  await page.click('[data-act=record-go]');
}

/** The manifest of the only recording, as it is now. @param {Server} server @returns {any} */
function manifestOf(server) {
  const all = path.join(server.data, 'recordings');
  try {
    const [some] = readdirSync(all);
    const [one] = readdirSync(path.join(all, some));
    const m = JSON.parse(readFileSync(path.join(all, some, one, 'manifest.json'), 'utf8'));
    for (const track of m.tracks) track.size = track.file ? statSync(path.join(all, some, one, track.file)).size : 0;
    return m;
  } catch {
    return null; // not yet, or being written
  }
}

/** Waits until that is so of it. @param {Server} server @param {(m: any) => boolean} fn @param {string} what */
async function recorded(server, fn, what) {
  for (const end = Date.now() + 2 * PATIENCE; Date.now() < end; await sleep(100)) {
    const m = manifestOf(server);
    if (m && fn(m)) return m;
  }
  throw new Error(`${what}: ${JSON.stringify(manifestOf(server))}`);
}

/** The tracks of a kind of which so much is on the disk. @param {any} m @param {string} kind @param {number} n */
const long = (m, kind, n) => m.tracks.filter((/** @type {any} */ x) => x.kind === kind && x.size >= n);

/** Plays what is shown to its end. @param {import('./lib/browser.mjs').Page} page @param {string} selector */
const playToEnd = (page, selector) => page.eval(async (s) => {
  const e = /** @type {HTMLMediaElement} */ (document.querySelector(s));
  e.muted = true;
  e.playbackRate = 4;
  /** @type {Promise<void>} */
  const over = new Promise((yes, no) => {
    e.addEventListener('ended', () => yes(), { once: true });
    e.addEventListener('error', () => no(new Error(e.error?.message)), { once: true });
  });
  await e.play();
  await over;
  return { duration: e.duration, at: e.currentTime };
}, selector);

/** To one's own page, and the files of the only recording there. @param {User} user @param {string} state */
async function openFiles(user, state) {
  const { page } = user;
  await page.goto(`${user.person.url}/?debug#me`);
  await page.see(`[data-recording-id][data-state=${state}]`);
  await page.click('[data-act=recording-files]');
  await page.see('[data-track-file]');
}

/** @param {import('./lib/browser.mjs').Page} page @param {string} at */
const status = (page, at) => page.eval(async (at) => (await fetch(at)).status, at);

house.test('everybody knows, who agrees is in it, and its owner has it afterwards', async () => {
  const server = await house.server(OPEN);
  const { user: mina, page } = await owner(server);
  const { room } = mina.person;
  const ben = await somebody(server, 'firefox', 'Ben');
  await ben.join(room);
  await turnRecording(page);
  for (const p of [page, ben.page]) {
    await p.see('[data-recording]');
    await holds(p, '[data-live=chat]', t('notice.recording_on', { name: 'Mina' }));
    await p.until(() => /** @type {any} */ (window).notes >= 2, null, { what: 'it is heard' });
  }
  await ben.page.see('[data-hint=recording]');
  assert.equal(await page.count('[data-hint=recording]'), 0, 'she has begun it');
  await allNamed(page, 'the room');
  await recorded(server, (m) => long(m, 'camera', SOME).length === 1 && long(m, 'mic', SOME / 10).length === 1, 'hers alone');
  assert.equal(manifestOf(server).tracks.length, 2, 'he is not in it');
  await ben.page.click('[data-act=recording-agree]');
  await ben.page.gone('[data-hint=recording]');
  await recorded(server, (m) => long(m, 'camera', SOME).length === 2, 'his, too');

  const cho = await somebody(server, 'chromium', 'Cho');
  await cho.toDoor(room);
  await cho.page.click('[data-act=join]');
  await cho.page.see('[data-problem=recorded]');
  await holds(cho.page, '[data-act=join]', t('prejoin.join_recorded'));
  await allNamed(cho.page, 'the door');
  assert.equal(await page.eval(() => {
    const s = /** @type {any} */ (window).madang.state();
    return s.rooms[s.current].order.length;
  }), 2, 'nobody has come in');
  await cho.page.click('[data-act=join]');
  await cho.inRoom();
  await cho.page.see('[data-recording]');
  assert.equal(await cho.page.count('[data-hint=recording]'), 0, 'asked once');
  const names = (/** @type {any} */ m) => long(m, 'camera', SOME).map((/** @type {any} */ x) => x.name).sort().join();
  await recorded(server, (m) => names(m) === 'Ben,Cho,Mina', 'all three');
  await ben.page.reload();
  await ben.inRoom();
  await ben.page.see('[data-recording]');
  assert.equal(await ben.page.count('[data-hint=recording]'), 0, 'who reloads is not asked again');

  await cho.page.click('[data-act=recording]');
  await cho.page.see('[data-dialog=recorded]');
  await allNamed(cho.page, 'what it is about');
  await cho.page.click('[data-act=recording-take-back]');
  await cho.page.see('[data-hint=recording]');
  /** All of theirs. @param {any} m @param {string} name */
  const size = (m, name) => m.tracks.reduce((/** @type {number} */ n, /** @type {any} */ x) => n + (x.name === name ? x.size : 0), 0);
  const more = async () => {
    const before = size(manifestOf(server) ?? await recorded(server, () => true, 'the files'), 'Mina');
    return recorded(server, (m) => size(m, 'Mina') > before + SOME / 10, 'hers goes on');
  };
  await more(); // what was under way has been written
  const settled = size(await more(), 'Cho');
  assert.equal(size(await more(), 'Cho'), settled, 'nothing of Cho is added');

  await turnRecording(page);
  for (const p of [page, ben.page, cho.page]) await p.gone('[data-recording]');
  const made = await recorded(server, (m) => m.ended === 'stopped', 'the end');
  await page.click('[data-act=leave]');
  await openFiles(mina, 'stopped');
  assert.equal(await page.count('[data-track-file]'), made.tracks.length);
  await allNamed(page, 'the list');
  const first = made.tracks.find((/** @type {any} */ x) => x.kind === 'camera' && x.name === 'Mina');
  const played = await playToEnd(page, `[data-track-file="${first.file}"] video`);
  assert.ok(Math.abs(played.duration - first.duration_ms / 1000) < 0.2 && Math.abs(played.at - played.duration) < 0.2,
    `${JSON.stringify(played)} of ${first.duration_ms} ms`);
  const at = await page.eval((s) => /** @type {HTMLAnchorElement} */ (document.querySelector(s)).getAttribute('href') ?? '',
    `[data-track-file="${first.file}"] [data-act=download-track]`);
  assert.equal(await status(page, at), 200);
  assert.equal(await status(ben.page, at), 404, 'for nobody else');
  await page.click('[data-act=recording-remove]');
  await page.click('[data-act=recording-remove-go]');
  await page.gone('[data-recording-id]');
  assert.equal(await status(page, at), 404);
}, { timeout: 240_000 });

house.test('a server that falls leaves what there was', async () => {
  const server = await house.server(OPEN);
  const { user: mina, page } = await owner(server);
  await turnRecording(page);
  await page.see('[data-recording]');
  await recorded(server, (m) => long(m, 'camera', 2 * SOME).length === 1, 'something');
  await server.restart('SIGKILL');
  await openFiles(mina, 'cut_off');
  const seen = await playToEnd(page, '[data-track-file$="-camera.webm"] video');
  assert.ok(seen.at > 1 && Math.abs(seen.at - seen.duration) < 0.2, JSON.stringify(seen));
});
