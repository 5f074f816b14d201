// Keys in a room. They rest while somebody types, while a dialog or menu is open, and with Ctrl, Alt or
// the command key held.
import { composing } from './typing.js';

/** Key and what it does (`keys.WHAT`). @type {[string, string][]} */
export const KEYS = [['M', 'mic'], ['V', 'cam'], ['S', 'screen'], ['C', 'chat'], ['P', 'people'], ['H', 'hand'], ['L', 'link'],
  ['G', 'view'], ['PgUp', 'prev'], ['PgDn', 'next'], ['Esc', 'close'], ['?', 'help']];

/** Where letters are text. @param {EventTarget | null} target */
export function takesText(target) {
  const el = /** @type {Partial<HTMLElement> & { type?: string } | null} */ (target);
  if (!el?.tagName) return false;
  if (el.isContentEditable || el.tagName === 'TEXTAREA' || el.tagName === 'SELECT') return true;
  return el.tagName === 'INPUT' && !['checkbox', 'radio', 'button', 'range', 'file'].includes(el.type ?? 'text');
}

/** Where these keys scroll. @param {EventTarget | null} target */
const scrolls = (target) => !!(/** @type {Partial<HTMLElement> | null} */ (target)?.closest?.('.panel'));

/** The physical key counts, so that M is M under a Hangul layout too.
 *  @param {KeyboardEvent} e @returns {string | null} */
export function shortcutOf(e) {
  if (e.ctrlKey || e.altKey || e.metaKey || e.repeat || composing(e)) return null;
  if (e.key === 'Escape') return 'close';
  if (takesText(e.target)) return null;
  if (e.key === 'PageUp' || e.key === 'PageDown') return scrolls(e.target) ? null : e.key === 'PageUp' ? 'prev' : 'next';
  if (e.key === '?') return 'help';
  if (e.shiftKey) return null;
  const letter = /^Key([A-Z])$/.exec(e.code)?.[1] ?? e.key.toUpperCase();
  return KEYS.find(([key]) => key === letter)?.[1] ?? null;
}
