// Two browsers in two networks, the server in a third: they find each other by what our STUN server has told them.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { flows, receives } from '../e2e/lib/media.mjs';
import { sleep } from '../lib/server.mjs';
import { Yard, paths, watch } from './lib/yard.mjs';

const yard = await Yard.open('call');
after(() => yard.close());
const { lab } = yard;
const [ra, rb] = [lab.router('ra'), lab.router('rb')];
const [ca, cb] = [lab.client('ca'), lab.client('cb')];
lab.attach(ca, ra);
lab.attach(cb, rb);

/** @typedef {import('./lib/yard.mjs').Neighbour} Person */
const REFLEXIVE = ['srflx', 'prflx'];
const STUN = 'madang_stun_requests_total{transport="udp"}';

/** @param {Person} a @param {Person} b @param {number} [frames] */
const videoFlows = (a, b, frames = 10) => Promise.all([
  receives(a.page, b.session, { camera: frames, mic: true }), receives(b.page, a.session, { camera: frames, mic: true })]);

for (const kind of /** @type {const} */ (['chromium', 'firefox'])) {
  yard.test(`chromium and ${kind} behind port-preserving NATs connect by our STUN`, async (t) => {
    const before = await yard.metric(STUN);
    const a = await yard.person(ca, 'chromium', 'Ann');
    const b = await yard.person(cb, kind, 'Ben');
    await b.join(await a.create());
    await videoFlows(a, b);
    const { ab, ba, text } = await paths(a, b);
    t.diagnostic(text);
    assert.ok(ab && ba);
    assert.ok(REFLEXIVE.includes(ab.path.remote) && REFLEXIVE.includes(ba.path.remote), text);
    assert.ok(REFLEXIVE.includes(ab.path.local), text);
    assert.ok((kind === 'firefox' ? [...REFLEXIVE, 'host'] : REFLEXIVE).includes(ba.path.local), text);
    const asked = await yard.metric(STUN) - before;
    t.diagnostic(`STUN requests: ${asked}`);
    assert.ok(asked >= 2, `${asked} STUN requests`);
    await a.say('hello through two NATs');
    await b.hears('hello through two NATs');
  });
}

/** Restarts ICE from one side; whether both have new credentials, and pictures go on. @param {Person} who @param {Person} other */
async function restart(who, other) {
  const ufrag = async (/** @type {Person} */ p) => (await flows(p.page))[0].ufrag;
  const before = [await ufrag(who), await ufrag(other)];
  await who.page.eval(() => /** @type {any} */ (window).madang.parts.mesh.peers()[0].peer.pc.restartIce());
  for (const [i, p] of [who, other].entries()) {
    await p.page.until((old) => {
      const { pc } = /** @type {any} */ (window).madang.parts.mesh.peers()[0].peer;
      return pc.signalingState === 'stable' && !pc.currentLocalDescription.sdp.includes(`a=ice-ufrag:${old}`);
    }, before[i], { ms: 8000, what: `${p.name} has new credentials after the restart of ${who.name}` });
  }
  await videoFlows(who, other);
}

// Each browser has habits in later offers that the other one refuses; the side that made the first offer matters.
for (const first of /** @type {const} */ (['chromium', 'firefox'])) {
  yard.test(`ICE restarts from both sides, after a first offer of ${first}`, async () => {
    const a = await yard.person(ca, 'chromium', 'Ann', { first: first === 'chromium' });
    const b = await yard.person(cb, 'firefox', 'Ben', { first: first === 'firefox' });
    await b.join(await a.create());
    await videoFlows(a, b);
    assert.equal(await b.page.eval(() => /** @type {any} */ (window).madang.parts.mesh.peers()[0].peer.first), first === 'firefox');
    await restart(a, b);
    await restart(b, a);
    await restart(a, b);
  });
}

yard.test('the server is dead for five seconds: media never stops, and rooms and chat come back', async (t) => {
  const a = await yard.person(ca, 'chromium', 'Ann');
  const b = await yard.person(cb, 'firefox', 'Ben');
  await b.join(await a.create());
  await videoFlows(a, b);
  const [atA, atB] = [watch(a.page), watch(b.page)];
  process.kill(yard.server.pid, 'SIGKILL');
  await sleep(5000);
  const dead = [atA.seen.frames, atB.seen.frames];
  await yard.server.restart();
  await Promise.all([a, b].map((p) => p.newSession()));
  await b.say('we are back');
  await a.hears('we are back');
  await videoFlows(a, b);
  const seen = await Promise.all([atA.end(), atB.end()]);
  t.diagnostic(`frames while dead: ${dead.join(', ')}; longest time without one: ${seen.map((s) => `${s.longestMs} ms`).join(', ')}`);
  t.diagnostic((await paths(a, b)).text);
  for (const n of dead) assert.ok(n >= 20, `${n} frames while the server was dead`);
  for (const s of seen) {
    assert.deepEqual(s.conns.length, 1, 'the same connection');
  }
});

yard.test('over IPv6 alone: page, signaling and call', async (t) => {
  for (const c of [ca, cb]) lab.detach(c);
  lab.attach(ca, ra, { v4: false, v6: true });
  lab.attach(cb, rb, { v4: false, v6: true });
  try {
    const a = await yard.person(ca, 'chromium', 'Ann', { v6: true });
    const b = await yard.person(cb, 'firefox', 'Ben', { v6: true });
    await b.join(await a.create());
    await videoFlows(a, b);
    const { text } = await paths(a, b);
    t.diagnostic(text);
    assert.doesNotMatch(text, /relay/);
    await a.say('six');
    await b.hears('six');
  } finally {
    for (const c of [ca, cb]) lab.detach(c);
  }
});
