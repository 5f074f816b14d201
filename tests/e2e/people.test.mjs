// People with accounts: two register, find each other, call, decline, miss; one answers on one of two devices.
import assert from 'node:assert/strict';
import { House } from './lib/house.mjs';
import { User } from './lib/user.mjs';
import { flows } from './lib/media.mjs';
import { LANGS, complaints, reads, watchCsp, words } from './lib/ui.mjs';

const house = new House('people');
const OPEN = { args: ['--registration', 'open'] };
const t = words.en;

/** @type {Promise<import('./lib/house.mjs').HouseServer> | undefined} */
let made;
/** One server for all of this file, where everybody may make an account. */
const home = () => (made ??= house.server({ ...OPEN, shared: true }));

/**
 * Somebody who has just registered, by the form.
 * @param {string} name @param {{ kind?: 'chromium' | 'firefox', display?: string, init?: [(arg: any) => void, any][],
 *   server?: import('./lib/house.mjs').HouseServer }} [o]
 */
async function newUser(name, { kind = 'chromium', display, init = [], server } = {}) {
  const person = await house.person(kind, { name, server: server ?? await home(), page: { init: [[watchCsp, null], ...init] } });
  const user = new User(person);
  await user.register({ name, display: display ?? name });
  return user;
}

house.test('register, be refused in words, keep the codes, sign out and in again', async () => {
  const person = await house.person('chromium', { name: 'mina', server: await home() });
  const mina = new User(person);
  const { page } = person;
  await person.open('/');
  await page.click('[data-act=account]');
  await page.click('[data-act=to-register]');
  await page.fill('[data-field=username]', 'mina');
  await page.fill('[data-field=password]', 'qwertyuiop');
  await page.click('[data-act=register-go]');
  await page.see('[data-problem=weak_password]');
  await page.fill('[data-field=password]', mina.password);
  await page.fill('[data-field=display]', 'Mina Park');
  await page.click('[data-act=register-go]');
  await page.see('[data-codes]');
  const codes = await page.eval(() => [...document.querySelectorAll('[data-codes] code')].map((e) => e.textContent ?? ''));
  assert.equal(codes.length, 10);
  await mina.keepCodes();
  await mina.atHome();
  assert.equal(await page.text('.own-btn .cut'), 'Mina Park');
  await page.reload();
  await mina.atHome();
  await mina.signOut();
  await mina.signIn({ password: 'wrong and long enough' });
  await page.see('[data-problem=sign_in_wrong]');
  await mina.signIn();
  await mina.atHome();
  await mina.signOut();
  await page.click('[data-act=account]');
  await page.click('[data-act=to-recover]');
  await page.fill('[data-field=username]', 'mina');
  await page.fill('[data-field=code]', codes[3]);
  await page.fill('[data-field=password]', 'another heavy wooden door');
  await page.click('[data-act=recover-go]');
  await mina.atHome();
  await page.see('[data-toast=codes_left]');
});

house.test('find each other, call with video, talk, hang up, and see it in the history', async () => {
  const [ann, ben] = await Promise.all([newUser('ann', { display: 'Ann Field' }), newUser('ben', { display: '김벤' })]);
  await ann.find('ㄱㅂ', ben);
  await ann.page.see('[data-card] .presence-line');
  await reads(ann.page, '.presence-line', t('presence.online'));
  await ann.page.click('[data-act=call-video]');
  await ann.page.see('[data-ring=outgoing]');
  await ben.page.see('[data-ring=incoming]');
  assert.match(await ben.page.text('[data-ring=incoming] h2'), /Ann Field/);
  await ben.page.until(() => document.title.includes('Ann Field'), null, { what: 'the title tells it' });
  await ben.page.click('[data-act=accept-video]');
  await Promise.all([ann.talks(2), ben.talks(2)]);
  assert.equal(await ann.page.text('[data-room-title]'), '김벤');
  await ben.page.click('[data-act=leave]');
  for (const p of [ann, ben]) {
    await p.page.see('[data-outcome=ended] [data-lasted]');
    await p.page.click('[data-act=after-done]');
    await p.page.gone('[data-ring]');
  }
  await ann.page.click('[data-nav=calls]');
  await ann.page.see('[data-kind=made]');
  await ben.page.click('[data-nav=calls]');
  await ben.page.see('[data-kind=received]');
  for (const p of [ann, ben]) {
    assert.deepEqual(complaints(p.page, /SSL certificate error/), []); // the service worker wants a trusted one
    assert.deepEqual(await p.page.eval(() => /** @type {any} */ (window).csp), []);
  }
});

/** What connections have been made with, set to and found. */
function watchWays() {
  const w = /** @type {any} */ (window);
  w.ways = { policies: [], found: [] };
  const Real = w.RTCPeerConnection;
  w.RTCPeerConnection = class extends Real {
    /** @param {RTCConfiguration} config */
    constructor(config) {
      super(config);
      w.ways.policies.push(config.iceTransportPolicy ?? 'all');
      /** @type {any} */ (this).addEventListener('icecandidate', (/** @type {any} */ e) => {
        const type = / typ (\S+)/.exec(e.candidate?.candidate ?? '')?.[1];
        if (type) w.ways.found.push(type);
      });
    }

    /** @param {RTCConfiguration} config */
    setConfiguration(config) {
      w.ways.policies.push(config.iceTransportPolicy ?? 'all');
      super.setConfiguration(config);
    }
  };
}

/** @param {User} user @returns {Promise<{policies: string[], found: string[]}>} */
const waysOf = (user) => user.page.eval(() => /** @type {any} */ (window).ways);

for (const kinds of /** @type {('chromium' | 'firefox')[][]} */ ([['chromium', 'chromium'], ['firefox', 'chromium'], ['chromium', 'firefox']])) {
  house.test(`while it rings nobody sends from an address of their own; afterwards the direct way is found (${kinds})`, async () => {
    const tag = kinds.map((k) => k[0]).join('');
    const two = await Promise.all(kinds.map((kind, i) => newUser(`${['una', 'vic'][i]}-${tag}`, { kind, init: [[watchWays, null]] })));
    const [una, vic] = two;
    await una.call(`vic-${tag}`, 'video');
    await vic.page.see('[data-ring=incoming]');
    for (const p of two) await p.connected();
    const before = await Promise.all(two.map(async (p) => (await flows(p.page))[0]));
    for (const [i, p] of two.entries()) {
      const { policies, found } = await waysOf(p);
      assert.deepEqual([...new Set(policies)], ['relay'], `${kinds[i]}`);
      assert.deepEqual([...new Set(found)], ['relay'], `${kinds[i]}`);
      assert.equal(before[i].path.local, 'relay');
    }
    await vic.page.click('[data-act=accept-video]');
    await Promise.all(two.map((p) => p.talks(2)));
    for (const [i, p] of two.entries()) {
      await p.direct();
      const [now] = await flows(p.page);
      assert.equal(now.conn, before[i].conn, 'it is the same connection');
      assert.notEqual(now.ufrag, before[i].ufrag);
    }
    await una.page.click('[data-act=leave]');
    await vic.page.see('[data-outcome=ended]');
  });
}

house.test('without relays nothing is prepared, and the answer brings the two together', async () => {
  const server = await house.server({ args: [...OPEN.args, '--relay', 'off'] });
  const [wim, xia] = await Promise.all([newUser('wim', { kind: 'firefox', server }), newUser('xia', { server })]);
  await wim.call('xia', 'video');
  await xia.page.see('[data-ring=incoming]');
  for (const p of [wim, xia]) {
    await p.page.until(() => /** @type {any} */ (window).madang.parts.mesh.peers().length === 1, null, { what: 'they try' });
  }
  await xia.page.click('[data-act=accept-video]');
  await Promise.all([wim.talks(2), xia.talks(2)]);
});

house.test('decline with a message; a missed one leaves a badge on all devices until it is seen', async () => {
  const [cho, dan] = await Promise.all([newUser('cho'), newUser('dan')]);
  const phone = await dan.secondDevice(house);
  await cho.call('dan', 'voice');
  await dan.page.see('[data-ring=incoming]');
  await phone.page.see('[data-ring=incoming]');
  await dan.page.click('[data-act=reply]');
  await dan.page.click('[data-reply=meeting]');
  await cho.page.see('[data-outcome=declined]');
  assert.match(await cho.page.text('.ring-text'), new RegExp(t('reply.meeting')));
  await phone.page.gone('[data-ring]');
  await cho.page.click('[data-act=again]');
  await dan.page.see('[data-ring=incoming]');
  await cho.page.see('[data-ring=outgoing] [data-call]');
  await cho.page.click('[data-act=cancel-call]');
  await dan.page.gone('[data-ring]');
  for (const p of [dan, phone]) await p.page.see('[data-nav=calls] [data-badge="1"]');
  await dan.page.click('[data-nav=calls]');
  await dan.page.see('[data-kind=missed]');
  for (const p of [dan, phone]) await p.page.gone('[data-nav=calls] [data-badge]');
});

house.test('answered on one of two devices; the other one says so, and takes the call over', async () => {
  const [eve, fay] = await Promise.all([newUser('eve'), newUser('fay')]);
  const phone = await fay.secondDevice(house);
  await eve.call('fay', 'video');
  await Promise.all([fay.page.see('[data-ring=incoming]'), phone.page.see('[data-ring=incoming]')]);
  await phone.page.click('[data-act=accept-video]');
  await fay.page.gone('[data-ring]');
  await fay.page.see('[data-toast=answered_elsewhere]');
  await Promise.all([eve.talks(2), phone.talks(2)]);
  await fay.page.click('[data-act=take-call]');
  await Promise.all([eve.talks(2), fay.talks(2)]);
  await phone.page.gone('[data-room-title]');
  await eve.page.click('[data-act=hold]');
  await fay.page.see('[data-hint=held]');
  await eve.page.click('[data-act=unhold]');
  await fay.page.gone('[data-hint=held]');
  await Promise.all([eve.talks(2), fay.talks(2)]);
  await eve.page.click('[data-act=leave]');
  await fay.page.see('[data-outcome=ended]');
});

house.test('Firefox and Chromium call each other; the callee reloads while it rings', async () => {
  const [gus, hal] = await Promise.all([newUser('gus', { kind: 'firefox' }), newUser('hal')]);
  await gus.call('hal', 'voice');
  await hal.page.see('[data-ring=incoming]');
  await hal.page.reload();
  await hal.page.see('[data-ring=incoming]');
  await hal.page.click('[data-act=accept-voice]');
  await Promise.all([gus.inCall(), hal.inCall()]);
  await gus.hears();
  await hal.hears();
  await hal.page.click('[data-act=leave]');
  await gus.page.see('[data-outcome=ended]');
});

for (const lang of LANGS) {
  house.test(`call links: one who is not signed in signs in first (${lang})`, async () => {
    const server = await home();
    const a = new User(await house.person('chromium', { name: `link${lang}`, server, page: { lang } }));
    await a.register({ name: `link${lang}`, display: 'Link' });
    const b = new User(await house.person('chromium', { name: `open${lang}`, server, page: { lang } }));
    await b.register({ name: `open${lang}`, display: 'Open' });
    await b.signOut();
    await b.person.open(`/u/link${lang}`);
    await b.page.see('[data-sign=sign_in]');
    await b.fillSignIn();
    await b.page.see('[data-card]');
    assert.equal(await b.page.text('#card-name'), 'Link');
    await b.person.open('/u/nobody.at.all');
    await b.page.see('[data-problem=user_unknown]');
  });
}
