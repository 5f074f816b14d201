// A modal dialog on <dialog>: the browser keeps the focus inside and makes the rest inert; this adds
// the name, the close button, a click on the backdrop, and the way back to what had the focus.
import { html, useLayoutEffect, useRef } from '../../vendor/htm-preact.js';
import { Icon } from './icon.js';
import { useApp, useUid } from '../context.js';

/**
 * @param {{ title: string, onClose?: () => void, wide?: boolean, name?: string, children?: any }} props
 * Without onClose the dialog has to be answered: no close button, Escape does nothing.
 */
export function Dialog({ title, onClose, wide = false, name = '', children }) {
  const { t } = useApp();
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useUid();
  useLayoutEffect(() => { // at once: what is pressed next is meant for it
    const dialog = ref.current;
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    if (dialog && !dialog.open) dialog.showModal();
    const first = /** @type {HTMLElement | null | undefined} */ (dialog?.querySelector('[data-first]'));
    first?.focus();
    return () => {
      dialog?.close();
      // What opened the dialog may be gone (a menu item); its menu's button then is the nearest.
      if (before?.isConnected) before.focus();
    };
  }, []);
  const cancel = (/** @type {Event} */ e) => {
    e.preventDefault();
    onClose?.();
  };
  const outside = (/** @type {MouseEvent} */ e) => {
    if (e.target === ref.current) onClose?.();
  };
  return html`<dialog ref=${ref} class=${`dialog ${wide ? 'wide' : ''}`} data-dialog=${name} aria-labelledby=${id}
      onCancel=${cancel} onMouseDown=${outside}>
    <div class="dialog-head">
      <h2 id=${id}>${title}</h2>
      ${onClose && html`<button type="button" class="icon-btn" aria-label=${t('close')} onClick=${onClose}>
        <${Icon} name="close" /></button>`}
    </div>
    <div class="dialog-body">${children}</div>
  </dialog>`;
}
