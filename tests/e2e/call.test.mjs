// Two people see and hear each other and write to each other, in each pair of browsers; what the others
// notice of it; and that the server carries nothing of it.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { flowFrom, receives, shows, tileOf } from './lib/media.mjs';
import { sleep } from '../lib/server.mjs';

const house = new House('call');
const PAIRS = /** @type {const} */ ([['chromium', 'chromium'], ['chromium', 'firefox'], ['firefox', 'firefox']]);
const DIRECT = ['host', 'prflx', 'srflx'];
const both = { camera: 10, mic: true };

/** @typedef {import('./lib/person.mjs').Person & {look: string}} Someone */

/** @param {Someone} a @param {Someone} b */
async function meet(a, b) {
  await b.join(await a.create({ title: `${a.name} and ${b.name}` }));
  await Promise.all([shows(a.page, tileOf(b.session), b.look), shows(b.page, tileOf(a.session), a.look)]);
  await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, both)]);
}

for (const [one, two] of PAIRS) {
  house.test(`${one} and ${two} see and hear each other`, async () => {
    const [a, b] = [await house.person(one, { name: 'Ann' }), await house.person(two, { name: 'Ben' })];
    await meet(a, b);
    for (const f of [await flowFrom(a.page, b.session), await flowFrom(b.page, a.session)]) {
      assert.ok(f && DIRECT.includes(f.path.local) && DIRECT.includes(f.path.remote), JSON.stringify(f));
      assert.equal(f.path.protocol, 'udp');
    }
    // One's own picture is a mirror, the other's is not: what is read is the stream, so look at the style.
    const mirrored = (/** @type {Someone} */ p, /** @type {string} */ s) => p.page.eval(
      (sel) => document.querySelector(sel)?.classList.contains('mirror'), tileOf(s));
    assert.deepEqual([await mirrored(a, a.session), await mirrored(a, b.session)], [true, false]);
    await a.say('hello Ben');
    await b.hears('hello Ben');
    await b.say('안녕, Ann');
    await a.hears('안녕, Ann');
    assert.deepEqual(await a.words(), ['hello Ben', '안녕, Ann']);
    assert.deepEqual(await b.words(), ['hello Ben', '안녕, Ann']);
  });
}

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  house.test(`${kind} with its own camera and microphone`, async () => {
    const own = { native: true };
    const [a, b] = [await house.person(kind, { rack: own, page: { permissions: ['camera', 'microphone'] } }),
      await house.person('chromium', { rack: own, page: { permissions: ['camera', 'microphone'] } })];
    await b.join(await a.create());
    await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, both)]);
    await a.set('cam', false);
    await a.page.until(() => /** @type {any} */ (window).rack.live('camera') === 0, null, { ms: 1500, what: 'the light out' });
    await a.set('cam', true);
    await receives(b.page, a.session, { camera: 5 });
  });
}

house.test('a whisper reaches one, a new name reaches all', async () => {
  const [a, b, c] = [await house.person('chromium', { name: 'Ann' }), await house.person('firefox', { name: 'Ben' }),
    await house.person('chromium', { name: 'Cho' })];
  const room = await a.create();
  await b.join(room);
  await c.join(room);
  await a.told(c, { name: 'Cho' });
  await a.whisper(b, 'only for Ben');
  await b.hears('only for Ben');
  assert.equal(await b.page.count('.words.whisper [data-chat]'), 1);
  await b.whisper(a, 'only for Ann');
  await a.hears('only for Ann');
  // What comes after it came, so the whispers would have been there.
  await a.say('for everybody');
  await c.hears('for everybody');
  assert.deepEqual(await c.words(), ['for everybody']);
  assert.deepEqual((await c.chat()).filter((i) => i.kind === 'whisper'), []);

  await b.openPeople();
  await b.page.click(`[data-person="${b.session}"] [data-act=rename]`);
  await b.page.see('[data-field=rename]');
  await b.page.fill('[data-field=rename]', 'Benjamin', true);
  for (const p of [a, c]) {
    await p.told(b, { name: 'Benjamin' });
    await p.page.until((id) => /Benjamin/.test(document.querySelector(`[data-session="${id}"] .tile-name`)?.textContent ?? ''),
      b.session, { what: 'the new name under the picture' });
  }
  await b.say('that was me');
  await c.hears('that was me');
  assert.equal((await c.chat()).find((i) => i.text === 'that was me')?.name, 'Benjamin');
});

house.test('two people of one name are told apart', async () => {
  const [a, b, c] = [await house.person('chromium', { name: 'Mina' }), await house.person('chromium', { name: 'Mina' }),
    await house.person('chromium', { name: 'Cho' })];
  const room = await c.create();
  await a.join(room);
  await b.join(room);
  await c.told(b, { name: 'Mina' });
  const names = await c.page.eval(() => [...document.querySelectorAll('figure.tile:not([data-self]) .tile-name .cut')]
    .map((e) => e.textContent));
  assert.equal(new Set(names).size, 2, `${names}`);
  for (const n of names) assert.match(n ?? '', /^Mina #[0-9A-Z]{4}$/i);
});

house.test('the lobby counts as people come and go', async () => {
  const [a, b, c] = [await house.person('chromium'), await house.person('firefox'), await house.person('chromium')];
  await c.lobby();
  const title = `Counted ${Date.now()}`;
  const room = await a.create({ title });
  const count = (/** @type {number} */ n) => c.page.until(({ room, n }) => {
    const card = document.querySelector(`[data-room="${room}"]`)?.closest('.room-card');
    return !!card && new RegExp(`\\b${n}\\b`).test(card.querySelector('.badge.accent')?.textContent ?? '');
  }, { room, n }, { what: `${n} in the list` });
  await count(1);
  assert.match(await c.page.eval((r) => document.querySelector(`[data-room="${r}"]`)?.closest('.room-card')?.textContent ?? '', room),
    new RegExp(title));
  await b.join(room);
  await count(2);
  await b.leave();
  await count(1);
  await a.leave();
  await c.page.gone(`[data-room="${room}"]`);
  const hidden = await a.create({ title: 'Hidden', unlisted: true });
  const seen = await b.create({ title: 'Seen' });
  await c.page.see(`[data-room="${seen}"]`);
  assert.equal(await c.page.count(`[data-room="${hidden}"]`), 0);
});

/** Counters of /metrics by name with labels. @param {import('./lib/house.mjs').HouseServer} server */
async function metrics(server) {
  const { body } = await server.get('/metrics');
  /** @type {Record<string, number>} */
  const all = {};
  for (const line of body.toString().split('\n')) {
    const m = /^(\w+(?:\{[^}]*\})?) (\S+)$/.exec(line);
    if (m) all[m[1]] = Number(m[2]);
  }
  return all;
}

house.test('a direct call costs the server not one media byte', async () => {
  const server = await house.server();
  const [a, b] = [await house.person('chromium', { server }), await house.person('firefox', { server })];
  await meet(a, b);
  await sleep(1000); // what the beginning of a call has to say
  const counted = async () => {
    const all = await metrics(server);
    const sum = (/** @type {string} */ name) => all[`${name}{dir="in"}`] + all[`${name}{dir="out"}`];
    return { tcp: sum('madang_stream_bytes_total'), udp: sum('madang_udp_bytes_total') };
  };
  const media = async () => {
    const both = [await flowFrom(a.page, b.session), await flowFrom(b.page, a.session)];
    return both.reduce((n, f) => n + (f?.camera.bytes ?? 0) + (f?.mic.bytes ?? 0), 0);
  };
  await counted();
  const [first, from] = [await counted(), await media()];
  const second = await counted(); // what asking costs by itself
  await sleep(5000);
  const [last, to] = [await counted(), await media()];
  const tcp = (last.tcp - second.tcp) - (second.tcp - first.tcp);
  const udp = last.udp - second.udp;
  console.log(`# in 5 s ${to - from} bytes of media; the server moved ${tcp} over TCP (states, pings) and ${udp} over UDP (STUN)`);
  assert.ok(to - from > 30_000, `media flowed: ${to - from} bytes`);
  assert.ok(tcp < 2000 && udp < 1000, `${tcp} and ${udp} bytes by the server`);
  for (const p of [[a, b], [b, a]]) {
    const f = await flowFrom(p[0].page, p[1].session);
    assert.ok(f && DIRECT.includes(f.path.local) && DIRECT.includes(f.path.remote), JSON.stringify(f));
  }
});
