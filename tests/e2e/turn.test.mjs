// Calls that go over the server's relays only: in each pair of browsers, over UDP, plain TCP and TLS; what is told
// of oneself then; files; and that relays end with the call.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { nssStore } from '../lib/ca.mjs';
import { sleep } from '../lib/server.mjs';
import { PATIENCE } from './lib/browser.mjs';
import { House } from './lib/house.mjs';
import { flowFrom, receives } from './lib/media.mjs';

const house = new House('turn');
const PAIRS = /** @type {const} */ ([['chromium', 'chromium'], ['chromium', 'firefox'], ['firefox', 'firefox']]);
const both = { camera: 10, mic: true };
const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-turn-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/** @typedef {import('./lib/person.mjs').Person & {look: string}} Someone */
/** @typedef {import('../../web/rtc/ice.js').Transport} Transport */

/** Runs in the page: what the person has chosen in the settings before. */
const hide = () => {
  try {
    localStorage.setItem('madang.intent', JSON.stringify({ relayOnly: true }));
  } catch { /* about:blank */ }
};

/** Runs in the page: candidates as they leave it. */
const listen = () => {
  const w = /** @type {any} */ (window);
  w.told = [];
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (typeof data === 'string' && /"type":"(desc|cand)"/.test(data)) w.told.push(data);
    return send.call(this, data);
  };
};

/**
 * Somebody whose address is hidden and whose relays are reached in this way only.
 * @param {import('./lib/browser.mjs').Kind} kind
 * @param {Transport[] | null} transports
 * @param {Parameters<House['person']>[1]} [o]
 */
async function hidden(kind, transports, o = {}) {
  const p = await house.person(kind, { ...o, page: { ...o?.page, init: [[hide, null], [listen, null]] } });
  await p.lobby();
  if (transports) await p.page.eval((t) => { /** @type {any} */ (window).madang.parts.call.transports = t; }, transports);
  return p;
}

/** The TURN URL of the relay that a page sends by, as far as the browser says it. @param {Someone} p @param {string} session */
const way = (p, session) => p.page.eval(async (id) => {
  const { peer } = /** @type {any} */ (window).madang.parts.mesh.peers().find((/** @type {any} */ h) => h.session === id);
  const all = [...(await peer.pc.getStats()).values()];
  const chosen = all.find((s) => s.type === 'transport' && s.selectedCandidatePairId)?.selectedCandidatePairId;
  const pair = all.find((s) => s.type === 'candidate-pair' && (s.id === chosen || (!chosen && s.selected)));
  const local = all.find((s) => s.id === pair?.localCandidateId);
  return { type: local?.candidateType, transport: local?.relayProtocol, url: local?.url };
}, session);

/** @param {Someone} a @param {Someone} b */
async function meet(a, b) {
  await b.join(await a.create());
  await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, both)]);
  for (const f of [await flowFrom(a.page, b.session), await flowFrom(b.page, a.session)]) {
    assert.deepEqual([f?.path.local, f?.path.remote], ['relay', 'relay'], JSON.stringify(f));
  }
}

/** Nothing that was told names an address but relays'. @param {Someone} p */
async function toldOnlyRelays(p) {
  const told = /** @type {string[]} */ (await p.page.eval(() => /** @type {any} */ (window).told));
  const candidates = told.join('\n').match(/a=candidate:[^\r\n]*/g) ?? [];
  assert.ok(candidates.length > 0, 'candidates were told');
  for (const c of candidates) assert.match(c, / typ relay raddr (0\.0\.0\.0|::) rport 0/);
  for (const c of told.join('\n').match(/^c=IN[^\r\n]*/gm) ?? []) assert.match(c, /^c=IN IP4 0\.0\.0\.0|^c=IN IP6 ::$/);
}

/** @param {import('./lib/house.mjs').HouseServer} server */
async function allocations(server) {
  const { body } = await server.get('/metrics');
  return Number(/^madang_turn_allocations (\d+)$/m.exec(body.toString())?.[1]);
}

/** Relays live for ten minutes; those of a call end with it. @param {import('./lib/house.mjs').HouseServer} server */
async function noneLeft(server) {
  const end = Date.now() + PATIENCE;
  let n = NaN;
  do n = await allocations(server); while (n !== 0 && Date.now() < end && await sleep(50) === undefined);
  assert.equal(n, 0, 'relays end with the call');
}

for (const [one, two] of PAIRS) {
  for (const transport of /** @type {const} */ (['udp', 'tcp'])) {
    house.test(`${one} and ${two} by relays, over ${transport.toUpperCase()}`, async () => {
      const server = await house.server();
      const [a, b] = [await hidden(one, [transport], { server, name: 'Ann' }),
        await hidden(two, [transport], { server, name: 'Ben' })];
      await meet(a, b);
      for (const p of [a, b]) await toldOnlyRelays(p);
      for (const [p, other] of [[a, b], [b, a]]) {
        const w = await way(p, other.session);
        if (p.page.kind === 'chromium') assert.deepEqual([w.transport, w.type], [transport, 'relay'], JSON.stringify(w));
      }
      assert.ok(await allocations(server) >= 2);
      await a.leave();
      await noneLeft(server);
    }, { timeout: 6 * PATIENCE });
  }
}

house.test('Chromium by relays, over TLS with the authority installed', async () => {
  const server = await house.server();
  const home = path.join(dir, 'home');
  nssStore(path.join(home, '.pki/nssdb'), path.join(server.data, 'tls/ca.crt'));
  const o = { server, browser: { env: { HOME: home }, trustAll: false } };
  const [a, b] = [await hidden('chromium', ['tls'], o), await hidden('chromium', ['tls'], o)];
  await meet(a, b);
  for (const [p, other] of [[a, b], [b, a]]) {
    const w = await way(p, other.session);
    assert.deepEqual([w.transport, w.type], ['tls', 'relay'], JSON.stringify(w));
  }
});

house.test('one who hides the address and one who does not; the choice stands in the settings', async () => {
  const server = await house.server();
  const a = await house.person('chromium', { server, name: 'Ann', page: { init: [[listen, null]] } });
  const b = await house.person('firefox', { server, name: 'Ben' });
  await a.lobby();
  await a.page.click('[data-act=settings]');
  await a.page.see('[data-act=relay-only]');
  await a.force('[data-act=relay-only]');
  await a.page.press('Escape');
  await b.join(await a.create());
  await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, both)]);
  const [here, there] = [await flowFrom(a.page, b.session), await flowFrom(b.page, a.session)];
  assert.equal(here?.path.local, 'relay');
  assert.equal(there?.path.remote, 'relay');
  await toldOnlyRelays(a);
  await a.page.reload();
  await a.inRoom();
  assert.equal(await a.page.eval(() => /** @type {any} */ (window).madang.state().intent.relayOnly), true);
  await receives(b.page, a.session, both);
});

house.test('a file goes by relays, too', async () => {
  const server = await house.server();
  const file = path.join(dir, 'notes.txt');
  writeFileSync(file, 'by relays '.repeat(20_000));
  const [a, b] = [await hidden('chromium', null, { server }), await hidden('firefox', null, { server })];
  await b.page.eval(() => { delete (/** @type {any} */ (window).showSaveFilePicker); });
  await meet(a, b);
  await a.openChat();
  await a.page.setFiles(`figure [data-file-to="${b.session}"]`, [file]);
  await b.openChat();
  await b.page.see('[data-file-act=accept]');
  await b.page.click('[data-file-act=accept]');
  await Promise.all([a.page.see('[data-phase=done]'), b.page.see('[data-phase=done]')]);
  for (const p of [a, b]) await toldOnlyRelays(p);
});

house.test('the server is killed and started again: the call by relays comes back by itself', async () => {
  const server = await house.server();
  const [a, b] = [await hidden('chromium', null, { server }), await hidden('firefox', null, { server })];
  await meet(a, b);
  const former = [a.session, b.session];
  await server.restart('SIGKILL');
  const from = Date.now();
  await Promise.all([a, b].map((p, i) => p.page.until((old) => {
    const s = /** @type {any} */ (window).madang.state();
    const r = s.rooms[s.current];
    return r && !r.stale && r.self !== old && Object.values(r.people).filter((/** @type {any} */ x) => !x.ghost).length === 2;
  }, former[i], { what: `${p.name} is back` })));
  await Promise.all([a.inRoom(), b.inRoom()]);
  await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, both)]);
  console.log(`# media by new relays ${Date.now() - from} ms after the start`);
  assert.equal((await flowFrom(a.page, b.session))?.path.local, 'relay');
}, { timeout: 6 * PATIENCE });
