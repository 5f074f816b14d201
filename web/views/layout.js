// How the stage lays out its tiles: a pure function from sizes to places, in CSS pixels.

/** @typedef {{ x: number, y: number, w: number, h: number }} Box */
/**
 * @typedef {object} Layout
 * @property {Box | null} big    the shared screen, or the one person when two are here
 * @property {Box[]} boxes       the other tiles, in order
 * @property {boolean} pip       the (only) box floats over the big one
 */

const GAP = 10;
const WIDEST = 16 / 9; // a camera tile is never wider
const FACE = 4 / 3;

/** The largest box of an allowed shape that fits.
 *  @param {number} w @param {number} h @param {number} tallest */
export function fit(w, h, tallest) {
  const r = Math.min(WIDEST, Math.max(tallest, w / Math.max(h, 1)));
  return w / r <= h ? { w, h: w / r } : { w: h * r, h };
}

/**
 * n tiles in rows; the last row is centred.
 * @param {number} n @param {Box} area
 * @param {number} [tallest]  width to height that a tile has at least: upright phones want tall ones
 * @returns {Box[]}
 */
export function grid(n, area, tallest = 1) {
  if (n === 0 || area.w <= 0 || area.h <= 0) return [];
  let best = { cols: 1, rows: n, w: 0, h: 0, size: -1 };
  for (let cols = 1; cols <= n; cols++) {
    const rows = Math.ceil(n / cols);
    const box = fit((area.w - GAP * (cols - 1)) / cols, (area.h - GAP * (rows - 1)) / rows, tallest);
    // What is wider than 4:3 shows more wall, not a larger face.
    const size = Math.min(box.w, box.h * FACE) * box.h;
    if (box.w > 0 && box.h > 0 && size > best.size + 1) best = { cols, rows, ...box, size };
  }
  const { cols, rows, w, h } = best;
  const top = area.y + (area.h - rows * h - (rows - 1) * GAP) / 2;
  return Array.from({ length: n }, (_, i) => {
    const row = Math.floor(i / cols);
    const inRow = row === rows - 1 ? n - row * cols : cols;
    const left = area.x + (area.w - inRow * w - (inRow - 1) * GAP) / 2;
    return round({ x: left + (i - row * cols) * (w + GAP), y: top + row * (h + GAP), w, h });
  });
}

/** @param {Box} b @returns {Box} */
const round = (b) => ({ x: Math.round(b.x), y: Math.round(b.y), w: Math.floor(b.w), h: Math.floor(b.h) });

/** Where the others are beside a big one: to the right (wide), or below (tall).
 * @param {number} w @param {number} h @returns {Box} */
function aside(w, h) {
  if (w >= h * 1.15) {
    const side = Math.round(Math.min(280, Math.max(120, w * 0.2)));
    return { x: w - side, y: 0, w: side, h };
  }
  const strip = Math.round(Math.min(180, Math.max(84, h * 0.2)));
  return { x: 0, y: h - strip, w, h: strip };
}

/**
 * One big, n beside it.
 * @param {number} n @param {number} w @param {number} h @returns {Layout}
 */
function spotlight(n, w, h) {
  if (n === 0) return { big: { x: 0, y: 0, w, h }, boxes: [], pip: false };
  const area = aside(w, h);
  const big = area.x ? { x: 0, y: 0, w: area.x - GAP, h } : { x: 0, y: 0, w, h: area.y - GAP };
  return { big, boxes: grid(n, area), pip: false };
}

/** More tiles than these are not looked at together, however large the screen is. */
const MOST = 20;

/**
 * How many tiles fit that are still worth looking at.
 * @param {{ spotlight: boolean, w: number, h: number, tall?: boolean }} o  spotlight: beside a big one
 */
export function capacity({ spotlight: beside, w, h, tall = false }) {
  const area = beside ? aside(w, h) : { x: 0, y: 0, w, h };
  const least = beside ? { w: 76, h: 64 } : w < 600 ? { w: 124, h: 96 } : { w: 190, h: 118 };
  for (let n = MOST; n > 1; n--) {
    const [box] = grid(n, area, tallestOf({ w, h, tall }));
    if (box && box.w >= least.w && box.h >= least.h) return n;
  }
  return 1;
}

/**
 * The people of one page. Oneself is on each of them, so that one always sees how one looks.
 * @template {{ self: boolean }} P
 * @param {readonly P[]} people @param {number} fit  how many on a page @param {number} page  from 0
 * @returns {{ shown: P[], pages: number, page: number }}
 */
export function pageOf(people, fit, page) {
  if (people.length <= fit) return { shown: [...people], pages: 1, page: 0 };
  const self = fit > 1 ? people.filter((p) => p.self) : [];
  const others = people.filter((p) => !self.includes(p));
  const each = fit - self.length;
  const pages = Math.ceil(others.length / each);
  const at = Math.min(Math.max(0, page), pages - 1);
  return { shown: [...others.slice(at * each, (at + 1) * each), ...self], pages, page: at };
}

/**
 * One person fills the stage, the other floats in the corner.
 * @param {number} w @param {number} h @returns {Layout}
 */
function pair(w, h) {
  const tall = h > w;
  const pw = Math.round(tall ? Math.min(150, w * 0.3) : Math.min(260, w * 0.22));
  const ph = Math.round(tall ? pw * 4 / 3 : pw * 9 / 16);
  const corner = { x: w - pw - GAP - 2, y: h - ph - GAP - 2, w: pw, h: ph };
  return { big: { x: 0, y: 0, w, h }, boxes: [corner], pip: true };
}

/** On an upright stage wide pictures are cut as far as they may be, so that four stand two by two.
 * @param {{ w: number, h: number, tall?: boolean }} o */
const tallestOf = (o) => (o.tall ? 9 / 16 : o.h > o.w ? 0.7 : 1);

/**
 * @param {{ tiles: number, screen: boolean, pair: boolean, w: number, h: number, tall?: boolean }} o
 * tiles: people with a small tile; screen: a screen, or somebody, is shown large; pair: two are here and may
 *   float; tall: most pictures stand upright.
 * @returns {Layout}
 */
export function stageLayout(o) {
  if (o.screen) return spotlight(o.tiles, o.w, o.h);
  if (o.pair && o.tiles === 2) return pair(o.w, o.h);
  return { big: null, boxes: grid(o.tiles, { x: 0, y: 0, w: o.w, h: o.h }, tallestOf(o)), pip: false };
}
