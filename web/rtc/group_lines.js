// Which line of the connection to the server carries which track. Lines that receive are a pool: made several
// at once, since that takes an offer, and given from one track to another without one.

/** @typedef {'audio'|'video'} Kind */
/**
 * Something that is wanted: the most important first. width and height: device pixels as it is shown, 0 is
 * paused (the line is kept). together: the same for sound and picture that belong to each other.
 * @typedef {{track: string, kind: Kind, width: number, height: number, priority: Priority,
 *   together?: string}} Want
 */
/** @typedef {'pinned'|'speaker'|'screen'|'visible'|'thumbnail'} Priority */
/** What a line carries; `freed`: when it was left, for the longest idle one to be taken first.
 * @typedef {{kind: Kind, track: string | null, freed: number}} Line */

/** More than these are not made: descriptions have an end, and so has what one can look at. */
export const MOST = /** @type {const} */ ({ audio: 18, video: 24 });
/** New lines are made this many at once. */
const STEP = 4;

/**
 * Gives lines to what is wanted. Whoever has a line keeps it as long as it is wanted; then lines that are
 * free, the longest idle one first (what still arrives of the former track is the less). Browsers keep lips
 * and voices together where sound and picture come on lines of the same place among their kind (the server
 * names these as one stream): so that line comes first, then one whose counterpart is free as well.
 * @param {readonly Line[]} lines
 * @param {readonly Want[]} wants
 * @param {number} now
 * @returns {{lines: Line[], short: {audio: number, video: number}}}  short: how many lines to make
 */
export function assign(lines, wants, now) {
  const kept = wants.filter(within());
  const wanted = new Set(kept.map((w) => w.track));
  const left = (/** @type {Line} */ l) => !!l.track && !wanted.has(l.track);
  const out = lines.map((l) => (left(l) ? { ...l, track: null, freed: now } : { ...l }));
  const has = new Set(out.map((l) => l.track));
  const together = new Map(kept.map((w) => [w.track, w.together]));
  const short = { audio: 0, video: 0 };
  for (const w of kept) {
    if (has.has(w.track)) continue;
    const free = out.filter((l) => l.kind === w.kind && !l.track).sort((a, b) => a.freed - b.freed);
    const beside = (/** @type {Line} */ l) => counterpart(out, l)?.track ?? '';
    const fits = free.find((l) => together.get(beside(l)) === w.together) ?? free.find((l) => !beside(l));
    const line = (w.together && fits) || free[0];
    if (line) line.track = w.track;
    else short[w.kind]++;
  }
  return { lines: out, short: { audio: step(out, 'audio', short.audio), video: step(out, 'video', short.video) } };
}

/** The line of the other kind at the same place. @param {readonly Line[]} lines @param {Line} line */
function counterpart(lines, line) {
  const at = lines.filter((l) => l.kind === line.kind).indexOf(line);
  return lines.filter((l) => l.kind !== line.kind)[at];
}

/** Up to as many of a kind as there may be lines. @returns {(w: Want) => boolean} */
function within() {
  const left = { ...MOST };
  return (w) => left[w.kind]-- > 0;
}

/** @param {readonly Line[]} lines @param {Kind} kind @param {number} need */
function step(lines, kind, need) {
  if (need <= 0) return 0;
  const have = lines.filter((l) => l.kind === kind).length;
  return Math.min(MOST[kind] - have, Math.ceil(need / STEP) * STEP);
}

/**
 * What the server is to be told of the lines: only what is other than it was told before.
 * @param {readonly {mid: string, kind: Kind, track: string | null}[]} lines  that the server knows
 * @param {readonly Want[]} wants
 * @param {ReadonlyMap<string, string>} told  mid -> what was said of it
 */
export function wishes(lines, wants, told) {
  const by = new Map(wants.map((w) => [w.track, w]));
  return lines.map(({ mid, track }) => {
    const { width = 0, height = 0, priority = 'thumbnail' } = (track && by.get(track)) || {};
    return { mid, track, width, height, priority };
  }).filter((w) => told.get(w.mid) !== JSON.stringify(w));
}
