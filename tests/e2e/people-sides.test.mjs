// What the two sides of a block and of an ignored request see, which must give no hint; and one person in two
// tabs: what is read in one is read in both, and a reload does not make one blink.
import assert from 'node:assert/strict';
import { signedIn } from '../lib/client.mjs';
import { House } from './lib/house.mjs';
import { complaints, reads, words } from './lib/ui.mjs';
import { User } from './lib/user.mjs';

const house = new House('people-sides');
const t = words.en;

/** @type {Promise<import('./lib/house.mjs').HouseServer> | undefined} */
let made;
const home = () => (made ??= house.server({ args: ['--registration', 'open'], shared: true }));

/** @param {string} name */
async function newUser(name) {
  const user = new User(await house.person('chromium', { name, server: await home() }));
  await user.register();
  return user;
}

/** @param {User} from @param {User} to @param {string} text */
async function write(from, to, text) {
  await from.page.click('[data-nav=people]');
  if (!await from.page.count(`[data-card] .soft`)) await from.find(to.name, to);
  await from.page.click('[data-act=write]');
  await say(from, text);
}

/** @param {User} user @param {string} text */
async function say({ page }, text) {
  await page.fill('[data-field=message]', text);
  await page.click('[data-act=send-message]');
  await page.until((text) => [...document.querySelectorAll('.said.own .bubble')].at(-1)?.textContent === text && !document.querySelector('[data-pending]'), text,
    { what: `“${text}” is sent` });
}

/** The words of a page about what one has written: marks, presence, refusals. @param {User} user */
const hints = ({ page }) => page.eval(() => ({
  marks: [...document.querySelectorAll('.thread [data-mark]')].map((e) => /** @type {HTMLElement} */ (e).dataset.mark).at(-1),
  wrong: document.querySelectorAll('.thread [role=alert], [data-toast]').length,
  writes: !!document.querySelector('[data-field=message]'),
  title: document.querySelector('[data-conv-title]')?.textContent,
}));

/** @param {User} user @returns {Promise<string>} */
const idOf = ({ page }) => page.eval(() => /** @type {any} */ (window).madang.state().account.user.user);

/** Another device's session of somebody, to know what the server has told until now. @param {User} user */
async function beside(user) {
  const cookies = await user.page.raw.context().cookies();
  const own = cookies.find((/** @type {any} */ c) => c.name === '__Host-madang');
  return signedIn(await home(), `${own.name}=${own.value}`);
}

house.test('who is ignored and who is blocked see the same as somebody whose words wait unread', async () => {
  const [mia, ida, bob, una] = await Promise.all(['mia', 'ida', 'bob', 'una'].map(newUser));
  // Three strangers write to mia: ida is ignored, bob blocked, una left waiting.
  for (const who of [ida, bob, una]) await write(who, mia, `hello from ${who.name}`);
  await mia.page.see('[data-nav=messages] [data-badge="3"]');
  await mia.page.click('[data-nav=messages]');
  for (const [who, act] of /** @type {const} */ ([[ida, 'ignore'], [bob, 'block']])) {
    await mia.page.until((n) => [...document.querySelectorAll('[data-requests] .row-main')].some((e) => e.textContent?.includes(n)), who.name);
    await mia.page.eval((n) => {
      const row = [...document.querySelectorAll('[data-requests] .row-main')].find((e) => e.textContent?.includes(n));
      /** @type {HTMLElement} */ (row).click();
    }, who.name);
    await reads(mia.page, '[data-conv-title]', who.name);
    await mia.page.click(`[data-act=${act}-request]`);
    await mia.page.gone('[data-conv]');
  }
  await mia.page.see('[data-nav=messages] [data-badge="1"]');
  const listens = await beside(mia);
  for (const who of [ida, bob, una]) await say(who, 'are you there?');
  await listens.event((m) => m.type === 'message' && m.message.text === 'are you there?', 'what una wrote');
  // Two from una by now; nothing more was counted of the others, and nothing told of who is blocked.
  await mia.page.see('[data-requests] [data-unread="2"]');
  assert.equal(await mia.page.count('[data-requests] .row'), 1);
  const told = listens.events.filter((m) => m.type === 'message' && m.message.text === 'are you there?');
  assert.deepEqual(told.map((m) => m.message.from), [await idOf(ida), await idOf(una)]);
  await mia.page.fill('[data-field=message-search]', 'are you there');
  await mia.page.see('[data-found] [data-hit]');
  assert.equal((await mia.page.text('[data-found]')).includes('bob'), false, 'what was written while one was blocked is not found');

  const seen = await Promise.all([ida, bob, una].map(hints));
  assert.deepEqual(seen[0], { marks: 'sent', wrong: 0, writes: true, title: 'mia' });
  assert.deepEqual(seen[1], seen[0]);
  assert.deepEqual(seen[2], seen[0]);
  // A call of who is blocked rings in vain, like one to somebody who is not there; nothing shows on the other side.
  await bob.page.click('[data-act=conv-call]');
  await bob.page.see('[data-ring=outgoing] [data-call]');
  await bob.page.click('[data-act=cancel-call]');
  await bob.page.gone('[data-ring]');
  assert.equal(await mia.page.count('[data-ring], [data-nav=calls] [data-badge]'), 0);
  assert.equal(listens.events.some((m) => m.type === 'ring'), false);
  for (const u of [mia, ida, bob, una]) assert.deepEqual(complaints(u.page, /SSL certificate/), []);
});

house.test('two tabs of one person: badges agree, what is read in one is read in both; a reload does not blink', async () => {
  const [tia, ned] = await Promise.all(['tia', 'ned'].map(newUser));
  const second = await tia.page.sibling({ url: `${tia.person.url}/?debug` });
  await second.see('[data-nav=people]');
  await ned.find('tia', tia);
  await reads(ned.page, '.presence-line', t('presence.online'));
  const watcher = await beside(ned);
  const id = await idOf(tia);
  await watcher.must('people_watch', { users: [id] });
  await ned.page.click('[data-act=write]');
  await say(ned, 'one');
  await say(ned, 'two');
  for (const page of [tia.page, second]) await page.see('[data-nav=messages] [data-badge="1"]');
  await second.click('[data-nav=messages]');
  await second.click('[data-requests] .row-main');
  await second.click('[data-act=accept-request]');
  for (const page of [tia.page, second]) await page.gone('[data-nav=messages] [data-badge]');
  await tia.page.click('[data-nav=messages]');
  await tia.page.see('[data-convs] [data-row]');
  assert.equal(await tia.page.count('[data-unread]'), 0);
  assert.match(await tia.page.eval(() => document.title), /^madang|^[^(]/);

  // Missed calls count in both, and are seen in both.
  await ned.page.click('[data-act=conv-call]');
  for (const page of [tia.page, second]) await page.see('[data-ring=incoming]');
  await ned.page.click('[data-act=cancel-call]');
  for (const page of [tia.page, second]) await page.see('[data-nav=calls] [data-badge="1"]');
  await tia.page.click('[data-nav=calls]');
  for (const page of [tia.page, second]) await page.gone('[data-nav=calls] [data-badge]');

  // Both tabs are loaded again, one after the other: nobody who watches is told that tia went.
  await second.reload();
  await second.see('[data-nav=people]');
  await second.close();
  await tia.page.reload();
  await tia.page.until(() => /** @type {any} */ (window).madang?.state().net.phase === 'online' && /** @type {any} */ (window).madang.state().account.user);
  // Something of hers that is told for sure comes after whatever the reload would have brought.
  await tia.page.click('[data-menu=own]');
  await tia.page.click('[data-item=mode-dnd]');
  const presences = () => watcher.events.filter((m) => m.type === 'presence').flatMap((m) => m.changed).filter((c) => c.user === id).map((c) => c.presence);
  await watcher.event((m) => m.type === 'presence' && m.changed.some((/** @type {any} */ c) => c.user === id && c.presence === 'dnd'), 'do not disturb');
  assert.equal(presences().includes('offline'), false, `${presences()}`);
});
