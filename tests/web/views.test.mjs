// The parts of the views that need no document.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemOf } from '../../web/views/certificate.js';
import { linesOf, secondsLeft, size } from '../../web/views/format.js';
import { grid, stageLayout } from '../../web/views/layout.js';
import { linkify } from '../../web/views/linkify.js';
import { faceColour, initials } from '../../web/views/names.js';
import { noticeText } from '../../web/views/notice.js';
import { browserKind } from '../../web/views/prefs.js';
import { joinLabel } from '../../web/views/prejoin.js';
import { roomIdOf } from '../../web/views/room-link.js';
import { sortRooms } from '../../web/views/room-list.js';
import { qrPath } from '../../web/views/share.js';
import { shortcutOf, takesText } from '../../web/views/shortcuts.js';
import { castOf, screenOf } from '../../web/views/stage.js';
import { fullName, linkState } from '../../web/views/tile.js';
import { composing, submitOnEnter } from '../../web/views/typing.js';
import { menuMove } from '../../web/views/ui/menu.js';
import { fits } from '../../web/views/video.js';
import { translator } from '../../web/i18n/index.js';
import { FIXTURES } from './fixtures/states.mjs';

const href = (/** @type {string} */ text) => linkify(text).filter((p) => p.href).map((p) => p.href);

test('links: only http and https, never with a user name, and nothing gets lost', () => {
  assert.deepEqual(linkify('보세요 https://a.kr/b?c=1. 좋죠?'), [
    { text: '보세요 ' }, { text: 'https://a.kr/b?c=1', href: 'https://a.kr/b?c=1' }, { text: '. 좋죠?' }]);
  assert.deepEqual(href('javascript:alert(1) data:text/html,x file:///etc ftp://a.b/ //a.b www.a.b'), []);
  assert.deepEqual(href('https://good.kr@evil.example/'), []);
  assert.deepEqual(href('https://'), []);
  assert.deepEqual(href('(https://a.b/c_(d))'), ['https://a.b/c_(d)']);
  assert.deepEqual(href('<https://a.b/>"https://c.d/"'), ['https://a.b/', 'https://c.d/']);
  assert.deepEqual(href('HTTPS://A.B/x'), ['https://a.b/x']);
  for (const text of ['<img src=x onerror=alert(1)>', 'https://a.b/ https://a.b/', '', '가'.repeat(2000), 'http://'.repeat(200)]) {
    assert.equal(linkify(text).map((p) => p.text).join(''), text);
  }
  assert.ok(href('http://a.b '.repeat(300)).length <= 50);
});

test('linkify is linear on hostile text', () => {
  // A hundred times as long as a message may be: what grows with the square would not come to an end.
  const n = 200_000;
  for (const text of [`https://${'('.repeat(n)}`, `https://a${'(b'.repeat(n)}`, `https://a${'(b)'.repeat(n)}`, `https://a/${'.'.repeat(n)}`]) {
    assert.equal(linkify(text).map((p) => p.text).join(''), text);
  }
});

test('room links in what people paste', () => {
  const id = '0a1b2c3d4e5fg';
  const good = [id, ` ${id} `, `https://h.kr/r/${id}`, `h.kr:8443/r/${id}?x=1#y`, `https://h.kr/r/${id.toUpperCase()}/`,
    '0a1b-2c3d-4e5fg', 'oA1B2C3D4E5FG', 'OA1B2C3D4E5FG'];
  for (const text of good) assert.equal(roomIdOf(text), id, text);
  const bad = ['', 'hello', 'https://h.kr/', `https://h.kr/r/${id}X`, '0A1B2C3D4E5FU', 'https://h.kr/r/..%2f'];
  for (const text of bad) assert.equal(roomIdOf(text), null, text);
});

test('a letter for a face', () => {
  assert.equal(initials('나래'), '나');
  assert.equal(initials('김 철수'), '김');
  assert.equal(initials('mina park'), 'MP');
  assert.equal(initials('mina 🦊'), 'M');
  assert.equal(initials('👩‍👧 mom'), '👩‍👧');
  assert.equal(initials('  '), '?');
  assert.equal(faceColour('0A1B2C3D47KQ2'), faceColour('0A1B2C3D47KQ2'));
  const colours = new Set(Array.from({ length: 64 }, (_, i) => faceColour(`0A1B2C3D4${String(i).padStart(4, '0')}`)));
  assert.equal(colours.size, 8);
});

test('Enter that belongs to the input method sends nothing', () => {
  let sent = 0;
  const key = submitOnEnter(() => { sent++; });
  const event = (/** @type {object} */ more) => /** @type {any} */ ({ key: 'Enter', keyCode: 13, isComposing: false, shiftKey: false, preventDefault() {}, ...more });
  key(event({ isComposing: true }));
  key(event({ keyCode: 229 }));
  key(event({ shiftKey: true }));
  key(event({ key: 'a' }));
  assert.equal(sent, 0);
  key(event({}));
  assert.equal(sent, 1);
  assert.ok(composing(event({ keyCode: 229 })));
});

test('shortcuts rest while somebody types, under any keyboard layout', () => {
  const e = (/** @type {object} */ more) => /** @type {any} */ (
    { key: 'm', code: 'KeyM', keyCode: 77, target: { tagName: 'BODY' }, ...more });
  assert.equal(shortcutOf(e({})), 'mic');
  assert.equal(shortcutOf(e({ key: 'ㅡ' })), 'mic');
  assert.equal(shortcutOf(e({ key: 'ㅊ', code: 'KeyC' })), 'chat');
  assert.equal(shortcutOf(e({ key: '?', code: 'Slash', shiftKey: true })), 'help');
  assert.equal(shortcutOf(e({ key: 'Escape', code: 'Escape', target: { tagName: 'TEXTAREA' } })), 'close');
  const resting = [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { shiftKey: true },
    { repeat: true },
    { isComposing: true },
    { target: { tagName: 'TEXTAREA' } }, { target: { tagName: 'INPUT', type: 'text' } },
    { target: { tagName: 'DIV', isContentEditable: true } }];
  for (const more of resting) {
    assert.equal(shortcutOf(e(more)), null, JSON.stringify(more));
  }
  assert.equal(takesText(/** @type {any} */ ({ tagName: 'INPUT', type: 'checkbox' })), false);
  assert.equal(takesText(null), false);
});

test('moving in a menu', () => {
  const texts = ['Whisper', 'Send a file', 'Remove'];
  assert.equal(menuMove('ArrowDown', 2, texts), 0);
  assert.equal(menuMove('ArrowUp', 0, texts), 2);
  assert.equal(menuMove('Home', 2, texts), 0);
  assert.equal(menuMove('End', 0, texts), 2);
  assert.equal(menuMove('s', 0, texts), 1);
  assert.equal(menuMove('x', 0, texts), -1);
  assert.equal(menuMove('Enter', 0, texts), -1);
  assert.equal(menuMove('ArrowDown', -1, []), -1);
});

/** @typedef {import('../../web/views/layout.js').Box} Box */
/** @param {Box} a @param {Box} b */
const touch = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

test('tiles lie inside the stage and never on each other', () => {
  const stages = [[344, 560], [344, 300], [796, 1000], [1416, 770], [1040, 770], [700, 260], [160, 160]];
  assert.deepEqual(stageLayout({ tiles: 3, screen: false, pair: false, w: 0, h: 0 }).boxes, []);
  for (const [w, h] of stages) {
    for (let n = 0; n <= 12; n++) {
      for (const screen of [false, true]) {
        const layout = stageLayout({ tiles: n, screen, pair: false, w, h });
        const boxes = [...layout.boxes, ...(layout.big ? [layout.big] : [])];
        assert.equal(layout.boxes.length, n, `${n} in ${w}x${h}`);
        for (const [i, a] of boxes.entries()) {
          assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.w <= w + 1 && a.y + a.h <= h + 1, `${n} in ${w}x${h} ${JSON.stringify(a)}`);
          for (const b of boxes.slice(i + 1)) assert.ok(!touch(a, b), `${n} in ${w}x${h}`);
        }
      }
    }
  }
});

test('the layout that fills best: side by side when wide, one above the other when tall', () => {
  const [a, b] = grid(2, { x: 0, y: 0, w: 1200, h: 500 });
  assert.equal(a.y, b.y);
  const [c, d] = grid(2, { x: 0, y: 0, w: 340, h: 700 });
  assert.equal(c.x, d.x);
  const two = stageLayout({ tiles: 2, screen: false, pair: true, w: 1200, h: 700 });
  assert.ok(two.pip && two.big?.w === 1200 && two.boxes.length === 1);
  const upright = grid(1, { x: 0, y: 0, w: 340, h: 600 }, 9 / 16);
  assert.ok(upright[0].h > 590);
});

test('four stand two by two on a phone, two and three one above the other; lying down side by side', () => {
  const rowsIn = (/** @type {number} */ w, /** @type {number} */ h) => [2, 3, 4].map((tiles) =>
    new Set(stageLayout({ tiles, screen: false, pair: false, w, h }).boxes.map((b) => b.y)).size);
  for (const [w, h] of [[374, 690], [374, 600], [344, 650]]) assert.deepEqual(rowsIn(w, h), [2, 3, 2], `${w}x${h}`);
  assert.deepEqual(rowsIn(344, 490), [2, 2, 2], 'a short one');
  for (const [w, h] of [[820, 260], [780, 270], [640, 240]]) assert.deepEqual(rowsIn(w, h), [1, 1, 1], `${w}x${h}`);
  for (const box of stageLayout({ tiles: 4, screen: false, pair: false, w: 374, h: 690 }).boxes) assert.ok(fits(1280, 720, box.w, box.h));
});

test('a picture is cut to fill its tile, but not beyond recognition', () => {
  assert.ok(fits(1280, 720, 400, 300));
  assert.ok(fits(1280, 720, 300, 400));
  assert.ok(!fits(720, 1280, 600, 300));
  assert.ok(fits(0, 0, 300, 300));
});

test('who gets a tile', () => {
  const many = FIXTURES['room-many']('en').state;
  const room = many.rooms[/** @type {string} */ (many.current)];
  const cast = castOf(room.order.map((s) => room.people[s]));
  assert.equal(cast.tiles.length, 4);
  assert.equal(cast.faces.length, 10);
  assert.ok(cast.tiles.every((p) => p.media));
  const four = FIXTURES['room-4']('en').state;
  const here = four.rooms[/** @type {string} */ (four.current)];
  const small = castOf(here.order.map((s) => here.people[s]));
  assert.equal(small.faces.length, 0);
  assert.ok(small.tiles[3].self, 'oneself comes last');
  const shown = FIXTURES['room-screen']('en').state;
  const r = shown.rooms[/** @type {string} */ (shown.current)];
  assert.equal(screenOf(shown, r.order.map((s) => r.people[s]))?.id, 'screen:0');
});

test('how somebody is connected', () => {
  const p = /** @type {any} */ ({ self: false, away: false, ghost: false, media: true });
  const peer = (/** @type {string} */ phase, met = false, blocked = false) => /** @type {any} */ ({ phase, met, blocked });
  assert.equal(linkState(p, peer('connected')), '');
  assert.equal(linkState(p, peer('connecting', true)), 'tile.reconnecting');
  assert.equal(linkState(p, peer('failed', true)), 'tile.reconnecting');
  assert.equal(linkState(p, peer('connecting', true, true)), 'tile.blocked');
  assert.equal(linkState(p, peer('connecting', false, true)), 'tile.blocked');
  assert.equal(linkState(p, peer('closed', true, true)), '');
  assert.equal(linkState(p, peer('connecting')), 'tile.connecting');
  assert.equal(linkState(p, peer('failed')), 'tile.reconnecting');
  assert.equal(linkState({ ...p, away: true }, peer('connected')), 'tile.away');
  assert.equal(linkState({ ...p, self: true, away: true }, undefined), '');
  assert.equal(linkState({ ...p, media: false }, undefined), '');
  assert.equal(fullName({ name: 'Mina', suffix: '' }), 'Mina');
  assert.equal(fullName({ name: 'Mina', suffix: '7KQ2' }), 'Mina #7KQ2');
});

test('chat lines: one person\'s words together, days apart, files in their place', () => {
  const say = (/** @type {number} */ time, /** @type {string} */ from, more = {}) => /** @type {any} */ (
    { id: `${time}${from}`, kind: 'chat', time, from, own: false, name: from, text: 'x', ...more });
  const noon = new Date(2026, 10, 21, 12).getTime();
  const lines = linesOf([say(noon, 'a'), say(noon + 1000, 'a'), say(noon + 2000, 'b'), say(noon + 3000, 'b', { kind: 'whisper' }),
    say(noon + 400_000, 'b', { kind: 'whisper' }), say(noon + 86_400_000, 'b')], [/** @type {any} */ ({ id: 'f', time: noon + 2500 })]);
  assert.deepEqual(lines.map((l) => `${l.kind}${l.kind === 'words' ? l.items.length : ''}`), ['words2', 'words1', 'file', 'words1', 'words1', 'day', 'words1']);
});

test('sizes and times of files', () => {
  assert.equal(size(999, 'en'), '999 B');
  assert.equal(size(1500, 'en'), '1.5 kB');
  assert.equal(size(52e6, 'en'), '52 MB');
  assert.equal(size(1.073741824e9, 'ko'), '1.1 GB');
  assert.equal(secondsLeft(/** @type {any} */ ({ size: 100, moved: 40, rate: 7 })), 9);
  assert.equal(secondsLeft(/** @type {any} */ ({ size: 100, moved: 40, rate: 0 })), 0);
});

test('rooms: the fullest first, unlisted ones never', () => {
  const room = (/** @type {string} */ id, /** @type {number} */ count, pub = true) => /** @type {any} */ (
    { room: id, title: id, count, public: pub });
  assert.deepEqual(sortRooms({ a: room('a', 1), b: room('b', 5), c: room('c', 9, false), d: room('d', 1) }).map((r) => r.room), ['b', 'a', 'd']);
});

test('notices', () => {
  const t = translator('ko');
  assert.equal(noticeText(/** @type {any} */ ({ code: 'entered', name: '민준', count: 2 }), t), '민준님이 들어왔어요. 지금 2명이에요.');
  assert.equal(noticeText(/** @type {any} */ ({ code: 'strange', text: 'as sent', name: '' }), t), 'as sent');
});

test('the words on the join button', () => {
  const state = FIXTURES['prejoin-denied']('en').state;
  assert.equal(joinLabel(state), 'prejoin.join_without_both');
  assert.equal(joinLabel({ ...state, intent: { ...state.intent, mic: false } }), 'prejoin.join_without_cam');
  assert.equal(joinLabel({ ...state, intent: { ...state.intent, listenOnly: true } }), 'prejoin.join_listen');
  assert.equal(joinLabel(FIXTURES.prejoin('en').state), 'prejoin.join');
});

test('which browser, which system', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';
  const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
  const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15';
  assert.equal(browserKind(chrome, 0), 'chrome');
  assert.equal(browserKind(`${chrome} Edg/130.0.0.0`, 0), 'edge');
  assert.equal(browserKind('Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0', 5), 'firefox-android');
  assert.equal(browserKind(iphone, 5), 'ios-safari');
  assert.equal(browserKind(iphone.replace('Version/17.5', 'CriOS/130.0'), 5), 'ios-other');
  assert.equal(browserKind(mac, 0), 'safari');
  assert.equal(browserKind(mac, 5), 'ios-safari', 'an iPad says that it is a Mac');
  assert.equal(systemOf(mac, 5), 'ios');
  assert.equal(systemOf(mac, 0), 'macos');
  assert.equal(systemOf('Mozilla/5.0 (Windows NT 10.0; rv:131.0) Gecko/20100101 Firefox/131.0', 0), 'firefox');
  assert.equal(systemOf(chrome.replace('X11; Linux x86_64', 'Linux; Android 14'), 5), 'android');
});

test('a QR code covers its modules exactly', () => {
  const { path, size: n } = qrPath('https://madang.example.kr/r/0A1B2C3D4E5FG');
  assert.ok(n >= 29 && (n - 8 - 17) % 4 === 0);
  const dark = [...path.matchAll(/h(\d+)v1/g)].reduce((sum, m) => sum + Number(m[1]), 0);
  assert.ok(dark > n * 5 && dark < n * n);
  assert.match(path, /^M4 4h7v1/, 'a finder pattern in the corner');
});
