// A browser changes its network in the middle of a call; UDP is blocked between two browsers, and free again.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { receives } from '../e2e/lib/media.mjs';
import { sleep } from '../lib/server.mjs';
import { UDP, Yard, paths, watch } from './lib/yard.mjs';

const yard = await Yard.open('roam', ['--relay', 'off']); // ways from house to house only
after(() => yard.close());
const { lab } = yard;
const [ra, rb, rc] = [lab.router('ra'), lab.router('rb'), lab.router('rc')];
const [ca, cb] = [lab.client('ca'), lab.client('cb')];
lab.attach(cb, rb);

/** @typedef {import('./lib/yard.mjs').Neighbour} Person */
const WALK_MS = 7000; // without any network: from one house to the next
const HOP_MS = 300; // from Wi-Fi to cable
const BACK_MS = 60_000; // ten new pictures on both sides come, or never will

/** @param {Person} a @param {Person} b */
const videoFlows = (a, b) => Promise.all([
  receives(a.page, b.session, { camera: 10 }), receives(b.page, a.session, { camera: 10 })]);

/**
 * Ann moves from one network to another, Ben stays.
 * @param {import('node:test').TestContext} t @param {'chromium' | 'firefox'} mover @param {'chromium' | 'firefox'} other
 * @param {number} gapMs
 */
async function roams(t, mover, other, gapMs) {
  lab.detach(ca);
  lab.attach(ca, ra);
  const a = await yard.person(ca, mover, 'Ann');
  const b = await yard.person(cb, other, 'Ben');
  await b.join(await a.create());
  await videoFlows(a, b);
  t.diagnostic(`before, ${(await paths(a, b)).text}`);
  await Promise.all([a.openChat(), b.openChat(), b.watchTiles()]);
  const session = a.session;
  const [atA, atB] = [watch(a.page), watch(b.page)];
  await sleep(300);

  lab.detach(ca);
  const gone = Date.now();
  for (let i = 1; i <= 3; i++) await b.say(`from Ben ${i}`);
  await a.say('from Ann 1');
  await sleep(gapMs - (Date.now() - gone));
  // How soon a browser notices is its own affair: who walks is away until the other one has seen it.
  const seen = async () => (await b.tiles()).some((x) => x.link === 'Reconnecting …');
  for (const end = gone + 20_000; gapMs >= WALK_MS && Date.now() < end && !(await seen());) await sleep(100);
  lab.attach(ca, rc);
  const there = Date.now();
  await a.say('from Ann 2');
  await a.inRoom();
  t.diagnostic(`online again after ${Date.now() - there} ms`);
  assert.equal(a.session, session, 'the same session');
  const frames = [atA.seen.frames, atB.seen.frames];
  const flows = async () => {
    while (atA.seen.frames < frames[0] + 10 || atB.seen.frames < frames[1] + 10) await sleep(50);
    return Date.now() - there;
  };
  const backMs = await Promise.race([flows(), sleep(BACK_MS).then(() => Infinity)]);
  t.diagnostic(`media back after ${backMs} ms`);
  t.diagnostic(`after, ${(await paths(a, b)).text}`);
  for (const p of [a, b]) await p.hears('from Ann 2');
  await b.told(a, { away: false });
  await sleep(300);
  const [seenA, seenB] = [await atA.end(), await atB.end()];
  const tiles = (await b.tiles()).map((x) => x.link);
  t.diagnostic(`Ben saw of Ann: ${JSON.stringify(tiles)}`);
  assert.ok(backMs < Infinity, 'media is back');
  for (const s of [seenA, seenB]) {
    assert.equal(s.conns.length, 1, 'the same connection');
    assert.ok(s.ufrags.length > 1, 'ICE was restarted');
  }
  if (gapMs >= WALK_MS) assert.ok(tiles.includes('Reconnecting …'), 'Ben saw that something is wrong');
  assert.equal(tiles.at(-1), '', 'and that it is well again');
  const said = (await Promise.all([a, b].map((p) => p.words()))).map((list) => list.filter((w) => w.startsWith('from')));
  assert.deepEqual(said[0], said[1], 'both read the same, in the same order');
  assert.deepEqual([...said[0]].sort(), ['from Ann 1', 'from Ann 2', 'from Ben 1', 'from Ben 2', 'from Ben 3']);
  for (const who of ['Ann', 'Ben']) {
    const own = said[0].filter((w) => w.includes(who));
    assert.deepEqual(own, [...own].sort(), 'in the order of saying');
  }
}

yard.test('chromium goes to another network, firefox stays', (t) => roams(t, 'chromium', 'firefox', WALK_MS));
yard.test('firefox goes to another network, chromium stays', (t) => roams(t, 'firefox', 'chromium', WALK_MS));
yard.test('chromium hops to another network', (t) => roams(t, 'chromium', 'firefox', HOP_MS));
yard.test('firefox hops to another network', (t) => roams(t, 'firefox', 'chromium', HOP_MS));

yard.test('UDP is blocked between the two: the page says so in words, and goes on when it is free', async (t) => {
  lab.detach(ca);
  lab.attach(ca, ra);
  lab.udpBetweenClients(false, UDP);
  try {
    const a = await yard.person(ca, 'chromium', 'Ann');
    const b = await yard.person(cb, 'firefox', 'Ben');
    await b.join(await a.create());
    const start = Date.now();
    for (const p of [a, b]) {
      await p.page.until(() => /UDP/.test(document.querySelector('figure.tile:not([data-self]) .tile-link')?.textContent ?? ''),
        null, { ms: 60_000, what: `${p.name} is told why` });
      t.diagnostic(`${p.name} is told after at most ${Date.now() - start} ms: ${await p.page.text('figure.tile:not([data-self]) .tile-link')}`);
    }
    await a.say('at least we can write');
    await b.hears('at least we can write');
    lab.udpBetweenClients(true, UDP);
    const free = Date.now();
    await videoFlows(a, b);
    t.diagnostic(`media ${Date.now() - free} ms after UDP was free; ${(await paths(a, b)).text}`);
    for (const p of [a, b]) await p.page.gone('figure.tile:not([data-self]) .tile-link', 5000);
  } finally {
    lab.udpBetweenClients(true, UDP);
  }
});
