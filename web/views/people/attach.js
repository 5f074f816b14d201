// Ways for files into a message: a button (on phones also the camera and the gallery), dropped, pasted.
import { html, useRef, useState } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { Icon } from '../ui/icon.js';
import { Menu } from '../ui/menu.js';

/** @param {{ conv: string, done: () => void }} props */
export function AttachButton({ conv, done }) {
  const { act, t } = useApp();
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const ask = (/** @type {string} */ accept, camera = false) => () => {
    const el = input.current;
    if (!el) return;
    el.accept = accept;
    if (camera) el.setAttribute('capture', 'environment');
    else el.removeAttribute('capture');
    el.click();
  };
  const picked = (/** @type {{ currentTarget: HTMLInputElement }} */ e) => {
    act.convs.attach(conv, [...e.currentTarget.files ?? []]);
    e.currentTarget.value = '';
    done();
  };
  const items = [{ text: t('attach.gallery'), icon: 'picture', key: 'gallery', run: ask('image/*,video/*') },
    { text: t('attach.camera'), icon: 'cam', key: 'camera', run: ask('image/*', true) },
    { text: t('attach.file'), icon: 'file', key: 'file', run: ask('') }];
  return html`${matchMedia('(pointer: coarse)').matches ? html`<${Menu} items=${items} label=${t('attach.add')} place="up start" name="attach"><${Icon} name="clip" /><//>`
    : html`<button type="button" class="icon-btn" data-act="attach" aria-label=${t('attach.add')} title=${t('attach.add')} onClick=${ask('')}><${Icon} name="clip" /></button>`}
    <input type="file" hidden multiple ref=${input} data-attach-input tabindex="-1" onChange=${picked} />`;
}

/** Files of a clipboard. Programs that copy text put a picture of it beside: then the text is meant.
 * @param {ClipboardEvent} e @returns {File[]} */
export function pastedFiles({ clipboardData }) {
  if (!clipboardData || clipboardData.types.includes('text/plain')) return [];
  return [...clipboardData.files];
}

/** @param {DataTransfer} data @returns {{files: File[], folders: string[]}} */
function droppedFiles(data) {
  const entries = [...data.items].map((i) => i.webkitGetAsEntry?.() ?? null);
  const folders = entries.filter((e) => e?.isDirectory).map((e) => e?.name ?? '');
  return { files: [...data.files].filter((f) => !folders.includes(f.name)), folders };
}

/** What a conversation needs to take what is dropped on it; `over`: something is held above it.
 * @param {string} conv @param {boolean} open  one may write here */
export function useDrop(conv, open) {
  const { act } = useApp();
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const has = (/** @type {DragEvent} */ e) => open && !!e.dataTransfer?.types.includes('Files');
  const move = (/** @type {number} */ by) => (/** @type {DragEvent} */ e) => {
    if (!has(e)) return;
    e.preventDefault();
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  };
  const drop = (/** @type {DragEvent} */ e) => {
    if (!has(e)) return;
    e.preventDefault();
    depth.current = 0;
    setOver(false);
    const { files, folders } = droppedFiles(/** @type {DataTransfer} */ (e.dataTransfer));
    act.convs.attach(conv, files, folders);
  };
  return { over, on: { onDragEnter: move(1), onDragOver: move(0), onDragLeave: move(-1), onDrop: drop } };
}
