// What is wanted of the others over the server: everybody's sound, and pictures as large as they are shown.
import { tracksOf } from './group.js';

/** @typedef {import('../rtc/group_lines.js').Want} Want */
/** @typedef {import('./types.js').Person} Person */
/** @typedef {import('./types.js').Quality} Quality */
/**
 * A tile that is in view: in device pixels.
 * @typedef {{session: string, role: 'camera'|'screen', width: number, height: number,
 *   rank: 'pinned'|'speaker'|'visible'|'thumbnail'}} Seen
 */

/** Who saves data sees no picture larger than this (the shorter side, in pixels), except a screen. */
const SAVED = /** @type {const} */ ({ pinned: 360, speaker: 360, visible: 180, thumbnail: 90 });
/** A screen has its place once it arrives. @type {Omit<Seen, 'session'>} */
const SCREEN = { role: 'screen', width: 1280, height: 720, rank: 'visible' };
const RANKS = ['pinned', 'speaker', 'screen', 'visible', 'thumbnail'];

/** @param {Seen} seen @param {Quality} quality */
function sizeOf({ width, height, role, rank }, quality) {
  const most = quality === 'save' && role === 'camera' ? SAVED[rank] : Infinity;
  const by = Math.min(1, most / Math.max(1, Math.min(width, height)));
  return { width: Math.round(width * by), height: Math.round(height * by) };
}

/**
 * @param {object} o
 * @param {import('./group.js').Tracks} o.tracks
 * @param {readonly Person[]} o.people  the others, those who spoke last first
 * @param {readonly Seen[]} o.seen
 * @param {Quality} o.quality
 * @param {boolean} o.hidden  nobody looks at the page
 * @returns {Want[]}  the most important first
 */
export function wantsOf({ tracks, people, seen, quality, hidden }) {
  /** @type {Want[]} */
  const sounds = [];
  /** @type {Want[]} */
  const pictures = [];
  const silent = people.filter((p) => !p.mic);
  for (const p of [...people.filter((q) => q.mic), ...silent]) {
    for (const { track, kind } of tracksOf(tracks, p.session)) {
      const together = `${p.session} ${kind === 'mic' || kind === 'camera' ? 'camera' : 'screen'}`;
      const sound = { track, kind: /** @type {const} */ ('audio'), width: 0, height: 0, priority: /** @type {const} */ ('visible'), together };
      if (kind === 'mic') sounds.push(sound);
      else if (kind === 'sound' && p.screen) sounds.unshift(sound);
      else if (kind === 'camera' || kind === 'screen') {
        const on = kind === 'camera' ? p.cam : p.screen;
        const at = seen.find((s) => s.session === p.session && s.role === kind)
          ?? (kind === 'screen' && !seen.some((s) => s.role === 'screen') ? { ...SCREEN, session: p.session } : undefined);
        if (!on || quality === 'audio') continue;
        const size = at && !hidden ? sizeOf(at, quality) : { width: 0, height: 0 };
        const priority = kind === 'screen' ? 'screen' : at?.rank ?? 'thumbnail';
        pictures.push({ track, kind: 'video', ...size, priority, together });
      }
    }
  }
  const rank = (/** @type {Want} */ w) => RANKS.indexOf(w.priority) + (w.width ? 0 : RANKS.length);
  return [...sounds, ...pictures.sort((a, b) => rank(a) - rank(b))];
}

/**
 * Whether something should come over the server: reports of what one sends, pictures, or who speaks.
 * @param {object} o
 * @param {import('./types.js').RoomState} o.room
 * @param {readonly Want[]} o.wants
 * @param {Iterable<MediaStreamTrack | null>} o.own  what one sends
 */
export function dueOf({ room, wants, own }) {
  const { speaker, self, people } = room;
  return [...own].some((t) => t?.enabled && t.readyState === 'live')
    || wants.some((w) => w.width > 0)
    || !!(speaker && speaker !== self && people[speaker]?.mic);
}
