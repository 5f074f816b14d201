// What is seen and heard of each person: their tracks come directly or over the server, and the stream that
// views have does not change when the way does.

/** @typedef {import('../rtc/peer.js').Role} Role */
/** @typedef {import('../rtc/ways.js').Way} Way */
/** @typedef {'audio'|'sound'|'camera'|'screen'} What */
/** @typedef {{prefix: string, way: Way | null, tracks: Record<Way, Map<Role, MediaStreamTrack>>}} Held */

/** One track in each: Chromium does not play a second sound that comes later.
 * @type {Record<What, Role>} */
const ROLE = { audio: 'mic', sound: 'sound', camera: 'camera', screen: 'screen' };

const NONE = { audio: null, sound: null, camera: null, screen: null };

export class Shown {
  /**
   * @param {object} o
   * @param {import('../rtc/registry.js').StreamRegistry} o.streams
   * @param {(session: string, patch: Record<What, string | null>) => void} o.set  ids of their streams
   */
  constructor({ streams, set }) {
    this.streams = streams;
    this.set = set;
    this.serial = 0;
    /** @type {Map<string, Held>} */
    this.people = new Map();
  }

  /** Something of somebody has begun, or ended, on a way.
   * @param {string} session @param {Way} way @param {Role} role @param {MediaStreamTrack | null} track */
  put(session, way, role, track) {
    const h = this.#of(session);
    if (track) h.tracks[way].set(role, track);
    else h.tracks[way].delete(role);
    this.#show(session, h);
  }

  /** @param {string} session @param {Way} way */
  use(session, way) {
    const h = this.#of(session);
    h.way = way;
    this.#show(session, h);
  }

  /** @param {string} session @returns {Way | null} */
  wayOf(session) {
    return this.people.get(session)?.way ?? null;
  }

  /** A way to somebody is no more. @param {string} session @param {Way} way */
  drop(session, way) {
    const h = this.people.get(session);
    if (!h) return;
    h.tracks[way].clear();
    if (h.way === way) h.way = null;
    this.#show(session, h);
  }

  /** Who came from where. @param {string} from @param {string} to */
  moved(from, to) {
    const h = this.people.get(from);
    if (!h || from === to) return;
    this.people.delete(from);
    this.people.set(to, h);
  }

  /** @param {string} session */
  gone(session) {
    const h = this.people.get(session);
    this.people.delete(session);
    for (const what of Object.keys(ROLE)) this.streams.delete(`${h?.prefix}:${what}`);
  }

  /** @param {string} session */
  #of(session) {
    let h = this.people.get(session);
    if (!h) {
      h = { prefix: `p${++this.serial}`, way: null, tracks: { direct: new Map(), group: new Map() } };
      this.people.set(session, h);
    }
    return h;
  }

  /** What the way in use does not have (yet), the other one may still have. @param {string} session @param
   * {Held} h */
  #show(session, h) {
    const { direct, group } = h.tracks;
    const [first, second] = h.way === 'group' ? [group, direct] : [direct, group];
    const ids = /** @type {Record<What, string | null>} */ ({ ...NONE });
    for (const what of /** @type {What[]} */ (Object.keys(ROLE))) {
      const track = first.get(ROLE[what]) ?? second.get(ROLE[what]);
      const id = `${h.prefix}:${what}`;
      this.streams.fill(id, track ? [track] : []);
      if (track) ids[what] = id;
    }
    this.set(session, ids);
  }
}
