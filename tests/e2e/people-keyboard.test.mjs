// People with accounts by keyboard alone: registering, finding somebody, a call from both ends, a message; and what a
// screen reader is given of these screens.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { focused, tabTo } from './lib/keys.mjs';
import { LANGS, allNamed, reads, words } from './lib/ui.mjs';
import { User } from './lib/user.mjs';

const house = new House('people-keyboard');
const SIZE = { size: /** @type {[number, number]} */ ([1280, 800]) };

/** @type {Promise<import('./lib/house.mjs').HouseServer> | undefined} */
let made;
const home = () => (made ??= house.server({ args: ['--registration', 'open', '--user-invites', 'on'], shared: true }));

/** @param {string} name @param {'ko' | 'en'} [lang] */
const someone = async (name, lang = 'en') => new User(await house.person('chromium', { name, server: await home(), page: { ...SIZE, lang } }));

/** Tab to it, and Enter. @param {User} user @param {string} selector */
async function choose({ page }, selector) {
  await page.see(selector);
  await tabTo(page, selector);
  await page.press('Enter');
}

/** @param {User} user @param {string} field @param {string} text */
async function type({ page }, field, text) {
  await page.see(`[data-field=${field}]`);
  await tabTo(page, `[data-field=${field}]`);
  await page.press('Control+a');
  await page.raw.keyboard.type(text);
}

/** @param {User} user */
async function registers(user) {
  await user.person.open('/');
  await choose(user, '[data-act=account]');
  await choose(user, '[data-act=to-register]');
  await type(user, 'username', user.name);
  await type(user, 'password', user.password);
  await user.page.press('Enter');
  await user.page.see('[data-codes]');
  await tabTo(user.page, '[data-field=codes-kept]');
  await user.page.press('Space');
  await choose(user, '[data-act=codes-done]');
  await user.atHome();
}

house.test('register, find, call, answer, hang up and write, by keyboard alone', async () => {
  const [ann, ben] = await Promise.all([someone('ann'), someone('ben')]);
  await registers(ann);
  await registers(ben);
  await type(ann, 'people-search', 'ben');
  await ann.page.until(() => document.querySelectorAll('.rows .row-main').length === 1);
  await choose(ann, '.rows .row-main');
  await focused(ann.page, '#card-name');
  await choose(ann, '[data-act=call-voice]');
  await focused(ann.page, '[data-ring=outgoing] [data-lead]');
  await focused(ben.page, '[data-ring=incoming] [data-lead]');
  await ben.page.press('Enter'); // who was typing when it came up answers nothing by accident
  await ben.page.press('Escape');
  await choose(ben, '[data-act=reply]');
  await choose(ben, '[data-reply=soon]');
  await focused(ann.page, '[data-ring=after] [data-lead]');
  await choose(ann, '[data-act=again]');
  await focused(ben.page, '[data-ring=incoming] [data-lead]');
  await choose(ben, '[data-act=accept-voice]');
  await Promise.all([ann.inCall(), ben.inCall()]);
  await ben.hears();
  await choose(ben, '[data-act=leave]');
  await choose(ben, '[data-stars="5"]');
  await ben.page.see('[data-stars="5"][aria-pressed=true]');
  for (const p of [ann, ben]) {
    await p.page.see('[data-outcome=ended]');
    await p.page.press('Escape');
    await p.page.gone('[data-ring]');
  }
  await choose(ann, '[data-nav=people]');
  await choose(ann, '.rows .row-main');
  await choose(ann, '[data-act=write]');
  await focused(ann.page, '[data-field=message]');
  await ann.page.raw.keyboard.type('hello by keys');
  await ann.page.press('Enter');
  await choose(ben, '[data-nav=messages]');
  await choose(ben, '[data-requests] .row-main');
  await choose(ben, '[data-act=accept-request]');
  await reads(ben.page, '.bubble', 'hello by keys');
  await choose(ben, '[data-menu=own]');
  await focused(ben.page, '[role=menu] [role^=menuitem]');
  await ben.page.press('Escape');
  await focused(ben.page, '[data-menu=own]');
}, { timeout: 150_000 });

for (const lang of LANGS) {
  house.test(`a screen reader finds a name for everything that people with accounts see (${lang})`, async () => {
    const t = words[lang];
    const [cat, dot] = await Promise.all([someone(`cat.${lang}`, lang), someone(`dot.${lang}`, lang)]);
    const { page } = cat;
    await cat.person.open('/');
    await page.click('[data-act=account]');
    for (const way of ['recover', 'sign-in', 'register']) {
      await allNamed(page, `before ${way}`);
      await page.click(`[data-act=to-${way}]`);
    }
    await allNamed(page, 'register');
    await cat.register();
    await dot.register();
    await cat.find(dot.name, dot);
    const tree = await allNamed(page, 'people');
    assert.ok(tree.some((n) => n.role === 'navigation' && n.name === t('nav.name')));
    assert.ok(tree.some((n) => n.role === 'searchbox' && n.name === t('people.search')));
    assert.ok(tree.some((n) => n.role === 'button' && n.name === t('call.video_to', { name: dot.name })));
    await page.click('[data-act=write]');
    await page.fill('[data-field=message]', 'hello');
    await page.click('[data-act=send-message]');
    await reads(page, '.bubble', 'hello');
    assert.ok((await allNamed(page, 'messages')).some((n) => n.role === 'log'));
    await page.click('[data-act=conv-call]');
    await dot.page.see('[data-ring=incoming]');
    await page.see('[data-ring=outgoing] [data-call]');
    const ring = await allNamed(dot.page, 'it rings');
    assert.ok(ring.some((n) => n.role === 'dialog' && n.name === t('ring.calls_voice', { name: cat.name }) && n.props.modal));
    assert.ok(ring.some((n) => n.role === 'alert'), 'said at once');
    await allNamed(page, 'calling');
    await dot.page.click('[data-act=decline]');
    await page.see('[data-outcome=declined]');
    await allNamed(page, 'declined');
    await page.click('[data-act=after-done]');
    await page.click('[data-nav=calls]');
    await page.see('[data-record]');
    await allNamed(page, 'calls');
    await cat.toMe();
    await allNamed(page, 'oneself');
    for (const [act, dialog] of [['picture', 'picture'], ['change-password', 'password'], ['new-codes', 'new-codes'], ['delete-account', 'delete']]) {
      await page.click(`[data-act=${act}]`);
      await page.see(`dialog[open][data-dialog=${dialog}]`);
      assert.ok((await allNamed(page, dialog)).some((n) => n.role === 'dialog' && n.props.modal), `${dialog} is modal`);
      await page.press('Escape');
      await page.gone('dialog');
    }
  }, { timeout: 90_000 });
}
