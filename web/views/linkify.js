// Finds the links in what people write. Only http and https count; the text is cut into pieces that
// the view turns into nodes, so nothing that anybody writes is ever read as markup.

/** @typedef {{ text: string, href?: string }} Piece */

const LINK = /\bhttps?:\/\/[^\s<>"'`｢｣「」『』()[\]{}]+(?:\([^\s<>"'`()]*\)[^\s<>"'`｢｣「」『』()[\]{}]*)*/giu;
const TRAILING = /[.,;:!?…。、，！？~*_'"]+$/u;
const MAX_LINKS = 50;

/** @param {string} candidate @returns {string | null} */
function address(candidate) {
  try {
    const url = new URL(candidate);
    // A user name in an address is there to make another host look like this one.
    return (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname && !url.username && !url.password
      ? url.href : null;
  } catch {
    return null;
  }
}

/** @param {string} text @returns {Piece[]} */
export function linkify(text) {
  /** @type {Piece[]} */
  const pieces = [];
  let at = 0;
  let links = 0;
  for (const match of text.matchAll(LINK)) {
    if (++links > MAX_LINKS) break;
    const candidate = match[0].replace(TRAILING, '');
    const href = address(candidate);
    if (!href) continue;
    const start = match.index ?? 0;
    if (start > at) pieces.push({ text: text.slice(at, start) });
    pieces.push({ text: candidate, href });
    at = start + candidate.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}
