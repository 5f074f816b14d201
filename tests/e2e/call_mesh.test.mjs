// Four people see each other at once; the fifth is told so in words, and talks by chat. On a phone; in the
// other language.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { flows, receives, shows, tileOf } from './lib/media.mjs';

const house = new House('call_mesh');

/** @typedef {import('./lib/person.mjs').Person & {look: string}} Someone */

house.test('four people in a mesh, and a fifth', async () => {
  /** @type {Someone[]} */
  const people = [];
  let room = '';
  for (const kind of /** @type {const} */ (['chromium', 'firefox', 'chromium', 'firefox'])) {
    const p = await house.person(kind, { rack: { fps: 6, size: [160, 120] } });
    if (room) await p.join(room);
    else room = await p.create({ title: 'Four' });
    people.push(p);
  }
  const pairs = people.flatMap((to) => people.filter((p) => p !== to).map((from) => ({ to, from })));
  assert.equal(pairs.length, 12);
  await Promise.all(pairs.map(({ to, from }) => shows(to.page, tileOf(from.session), from.look, 60_000)));
  await Promise.all(pairs.map(({ to, from }) => receives(to.page, from.session, { camera: 5, mic: true, ms: 60_000 })));
  for (const p of people) {
    const all = await flows(p.page);
    assert.equal(all.length, 3);
    assert.ok(all.every((f) => f.path.local && f.path.local !== 'relay' && f.path.remote !== 'relay'), JSON.stringify(all));
  }

  const fifth = await house.person('chromium', { name: 'Fifth' });
  await fifth.join(room);
  await fifth.page.see('[data-hint=media_full]');
  assert.match(await fifth.page.text('[data-hint=media_full]'), /4|four/i);
  assert.equal((await flows(fifth.page)).length, 0);
  await fifth.say('I can only write');
  await Promise.all(people.map((p) => p.hears('I can only write')));
  await people[1].say('we read you');
  await fifth.hears('we read you');
  for (const p of people) {
    assert.equal((await p.seesOf(fifth)).media, false);
    assert.equal((await flows(p.page)).length, 3);
  }
  // A place comes free, and the fifth takes it.
  await people[3].leave();
  await fifth.told(people[0], { media: true });
  await fifth.page.until((gone) => !(/** @type {any} */ (Object.values(/** @type {any} */ (window).madang.state().rooms)[0]).people[gone]),
    people[3].session, { what: 'one has left' });
  await fifth.page.click('[data-menu=more]');
  await fifth.page.click('[data-item=ask-media]');
  await Promise.all(people.slice(0, 3).flatMap((p) => [
    receives(p.page, fifth.session, { camera: 3, mic: true }), receives(fifth.page, p.session, { camera: 3, mic: true })]));
}, { timeout: 240_000 });

house.test('a phone and a laptop', async () => {
  const a = await house.person('chromium', { name: 'Phone', page: { phone: 'Pixel 5' } });
  const b = await house.person('firefox', { name: 'Laptop' });
  const room = await b.create();
  await a.join(room);
  await Promise.all([shows(a.page, tileOf(b.session), b.look), shows(b.page, tileOf(a.session), a.look)]);
  const fits = () => a.page.eval(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits());
  assert.ok(await a.page.eval(() => [...document.querySelectorAll('video')].every((v) => v.playsInline && v.muted)));
  // The other camera, by the button that only phones have.
  await a.page.click('[data-self] [data-act=flip]');
  await shows(b.page, tileOf(a.session), 'YKRB');
  await a.page.click('[data-self] [data-act=flip]');
  await shows(b.page, tileOf(a.session), a.look);
  // Chat covers the stage on a phone, and gives it back.
  await a.say('from the phone');
  await b.hears('from the phone');
  assert.ok(await fits());
  await a.page.raw.setViewportSize({ width: 727, height: 393 }); // turned
  assert.ok(await fits());
  await receives(a.page, b.session, { camera: 5, mic: true });
});

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  house.test(`the language follows ${kind} and can be switched in the call`, async () => {
    const korean = { page: { lang: 'ko' }, browser: kind === 'firefox' ? { prefs: { 'intl.accept_languages': 'ko,en' } } : undefined };
    const [a, b] = [await house.person(kind, korean), await house.person('chromium', { page: { lang: 'en' } })];
    await b.join(await a.create());
    const lang = (/** @type {Someone} */ p) => p.page.eval(() => document.documentElement.lang);
    assert.equal(await lang(a), 'ko');
    assert.equal(await lang(b), 'en');
    const label = (/** @type {Someone} */ p) => p.page.eval(() => document.querySelector('[data-act=leave]')?.getAttribute('aria-label') ?? '');
    assert.match(await label(a), /[가-힣]/);
    assert.match(await label(b), /^[\x20-\x7e]+$/);
    await a.page.click('[data-menu=more]');
    await a.page.click('[data-item=settings]');
    await a.page.see('dialog[open] [data-field=lang-en]');
    await a.force('dialog [data-field=lang-en]');
    await a.page.until(() => document.documentElement.lang === 'en', null);
    assert.match(await label(a), /^[\x20-\x7e]+$/);
    await receives(b.page, a.session, { camera: 5 });
  });
}
