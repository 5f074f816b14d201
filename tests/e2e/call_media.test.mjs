// Mute, camera off, other devices, unplugging, screen sharing: judged by what the other side receives. What
// somebody wants (to be heard, to be seen) is theirs alone: no device and no network changes it.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { colours, flowFrom, hasStopped, receives, screenOf, shows, tileOf } from './lib/media.mjs';

const house = new House('call_media');
const LOOK2 = 'YKRB';
const SCREEN = 'WKYG';
const both = { camera: 5, mic: true };

/** @typedef {import('./lib/person.mjs').Person & {look: string}} Someone */
/** @typedef {import('./lib/browser.mjs').Kind} Kind */

/** Two people in a room, seeing each other. @param {Kind} one @param {Kind} two @param {import('./lib/rack.mjs').RackOptions} [rack] */
async function two(one, two, rack = {}) {
  const [a, b] = [await house.person(one, { name: 'Ann', rack: { ...rack, look2: LOOK2, screen: SCREEN } }), await house.person(two, { name: 'Ben' })];
  await b.join(await a.create());
  await Promise.all([shows(b.page, tileOf(a.session), a.look), receives(a.page, b.session, both), receives(b.page, a.session, both)]);
  return [a, b];
}

/** The person's own page agrees. @param {Someone} a @param {boolean} mic @param {boolean} cam */
const wants = async (a, mic, cam) => assert.deepEqual(await a.intent(), { mic, cam });
/** @param {Someone} p @param {string} what @param {string} [arg] */
const rackDo = (p, what, arg) => p.page.eval(([w, x]) => /** @type {any} */ (window).rack[/** @type {string} */ (w)](x), [what, arg]);
/** @param {Someone} p @param {string[]} ids */
const uses = (p, ids) => p.page.until((want) => /** @type {any} */ (window).rack.used().join() === want, ids.join(), { what: `${p.name} uses ${ids}` });

for (const [one, other] of /** @type {[Kind, Kind][]} */ ([['chromium', 'firefox'], ['firefox', 'chromium']])) {
  house.test(`${one} mutes, and shuts the camera, and ${other} notices`, async () => {
    const [a, b] = await two(one, other);
    await a.set('mic', false);
    await b.told(a, { mic: false });
    await hasStopped(b.page, a.session, 'mic');
    await receives(b.page, a.session, { camera: 3 });
    await a.set('mic', true);
    await receives(b.page, a.session, { mic: true });
    await b.told(a, { mic: true });

    await a.set('cam', false);
    await a.page.until(() => /** @type {any} */ (window).rack.live('camera') === 0, null, { ms: 1000, what: 'the camera released within a second' });
    await b.told(a, { cam: false });
    await hasStopped(b.page, a.session, 'camera');
    await b.page.gone(tileOf(a.session));
    await receives(b.page, a.session, { mic: true });
    await a.set('cam', true);
    await shows(b.page, tileOf(a.session), a.look);
    await receives(b.page, a.session, both);
    await b.told(a, { cam: true });
    const { conn } = await flowFrom(b.page, a.session) ?? {};
    assert.ok(conn);
  });

  house.test(`another device of ${one} arrives at ${other}, and mute and camera-off stay`, async () => {
    const [a, b] = await two(one, other);
    const { conn } = /** @type {any} */ (await flowFrom(b.page, a.session));
    await a.choose('camera', 'cam2');
    await shows(b.page, tileOf(a.session), LOOK2);
    await uses(a, ['cam2', 'mic1']);
    await a.choose('mic', 'mic2');
    await uses(a, ['cam2', 'mic2']);
    await receives(b.page, a.session, both);

    await a.set('mic', false);
    await a.set('cam', false);
    await hasStopped(b.page, a.session, 'mic');
    await hasStopped(b.page, a.session, 'camera');
    await a.choose('mic', 'mic1');
    await a.choose('camera', 'cam1');
    await uses(a, ['mic1']);
    await hasStopped(b.page, a.session, 'mic');
    await hasStopped(b.page, a.session, 'camera');
    await wants(a, false, false);
    await b.told(a, { mic: false, cam: false });
    await a.set('cam', true);
    await shows(b.page, tileOf(a.session), a.look);
    await hasStopped(b.page, a.session, 'mic');
    await a.set('mic', true);
    await receives(b.page, a.session, both);
    assert.equal((await flowFrom(b.page, a.session))?.conn, conn, 'the same connection all the time');
  });
}

house.test('unplugged and plugged in again: back without a click, if wanted', async () => {
  const [a, b] = await two('chromium', 'firefox', { devices: ['mic1', 'cam1', 'spk1'] });
  await rackDo(a, 'unplug', 'cam1');
  await hasStopped(b.page, a.session, 'camera');
  await b.told(a, { cam: false });
  await wants(a, true, true);
  await rackDo(a, 'plug', 'cam1');
  await shows(b.page, tileOf(a.session), a.look);
  await receives(b.page, a.session, both);
  await b.told(a, { cam: true });

  await rackDo(a, 'unplug', 'mic1');
  await hasStopped(b.page, a.session, 'mic');
  await b.told(a, { mic: false });
  await wants(a, true, true);
  await rackDo(a, 'plug', 'mic1');
  await receives(b.page, a.session, both);
  await b.told(a, { mic: true });
});

house.test('unplugged and plugged in again: mute and camera-off stay', async () => {
  const [a, b] = await two('firefox', 'chromium', { devices: ['mic1', 'cam1', 'spk1'] });
  await a.set('mic', false);
  await a.set('cam', false);
  await hasStopped(b.page, a.session, 'camera');
  for (const id of ['mic1', 'cam1']) await rackDo(a, 'unplug', id);
  await uses(a, []);
  for (const id of ['mic1', 'cam1']) await rackDo(a, 'plug', id);
  await uses(a, ['mic1']);
  await hasStopped(b.page, a.session, 'mic');
  await hasStopped(b.page, a.session, 'camera');
  await wants(a, false, false);
  await b.told(a, { mic: false, cam: false });
  await a.set('mic', true);
  await a.set('cam', true);
  await receives(b.page, a.session, both);
});

house.test('another camera serves while the chosen one is unplugged', async () => {
  const [a, b] = await two('chromium', 'chromium');
  await a.choose('camera', 'cam2');
  await shows(b.page, tileOf(a.session), LOOK2);
  await rackDo(a, 'unplug', 'cam2');
  await shows(b.page, tileOf(a.session), a.look);
  await a.page.see('[data-toast=camera_fallback]');
  await rackDo(a, 'plug', 'cam2');
  await shows(b.page, tileOf(a.session), LOOK2);
});

/** Who makes the first offer is left to chance: pages are loaded again until it is as wanted.
 *  @param {Someone} a @param {Someone} b @param {boolean} first  that a did */
async function offeredFirst(a, b, first) {
  for (let tries = 0; tries < 12; tries++) {
    const is = await a.page.until((id) => {
      const h = /** @type {any} */ (window).madang.parts.mesh.peers().find((/** @type {any} */ p) => p.session === id);
      return h?.peer.phase === 'connected' && [h.peer.first];
    }, b.session, { what: 'connected' });
    if (is[0] === first) return;
    const again = tries % 2 ? a : b;
    await again.page.reload();
    await again.inRoom();
  }
  assert.fail('chance is against us');
}

for (const first of [true, false]) {
  house.test(`ICE restarts of both sides, Chromium ${first ? 'offered' : 'answered'} first; intent stays`, async () => {
    const [a, b] = await two('chromium', 'firefox');
    await offeredFirst(a, b, first);
    await a.set('mic', false);
    await a.set('cam', false);
    await hasStopped(b.page, a.session, 'camera');
    for (const p of [a, b]) {
      const { ufrag, conn } = /** @type {any} */ (await flowFrom(a.page, b.session));
      await p.page.eval(() => { // what the page hears when networks change; at most once in three seconds
        /** @type {any} */ (window).madang.parts.mesh.peers()[0].peer.timers.pause = undefined;
        window.dispatchEvent(new Event('online'));
      });
      await a.page.until(({ ufrag }) => {
        const [{ peer }] = /** @type {any} */ (window).madang.parts.mesh.peers();
        return peer.phase === 'connected' && peer.pc.signalingState === 'stable'
          && !peer.pc.localDescription.sdp.includes(`ice-ufrag:${ufrag}`);
      }, { ufrag }, { what: `ICE anew by ${p.name}` });
      await receives(a.page, b.session, both);
      assert.equal((await flowFrom(a.page, b.session))?.conn, conn);
    }
    await hasStopped(b.page, a.session, 'mic');
    await hasStopped(b.page, a.session, 'camera');
    await wants(a, false, false);
    await a.set('mic', true);
    await a.set('cam', true);
    await receives(b.page, a.session, both);
  });
}

for (const [one, other] of /** @type {[Kind, Kind][]} */ ([['chromium', 'firefox'], ['firefox', 'chromium']])) {
  house.test(`${one} shares the screen with ${other}, beside the camera`, async () => {
    const [a, b] = await two(one, other);
    await a.page.click('[data-act=screen]');
    await b.page.see(`figure[data-screen="${a.session}"]`);
    await b.told(a, { screen: true, cam: true, mic: true });
    await shows(b.page, screenOf(a.session), SCREEN);
    await receives(b.page, a.session, { ...both, screen: 5, sound: true });
    await shows(b.page, tileOf(a.session), a.look);

    // Mute and camera off while sharing, and they stay when it ends.
    await a.set('mic', false);
    await a.set('cam', false);
    await hasStopped(b.page, a.session, 'camera');
    await receives(b.page, a.session, { screen: 3 });
    await a.page.click('[data-act=screen]');
    await b.page.gone(`figure[data-screen="${a.session}"]`);
    await b.told(a, { screen: false, cam: false, mic: false });
    assert.equal(await a.live('screen'), 0);
    await hasStopped(b.page, a.session, 'screen');
    await hasStopped(b.page, a.session, 'mic');
    await wants(a, false, false);
    await a.set('mic', true);
    await a.set('cam', true);
    await receives(b.page, a.session, both);
    await shows(b.page, tileOf(a.session), a.look);

    // Again, and ended by the browser's own button.
    await a.page.click('[data-act=screen]');
    await shows(b.page, screenOf(a.session), SCREEN);
    await rackDo(a, 'endScreen');
    await b.page.gone(`figure[data-screen="${a.session}"]`);
    await a.page.see('[data-act=screen][aria-pressed=false]');
    await receives(b.page, a.session, both);
    assert.equal(await colours(b.page, tileOf(a.session)), a.look);
  });
}

house.test('Chromium captures a real screen', async () => {
  const page = { permissions: ['camera', 'microphone'] };
  const browser = { args: ['--use-fake-ui-for-media-stream', '--auto-select-desktop-capture-source=Entire screen'] };
  const [a, b] = [await house.person('chromium', { rack: { native: true }, page, browser }), await house.person('chromium')];
  await b.join(await a.create());
  await receives(b.page, a.session, both);
  await a.page.click('[data-act=screen]');
  await b.page.see(`figure[data-screen="${a.session}"]`);
  await receives(b.page, a.session, { screen: 1, camera: 3 });
  await a.page.click('[data-act=screen]');
  await b.page.gone(`figure[data-screen="${a.session}"]`);
});
