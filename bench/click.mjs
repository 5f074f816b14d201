// From the click on "accept" to the first picture, in real browsers with their own fake cameras: CALLS=20 calls for each
// pair of browsers (PAIRS=chromium-chromium,...), which have rung long enough to be prepared. Prints median and p95 of what who has
// answered waits for, and of what who has called does. Not a test: it asserts nothing of times.
import { House } from '../tests/e2e/lib/house.mjs';
import { Person } from '../tests/e2e/lib/person.mjs';
import { User } from '../tests/e2e/lib/user.mjs';

const CALLS = Number(process.env.CALLS || 20);
const PAIRS = (process.env.PAIRS || 'chromium-chromium,firefox-firefox,chromium-firefox,firefox-chromium').split(',');
const GOAL_MS = 250;

/** In the page: when it was clicked, and when a picture of somebody else was first shown after `go()`. */
function stopwatch() {
  const w = /** @type {any} */ (window);
  const now = () => performance.timeOrigin + performance.now();
  const watch = w.watch = { clicked: 0, shown: 0, go: () => Object.assign(watch, { clicked: 0, shown: 0 }) };
  const remote = (/** @type {HTMLVideoElement} */ v) => {
    const track = /** @type {MediaStream | null} */ (v.srcObject)?.getVideoTracks()[0];
    return !!track && w.madang.parts.mesh.peers().some((/** @type {any} */ p) => p.peer.pc.getReceivers()
      .some((/** @type {RTCRtpReceiver} */ r) => r.track === track));
  };
  addEventListener('click', (e) => {
    if (/** @type {Element} */ (e.target).closest?.('[data-act=accept-video]')) watch.clicked = now();
  }, true);
  const look = (/** @type {HTMLVideoElement} */ v) => {
    if (!watch.shown && v.readyState >= 2 && v.videoWidth > 2 && remote(v)) watch.shown = now();
  };
  // Not requestVideoFrameCallback: a page that is not drawn, as in a browser without a screen, has none.
  setInterval(() => document.querySelectorAll('video').forEach(look), 4);
}

/** As fast as cameras are; in tests it is slower, to spare the machine. */
const CAMERA = { args: ['--use-fake-device-for-media-stream=fps=30'] };
/** What the server allows somebody: ten calls, and then one in six seconds. */
const AT_ONCE = 8, EVERY_MS = 6100;

const house = new House('click');
const at = (/** @type {number[]} */ v, /** @type {number} */ p) =>
  [...v].sort((a, b) => a - b)[Math.min(v.length - 1, Math.floor(p * v.length))];
const pause = (/** @type {number} */ ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const watchOf = (/** @type {User} */ u) => u.page.eval(() => {
  const { clicked, shown } = /** @type {any} */ (window).watch;
  return { clicked, shown };
});

/** @param {'chromium' | 'firefox'} kind @param {string} name @param {import('../tests/e2e/lib/house.mjs').HouseServer} server */
async function newUser(kind, name, server) {
  const permissions = kind === 'chromium' ? ['camera', 'microphone'] : []; // a preference of Firefox gives them
  const page = await (await house.browser(kind, CAMERA)).open({ init: [[stopwatch, null]], permissions });
  house.pages.push(page);
  const user = new User(new Person({ name, page, url: server.origin }));
  await user.register();
  return user;
}

/** @param {User} caller @param {User} callee */
async function once(caller, callee) {
  await caller.page.click('[data-act=call-video]');
  await callee.page.see('[data-ring=incoming]');
  for (const u of [caller, callee]) {
    await u.connected();
    await u.page.eval(() => /** @type {any} */ (window).watch.go());
  }
  await pause(500);
  await callee.page.click('[data-act=accept-video]');
  for (const u of [caller, callee]) await u.page.until(() => /** @type {any} */ (window).watch.shown > 0, null, { what: `${u.name} sees the other` });
  const [a, b] = await Promise.all([caller, callee].map(watchOf));
  await pause(700); // the way is widened, half a second after the first picture
  await callee.page.click('[data-act=leave]');
  for (const u of [caller, callee]) {
    await u.page.see('[data-outcome=ended]');
    await u.page.click('[data-act=after-done]');
    await u.page.gone('[data-ring]');
  }
  return [b.shown - b.clicked, a.shown - b.clicked];
}

for (const pair of PAIRS) {
  const [from, to] = /** @type {('chromium' | 'firefox')[]} */ (pair.split('-'));
  house.test(`${from} calls ${to}`, async () => {
    const server = await house.server({ args: ['--registration', 'open'] });
    const caller = await newUser(from, 'mina', server), callee = await newUser(to, 'jun', server);
    await caller.find('jun', callee);
    /** @type {number[][]} */
    const took = [];
    for (let i = -1; i < CALLS; i++) {
      const rested = pause(i < AT_ONCE ? 0 : EVERY_MS);
      const t = await once(caller, callee);
      await rested;
      if (i >= 0) took.push(t); // not the first, with which the browsers load their codecs
    }
    ['who answers', 'who calls'].forEach((who, i) => {
      const v = took.map((t) => t[i]);
      console.log(`| ${from} calls ${to} | ${who} | median ${at(v, 0.5).toFixed(0)} ms | p95 ${at(v, 0.95).toFixed(0)} ms | max ${Math.max(...v).toFixed(0)} ms | ${
        at(v, 0.5) <= GOAL_MS ? 'met' : 'MISS'} |`);
    });
  }, { timeout: 30_000 + CALLS * 30_000 });
}
