// What a browser gives only to a host name with a certificate that it trusts: passkeys, the service worker,
// being woken for calls, and the installed app.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after } from 'node:test';
import { nssStore } from '../lib/ca.mjs';
import { PATIENCE } from './lib/browser.mjs';
import { House } from './lib/house.mjs';
import { User } from './lib/user.mjs';
import { complaints, reads } from './lib/ui.mjs';

const house = new House('people-trusted');
/** Whoever finds this as a picture on the page has found a hole. */
const EVIL = '<img src=x onerror=hacked=1>';
const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-trusted-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/** Somebody whose browser has the server's authority installed. @param {string} name */
async function trusting(name) {
  const server = await house.server({ args: ['--registration', 'open', '--passkey-host', 'localhost'] });
  const home = path.join(dir, name);
  nssStore(path.join(home, '.pki/nssdb'), path.join(server.data, 'tls/ca.crt'));
  const person = await house.person('chromium', { name, server, browser: { trustAll: false, env: { HOME: home } },
    page: { permissions: ['notifications'] } });
  return { user: new User(person), origin: server.origin, server };
}

/** What Chromium has against installing the page, once it has looked at the manifest and the pictures. @param {any} cdp */
async function installability(cdp) {
  const patient = Date.now() + PATIENCE;
  for (;;) {
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
    const errors = installabilityErrors.map((/** @type {any} */ e) => e.errorId).filter((/** @type {string} */ id) => id !== 'in-incognito');
    if (errors.length === 0 || Date.now() > patient) return errors;
    await sleep(200);
  }
}

house.test('a passkey is made, signs in without a name, and is taken away', async () => {
  const { user, server } = await trusting('pia');
  const { page } = user;
  const cdp = await page.raw.context().newCDPSession(page.raw);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true,
    hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
  await user.register();
  await user.toMe();
  await page.click('[data-act=add-passkey]');
  await page.see('[data-field=passkey-name]');
  await page.fill('[data-field=passkey-name]', 'My laptop');
  await page.click('[data-act=passkey-go]');
  await page.see('[data-passkey]');
  assert.match(await page.text('[data-passkey]'), /My laptop/);
  await page.click('[data-act=passkey-rename]');
  await page.fill('[data-field=passkey-rename]', EVIL);
  await page.press('Enter');
  await reads(page, '[data-passkey] .cut', EVIL);
  await page.reload();
  await reads(page, '[data-passkey] .cut', EVIL);
  assert.equal(await page.count('[data-passkey] img'), 0, 'a name is text');
  await user.signOut();
  await page.click('[data-act=account]');
  await page.click('[data-act=passkey]');
  await user.atHome();
  await user.toMe();
  await page.see('[data-passkey]');
  await server.down(); // afterwards nobody is known to be there any more: the page asks, and goes on by itself
  await page.see('[data-banner=lost]');
  await server.up();
  await page.gone('[data-banner=lost]');
  await page.click('[data-act=passkey-remove]');
  await page.see('[data-dialog=confirm-self]');
  await page.fill('[data-field=confirm-password]', 'quite the wrong one');
  await page.click('[data-act=confirm-go]');
  await page.see('[data-dialog=confirm-self] [data-problem=sign_in_wrong]');
  await page.click('[data-act=confirm-passkey]');
  await page.gone('[data-dialog=confirm-self]');
  await page.gone('[data-passkey]');
  await user.signOut();
  await page.click('[data-act=account]');
  await page.click('[data-act=passkey]');
  await page.see('[data-sign] [role=alert]');
});

house.test('the service worker: installable, words while the server is away, woken by a push', async () => {
  const { user, origin, server } = await trusting('pat');
  const { page } = user;
  await user.register();
  const cdp = await page.raw.context().newCDPSession(page.raw);
  /** @type {Promise<string>} */
  const registered = new Promise((resolve) => {
    cdp.on('ServiceWorker.workerVersionUpdated', (/** @type {any} */ { versions }) => {
      const ready = versions.find((/** @type {any} */ v) => v.status === 'activated');
      if (ready) resolve(ready.registrationId);
    });
  });
  await cdp.send('ServiceWorker.enable');
  const registrationId = await registered;
  assert.deepEqual(await installability(cdp), []);
  const push = (/** @type {object} */ data) => cdp.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data: JSON.stringify(data) });
  const shown = (/** @type {string} */ tag) => page.until(async (tag) => {
    const worker = await navigator.serviceWorker.ready;
    return (await worker.getNotifications({ tag })).map((n) => n.title).join();
  }, tag, { what: 'a notification' });
  await push({ type: 'call', id: 'c1', name: 'mina', display: 'Mina Park', video: true });
  assert.equal(await shown('c1'), 'Mina Park (@mina) calls you with video');
  await push({ type: 'call', id: 'c2', name: 'eve', display: `Mina Park (@mina)${' '.repeat(30)}{name}` });
  assert.equal(await shown('c2'), `Mina Park (@mina)${' '.repeat(15)}… (@eve) calls you`);
  await push({ type: 'message', id: 'c3', name: 'jun', display: 'jun' });
  assert.equal(await shown('c3'), 'A message of jun');
  await push({ type: 'taken', id: 'c1', name: 'mina', display: 'Mina Park' });
  await page.until(async () => (await (await navigator.serviceWorker.ready).getNotifications({ tag: 'c1' })).every((n) => n.title.endsWith('on another device')), null);
  await push({ type: 'missed', id: 'c1', name: 'mina', display: 'Mina Park' });
  await page.until(async () => (await (await navigator.serviceWorker.ready).getNotifications({ tag: 'c1' })).every((n) => n.title.startsWith('You missed')), null);
  await user.toMe();
  await page.see('[data-act=push]');
  assert.deepEqual(complaints(page), []);
  const kept = () => page.eval(async () => {
    const shells = await Promise.all((await caches.keys()).map(async (n) => (await caches.open(n)).keys()));
    return shells.flat().map((r) => new URL(r.url).pathname);
  });
  await page.until(async () => {
    const shells = await Promise.all((await caches.keys()).map(async (n) => (await caches.open(n)).keys()));
    return shells.flat().some((r) => r.url.endsWith('/main.js')) && shells.flat().length > 100;
  }, null, { what: 'the shell is kept' });
  assert.ok((await kept()).every((p) => p === '/' || p.startsWith('/a/')), 'nothing of anybody is kept');
  await server.down();
  await page.reload();
  await page.see('[data-banner=lost]');
  await server.up();
  await user.atHome();
}, { timeout: 120_000 });
