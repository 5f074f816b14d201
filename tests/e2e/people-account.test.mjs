// One's account, by what people press: why a password is refused, in both languages; a new password, new codes, an
// operator's link, signing out everywhere, and what is left of somebody who deleted the account.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { BIN } from '../lib/server.mjs';
import { House } from './lib/house.mjs';
import { LANGS, holds, reads, words } from './lib/ui.mjs';
import { User } from './lib/user.mjs';

const house = new House('people-account');
const t = words.en;

/** @type {Promise<import('./lib/house.mjs').HouseServer> | undefined} */
let made;
const home = () => (made ??= house.server({ args: ['--registration', 'open', '--rate-sign-in', 'off'], shared: true }));

/** @param {string} name @param {{display?: string, lang?: 'ko' | 'en'}} [o] */
async function newUser(name, { display = name, lang = 'en' } = {}) {
  const user = new User(await house.person('chromium', { name, server: await home(), page: { lang } }));
  await user.register({ display });
  return user;
}

/** One for each reason that there is. */
const WEAK = { short: 'k7#f', common: 'qwertyuiop', name: 'weakling2024', date: '17.08.1990', repeat: 'abcdefghijk', keyboard: 'zxcvbnm,./', guessable: 'monkeydragon' };

for (const lang of LANGS) {
  house.test(`a weak password is refused with its reason (${lang})`, async () => {
    const user = await newUser(`weakling.${lang}`, { lang });
    const { page } = user;
    await user.toMe();
    await page.click('[data-act=change-password]');
    await page.fill('[data-field=old]', user.password);
    for (const [reason, password] of Object.entries(WEAK)) {
      await page.fill('[data-field=password]', password);
      await page.click('[data-act=password-go]');
      await reads(page, '[data-problem=weak_password] span', words[lang](`weak.${reason}`));
    }
    await page.fill('[data-field=old]', 'not what it was');
    await page.fill('[data-field=password]', 'seven wet umbrellas in june');
    await page.click('[data-act=password-go]');
    await reads(page, '[data-problem=sign_in_wrong] span', words[lang]('error.sign_in_wrong'));
  });
}

house.test('a new password ends the other devices; new codes; signed out everywhere', async () => {
  const ada = await newUser('ada');
  const phone = await ada.secondDevice(house);
  await ada.toMe();
  await ada.page.click('[data-act=change-password]');
  await ada.page.fill('[data-field=old]', ada.password);
  const former = ada.password;
  ada.password = 'seven wet umbrellas in june';
  await ada.page.fill('[data-field=password]', ada.password);
  await ada.page.click('[data-act=password-go]');
  await ada.page.gone('dialog');
  await phone.page.see('[data-toast=signed_out]');
  await phone.signIn({ password: former });
  await phone.page.see('[data-problem=sign_in_wrong]');
  await phone.fillSignIn({ password: ada.password });
  await phone.atHome();
  await ada.page.click('[data-act=new-codes]');
  await ada.page.fill('[data-field=password]', ada.password);
  await ada.page.click('[data-act=codes-go]');
  await ada.keepCodes();
  await ada.page.gone('dialog');
  await ada.page.click('[data-act=sign-out-all]');
  for (const p of [ada, phone]) {
    await p.page.see('[data-field=name]');
    await p.page.reload();
    await p.page.see('[data-act=account]');
  }
});

house.test('a link of the operator gives a new password', async () => {
  const server = await home();
  const bea = await newUser('bea');
  const phone = await bea.secondDevice(house);
  const said = execFileSync(BIN, ['user', 'passwd', 'bea', '--data', server.data, '--port', `${server.port}`], { encoding: 'utf8', timeout: 30_000 });
  const link = /\/i\/[\w-]{22}/.exec(said)?.[0] ?? said;
  await phone.person.open(link);
  await phone.page.see('[data-sign=reset]');
  assert.match(await phone.page.text('#sign-title'), /bea/);
  bea.password = 'a quiet green lighthouse';
  await phone.page.fill('[data-field=password]', bea.password);
  await phone.page.click('[data-act=reset-go]');
  await phone.atHome();
  await bea.page.see('[data-toast=signed_out]');
  await bea.signIn();
  await bea.atHome();
});

house.test('who deletes the account is told first what becomes of what was said; it stays with the other one, without a name', async () => {
  const [cho, dan] = await Promise.all([newUser('cho', { display: 'Cho Goes' }), newUser('dan')]);
  await cho.find('dan', dan);
  await cho.page.click('[data-act=write]');
  await cho.page.fill('[data-field=message]', 'keep this');
  await cho.page.click('[data-act=send-message]');
  await dan.page.click('[data-nav=messages]');
  await dan.page.click('[data-requests] .row-main');
  await dan.page.click('[data-act=accept-request]');
  await reads(dan.page, '[data-conv-title]', 'Cho Goes');
  await cho.toMe();
  await cho.page.click('[data-act=delete-account]');
  await holds(cho.page, '[data-dialog=delete]', t('delete.messages'));
  await cho.page.fill('[data-field=own-name]', 'dan');
  await cho.page.fill('[data-field=password]', cho.password);
  await cho.page.see('[data-act=delete-go]:disabled');
  await cho.page.fill('[data-field=own-name]', 'cho');
  await cho.page.click('[data-act=delete-go]');
  await cho.page.see('[data-field=name]');
  await cho.signIn();
  await cho.page.see('[data-problem=sign_in_wrong]');
  await dan.page.reload();
  await dan.page.see('.bubble');
  await reads(dan.page, '[data-conv-title]', t('people.gone'));
  await holds(dan.page, '.bubble', 'keep this');
  assert.equal(await dan.page.count('[data-act=conv-call], [data-field=message]'), 0);
  await dan.page.click('[data-nav=people]');
  await dan.page.fill('[data-field=people-search]', 'cho');
  await dan.page.see('.rooms-empty');
});
