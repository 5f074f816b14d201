// Times, sizes and the lines of a chat, without any view.

/** @typedef {import('../domain/types.js').ChatItem} ChatItem */
/** @typedef {import('../domain/types.js').FileState} FileState */
/** @typedef {{ kind: 'words', id: string, first: ChatItem, items: ChatItem[], whisper: boolean }
 *   | { kind: 'notice', id: string, item: ChatItem } | { kind: 'file', id: string, file: FileState }
 *   | { kind: 'day', id: string, time: number }} Line */

const TOGETHER_MS = 5 * 60_000;

/** @param {number} time @param {string} lang */
export const clock = (time, lang) => new Date(time).toLocaleTimeString(lang, { hour: 'numeric', minute: '2-digit' });

/** @param {number} time @param {string} lang */
export const day = (time, lang) => new Date(time).toLocaleDateString(lang, { month: 'long', day: 'numeric', weekday: 'long' });

/** @param {number} bytes @param {string} lang */
export function size(bytes, lang) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let n = bytes;
  let u = 0;
  while (n >= 1000 && u < units.length - 1) {
    n /= 1000;
    u++;
  }
  return `${new Intl.NumberFormat(lang, { maximumFractionDigits: u > 0 && n < 10 ? 1 : 0 }).format(n)} ${units[u]}`;
}

/** @param {FileState} f @returns {number} seconds that are left, or 0 */
export const secondsLeft = (f) => (f.rate > 0 ? Math.ceil((f.size - f.moved) / f.rate) : 0);

/** @param {number} a @param {number} b */
const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

/** @param {ChatItem} a @param {ChatItem} b */
const together = (a, b) => a.kind === b.kind && a.from === b.from && a.own === b.own && a.to === b.to
  && b.time - a.time < TOGETHER_MS;

/**
 * Messages and files in one order, one person's messages that belong together as one block, and a line
 * where a day begins.
 * @param {ChatItem[]} chat @param {FileState[]} files @returns {Line[]}
 */
export function linesOf(chat, files) {
  const all = [...chat.map((c) => ({ time: c.time, item: c, file: null })),
    ...files.map((f) => ({ time: f.time, item: null, file: f }))];
  if (files.length > 0) all.sort((a, b) => a.time - b.time);
  /** @type {Line[]} */
  const lines = [];
  let before = 0;
  for (const { time, item, file } of all) {
    if (before && !sameDay(before, time)) lines.push({ kind: 'day', id: `day${time}`, time });
    before = time;
    const last = lines[lines.length - 1];
    if (file) lines.push({ kind: 'file', id: file.id, file });
    else if (item.kind === 'notice') lines.push({ kind: 'notice', id: item.id, item });
    else if (last?.kind === 'words' && together(last.items[last.items.length - 1], item)) last.items.push(item);
    else lines.push({ kind: 'words', id: item.id, first: item, items: [item], whisper: item.kind === 'whisper' });
  }
  return lines;
}

const UNITS = /** @type {const} */ ([['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]]);

/** "7 days". @param {number} seconds @param {string} lang */
export function duration(seconds, lang) {
  const [unit, of] = UNITS.find(([, of]) => seconds >= of && seconds % of === 0) ?? UNITS[3];
  return new Intl.NumberFormat(lang, { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / of);
}
