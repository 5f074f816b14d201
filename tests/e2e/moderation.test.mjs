// Keeping order in a room with real browsers, directly and over the server: hands, requests to be quiet and mutes
// that are heard (or not) at the other side, the lobby, lock, removal, moving everybody, who may speak at all, and
// tokens for programs.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { hasStopped, receives, shows, tileOf } from './lib/media.mjs';
import { LANGS, guest, problem, words } from './lib/ui.mjs';
import { publish } from './lib/whip.mjs';

// Not on the loopback alone: Firefox pairs no address of the machine with that.
const HOST = '0.0.0.0';
const house = new House('moderation', { args: ['--groups', 'auto'], host: HOST });

/** @typedef {import('./lib/person.mjs').Person & {look: string}} Someone */
/** @typedef {import('./lib/browser.mjs').Kind} Kind */

/** @param {Kind[]} kinds @param {any} [server] */
async function meeting(kinds, server) {
  /** @type {Someone[]} */
  const people = [];
  for (const kind of kinds) {
    const p = await house.person(kind, { rack: { fps: 5, size: [160, 120] }, server });
    if (people.length) await p.join(people[0].room);
    else await p.create({ title: 'Order' });
    people.push(p);
  }
  return people;
}

/** Opens the rules of the room. @param {Someone} p */
async function rules(p) {
  await p.page.click('[data-menu=more]');
  await p.page.click('[data-item=order]');
  await p.page.see('dialog[open][data-dialog=order]');
}

/** @param {Someone} p @param {string} name */
async function rule(p, name) {
  await rules(p);
  await p.force(`[data-act=rule-${name}]`);
  await p.page.see(`[data-act=rule-${name}]:checked, [data-act=rule-${name}]:not(:checked)`);
  await p.page.press('Escape');
  await p.page.gone('dialog');
}

/** Which hand this one sees up. @param {Someone} p @param {Someone} of @param {number} turn */
const hand = (p, of, turn) => p.page.see(`.tile[data-session="${of.session}"] [data-hand="${turn}"]`);

for (const [mode, setting] of [['direct', 'never'], ['group', 'always']]) {
  house.test(`${mode}: hands in their order, a request to be quiet, and a mute that holds`, async () => {
    const server = await house.server({ args: ['--groups', setting], host: HOST });
    const [a, b, c] = await meeting(['chromium', 'firefox', 'chromium'], server);
    await Promise.all([a, c].map((p) => receives(p.page, b.session, { mic: true, camera: 2, ms: 60_000 })));

    await b.page.click('.bar [data-act=hand]');
    await b.page.see('[data-act=hand][aria-pressed=true]');
    await hand(a, b, 1);
    await c.page.press('h');
    await hand(a, c, 2);
    await hand(b, c, 2);
    await a.openPeople();
    await a.page.until((first) => document.querySelector('.people-list [data-person]')?.getAttribute('data-person') === first, b.session,
      { what: 'whose turn it is stands first' });
    await a.menuOf(b, 'lower-hand');
    await b.page.see('[data-toast=hand_lowered]');
    await b.page.see('[data-act=hand][aria-pressed=false]');
    await hand(b, c, 1);
    await c.page.press('h');
    await a.page.gone('[data-hand]');

    // Asked: it is up to them.
    await a.menuOf(b, 'ask-mic');
    await b.page.see('[data-asked=soft-mic]');
    const lang = (await b.page.eval(() => document.documentElement.lang)) === 'ko' ? 'ko' : 'en';
    assert.ok((await b.page.text('[data-asked]')).includes(words[lang]('asked.soft_mic', { name: a.name })));
    await receives(a.page, b.session, { mic: true });
    await b.page.click('[data-act=heed]');
    await b.page.gone('[data-asked]');
    await hasStopped(a.page, b.session, 'mic');
    await b.set('mic', true);
    await receives(a.page, b.session, { mic: true });

    // Muted: it is not.
    await a.menuOf(b, 'mute-mic');
    await b.page.see('[data-asked=hard-mic]');
    await b.page.see('[data-act=mic][data-barred=muted][aria-disabled=true]');
    await Promise.all([a, c].map((p) => hasStopped(p.page, b.session, 'mic')));
    await Promise.all([a, c].map((p) => p.told(b, { mic: false })));
    await b.force('[data-act=mic]');
    await b.page.see('[data-toast=barred_muted_mic]');
    await b.page.reload();
    await b.inRoom();
    await b.page.see('[data-act=mic][data-barred=muted]');
    await receives(a.page, b.session, { camera: 2, ms: 60_000 });
    await hasStopped(a.page, b.session, 'mic');

    // Lifted: they may again, when they want.
    await a.menuOf(b, 'let-mic');
    await b.page.see('[data-toast=may_mic]');
    await b.page.see('[data-act=mic][aria-pressed=false]:not([data-barred])');
    await b.set('mic', true);
    await Promise.all([a, c].map((p) => receives(p.page, b.session, { mic: true })));

    // A camera, and everybody at once.
    await a.menuOf(b, 'mute-camera');
    await hasStopped(c.page, b.session, 'camera');
    await c.page.gone(tileOf(b.session));
    await a.page.click('[data-act=mute-all]');
    await Promise.all([b, c].map((p) => p.page.see('[data-act=mic][data-barred=muted]')));
    await Promise.all([b, c].map((p) => hasStopped(a.page, p.session, 'mic')));
    await a.page.click('[data-act=lift-all]');
    await Promise.all([b, c].map((p) => p.page.gone('[data-act=mic][data-barred]')));
    await c.set('mic', true);
    await receives(a.page, c.session, { mic: true });
  }, { timeout: 240_000 });
}

house.test('who comes waits until they are let in, and is in without pressing anything', async () => {
  const [a] = await meeting(['chromium']);
  await rule(a, 'lobby');
  await a.page.until(() => {
    const s = /** @type {any} */ (window).madang.state();
    return s.rooms[s.current].room.lobby;
  }, null, { what: 'the lobby' });

  const b = await house.person('firefox', { rack: { fps: 5, size: [160, 120] } });
  await b.toDoor(a.room);
  await b.page.see('[data-preview=live]');
  await b.page.click('[data-act=join]');
  await b.page.see('[data-waiting]');
  await b.page.see('[data-preview=live]');
  await a.page.see('[data-hint=knock]');
  assert.ok((await a.page.text('[data-hint=knock]')).includes(b.name));
  await a.page.see('[data-knocking="1"]');
  // Who moderates knows of it after a reload, too.
  await a.page.reload();
  await a.inRoom();
  await a.page.see('[data-hint=knock]');
  await a.page.click('[data-hint=knock] [data-act=admit]');
  await b.inRoom();
  await a.page.gone('[data-hint=knock]');
  await receives(a.page, b.session, { camera: 1, mic: true, ms: 60_000 });

  // Not now: kindly said. And asked again.
  const server = await house.home();
  const c = await house.person('chromium', { page: { lang: 'ko' }, rack: { fps: 5 } });
  await c.toDoor(a.room);
  await c.page.click('[data-act=join]');
  await a.page.see('[data-hint=knock]');
  await a.page.click('[data-hint=knock] [data-act=refuse]');
  await problem(c.page, 'ko', 'not_admitted', { remedy: 'lobby' });
  await c.page.click('[data-act=join]');
  const d = await guest(server, 'D');
  await assert.rejects(d.join(a.room), { message: /lobby/ });
  await d.must('knock', { room: a.room });
  // Who goes away is not waited for.
  const e = await house.person('chromium', { rack: { fps: 5 } });
  await e.toDoor(a.room);
  await e.page.click('[data-act=join]');
  await a.page.see('[data-knocking="3"]');
  await e.page.click('[data-act=cancel-waiting]');
  await e.page.see('[data-field=link]');
  await a.page.see('[data-knocking="2"]');
  await a.openPeople();
  await a.page.see('[data-knocks="2"]');
  await a.page.click('[data-act=admit-all]');
  await c.inRoom();
  await d.join(a.room);
  await a.page.gone('[data-knocks]');
  await a.page.until(() => document.querySelectorAll('.people-list [data-person]').length === 4, null, { what: 'all are in' });
  d.close();
}, { timeout: 180_000 });

house.test('locked, removed, and everybody moved to another room', async () => {
  const [a, b, c] = await meeting(['chromium', 'firefox', 'chromium']);
  const server = await house.home();
  const host = await guest(server, 'Host');
  const into = await host.create({ title: 'The other yard' });
  await rule(a, 'lock');
  const d = await house.person('chromium', { page: { lang: 'en' }, rack: { fps: 5 } });
  await d.toDoor(a.room);
  await d.page.click('[data-act=join]');
  await problem(d.page, 'en', 'room_locked');
  await rule(a, 'lock');
  await a.menuOf(c, 'remove');
  await c.page.see('[data-problem=removed]');
  await rules(a);
  await a.page.click('dialog [data-act=merge]');
  await a.page.until((id) => !!document.querySelector(`[data-field=into] option[value="${id}"]`), into, { what: 'the other room' });
  await a.page.eval((id) => {
    const select = /** @type {HTMLSelectElement} */ (document.querySelector('[data-field=into]'));
    select.value = id;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  }, into);
  await a.page.click('[data-act=merge-go]');
  for (const p of [a, b]) {
    await p.page.until((id) => /** @type {any} */ (window).madang.state().current === id, into, { what: `${p.name} is moved` });
    await p.inRoom();
  }
  await shows(a.page, tileOf(b.session), b.look, 60_000);
  await receives(b.page, a.session, { mic: true, camera: 2, ms: 60_000 });
  host.close();
}, { timeout: 180_000 });

house.test('only those who moderate speak and share; and all again', async () => {
  const [a, b, c] = await meeting(['chromium', 'firefox', 'chromium']);
  await receives(a.page, b.session, { mic: true, ms: 60_000 });
  await c.page.click('.bar [data-act=screen]');
  await a.told(c, { screen: true });
  await rule(a, 'share');
  await a.told(c, { screen: false });
  await c.page.see('[data-act=screen][data-barred=few]');
  await rule(a, 'share');
  await c.page.gone('[data-act=screen][data-barred]');

  await rule(a, 'publish');
  await a.told(b, { media: false });
  await b.page.see('[data-hint=few]');
  for (const what of ['mic', 'cam']) await b.page.see(`[data-act=${what}][data-barred=few]`);
  // The others see and hear all the same.
  for (const p of [b, c]) await receives(p.page, a.session, { mic: true, camera: 2, ms: 60_000 });
  await b.page.click('.bar [data-act=hand]');
  await a.openPeople();
  await a.page.see(`[data-person="${b.session}"] [data-hand="1"]`);
  await rule(a, 'publish');
  await b.page.see('[data-hint=media_free]');
  await b.page.click('[data-hint=media_free] button');
  await a.told(b, { media: true });
  await receives(a.page, b.session, { mic: true, ms: 60_000 });
}, { timeout: 180_000 });

house.test('a token for a program: it sends, the room is watched, and both end when programs may not come in', async () => {
  const [a] = await meeting(['chromium']);
  await rules(a);
  await a.page.click('[data-act=programs]');
  await a.force('[data-act=rule-programs]');
  await a.page.see('[data-act=make-token]');
  await a.force('[data-field=right-both]');
  await a.page.fill('[data-field=program-name]', '무대');
  await a.page.click('[data-act=make-token]');
  await a.page.see('[data-field=token]');
  const made = await a.page.eval(() => Object.fromEntries(['token', 'whip', 'whep', 'watch'].map((name) => [name,
    /** @type {HTMLInputElement | null} */ (document.querySelector(`[data-field=${name}]`))?.value ?? ''])));
  await a.page.click('[data-act=programs-done]');
  await a.page.gone('[data-field=token]');
  await a.page.press('Escape');

  const page = await (await house.browser('chromium')).open();
  house.pages.push(page);
  await page.goto(`${(await house.home()).origin}/`);
  assert.equal(await page.eval(publish, { url: made.whip, token: made.token }), 201);
  await a.openPeople();
  const program = await a.page.until(() => {
    const s = /** @type {any} */ (window).madang.state();
    return /** @type {any[]} */ (Object.values(s.rooms[s.current].people)).find((p) => p.program && p.name === '무대')?.session;
  }, null, { what: 'the program is here' });
  await receives(a.page, program, { camera: 2, ms: 60_000 });
  // It has nobody to whisper to.
  await a.page.click(`[data-person="${program}"] [data-menu]`);
  await a.page.see('[data-item=remove]');
  assert.equal(await a.page.count('[data-item=whisper]'), 0);
  await a.page.press('Escape');

  const refusal = await page.eval(async ({ url, token }) => (await fetch(url, { method: 'POST', body: 'v=0', headers: {
    'Content-Type': 'application/sdp', 'Authorization': `Bearer ${token}` } })).status, { url: made.whep, token: made.token });
  assert.equal(refusal, 400, 'the address knows the token, and wants a better offer');
  const viewer = await (await house.browser('chromium')).open();
  house.pages.push(viewer);
  await viewer.goto(made.watch);
  await viewer.until(() => [...document.querySelectorAll('video')].some((v) => v.videoWidth > 0), null, { ms: 60_000, what: 'the room is watched' });

  await rules(a);
  await a.page.click('[data-act=programs]');
  await a.force('[data-act=rule-programs]');
  await a.page.gone('[data-act=make-token]');
  await a.page.press('Escape');
  await a.page.gone(`[data-person="${program}"]`);
  assert.equal(await page.eval(publish, { url: made.whip, token: made.token }), 403);
}, { timeout: 180_000 });

for (const lang of LANGS) {
  house.test(`by keyboard and for a screen reader (${lang})`, async () => {
    const a = await house.person('chromium', { page: { lang }, rack: { fps: 5 } });
    await a.create({ title: 'Keys' });
    await a.page.press('h');
    await a.page.see('[data-act=hand][aria-pressed=true]');
    const d = await guest(await house.home(), 'D');
    await rule(a, 'lobby');
    await assert.rejects(d.join(a.room), { message: /lobby/ });
    await d.must('knock', { room: a.room });
    await a.page.see('[data-hint=knock] [role=status]');
    assert.equal(await a.page.eval(() => document.querySelector('[data-hint=knock] [data-act=admit]')?.getAttribute('aria-label')),
      words[lang]('knock.admit_name', { name: 'D' }));
    await a.page.eval(() => /** @type {HTMLElement} */ (document.querySelector('[data-hint=knock] [data-act=admit]')).focus());
    await a.page.press('Enter');
    await d.event((m) => m.type === 'admitted' && m.on, 'admitted');
    await d.join(a.room);
    d.close();
  });
}
