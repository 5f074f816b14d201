// check-i18n.mjs [WEB]: web/i18n/ko.js and en.js have the same keys, with the same placeholders, no
// empty text, and every key that the page names in t('...') exists.
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const web = resolve(process.argv[2] ?? 'web');
let problems = 0;
/** @param {string} text */
const say = (text) => { problems++; console.log(text); };

/** @param {string} lang @returns {Promise<Record<string, any>>} */
async function load(lang) {
  const module = await import(pathToFileURL(join(web, 'i18n', `${lang}.js`)).href);
  return flatten(module.default ?? module[lang] ?? module.messages);
}

/** Nested tables become dotted keys. @param {any} table @returns {Record<string, any>} */
function flatten(table, prefix = '', /** @type {Record<string, any>} */ out = {}) {
  for (const [key, value] of Object.entries(table)) {
    if (value && typeof value === 'object' && !Array.isArray(value)) flatten(value, `${prefix}${key}.`, out);
    else out[prefix + key] = value;
  }
  return out;
}

/** @param {any} value */
const placeholders = (value) => (String(value).match(/\{\w+\}/g) ?? []).sort().join(' ');

/** @param {string} dir @returns {string[]} */
const walk = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
  e.isDirectory() ? walk(join(dir, e.name)) : [join(dir, e.name)]);

const [ko, en] = await Promise.all([load('ko'), load('en')]);
for (const key of Object.keys(ko)) if (!(key in en)) say(`en.js lacks ${key}`);
for (const key of Object.keys(en)) {
  if (!(key in ko)) { say(`ko.js lacks ${key}`); continue; }
  if (typeof ko[key] !== typeof en[key]) say(`${key}: ${typeof ko[key]} in ko, ${typeof en[key]} in en`);
  if (typeof en[key] === 'string' && new Set(placeholders(ko[key]).split(' ')).size !== new Set(placeholders(en[key]).split(' ')).size)
    say(`${key}: placeholders differ: ko "${placeholders(ko[key])}", en "${placeholders(en[key])}"`);
}
for (const [lang, table] of /** @type {const} */ ([['ko', ko], ['en', en]]))
  for (const [key, value] of Object.entries(table)) if (value === '') say(`${lang}.js: ${key} is empty`);
for (const file of walk(web).filter((f) => f.endsWith('.js') && !/\/(vendor|i18n)\//.test(f)))
  for (const m of readFileSync(file, 'utf8').matchAll(/\bt\('([\w.]+)'/g))
    if (!(m[1] in en)) say(`${file}: t('${m[1]}') is in no table`);
if (Object.keys(en).length === 0) say('no keys at all');
if (problems) process.exit(1);
console.log(`${Object.keys(en).length} keys in both languages`);
