// The little markup that messages may have: **bold**, *italic* or _italic_, `code`, ``` for whole lines of
// it, and links. Text is cut into pieces that the view makes nodes of: nothing is ever read as HTML.
import { Component, html } from '../../vendor/htm-preact.js';
import { linkify } from '../linkify.js';

/** @typedef {{ kind: 'text' | 'bold' | 'italic' | 'code' | 'block' | 'mention', text: string }
 *   | { kind: 'link', text: string, href: string }} Piece */

const CODE = /```\n?([^]{1,4000}?)\n?```|`([^`\n]{1,1000})`/gu;
const WORDS = /(?<![\p{L}\p{N}*])\*\*(?!\s)([^*\n]{1,500})(?<!\s)\*\*(?!\*)|(?<![\p{L}\p{N}*])\*(?![\s*])([^*\n]{1,500})(?<!\s)\*(?![\p{L}\p{N}*])|(?<![\p{L}\p{N}_])_(?![\s_])([^_\n]{1,500})(?<!\s)_(?![\p{L}\p{N}_])|(?<![\p{L}\p{N}@./_-])@([\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{2,31})/gu;

/** Pieces of `text` at the matches of `pattern`, and what lies between by `rest`.
 * @param {string} text @param {RegExp} pattern @param {(m: RegExpMatchArray) => Piece | null} made
 * @param {(text: string) => Piece[]} rest @returns {Piece[]} */
function cut(text, pattern, made, rest) {
  /** @type {Piece[]} */
  const out = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    const piece = made(match);
    if (!piece) continue;
    const start = match.index ?? 0;
    if (start > at) out.push(...rest(text.slice(at, start)));
    out.push(piece);
    at = start + match[0].length;
  }
  if (at < text.length) out.push(...rest(text.slice(at)));
  return out;
}

/** @param {string} text @param {boolean} mentions @returns {Piece[]} */
const words = (text, mentions) => cut(text, WORDS, ([, bold, star, line, name]) => {
  if (name) return mentions ? { kind: 'mention', text: `@${name}` } : null;
  return bold ? { kind: 'bold', text: bold } : { kind: 'italic', text: star ?? line };
}, (rest) => [{ kind: 'text', text: rest }]);

/** @param {string} text @param {boolean} [mentions]  somebody is mentioned in it @returns {Piece[]} */
export function markdown(text, mentions = false) {
  return cut(text, CODE, ([, block, code]) => (block ? { kind: 'block', text: block } : { kind: 'code', text: code }),
    (rest) => linkify(rest).flatMap((p) => (p.href ? [{ kind: /** @type {const} */ ('link'), text: p.text, href: p.href }] : words(p.text, mentions))));
}

/** In one line, as it stands in lists: without the marks. @param {string} text */
export const plain = (text) => markdown(text).map((p) => p.text).join('').replace(/\s+/gu, ' ').trim();

/** @param {Piece} p */
function node(p) {
  switch (p.kind) {
    case 'bold': return html`<strong>${p.text}</strong>`;
    case 'italic': return html`<em>${p.text}</em>`;
    case 'code': return html`<code>${p.text}</code>`;
    case 'block': return html`<code class="block">${p.text}</code>`;
    case 'mention': return html`<span class="mention">${p.text}</span>`;
    case 'link': return html`<a href=${p.href} target="_blank" rel="noopener noreferrer nofollow">${p.text}</a>`;
    default: return p.text;
  }
}

/** Drawn again only when the text changes: a long conversation has many. */
export class Marked extends Component {
  /** @override @param {{ text: string, mentions?: boolean }} next */
  shouldComponentUpdate(next) {
    const now = /** @type {any} */ (this.props);
    return next.text !== now.text || !!next.mentions !== !!now.mentions;
  }

  /** @override */
  render() {
    const { text, mentions } = /** @type {any} */ (this.props);
    return markdown(text, !!mentions).map(node);
  }
}
