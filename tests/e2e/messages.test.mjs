// Messages that stay, between people with accounts: a stranger's request, writing, editing, reactions, read
// marks, search, and all of it again after a reload.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { User } from './lib/user.mjs';
import { accessible, complaints, reads, watchCsp, words } from './lib/ui.mjs';

const house = new House('messages');
const t = words.en;

/** @type {Promise<import('./lib/house.mjs').HouseServer> | undefined} */
let made;
const home = () => (made ??= house.server({ args: ['--registration', 'open'], shared: true }));

/** @param {string} name @param {string} [display] */
async function newUser(name, display = name) {
  const person = await house.person('chromium', { name, server: await home(), page: { init: [[watchCsp, null]] } });
  const user = new User(person);
  await user.register({ name, display });
  return user;
}

/** @param {User} user @param {string} text */
async function say({ page }, text) {
  await page.fill('[data-field=message]', text);
  await page.click('[data-act=send-message]');
}

/** The last thing that was said in the open conversation. @param {User} user @param {string} text */
const lastSaid = ({ page, name }, text) => page.until((text) => {
  const all = [...document.querySelectorAll('.said .bubble')];
  return all.length > 0 && all[all.length - 1].textContent === text && !document.querySelector('[data-pending]');
}, text, { what: `${name} sees “${text}”` });

/** @param {User} user @param {number} seq @param {string} item */
async function tool({ page }, seq, item) {
  await page.click(`[data-seq="${seq}"] [data-menu=said]`);
  await page.click(`[data-item=${item}]`);
}

/** One writes to the other, who accepts. @param {User} a @param {User} b @param {string} text */
async function befriend(a, b, text) {
  await a.find(b.name, b);
  await a.page.click('[data-act=write]');
  await say(a, text);
  await lastSaid(a, text);
  await b.page.see('[data-nav=messages] [data-badge="1"]');
  await b.page.click('[data-nav=messages]');
  await b.page.click('[data-requests] .row-main');
  await lastSaid(b, text);
}

house.test('a stranger\'s request, then words to and fro: edited, reacted to, read, deleted, found, there after a reload', async () => {
  const [ann, ben] = await Promise.all([newUser('ann', 'Ann Field'), newUser('ben', '김벤')]);
  await befriend(ann, ben, '내일 도서관 앞에서 만나요');
  assert.equal(await ann.page.text('[data-own=true] [data-mark] .unseen'), t('mark.sent'), 'a stranger is told nothing');
  assert.equal(await ben.page.count('[data-field=message]'), 0);
  await ben.page.click('[data-act=accept-request]');
  await ben.page.see('[data-field=message]');
  await ben.page.gone('[data-nav=messages] [data-badge]');
  await reads(ann.page, '[data-own=true] [data-mark] .unseen', t('mark.read'));

  await ben.page.fill('[data-field=message]', 'see you there');
  await ann.page.see('[data-typing="1"]');
  await ben.page.click('[data-act=send-message]');
  await lastSaid(ann, 'see you there');
  await ann.page.gone('[data-typing="1"]');
  await tool(ann, 2, 'react-0');
  await ben.page.see('[data-seq="2"] [data-reaction="👍"]');
  await tool(ben, 2, 'edit');
  await ben.page.see('[data-about=edit]');
  await ben.page.fill('[data-field=message]', 'see you **there**, https://example.org/map');
  await ben.page.click('[data-act=send-message]');
  await ann.page.see('[data-seq="2"] [data-edited]');
  assert.equal(await ann.page.text('[data-seq="2"] strong'), 'there');
  assert.equal(await ann.page.count('[data-seq="2"] a[href="https://example.org/map"]'), 1);
  await tool(ann, 2, 'reply');
  await say(ann, 'fine <b>by</b> me');
  await ben.page.see('[data-seq="3"] [data-quoted="2"]');
  assert.match(await ben.page.text('[data-seq="3"] .bubble'), /fine <b>by<\/b> me$/);
  await say(ann, 'this was wrong');
  await lastSaid(ben, 'this was wrong');
  await tool(ann, 4, 'delete');
  await ben.page.see('[data-seq="4"] [data-deleted]');

  await ben.page.fill('[data-field=message-search]', '서관');
  await ben.page.see('[data-found="1"] [data-hit="1"]');
  await ben.page.click('[data-hit="1"]');
  await ben.page.see('[data-seq="1"].found');
  await accessible(ben.page);

  await ann.page.fill('[data-field=message]', 'not yet sent');
  await ann.page.until(() => {
    const s = /** @type {any} */ (window).madang.state().convs;
    return s.list[s.chosen].draft === 'not yet sent';
  }, null, { what: 'the draft is kept' });
  await ann.page.until(() => !/** @type {any} */ (window).madang.parts.sig.pending.size, null, { what: 'nothing waits for an answer' });
  for (const p of [ann, ben]) await p.page.reload();
  for (const { page } of [ann, ben]) {
    await page.see('[data-seq="4"] [data-deleted]');
    await page.see('[data-seq="2"] [data-edited]');
    await page.see('[data-seq="2"] [data-reaction="👍"]');
    assert.equal(await page.count('.said'), 4);
    assert.deepEqual(complaints(page, /SSL certificate error/), []);
    assert.deepEqual(await page.eval(() => /** @type {any} */ (window).csp), []);
  }
});

house.test('unread is counted and marked; a long conversation is read upwards; another device knows what was read', async () => {
  const [cho, dan] = await Promise.all([newUser('cho'), newUser('dan')]);
  await befriend(cho, dan, 'first of all');
  await dan.page.click('[data-act=accept-request]');
  await dan.page.see('[data-field=message]');
  await dan.page.click('[data-nav=people]');
  await cho.page.eval(async () => {
    const { actions, state } = /** @type {any} */ (window).madang;
    for (let i = 0; i < 60; i++) actions.convs.send(state().convs.chosen, `line ${i}`);
  });
  await lastSaid(cho, 'line 59');
  await dan.page.see('[data-nav=messages] [data-badge="1"]');
  await dan.page.click('[data-nav=messages]');
  await dan.page.see('[data-unread-line]');
  await dan.page.see('[data-unread="60"]');
  const phone = await dan.secondDevice(house);
  await dan.page.click('[data-act=latest]');
  await dan.page.gone('[data-unread]');
  await phone.page.click('[data-nav=messages]');
  await phone.page.see('[data-convs]');
  await phone.page.gone('[data-unread]');
  await phone.page.click('[data-convs] .row-main');
  await lastSaid(phone, 'line 59');
  await phone.page.until(() => {
    const list = /** @type {HTMLElement} */ (document.querySelector('.chat-list'));
    list.scrollTop = 0;
    return document.querySelector('[data-seq="1"]');
  }, null, { what: 'the beginning is loaded' });
  assert.equal(await phone.page.count('.said'), 61);
  await reads(phone.page, '[data-seq="1"] .bubble', 'first of all');
});

house.test('a room that stays: made, joined by its link, written in, left', async () => {
  const [eve, fay] = await Promise.all([newUser('eve'), newUser('fay', '파이')]);
  await eve.page.click('[data-nav=messages]');
  await eve.page.click('[data-act=new-conv-room]');
  await eve.page.fill('[data-field=conv-title]', '우리 가족');
  await eve.page.click('[data-act=conv-room-go]');
  await eve.page.see('[data-conv-title]');
  await eve.page.gone('[data-dialog=conv-room]');
  await say(eve, 'who is coming on Sunday?');
  await eve.page.click('[data-menu=conv]');
  await eve.page.click('[data-item=links]');
  await eve.page.click('[data-act=conv-link]');
  await eve.page.see('[data-field=conv-link]');
  const link = await eve.page.eval(() => /** @type {HTMLInputElement} */ (document.querySelector('[data-field=conv-link]')).value);
  await eve.page.press('Escape');
  await fay.person.open(new URL(link).pathname);
  await lastSaid(fay, 'who is coming on Sunday?');
  await say(fay, '@eve me');
  await lastSaid(eve, '@eve me');
  assert.equal(await eve.page.text('.mention'), '@eve');
  assert.equal(await eve.page.text('[data-own=false] .words-head b'), '파이');
  await fay.page.click('[data-menu=conv]');
  await fay.page.click('[data-item=leave-conv]');
  await fay.page.click('[data-act=conv-leave-go]');
  await fay.page.gone('[data-conv]');
});
