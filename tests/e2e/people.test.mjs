// People with accounts: two register, find each other, call, decline, miss; one answers on one of two devices.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { User } from './lib/user.mjs';

const house = new House('people');
const OPEN = { args: ['--registration', 'open'] };

/** @type {Promise<import('./lib/house.mjs').HouseServer> | undefined} */
let made;
/** One server for all of this file, where everybody may make an account. */
const home = () => (made ??= house.server({ ...OPEN, shared: true }));

house.test('register, be refused in words, keep the codes, sign out and in again', async () => {
  const person = await house.person('chromium', { name: 'mina', server: await home() });
  const mina = new User(person);
  const { page } = person;
  await person.open('/');
  await page.click('[data-act=account]');
  await page.click('[data-act=to-register]');
  await page.fill('[data-field=username]', 'mina');
  await page.fill('[data-field=password]', 'qwertyuiop');
  await page.click('[data-act=register-go]');
  await page.see('[data-problem=weak_password]');
  await page.fill('[data-field=password]', mina.password);
  await page.fill('[data-field=display]', 'Mina Park');
  await page.click('[data-act=register-go]');
  await page.see('[data-codes]');
  const codes = await page.eval(() => [...document.querySelectorAll('[data-codes] code')].map((e) => e.textContent ?? ''));
  assert.equal(codes.length, 10);
  await mina.keepCodes();
  await mina.atHome();
  assert.equal(await page.text('.own-btn .cut'), 'Mina Park');
  await page.reload();
  await mina.atHome();
  await mina.signOut();
  await mina.signIn({ password: 'wrong and long enough' });
  await page.see('[data-problem=sign_in_wrong]');
  await mina.signIn();
  await mina.atHome();
  await mina.signOut();
  await page.click('[data-act=account]');
  await page.click('[data-act=to-recover]');
  await page.fill('[data-field=username]', 'mina');
  await page.fill('[data-field=code]', codes[3]);
  await page.fill('[data-field=password]', 'another heavy wooden door');
  await page.click('[data-act=recover-go]');
  await mina.atHome();
  await page.see('[data-toast=codes_left]');
});
