// A whole session of two people, everything recorded: no request goes to anybody but the server, nothing breaks
// the content security policy, and the console stays empty.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { complaints, watchCsp } from './lib/ui.mjs';

const house = new House('ui-session');

house.test('nobody else is asked for anything, and nothing is complained of', async () => {
  /** @type {Set<string>} */
  const asked = new Set();
  const people = [];
  for (const name of ['Ann', 'Ben']) {
    const p = await house.person('chromium', { name, page: { init: [[watchCsp, null]], permissions: ['clipboard-write'] } });
    p.page.raw.context().on('request', (/** @type {any} */ r) => asked.add(new URL(r.url()).origin));
    p.page.raw.on('websocket', (/** @type {any} */ ws) => asked.add(new URL(ws.url()).origin));
    people.push(p);
  }
  const [a, b] = people;
  await a.create({ title: 'Home' });
  await b.join(a.room);
  for (const p of [a, b]) await p.page.until(() => document.querySelectorAll('.tile video').length === 2);
  await a.say('look at https://elsewhere.example/picture.png and http://10.0.0.1/x.gif');
  await b.hears('look at https://elsewhere.example/picture.png and http://10.0.0.1/x.gif');
  await a.page.click('.bar [data-act=screen]');
  await b.page.see('[data-screen] video');
  await a.page.click('.bar [data-act=screen]');
  await b.page.gone('[data-screen]');
  for (const dialog of ['share', 'settings', 'help']) {
    await b.page.click('[data-menu=more]');
    await b.page.see(`[data-item=${dialog}]`);
    await b.page.click(`[data-item=${dialog}]`);
    await b.page.see('dialog[open]');
    await b.page.press('Escape');
    await b.page.gone('dialog');
  }
  await b.page.reload();
  await b.inRoom();
  await a.page.until(() => document.querySelectorAll('.tile video').length === 2);
  const host = new URL(a.url);
  const own = [`https://${host.host}`, `wss://${host.host}`];
  assert.deepEqual([...asked].filter((o) => !own.includes(o) && o !== 'null'), []);
  assert.ok(asked.has(own[0]));
  for (const p of people) {
    assert.deepEqual(await p.page.eval(() => /** @type {any} */ (window).csp), []);
    const ice = await p.page.eval(() => /** @type {any} */ (window).rack.pcs.flatMap((/** @type {RTCPeerConnection} */ pc) =>
      (pc.getConfiguration().iceServers ?? []).flatMap((s) => s.urls)));
    assert.ok(ice.length > 0);
    assert.ok(ice.every((/** @type {string} */ u) => /^(stun|turns?):/.test(u) && u.split(':')[1] === host.hostname), ice.join());
  }
  await a.leave();
  await b.leave();
  for (const p of people) assert.deepEqual(complaints(p.page), []);
});

house.test('Firefox: nothing breaks the policy either', async () => {
  const p = await house.person('firefox', { name: 'Feu', page: { init: [[watchCsp, null]] } });
  await p.create({ title: 'Home' });
  await p.say('hello');
  await p.hears('hello');
  assert.deepEqual(await p.page.eval(() => /** @type {any} */ (window).csp), []);
  assert.deepEqual(complaints(p.page), []);
});
