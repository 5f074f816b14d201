// A room whose media goes over the server, as state: which way the room has, what is published, who speaks,
// and who is shown large.

/** @typedef {import('./types.js').RoomState} RoomState */
/** @typedef {'mic'|'camera'|'screen'|'sound'} TrackKind */
/** @typedef {{track: string, session: string, kind: TrackKind, codec?: string}} Track  as the server tells
 * it */
/** @typedef {Record<string, Track>} Tracks */
/** @typedef {Pick<RoomState, 'mode'|'tracks'|'speaker'|'large'>} GroupPart */

/** @type {GroupPart} */
export const DIRECT = { mode: 'direct', tracks: {}, speaker: null, large: null };

/** @param {readonly Track[]} [list] @returns {Tracks} */
const byId = (list = []) => Object.fromEntries(list.map((t) => [t.track, t]));

/** @param {any} joined  of the server @param {GroupPart} [before] @returns {GroupPart} */
export const groupOf = ({ mode = 'direct', tracks }, before) => ({
  mode, tracks: mode === 'group' ? byId(tracks) : {}, speaker: null, large: before?.large ?? null,
});

/** @param {RoomState} r @param {any} e  group_mode, group_track or group_speaker @returns {RoomState} */
export function groupEvent(r, e) {
  switch (e.type) {
    case 'group_mode': return { ...r, mode: e.mode, tracks: e.mode === 'group' ? byId(e.tracks) : r.tracks, speaker: null };
    case 'group_speaker': return r.speaker === e.session ? r : { ...r, speaker: e.session ?? null };
    case 'group_track': {
      const tracks = { ...r.tracks };
      if (e.on) tracks[e.track.track] = e.track;
      else delete tracks[e.track.track];
      return { ...r, tracks };
    }
    default: return r;
  }
}

/** What somebody publishes. @param {Tracks} tracks @param {string} session */
export const tracksOf = (tracks, session) => Object.values(tracks).filter((t) => t.session === session);

/**
 * Who is shown large, and who would like to be, since when (ms).
 * @typedef {{session: string | null, since: number, next: string | null, nextSince: number}} Large
 */
/** @type {Large} */
export const NOBODY = { session: null, since: -Infinity, next: null, nextSince: 0 };

const SPOKE_MS = 1000;
const STAYS_MS = 3000;

/**
 * Whoever has spoken for a while takes the place, unless it was given away just now.
 * @param {Large} large
 * @param {string | null} speaker  who speaks now, oneself left out
 * @param {(session: string) => boolean} present
 * @param {number} now  ms
 * @returns {Large}
 */
export function largeNext(large, speaker, present, now) {
  let l = large.session && !present(large.session) ? { ...large, session: null } : large;
  if (!speaker || speaker === l.session) return l.next ? { ...l, next: null } : l;
  if (l.next !== speaker) l = { ...l, next: speaker, nextSince: now };
  const ripe = !l.session || (now - l.nextSince >= SPOKE_MS && now - l.since >= STAYS_MS);
  return ripe ? { session: speaker, since: now, next: null, nextSince: now } : l;
}
