// Which name to show for whom. Two people in view with the same name (NFC, letters folded) are told
// apart by their tag, the last four characters of their session's id.

/** @typedef {{ session: string, name: string }} Named */

/** What makes two names the same. @param {string} name */
export const foldName = (name) => name.normalize('NFKC').toLocaleLowerCase('und').replace(/\s+/gu, ' ').trim();

/** @param {string} session */
export const tagOf = (session) => session.slice(-4);

/** The names to show, by session. @param {Iterable<Named>} people @returns {Map<string, string>} */
export function shownNames(people) {
  const list = [...people];
  const seen = new Map();
  for (const p of list) seen.set(foldName(p.name), (seen.get(foldName(p.name)) ?? 0) + 1);
  return new Map(list.map((p) => [p.session,
    seen.get(foldName(p.name)) > 1 ? `${p.name} #${tagOf(p.session)}` : p.name]));
}

const NAMED = 2;

/** What a call is called: the others by name, or how many are in it.
 * @param {{ name: string, self: boolean }[]} people
 * @param {string} first  the other one while nobody else is there
 * @param {import('../i18n/index.js').Translate} t */
export function callTitle(people, first, t) {
  const others = people.filter((p) => !p.self);
  if (others.length > NAMED) return t('call.people', { count: people.length });
  return others.length < 2 ? first : others.map((p) => p.name).join(', ');
}

const segmenter = typeof Intl !== 'undefined' && 'Segmenter' in Intl
  ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null;

/** @param {string} word @returns {string} the first character that a person would count as one */
function firstLetter(word) {
  if (segmenter) for (const s of segmenter.segment(word)) return s.segment;
  return [...word][0] ?? '';
}

/** One or two letters for a face. @param {string} name */
export function initials(name) {
  const words = name.trim().split(/[\s._-]+/u).filter(Boolean);
  if (words.length === 0) return '?';
  const first = firstLetter(words[0]);
  if (words.length === 1 || !/^\p{Script=Latin}/u.test(first)) return first.toLocaleUpperCase('und');
  const last = firstLetter(words[words.length - 1]);
  return (first + (/^[\p{L}\p{N}]/u.test(last) ? last : '')).toLocaleUpperCase('und');
}

/** A colour number (0-7) that stays with the session. @param {string} session */
export function faceColour(session) {
  let h = 0;
  for (let i = 0; i < session.length; i++) h = (h * 31 + session.charCodeAt(i)) >>> 0;
  return (h ^ (h >>> 7)) & 7;
}
