// What goes wrong or comes together in direct calls: both press call at once, the network goes while it rings, the
// server is killed in the middle; and what one chooses: to be heard only, to be told of it by hand, how it was.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { flows, screenOf, shows, tileOf } from './lib/media.mjs';
import { reads, words } from './lib/ui.mjs';
import { User } from './lib/user.mjs';

const house = new House('people-calls');
const OPEN = { args: ['--registration', 'open'] };
const t = words.en;

/** @type {Promise<import('./lib/house.mjs').HouseServer> | undefined} */
let made;
const home = () => (made ??= house.server({ ...OPEN, shared: true }));

/**
 * @param {string} name
 * @param {{kind?: 'chromium' | 'firefox', server?: {url: string, origin?: string}, init?: [(arg: any) => void, any][]}} [o]
 */
async function newUser(name, { kind = 'chromium', server, init = [] } = {}) {
  const user = new User(await house.person(kind, { name, server: server ?? await home(), page: { init } }));
  await user.register();
  return user;
}

/** @param {User} user @param {boolean} online */
const net = ({ page, name }, online) => page.until((want) => {
  const phase = /** @type {any} */ (window).madang?.state().net.phase;
  return phase && (phase === 'online') === want;
}, online, { ms: 40_000, what: `${name} is ${online ? 'online' : 'offline'}` });

/** What the history says of the calls, newest first. @param {User} user */
async function history({ page }) {
  await page.click('[data-nav=calls]');
  await page.see('[data-record]');
  return page.eval(() => /** @type {any} */ (window).madang.state().calls.list
    .map((/** @type {any} */ c) => ({ way: c.way, outcome: c.outcome, lasted: c.duration_ms > 0 })));
}

for (const kinds of /** @type {const} */ ([['chromium', 'chromium'], ['firefox', 'chromium']])) {
  house.test(`both press call at the same time: it is one call (${kinds})`, async () => {
    const tag = kinds[0][0];
    const [ann, ben] = await Promise.all([newUser(`ann-${tag}`, { kind: kinds[0] }), newUser(`ben-${tag}`, { kind: kinds[1] })]);
    await Promise.all([ann.find(ben.name, ben), ben.find(ann.name, ann)]);
    await Promise.all([ann, ben].map((p) => p.page.eval(() => /** @type {HTMLElement} */ (document.querySelector('[data-act=call-video]')).click())));
    await Promise.all([ann.talks(2), ben.talks(2)]);
    await ben.page.click('[data-act=leave]');
    for (const p of [ann, ben]) {
      await p.page.see('[data-outcome=ended]');
      await p.page.click('[data-act=after-done]');
    }
    const [one, other] = [await history(ann), await history(ben)];
    assert.equal(one.length, 1);
    assert.equal(other.length, 1);
    assert.deepEqual([one[0], other[0]].map((c) => c.way).sort(), ['in', 'out']);
    for (const [c] of [one, other]) assert.deepEqual([c.outcome, c.lasted], ['answered', true]);
  });
}

house.test('the caller loses the network while it rings: it rings on for a while; who comes back in time is answered', async () => {
  const server = await home();
  const proxy = await house.proxy(server);
  const cat = await newUser('cat', { server: proxy });
  const dan = await newUser('dan');
  await cat.call('dan', 'video');
  await dan.page.see('[data-ring=incoming]');
  proxy.down(true);
  await net(cat, false);
  await dan.page.see('[data-ring=incoming]');
  proxy.down(false);
  await net(cat, true);
  await cat.page.see('[data-ring=outgoing]');
  await dan.page.click('[data-act=accept-video]');
  await Promise.all([cat.talks(2), dan.talks(2)]);
  await dan.page.click('[data-act=leave]');
  await cat.page.click('[data-act=after-done]');
  await dan.page.click('[data-act=after-done]');
  await cat.page.click('[data-nav=people]');
  await cat.call('dan', 'voice');
  await dan.page.see('[data-ring=incoming]');
  proxy.down(true);
  await dan.page.gone('[data-ring]', 30_000);
  await dan.page.see('[data-nav=calls] [data-badge="1"]');
  proxy.down(false);
  await net(cat, true);
  await cat.page.gone('[data-ring=outgoing]');
  assert.deepEqual(await history(dan), [{ way: 'in', outcome: 'missed', lasted: false }, { way: 'in', outcome: 'answered', lasted: true }]);
}, { timeout: 120_000 });

house.test('nobody answers: it rings for as long as the server says, and is a missed call', async () => {
  const server = await house.server({ args: [...OPEN.args, '--ring-time', '4s'] });
  const [oda, pam] = await Promise.all([newUser('oda', { server }), newUser('pam', { server })]);
  await oda.call('pam', 'voice');
  await pam.page.see('[data-ring=incoming]');
  await oda.page.see('[data-outcome=no_answer]');
  await pam.page.gone('[data-ring]');
  await pam.page.see('[data-nav=calls] [data-badge="1"]');
  await oda.page.click('[data-act=after-done]');
  assert.deepEqual(await history(oda), [{ way: 'out', outcome: 'missed', lasted: false }]);
  assert.deepEqual(await history(pam), [{ way: 'in', outcome: 'missed', lasted: false }]);
  await pam.page.gone('[data-nav=calls] [data-badge]');
});

/** The picture of a shared screen (lib/rack.mjs). */
const SCREEN = 'WKYG';

for (const kinds of /** @type {const} */ ([['chromium', 'firefox'], ['firefox', 'chromium']])) {
  house.test(`either side of a call shows its screen, and turns its camera off and on (${kinds})`, async () => {
    const tag = kinds[0][0];
    const [quin, rue] = await Promise.all([newUser(`quin-${tag}`, { kind: kinds[0] }), newUser(`rue-${tag}`, { kind: kinds[1] })]);
    await quin.call(rue.name, 'video');
    await rue.page.click('[data-act=accept-video]');
    await Promise.all([quin.talks(2), rue.talks(2)]);
    for (const [from, to] of [[quin, rue], [rue, quin]]) {
      const id = from.person.session;
      const { look } = /** @type {any} */ (from.person);
      await from.page.click('[data-act=screen]');
      await shows(to.page, screenOf(id), SCREEN);
      await shows(to.page, tileOf(id), look);
      await from.page.click('[data-act=screen]');
      await to.page.gone(screenOf(id));
      await from.page.click('[data-act=cam]');
      await to.page.gone(tileOf(id));
      await from.page.click('[data-act=cam]');
      await shows(to.page, tileOf(id), look);
    }
    await rue.page.click('[data-act=leave]');
    await quin.page.see('[data-outcome=ended]');
  });
}

house.test('the server is killed in the middle of a call: it goes on, and its record is right', async () => {
  const server = await house.server(OPEN);
  const [eve, fay] = await Promise.all([newUser('eve', { server }), newUser('fay', { server })]);
  await eve.call('fay', 'video');
  await fay.page.see('[data-ring=incoming]');
  await fay.page.click('[data-act=accept-video]');
  await Promise.all([eve.talks(2), fay.talks(2)]);
  await Promise.all([eve.direct(), fay.direct()]);
  const conns = await Promise.all([eve, fay].map(async (p) => (await flows(p.page)).map((f) => f.conn)));
  const played = () => [...document.querySelectorAll('.tile video')].map((v) => /** @type {HTMLVideoElement} */ (v).currentTime);
  await server.down('SIGKILL');
  await Promise.all([net(eve, false), net(fay, false)]);
  const before = await eve.page.eval(played);
  await eve.page.until((was) => [...document.querySelectorAll('.tile video')]
    .every((v, i) => /** @type {HTMLVideoElement} */ (v).currentTime > was[i] + 0.5), before, { what: 'pictures while the server is dead' });
  await server.up();
  await Promise.all([net(eve, true), net(fay, true)]);
  await Promise.all([eve.talks(2), fay.talks(2)]);
  for (const p of [eve, fay]) {
    await p.page.until(() => Object.values(/** @type {any} */ (window).madang.state().ring.calls)
      .some((/** @type {any} */ c) => c.phase === 'here' && c.state === 'accepted'), null, { what: 'the call is known again' });
    await p.page.see('[data-lasting]');
  }
  const now = await Promise.all([eve, fay].map(async (p) => (await flows(p.page)).map((f) => f.conn)));
  assert.deepEqual(now, conns, 'the same connections');
  await eve.page.click('[data-act=leave]');
  for (const p of [eve, fay]) {
    await p.page.see('[data-outcome=ended] [data-lasted]');
    await p.page.click('[data-act=after-done]');
  }
  assert.deepEqual(await history(eve), [{ way: 'out', outcome: 'answered', lasted: true }]);
  assert.deepEqual(await history(fay), [{ way: 'in', outcome: 'answered', lasted: true }]);
}, { timeout: 150_000 });

/** What would shake a phone. Runs in the page. */
function countShakes() {
  /** @type {any} */ (window).shaken = [];
  Object.defineProperty(navigator, 'vibrate', { value: (/** @type {any} */ p) => /** @type {any} */ (window).shaken.push(p) });
}

house.test('a call with video answered by voice, with video later; stars, and once more', async () => {
  const [gil, hoa] = await Promise.all([newUser('gil'), newUser('hoa', { init: [[countShakes, null]] })]);
  await gil.call('hoa', 'video');
  await hoa.page.see('[data-ring=incoming]');
  await reads(hoa.page, '[data-ring=incoming] .ring-name', '@gil');
  await hoa.page.until(() => /** @type {any} */ (window).shaken.some(Array.isArray), null, { what: 'it shakes' });
  await hoa.page.click('[data-act=accept-voice]');
  await gil.hears();
  await hoa.talks(1);
  await hoa.page.until(() => /** @type {any} */ (window).shaken.at(-1) === 0, null, { what: 'it shakes no more' });
  assert.deepEqual(await hoa.person.intent(), { mic: true, cam: false });
  assert.equal(await hoa.person.live('camera'), 0);
  await hoa.person.set('cam', true);
  await Promise.all([gil.talks(2), hoa.talks(2)]);
  await gil.page.click('[data-act=leave]');
  await gil.page.click('[data-stars="4"]');
  await gil.page.see('[data-stars="4"][aria-pressed=true]');
  await reads(gil.page, '.stars-place [role=status]', t('after.thanks'));
  await hoa.page.see('[data-outcome=ended]');
  await hoa.page.click('[data-act=after-done]');
  await gil.page.click('[data-act=again]');
  await hoa.page.see('[data-ring=incoming]');
  await hoa.page.click('[data-act=reply]');
  await hoa.page.fill('[data-field=reply]', 'in ten minutes');
  await hoa.page.click('[data-act=reply-send]');
  await gil.page.see('[data-outcome=declined]');
  assert.match(await gil.page.text('.ring-text'), /in ten minutes/);
  await gil.page.click('[data-act=after-done]');
});

house.test('a page that nobody has pressed yet says that ringing would be silent, until it is pressed', async () => {
  const [ivy, jan] = await Promise.all([newUser('ivy'), newUser('jan')]);
  await ivy.page.reload();
  await ivy.atHome();
  await ivy.page.see('[data-strip=sound]');
  await jan.call('ivy', 'voice');
  await ivy.page.see('[data-ring=incoming]');
  await reads(ivy.page, '[data-ring=incoming] .small', t('ring.silent'));
  await jan.page.click('[data-act=cancel-call]');
  await ivy.page.gone('[data-ring]');
  await ivy.page.click('[data-strip=sound] .btn');
  await ivy.page.gone('[data-strip=sound]');
});
