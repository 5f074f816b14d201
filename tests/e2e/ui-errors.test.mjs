// Everything that can go wrong has a sentence in both languages and one thing to press, and pressing it works.
import assert from 'node:assert/strict';
import { BROWSERS } from '../../web/views/permission.js';
import { House } from './lib/house.mjs';
import { LANGS, complaints, guest, holds, problem, reads, words } from './lib/ui.mjs';

const house = new House('ui-errors');
const BOTH = 'device.any';
/** @typedef {import('./lib/ui.mjs').Lang} Lang */

/**
 * The same test in each language.
 * @param {string} title @param {(lang: Lang) => Promise<void>} fn
 */
function inBoth(title, fn) {
  for (const lang of LANGS) house.test(`${title} (${lang})`, () => fn(lang));
}

/** Somebody at the door of a new room. @param {Lang} lang @param {Parameters<House['person']>[1]} [o] */
async function atDoor(lang, o = {}) {
  const p = await house.person('chromium', { name: 'Mina', ...o, page: { lang, ...o.page } });
  await p.lobby();
  await p.page.click('[data-act=create]');
  await p.page.see('dialog[open] [data-field=title]');
  await p.page.click('[data-act=create-go]');
  await p.page.see('[data-act=join]');
  return p;
}

/**
 * In one room, and by the history of the browser at the door of another one.
 * @param {import('./lib/person.mjs').Person} p @param {string} second @returns {Promise<string>} the room
 */
async function inOneAtDoorOf(p, second) {
  await p.toDoor(second);
  await p.page.click('[data-act=back]');
  const first = await p.create({ title: 'First' });
  await p.page.eval(() => history.go(-2));
  await p.page.see('[data-act=join]');
  return first;
}

const USER_AGENTS = /** @type {Record<string, string>} */ ({
  'chrome': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36',
  'edge': 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0',
  'firefox': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'safari': 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15',
  'ios-safari': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
  'ios-other': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/130.0 Mobile/15E148 Safari/604.1',
  'chrome-android': 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36',
  'firefox-android': 'Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0',
  'samsung': 'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36',
  'other': 'Mozilla/5.0 (Something)',
});

inBoth('camera and microphone forbidden: how to give them back in each browser, and again', async (lang) => {
  const t = words[lang];
  const { page } = await atDoor(lang, { rack: { fail: { mic: 'NotAllowedError', camera: 'NotAllowedError' } } });
  assert.deepEqual(Object.keys(USER_AGENTS).sort(), [...BROWSERS].sort());
  for (const [kind, ua] of Object.entries(USER_AGENTS)) {
    await page.eval((ua) => Object.defineProperty(navigator, 'userAgent', { value: ua, configurable: true }), ua);
    const button = await problem(page, lang, 'permission_denied', { remedy: 'allow' });
    await page.click(button);
    await reads(page, 'dialog[open] li', t(`permission.${kind}`));
    await reads(page, '[data-act=retry-devices]', t('do.retry'));
    await page.press('Escape');
    await page.gone('dialog[open]');
  }
  await reads(page, '[data-act=join]', t('prejoin.join_without_both'));
  await page.click(await problem(page, lang, 'permission_denied', { remedy: 'allow' }));
  await page.see('dialog[open]');
  await page.eval(() => { /** @type {any} */ (window).rack.fail = {}; });
  await page.click('[data-act=retry-devices]');
  await page.see('[data-preview=live]');
  await page.gone('[data-problem]');
  await reads(page, '[data-act=join]', t('prejoin.open'));
});

house.test('Chromium itself forbids; once it allows, the picture comes by itself', async () => {
  const { page } = await atDoor('ko', { rack: { native: true } });
  await problem(page, 'ko', 'permission_denied', { remedy: 'allow' });
  await page.raw.context().grantPermissions(['camera', 'microphone']);
  await page.see('[data-preview=live]');
  await page.gone('[data-problem]');
});

house.test('Firefox: forbidden, in its own words', async () => {
  const p = await house.person('firefox', { name: 'Feu', rack: { fail: { mic: 'NotAllowedError', camera: 'NotAllowedError' } } });
  await p.lobby();
  await p.page.click('[data-act=create]');
  await p.page.see('dialog[open] [data-act=create-go]');
  await p.page.click('[data-act=create-go]');
  const lang = /** @type {Lang} */ (await p.page.eval(() => document.documentElement.lang));
  await p.page.click(await problem(p.page, lang, 'permission_denied', { remedy: 'allow' }));
  await reads(p.page, 'dialog[open] li', words[lang]('permission.firefox'));
  await p.page.eval(() => { /** @type {any} */ (window).rack.fail = {}; });
  await p.page.click('[data-act=retry-devices]');
  await p.page.see('[data-preview=live]');
});

for (const [kind, device, key] of /** @type {const} */ ([['mic', 'device.mic', 'prejoin.join_without_mic'], ['camera', 'device.camera', 'prejoin.join_without_cam']])) {
  inBoth(`only the ${kind} is forbidden: the way in goes on without it`, async (lang) => {
    const p = await atDoor(lang, { rack: { fail: { [kind]: 'NotAllowedError' } } });
    await problem(p.page, lang, 'permission_denied', { device, remedy: 'allow' });
    await reads(p.page, '[data-act=join]', words[lang](key));
    await p.page.click('[data-act=join]');
    await p.inRoom();
    const shown = await p.page.eval(() => {
      const s = /** @type {any} */ (window).madang.state();
      return s.rooms[s.current].people[s.self.session];
    });
    assert.deepEqual([shown.mic, shown.cam], [kind !== 'mic', kind !== 'camera']);
  });
}

for (const [error, code] of /** @type {const} */ ([['NotFoundError', 'no_device'], ['NotReadableError', 'device_in_use']])) {
  inBoth(`${code}: said, and tried again at a press`, async (lang) => {
    const { page } = await atDoor(lang, { rack: { fail: { mic: error, camera: error } } });
    const button = await problem(page, lang, code, { device: BOTH, remedy: 'retry' });
    await page.eval(() => { /** @type {any} */ (window).rack.fail.mic = ''; });
    await page.click(button);
    await problem(page, lang, code, { device: 'device.camera', remedy: 'retry' });
    await page.eval(() => { /** @type {any} */ (window).rack.fail.camera = ''; });
    // The page may try by itself just then, and take the button away.
    for (let n = 0; n < 5 && await page.count('[data-problem] [data-remedy]'); n++) {
      await page.click('[data-problem] [data-remedy]', 3000).catch(() => {});
    }
    await page.see('[data-preview=live]');
    await page.gone('[data-problem]');
  });
}

inBoth('unplugged during the call: choose another', async (lang) => {
  const p = await atDoor(lang, { rack: { devices: ['mic1', 'cam1'] } });
  await p.page.see('[data-preview=live]');
  await p.page.click('[data-act=join]');
  await p.inRoom();
  await p.page.eval(() => /** @type {any} */ (window).rack.unplug('cam1'));
  await p.page.until(() => !!document.querySelector('[data-problem=unplugged], [data-problem=no_device]'));
  const code = await p.page.count('[data-problem=unplugged]') ? 'unplugged' : 'no_device';
  await p.page.click(await problem(p.page, lang, code, { device: 'device.camera', remedy: code === 'unplugged' ? 'devices' : 'retry' }));
  if (code === 'unplugged') await p.page.see('dialog[open][data-dialog=settings] [data-device=camera]');
  await p.page.eval(() => /** @type {any} */ (window).rack.plug('cam2'));
  await p.page.see('.tile[data-self] video');
  await p.page.gone('[data-problem]');
});

inBoth('screen sharing fails: said, and it can be put away', async (lang) => {
  const p = await atDoor(lang, { rack: { fail: { screen: 'NotReadableError' } } });
  await p.page.click('[data-act=join]');
  await p.inRoom();
  await p.page.click('.bar [data-act=screen]');
  await holds(p.page, '[data-toast=screen_device_in_use]', words[lang]('error.device_in_use', { device: words[lang]('device.screen') }));
  await p.page.click('[data-toast] .btn');
  await p.page.gone('[data-toast]');
});

inBoth('an address without https: the safe one is one press away; chat works meanwhile', async (lang) => {
  const t = words[lang];
  const plain = await house.server({ tls: false });
  const host = `madang.test:${plain.port}`;
  const resolve = ['--host-resolver-rules=MAP madang.test 127.0.0.1'];
  const p = await house.person('chromium', { name: 'Mina', page: { lang }, server: { url: `http://${host}` }, browser: { args: resolve } });
  const { page } = p;
  await p.lobby();
  await problem(page, lang, 'insecure_context', { remedy: 'https' });
  const other = await guest(plain, 'Theo');
  const room = await other.create({ title: 'Choir' });
  await page.click(`[data-room="${room}"]`);
  await problem(page, lang, 'insecure_context', { remedy: 'https' });
  await page.click('[data-act=join]');
  await p.inRoom();
  await p.say('hello from afar');
  await other.event((e) => e.type === 'chat' && e.text === 'hello from afar');
  const href = await page.eval(() => /** @type {HTMLAnchorElement} */ (document.querySelector('[data-problem] a'))?.href ?? '');
  assert.equal(href, `https://${host}/r/${room}`);
  other.close();
  await plain.stop('SIGKILL');
  await house.server({ port: plain.port });
  await page.click('[data-problem] a');
  await page.until(() => location.protocol === 'https:' && !!document.querySelector('#main'));
  await reads(page, '[data-act=join]', t('prejoin.join'));
  assert.equal(await page.count('[data-problem=insecure_context]'), 0);
});

inBoth('no WebRTC: told in the lobby and at the door; one can still read and write', async (lang) => {
  const server = await house.home();
  const p = await house.person('chromium', { name: 'Mina', page: { lang, init: [[() => { Reflect.deleteProperty(window, 'RTCPeerConnection'); }, null]] } });
  const { page } = p;
  await p.lobby();
  await page.click(await problem(page, lang, 'no_webrtc', { remedy: 'browsers' }));
  await reads(page, 'dialog[open] p', words[lang]('help.browsers_more'));
  await page.press('Escape');
  const other = await guest(server, 'Theo');
  const room = await other.create({ title: 'Choir' });
  await p.open(`/r/${room}`);
  await problem(page, lang, 'no_webrtc', { remedy: 'browsers' });
  await page.click('[data-act=join]');
  await p.inRoom();
  await other.must('chat', { room, text: 'can you read me?' });
  await p.hears('can you read me?');
  await p.say('yes');
  await other.event((e) => e.type === 'chat' && e.text === 'yes');
  assert.deepEqual(complaints(page), []);
  other.close();
});

inBoth('a full room: again once somebody has left', async (lang) => {
  const server = await house.home();
  const [one, two] = [await guest(server, 'One'), await guest(server, 'Two')];
  const room = await one.create({ capacity: 2, public: false });
  await two.join(room);
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  await p.open(`/r/${room}`);
  await p.page.click('[data-act=join]');
  const again = await problem(p.page, lang, 'room_full', { remedy: 'retry' });
  await two.must('leave', { room });
  await p.page.click(again);
  await p.inRoom();
  one.close();
  two.close();
});

inBoth('a wrong password: said at its field; the right one opens', async (lang) => {
  const server = await house.home();
  const one = await guest(server, 'One');
  const room = await one.create({ password: '한강 hangang', public: false });
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  const { page } = p;
  await p.open(`/r/${room}`);
  await page.click('[data-act=join]');
  await page.see('[data-field=password]');
  await page.until(() => document.activeElement === document.querySelector('[data-field=password]'));
  await page.fill('[data-field=password]', 'nonsense');
  await page.press('Enter');
  await reads(page, '[data-problem=password_wrong]', words[lang]('error.password_wrong'));
  assert.equal(await page.eval(() => document.querySelector('[data-field=password]')?.getAttribute('aria-invalid')), 'true');
  await page.fill('[data-field=password]', '한강 hangang');
  await page.click('[data-act=join]');
  await p.inRoom();
  one.close();
});

inBoth('the link of a room that is gone: back to the lobby', async (lang) => {
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  await p.open('/r/0123456789abc');
  await p.page.click('[data-act=join]');
  await p.page.click(await problem(p.page, lang, 'room_unknown', { remedy: 'lobby' }));
  await p.page.see('[data-act=create]');
  assert.equal(await p.page.eval(() => location.pathname), '/');
});

inBoth('the connection is lost: a countdown, and now', async (lang) => {
  const t = words[lang];
  const proxy = await house.proxy(await house.home());
  const p = await house.person('chromium', { name: 'Mina', page: { lang }, server: { url: proxy.url } });
  await p.create({ title: 'Choir' });
  proxy.down(true);
  await p.page.see('[data-banner=lost]');
  await holds(p.page, '[data-banner=lost]', t('net.lost'));
  await p.page.until((re) => new RegExp(re).test(document.querySelector('[data-banner=lost]')?.textContent ?? ''),
    t('net.in', { seconds: 0 }).replace('0', '\\d+'));
  proxy.down(false);
  if (await p.page.count('[data-banner=lost] .btn')) {
    await reads(p.page, '[data-banner=lost] .btn', t('net.now')).catch(() => {});
    await p.page.click('[data-banner=lost] .btn', 5000).catch(() => {}); // it may have come back by itself
  }
  await p.page.gone('[data-banner=lost]');
  await p.say('back again');
  await p.hears('back again');
});

inBoth('a server with a newer protocol: load again, and go on where one was', async (lang) => {
  const server = await house.home();
  const other = await guest(server, 'Theo');
  const room = await other.create({ title: 'Choir' });
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  const { page } = p;
  let newer = false;
  /** @type {any[]} */
  const open = [];
  await page.raw.routeWebSocket(/\/api\/ws$/, (/** @type {any} */ ws) => {
    if (!newer) {
      open.push(ws);
      ws.connectToServer();
      return;
    }
    ws.onMessage((/** @type {string} */ m) => ws.send(JSON.stringify({ type: 'error', id: JSON.parse(m.split('\n')[0]).id, code: 'version',
      message: 'no', min: 2, max: 3 })));
  });
  await p.open(`/r/${room}`);
  await page.click('[data-act=join]');
  await p.inRoom();
  newer = true;
  for (const ws of open) await ws.close();
  await holds(page, 'main h1', words[lang]('over.version'));
  const reload = await problem(page, lang, 'version', { remedy: 'reload' });
  newer = false;
  await page.click(reload);
  await p.inRoom();
  assert.equal(p.room, room);
  await other.must('chat', { room, text: 'welcome back' });
  await p.hears('welcome back');
  other.close();
});

inBoth('the places with picture are taken: told so, and a place that comes free can be had', async (lang) => {
  const server = await house.home();
  const four = await Promise.all([1, 2, 3, 4].map((n) => guest(server, `G${n}`)));
  const room = await four[0].create({ media: true });
  for (const g of four.slice(1)) await g.join(room, { media: true });
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  const { page } = p;
  await p.open(`/r/${room}`);
  await page.click('[data-act=join]');
  await p.inRoom();
  await holds(page, '[data-hint=media_full]', words[lang]('error.media_full', { count: 4 }));
  await page.click('[data-hint=media_full] .btn');
  await page.gone('[data-hint=media_full]');
  await p.say('I can write');
  await four[0].event((e) => e.type === 'chat' && e.text === 'I can write');
  await four[3].must('leave', { room });
  await page.see('[data-hint=media_free]');
  await page.click('[data-hint=media_free] .btn');
  await page.see('.tile[data-self] video');
  for (const g of four) g.close();
});

inBoth('removed by the owner: said; and why one can not come back at once', async (lang) => {
  const server = await house.home();
  const owner = await guest(server, 'Owner');
  const room = await owner.create({ title: 'Choir', public: false });
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  const { page } = p;
  await p.open(`/r/${room}`);
  await page.click('[data-act=join]');
  await p.inRoom();
  await owner.must('room_remove', { room, session: p.session });
  await holds(page, 'main h1', words[lang]('over.removed'));
  await page.click(await problem(page, lang, 'removed', { remedy: 'lobby' }));
  await p.toDoor(room);
  await page.click('[data-act=join]');
  await page.click(await problem(page, lang, 'removed', { remedy: 'lobby' }));
  await page.see('[data-act=create]');
  assert.equal(await p.live('camera'), 0, 'the camera is released');
  owner.close();
});

inBoth('a locked room: again once it is open', async (lang) => {
  const server = await house.home();
  const owner = await guest(server, 'Owner');
  const room = await owner.create({ title: 'Choir' });
  await owner.must('room_set', { room, locked: true });
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  await p.toDoor(room);
  await p.page.click('[data-act=join]');
  const again = await problem(p.page, lang, 'room_locked', { remedy: 'retry' });
  await owner.must('room_set', { room, locked: false });
  await p.page.click(again);
  await p.inRoom();
  owner.close();
});

inBoth('too often: a countdown on the button, then it works', async (lang) => {
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  await p.open('/r/0123456789abc');
  for (let n = 0; n < 40; n++) {
    await p.page.click('[data-act=join]');
    await p.page.until(() => !/** @type {any} */ (window).madang.state().prejoin.busy);
    if (await p.page.count('[data-problem=rate]')) break;
  }
  await holds(p.page, '[data-problem=rate]', words[lang]('error.rate'));
  await p.page.until(() => !document.querySelector('[data-problem=rate] button:disabled'));
  await p.page.click('[data-problem=rate] button');
  await problem(p.page, lang, 'room_unknown', { remedy: 'lobby' });
});

inBoth('a name that can not be used: said', async (lang) => {
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  await p.lobby();
  await p.page.fill('[data-field=name]', 'Mi\u202Ena');
  await p.page.press('Enter');
  await holds(p.page, '[data-toast=bad_name]', words[lang]('error.bad_name'));
  await p.page.click('[data-toast=bad_name] .btn');
  await p.page.gone('[data-toast]');
});


inBoth('a server that does not answer from the beginning: said, and tried at a press', async (lang) => {
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  const { page } = p;
  let blocked = true;
  await page.raw.routeWebSocket(/\/api\/ws$/, (/** @type {any} */ ws) => {
    if (blocked) ws.close();
    else ws.connectToServer();
  });
  await page.raw.route(/\/api\/(stream|send)\//, (/** @type {any} */ r) => (blocked ? r.abort() : r.continue()));
  await page.goto(`${p.url}/?debug`);
  await holds(page, '[data-banner=lost]', words[lang]('net.unreachable'));
  blocked = false;
  await page.click('[data-banner=lost] .btn').catch(() => {}); // it may have come by itself meanwhile
  await page.gone('[data-banner=lost]');
  await p.lobby();
});

inBoth('in as many rooms as one may be: back to the lobby, and in after leaving one', async (lang) => {
  const server = await house.server({ args: ['--rooms-per-session', '1'] });
  const p = await house.person('chromium', { name: 'Mina', page: { lang }, server });
  const other = await guest(server, 'Theo');
  const second = await other.create({ title: 'Second' });
  const first = await inOneAtDoorOf(p, second);
  await p.page.click('[data-act=join]');
  await p.page.click(await problem(p.page, lang, 'rooms_cap', { remedy: 'lobby' }));
  await p.page.click(`[data-room="${first}"]`); // still in: there is no door
  await p.inRoom();
  assert.equal(p.room, first);
  await p.page.click('.bar [data-act=leave]');
  await p.page.gone('[data-room-title]');
  await p.join(second);
  other.close();
});

inBoth('picture and sound are in another room: said when one asks for them here', async (lang) => {
  const server = await house.home();
  const p = await house.person('chromium', { name: 'Mina', page: { lang } });
  const other = await guest(server, 'Theo');
  const second = await other.create({ title: 'Second' });
  const first = await inOneAtDoorOf(p, second);
  await p.page.click('[data-act=join]');
  await p.page.until((r) => /** @type {any} */ (window).madang.state().current === r, second);
  await p.page.click('[data-menu=more]');
  await p.page.click('[data-item=ask-media]');
  await holds(p.page, '[data-toast=media_elsewhere]', words[lang]('error.media_elsewhere'));
  await p.page.click('[data-toast] .btn');
  await p.page.gone('[data-toast]');
  const { rooms } = await p.page.eval(() => /** @type {any} */ (window).madang.state());
  assert.deepEqual([rooms[first].media, rooms[second].media], [true, false]);
  other.close();
});
