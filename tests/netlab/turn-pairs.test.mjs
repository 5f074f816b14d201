// Two ports are enough: between every two kinds of networks media flows through our TURN server, with a firewall before the
// server that lets nothing in but new flows to its two ports. The table of it is docs/nat-table.md: written when
// MADANG_WRITE_DOCS is set (make nat-table), compared otherwise.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { startServer } from '../lib/server.mjs';
import { Agent } from './lib/agent.mjs';
import { Lab } from './lib/lab.mjs';
import { KINDS, network } from './lib/networks.mjs';
import { section } from './lib/table.mjs';

/** @typedef {import('./lib/networks.mjs').Kind} Kind */
/** @typedef {import('./lib/networks.mjs').Network & {agent: Agent}} Place */
/** @typedef {import('./lib/lab.mjs').Site} Site */
const TCP = 443; // who lets nothing out but web pages lets out this one
const UDP = 3478;
const USER = { user: 'lab', password: 'pw-of-the-lab' };
const PACKETS = 24;
const AT_ONCE = 8;
/** Where the first bytes have to be TLS it is as where only 443/tcp gets out: both ask by TLS. */
const kinds = /** @type {Kind[]} */ (Object.keys(KINDS)).filter((k) => k !== 'onlytls');
const WAYS = /** @type {const} */ (['udp', 'tcp', 'tls']);

const lab = new Lab();
/** @type {Record<string, [Place, Place]>} */
const places = {};
/** @type {{site: Site, server: import('../lib/server.mjs').Server}[]} */
const sites = [];

before(async () => {
  for (const kind of /** @type {const} */ (['firewall', 'nat'])) {
    const site = lab.site(kind, TCP, UDP);
    const server = await startServer({
      command: 'turn', tls: true, port: TCP, udpPort: UDP, host: site.fromDriver, wrap: ['ip', 'netns', 'exec', site.ns],
      args: ['--listen', site.v4, '--listen', site.v6, '--metrics-allow', `${site.driver}/32`, '--user', `${USER.user}:${USER.password}`,
        '--realm', 'lab.test', '--allow-peer', '198.51.100.0/24', '--allow-peer', '203.0.0.0/16',
        ...(kind === 'nat' ? ['--public-ip', site.public4] : [])],
    });
    sites.push({ site, server });
  }
  for (const kind of kinds) {
    const two = await Promise.all(['a', 'b'].map(async (side) => {
      const n = await network(lab, kind, `${side}-${kind}`);
      return { ...n, agent: new Agent(n.client.ns) };
    }));
    places[kind] = [two[0], two[1]];
  }
});

after(async () => {
  for (const two of Object.values(places)) for (const p of two) p.agent.close();
  for (const { server } of sites) {
    await server.stop('SIGKILL');
    rmSync(server.data, { recursive: true, force: true });
  }
  lab.close();
});

/** @param {Place} p @param {Site} site @param {'udp' | 'tcp' | 'tls'} proto @param {boolean} [proxy] */
const way = (p, site, proto, proxy = true) => ({
  ...USER, proto, host: p.v6 ? site.v6 : site.public4, port: proto === 'udp' ? UDP : TCP, ...(proxy && proto !== 'udp' ? { proxy: p.proxy } : {}),
});

/** @template T, R @param {T[]} list @param {(x: T) => Promise<R>} fn @returns {Promise<R[]>} a few at a time */
async function each(list, fn) {
  /** @type {R[]} */
  const out = [];
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < list.length) {
      const i = next++;
      out[i] = await fn(list[i]);
    }
  }));
  return out;
}

/** All pairs, each once. */
const pairs = kinds.flatMap((a, i) => kinds.slice(i).map((b) => /** @type {[Kind, Kind]} */ ([a, b])));

test('the networks let through what they say', async () => {
  const { site } = sites[0];
  const seen = await each(kinds, async (kind) => {
    const answers = await Promise.all(WAYS.map((proto) => places[kind][0].agent.ask('reaches', { o: way(places[kind][0], site, proto) })));
    return /** @type {const} */ ([kind, WAYS.filter((_, i) => answers[i]).join(' '), answers]);
  });
  const all = 'udp tcp tls';
  assert.deepEqual(Object.fromEntries(seen.map(([k, w]) => [k, w])), { open: all, cone: all, symmetric: all, noudp: 'tcp tls', only443: 'tcp tls',
    proxy: 'tcp tls', ipv6: all, double: all });
  const { proxy, only443 } = places;
  assert.deepEqual(await Promise.all([proxy[0].agent.ask('reaches', { o: way(proxy[0], site, 'tls', false) }),
    only443[0].agent.ask('reaches', { o: { ...way(only443[0], site, 'tcp'), port: 8443 } })]), [null, null], 'not past the proxy, and to no other port');
});

/**
 * Two people, each with a relay; packets both ways from relay to relay.
 * @param {Site} site @param {Place} a @param {Place} b @param {string} name
 */
async function relayToRelay(site, a, b, name) {
  const [x, y] = await Promise.all([a, b].map((p) => p.agent.ask('allocate', { name, o: way(p, site, p.best) })));
  await Promise.all([a.agent.ask('bind', { name, peer: y.relayed }), b.agent.ask('bind', { name, peer: x.relayed })]);
  const seen = await Promise.all([a, b].map((p) => p.agent.ask('exchange', { name, n: PACKETS })));
  await Promise.all([a, b].map((p) => p.agent.ask('end', { name })));
  return { ok: seen.every((s) => s.got === PACKETS && !s.odd.length), text: JSON.stringify({ x, y, seen }) };
}

/**
 * One has a relay, the other none: the relay's own packets open the firewall.
 * @param {Site} site @param {Place} a @param {Place} b @param {string} name
 */
async function oneRelay(site, a, b, name) {
  if (b.best !== 'udp' || b.v6) return false; // nothing comes to b but through a server
  const [x, y] = await Promise.all([a, b].map((p) => p.agent.ask('allocate', { name, o: way(p, site, p.best) })));
  const heard = await Promise.all([a.agent.ask('outward', { name, peer: y.mapped, ms: 800 }), b.agent.ask('inward', { name, relayed: x.relayed, ms: 800 })]);
  await Promise.all([a, b].map((p) => p.agent.ask('end', { name })));
  return heard.every(Boolean);
}

/** @type {Map<string, Map<string, {ok: boolean, bonus: boolean, text: string}>>} */
const results = new Map();
for (const kind of /** @type {const} */ (['firewall', 'nat'])) {
  test(`relay to relay between all networks, the server behind a ${kind}`, async (t) => {
    const { site } = sites[kind === 'firewall' ? 0 : 1];
    const before = lab.counters(site);
    const done = await each(pairs, async ([a, b]) => {
      const r = await relayToRelay(site, places[a][0], places[b][1], `${a}-${b}`).catch((e) => ({ ok: false, text: `${e}` }));
      return /** @type {const} */ ([`${a}-${b}`, { ...r, bonus: false }]);
    });
    const counters = lab.counters(site);
    t.diagnostic(`${kind}: ${JSON.stringify(counters)}`);
    results.set(kind, new Map(done));
    assert.deepEqual(done.filter(([, r]) => !r.ok).map(([p, r]) => `${p}: ${r.text}`), []);
    assert.ok(counters.opened_tcp > before.opened_tcp && counters.opened_udp > before.opened_udp);
    assert.equal(counters.foreign, 0, 'nobody came to another port');
    assert.equal(counters.relayed, 0, 'nothing left from a relayed port: it all happens inside the process');
  });

  test(`one relay is enough where the other NAT keeps its mapping, the server behind a ${kind}`, async (t) => {
    const { site } = sites[kind === 'firewall' ? 0 : 1];
    const before = lab.counters(site);
    const done = await each(pairs, async ([a, b]) => {
      const [x, y] = [places[a][0], places[b][1]];
      const ways = [await oneRelay(site, x, y, `1-${a}-${b}`), await oneRelay(site, y, x, `2-${a}-${b}`)];
      return /** @type {const} */ ([`${a}-${b}`, ways]);
    });
    for (const [p, ways] of done) {
      const r = results.get(kind)?.get(p);
      if (r) r.bonus = ways.some(Boolean);
    }
    const counters = lab.counters(site);
    t.diagnostic(`${kind}: ${JSON.stringify(counters)}`);
    assert.equal(counters.foreign - before.foreign, counters.refused - before.refused, 'who came too early was turned away');
    assert.ok(counters.relayed > before.relayed);
    for (const [p, [there]] of done) {
      const b = p.split('-')[1];
      assert.equal(there, ['open', 'cone', 'double'].includes(b), p);
    }
  });
}

// Debian's coturn client asks for it by the number of a draft (0x8032), so that this one is shown by our own client alone.
test('one allocation with an address of each family: both carry', async () => {
  const { site } = sites[0];
  const before = lab.counters(site);
  const [a, b] = [places.cone[0], places.ipv6[1]];
  for (const family of [0, 1]) {
    const name = `dual-${family}`;
    const [x, y] = await Promise.all([a, b].map((p) => p.agent.ask('allocate', { name, o: way(p, site, p.best), how: { additional: 6 } })));
    assert.deepEqual([x, y].map((z) => z.relays.map((/** @type {any} */ r) => r.host)), [[site.v4, site.v6], [site.v4, site.v6]]);
    await Promise.all([a.agent.ask('bind', { name, peer: y.relays[family] }), b.agent.ask('bind', { name, peer: x.relays[family] })]);
    const seen = await Promise.all([a, b].map((p) => p.agent.ask('exchange', { name, n: PACKETS })));
    assert.deepEqual(seen, [{ got: PACKETS, odd: [] }, { got: PACKETS, odd: [] }]);
    await Promise.all([a, b].map((p) => p.agent.ask('end', { name })));
  }
  assert.equal(lab.counters(site).relayed, before.relayed);
});

test('the table in docs/nat-table.md says what was measured', () => {
  /** @type {string[]} */
  const lines = [];
  const short = (/** @type {Place} */ p) => (p.proxy ? `${p.best.toUpperCase()}, proxy` : p.best.toUpperCase());
  lines.push(`| | ${kinds.map((k) => KINDS[k]).join(' | ')} |`, `|---|${kinds.map(() => '---').join('|')}|`);
  for (const a of kinds) {
    const cells = kinds.map((b) => {
      const r = ['firewall', 'nat'].map((s) => results.get(s)?.get(`${a}-${b}`) ?? results.get(s)?.get(`${b}-${a}`));
      return r.every((x) => x?.ok) ? (r.every((x) => x?.bonus) ? 'yes +' : 'yes') : '**no**';
    });
    lines.push(`| ${KINDS[a]} (${short(places[a][0])}) | ${cells.join(' | ')} |`);
  }
  section('pairs', lines.join('\n'));
});
