// Whom one may mean by what stands behind an @, while one writes it.
import { initialsOf } from './hangul.js';

/** @typedef {{user: string, name: string, display: string, avatar: number}} Named */

const SHOWN = 6;
const WORD = /(?<![\p{L}\p{N}@./_-])@([\p{L}\p{M}\p{N}._-]{0,32})$/u;

/** The @word that ends at `caret`. @param {string} text @param {number} caret
 * @returns {{from: number, word: string} | null} */
export function mentionAt(text, caret) {
  const found = WORD.exec(text.slice(0, caret));
  if (!found || /^[\p{L}\p{M}\p{N}._-]/u.test(text.slice(caret))) return null;
  return { from: found.index, word: found[1] };
}

/** In its smallest parts: 기, still being written, is the beginning of 김, and e that of é.
 * @param {string} s */
const fold = (s) => s.normalize('NFKD').toLocaleLowerCase('und');

/** How well somebody fits: 0 best, -1 not at all. By user name, any word of the display name, or the
 * initial consonants of a Korean one. @param {Named} p @param {string} word */
function fit(p, word) {
  const w = fold(word);
  const display = fold(p.display);
  if (fold(p.name).startsWith(w)) return 0;
  if (display.split(/\s+/u).some((part) => part.startsWith(w)) || display.startsWith(w)) return 1;
  return initialsOf(p.display).split(' ').some((part) => part.startsWith(word)) ? 2 : -1;
}

/** @template {Named} P @param {P[]} people @param {string} word @returns {P[]} */
export const mentioned = (people, word) => people.map((p) => ({ p, how: fit(p, word) }))
  .filter(({ how }) => how >= 0)
  .sort((a, b) => a.how - b.how || a.p.display.localeCompare(b.p.display, 'ko'))
  .slice(0, SHOWN).map(({ p }) => p);

/** The text with the @word made a whole name, and where the caret then is.
 * @param {string} text @param {{from: number, word: string}} at @param {string} name */
export function withMention(text, { from, word }, name) {
  const rest = text.slice(from + 1 + word.length);
  const put = `@${name}${rest.startsWith(' ') ? '' : ' '}`;
  return { text: text.slice(0, from) + put + rest, caret: from + put.length + (rest.startsWith(' ') ? 1 : 0) };
}
