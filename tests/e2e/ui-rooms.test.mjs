// Rooms, people and talk through the page: what one does with buttons and fields, and what the others see of it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { qrPath } from '../../web/views/share.js';
import { sleep } from '../lib/server.mjs';
import { PATIENCE, artifacts } from './lib/browser.mjs';
import { House } from './lib/house.mjs';
import { complaints, guest, holds, reads, words } from './lib/ui.mjs';

const house = new House('ui-rooms');
const en = words.en;
/** @typedef {import('./lib/person.mjs').Person} Person */

/** Two pages in one room. @param {{title?: string, names?: [string, string]}} [o] @returns {Promise<[Person, Person]>} */
async function two({ title = 'Choir', names = ['Ann', 'Ben'] } = {}) {
  const [a, b] = await Promise.all(names.map((name) => house.person('chromium', { name })));
  await a.create({ title });
  await b.join(a.room);
  return [a, b];
}

/** @param {Person} p @param {string} item  of the More menu */
async function more(p, item) {
  await p.page.click('[data-menu=more]');
  await p.page.see(`[data-item=${item}]`);
  await p.page.click(`[data-item=${item}]`);
}

house.test('the live list: public rooms with their counts, unlisted ones by link only, signs for password and lock', async () => {
  const server = await house.server();
  const o = { server };
  const [a, b, c, watcher] = await Promise.all(['Ann', 'Ben', 'Cem', 'Wim'].map((name) => house.person('chromium', { name, ...o })));
  await watcher.lobby();
  await holds(watcher.page, '.rooms-empty', en('rooms.none'));
  const open = await a.create({ title: 'Everyone' });
  await reads(watcher.page, `.room-card:has([data-room="${open}"]) h3`, 'Everyone');
  const hidden = await b.create({ title: 'Only us', unlisted: true });
  await reads(watcher.page, `.room-card:has([data-room="${open}"]) .badge`, en('rooms.count', { count: 1 }));
  await c.join(open);
  await reads(watcher.page, `.room-card:has([data-room="${open}"]) .badge`, en('rooms.count', { count: 2 }));
  await watcher.page.see('[data-totals="1/4"]');
  assert.equal(await watcher.page.count(`[data-room="${hidden}"]`), 0);
  await a.page.click('[data-act=room-settings]');
  await a.page.see('dialog[open] [data-field=password]');
  await a.page.fill('dialog [data-field=password]', 'sesame');
  await a.page.click('[data-act=room-save]');
  await reads(watcher.page, `.room-card:has([data-room="${open}"]) .badge`, en('rooms.password'));
  await more(a, 'lock');
  await reads(watcher.page, `.room-card:has([data-room="${open}"]) .badge`, en('rooms.locked'));
  // By link: the unlisted one, from the address bar.
  await watcher.open(`/r/${hidden}`);
  await watcher.page.click('[data-act=join]');
  await watcher.inRoom();
  await reads(watcher.page, '[data-room-title]', 'Only us');
  await watcher.leave();
  await watcher.page.until(() => location.pathname === '/');
  await a.leave();
  await c.leave();
  await holds(watcher.page, '.rooms-empty', en('rooms.none'));
  for (const p of [a, b, c, watcher]) assert.deepEqual(complaints(p.page), []);
});

house.test('a room with a password from the start asks everybody at the door', async () => {
  const [a, b] = await Promise.all(['Ann', 'Ben'].map((name) => house.person('chromium', { name })));
  const room = await a.create({ title: 'Secret', password: 'open sesame' });
  await a.page.see('.room-head .badge');
  await b.toDoor(room);
  await b.page.see('[data-field=password]');
  await b.page.fill('[data-field=password]', 'open sesame');
  await b.page.press('Enter');
  await b.inRoom();
});

house.test('the way back of the browser leads from the room to the lobby', async () => {
  const [a] = await two();
  assert.equal(await a.page.eval(() => location.pathname), `/r/${a.room}`);
  await a.page.raw.goBack();
  await a.page.gone('[data-room-title]');
});

house.test('names: changed in the room, told apart when two are the same', async () => {
  const [a, b] = await two({ names: ['Mina', 'Mina'] });
  for (const [p, other] of [[a, b], [b, a]]) {
    await reads(p.page, `.tile[data-session="${other.session}"] figcaption .cut`, `Mina #${other.session.slice(-4)}`);
  }
  await b.openPeople();
  await b.page.click('[data-act=rename]');
  await b.page.see('[data-field=rename]');
  await b.page.fill('[data-field=rename]', '민아');
  await b.page.press('Enter');
  await a.told(b, { name: '민아', suffix: '' });
  await reads(a.page, `.tile[data-session="${b.session}"] figcaption .cut`, '민아');
  await a.openChat();
  await reads(a.page, '[data-notice-line=renamed]', en('notice.renamed', { name: 'Mina', text: '민아' }));
  const server = await house.home();
  const third = await guest(server, '민아');
  await third.join(a.room);
  await a.told(b, { suffix: b.session.slice(-4) });
  third.close();
});

house.test('the owner\'s tools: rename, lock, capacity, remove, and the next owner', async () => {
  const [a, b] = await two();
  const server = await house.home();
  const third = await guest(server, 'Eve');
  await third.join(a.room);
  assert.equal(await b.page.count('[data-act=room-settings]'), 0);
  await a.page.click('.room-head [data-act=room-settings]');
  await a.page.see('dialog[open] [data-field=title]');
  await a.page.fill('dialog [data-field=title]', '합창단');
  await a.force('dialog [data-field=locked]');
  await a.page.click('[data-act=room-save]');
  await reads(b.page, '[data-room-title]', '합창단');
  await holds(b.page, '.room-head .badge', en('rooms.locked'));
  await b.openChat();
  await reads(b.page, '[data-notice-line=room_renamed]', en('notice.room_renamed', { text: '합창단' }));
  await reads(b.page, '[data-notice-line=room_locked]', en('notice.room_locked'));
  await more(a, 'lock');
  await reads(b.page, '[data-notice-line=room_unlocked]', en('notice.room_unlocked'));
  await a.openPeople();
  await a.page.click(`[data-person="${third.session}"] [data-menu]`);
  await a.page.see('[data-item=remove]');
  await a.page.click('[data-item=remove]');
  await third.event((e) => e.type === 'left' && e.reason === 'removed' && e.session === third.session);
  await reads(b.page, '[data-notice-line=removed]', `${en('notice.removed', { name: 'Eve' })} ${en('notice.count', { count: 2 })}`);
  assert.equal((await third.ask('join', { room: a.room })).code, 'removed');
  await a.leave();
  await b.page.see('.room-head [data-act=room-settings]');
  await reads(b.page, '[data-notice-line=owner]', en('notice.owner', { name: 'Ben' }));
  third.close();
});

house.test('two rooms become one', async () => {
  const [a, b] = await two({ title: 'Left' });
  const other = await house.person('chromium', { name: 'Cem' });
  const into = await other.create({ title: 'Right' });
  await more(a, 'merge');
  await a.page.see('dialog[open] [data-field=into]');
  // Not before it is in the list: another room would be taken.
  await a.page.until((room) => !!document.querySelector(`[data-field=into] option[value="${room}"]`), into);
  await a.page.eval((room) => {
    const select = /** @type {HTMLSelectElement} */ (document.querySelector('[data-field=into]'));
    select.value = room;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  }, into);
  await a.page.click('[data-act=merge-go]');
  for (const p of [a, b]) {
    await reads(p.page, '[data-room-title]', 'Right');
    await p.page.until((room) => location.pathname === `/r/${room}`, into);
  }
  await other.page.until((n) => document.querySelectorAll('.tile').length === n, 3);
  for (const p of [a, b, other]) await p.page.until(() => document.querySelectorAll('.tile video').length === 3);
});

house.test('inviting: the link is copied, and its QR code says the same', async () => {
  const a = await house.person('chromium', { name: 'Ann', page: { permissions: ['clipboard-read', 'clipboard-write'] } });
  await a.create({ title: 'Choir' });
  const link = `${a.url}/r/${a.room}`;
  await a.page.click('[data-act=share]');
  await a.page.see('dialog[open] [data-act=copy-room-link]');
  await a.page.click('[data-act=copy-room-link]');
  await reads(a.page, '.copied', en('share.copied'));
  assert.equal(await a.page.eval(() => navigator.clipboard.readText()), link);
  const { path, size } = qrPath(link);
  assert.deepEqual(await a.page.eval(() => {
    const svg = document.querySelector('.qr');
    return [svg?.querySelector('path')?.getAttribute('d'), svg?.getAttribute('viewBox')];
  }), [path, `0 0 ${size} ${size}`]);
});

house.test('chat: together what belongs together, links that are safe, what was said for who comes later', async () => {
  const [a, b] = await two();
  await a.say('one');
  await a.say('two');
  await b.hears('two');
  await b.page.until(() => document.querySelectorAll('.chat-list .words').length === 1 && document.querySelectorAll('.words .bubble').length === 2);
  await b.say('see https://example.org/a_(b)?q=1. and javascript:alert(1)');
  await a.page.see('.bubble a');
  const link = await a.page.eval(() => {
    const all = [...document.querySelectorAll('.bubble a')].map((e) => /** @type {HTMLAnchorElement} */ (e));
    return all.map((e) => [e.href, e.target, e.rel]);
  });
  assert.deepEqual(link, [['https://example.org/a_(b)?q=1', '_blank', 'noopener noreferrer nofollow']]);
  const late = await house.person('chromium', { name: 'Lea' });
  await late.join(a.room);
  await late.openChat();
  for (const text of ['one', 'two']) await late.hears(text);
});

house.test('a long message: counted near the end, and not sent beyond', async () => {
  const [a, b] = await two();
  await a.openChat();
  await a.page.fill('[data-field=chat]', '가'.repeat(2001));
  await holds(a.page, '.composer', en('chat.length', { length: 2001, limit: 2000 }));
  assert.equal(await a.page.eval(() => /** @type {HTMLButtonElement} */ (document.querySelector('[data-act=send]')).disabled), true);
  await a.page.fill('[data-field=chat]', '가'.repeat(2000));
  await a.page.click('[data-act=send]');
  await b.hears('가'.repeat(2000));
});

const EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>';

house.test('names, titles, words and file names of bad people stay text', async () => {
  const server = await house.home();
  const evil = await guest(server, '<svg onload=window.hacked=3>');
  const room = await evil.create({ title: '<b onclick=alert(1)>x</b>"\'' });
  const p = await house.person('chromium', { name: 'Ann' });
  const { page } = p;
  await p.lobby();
  await reads(page, `.room-card:has([data-room="${room}"]) h3`, '<b onclick=alert(1)>x</b>"\'');
  await p.join(room);
  await reads(page, '[data-room-title]', '<b onclick=alert(1)>x</b>"\'');
  await evil.must('chat', { room, text: EVIL });
  await p.hears(EVIL);
  await evil.must('whisper', { room, to: p.session, text: `${EVIL} javascript:alert(1)//https://x` });
  await evil.must('file', { room, to: p.session, conn: 'f-1', kind: 'offer', name: '../<img src=x onerror=window.hacked=4>.html', size: 12, mime: 'text/html' });
  await page.see('[data-file]');
  await reads(page, '.file-name', '.._<img src=x onerror=window.hacked=4>.html');
  await p.openPeople();
  await holds(page, '.person b', '<svg onload=window.hacked=3>');
  await page.click('[data-tab=chat]');
  const bad = await page.eval(() => ({
    hacked: /** @type {any} */ (window).hacked ?? null, img: document.querySelectorAll('img, script:not([src]), svg[onload]').length,
    href: [...document.querySelectorAll('a')].filter((e) => !/^https?:/.test(e.href)).length,
  }));
  assert.deepEqual(bad, { hacked: null, img: 0, href: 0 });
  assert.deepEqual(complaints(page), []);
  evil.close();
});

house.test('typing is seen and forgotten; what is unread is counted, also in the tab\'s title', async () => {
  const [a, b] = await two();
  await b.openChat();
  await a.openChat();
  await a.page.click('[data-field=chat]');
  await a.page.raw.keyboard.type('hm');
  await reads(b.page, '[data-typing="1"]', en('chat.typing_one', { name: 'Ann' }));
  await a.page.fill('[data-field=chat]', '');
  await b.page.see('[data-typing="0"]');
  await b.page.click('[data-act=close-panel]');
  await a.say('first');
  await a.say('second');
  await b.page.see('[data-unread="2"]');
  await b.page.until(() => document.title.startsWith('(2) '));
  await b.openChat();
  await b.page.gone('[data-unread]');
});

house.test('a file: offered, accepted and checked; declined; cancelled', async () => {
  const noPicker = /** @type {[() => void, null]} */ ([() => { Reflect.deleteProperty(window, 'showSaveFilePicker'); }, null]);
  const [a, b] = await Promise.all(['Ann', 'Ben'].map((name) => house.person('chromium', { name, page: { init: [noPicker] } })));
  await a.create({ title: 'Files' });
  await b.join(a.room);
  const file = (/** @type {string} */ name, /** @type {number} */ size) => {
    const at = artifacts('ui-rooms', name);
    writeFileSync(at, Buffer.alloc(size, name));
    return at;
  };
  await a.openChat();
  const send = async (/** @type {string} */ name, /** @type {number} */ size) => {
    const chooser = a.page.raw.waitForEvent('filechooser');
    await a.page.click('[data-act=attach]');
    await (await chooser).setFiles([file(name, size)]);
    await b.page.until((n) => [...document.querySelectorAll('[data-toast=file_offer]')].some((e) => e.textContent?.includes(n))
      || [...document.querySelectorAll('.file-name')].some((e) => e.textContent === n), name);
    await b.openChat();
  };
  const card = (/** @type {string} */ name) => `[data-file]:has([title="${name}"])`;
  await send('가을.txt', 70_000);
  await holds(a.page, card('가을.txt'), en('file.waiting', { name: 'Ben' }));
  await b.page.click(`${card('가을.txt')} [data-file-act=accept]`);
  await holds(b.page, card('가을.txt'), en('file.received'));
  await holds(a.page, card('가을.txt'), en('file.sent'));
  const got = await b.page.eval(async (s) => {
    const link = /** @type {HTMLAnchorElement} */ (document.querySelector(`${s} [data-file-act=save]`));
    const name = link.download;
    return { name, scheme: new URL(link.href).protocol };
  }, card('가을.txt'));
  assert.deepEqual(got, { name: '가을.txt', scheme: 'blob:' });
  await send('no.txt', 10);
  await b.page.click(`${card('no.txt')} [data-file-act=decline]`);
  await holds(a.page, card('no.txt'), en('file.declined'));
  await send('oops.txt', 10);
  await a.page.click(`${card('oops.txt')} [data-file-act=cancel]`);
  await holds(b.page, card('oops.txt'), en('file.cancelled'));
  await b.page.click(`${card('oops.txt')} [data-file-act=forget]`);
  await b.page.gone(card('oops.txt'));
  for (const p of [a, b]) assert.deepEqual(complaints(p.page), []);
});

house.test('devices: chosen in the call, remembered over a reload like the intents; no flip on a desktop', async () => {
  const [a, b] = await two();
  assert.equal(await a.page.count('[data-act=flip]'), 0);
  await a.choose('camera', 'cam2');
  await a.page.until(() => /** @type {any} */ (window).rack.used().includes('cam2'));
  await a.choose('mic', 'mic2');
  await a.page.until(() => /** @type {any} */ (window).rack.used().includes('mic2'));
  await a.set('mic', false);
  await b.told(a, { mic: false, cam: true });
  await a.page.reload();
  await a.inRoom();
  await a.page.see('[data-act=mic][aria-pressed=false]');
  await a.page.until(() => /** @type {any} */ (window).rack.used().join() === 'cam2,mic2');
  await b.told(a, { mic: false, cam: true });
  // In another room of another day, too.
  await a.leave();
  await a.open('/');
  await a.create({ title: 'Tomorrow' });
  await a.page.see('[data-act=mic][aria-pressed=false]');
  await a.page.until(() => /** @type {any} */ (window).rack.used().join() === 'cam2,mic2');
});

house.test('listen only: nothing is asked of the browser, and the choice is remembered', async () => {
  const server = await house.home();
  const other = await guest(server, 'Theo');
  const room = await other.create({ title: 'Lecture' });
  const p = await house.person('chromium', { name: 'Ann' });
  await p.toDoor(room);
  await p.page.see('[data-preview=live]');
  await p.force('[data-act=listen]');
  await reads(p.page, '[data-act=join]', en('prejoin.join_listen'));
  await p.page.until(() => /** @type {any} */ (window).rack.used().length === 0);
  await p.page.reload();
  await reads(p.page, '[data-act=join]', en('prejoin.join_listen'));
  await p.page.click('[data-act=join]');
  await p.inRoom();
  assert.deepEqual(await p.page.eval(() => /** @type {any} */ (window).rack.asked), []);
  await p.page.click('[data-act=cam]'); // one button is the way out of it
  await p.page.see('.tile[data-self] video');
  other.close();
});

house.test('language and colours change at once in the room, and stay', async () => {
  const [a] = await two();
  await more(a, 'settings');
  await a.page.see('dialog[open] [data-field=lang-ko]');
  await a.force('[data-field=lang-ko]');
  await reads(a.page, 'dialog[open] h2', words.ko('settings'));
  await a.force('[data-field=theme-dark]');
  await a.page.until(() => document.documentElement.dataset.theme === 'dark' && document.documentElement.lang === 'ko');
  await a.page.press('Escape');
  await a.page.reload();
  await a.inRoom();
  assert.equal(await a.page.eval(() => `${document.documentElement.lang} ${document.documentElement.dataset.theme}`), 'ko dark');
  assert.equal(await a.page.eval(() => document.querySelector('[data-act=leave]')?.getAttribute('aria-label')), words.ko('leave'));
});

house.test('another tab of the same browser is asked: here instead, or muted as well', async () => {
  const [a, b] = await two();
  const path = `/r/${a.room}?debug`;
  const tab = await a.page.sibling({ url: `${a.url}${path}` });
  await tab.see('[data-act=join]');
  await tab.click('[data-act=join]');
  await tab.see('dialog[open][data-dialog=other-tab]');
  await reads(tab, 'dialog h2', en('other_tab.title'));
  await tab.press('Escape');
  await tab.gone('dialog');
  await tab.click('[data-act=join]');
  await tab.see('[data-act=muted]');
  await tab.click('[data-act=muted]');
  await tab.see('[data-room-title]');
  await tab.see('[data-act=mic][aria-pressed=false]');
  await b.page.until(() => document.querySelectorAll('.tile').length === 3);
  await a.page.see('[data-act=mic][aria-pressed=true]');
  await tab.click('[data-act=leave]');
  await tab.goto(`${a.url}${path}`);
  await tab.see('[data-act=join]');
  assert.equal(await tab.eval(() => document.querySelector('[data-act=mic]')?.getAttribute('aria-pressed')), 'true', 'muted for that time only');
  await tab.click('[data-act=join]');
  await tab.see('[data-act=switch]');
  await tab.click('[data-act=switch]');
  await tab.see('[data-room-title]');
  await reads(a.page, 'main h1', en('over.elsewhere'));
  await b.page.until(() => document.querySelectorAll('.tile').length === 2);
  assert.equal(await a.live('camera'), 0);
  await a.page.click('[data-remedy=here]');
  await a.page.see('[data-act=join]');
});

house.test('sound that the browser holds back is one tap away', async () => {
  const a = await house.person('chromium', { name: 'Ann' });
  await a.create({ title: 'Quiet' });
  const b = await house.person('chromium', { name: 'Ben', browser: { args: ['--autoplay-policy=document-user-activation-required'] } });
  // Whatever a test does in a page counts as its user's doing, except for this.
  const cdp = await b.page.raw.context().newCDPSession(b.page.raw);
  const quietly = async (/** @type {string} */ expression) => {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(100)) {
      const { result } = await cdp.send('Runtime.evaluate', { expression, userGesture: false });
      if (result.value) return;
    }
    throw new Error(`not in time: ${expression}`);
  };
  await b.page.raw.goto(`${b.url}/r/${a.room}?debug`);
  await quietly('window.madang?.state().net.phase === "online" && window.madang.state().media.camera.phase === "live"');
  await quietly('window.madang.actions.join(), true');
  await quietly('!!document.querySelector("[data-hint=playback]")');
  await reads(b.page, '[data-hint=playback] .btn', en('hint.playback_do'));
  await b.page.click('[data-hint=playback] .btn');
  await b.page.gone('[data-hint=playback]');
  await b.page.until(() => [...document.querySelectorAll('audio')].some((e) => !e.paused && e.srcObject));
});

house.test('the screen stays awake during a call, and may sleep after it', async () => {
  const watch = /** @type {[() => void, null]} */ ([() => {
    const w = /** @type {any} */ (window);
    w.locks = 0;
    Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => {
      w.locks++;
      return { release: async () => { w.locks--; } };
    } } });
  }, null]);
  const a = await house.person('chromium', { name: 'Ann', page: { init: [watch] } });
  await a.create({ title: 'Awake' });
  await a.page.until(() => /** @type {any} */ (window).locks > 0);
  await a.leave();
  await a.page.until(() => /** @type {any} */ (window).locks === 0);
});
