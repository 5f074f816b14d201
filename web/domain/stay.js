// Rooms that stay, beside their conversations: the links that lead into one's own, and the public ones that
// anybody here may join.

/** @typedef {import('./types.js').Action} Action */
/** @typedef {{key: string, uses_left: number, created: number, expires: number, by: string}} RoomLink */
/** @typedef {import('./convs.js').PublicRoom} PublicRoom */
/**
 * `seq` tells which answer belongs to the last question.
 * @typedef {{query: string, list: PublicRoom[], next: string | null, busy: boolean, loaded: boolean,
 *   error: string | null, seq: number}} PublicRooms
 */
/** What leads into a room. @typedef {{link: string} | {conv: string}} WayIn */
/** `locked`: the room behind it wants a password.
 * @typedef {{links: Record<string, RoomLink[]>, open: PublicRooms, locked: WayIn | null}} StayState */

/** @type {PublicRooms} */
const OPEN = { query: '', list: [], next: null, busy: false, loaded: false, error: null, seq: 0 };

/** @type {StayState} */
export const STAY = { links: {}, open: OPEN, locked: null };

/** @param {PublicRooms} o @param {Action} a @returns {PublicRooms} */
function open(o, a) {
  if (a.type === 'stay/asking') return { ...o, query: a.query, busy: true, error: null, seq: a.seq };
  if (a.seq !== o.seq) return o;
  if (a.type === 'stay/failed') return { ...o, busy: false, error: a.error };
  const before = a.more ? o.list : [];
  const known = new Set(before.map((r) => r.conv));
  const fresh = a.rooms.filter((/** @type {PublicRoom} */ r) => !known.has(r.conv));
  return { ...o, busy: false, loaded: true, error: null, list: [...before, ...fresh], next: a.next ?? null };
}

/** @param {StayState} s @param {Action} a @returns {StayState} */
export function stayReducer(s, a) {
  switch (a.type) {
    case 'stay/asking': case 'stay/found': case 'stay/failed': return { ...s, open: open(s.open, a) };
    case 'stay/links': return { ...s, links: { ...s.links, [a.conv]: a.links } };
    case 'stay/locked': return { ...s, locked: a.way };
    case 'account/gone': return STAY;
    default: return s;
  }
}

/** How long a room may keep messages, shortest first; 0: as the server does.
 * @param {number} server  how long it does (0: for ever) @param {number} now  what the room has (0: nothing)
 * @returns {number[]} seconds */
export function retentions(server, now) {
  const DAY = 86_400;
  const known = [DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];
  const all = now && !known.includes(now) ? [...known, now].sort((a, b) => a - b) : known;
  return [...all.filter((s) => !server || s < server || s === now), 0];
}

/** What a room is to those outside. @param {{public: boolean, unlisted?: boolean}} room
 * @returns {'public' | 'unlisted' | 'private'} */
export const kindOf = (room) => (room.public ? 'public' : room.unlisted ? 'unlisted' : 'private');
