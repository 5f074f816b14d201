// A group in the laboratory: three people with browsers, two of them in the network that is tried and one on the
// open internet, so that what they see and hear of each other has gone through the server.
import assert from 'node:assert/strict';
import os from 'node:os';
import path from 'node:path';
import { flowFrom, flows, receives } from '../../e2e/lib/media.mjs';
import { sleep } from '../../lib/server.mjs';
import { enter, place } from './networks.mjs';
import { Yard } from './yard.mjs';

/** @typedef {import('./yard.mjs').Neighbour} Neighbour */
/** @typedef {import('./networks.mjs').Place} Place */
/** @typedef {import('./lab.mjs').Client} Client */
/** @typedef {{v4?: boolean, v6?: boolean}} Families */

const MEDIA_MS = 60_000;
/** Who sits in the network that is tried. */
const GUESTS = /** @type {const} */ ([['Ann', 'chromium'], ['Ben', 'firefox']]);

/** Runs in the page: when the button to join was pressed, and when somebody else was seen first. */
const clock = () => {
  const w = /** @type {any} */ (window);
  w.joined = w.seen = 0;
  document.addEventListener('click', (e) => {
    if (/** @type {Element} */ (e.target).closest?.('[data-act=join]')) w.joined = performance.now();
  }, true);
  setInterval(() => {
    if (!w.joined || w.seen) return;
    const videos = /** @type {NodeListOf<HTMLVideoElement>} */ (document.querySelectorAll('figure.tile:not([data-self]) video'));
    if ([...videos].some((v) => v.videoWidth > 0)) w.seen = performance.now();
  }, 10);
};

export class Meeting {
  /**
   * A laboratory whose server is where the web's are, with a name that its certificate has and a root that the browsers
   * know: Firefox reaches no relay over TLS by an address alone.
   * @param {string} name  of the test file
   */
  static async open(name) {
    const yard = await Yard.open(name, ['--groups', 'always'], 443);
    const host = os.hostname().toLowerCase();
    yard.lab.name(host);
    yard.origin = `https://${host}`;
    yard.root = path.join(yard.server.data, 'tls/ca.crt');
    return new Meeting(yard, await place(yard.lab, 'open', 'open'));
  }

  /** @param {Yard} yard @param {Place} open */
  constructor(yard, open) {
    this.yard = yard;
    this.host = yard.lab.client('host');
    enter(yard.lab, this.host, open);
    /** @type {Client[]} */
    this.clients = GUESTS.map(([name]) => yard.lab.client(name.toLowerCase()));
  }

  /** Ann and Ben plug in there, and nowhere else. @param {Place} to @param {Families} [families] */
  go(to, families) {
    const { lab } = this.yard;
    for (const c of this.clients) {
      lab.detach(c);
      if (families) lab.attach(c, to.router, families);
      else enter(lab, c, to);
    }
  }

  /**
   * Cleo makes a room, Ann and Ben come in from where they are plugged in, and all see and hear each other.
   * @param {Place} from @returns {Promise<{guests: Neighbour[], people: Neighbour[]}>}
   */
  async meet(from) {
    const { yard } = this;
    await ways(yard, {}); // of the meeting before
    const guests = await Promise.all(GUESTS.map(([name, kind], i) =>
      yard.person(this.clients[i], kind, name, { proxy: from.proxy, init: [[clock, null]] })));
    const host = await yard.person(this.host, 'chromium', 'Cleo');
    const room = await host.create();
    await Promise.all(guests.map((p) => p.toDoor(room)));
    for (const p of guests) await p.join(room);
    const people = [...guests, host];
    await together(people);
    return { guests, people };
  }

  /** Ends the browsers of Ann and Ben: those of the next place are set up in another way. */
  async shut() {
    for (const c of this.clients) await this.yard.shut(c);
  }
}

/** Everybody sees and hears everybody, from now on. @param {Neighbour[]} people */
export const together = (people) => Promise.all(people.flatMap((to) => people.filter((p) => p !== to)
  .map((from) => receives(to.page, from.session, { camera: 10, mic: true, ms: MEDIA_MS }))));

/** From pressing the button to the first picture, ms. @param {Neighbour} p @returns {Promise<number>} */
export const firstPicture = (p) => p.page.eval(() => {
  const { joined, seen } = /** @type {any} */ (window);
  return Math.round(seen - joined);
});

/**
 * The way to the server as the browser tells it, "prflx tcp" or "relay tls": the kind of its own candidate, and by what
 * packets leave it.
 * @param {Neighbour} p @returns {Promise<string>}
 */
export async function wayOf(p) {
  const [f] = await flows(p.page);
  assert.ok(f, `${p.name} is in the group`);
  const { local, protocol, relay } = f.path;
  return `${local} ${relay || protocol}`;
}

/** How many connections the server sends to by each way, without those of none.
 *  @param {Yard} yard @returns {Promise<Record<string, number>>} */
export async function waysOf(yard) {
  const { body } = await yard.server.get('/metrics');
  const found = body.toString().matchAll(/^madang_sfu_ways\{transport="(\w+)",family="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...found].filter(([, , , n]) => n !== '0').map(([, t, f, n]) => [`${t} ${f}`, Number(n)]));
}

/** Waits until the server sends by these ways. @param {Yard} yard @param {Record<string, number>} want */
export async function ways(yard, want) {
  let now = {};
  for (const end = Date.now() + MEDIA_MS; Date.now() < end; await sleep(100)) {
    now = await waysOf(yard);
    const keys = Object.keys({ ...now, ...want });
    if (keys.every((k) => /** @type {any} */ (now)[k] === want[k])) return;
  }
  assert.deepEqual(now, want, 'the ways by which the server sends to people');
}

/**
 * Listens to somebody: the longest time without a sound, and without a picture, until it is asked.
 * @param {Neighbour} at @param {Neighbour} of
 */
export function listen(at, of) {
  let on = true;
  const longest = { sound: 0, picture: 0 };
  const last = { sound: -1, picture: -1 };
  const since = { sound: Date.now(), picture: Date.now() };
  const work = (async () => {
    for (; on; await sleep(50)) {
      const f = await flowFrom(at.page, of.session).catch(() => undefined);
      const now = { sound: f?.mic.energy, picture: f?.camera.frames };
      for (const k of /** @type {const} */ (['sound', 'picture'])) {
        if (now[k] !== undefined && now[k] !== last[k]) {
          last[k] = now[k];
          since[k] = Date.now();
        }
        longest[k] = Math.max(longest[k], Date.now() - since[k]);
      }
    }
  })();
  return async () => {
    on = false;
    await work;
    return longest;
  };
}
