// The languages of the page. Texts are plain strings in ko.js and en.js:
//   {name}              the value, numbers in the way of the language
//   {count|one|other}   picks by the plural rules of the language (Korean never needs it)
import en from './en.js';
import ko from './ko.js';

/** @typedef {'ko' | 'en'} Lang */
/** @typedef {Record<string, string | number>} Params */
/** @typedef {(key: string, params?: Params) => string} Translate */

export const LANGS = /** @type {const} */ (['ko', 'en']);
const TABLES = /** @type {Record<Lang, Record<string, string>>} */ ({ ko, en });
const KEY = 'madang.lang';

/**
 * The stored choice, or the first of the browser's languages that the page speaks, or English.
 * @param {readonly string[]} languages  as navigator.languages
 * @param {string | null} [stored]
 * @returns {Lang}
 */
export function pickLang(languages, stored) {
  const wanted = [stored ?? '', ...languages].map((l) => l.toLowerCase().split('-')[0]);
  return LANGS.find((l) => l === wanted.find((w) => LANGS.some((k) => k === w))) ?? 'en';
}

/** The language of this page now. @returns {Lang} */
export function currentLang() {
  let stored = null;
  try {
    stored = localStorage.getItem(KEY);
  } catch { /* storage may be forbidden */ }
  return pickLang(typeof navigator === 'undefined' ? [] : navigator.languages ?? [navigator.language], stored);
}

/** @param {Lang} lang */
export function storeLang(lang) {
  try {
    localStorage.setItem(KEY, lang);
  } catch { /* then it holds for this page only */ }
}

/** @param {string} lang @param {string} key */
export const hasText = (lang, key) => key in TABLES[/** @type {Lang} */ (lang)];

/** @param {Lang} lang @returns {Translate} */
export function translator(lang) {
  const table = TABLES[lang];
  const numbers = new Intl.NumberFormat(lang);
  const plural = new Intl.PluralRules(lang);
  /** @param {string | number | undefined} v */
  const show = (v) => (typeof v === 'number' ? numbers.format(v) : v ?? '');
  return (key, params = {}) => {
    const text = table[key];
    if (text === undefined) return key;
    return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name, one, other) => {
      if (other === undefined) return String(show(params[name]));
      return plural.select(Number(params[name])) === 'one' ? one : other;
    });
  };
}
