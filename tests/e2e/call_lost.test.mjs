// What is lost and comes back: a page that is loaded again, a connection cut for ten seconds, the server
// killed. The call goes on, words arrive once and in order, and nobody has to press anything.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { hasStopped, receives, shows, tileOf, watchFrames } from './lib/media.mjs';
import { sleep } from '../lib/server.mjs';

const house = new House('call_lost');
const both = { camera: 5, mic: true };

/** @typedef {import('./lib/person.mjs').Person & {look: string}} Someone */

/** @param {Someone} p @returns {Promise<string[]>} */
const notices = async (p) => (await p.chat()).filter((i) => i.kind === 'notice').map((i) => `${i.code}`);
/** @param {Someone} p @param {'online' | 'waiting' | 'connecting' | 'offline'} phase @param {number} [ms] */
const net = (p, phase, ms) => p.page.until((want) => {
  const is = /** @type {any} */ (window).madang?.state().net.phase;
  return want === 'offline' ? is && is !== 'online' : is === want;
}, phase, { ms, what: `${p.name} ${phase}` });

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  house.test(`${kind} loads its page again in the middle of a call`, async () => {
    const [a, b, c] = [await house.person(kind, { name: 'Ann' }), await house.person('chromium', { name: 'Ben' }),
      await house.person('chromium', { name: 'Cho' })];
    const room = await a.create();
    await b.join(room);
    await c.join(room);
    await receives(b.page, a.session, both);
    await a.set('mic', false); // what one wants is kept over it
    await b.say('before');
    await a.hears('before');
    const before = { b: await notices(b), c: await notices(c) };
    const old = a.session;
    await a.page.reload();
    await a.inRoom();
    assert.equal(a.room, room);
    assert.notEqual(a.session, old);
    await shows(b.page, tileOf(a.session), a.look);
    await receives(c.page, a.session, { camera: 5 });
    await receives(a.page, b.session, both);
    await hasStopped(b.page, a.session, 'mic');
    assert.deepEqual(await a.intent(), { mic: false, cam: true });
    await b.told(a, { name: 'Ann', mic: false, cam: true });
    await b.page.gone(`figure[data-session="${old}"]`);
    await a.set('mic', true);
    await receives(b.page, a.session, both);
    await a.hears('before');
    await a.say('after');
    await c.hears('after');
    assert.deepEqual(await notices(b), before.b, 'nobody is told that somebody left and came');
    assert.deepEqual(await notices(c), before.c);
    assert.equal(await b.page.eval((r) => /** @type {any} */ (window).madang.state().rooms[r].order.length, room), 3);
  });
}

house.test('ten seconds without the server: words once and in order, the call unharmed', async () => {
  const server = await house.server();
  const proxy = await house.proxy(server);
  const [a, b] = [await house.person('chromium', { name: 'Ann', server: proxy }), await house.person('firefox', { name: 'Ben', server })];
  await b.join(await a.create());
  await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, both)]);
  await a.say('a0');
  await b.hears('a0');
  await b.openChat();
  const frames = [watchFrames(a.page, b.session), watchFrames(b.page, a.session)];
  const notes = await notices(b);
  proxy.down(true);
  const end = Date.now() + 10_000;
  await b.told(a, { away: true });
  await b.page.until((id) => document.querySelector(`[data-session="${id}"]`)?.getAttribute('data-link') === 'tile.away', a.session,
    { what: 'Ben sees that Ann is reconnecting' });
  for (let i = 1; i <= 5; i++) {
    await a.say(`a${i}`);
    await b.say(`b${i}`);
    await sleep(300);
  }
  await net(a, 'offline');
  await Promise.all([receives(a.page, b.session, { camera: 30 }), receives(b.page, a.session, { camera: 30 })]);
  await sleep(Math.max(0, end - Date.now()));
  proxy.down(false);
  await net(a, 'online', 20_000);
  await b.hears('a5');
  await a.hears('b5');
  await b.told(a, { away: false });
  const seen = await Promise.all(frames.map((f) => f()));
  console.log(`# longest time without a frame: ${seen.map((s) => s.longestMs)} ms`);
  for (const s of seen) {
    assert.equal(s.conns, 1, 'the same connection');
    assert.ok(s.frames > 50, JSON.stringify(s));
  }
  const order = (/** @type {string[]} */ words, /** @type {string} */ who) => words.filter((w) => w.startsWith(who));
  for (const p of [a, b]) {
    const words = await p.words();
    assert.deepEqual(order(words, 'a'), ['a0', 'a1', 'a2', 'a3', 'a4', 'a5'], p.name);
    assert.deepEqual(order(words, 'b'), ['b1', 'b2', 'b3', 'b4', 'b5'], p.name);
  }
  assert.deepEqual(await a.words(), await b.words(), 'in one order for both');
  assert.deepEqual(await notices(b), notes);
  await receives(a.page, b.session, both);
}, { timeout: 150_000 });

house.test('mute and camera-off stay over a reconnect', async () => {
  const server = await house.server();
  const proxy = await house.proxy(server);
  const [a, b] = [await house.person('firefox', { server: proxy }), await house.person('chromium', { server })];
  await b.join(await a.create());
  await receives(b.page, a.session, both);
  await a.set('mic', false);
  await a.set('cam', false);
  await b.told(a, { mic: false, cam: false });
  await proxy.cut(1500);
  await net(a, 'online', 20_000);
  await b.told(a, { away: false, mic: false, cam: false });
  await hasStopped(b.page, a.session, 'mic');
  await hasStopped(b.page, a.session, 'camera');
  proxy.down(true);
  await net(a, 'offline');
  await a.set('mic', true); // pressed while nobody can be told
  await receives(b.page, a.session, { mic: true });
  proxy.down(false);
  await b.told(a, { away: false, mic: true, cam: false });
});

for (const [one, other] of /** @type {const} */ ([['chromium', 'firefox'], ['chromium', 'chromium']])) {
  house.test(`the server is killed under ${one} and ${other}: media never stops, all is back without a click`, async () => {
    const server = await house.server();
    const [a, b, c] = [await house.person(one, { name: 'Ann', server }), await house.person(other, { name: 'Ben', server }),
      await house.person('chromium', { name: 'Stranger', server })];
    const room = await a.create({ title: 'Under lock', password: 'sesame' });
    await b.join(room, { password: 'sesame' });
    await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, both)]);
    await a.set('mic', false);
    await b.told(a, { mic: false });
    await a.say('before the fall');
    await b.hears('before the fall');
    const frames = [watchFrames(a.page, b.session), watchFrames(b.page, a.session)];
    const former = [a.session, b.session];

    await server.down('SIGKILL');
    await Promise.all([net(a, 'offline'), net(b, 'offline')]);
    // While it is dead.
    await Promise.all([receives(a.page, b.session, { camera: 15, mic: true }), receives(b.page, a.session, { camera: 15 })]);
    await a.say('said to a dead server');
    await server.up();

    await Promise.all([net(a, 'online', 40_000), net(b, 'online', 40_000)]);
    await Promise.all([a, b].map((p) => p.page.until((old) => {
      const s = /** @type {any} */ (window).madang.state();
      const r = s.rooms[s.current];
      return r && !r.stale && r.self !== old && Object.values(r.people).filter((/** @type {any} */ x) => !x.ghost).length === 2;
    }, p === a ? former[0] : former[1], { what: `${p.name} is back` })));
    await Promise.all([a.inRoom(), b.inRoom()]);
    assert.equal(a.room, room);
    assert.equal(b.room, room);
    await b.hears('said to a dead server');
    await a.hears('before the fall'); // what stood in the chat still stands there
    await b.say('after');
    await a.hears('after');
    await b.told(a, { mic: false, cam: true });
    await shows(b.page, tileOf(a.session), a.look);
    await Promise.all([receives(a.page, b.session, both), receives(b.page, a.session, { camera: 5 })]);
    const seen = await Promise.all(frames.map((f) => f()));
    console.log(`# longest time without a frame: ${seen.map((s) => s.longestMs)} ms, connections ${seen.map((s) => s.conns)}`);
    for (const s of seen) assert.equal(s.conns, 1, JSON.stringify(s));
    await hasStopped(b.page, a.session, 'mic');
    const twice = (await b.words()).filter((w) => w === 'said to a dead server');
    assert.equal(twice.length, 1);

    // The lock holds.
    await c.toDoor(room);
    await c.page.see('[data-field=password]');
    await c.page.fill('[data-field=password]', 'guess');
    await c.page.click('[data-act=join]');
    await c.page.see('[data-problem=password_wrong]');
    await c.page.fill('[data-field=password]', 'sesame');
    await c.page.click('[data-act=join]');
    await c.inRoom();
    await b.told(c, { name: 'Stranger' });
  }, { timeout: 180_000 });
}

house.test('nobody can make a locked room anew while its people are away', async () => {
  const server = await house.server();
  const [a, c] = [await house.person('chromium', { name: 'Ann', server }), await house.person('chromium', { name: 'Stranger', server })];
  const room = await a.create({ title: 'Under lock', password: 'sesame' });
  await c.lobby();
  await server.down('SIGKILL');
  await a.page.goto('about:blank'); // Ann's machine sleeps
  await server.up();
  await net(c, 'online', 40_000);
  await c.toDoor(room);
  await c.page.click('[data-act=join]');
  await c.page.see('[data-problem=room_unknown]');
});
