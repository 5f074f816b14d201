// Groups from networks that let little through: by which way people reach the server's media from there, that pictures
// and sound of real browsers flow by it in both directions, and how long after joining the first picture comes.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Meeting, firstPicture, wayOf, ways } from './lib/meeting.mjs';
import { KINDS, place } from './lib/networks.mjs';
import { section } from './lib/table.mjs';

/** @typedef {import('./lib/networks.mjs').Kind} Kind */
/** The way of both browsers as they tell it, and as the server does.
 *  @type {[Kind, RegExp, string][]} */
const CASES = [
  ['cone', /^(host|srflx|prflx) udp$/, 'udp ipv4'],
  ['symmetric', /^(host|srflx|prflx) udp$/, 'udp ipv4'],
  ['ipv6', /^(host|srflx|prflx) udp$/, 'udp ipv6'],
  ['noudp', /^(host|srflx|prflx) tcp$/, 'tcp ipv4'],
  ['only443', /^(host|srflx|prflx) tcp$/, 'tcp ipv4'],
  ['onlytls', /^relay (tls|tcp)$/, 'relay ipv4'], // Firefox says tcp
  ['proxy', /^(host|srflx|prflx) tcp$/, 'tcp ipv4'],
];
/** Meetings in each network, for the median of the table's figures. */
const TIMES = Number(process.env.MADANG_MEETINGS ?? 1);

/** @type {Meeting} */
let meeting;
/** @type {string[]} */
const rows = [];
before(async () => { meeting = await Meeting.open('groups'); });
after(() => meeting?.yard.close());

/** @param {number[]} list */
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];

for (const [kind, way, counted] of CASES) {
  test(`a group from: ${KINDS[kind]}`, { timeout: 60_000 + TIMES * 140_000 }, async (t) => {
    const { yard } = meeting;
    const there = await place(yard.lab, kind, kind);
    if (there.proxy) await meeting.shut();
    meeting.go(there);
    /** @type {number[][]} */
    const ms = [[], []];
    for (let n = 0; n < TIMES; n++) {
      await yard.run(t, async () => {
        const { guests, people } = await meeting.meet(there);
        await ways(yard, { 'udp ipv4': 1, [counted]: counted === 'udp ipv4' ? 3 : 2 });
        for (const [i, p] of guests.entries()) {
          const told = await wayOf(p);
          ms[i].push(await firstPicture(p));
          t.diagnostic(`${p.page.kind}: ${told}, first picture after ${ms[i].at(-1)} ms`);
          assert.match(told, way);
        }
        for (const p of people) await p.leave();
      });
    }
    rows.push(`| ${KINDS[kind]} | ${counted} | ${ms.map(median).join(' | ')} |`);
  });
}

test('the table in docs/nat-table.md has these networks', () => {
  // How long it takes is the machine's affair, too.
  const essence = (/** @type {string} */ s) => s.split('\n').map((l) => l.split('|').slice(0, 3).join('|')).join('\n');
  section('groups', ['| people in | the way | Chromium, first picture after ms | Firefox |', '|---|---|---|---|', ...rows].join('\n'), essence);
});
