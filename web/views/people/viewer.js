// The pictures of a conversation, large: by arrows, keys, fingers.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { clock, day } from '../format.js';
import { Icon } from '../ui/icon.js';
import { fileUrl, isShown, save } from './files.js';
import { WHOLE, useZoom, zoomed } from './zoom.js';

/** @typedef {import('../../domain/convs.js').Message} Message */
/** @typedef {import('../../domain/convs.js').FileRef} FileRef */
/** @typedef {{ f: FileRef, from: string, time: number }} Shown */

const MIDDLE = { x: 0, y: 0 };
const STEP = 1.5;

/** @param {Message[]} messages @returns {Shown[]} */
export const picturesOf = (messages) => messages.flatMap((m) => (m.deleted ? []
  : (m.files ?? []).filter(isShown).map((f) => ({ f, from: m.from, time: m.time }))));

/** @param {{ shown: Shown, wiped: (by: 1 | -1) => void }} props */
function Large({ shown: { f }, wiped }) {
  const { t } = useApp();
  const [state, setState] = useState('loading');
  const { zoom, setZoom, on } = useZoom({ wiped });
  const keys = (/** @type {KeyboardEvent} */ e) => {
    if (e.key === '+' || e.key === '=') setZoom((z) => zoomed(z, z.scale * STEP, MIDDLE));
    else if (e.key === '-') setZoom((z) => zoomed(z, z.scale / STEP, MIDDLE));
    else if (e.key === '0') setZoom(WHOLE);
  };
  useEffect(() => {
    addEventListener('keydown', keys);
    return () => removeEventListener('keydown', keys);
  }, []);
  const style = { transform: `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})` };
  return html`<div class="viewer-stage" ...${on} data-zoom=${zoom.scale > 1 ? 'in' : 'whole'} data-state=${state}>
    ${state === 'gone' ? html`<p class="viewer-gone" role="alert"><${Icon} name="warn" />${t('attach.gone')}</p>`
      : html`<img class="viewer-picture" src=${fileUrl(f)} alt=${f.name} style=${style} draggable=${false} onLoad=${() => setState('there')} onError=${() => setState('gone')} />`}
    ${state === 'loading' && html`<span class="spinner viewer-wait" aria-label=${t('attach.loading')}></span>`}
  </div>`;
}

/** @param {{ at: string, pictures: Shown[], who: (user: string) => string, turn: (file: string) => void,
 *   close: () => void }} props */
export function Viewer({ at, pictures, who, turn, close }) {
  const { t, lang } = useApp();
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const i = pictures.findIndex(({ f }) => f.file === at);
  const shown = pictures[i];
  useLayoutEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    const dialog = ref.current;
    dialog?.showModal();
    /** @type {HTMLElement | null | undefined} */ (dialog?.querySelector('[data-act=viewer-close]'))?.focus();
    return () => {
      dialog?.close(); // or what lies behind takes no focus
      if (before?.isConnected) before.focus();
    };
  }, []);
  useEffect(() => { if (!shown) close(); }, [!shown]);
  if (!shown) return null;
  const go = (/** @type {1 | -1} */ by) => { if (pictures[i + by]) turn(pictures[i + by].f.file); };
  const key = (/** @type {KeyboardEvent} */ e) => {
    if (e.key === 'ArrowLeft') go(-1);
    else if (e.key === 'ArrowRight') go(1);
  };
  const cancel = (/** @type {Event} */ e) => {
    e.preventDefault();
    close();
  };
  const { f } = shown;
  const said = `${who(shown.from)} · ${day(shown.time, lang)} ${clock(shown.time, lang)}`;
  return html`<dialog class="viewer" ref=${ref} data-viewer=${f.file} aria-label=${f.name} onCancel=${cancel} onKeyDown=${key}>
    <header class="viewer-head"><p class="grow viewer-words"><b class="cut" dir="auto">${f.name}</b><span class="small cut">${said}</span></p>
      <p class="small tnum viewer-count" role="status">${pictures.length > 1 ? t('attach.count', { at: i + 1, all: pictures.length }) : ''}</p>
      <button type="button" class="icon-btn" data-act="viewer-save" aria-label=${t('attach.save_short')} title=${t('attach.save_short')} onClick=${() => save(fileUrl(f), f.name)}><${Icon} name="download" /></button>
      <button type="button" class="icon-btn" data-act="viewer-close" aria-label=${t('close')} title=${t('close')} onClick=${close}><${Icon} name="close" /></button></header>
    <${Large} key=${f.file} shown=${shown} wiped=${go} />
    ${i > 0 && html`<button type="button" class="icon-btn viewer-turn before" data-act="viewer-before" aria-label=${t('attach.before')} title=${t('attach.before')} onClick=${() => go(-1)}><${Icon} name="back" /></button>`}
    ${i < pictures.length - 1 && html`<button type="button" class="icon-btn viewer-turn after" data-act="viewer-after" aria-label=${t('attach.after')} title=${t('attach.after')} onClick=${() => go(1)}><${Icon} name="forward" /></button>`}
  </dialog>`;
}
