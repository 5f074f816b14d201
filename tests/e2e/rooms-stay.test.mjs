// Rooms that stay, in real browsers: who may do what and sees which buttons, links, public rooms, pictures,
// archiving; tokens of programs, and one's data as a file.
import assert from 'node:assert/strict';
import path from 'node:path';
import { Client } from '../lib/client.mjs';
import { House } from './lib/house.mjs';
import { focused, tabTo } from './lib/keys.mjs';
import { complaints, holds, reads, watchCsp, words } from './lib/ui.mjs';
import { User } from './lib/user.mjs';

const house = new House('rooms-stay');
const t = words.en;
/** The browser does not trust it, and so has no service worker. */
const CERTIFICATE = /SSL certificate/;
const PICTURE = path.resolve('web/icons/icon-512.png');

/** @type {Promise<import('./lib/house.mjs').HouseServer> | undefined} */
let made;
const home = () => (made ??= house.server({ args: ['--registration', 'open'], shared: true }));

/** @param {string} name */
async function newUser(name) {
  const user = new User(await house.person('chromium', { name, server: await home(), page: { init: [[watchCsp, null]] } }));
  await user.register();
  return user;
}

/** @param {string[]} names */
const users = (...names) => Promise.all(names.map(newUser));

/** @param {User} user @param {string} title @param {{ topic?: string, kind?: 'private' | 'unlisted' | 'public' }} [o] */
async function makeRoom({ page }, title, { topic = '', kind = 'private' } = {}) {
  await page.click('[data-nav=messages]');
  await page.click('[data-act=new-conv-room]');
  await page.fill('[data-field=conv-title]', title);
  if (topic) await page.fill('[data-field=conv-topic]', topic);
  await page.click(`[data-field=kind-${kind}]`);
  await page.click('[data-act=conv-room-go]');
  await reads(page, '[data-conv-title]', title);
  await page.gone('[data-dialog=conv-room]');
}

/** Something of the room's menu. @param {User} user @param {string} item */
async function inMenu({ page }, item) {
  await page.click('[data-menu=conv]');
  await page.click(`[data-item=${item}]`);
}

/** What a menu offers, by key. @param {User} user @param {string} menu */
async function offered({ page }, menu) {
  await page.click(menu);
  await page.see('[role=menu]');
  const items = await page.eval(() => [...document.querySelectorAll('[role=menu] [data-item]')].map((e) => /** @type {HTMLElement} */ (e).dataset.item));
  await page.press('Escape');
  await page.gone('[role=menu]');
  return items;
}

/** @param {User} user @returns {Promise<string>} */
const idOf = ({ page }) => page.eval(() => /** @type {any} */ (window).madang.state().account.user.user);

/** Asks somebody in by the search of the members. @param {User} by @param {User} who */
async function askIn(by, who) {
  const { page } = by;
  if (!await page.count('[data-dialog=conv-members]')) await inMenu(by, 'members');
  await page.fill('[data-field=member-search]', who.name);
  await page.click(`[data-ask="${await idOf(who)}"]`);
  await page.see(`[data-group=invited] [data-member="${await idOf(who)}"]`);
}

/** @param {User} who @param {string} title */
async function accept({ page }, title) {
  await page.click('[data-nav=messages]');
  await page.click('[data-requests] .row-main');
  await holds(page, '[data-asked-into]', title);
  await page.click('[data-act=accept-request]');
  await reads(page, '[data-conv-title]', title);
  await page.see('[data-field=message]');
}

/** In the open list of members. @param {User} by @param {User} who @param {string} deed */
async function deed({ page }, who, deed) {
  await page.click(`[data-member="${await idOf(who)}"] [data-menu=member]`);
  await page.click(`[data-item=${deed}]`);
}

/** @param {User} by @param {User} who */
const deedsOn = async (by, who) => offered(by, `[data-member="${await idOf(who)}"] [data-menu=member]`);

/** @param {User} user @param {string} selector */
const valueOf = ({ page }, selector) => page.eval((s) => /** @type {HTMLInputElement} */ (document.querySelector(s)).value, selector);

/** @param {User} user @param {{ uses?: number }} [o] @returns {Promise<string>} the path of a new link */
async function newLink(user, { uses = 5 } = {}) {
  const { page } = user;
  if (!await page.count('[data-dialog=conv-links]')) await inMenu(user, 'links');
  if (await page.count('[data-act=another-link]')) await page.click('[data-act=another-link]');
  await user.person.force(`[data-field=uses-${uses}]`);
  await page.click('[data-act=conv-link]');
  await page.see('[data-field=conv-link]');
  return new URL(await valueOf(user, '[data-field=conv-link]')).pathname;
}

house.test('owner, moderator, member, banned, stranger and guest: what each sees and may do', async () => {
  const [olga, mo, mem, vic] = await users('olga', 'moe', 'mem', 'vic');
  await makeRoom(olga, 'Yard');
  for (const who of [mo, mem, vic]) await askIn(olga, who);
  await Promise.all([mo, mem, vic].map((who) => accept(who, 'Yard')));
  await deed(olga, mo, 'moderator');
  await olga.page.see(`[data-member="${await idOf(mo)}"][data-role=moderator]`);
  assert.deepEqual(await deedsOn(olga, mo), ['member', 'owner', 'removed', 'banned']);
  assert.deepEqual(await deedsOn(olga, mem), ['moderator', 'owner', 'removed', 'banned']);
  await olga.page.press('Escape');
  await olga.page.gone('[data-dialog=conv-members]');
  assert.deepEqual(await offered(olga, '[data-menu=conv]'), ['members', 'links', 'edit-room', 'archive', 'leave-conv']);
  assert.deepEqual(await offered(mo, '[data-menu=conv]'), ['members', 'links', 'edit-room', 'leave-conv']);
  assert.deepEqual(await offered(mem, '[data-menu=conv]'), ['members', 'leave-conv']);

  // A member looks, and acts on nobody.
  await inMenu(mem, 'members');
  await mem.page.until(() => document.querySelectorAll('[data-group=members] [data-member]').length === 4);
  assert.equal(await mem.page.count('[data-menu=member], [data-field=member-search]'), 0);
  await mem.page.press('Escape');

  // A moderator describes the room, but does not open it; and bans, after being asked.
  await inMenu(mo, 'edit-room');
  await mo.page.see('[data-field=conv-topic]');
  assert.equal(await mo.page.count('[data-field=kind-public], [data-field=retention]'), 0);
  await mo.page.fill('[data-field=conv-topic]', 'tea at five');
  await mo.page.click('[data-act=conv-edit-go]');
  await mo.page.gone('dialog');
  await holds(mem.page, '.thread-who', 'tea at five');
  const link = await newLink(mo);
  await mo.page.press('Escape');
  await inMenu(mo, 'members');
  await mo.page.see(`[data-member="${await idOf(vic)}"]`);
  assert.equal(await mo.page.count(`[data-member="${await idOf(olga)}"] [data-menu=member]`), 0);
  await deed(mo, vic, 'banned');
  assert.equal(await mo.page.text('[data-question] p'), t('stay.ask_banned', { name: 'vic' }));
  await focused(mo.page, '[data-question] [data-act=no]');
  await mo.page.press('Escape');
  await mo.page.gone('[data-question]');
  await mo.page.see('[data-dialog=conv-members]');
  await deed(mo, vic, 'banned');
  await mo.page.click('[data-act=member-banned-go]');
  await mo.page.see(`[data-group=banned] [data-member="${await idOf(vic)}"]`);
  await vic.page.gone('[data-conv]');

  // Banned: the link says so. A stranger finds nothing at the address; a guest stands at the door, and is in as a member after signing in.
  const conv = await olga.page.eval(() => /** @type {any} */ (window).madang.state().convs.chosen);
  await vic.person.open(link);
  await vic.page.see('[data-toast=banned]');
  assert.equal(await vic.page.count('[data-conv]'), 0);
  const strange = await newUser('strange');
  await strange.page.goto(`${strange.person.url}/?debug#messages/${conv}`);
  await strange.atHome();
  assert.equal(await strange.page.count('[data-conv], [data-row]'), 0);
  const guest = await house.person('chromium', { name: 'strange', server: await home() });
  await guest.open(link);
  await guest.page.see('[data-stays]');
  await guest.page.click('[data-act=sign-in-first]');
  const later = new User(guest);
  await later.fillSignIn();
  await reads(guest.page, '[data-conv-title]', 'Yard');

  // The ban is lifted; the room is handed over, in words first.
  await deed(mo, vic, 'none');
  await mo.page.gone(`[data-member="${await idOf(vic)}"]`);
  await inMenu(olga, 'leave-conv');
  await reads(olga.page, '[data-dialog=conv-leave] p', t('stay.leave_owner', { name: 'Yard' }));
  await olga.page.click('[data-act=conv-leave-go]');
  await olga.page.see('[data-dialog=conv-members]');
  await deed(olga, mo, 'owner');
  await reads(olga.page, '[data-question] p', t('stay.ask_owner', { name: 'moe' }));
  await olga.page.click('[data-act=member-owner-go]');
  await olga.page.see(`[data-member="${await idOf(mo)}"][data-role=owner]`);
  await olga.page.press('Escape');
  assert.deepEqual(await offered(olga, '[data-menu=conv]'), ['members', 'links', 'edit-room', 'leave-conv']);
  await mo.page.press('Escape');
  assert.deepEqual(await offered(mo, '[data-menu=conv]'), ['members', 'links', 'edit-room', 'archive', 'leave-conv']);
  for (const u of [olga, mo, mem]) assert.deepEqual(complaints(u.page, CERTIFICATE), []);
});

house.test('links are used up, counted, and ended', async () => {
  const [lea, uma, wes, xia] = await users('lea', 'uma', 'wes', 'xia');
  await makeRoom(lea, 'Garden');
  const once = await newLink(lea, { uses: 1 });
  const often = await newLink(lea, { uses: 5 });
  assert.notEqual(once, often);
  await lea.page.until(() => [...document.querySelectorAll('[data-link]')].map((e) => /** @type {HTMLElement} */ (e).dataset.left).sort().join() === '1,5');
  assert.equal(await lea.page.count('.qr'), 1);
  await uma.person.open(once);
  await reads(uma.page, '[data-conv-title]', 'Garden');
  await wes.person.open(once);
  await wes.page.see('[data-toast=bad_invite]');
  await wes.person.open(often);
  await reads(wes.page, '[data-conv-title]', 'Garden');
  await lea.page.press('Escape');
  await inMenu(lea, 'links');
  await lea.page.see('[data-link][data-left="4"]');
  assert.equal(await lea.page.count('[data-link]'), 1, 'what is used up is not shown');
  await lea.page.click('[data-act=end-link]');
  await reads(lea.page, '[data-question] p', t('stay.ask_end_link'));
  await lea.page.click('[data-act=no]');
  await lea.page.gone('[data-question]');
  await lea.page.see('[data-link]');
  await lea.page.click('[data-act=end-link]');
  await lea.page.click('[data-act=end-link-go]');
  await lea.page.gone('[data-link]');
  await xia.person.open(often);
  await xia.page.see('[data-toast=bad_invite]');
});

house.test('a public room is found from both places, joined, described anew, archived and brought back', async () => {
  const [pat, quin, rob] = await users('pat', 'quin', 'rob');
  await makeRoom(pat, 'Tomatoes', { topic: 'all about balconies', kind: 'public' });
  await makeRoom(pat, 'Cellar');
  await pat.page.click('[data-row] .row-main'); // whichever: from here on the public one
  await quin.page.click('[data-nav=lobby]');
  await quin.page.see('[data-publics] [data-public]');
  await quin.page.fill('[data-field=room-search]', 'balcon');
  await quin.page.until(() => document.querySelectorAll('[data-public]').length === 1);
  await holds(quin.page, '[data-public]', 'Tomatoes');
  await quin.page.fill('[data-field=room-search]', 'cellar');
  await quin.page.gone('[data-public]');
  await quin.page.fill('[data-field=room-search]', '');
  await quin.page.click('[data-act=join-room]');
  await reads(quin.page, '[data-conv-title]', 'Tomatoes');
  await quin.page.fill('[data-field=message]', 'hello from a balcony');
  await quin.page.click('[data-act=send-message]');
  await rob.page.click('[data-nav=messages]');
  await rob.page.click('[data-act=public-rooms]');
  await rob.page.click('[data-dialog=public-rooms] [data-act=join-room]');
  await reads(rob.page, '[data-conv-title]', 'Tomatoes');
  await holds(rob.page, '.thread-who', t('conv.members', { count: 3 }));

  const room = await quin.page.eval(() => /** @type {any} */ (window).madang.state().convs.chosen);
  await pat.page.click(`[data-row="${room}"] .row-main`);
  await reads(pat.page, '[data-conv-title]', 'Tomatoes');
  await inMenu(pat, 'edit-room');
  await pat.page.fill('[data-field=conv-title]', '토마토');
  await pat.page.eval(() => {
    const select = /** @type {HTMLSelectElement} */ (document.querySelector('[data-field=retention]'));
    select.value = `${7 * 86400}`;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  });
  await holds(pat.page, '[data-dialog=conv-edit]', t('stay.keep_shorter', { time: '7 days' }));
  await pat.page.click('[data-act=conv-edit-go]');
  await pat.page.gone('dialog');
  await reads(quin.page, '[data-conv-title]', '토마토');
  await inMenu(pat, 'edit-room');
  assert.equal(await valueOf(pat, '[data-field=retention]'), `${7 * 86400}`);
  await pat.page.click('[data-act=room-picture]');
  await pat.page.setFiles('[data-field=picture]', [PICTURE]);
  await pat.page.see('canvas.cutter-picture');
  await pat.page.click('[data-act=keep-picture]');
  await pat.page.gone('dialog');
  await quin.page.until(() => [...document.querySelectorAll('.room-sign img')].some((i) => /** @type {HTMLImageElement} */ (i).naturalWidth > 0), null,
    { what: 'the picture of the room' });

  await inMenu(pat, 'archive');
  await reads(pat.page, '[data-dialog=conv-archive] p', t('stay.archive_text', { name: '토마토' }));
  await pat.page.click('[data-act=conv-archive-go]');
  await reads(quin.page, '.thread-note', t('conv.archived'));
  await quin.page.gone('[data-field=message]');
  await rob.page.click('[data-act=public-rooms]');
  await reads(rob.page, '[data-dialog=public-rooms] [role=status]', t('stay.none_public'));
  await rob.page.press('Escape');
  assert.deepEqual(await offered(pat, '[data-menu=conv]'), ['members', 'bring-back', 'leave-conv']);
  await inMenu(pat, 'bring-back');
  await quin.page.see('[data-field=message]');
  await reads(quin.page, '.said .bubble', 'hello from a balcony');
  for (const u of [pat, quin, rob]) assert.deepEqual(complaints(u.page, CERTIFICATE), []);
});

house.test('a password is a lock: for who comes by the list or a link, not for whom one asks in', async () => {
  const [lok, key, ask] = await users('lok', 'key', 'ask');
  await makeRoom(lok, 'Vault', { kind: 'public' });
  await inMenu(lok, 'edit-room');
  await lok.page.click('[data-act=room-lock]');
  await lok.page.fill('[data-field=room-password]', 'open sesame');
  await lok.page.click('[data-act=conv-edit-go]');
  await lok.page.gone('dialog');
  const link = await newLink(lok);
  await lok.page.press('Escape');
  await key.person.open(link);
  await key.page.see('[data-dialog=room-locked]');
  await key.page.fill('[data-field=room-password]', 'open barley');
  await key.page.click('[data-act=room-password-go]');
  await key.page.see('[data-problem=password_wrong]');
  await key.page.fill('[data-field=room-password]', 'open sesame');
  await key.page.click('[data-act=room-password-go]');
  await reads(key.page, '[data-conv-title]', 'Vault');
  await key.page.gone('dialog');
  await askIn(lok, ask);
  await accept(ask, 'Vault');
  // Saved again without typing another one, it stays; turned off, everybody comes in.
  await lok.page.press('Escape');
  await inMenu(lok, 'edit-room');
  await lok.page.see('[data-act=room-lock]:checked');
  await lok.page.click('[data-act=conv-edit-go]');
  await lok.page.gone('dialog');
  const late = await newUser('late');
  const vault = await lok.page.eval(() => /** @type {any} */ (window).madang.state().convs.chosen);
  await late.page.click('[data-nav=lobby]');
  await late.page.click(`[data-public="${vault}"] [data-act=join-room]`);
  await late.page.see('[data-dialog=room-locked]');
  await late.page.press('Escape');
  await late.page.gone('dialog');
  await inMenu(lok, 'edit-room');
  await lok.page.click('[data-act=room-lock]');
  await lok.page.click('[data-act=conv-edit-go]');
  await lok.page.gone('dialog');
  await late.page.click(`[data-public="${vault}"] [data-act=join-room]`);
  await reads(late.page, '[data-conv-title]', 'Vault');
});

house.test('a room is made, passed on and deleted by keyboard alone', async () => {
  const { page } = await newUser('kay');
  const type = (/** @type {string} */ text) => page.raw.keyboard.type(text);
  const choose = async (/** @type {string} */ selector) => {
    await page.see(selector);
    await tabTo(page, selector);
    await page.press('Enter');
  };
  const item = async (/** @type {string} */ key) => {
    await choose('[data-menu=conv]');
    await page.see('[role=menu]');
    for (let i = 0; i < 8 && !await page.eval((k) => document.activeElement?.getAttribute('data-item') === k, key); i++) await page.press('ArrowDown');
    await page.press('Enter');
  };
  await choose('[data-nav=messages]');
  await choose('[data-act=new-conv-room]');
  await focused(page, '[data-field=conv-title]');
  await type('Keys');
  await tabTo(page, '[data-field=kind-private]');
  await page.press('ArrowDown');
  await page.press('ArrowDown');
  await page.until(() => /** @type {HTMLInputElement} */ (document.querySelector('[data-field=kind-public]')).checked);
  await choose('[data-act=conv-room-go]');
  await reads(page, '[data-conv-title]', 'Keys');
  await item('links');
  await choose('[data-act=conv-link]');
  await page.see('[data-field=conv-link]');
  await choose('[data-act=end-link]');
  await focused(page, '[data-act=no]');
  await page.press('Tab');
  await focused(page, '[data-act=end-link-go]');
  await page.press('Enter');
  await page.gone('[data-link]');
  await page.press('Escape');
  await page.gone('dialog');
  await focused(page, '[data-menu=conv]');
  await item('leave-conv');
  await focused(page, '[data-dialog=conv-leave] [data-first]');
  await reads(page, '[data-dialog=conv-leave] p', t('conv.delete_text', { name: 'Keys' }));
  await page.press('Tab');
  await page.press('Enter');
  await page.gone('[data-conv]');
});

house.test('a token lets a program in for what it is for, and out when it is ended', async () => {
  const toni = await newUser('toni');
  const { page } = toni;
  await toni.toMe();
  await page.click('[data-act=new-token]');
  await page.fill('[data-field=token-name]', 'Weather bot');
  assert.equal(await page.eval(() => /** @type {HTMLButtonElement} */ (document.querySelector('[data-act=token-go]')).disabled), true, 'for nothing there is none');
  await page.click('[data-field=scope-directory]');
  await page.click('[data-act=token-go]');
  await page.see('[data-field=token]');
  const token = await valueOf(toni, '[data-field=token]');
  assert.match(token, /^mdt_/);
  await page.press('Escape');
  await page.see('[data-dialog=token]');
  await page.click('[data-field=token-kept]');
  await page.click('[data-act=token-done]');
  await page.gone('dialog');
  assert.equal(await page.eval((x) => document.body.textContent?.includes(x) || [...document.querySelectorAll('input')].some((i) => i.value === x), token), false,
    'it is shown only once');
  await holds(page, '[data-token]', t('passkey.unused'));

  const bot = await new Client(await home()).open();
  await bot.hello({ api_token: token });
  assert.equal((await bot.must('people', {})).type, 'ack');
  assert.equal((await bot.ask('convs', {})).code, 'not_allowed');
  await page.reload();
  await holds(page, '[data-token]', t('passkey.used', { when: 'this minute' }));
  await page.click('[data-act=end-token]');
  await reads(page, '[data-question] p', t('token.ask_end', { name: 'Weather bot' }));
  await page.click('[data-act=end-token-go]');
  await page.gone('[data-token]');
  await bot.event((m) => m.type === 'ended', 'the end of the program');
});

house.test('one\'s data comes as a file, which is there after a reload, too', async () => {
  const dan = await newUser('dan');
  const { page } = dan;
  await makeRoom(dan, 'Attic');
  await page.fill('[data-field=message]', '상자는 지붕 밑에');
  await page.click('[data-act=send-message]');
  await page.see('[data-seq="1"]');
  await dan.toMe();
  await page.click('[data-act=export]');
  await page.see('[data-act=download-export]');
  await page.reload();
  await page.see('[data-act=download-export]');
  const got = await page.eval(async () => {
    const link = /** @type {HTMLAnchorElement} */ (document.querySelector('[data-act=download-export]'));
    const answer = await fetch(link.href);
    return { type: answer.headers.get('content-disposition'), data: await answer.json(), download: link.download };
  });
  assert.equal(got.download, 'madang.json');
  assert.match(String(got.type), /attachment/);
  assert.equal(got.data.account.name, 'dan');
  assert.deepEqual(got.data.conversations.map((/** @type {any} */ c) => c.title), ['Attic']);
  assert.deepEqual(got.data.messages.map((/** @type {any} */ m) => m.text), ['상자는 지붕 밑에']);
  await dan.signOut();
  assert.equal(await page.eval(() => localStorage.getItem('madang.export')), null);
});
