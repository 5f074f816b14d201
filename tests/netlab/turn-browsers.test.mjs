// Two browsers in a call between networks that do not reach each other: the page, with the credentials that the room gives, the
// server behind its firewall or a 1:1 NAT. Pictures flow both ways; which candidates won goes into docs/nat-table.md.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { receives } from '../e2e/lib/media.mjs';
import { startServer } from '../lib/server.mjs';
import { Lab } from './lib/lab.mjs';
import { KINDS, network } from './lib/networks.mjs';
import { section } from './lib/table.mjs';
import { Yard, pathText, paths } from './lib/yard.mjs';

/** @typedef {import('./lib/networks.mjs').Kind} Kind */
/** @typedef {'chromium' | 'firefox'} Browser */
const TCP = 443;
const UDP = 3478;
/** Neighbours in this list share a network, so that few browsers run at once.
 *  @type {[Kind, Browser, Kind, Browser][]} */
const PAIRS = [
  ['open', 'chromium', 'symmetric', 'chromium'],
  ['symmetric', 'chromium', 'symmetric', 'chromium'],
  ['symmetric', 'chromium', 'cone', 'chromium'],
  ['cone', 'chromium', 'double', 'chromium'],
  ['double', 'chromium', 'noudp', 'chromium'],
  ['noudp', 'chromium', 'only443', 'chromium'],
  ['only443', 'chromium', 'proxy', 'chromium'],
  ['proxy', 'chromium', 'ipv6', 'chromium'],
  ['ipv6', 'chromium', 'symmetric', 'firefox'],
  ['symmetric', 'firefox', 'noudp', 'firefox'],
  ['noudp', 'firefox', 'cone', 'chromium'],
  ['cone', 'chromium', 'proxy', 'firefox'],
];

const lab = new Lab();
/** @type {{site: import('./lib/lab.mjs').Site, server: import('../lib/server.mjs').Server}[]} */
const sites = [];
/** @type {Map<string, import('./lib/networks.mjs').Network>} */
const places = new Map();
/** @type {Yard} */
let yard;
/** @type {string[]} */
const rows = [];

before(async () => {
  for (const kind of /** @type {const} */ (['firewall', 'nat'])) {
    const site = lab.site(kind, TCP, UDP);
    const server = await startServer({
      tls: true, port: TCP, udpPort: UDP, host: site.fromDriver, wrap: ['ip', 'netns', 'exec', site.ns],
      args: ['--listen', site.v4, '--listen', site.v6, '--metrics-allow', `${site.driver}/32`, '--log-level', 'debug',
        '--allow-peer', '198.51.100.0/24', '--allow-peer', '203.0.0.0/16', ...(kind === 'nat' ? ['--public-ip', site.public4] : [])],
    });
    sites.push({ site, server });
  }
  yard = new Yard('turn-browsers', lab, sites[0].server);
});

after(async () => {
  await yard?.close();
  await sites[1]?.server.stop('SIGKILL');
  for (const { server } of sites) rmSync(server.data, { recursive: true, force: true });
});

/** @param {number} i  of the pair @param {0 | 2} side */
async function place(i, side) {
  const kind = /** @type {Kind} */ (PAIRS[i][side]);
  // Two of a kind are in two networks.
  const key = `${kind}${side === 2 && PAIRS[i][0] === kind ? '-2' : ''}`;
  let n = places.get(key);
  if (!n) places.set(key, n = await network(lab, kind, key));
  return n;
}

for (const [i, [ka, ba, kb, bb]] of PAIRS.entries()) {
  test(`${KINDS[ka]} (${ba}) and ${KINDS[kb]} (${bb})`, { timeout: 100_000 }, (t) => {
    const { site, server } = sites[i % 2];
    yard.server = server;
    return yard.run(t, async () => {
      const before = lab.counters(site);
      const [na, nb] = [await place(i, 0), await place(i, 2)];
      const go = (/** @type {typeof na} */ n, /** @type {Browser} */ kind, /** @type {string} */ name) => yard.person(n.client, kind, name,
        { url: `https://${n.v6 ? `[${site.v6}]` : site.public4}`, proxy: n.proxy });
      const [a, b] = await Promise.all([go(na, ba, 'Ann'), go(nb, bb, 'Ben')]);
      await b.join(await a.create());
      await Promise.all([receives(a.page, b.session, { camera: 10, mic: true }), receives(b.page, a.session, { camera: 10, mic: true })]);
      const { ab, ba: back, text } = await paths(a, b);
      t.diagnostic(text);
      const now = lab.counters(site);
      t.diagnostic(JSON.stringify(now));
      assert.equal(now.foreign - before.foreign, now.refused - before.refused, 'nobody came in but by the two ports');
      rows.push(`| ${KINDS[ka]}, ${ba} | ${KINDS[kb]}, ${bb} | ${site.name === 'nat' ? '1:1 NAT' : 'firewall'} | ${pathText(ab)} | ${pathText(back)} |`);
      // Each side's way is a direct one only where both let it.
      const relayed = [ab, back].some((f) => f?.path.local === 'relay' || f?.path.remote === 'relay');
      if (na.best !== 'udp' || nb.best !== 'udp' || na.v6 !== nb.v6) assert.ok(relayed, text);
    }).finally(async () => {
      const later = PAIRS[i + 1] ? [place(i + 1, 0), place(i + 1, 2)] : [];
      const keep = (await Promise.all(later)).map((n) => n.client);
      for (const n of places.values()) if (!keep.includes(n.client)) await yard.shut(n.client);
    });
  });
}

test('the table in docs/nat-table.md has these pairs', () => {
  // Which of several good ways wins is the browsers' own affair, and another one tomorrow.
  const essence = (/** @type {string} */ s) => s.split('\n').map((l) => l.split('|').slice(0, 4).join('|')).join('\n');
  section('browsers', ['| one | the other | server behind | one\'s way (and how it reaches its relay) | the other\'s way |',
    '|---|---|---|---|---|', ...rows].join('\n'), essence);
});
