// Groups whose people change their networks in the middle: to another house, to an office that lets only 443/tcp out and
// back, to another address of the same house, and where one of two families dies. Sound and pictures come back by
// themselves, in Chromium and Firefox.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Meeting, listen, together, wayOf, ways, waysOf } from './lib/meeting.mjs';
import { place } from './lib/networks.mjs';

/** @typedef {import('./lib/meeting.mjs').Neighbour} Neighbour */
/** @typedef {import('./lib/networks.mjs').Place} Place */

/** @type {Meeting} */
let meeting;
/** @type {Record<'home' | 'other' | 'office', Place>} */
let at;
before(async () => {
  meeting = await Meeting.open('groups-roam');
  const { yard: { lab } } = meeting;
  at = { home: await place(lab, 'cone', 'home'), other: await place(lab, 'cone', 'other'), office: await place(lab, 'only443', 'office') };
});
after(() => meeting?.yard.close());

/**
 * Something happens to Ann's and Ben's network, and everybody sees and hears everybody again, by this way.
 * @param {import('node:test').TestContext} t @param {{guests: Neighbour[], people: Neighbour[]}} all @param {string} what
 * @param {() => void} change @param {Record<string, number>} want
 */
async function survives(t, { guests, people }, what, change, want) {
  const host = people[2];
  const ears = [...guests.map((p) => listen(host, p)), ...guests.map((p) => listen(p, host))];
  const sessions = guests.map((p) => p.session);
  const start = Date.now();
  change();
  await ways(meeting.yard, want);
  await together(people);
  const back = Date.now() - start;
  const [fromA, fromB, toA, toB] = await Promise.all(ears.map((end) => end()));
  const told = (/** @type {{sound: number, picture: number}} */ up, /** @type {typeof up} */ down) =>
    `without sound ${up.sound}/${down.sound} ms, without pictures ${up.picture}/${down.picture} ms`;
  t.diagnostic(`${what}: all is well after ${back} ms; up/down: Chromium ${told(fromA, toA)}; Firefox ${told(fromB, toB)}`);
  t.diagnostic(`ways: ${(await Promise.all(guests.map(wayOf))).join(', ')}`);
  assert.deepEqual(guests.map((p) => p.session), sessions);
}

test('to another house, to an office that lets only 443/tcp out, and home', { timeout: 300_000 }, (t) => meeting.yard.run(t, async () => {
  meeting.go(at.home);
  const all = await meeting.meet(at.home);
  await ways(meeting.yard, { 'udp ipv4': 3 });
  await survives(t, all, 'another house', () => meeting.go(at.other), { 'udp ipv4': 3 });
  await survives(t, all, 'the office', () => meeting.go(at.office), { 'udp ipv4': 1, 'tcp ipv4': 2 });
  await survives(t, all, 'home', () => meeting.go(at.home), { 'udp ipv4': 3 });
  for (const p of all.people) await p.leave();
}, 270));

test('the house gets another address', { timeout: 200_000 }, (t) => meeting.yard.run(t, async () => {
  const { yard: { lab } } = meeting;
  meeting.go(at.home);
  const all = await meeting.meet(at.home);
  const { ns, wan4, i } = at.home.router;
  await survives(t, all, 'another address', () => {
    // As a provider does it: what was translated to the old one is forgotten.
    const next = wan4.replace(/\d+$/, '130');
    lab.ip(lab.net, `route add ${next}/32 dev to${i}`);
    lab.ip(ns, `addr add ${next}/32 dev wan`);
    lab.ip(ns, `route replace default via 198.51.100.${4 * i + 1} src ${next}`);
    lab.ip(ns, `addr del ${wan4}/30 dev wan`);
    lab.ip(ns, `route add 198.51.100.${4 * i}/30 dev wan`);
    lab.ip(ns, `route replace default via 198.51.100.${4 * i + 1} src ${next}`);
  }, { 'udp ipv4': 3 });
  for (const p of all.people) await p.leave();
}, 180));

test('one of two families dies', { timeout: 200_000 }, (t) => meeting.yard.run(t, async () => {
  const { yard: { lab } } = meeting;
  meeting.go(at.other, { v4: true, v6: true });
  const all = await meeting.meet(at.other);
  t.diagnostic(`before: ${JSON.stringify(await waysOf(meeting.yard))}`);
  // Whichever they have chosen: the other one has to do.
  await survives(t, all, 'without IPv6', () => lab.nft(at.other.router.ns, 'insert rule inet home forward meta nfproto ipv6 drop'),
    { 'udp ipv4': 3 });
  for (const p of all.people) await p.leave();
}, 180));
