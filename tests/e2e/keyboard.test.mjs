// The page by keyboard alone: focus goes where it should, stays in dialogs and comes back, menus follow
// the arrows, shortcuts rest while one writes, Enter of the Hangul input method never sends.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openFixtures } from '../lib/fixture_page.mjs';

const fixtures = await openFixtures();
after(() => fixtures.close());

/** @typedef {import('playwright-core').Page} Page */
/** @param {Page} page @param {string} [name] */
const calls = (page, name) => page.evaluate((n) => /** @type {any} */ (window).calls
  .filter((/** @type {any[]} */ c) => !n || c[0] === n), name);
/** What has the focus, as a selector of ours. @param {Page} page */
const focused = (page) => page.evaluate(() => {
  const el = /** @type {HTMLElement} */ (document.activeElement);
  return el.dataset.act ?? el.dataset.field ?? el.dataset.menu ?? el.dataset.item ?? el.dataset.tab ?? el.getAttribute('aria-label') ?? el.tagName;
});
/**
 * @param {string} title @param {string} fixture
 * @param {(page: Page) => Promise<void>} run @param {Parameters<typeof fixtures.open>[1]} [o]
 */
const on = (title, fixture, run, o) => test(title, { timeout: 60_000 }, async () => {
  const { page, errors, close } = await fixtures.open(fixture, o);
  try {
    await run(page);
    assert.deepEqual(errors, []);
  } finally {
    await close();
  }
});

on('the first Tab offers to skip to the content', 'lobby', async (page) => {
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.className), 'skip unseen');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
});

on('a dialog takes the focus, keeps it, and gives it back', 'lobby', async (page) => {
  await page.focus('[data-act=create]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  assert.equal(await focused(page), 'title');
  const outside = [];
  for (let i = 0; i < 14; i++) {
    await page.keyboard.press('Tab');
    outside.push(await page.evaluate(() => {
      const at = document.activeElement;
      return !at || at === document.body || !!at.closest('dialog'); // body: the browser's own bar comes next
    }));
  }
  assert.ok(outside.every(Boolean));
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await focused(page), 'create');
});

on('a room can be made without a mouse', 'lobby', async (page) => {
  await page.focus('[data-act=create]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  await page.keyboard.type('Choir');
  await page.keyboard.press('Enter');
  assert.deepEqual(await calls(page, 'prepare'), [['prepare', { create: { title: 'Choir', public: true, capacity: 100 } }]]);
});

on('a menu follows the arrows and gives the focus back', 'room-people', async (page) => {
  await page.focus('[data-menu^=person-]');
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(page), 'whisper');
  await page.keyboard.press('ArrowUp');
  assert.equal(await focused(page), 'remove');
  await page.keyboard.press('Home');
  assert.equal(await focused(page), 'whisper');
  await page.keyboard.press('Escape');
  assert.match(await focused(page) ?? '', /^person-/);
  assert.equal(await page.locator('[role=menu]').count(), 0);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-whisper-to]');
  assert.equal(await focused(page), 'chat');
});

on('shortcuts do their work, and rest while one writes', 'room-3', async (page) => {
  await page.keyboard.press('m');
  await page.keyboard.press('v');
  assert.deepEqual((await calls(page)).filter((/** @type {any[]} */ c) => /^set/.test(c[0])), [['setMic', false], ['setCam', false]]);
  await page.keyboard.press('c');
  await page.waitForSelector('[data-panel=chat]');
  assert.equal(await focused(page), 'chat');
  await page.keyboard.type('mvcps?');
  assert.equal(await page.inputValue('[data-field=chat]'), 'mvcps?');
  assert.equal((await calls(page, 'setMic')).length, 1);
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-panel]', { state: 'detached' });
  await page.keyboard.press('?');
  await page.waitForSelector('dialog[data-dialog=help]');
  await page.keyboard.press('m');
  assert.equal((await calls(page, 'setMic')).length, 1, 'not behind a dialog');
});

on('Enter sends, Shift+Enter breaks the line, Enter of the input method does neither', 'room-chat', async (page) => {
  const field = page.locator('[data-field=chat]');
  await field.fill('안녕하세');
  // What Chromium and Firefox send while a syllable is composed, and what Safari sends at its end.
  const swallowed = await field.evaluate((el) => [{ isComposing: true, keyCode: 229 },
    { isComposing: true, keyCode: 13 }, { isComposing: false, keyCode: 229 }].map((how) => {
    const e = new KeyboardEvent('keydown',
      { key: 'Enter', code: 'Enter', bubbles: true, cancelable: true, ...how });
    el.dispatchEvent(e);
    return e.defaultPrevented;
  }));
  assert.deepEqual(swallowed, [false, false, false]);
  assert.deepEqual(await calls(page, 'sendChat'), []);
  const cdp = await page.context().newCDPSession(page);
  await field.fill('');
  await field.focus();
  await cdp.send('Input.imeSetComposition', { text: '하', selectionStart: 1, selectionEnd: 1 });
  await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Process', windowsVirtualKeyCode: 229 });
  assert.deepEqual(await calls(page, 'sendChat'), []);
  await cdp.send('Input.insertText', { text: '하' });
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('x');
  assert.deepEqual(await calls(page, 'sendChat'), []);
  await page.keyboard.press('Enter');
  assert.deepEqual(await calls(page, 'sendChat'), [['sendChat', '하\nx']]);
  assert.equal(await field.inputValue(), '');
  assert.equal(await focused(page), 'chat');
});

on('a whisper goes to one, and one gets out of it again', 'room-whisper', async (page) => {
  await page.fill('[data-field=chat]', 'psst');
  await page.keyboard.press('Enter');
  assert.equal((await calls(page, 'sendWhisper'))[0][2], 'psst');
  await page.click('[data-whisper-to] button');
  await page.fill('[data-field=chat]', 'hello all');
  await page.keyboard.press('Enter');
  assert.deepEqual(await calls(page, 'sendChat'), [['sendChat', 'hello all']]);
});

on('what people write stays text', 'room-chat', async (page) => {
  const evil = '<img src=x onerror="document.title=1"><script>document.title=2</script> javascript:alert(1) https://ok.example/?<b>';
  await page.evaluate((text) => {
    const { fixture } = /** @type {any} */ (window);
    const s = fixture.get();
    const room = s.rooms[s.current];
    const chat = [...room.chat, { id: 'evil', kind: 'chat', time: Date.now(), from: room.order[1], name: '<i>x</i>', text, own: false }];
    fixture.set({ ...s, rooms: { [s.current]: { ...room, room: { ...room.room, title: '<b>room</b>' }, chat } } });
  }, evil);
  const bubble = page.locator('[data-chat=evil]');
  assert.equal(await bubble.textContent(), evil);
  assert.equal(await page.locator('[data-chat=evil] :not(a)').count(), 0);
  const link = page.locator('[data-chat=evil] a');
  assert.equal(await link.getAttribute('href'), 'https://ok.example/');
  assert.match(await link.getAttribute('rel') ?? '', /noopener/);
  assert.equal(await page.locator('[data-room-title]').textContent(), '<b>room</b>');
});

on('while the chat is closed, what is said is read out; what lay there before is not', 'room-3', async (page) => {
  assert.equal(await page.textContent('[data-live=chat]'), '');
  await page.evaluate(() => {
    const { fixture } = /** @type {any} */ (window);
    const s = fixture.get();
    const room = s.rooms[s.current];
    fixture.set({ ...s, rooms: { [s.current]: { ...room, unread: 1, chat: [...room.chat,
      { id: 'new', kind: 'chat', time: Date.now(), from: room.order[1], name: 'Mina', text: 'are you there?', own: false }] } } });
  });
  await page.waitForFunction(() => document.querySelector('[data-live=chat]')?.textContent === 'Mina: are you there?');
  assert.equal(await page.textContent('[data-unread]'), '1');
});

on('the language changes at once, the whole page with it', 'prejoin', async (page) => {
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await page.click('[data-act=lang]');
  await page.waitForFunction(() => document.documentElement.lang === 'ko');
  assert.equal(await page.textContent('[data-act=join]'), '들어가기');
  await page.click('[data-act=theme]');
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
  const ink = (/** @type {string} */ colour) =>
    page.waitForFunction((c) => getComputedStyle(document.documentElement).getPropertyValue('--ink').trim() === c, colour);
  await ink('#e9edea');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.evaluate(() => { delete document.documentElement.dataset.theme; });
  await ink('#e9edea'); // chosen, or by the device: the same dark
  await page.click('[data-act=theme]');
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
  await ink('#1b2320'); // light on a dark device
});

on('device menus in the call', 'room-2', async (page) => {
  await page.click('[data-menu=mic]');
  assert.equal(await page.locator('[role=menuitemradio][aria-checked=true]').first().textContent(), 'Built-in microphone');
  await page.click('[data-item="mic:d1"]');
  assert.deepEqual(await calls(page, 'setDevice'), [['setDevice', 'mic', 'd1']]);
});

on('a link that is none is told, a good one opens the door', 'lobby', async (page) => {
  await page.fill('[data-field=link]', 'https://elsewhere.example/');
  await page.click('[data-act=join-link]');
  await page.waitForSelector('[data-field=link][aria-invalid=true]');
  await page.fill('[data-field=link]', 'https://madang.example/r/0a1b2c3d4e5fg');
  await page.keyboard.press('Enter');
  assert.deepEqual(await calls(page, 'prepare'), [['prepare', { room: '0a1b2c3d4e5fg' }]]);
});

on('with reduced motion nothing moves', 'room-4', async (page) => {
  const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running'
    && Number(a.effect?.getComputedTiming().duration) > 10).length);
  assert.equal(moving, 0);
});

on('a trouble that one has seen can be put away', 'room-blocked', async (page) => {
  await page.waitForSelector('[data-problem=unplugged]');
  await page.click('[data-problem=unplugged] [aria-label=Close]');
  await page.waitForSelector('[data-problem=unplugged]', { state: 'detached' });
});

on('where there is no way to somebody, another try is one press away', 'room-no-way', async (page) => {
  const button = page.locator('.tile-link.long [data-act=retry-call]').first();
  await button.focus();
  await page.keyboard.press('Enter');
  assert.equal((await calls(page, 'retryCall')).length, 1);
});
