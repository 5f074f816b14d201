// Rooms that stay, live: people meet in the room that they write in. Who is not there sees the words as unread, a
// guest comes by the link, who is removed is out, and all of it outlives a reload and a restart of the server.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { User } from './lib/user.mjs';
import { PATIENCE } from './lib/browser.mjs';
import { accessible, complaints, watchCsp } from './lib/ui.mjs';

const house = new House('rooms-live');

/** @param {import('./lib/house.mjs').HouseServer} server @param {string} name */
async function newUser(server, name) {
  const person = await house.person('chromium', { name, server, page: { init: [[watchCsp, null]] } });
  const user = new User(person);
  await user.register({ name });
  return user;
}

const home = () => house.server({ args: ['--registration', 'open'] });

/** Makes a room that stays and opens it. @param {User} user @param {string} title @param {Record<string, any>} [o] */
async function makeRoom({ page }, title, o = {}) {
  await page.click('[data-nav=messages]');
  await page.eval(({ title, o }) => /** @type {any} */ (window).madang.actions.stay.make({ title, ...o }), { title, o });
  await page.see('[data-live-bar="0"]');
  return page.until(() => /** @type {any} */ (window).madang.state().convs.chosen, null, { what: 'the room is open' });
}

/** The path of a link into it. @param {User} user @param {string} conv @returns {Promise<string>} */
const linkTo = ({ page }, conv) => page.eval(async (conv) => {
  const { parts } = /** @type {any} */ (window).madang;
  return (await parts.sig.request('room_invite', { conv, uses: 10 })).url_path;
}, conv);

/** Through the door, as people do. @param {import('./lib/person.mjs').Person} person @param {string} [password] */
async function through(person, password) {
  const { page } = person;
  await page.see('[data-act=join]');
  if (password) {
    await page.see('[data-field=password]');
    await page.fill('[data-field=password]', password);
  }
  await page.until(() => {
    const { media } = /** @type {any} */ (window).madang.state();
    return [media.mic, media.camera].every((d) => d.phase !== 'starting');
  }, null, { what: 'devices' });
  await page.click('[data-act=join]');
  await person.inRoom();
}

/** @param {User} user */
async function openChat({ page }) {
  if (!await page.count('[data-panel=chat]')) await page.click('[data-act=chat]');
  await page.see('.live-chat [data-field=message]');
}

/** @param {User} user @param {string} text */
async function say(user, text) {
  await openChat(user);
  await user.page.fill('[data-field=message]', text);
  await user.page.click('[data-act=send-message]');
}

/** The last thing said in the conversation that is in view. @param {User} user @param {string} text */
const lastSaid = ({ page, name }, text) => page.until((text) => {
  const all = [...document.querySelectorAll('.said .bubble')];
  return all.length > 0 && all[all.length - 1].textContent === text && !document.querySelector('[data-pending]');
}, text, { what: `${name} sees “${text}”` });

/** @param {import('./lib/person.mjs').Person} person @param {string} text */
const heard = ({ page, name }, text) => page.until((text) => [...document.querySelectorAll('.words .bubble')].some((b) => b.textContent === text),
  text, { what: `${name} hears “${text}”` });

/** @param {User[]} users */
async function clean(users) {
  for (const { page } of users) {
    assert.deepEqual(complaints(page, /SSL certificate error|ERR_CONNECTION_REFUSED|WebSocket|Failed to (load|fetch)|status of/), []);
    assert.deepEqual(await page.eval(() => /** @type {any} */ (window).csp), []);
  }
}

house.test('words are unread elsewhere, a guest comes by the link, who is removed is out; reload and restart', async () => {
  const server = await home();
  const [ann, ben, cho] = [await newUser(server, 'ann'), await newUser(server, 'ben'), await newUser(server, 'cho')];
  const conv = await makeRoom(ann, '우리 집');
  const link = await linkTo(ann, conv);
  for (const user of [ben, cho]) {
    await user.person.open(link);
    await user.page.see(`[data-conv="${conv}"]`);
  }
  await cho.page.click('[data-act=close-conv], [data-nav=people]');
  await cho.page.click('[data-nav=people]');

  // two meet; the third, who looks at the list, is told
  await ann.page.click('[data-act=live-join]');
  await through(ann.person);
  await ben.page.see('[data-live-bar="1"]');
  await cho.page.click('[data-nav=messages]');
  await cho.page.click('[data-nav=messages]');
  await cho.page.see(`[data-row="${conv}"] [data-live="1"]`);
  await ben.page.click('[data-act=live-join]');
  await through(ben.person);
  await cho.page.see(`[data-row="${conv}"] [data-live="2"]`);
  await accessible(cho.page);

  // words stay, and are unread where nobody looks
  await say(ann, '저녁은 일곱 시');
  await openChat(ben);
  await lastSaid(ben, '저녁은 일곱 시');
  await cho.page.see(`[data-row="${conv}"] [data-unread="1"]`);
  await accessible(ann.page);

  // a guest by the link: hears what is said from now on, and is read by all
  const guest = await house.person('chromium', { name: 'Guest', server });
  await guest.open(link);
  await guest.page.see('[data-stays]');
  await through(guest);
  await cho.page.see(`[data-row="${conv}"] [data-live="3"]`);
  await guest.say('안녕하세요');
  await lastSaid(ann, '안녕하세요');
  await say(ben, '어서 와요');
  await heard(guest, '어서 와요');
  assert.equal(await guest.page.count('.words .bubble'), 2, 'nothing of before');
  await cho.page.see(`[data-row="${conv}"] [data-unread="3"]`);

  // a reload of both kinds
  await ben.page.reload();
  await ben.person.inRoom();
  await openChat(ben);
  await lastSaid(ben, '어서 와요');
  await guest.page.reload();
  await guest.inRoom();
  await guest.openChat();
  await heard(guest, '어서 와요');
  assert.equal(await guest.page.count('.words .bubble'), 2);

  // the server dies and comes back, and so do all; what is said goes on by number
  const former = [ann.person.session, ben.person.session, guest.session];
  await server.restart('SIGKILL');
  await Promise.all([ann.person, ben.person, guest].map((p, i) => p.page.until((old) => {
    const s = /** @type {any} */ (window).madang.state();
    const r = s.rooms[s.current];
    return r && !r.stale && r.self !== old && Object.values(r.people).filter((/** @type {any} */ x) => !x.ghost).length === 3;
  }, former[i], { what: `${p.name} is back`, ms: 2 * PATIENCE })));
  await Promise.all([ann.person.inRoom(), ben.person.inRoom(), guest.inRoom()]);
  await say(ann, '다시 만났네요');
  await lastSaid(ben, '다시 만났네요');
  await heard(guest, '다시 만났네요');
  const seqs = await ben.page.eval((conv) => {
    const { messages } = /** @type {any} */ (window).madang.state().convs.threads[conv];
    return messages.map((/** @type {any} */ m) => m.seq);
  }, conv);
  assert.deepEqual(seqs, [1, 2, 3, 4], 'without gap or duplicate');
  await cho.page.see(`[data-row="${conv}"] [data-unread="4"]`);
  await cho.page.click(`[data-row="${conv}"] .row-main`);
  await lastSaid(cho, '다시 만났네요');
  await cho.page.gone('[data-unread]');

  // removed from the conversation: out of the room at once
  await ann.page.eval(({ conv, user }) => /** @type {any} */ (window).madang.actions.stay.setMember(conv, user, 'removed'),
    { conv, user: await ben.page.eval(() => /** @type {any} */ (window).madang.state().account.user.user) });
  await ben.page.until(() => {
    const s = /** @type {any} */ (window).madang.state();
    return s.screen === 'over' && Object.keys(s.rooms).length === 0;
  }, null, { what: 'ben is out' });
  // and a guest is removed by who moderates
  await ann.person.menuOf(guest, 'remove');
  await guest.page.until(() => /** @type {any} */ (window).madang.state().screen === 'over', null, { what: 'the guest is out' });
  await cho.page.see('[data-live-bar="1"]');
  await ann.page.click('[data-act=leave]');
  await cho.page.see('[data-live-bar="0"]');
  await clean([ann, ben, cho]);
}, { timeout: 8 * PATIENCE });

house.test('a public room with a password: in the lobby\'s list, its lock at the door, a whisper that is not kept', async () => {
  const server = await home();
  const dan = await newUser(server, 'dan');
  const conv = await makeRoom(dan, 'Book club', { public: true });
  await dan.page.eval((conv) => /** @type {any} */ (window).madang.parts.sig.request('room_password', { conv, password: 'dune' }), conv);
  const guest = await house.person('chromium', { name: 'Eve', server });
  await guest.lobby();
  await guest.page.see(`[data-room="${conv}"]`); // although nobody is in it
  await dan.page.click('[data-act=live-join]');
  await through(dan.person); // asked of no member
  await guest.page.click(`[data-room="${conv}"]`);
  await guest.page.see('[data-field=password]');
  await guest.page.fill('[data-field=password]', 'tune');
  await guest.page.click('[data-act=join]');
  await guest.page.see('[data-problem=password_wrong]');
  await guest.page.fill('[data-field=password]', 'dune');
  await through(guest);
  await dan.person.menuOf(guest, 'whisper');
  await dan.page.see('[data-whisper-to]');
  await dan.page.fill('[data-field=chat]', 'between us');
  await dan.page.click('[data-act=send]');
  await dan.page.see('.passing [data-kind=whisper]');
  await guest.openChat();
  await heard(guest, 'between us');
  await accessible(dan.page);
  assert.equal(await dan.page.eval((conv) => /** @type {any} */ (window).madang.state().convs.list[conv].seq, conv), 0);
  await clean([dan]);
}, { timeout: 4 * PATIENCE });
