// What the page remembers for itself: language and theme, and how they reach the document.
import { storeLang } from '../i18n/index.js';

/** @typedef {import('./context.js').Theme} Theme */
/** @typedef {import('../i18n/index.js').Lang} Lang */

const KEY = 'madang.theme';

/** @returns {Theme} */
export function storedTheme() {
  try {
    const v = localStorage.getItem(KEY);
    if (v === 'light' || v === 'dark') return v;
  } catch { /* storage may be forbidden */ }
  return 'auto';
}

/** @param {Theme} theme */
export function applyTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  // The browser's own bar takes the colour of the page that is really shown.
  const paper = getComputedStyle(document.documentElement).getPropertyValue('--paper').trim();
  if (!paper) return;
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) meta.setAttribute('content', paper);
}

/** @param {Theme} theme */
export function keepTheme(theme) {
  try {
    if (theme === 'auto') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch { /* then it holds for this page only */ }
}

/** @param {Lang} lang */
export function keepLang(lang) {
  storeLang(lang);
}

/** @param {Lang} lang @param {string} title */
export function applyLang(lang, title) {
  document.documentElement.lang = lang;
  if (document.title !== title) document.title = title;
}

/** Which browser this is, as far as the way to its permission settings goes.
 *  @param {string} ua @param {number} touchPoints */
export function browserKind(ua, touchPoints) {
  const ios = /iPhone|iPad|iPod/.test(ua) || (/Macintosh/.test(ua) && touchPoints > 1);
  if (ios) return /CriOS|FxiOS|EdgiOS/.test(ua) ? 'ios-other' : 'ios-safari';
  if (/SamsungBrowser/.test(ua)) return 'samsung';
  if (/Firefox\//.test(ua)) return /Android/.test(ua) ? 'firefox-android' : 'firefox';
  if (/Edg\//.test(ua)) return 'edge';
  if (/Chrome\//.test(ua)) return /Android/.test(ua) ? 'chrome-android' : 'chrome';
  if (/Safari\//.test(ua)) return 'safari';
  return 'other';
}
