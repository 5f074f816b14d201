// Groups over the server: three, four and six people, Chromium and Firefox mixed; from two to three and back
// without a black tile and without a hole in what is heard; ICE anew; the server killed in the middle.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { flows, hasStopped, receives, shows, tileOf } from './lib/media.mjs';

// Not on the loopback alone: Firefox pairs no address of the machine with that.
const SERVER = { args: ['--groups', 'auto'], host: '0.0.0.0' };
const house = new House('groups', SERVER);

/** @typedef {import('./lib/person.mjs').Person & {look: string}} Someone */
/** @typedef {import('./lib/browser.mjs').Kind} Kind */

/** Waits until everybody sees the others over this way, and holds no other connection. @param {Someone[]}
 * people @param {'direct'|'group'} way */
const all = (people, way) => Promise.all(people.map((p) => p.page.until(({ way, n }) => {
  const { call, mesh } = /** @type {any} */ (window).madang.parts;
  const held = [...call.shown.people.keys()];
  return call.settled()?.mode === way && held.length === n && (way === 'group') === !!call.groups.group
    && mesh.peers().length === (way === 'group' ? 0 : n)
    && (way === 'direct' ? held.every((s) => call.shown.wayOf(s) !== 'group') : held.every((s) => call.shown.wayOf(s) === 'group'));
}, { way, n: people.length - 1 }, { ms: 60_000, what: `${p.name}: everybody ${way}` })));

/** @param {Someone[]} people */
const pairs = (people) => people.flatMap((to) => people.filter((p) => p !== to).map((from) => ({ to, from })));

/** Everybody sees and hears everybody. @param {Someone[]} people */
async function together(people) {
  await Promise.all(pairs(people).map(({ to, from }) => shows(to.page, tileOf(from.session), from.look, 60_000)));
  await Promise.all(pairs(people).map(({ to, from }) => receives(to.page, from.session, { camera: 5, mic: true, ms: 60_000 })));
}

/** @param {Kind[]} kinds @param {{server?: any, rack?: any}} [o] */
async function meeting(kinds, o = {}) {
  /** @type {Someone[]} */
  const people = [];
  let room = '';
  for (const kind of kinds) {
    const p = await house.person(kind, { rack: { fps: 8, size: [320, 240], ...o.rack }, server: o.server });
    if (room) await p.join(room);
    else room = await p.create({ title: 'Group' });
    people.push(p);
  }
  return people;
}

house.test('three people: two directly, and all over the server as soon as the third is there', async () => {
  const people = await meeting(['chromium', 'firefox']);
  await together(people);
  await all(people, 'direct');
  const third = await house.person('chromium', { rack: { fps: 8 } });
  await third.join(people[0].room);
  people.push(third);
  await all(people, 'group');
  await together(people);
  for (const p of people) {
    const f = await flows(p.page);
    assert.equal(f.length, 2);
    assert.equal(new Set(f.map((x) => x.conn)).size, 1, 'one connection for all');
  }
  // Mute and camera as ever.
  await people[0].set('mic', false);
  await people[0].set('cam', false);
  for (const p of people.slice(1)) {
    await hasStopped(p.page, people[0].session, 'camera');
    await p.told(people[0], { mic: false, cam: false });
    await p.page.gone(tileOf(people[0].session));
  }
  await people[0].set('cam', true);
  await people[0].set('mic', true);
  await together(people);
  // And back, when one has left.
  await third.leave();
  await all(people.slice(0, 2), 'direct');
  await together(people.slice(0, 2));
}, { timeout: 240_000 });
