// The whole way by keyboard alone, from opening the page to leaving a room, against the real server; the
// Hangul input method; and what a screen reader is given.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { focused, tabTo } from './lib/keys.mjs';
import { LANGS, accessible, allNamed, complaints, guest, holds, reads, words } from './lib/ui.mjs';

const house = new House('ui-keyboard');
/** @typedef {import('./lib/browser.mjs').Page} Page */

house.test('from opening the page to leaving, by keyboard alone', async () => {
  const server = await house.home();
  const p = await house.person('chromium', { name: 'Mina', page: { size: [1280, 800] } });
  const { page } = p;
  const type = (/** @type {string} */ text) => page.raw.keyboard.type(text);
  await p.open('/');
  await tabTo(page, '[data-field=name]');
  await page.press('Control+a');
  await type('Mina');
  await page.press('Enter');
  await page.until(() => /** @type {any} */ (window).madang.state().self.name === 'Mina');

  // A room, after a look at the dialog and back.
  await tabTo(page, '[data-act=create]');
  await page.press('Space');
  await page.see('dialog[open]');
  await page.press('Escape');
  await page.gone('dialog');
  await focused(page, '[data-act=create]');
  await page.press('Enter');
  await page.see('dialog[open]');
  await type('Keys only');
  await tabTo(page, '[data-field=public]');
  await page.press('ArrowRight');
  await focused(page, '[data-field=unlisted]');
  await page.press('ArrowLeft');
  await tabTo(page, '[data-field=locked]');
  await page.press('Space');
  await page.see('dialog [data-field=password]');
  await page.press('Space');
  await page.gone('dialog [data-field=password]');
  await tabTo(page, '[data-act=create-go]');
  await page.press('Enter');

  // The door: the focus is not lost, devices can be chosen, the microphone muted.
  await page.see('[data-act=join]');
  await focused(page, ':not(body)');
  await tabTo(page, '[data-act=mic]');
  await page.press('Space');
  await page.see('[data-act=mic][aria-pressed=false]');
  await page.press('Space');
  await page.see('[data-act=mic][aria-pressed=true]');
  await page.see('[data-preview=live]');
  await tabTo(page, '[data-device=camera]');
  await page.press('ArrowDown');
  await page.until(() => /** @type {any} */ (window).rack.used().includes('cam2'));
  await tabTo(page, '[data-act=join]', { back: true });
  await page.press('Enter');
  await p.inRoom();
  await focused(page, ':not(body)');

  // Somebody comes; chat, whisper, mute.
  const other = await guest(server, 'Theo');
  await other.join(p.room);
  await page.see(`[data-session="${other.session}"]`);
  await tabTo(page, '[data-act=chat]');
  await page.press('Space');
  await page.see('[data-field=chat]');
  await page.until(() => document.activeElement?.matches('[data-field=chat]'));
  await type('by keyboard');
  await page.press('Enter');
  await other.event((e) => e.type === 'chat' && e.text === 'by keyboard');
  await page.press('Escape');
  await page.gone('[data-panel]');
  await focused(page, '[data-act=chat]');
  await page.press('p');
  await page.see('[data-panel=people]');
  await tabTo(page, `[data-person="${other.session}"] [data-menu]`);
  await page.press('ArrowDown');
  await page.see('[role=menu]');
  await page.press('End');
  await focused(page, '[data-item=remove]');
  await page.press('Home');
  await page.press('Enter');
  await page.see('[data-whisper-to]');
  await page.until(() => document.activeElement?.matches('[data-field=chat]'));
  await type('only you');
  await page.press('Enter');
  await other.event((e) => e.type === 'whisper' && e.text === 'only you');
  await page.press('Escape');
  await page.gone('[data-panel]');
  await page.press('m');
  await page.see('[data-act=mic][aria-pressed=false]');
  await other.event((e) => e.type === 'participant' && e.participant.session === p.session && e.participant.mic === false);
  await page.press('m');
  await tabTo(page, '[data-menu=mic]');
  await page.press('ArrowDown');
  await page.press('ArrowDown');
  await page.press('Enter');
  await page.until(() => /** @type {any} */ (window).rack.used().includes('mic2'));
  await focused(page, '[data-menu=mic]');
  await page.press('l');
  await page.see('dialog[data-dialog=share]');
  await page.press('Escape');
  await page.gone('dialog');
  await tabTo(page, '[data-menu=more]');
  await page.press('Enter');
  await page.see('[role=menu]');
  await page.press('Escape');
  await page.gone('[role=menu]');

  await tabTo(page, '[data-act=leave]');
  await page.press('Space');
  await page.gone('[data-room-title]');
  await page.see('[data-act=create]');
  await focused(page, ':not(body)');
  assert.deepEqual(complaints(page), []);
  other.close();
});

house.test('Hangul: Enter of the input method never sends, in Chromium\'s own composition', async () => {
  const server = await house.home();
  const p = await house.person('chromium', { name: '미나', page: { lang: 'ko' } });
  await p.create({ title: '한글' });
  const other = await guest(server, 'Theo');
  await other.join(p.room);
  await p.openChat();
  const { page } = p;
  await page.click('[data-field=chat]');
  const cdp = await page.raw.context().newCDPSession(page.raw);
  for (const text of ['ㅎ', '하', '한']) {
    await cdp.send('Input.imeSetComposition', { text, selectionStart: 1, selectionEnd: 1 });
  }
  assert.equal(await page.eval(() => /** @type {HTMLTextAreaElement} */ (document.querySelector('[data-field=chat]')).value), '한');
  for (const type of /** @type {const} */ (['rawKeyDown', 'keyUp'])) {
    await cdp.send('Input.dispatchKeyEvent', { type, key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 });
  }
  const chat = () => p.chat().then((all) => all.filter((c) => c.kind === 'chat').map((c) => c.text));
  assert.deepEqual(await chat(), []);
  await cdp.send('Input.insertText', { text: '한' });
  await cdp.send('Input.imeSetComposition', { text: '글', selectionStart: 1, selectionEnd: 1 });
  await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 });
  await cdp.send('Input.insertText', { text: '글' });
  assert.deepEqual(await chat(), []);
  await page.press('Enter');
  await p.hears('한글');
  await other.event((e) => e.type === 'chat');
  await p.say('끝');
  await other.event((e) => e.type === 'chat' && e.text === '끝');
  assert.deepEqual(other.events.filter((e) => e.type === 'chat').map((e) => e.text), ['한글', '끝']);
  other.close();
});

for (const lang of LANGS) {
  house.test(`a screen reader finds a name for everything, and hears what is said (${lang})`, async () => {
    const t = words[lang];
    const server = await house.home();
    const p = await house.person('chromium', { name: 'Mina', page: { lang, size: [1280, 800] } });
    const { page } = p;
    const other = await guest(server, 'Theo');
    const room = await other.create({ title: 'Choir' });
    await p.lobby();
    await page.see(`[data-room="${room}"]`);
    const has = (
      /** @type {{role: string, name: string, props: any}[]} */ tree, /** @type {string} */ role, /** @type {string} */ name) => {
      const hit = tree.find((n) => n.role === role && n.name === name);
      assert.ok(hit, `no ${role} "${name}" among ${tree.filter((n) => n.role === role).map((n) => n.name).join(' | ')}`);
      return hit;
    };
    let tree = await allNamed(page, 'lobby');
    has(tree, 'textbox', t('lobby.name'));
    has(tree, 'button', t('rooms.enter_this', { title: 'Choir' }));
    has(tree, 'heading', t('lobby.hello'));
    for (const [act, dialog] of [['create', 'create'], ['settings', 'settings'], ['help', 'help'], ['certificate', 'certificate']]) {
      await page.click(`[data-act=${act}]`);
      await page.see(`dialog[open][data-dialog=${dialog}]`);
      const inside = await allNamed(page, dialog);
      assert.ok(inside.some((n) => n.role === 'dialog' && n.props.modal), `${dialog} is modal`);
      await page.press('Escape');
      await page.gone('dialog');
    }
    await page.click(`[data-room="${room}"]`);
    await page.see('[data-preview=live]');
    tree = await allNamed(page, 'door');
    assert.equal(has(tree, 'button', t('mic.name')).props.pressed, 'true');
    has(tree, 'combobox', t('device.camera'));
    has(tree, 'switch', `${t('prejoin.listen')} ${t('prejoin.listen_more')}`);
    await page.click('[data-act=join]');
    await p.inRoom();
    tree = await allNamed(page, 'room');
    for (const name of [t('mic.name'), t('cam.name'), t('screen.share'), t('chat.title'), t('bar.more'), t('leave')]) has(tree, 'button', name);
    has(tree, 'heading', 'Choir');

    // Spoken while the chat is closed; what is in it when it is open is a log.
    await other.must('chat', { room, text: 'are you there?' });
    await reads(page, '[data-live=chat][aria-live=polite]', t('chat.spoken', { name: 'Theo', text: 'are you there?' }));
    const third = await guest(server, 'Ivy');
    await third.join(room);
    await holds(page, '[data-live=chat]', t('notice.entered', { name: 'Ivy' }));
    await third.must('leave', { room });
    await holds(page, '[data-live=chat]', t('notice.left', { name: 'Ivy' }));
    await page.see('[data-unread]');
    has(await accessible(page), 'button', t('chat.open_unread', { count: 1 }));
    await p.openChat();
    tree = await allNamed(page, 'chat');
    has(tree, 'log', t('chat.log'));
    has(tree, 'textbox', t('chat.write'));
    has(tree, 'button', t('chat.send'));
    await page.click('[data-tab=people]');
    await page.see('.people-list');
    tree = await allNamed(page, 'people');
    has(tree, 'button', t('person.menu', { name: 'Theo' }));
    await page.click(`[data-person="${other.session}"] [data-menu]`);
    await page.see('[role=menu]');
    tree = await allNamed(page, 'menu');
    has(tree, 'menuitem', t('person.whisper'));
    await page.press('Escape');
    await page.click('[data-act=share]');
    await page.see('dialog[open][data-dialog=share]');
    tree = await allNamed(page, 'share');
    assert.ok(tree.some((n) => ['img', 'image'].includes(n.role) && n.name === t('share.qr')));
    has(tree, 'textbox', t('share.link'));
    assert.deepEqual(complaints(page), []);
    other.close();
    third.close();
  });
}

house.test('Firefox: Tab reaches everything from the lobby to the room', async () => {
  const p = await house.person('firefox', { name: 'Feu', page: { size: [1280, 800] } });
  const { page } = p;
  const press = (/** @type {string} */ key) => page.press(key);
  const tab = async (/** @type {string} */ selector) => {
    for (let i = 0; i < 40; i++) {
      if (await page.eval((s) => !!document.activeElement?.matches(s), selector)) return;
      await press('Tab');
    }
    assert.fail(`${selector} is not reached`);
  };
  await p.lobby();
  await tab('[data-act=create]');
  await press('Enter');
  await page.see('dialog[open]');
  await press('Enter');
  await page.see('[data-act=join]');
  await page.see('[data-preview=live]');
  await tab('[data-act=join]');
  await press('Enter');
  await p.inRoom();
  await tab('[data-act=chat]');
  await press('Enter');
  await page.until(() => document.activeElement?.matches('[data-field=chat]'));
  await page.raw.keyboard.type('안녕');
  await press('Enter');
  await p.hears('안녕');
  await press('Escape');
  await page.gone('[data-panel]');
  await tab('[data-act=leave]');
  await press('Enter');
  await page.see('[data-act=create]');
});
