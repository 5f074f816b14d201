// A house for tests: the real program over HTTPS, browsers that are started once for a file and reused, and
// people in them. What a failed test leaves (screenshots, consoles, the server's log and its record, for
// `madang replay`) lies in build/artifacts/e2e.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { freePort, freeUdpPort, startServer } from '../../lib/server.mjs';
import { PATIENCE, artifacts, launch } from './browser.mjs';
import { Person } from './person.mjs';
import { startProxy } from './proxy.mjs';
import { rack } from './rack.mjs';

/** @typedef {import('./browser.mjs').Kind} Kind */
/** @typedef {import('./browser.mjs').Browser} Browser */
/** @typedef {import('./browser.mjs').PageOptions} PageOptions */
/** @typedef {import('./rack.mjs').RackOptions} RackOptions */
/** @typedef {import('../../lib/server.mjs').Server & {origin: string, record: string}} HouseServer  origin: https://localhost:PORT */

/** Different for each person of a test: which pattern and which tone is whose. */
const LOOKS = ['RGBW', 'GRWB', 'BWRG', 'WBGR', 'YRKG', 'KYGR'];
/** Most tests are about direct connections, also of three or four. */
const DIRECT = ['--groups', 'never'];
const safe = (/** @type {string} */ s) => s.replace(/[^\p{L}\p{N}.-]+/gu, '-').replace(/^-|-$/g, '').slice(0, 80);

export class House {
  /**
   * @param {string} name  of the test file: what it leaves lies in a folder of this name
   * @param {{args?: string[], host?: string}} [o]  of the server that its tests share
   */
  constructor(name, o = {}) {
    this.name = name;
    this.o = o;
    /** @type {Map<string, Promise<Browser>>} */
    this.browsers = new Map();
    /** @type {HouseServer | undefined} */
    this.shared = undefined;
    /** @type {Promise<HouseServer> | undefined} */
    this.building = undefined;
    /** @type {Person[]} */
    this.people = [];
    /** @type {import('./browser.mjs').Page[]} pages without a person */
    this.pages = [];
    /** @type {HouseServer[]} of the running test */
    this.servers = [];
    /** @type {import('./proxy.mjs').Proxy[]} */
    this.proxies = [];
    this.count = 0;
    after(() => this.close());
  }

  /**
   * A server of this test's own; stopped at its end.
   * @param {{args?: string[], shared?: boolean} & NonNullable<Parameters<typeof startServer>[0]>} [o]
   * @returns {Promise<HouseServer>}
   */
  async server({ args = [], shared = false, ...o } = {}) {
    const port = o.port ?? await freePort();
    const record = artifacts(this.name, `server-${port}.rec`);
    const server = await startServer({
      tls: true, port, udpPort: await freeUdpPort(), ...o,
      args: ['--record', record, '--record-size', '16M', '--log-level', 'debug', ...(args.includes('--groups') ? [] : DIRECT), ...args],
    });
    const made = Object.defineProperties(/** @type {any} */ ({}), {
      ...Object.getOwnPropertyDescriptors(server),
      origin: { value: `${o.tls === false ? 'http' : 'https'}://localhost:${port}` }, record: { value: record },
    });
    if (shared) this.shared = made;
    else this.servers.push(made);
    return made;
  }

  /** The server that the tests of this file share. */
  async home() {
    this.building ??= this.server({ shared: true, ...this.o });
    return this.building;
  }

  /** @param {Kind} kind @param {NonNullable<Parameters<typeof launch>[1]>} [o] @returns {Promise<Browser>} */
  browser(kind, o = {}) {
    const key = kind + JSON.stringify(o);
    let b = this.browsers.get(key);
    if (!b) this.browsers.set(key, b = launch(kind, o));
    return b;
  }

  /** @param {HouseServer} to */
  async proxy(to) {
    const p = await startProxy(to);
    this.proxies.push(p);
    return p;
  }

  /**
   * Somebody with a browser, devices and a name; not yet anywhere.
   * @param {Kind} kind
   * @param {{name?: string, server?: {origin?: string, url: string}, page?: PageOptions, rack?: RackOptions,
   *   browser?: NonNullable<Parameters<typeof launch>[1]>}} [o]
   * @returns {Promise<Person & {look: string}>}
   */
  async person(kind, o = {}) {
    const n = this.count++ % LOOKS.length;
    const look = o.rack?.look ?? LOOKS[n];
    const at = o.server ?? await this.home();
    const browser = await this.browser(kind, o.browser);
    const page = await browser.open({ ...o.page,
      init: [[rack, { tone: 300 + 60 * n, ...o.rack, look }], ...(o.page?.init ?? [])] });
    const person = Object.assign(new Person({ name: o.name ?? `${kind} ${n + 1}`, page, url: at.origin ?? at.url }), { look });
    this.people.push(person);
    return person;
  }

  /**
   * A test that leaves what is needed to see why it failed, and nobody behind.
   * @param {string} title @param {() => Promise<void>} fn @param {{timeout?: number}} [o]
   */
  test(title, fn, { timeout = 4 * PATIENCE } = {}) {
    test(title, { timeout: timeout + PATIENCE }, async (t) => {
      this.count = 0;
      /** @type {NodeJS.Timeout | undefined} */
      let timer;
      try {
        await Promise.race([fn(), new Promise((_, reject) => {
          timer = setTimeout(() => reject(new Error(`not done within ${timeout} ms`)), timeout);
        })]);
      } catch (e) {
        await this.keep(title).catch((k) => t.diagnostic(`what happened could not be kept: ${k}`));
        throw e;
      } finally {
        clearTimeout(timer);
        await this.clear();
      }
    });
  }

  /** @param {string} title */
  async keep(title) {
    const at = (/** @type {string} */ file) => artifacts(this.name, safe(title), file);
    await Promise.all(this.people.map(async (p, i) => {
      const who = `${i + 1}-${safe(p.name)}`;
      const state = await p.page.eval(() => {
        const { madang } = /** @type {any} */ (window);
        return madang && { log: madang.log.lines ?? madang.log, state: madang.state() };
      }).catch((e) => `${e}`);
      writeFileSync(at(`${who}.console.txt`), `${p.page.logs.join('\n')}\n`);
      writeFileSync(at(`${who}.state.json`), JSON.stringify(state ?? null, null, 1));
      await p.page.shot(at(`${who}.png`)).catch(() => {});
    }));
    this.pages.forEach((p, i) => writeFileSync(at(`page-${i + 1}.console.txt`), `${p.logs.join('\n')}\n`));
    for (const s of [...this.servers, ...(this.shared ? [this.shared] : [])]) {
      writeFileSync(at(`server-${s.port}.log`), s.log());
      kept.add(s.record);
    }
  }

  /** Everybody of this test goes home. */
  async clear() {
    const { people, pages, servers, proxies } = this;
    Object.assign(this, { people: [], pages: [], servers: [], proxies: [] });
    await Promise.all([...people.map((p) => p.page), ...pages].map((p) => p.close().catch(() => {})));
    await Promise.all(proxies.map((p) => p.close()));
    await Promise.all(servers.map((s) => this.#stop(s)));
  }

  /** @param {HouseServer} s */
  async #stop(s) {
    await s.stop('SIGKILL');
    if (kept.has(s.record)) return;
    const { dir, base } = path.parse(s.record);
    for (const f of readdirSync(dir).filter((n) => n.startsWith(base))) rmSync(path.join(dir, f)); // one for each thread
  }

  async close() {
    await this.clear();
    for (const b of this.browsers.values()) await b.then((x) => x.close()).catch(() => {});
    if (this.shared) await this.#stop(this.shared);
  }
}

/** Records that a failed test points to. @type {Set<string>} */
const kept = new Set();
