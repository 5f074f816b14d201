// What cannot be taken back is asked about first, in words, where the button was.
import { html, useEffect, useRef } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';

/** @param {{ text: string, yes: string, name: string, run: () => void, cancel: () => void,
 *   danger?: boolean }} props */
export function Question({ text, yes, name, run, cancel, danger = true }) {
  const { t } = useApp();
  const no = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    no.current?.focus();
    return () => { if (before?.isConnected) before.focus(); };
  }, []);
  const key = (/** @type {KeyboardEvent} */ e) => {
    if (e.key !== 'Escape') return;
    e.preventDefault(); // the dialog around it stays
    e.stopPropagation();
    cancel();
  };
  return html`<div class="question" role="group" aria-label=${text} data-question=${name} onKeyDown=${key}>
    <p>${text}</p>
    <div class="question-do"><button type="button" class="btn" ref=${no} data-act="no" onClick=${cancel}>${t('cancel')}</button>
      <button type="button" class=${`btn ${danger ? 'danger' : 'primary'}`} data-act=${`${name}-go`} onClick=${() => { cancel(); run(); }}>${yes}</button></div>
  </div>`;
}
