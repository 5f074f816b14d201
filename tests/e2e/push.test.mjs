// Calls that wake a browser in which no page is open: the server, a push service of the tests, and the service worker of
// the page. Firefox is connected to that service itself; Chromium is handed what came there, decrypted.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { WebSocketServer } from 'ws';
import { register, signedIn } from '../lib/client.mjs';
import { PushService } from '../lib/push_service.mjs';
import { sleep } from '../lib/server.mjs';
import { House } from './lib/house.mjs';
import { User } from './lib/user.mjs';

const house = new House('push');
/** @type {PushService} */
let service;
/** What Firefox speaks to its push service (autopush): one browser, any number of subscriptions. @type {Autopush} */
let autopush;

class Autopush {
  constructor() {
    this.server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    /** @type {import('ws').WebSocket | undefined} */
    this.browser = undefined;
    /** @type {string[]} */
    this.keys = [];
    this.acks = 0;
    this.server.on('connection', (ws) => {
      this.browser = ws;
      ws.on('message', (text) => this.take(ws, JSON.parse(text.toString())));
    });
  }

  get url() { return `ws://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (this.server.address()).port}/`; }

  /** @param {import('ws').WebSocket} ws @param {any} m */
  take(ws, m) {
    const say = (/** @type {any} */ answer) => ws.send(JSON.stringify(answer));
    if (m.messageType === 'hello') say({ messageType: 'hello', status: 200, use_webpush: true, uaid: '0123456789abcdef0123456789abcdef' });
    if (m.messageType === 'register') {
      this.keys.push(m.key);
      say({ messageType: 'register', status: 200, channelID: m.channelID, pushEndpoint: `https://localhost:${service.port}/firefox/${m.channelID}` });
    }
    if (m.messageType === 'unregister') say({ messageType: 'unregister', status: 200, channelID: m.channelID });
    if (m.messageType === 'ack') this.acks++;
    if (m.messageType === 'ping' || Object.keys(m).length === 0) ws.send('{}');
  }

  /** Passes on what came for a subscription. @param {import('../lib/push_service.mjs').PushRequest} request */
  deliver(request) {
    this.browser?.send(JSON.stringify({ messageType: 'notification', channelID: request.path.split('/').at(-1),
      version: `${Date.now()}`, ttl: 45, data: request.body.toString('base64url'), headers: { encoding: 'aes128gcm' } }));
  }

  close() {
    this.browser?.terminate();
    this.server.close();
  }
}

before(async () => {
  service = await new PushService().listen();
  autopush = new Autopush();
});
after(() => {
  autopush.close();
  service.close();
});

/** On http://localhost, which browsers trust without a certificate. */
const home = () => house.server({ tls: false, args: ['--registration', 'open', '--push', 'on', '--push-ca', service.ca,
  '--push-allow', '127.0.0.0/8', '--push-contact', 'mailto:tests@example.org'] });

/** The titles of the notifications that are shown. @param {import('./lib/browser.mjs').Page} page any of that origin */
const shown = (page) => page.eval(async () => {
  const worker = await navigator.serviceWorker.getRegistration('/');
  return ((await worker?.getNotifications()) ?? []).map((n) => `${n.title}|${n.tag}`);
});

/** @param {import('./lib/browser.mjs').Page} page @param {RegExp} title */
const shows = (page, title) => page.until(async (source) => {
  const worker = await navigator.serviceWorker.getRegistration('/');
  const all = ((await worker?.getNotifications()) ?? []).map((n) => n.title);
  return all.length === 1 && new RegExp(source).test(all[0]);
}, title.source, { what: `a notification like ${title}` });

/**
 * Somebody calls whoever is in front of that page, and does not wait long.
 * @param {import('./lib/house.mjs').HouseServer} server @param {string} to
 */
async function caller(server, to) {
  const { cookie } = await register(server, 'jun');
  const jun = await signedIn(server, cookie);
  const call = async () => (await jun.must('call', { to, video: true })).call.call;
  return { call, cancel: (/** @type {string} */ id) => jun.must('call_cancel', { call: id }) };
}

/**
 * The page is left, and the server has seen it go: `n` others are connected.
 * @param {import('./lib/house.mjs').HouseServer} server @param {import('./lib/browser.mjs').Page} page
 * @param {string} to @param {number} [n]
 */
async function leave(server, page, to, n = 0) {
  await page.goto(to);
  const open = async () => /^madang_websockets (\d+)$/m.exec((await server.get('/metrics')).body.toString())?.[1];
  for (let i = 0; i < 500 && (await open()) !== `${n}`; i++) await sleep(20);
  assert.equal(await open(), `${n}`, 'connected');
}

/** @param {import('./lib/browser.mjs').Page} page */
const idOf = (page) => page.eval(() => /** @type {any} */ (window).madang.state().account.user.user);

house.test('Firefox is woken by a call, and told that it was missed', async () => {
  const server = await home();
  const person = await house.person('firefox', { name: 'mina', server, browser: { prefs: {
    'dom.push.enabled': true, 'dom.push.connection.enabled': true, 'dom.push.serverURL': autopush.url,
    'dom.push.testing.allowInsecureServerURL': true, 'permissions.default.desktop-notification': 1,
    'alerts.useSystemBackend': false // there is no desktop here
  } } });
  const mina = new User(person);
  await mina.register();
  const from = service.requests.length;
  await person.page.until(() => /** @type {any} */ (window).madang.state().account.policy?.push_key, null, { what: 'the key of the server' });
  await person.page.eval(() => /** @type {any} */ (window).madang.actions.account.turnPush(true));
  await person.page.until(() => /** @type {any} */ (window).madang.state().account.push === 'on', null, { what: 'push is on' });
  const key = await person.page.eval(() => /** @type {any} */ (window).madang.state().account.policy.push_key);
  assert.equal(autopush.keys.at(-1)?.replace(/=+$/, ''), key, 'subscribed with the key of the server');
  const id = await idOf(person.page);
  const beside = await person.page.sibling({ url: `${server.origin}/favicon.svg` });
  await leave(server, person.page, 'about:blank');

  const jun = await caller(server, id);
  const call = await jun.call();
  autopush.deliver(await service.request(from + 1));
  await shows(beside, /^jun calls you with video$/);
  assert.deepEqual(await shown(beside), [`jun calls you with video|${call}`]);
  await jun.cancel(call);
  autopush.deliver(await service.request(from + 2));
  await shows(beside, /^You missed a call of jun$/);
  assert.ok(autopush.acks >= 2);
});

house.test('the worker of Chromium shows what came for it', async () => {
  const server = await home();
  const person = await house.person('chromium', { name: 'mina', server, page: { permissions: ['notifications'] } });
  const mina = new User(person);
  await mina.register();
  const sub = service.subscription('chromium');
  const from = service.requests.length;
  // Chromium's own service is out of reach: the subscription is one of the tests.
  await person.page.eval((fields) => /** @type {any} */ (window).madang.parts.sig.request('push_add', fields), sub.fields());
  await person.page.eval(() => /** @type {any} */ (window).madang.parts.sig.request('account_set', { settings: { push: true } }));
  await person.page.eval(() => navigator.serviceWorker.ready.then(() => true));
  const worker = await person.page.raw.context().newCDPSession(person.page.raw);
  const registered = new Promise((resolve) => worker.on('ServiceWorker.workerRegistrationUpdated',
    (/** @type {any} */ e) => { if (e.registrations[0]) resolve(e.registrations[0].registrationId); }));
  await worker.send('ServiceWorker.enable');
  const registrationId = await registered;
  // Whether a browser without a desktop keeps what it shows is its own affair: what it is asked to show counts.
  const inside = person.page.raw.context().serviceWorkers()[0];
  await inside.evaluate(() => {
    const me = /** @type {any} */ (self);
    const show = me.registration.showNotification.bind(me.registration);
    me.asked = [];
    me.registration.showNotification = (/** @type {string} */ title, /** @type {any} */ o) => {
      me.asked.push(`${title}|${o.tag}|${o.data.type}`);
      return show(title, o);
    };
  });
  const asked = async (/** @type {number} */ n) => {
    for (let i = 0; i < 500; i++) {
      const all = await inside.evaluate(() => /** @type {any} */ (self).asked);
      if (all.length >= n) return all;
      await sleep(20);
    }
    throw new Error(`${n} notifications were not asked for`);
  };
  const id = await idOf(person.page);
  await leave(server, person.page, `${server.origin}/favicon.svg`);

  const jun = await caller(server, id);
  const call = await jun.call();
  const deliver = async (/** @type {number} */ n) => {
    const data = sub.decrypt((await service.request(from + n)).body);
    await worker.send('ServiceWorker.deliverPushMessage', { origin: server.origin, registrationId, data });
  };
  await deliver(1);
  assert.deepEqual(await asked(1), [`jun calls you with video|${call}|call`]);
  await jun.cancel(call);
  await deliver(2);
  assert.equal((await asked(2))[1], `You missed a call of jun|${call}|missed`);
});

/**
 * Somebody presses a notification about this. The event is one of ours, so what browsers allow only after a real
 * press is not there: which window would be opened is kept, and coming to the front is refused.
 * @param {any} worker @param {object} data @returns {Promise<string[]>} addresses that were to be opened
 */
const press = (worker, data) => worker.evaluate(async (/** @type {object} */ data) => {
  const me = /** @type {any} */ (self);
  /** @type {string[]} */
  const opened = [];
  /** @type {Promise<any>[]} */
  const waits = [];
  Object.defineProperty(me.clients, 'openWindow', { configurable: true, value: async (/** @type {string} */ url) => { opened.push(url); } });
  const notification = { data, close() {} };
  me.dispatchEvent(Object.assign(new Event('notificationclick'), { notification, waitUntil: (/** @type {any} */ p) => waits.push(p) }));
  await Promise.allSettled(waits);
  return opened;
}, data);

house.test('a notification leads to what it is about: in the page that is open, or in a new one', async () => {
  const server = await home();
  const person = await house.person('chromium', { name: 'mina', server, page: { permissions: ['notifications'] } });
  const mina = new User(person);
  await mina.register();
  const { page } = person;
  await page.eval(() => navigator.serviceWorker.ready.then(() => true));
  const { cookie } = await register(server, 'jun');
  const jun = await signedIn(server, cookie);
  const { conv } = (await jun.must('conv_open', { user: await idOf(page) })).conv;
  await jun.must('send', { conv, client: 'a', text: '내일 만나요' });
  await page.see('[data-nav=messages] [data-badge="1"]');
  const worker = page.raw.context().serviceWorkers()[0];
  assert.deepEqual(await press(worker, { type: 'message', id: conv }), []);
  await page.see(`[data-conv="${conv}"]`);
  assert.equal(await page.eval(() => location.hash), `#messages/${conv}`);
  assert.deepEqual(await press(worker, { type: 'missed', id: '0' }), []);
  await page.see('[data-nav=calls][aria-current=page]');
  // What is told there is no more than a place: nothing that it could be made of leads elsewhere.
  assert.deepEqual(await press(worker, { type: 'message', id: '../../evil' }), []);
  // While one talks, a call is not reloaded away.
  await page.eval(() => { /** @type {any} */ (window).stays = true; });
  await press(worker, { type: 'message', id: conv });
  await page.see(`[data-conv="${conv}"]`);
  assert.equal(await page.eval(() => /** @type {any} */ (window).stays), true);

  await leave(server, page, 'about:blank', 1);
  assert.deepEqual(await press(worker, { type: 'call', id: '0' }), ['/']);
  assert.deepEqual(await press(worker, { type: 'missed', id: '0' }), ['/#calls']);
  assert.deepEqual(await press(worker, { type: 'message', id: '//evil' }), ['/']);
  const [place] = await press(worker, { type: 'message', id: conv });
  assert.equal(place, `/#messages/${conv}`);
  await page.goto(`${server.origin}${place}`);
  await page.see(`[data-conv="${conv}"]`);
  await page.see('.said .bubble');
});

house.test('who has the page open is not told twice', async () => {
  const server = await home();
  const person = await house.person('chromium', { name: 'mina', server });
  const mina = new User(person);
  await mina.register();
  const from = service.requests.length;
  const elsewhere = service.subscription('here');
  await person.page.eval((fields) => /** @type {any} */ (window).madang.parts.sig.request('push_add', fields), elsewhere.fields());
  await person.page.eval(() => /** @type {any} */ (window).madang.parts.sig.request('account_set', { settings: { push: true } }));
  const jun = await caller(server, await idOf(person.page));
  const call = await jun.call();
  await person.page.see('[data-ring=incoming]');
  await jun.cancel(call);
  await person.page.gone('[data-ring=incoming]');
  await leave(server, person.page, 'about:blank', 1);
  await jun.call();
  const first = await service.request(from + 1);
  assert.equal(JSON.parse(elsewhere.decrypt(first.body)).type, 'call');
});
