// What installing madang's authority means, in browsers: its own server is accepted by name and address
// without a warning; a certificate of the very same key for somebody else's name is refused.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { forge, httpsWith, nssStore } from '../lib/ca.mjs';
import { startServer } from '../lib/server.mjs';

const host = os.hostname().toLowerCase();
/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {Record<string, Awaited<ReturnType<typeof httpsWith>>>} */
const forged = {};
const dir = mkdtempSync(path.join(os.tmpdir(), 'madang-ca-'));

/** Names to be refused; the last is below a one-label host name, which could be a top-level domain. */
const foreign = ['google.com', 'example.org', ...(/^[a-z]+$/.test(host) ? [`web.${host}`] : [])];
/** The same forger for names that are permitted: what shows that a refusal is about the name. */
const permitted = ['localhost', 'other-machine.local'];

before(async () => {
  server = await startServer({ tls: true });
  for (const name of [...foreign, ...permitted]) forged[name] = await httpsWith(forge(server.data, [`DNS:${name}`]));
});

after(async () => {
  for (const f of Object.values(forged)) await f.close();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/**
 * Opens everything with one browser.
 * @param {(url: string) => Promise<string>} open the page's title, or the error's text
 * @param {RegExp} refused how this browser says no
 */
async function tour(open, refused) {
  for (const name of ['localhost', '127.0.0.1', host, `${host}.local`]) {
    assert.match(await open(`https://${name}:${server.port}/`), /^title: /, `${name} of madang itself`);
  }
  for (const name of permitted) {
    assert.equal(await open(`https://${name}:${forged[name].port}/`), 'title: forged', `${name}, forged but permitted`);
  }
  for (const name of foreign) {
    assert.match(await open(`https://${name}:${forged[name].port}/`), refused, `${name}, forged`);
  }
}

test('Chromium with the authority installed', { timeout: 120_000 }, async () => {
  const home = path.join(dir, 'home');
  nssStore(path.join(home, '.pki/nssdb'), path.join(server.data, 'tls/ca.crt'));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    env: /** @type {Record<string, string>} */ ({ ...process.env, HOME: home }),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * 127.0.0.1'],
  });
  try {
    const page = await browser.newPage();
    await tour(async (url) => {
      try {
        await page.goto(url, { waitUntil: 'commit' });
        return `title: ${await page.title()}`;
      } catch (e) {
        return String(e);
      }
    }, /net::ERR_CERT_/);
  } finally {
    await browser.close();
  }
});

test('Firefox with the authority installed', { timeout: 120_000 }, async () => {
  const profile = path.join(dir, 'firefox');
  nssStore(profile, path.join(server.data, 'tls/ca.crt'));
  const names = [host, `${host}.local`, ...foreign, ...permitted];
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    userDataDir: profile,
    acceptInsecureCerts: false,
    extraPrefsFirefox: { 'network.dns.localDomains': names.join(','), 'network.trr.mode': 5, 'security.OCSP.enabled': 0 },
  });
  try {
    await tour(async (url) => {
      // A page of its own each time: after an error page the next navigation is never reported.
      const page = await browser.newPage();
      try {
        await page.goto(url, { waitUntil: 'load', timeout: 20_000 });
        return `title: ${await page.title()}`;
      } catch (e) {
        return String(e);
      } finally {
        await page.close();
      }
    }, /SEC_ERROR_CERT_NOT_IN_NAME_SPACE/);
  } finally {
    await browser.close();
  }
});
