// Two ways to the others: directly, and over the server. The server says which one a room has (its mode);
// each
// person is moved when what they send has begun to arrive on the new way, and the old one goes when both have
// moved. Pure: from what is known to what is to be done.

/** @typedef {'direct'|'group'} Way */
/**
 * One of the others. way: over which one is seen; theirs: which one they have said that they use; ready:
 * whether what they send arrives there; held: there is a direct connection.
 * @typedef {{session: string, way: Way | null, theirs: Way | null, ready: Record<Way, boolean>,
 *   held: boolean}} Between
 */
/** @typedef {{use: {session: string, way: Way}[], drop: string[], closeGroup: boolean}} Moves */

/** After this long the old way goes though the other side has not said that it has moved, too. */
export const PATIENCE_MS = 10_000;

/** @type {(way: Way) => Way} */
const otherWay = (way) => (way === 'direct' ? 'group' : 'direct');

/** Whoever does not arrive on the new way stays on the old one for as long as there is one.
 * @param {Between} p @param {Way} mode @returns {Way} */
function wayOf(p, mode) {
  if (p.ready[mode]) return mode;
  const other = otherWay(mode);
  return p.way ?? (p.ready[other] ? other : mode);
}

/**
 * @param {Way} mode  of the room
 * @param {number} ms  how long it has been so
 * @param {readonly Between[]} people  that are present
 * @returns {Moves}
 */
export function moves(mode, ms, people) {
  const late = ms >= PATIENCE_MS;
  const after = people.map((p) => ({ ...p, now: wayOf(p, mode) }));
  const use = after.flatMap(({ session, way, now }) => (now !== way ? [{ session, way: now }] : []));
  const moved = (/** @type {typeof after[0]} */ p) => p.now === mode && (p.theirs === mode || late);
  const drop = mode === 'group' ? after.filter((p) => p.held && moved(p)).map((p) => p.session) : [];
  const closeGroup = mode === 'direct' && after.every((p) => moved(p) || (p.now === mode && p.way === null));
  return { use, drop, closeGroup };
}

const USES = 'a=madang-uses:';

/** What tells somebody which way one uses. @param {Way} way */
export const toUses = (way) => `${USES}${way}\r\n`;

/** @param {string} body @returns {Way | null} null: it says something else */
export function fromUses(body) {
  const way = body.startsWith(USES) ? body.slice(USES.length).trim() : '';
  return way === 'direct' || way === 'group' ? way : null;
}
