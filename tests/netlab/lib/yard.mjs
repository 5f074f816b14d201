// The laboratory with the real program in it, and people with browsers behind its routers. What a failed
// test leaves (consoles, states, pictures, the server's log) lies in build/artifacts/e2e/netlab-*.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { artifacts, launch } from '../../e2e/lib/browser.mjs';
import { flowFrom, flows } from '../../e2e/lib/media.mjs';
import { Person } from '../../e2e/lib/person.mjs';
import { rack } from '../../e2e/lib/rack.mjs';
import { nssStore } from '../../lib/ca.mjs';
import { sleep, startServer } from '../../lib/server.mjs';
import { Lab, SERVER4, SERVER6 } from './lab.mjs';

/** @typedef {import('./lab.mjs').Client} Client */
/** @typedef {import('../../e2e/lib/media.mjs').Flow} Flow */

export const TCP = 8443;
export const UDP = 3478;
/** For one test; it ends one that hangs, and says nothing about how fast a machine with other work is. */
const PATIENCE_S = 180;
const FIREFOX = { 'media.peerconnection.ice.loopback': false, 'network.dns.disableIPv6': false };

/** @param {import('../../lib/stun.mjs').Address} proxy */
const through = ({ host, port }) => ({
  'network.proxy.type': 1, 'network.proxy.http': host, 'network.proxy.http_port': port, 'network.proxy.ssl': host,
  'network.proxy.ssl_port': port, 'network.proxy.no_proxies_on': '',
});

/** The page with the smaller random name makes the first offer. @param {boolean} first @returns {[(n: number) => void, number]} */
const order = (first) => [(n) => {
  const random = crypto.getRandomValues.bind(crypto);
  crypto.getRandomValues = (/** @type {any} */ array) => {
    random(array);
    if (array.length === 16) array[0] = n;
    return array;
  };
}, first ? 0 : 31];

/** A person of the browser tests; what tests of networks need beside that. */
export class Neighbour extends Person {
  /** Waits until the page has begun another session and is back in its room. */
  async newSession() {
    await this.page.until((old) => {
      const s = /** @type {any} */ (window).madang.state();
      return s.net.phase === 'online' && s.self.session !== old && s.current && !s.rooms[s.current].stale;
    }, this.session, { what: `${this.name} is back` });
    await this.inRoom();
  }

  /** Every word that stands on the tile of another, and every phase of the connection, from now on. */
  async watchTiles() {
    await this.page.eval(() => {
      const w = /** @type {any} */ (window);
      w.seen = [];
      setInterval(() => {
        const link = document.querySelector('figure.tile:not([data-self]) .tile-link')?.textContent?.trim() ?? '';
        if (w.seen.at(-1)?.link !== link) w.seen.push({ link, at: Date.now() });
      }, 50);
    });
  }

  /** What watchTiles() saw. @returns {Promise<{link: string, at: number}[]>} */
  tiles() {
    return this.page.eval(() => /** @type {any} */ (window).seen);
  }
}

export class Yard {
  /** @param {string} name  of the test file @param {string[]} [args]  further flags of the server @param {number} [port] */
  static async open(name, args = [], port = TCP) {
    const lab = new Lab();
    const server = await startServer({
      tls: true, port, udpPort: UDP, host: lab.serverFromDriver, wrap: ['ip', 'netns', 'exec', lab.server],
      args: [...[...SERVER4, ...SERVER6].flatMap((a) => ['--listen', a]), '--metrics-allow', `${lab.driver}/32`,
        '--log-level', 'debug', ...args],
    });
    return new Yard(name, lab, server);
  }

  /** @param {string} name @param {Lab} lab @param {import('../../lib/server.mjs').Server} server */
  constructor(name, lab, server) {
    this.name = name;
    this.lab = lab;
    this.server = server;
    /** @type {Neighbour[]} */
    this.people = [];
    /** @type {Map<string, ReturnType<typeof launch>>} by client and kind */
    this.browsers = new Map();
    /** Where people go when they are not told. */
    this.origin = `https://${SERVER4[0]}:${server.port}`;
    /** The root that browsers which are started from now on trust; undefined: they trust everybody. @type {string | undefined} */
    this.root = undefined;
  }

  /**
   * Somebody at a computer of the laboratory, not yet on the page.
   * @param {Client} client @param {'chromium' | 'firefox'} kind @param {string} name
   * @param {{v6?: boolean, first?: boolean, url?: string, proxy?: import('../../lib/stun.mjs').Address,
   *   init?: [(arg: any) => void, any][]}} [o]
   *   v6: goes to the server's IPv6 address; url: to another server than the laboratory's own;
   *   first: whether this page makes the first offer (else chance decides); proxy: how the browser gets out;
   *   init: run in its page
   */
  async person(client, kind, name, { v6 = false, first, url, proxy, init = [] } = {}) {
    const key = `${client.name} ${kind}`;
    let browser = this.browsers.get(key);
    if (!browser) {
      browser = launch(kind, { wrap: [this.lab.browser(client, kind)], prefs: { ...FIREFOX, ...(proxy ? through(proxy) : {}) },
        args: proxy ? [`--proxy-server=http://${proxy.host}:${proxy.port}`] : [], ...this.#trust(kind) });
      this.browsers.set(key, browser);
    }
    // The browser's own fake camera, with permission: without it, WebRTC sees the default route only.
    const page = await (await browser).open({
      init: [[rack, { native: true }], ...init, ...(first === undefined ? [] : [order(first)])], ...(kind === 'chromium' ? { permissions: ['camera', 'microphone'] } : {}),
    });
    const person = new Neighbour({ name, page, url: url ?? (v6 ? `https://[${SERVER6[0]}]:${this.server.port}` : this.origin) });
    this.people.push(person);
    return person;
  }

  /** What a browser is started with, so that it knows the root. @param {'chromium' | 'firefox'} kind */
  #trust(kind) {
    if (!this.root) return {};
    const home = mkdtempSync(path.join(this.lab.dir, 'home-'));
    nssStore(kind === 'chromium' ? path.join(home, '.pki/nssdb') : home, this.root);
    return { trustAll: false, ...(kind === 'chromium' ? { env: { HOME: home } } : { profile: home }) };
  }

  /** One value of /metrics, 0 where it isn't there. @param {string} name  with labels, as it stands there */
  async metric(name) {
    const { status, body } = await this.server.get('/metrics');
    if (status !== 200) throw new Error(`/metrics says ${status}`);
    const line = body.toString().split('\n').find((l) => l.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  /**
   * A test; everybody in it goes home afterwards.
   * @param {string} title @param {(t: import('node:test').TestContext) => Promise<void>} fn
   * @param {number} [seconds]
   */
  test(title, fn, seconds = PATIENCE_S) {
    test(title, { timeout: (seconds + 15) * 1000 }, (t) => this.run(t, () => fn(t), seconds));
  }

  /** What is in a test. @param {import('node:test').TestContext} t @param {() => Promise<void>} fn @param {number} [seconds] */
  async run(t, fn, seconds = PATIENCE_S) {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${seconds} s`)), seconds * 1000);
    });
    try {
      await Promise.race([fn(), late]);
    } catch (e) {
      await Promise.race([this.#keep(t.name), sleep(8000)]);
      throw e;
    } finally {
      clearTimeout(timer);
      await Promise.race([Promise.all(this.people.map((p) => p.page.close().catch(() => {}))), sleep(4000)]);
      this.people = [];
    }
  }

  /** @param {string} title */
  async #keep(title) {
    const folder = title.replace(/[^\p{L}\p{N}.-]+/gu, '-').slice(0, 80);
    const at = (/** @type {string} */ file) => artifacts(`netlab-${this.name}`, folder, file);
    writeFileSync(at('server.log'), this.server.log());
    await Promise.all(this.people.map(async (p) => {
      writeFileSync(at(`${p.name}.console.txt`), `${p.page.logs.join('\n')}\n`);
      const state = await p.page.eval(() => /** @type {any} */ (window).madang?.state()).catch((e) => `${e}`);
      writeFileSync(at(`${p.name}.state.json`), JSON.stringify(state, null, 1));
      const stats = await p.page.eval(async () => Promise.all(/** @type {any} */ (window).rack.pcs
        .map(async (/** @type {RTCPeerConnection} */ pc) => [...(await pc.getStats()).values()]))).catch((e) => `${e}`);
      writeFileSync(at(`${p.name}.stats.json`), JSON.stringify(stats, null, 1));
      await p.page.shot(at(`${p.name}.png`)).catch(() => {});
    }));
  }

  /** Ends the browsers of a client. @param {Client} client */
  async shut(client) {
    for (const [key, b] of this.browsers) {
      if (!key.startsWith(`${client.name} `)) continue;
      this.browsers.delete(key);
      await Promise.race([b.then((x) => x.close()).catch(() => {}), sleep(5000)]);
    }
  }

  async close() {
    for (const b of this.browsers.values()) await Promise.race([b.then((x) => x.close()).catch(() => {}), sleep(5000)]);
    await this.server.stop('SIGKILL');
    this.lab.close();
    if (this.server.data) rmSync(this.server.data, { recursive: true, force: true });
  }
}

/** How two people reach each other, as one of them sees it, e.g. "srflx > prflx udp". @param {Flow | undefined} f */
export const pathText = (f) => (f ? `${f.path.local}${f.path.relay && ` (${f.path.relay})`} > ${f.path.remote} ${f.path.protocol}` : 'none');

/** Both directions, for the log. @param {Person} a @param {Person} b */
export async function paths(a, b) {
  const [ab, ba] = await Promise.all([flowFrom(a.page, b.session), flowFrom(b.page, a.session)]);
  return { ab, ba, text: `candidates: ${a.name} ${pathText(ab)}, ${b.name} ${pathText(ba)}` };
}

/**
 * Watches the frames of the only connection of a page, whatever the sessions.
 * @param {import('../../e2e/lib/browser.mjs').Page} page
 */
export function watch(page) {
  let on = true;
  const seen = { frames: 0, longestMs: 0, conns: /** @type {string[]} */ ([]), ufrags: /** @type {string[]} */ ([]) };
  const work = (async () => {
    let last = -1;
    for (let at = Date.now(); on; await sleep(100)) {
      const f = (await flows(page).catch(() => []))[0];
      if (f && f.conn !== seen.conns.at(-1)) {
        seen.conns.push(f.conn);
        last = f.camera.frames;
      }
      if (f && f.ufrag !== seen.ufrags.at(-1)) seen.ufrags.push(f.ufrag);
      if (f && f.camera.frames < last) last = 0; // Firefox counts anew after an ICE restart
      if (f && f.camera.frames > last) {
        seen.frames += f.camera.frames - last;
        last = f.camera.frames;
        at = Date.now();
      }
      seen.longestMs = Math.max(seen.longestMs, Date.now() - at);
    }
  })();
  return {
    seen,
    end: async () => {
      on = false;
      await work;
      return seen;
    },
  };
}
