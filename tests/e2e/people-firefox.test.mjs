// People with accounts in Firefox: two register, find each other, decline, talk, write.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { reads, words } from './lib/ui.mjs';
import { User } from './lib/user.mjs';

const house = new House('people-firefox');
const t = words.en;

house.test('register, find, call, decline, talk and write, all in Firefox', async () => {
  const server = await house.server({ args: ['--registration', 'open'] });
  const [ann, ben] = await Promise.all([['ann', 'Ann Field'], ['ben', '김벤']].map(async ([name, display]) => {
    const user = new User(await house.person('firefox', { name, server }));
    await user.register({ display });
    return user;
  }));
  await ann.find('ㄱㅂ', ben);
  await reads(ann.page, '.presence-line', t('presence.online'));
  await ann.page.click('[data-act=call-voice]');
  await ben.page.see('[data-ring=incoming]');
  await ben.page.click('[data-act=decline]');
  await ann.page.see('[data-act=after-done]');
  await reads(ann.page, '[data-ring=after] [role=status]', t('outcome.declined'));
  await ann.page.click('[data-act=after-done]');
  await ann.page.gone('[data-ring]');
  await ann.page.click('[data-act=call-video]');
  await ben.page.see('[data-ring=incoming]');
  await ben.page.click('[data-act=accept-video]');
  await Promise.all([ann.talks(2), ben.talks(2)]);
  await Promise.all([ann.hears(), ben.hears()]);
  await ben.page.click('[data-act=leave]');
  await Promise.all([ann, ben].map(({ page }) => page.click('[data-act=after-done]')));

  await ann.page.click('[data-act=write]');
  await ann.page.fill('[data-field=message]', '**내일** 만나요');
  await ann.page.click('[data-act=send-message]');
  await ann.page.see('[data-seq="1"] strong');
  await ben.page.see('[data-nav=messages] [data-badge="1"]');
  await ben.page.click('[data-nav=messages]');
  await ben.page.click('[data-requests] .row-main');
  await ben.page.click('[data-act=accept-request]');
  await ben.page.fill('[data-field=message]', 'see you there');
  await ben.page.click('[data-act=send-message]');
  await reads(ann.page, '[data-seq="2"] .bubble', 'see you there');
  await reads(ann.page, '[data-own=true] [data-mark] .unseen', t('mark.read'));
  await ann.page.fill('[data-field=message-search]', '만나');
  await ann.page.see('[data-hit="1"]');
  assert.equal(await ben.page.text('[data-seq="1"] strong'), '내일');
});
