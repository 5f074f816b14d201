// What a message has with it: pictures, shown with their room kept free, and other files, to be saved.
import { html, useState } from '../../vendor/htm-preact.js';
import { size } from '../format.js';
import { Icon } from '../ui/icon.js';

/** @typedef {import('../../domain/convs.js').FileRef} FileRef */
/** @typedef {import('./said.js').Around} Around */

/** What the server shows, and nothing else. */
const SHOWN = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif']);
const ONE_W = 320;
const ONE_H = 380;
const ONE_MIN = 120;

/** @param {FileRef} f */
export const isShown = (f) => SHOWN.has(f.mime) && !!f.width && !!f.height;

/** @param {FileRef} f */
export const fileUrl = (f) => `/api/file/${f.file}`;

/** A moving picture moves in the conversation, too. @param {FileRef} f */
const smallUrl = (f) => (f.thumb && f.mime !== 'image/gif' ? `${fileUrl(f)}/thumb` : fileUrl(f));

/** How large a picture stands alone. @param {number} width @param {number} height */
export function room(width, height) {
  const part = Math.min(1, ONE_W / width, ONE_H / height);
  const wide = Math.max(ONE_MIN, Math.round(width * part));
  return { width: wide, height: Math.max(ONE_MIN / 2, Math.round(height * part)) };
}

/** As a style: what comes later moves nothing. @param {number} [w] @param {number} [h] */
export function roomFor(w, h) {
  if (!w || !h) return {};
  const { width, height } = room(w, h);
  return { width: `${width}px`, aspectRatio: `${width} / ${height}` };
}

const SIGNS = /** @type {const} */ ([[/^image\//, 'picture'], [/^video\//, 'cam'], [/^audio\//, 'speaker'],
  [/zip|compressed|x-tar|x-7z|rar/, 'box']]);

/** @param {string} mime */
export const signOf = (mime) => SIGNS.find(([of]) => of.test(mime))?.[1] ?? 'file';

/** @param {{ f: FileRef, alone: boolean, around: Around }} props */
function Picture({ f, alone, around }) {
  const { t, view } = around;
  const [failed, setFailed] = useState(false);
  const gone = f.gone || failed;
  const style = alone ? roomFor(f.width, f.height) : {};
  if (gone) return html`<p class="picture-gone" style=${style} data-file-gone=${f.file}><${Icon} name="warn" size="s" />${t('attach.gone')}</p>`;
  return html`<button type="button" class="picture" style=${style} data-picture=${f.file} aria-label=${t('attach.open', { name: f.name })} onClick=${() => view(f.file)}>
    <img src=${smallUrl(f)} alt="" width=${f.width} height=${f.height} loading="lazy" decoding="async" onError=${() => setFailed(true)} /></button>`;
}

/** Asked for before it is saved: what is not there any more is said here, not by a page of the browser.
 * @param {string} url @returns {Promise<'there'|'gone'|'lost'>} */
export async function lookFor(url) {
  try {
    const r = await fetch(url, { method: 'HEAD', credentials: 'same-origin', cache: 'no-store' });
    return r.ok ? 'there' : r.status === 404 ? 'gone' : 'lost';
  } catch {
    return 'lost';
  }
}

/** @param {string} url @param {string} name */
export function save(url, name) {
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
}

/** @param {{ f: FileRef, around: Around }} props */
function Document({ f, around }) {
  const { t, lang } = around;
  const [found, setState] = useState('');
  const state = f.gone ? 'gone' : found;
  const get = async () => {
    const is = await lookFor(fileUrl(f));
    setState(is);
    if (is === 'there') save(fileUrl(f), f.name);
  };
  return html`<button type="button" class="doc" data-doc=${f.file} disabled=${state === 'gone'} aria-label=${t('attach.save', { name: f.name, size: size(f.size, lang) })} onClick=${get}>
    <span class="file-sign"><${Icon} name=${signOf(f.mime)} /></span>
    <span class="doc-words"><b class="cut" dir="auto">${f.name}</b><span class="small soft" role="status">${state === 'gone' ? t('attach.gone') : state === 'lost' ? t('error.lost') : size(f.size, lang)}</span></span>
    <${Icon} name="download" /></button>`;
}

/** @param {{ files: FileRef[], around: Around }} props */
export function Files({ files, around }) {
  const pictures = files.filter(isShown);
  const others = files.filter((f) => !isShown(f));
  return html`${pictures.length > 0 && html`<div class=${`pictures ${pictures.length > 1 ? 'many' : ''}`}>${pictures.map((f) =>
    html`<${Picture} key=${f.file} f=${f} alone=${pictures.length === 1} around=${around} />`)}</div>`}
    ${others.map((f) => html`<${Document} key=${f.file} f=${f} around=${around} />`)}`;
}
