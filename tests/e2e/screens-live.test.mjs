// Each screen of the real program with real people in it, at four sizes, in both languages, by day and by night:
// a picture of each into build/artifacts/screens, nothing serious for axe-core, nothing wider than the window.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { axeProblems, sideways } from '../lib/fixture_page.mjs';
import { artifacts } from './lib/browser.mjs';
import { House } from './lib/house.mjs';
import { painted } from './lib/painted.mjs';
import { LANGS, complaints, guest } from './lib/ui.mjs';

const house = new House('screens-live');
const out = path.join(process.env.MADANG_ARTIFACTS ?? 'build/artifacts', 'screens');
mkdirSync(out, { recursive: true });
const SIZES = /** @type {[string, number, number][]} */ ([['phone', 360, 740], ['lying', 740, 360], ['tablet', 820, 1180], ['desktop', 1440, 900]]);
const NAMES = { ko: ['나래', '민준', '서연', '하늘'], en: ['Nara', 'Mina', 'Theo', 'Sky'] };
const TITLES = { ko: ['가족 모임', '목요 독서 모임', '동네 기타 동호회'], en: ['Family evening', 'Thursday book club', 'Guitar from next door'] };
const TALK = {
  ko: ['안녕하세요! 잘 들리세요?', '네, 아주 잘 들려요. 사진 예쁘네요!', '여기 더 있어요 https://photos.example.kr/2026/가을'],
  en: ['Hello! Can you hear me?', 'Loud and clear. What lovely photos!', 'There are more at https://photos.example.kr/2026/autumn'],
};
/** @typedef {import('./lib/person.mjs').Person} Person */

/**
 * Pictures of what a page shows now.
 * @param {Person} p @param {string} name @param {string} lang @param {string[]} problems
 */
async function look(p, name, lang, problems) {
  const tab = p.page.raw;
  for (const theme of /** @type {const} */ (['light', 'dark'])) {
    await tab.emulateMedia({ colorScheme: theme });
    for (const [size, width, height] of SIZES) {
      await tab.setViewportSize({ width, height });
      await p.page.eval(() => new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 80)));
      }));
      const what = `live-${name}-${size}-${lang}-${theme}`;
      await tab.screenshot({ path: path.join(out, `${what}.png`) });
      const wide = await sideways(tab);
      if (wide > 0) problems.push(`${what}: ${wide} px too wide`);
      if (size === 'desktop' || (size === 'phone' && theme === 'light')) problems.push(...(await axeProblems(tab)).map((a) => `${what}: ${a}`));
    }
  }
}

/** All tiles have their picture. @param {Person} p @param {number} n */
const pictures = (p, n) => p.page.until((n) => {
  const videos = [...document.querySelectorAll('.tile video')].map((v) => /** @type {HTMLVideoElement} */ (v));
  return videos.length >= n && videos.every((v) => v.videoWidth > 0);
}, n, { what: `${n} pictures` });

for (const lang of LANGS) {
  house.test(`the screens as people see them (${lang})`, async () => {
    /** @type {string[]} */
    const problems = [];
    const server = await house.home();
    const names = NAMES[lang];
    const [me, mina, theo, sky] = await Promise.all(names.map((name, n) => house.person('chromium', { name, page: { lang, init: [painted(n)] } })));
    const see = (/** @type {string} */ name) => look(me, name, lang, problems);
    const guests = await Promise.all(TITLES[lang].slice(1).map((_, n) => guest(server, `g${n}`)));
    const [open, locked] = await Promise.all(guests.map((g, n) => g.create({ title: TITLES[lang][n + 1], ...(n ? { password: 'x' } : {}) })));
    await me.lobby();
    await me.page.see(`[data-room="${open}"]`);
    await me.page.see(`[data-room="${locked}"]`);
    await see('lobby');
    await me.page.click('[data-act=create]');
    await me.page.see('dialog[open]');
    await me.page.fill('[data-field=title]', TITLES[lang][0]);
    await see('create');
    await me.page.click('[data-act=create-go]');
    await me.page.see('[data-preview=live]');
    await me.page.until(() => (document.querySelector('.preview video')?.clientHeight ?? 0) > 0);
    await see('door');
    await me.page.click('[data-act=join]');
    await me.inRoom();
    await see('room-alone');
    await mina.join(me.room);
    await Promise.all([pictures(me, 2), pictures(mina, 2)]);
    await mina.say(TALK[lang][0]);
    await me.say(TALK[lang][1]);
    await mina.hears(TALK[lang][1]);
    await mina.say(TALK[lang][2]);
    await me.hears(TALK[lang][2]);
    await me.page.until(() => !document.querySelector('[data-notice], [data-toast]'), null, { what: 'nothing more to announce' });
    // As sharp as it gets: the first seconds of a call are coarse. On a busy machine it stays so.
    await me.page.until(() => [...document.querySelectorAll('.tile video')].every((v) => /** @type {HTMLVideoElement} */ (v).videoWidth >= 960),
      null, { ms: 12_000 }).catch(() => {});
    await see('room-two-chat');
    await me.page.click('[data-act=close-panel]');
    await see('room-two');
    await Promise.all([theo.join(me.room), sky.join(me.room)]);
    await pictures(me, 4);
    await sky.set('mic', false);
    await theo.set('cam', false);
    await me.page.until(() => document.querySelectorAll('.tile .tile-face').length === 1);
    await see('room-four');
    await mina.page.click('.bar [data-act=screen]');
    await me.page.until(() => (/** @type {HTMLVideoElement | null} */ (document.querySelector('[data-screen] video'))?.videoWidth ?? 0) > 0);
    await see('room-screen');
    await mina.page.click('.bar [data-act=screen]');
    await me.page.gone('[data-screen]');
    const file = artifacts('screens-live', lang === 'ko' ? '가을 소풍.txt' : 'autumn trip.txt');
    writeFileSync(file, Buffer.alloc(180_000, 'x'));
    await mina.page.setFiles(`[data-file-to="${me.session}"]`, [file]).catch(() => mina.openPeople()
      .then(() => mina.page.setFiles(`.people-list [data-file-to="${me.session}"]`, [file])));
    await me.openChat();
    await me.page.see('[data-file]');
    await me.menuOf(theo, 'whisper');
    await me.page.see('[data-whisper-to]');
    await me.page.fill('[data-field=chat]', lang === 'ko' ? '선물은 비밀이에요' : 'The present is a secret');
    await see('chat-whisper-file');
    await me.page.click('[data-tab=people]');
    await me.page.see('.people-list');
    await see('people');
    await me.page.raw.setViewportSize({ width: 1440, height: 900 });
    await me.page.click(`[data-person="${mina.session}"] [data-menu]`);
    await me.page.see('[role=menu]');
    await see('person-menu');
    await me.page.press('Escape');
    await me.page.click('[data-act=close-panel]');
    for (const [item, dialog] of [['share', 'share'], ['room', 'room'], ['settings', 'settings'], ['help', 'help'], ['merge', 'merge']]) {
      await me.page.click('[data-menu=more]');
      await me.page.see(`[data-item=${item}]`);
      if (item === 'share') await see('more-menu');
      await me.page.click(`[data-item=${item}]`);
      await me.page.see(`dialog[open][data-dialog=${dialog}]`);
      await see(`dialog-${dialog}`);
      await me.page.press('Escape');
      await me.page.gone('dialog');
    }
    await mina.menuOf(theo, 'whisper');
    await me.menuOf(mina, 'remove');
    await mina.page.see('[data-problem=removed]');
    await look(mina, 'over-removed', lang, problems);
    assert.deepEqual(problems, []);
    for (const p of [me, mina, theo, sky]) assert.deepEqual(complaints(p.page), []);
    for (const g of guests) g.close();
  }, { timeout: 240_000 });
}
