// A menu button after the ARIA pattern: arrows, Home, End and first letters move, Escape and Tab close,
// and the focus goes back to the button.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../../vendor/htm-preact.js';
import { useUid } from '../context.js';
import { Icon } from './icon.js';

/**
 * @typedef {{ line: true } | { label: string } | {
 *   text: string, icon?: string, checked?: boolean, danger?: boolean, disabled?: boolean, run: () => void,
 *   key?: string,
 * }} MenuItem
 */

/** @param {{ item: MenuItem, close: () => void }} props */
function Item({ item, close }) {
  if ('line' in item) return html`<div class="menu-line" role="separator"></div>`;
  if ('label' in item) return html`<div class="menu-label" role="presentation">${item.label}</div>`;
  const choice = item.checked !== undefined;
  const click = () => {
    close();
    item.run();
  };
  return html`<button type="button" class=${`menu-item ${item.danger ? 'danger' : ''}`} tabindex="-1"
      role=${choice ? 'menuitemradio' : 'menuitem'} aria-checked=${choice ? String(item.checked) : undefined}
      data-item=${item.key} disabled=${item.disabled} onClick=${click}>
    ${item.icon && html`<${Icon} name=${item.icon} />`}
    ${choice && html`<span class="tick"><${Icon} name="check" /></span>`}
    <span class="grow">${item.text}</span>
  </button>`;
}

/** @param {HTMLElement | null} list @returns {HTMLElement[]} */
const itemsOf = (list) => [.../** @type {NodeListOf<HTMLElement>} */ (
  list?.querySelectorAll('[role^="menuitem"]:not(:disabled)') ?? [])];

/** Where the focus goes for a key, or -1. @param {string} key @param {number} at @param {string[]} texts */
export function menuMove(key, at, texts) {
  const n = texts.length;
  if (n === 0) return -1;
  if (key === 'ArrowDown') return (at + 1) % n;
  if (key === 'ArrowUp') return at <= 0 ? n - 1 : at - 1;
  if (key === 'Home') return 0;
  if (key === 'End') return n - 1;
  if ([...key].length !== 1 || key === ' ') return -1;
  for (let i = 1; i <= n; i++) {
    const j = (at + i + n) % n;
    if (texts[j].toLowerCase().startsWith(key.toLowerCase())) return j;
  }
  return -1;
}

/** Keeps an open menu inside the window. @param {HTMLElement} el */
function keepInside(el) {
  el.style.marginLeft = '0';
  const r = el.getBoundingClientRect();
  const over = r.right - (innerWidth - 8);
  const under = 8 - r.left;
  if (over > 0) el.style.marginLeft = `${-over}px`;
  else if (under > 0) el.style.marginLeft = `${under}px`;
}

/** The list of people scrolls, and would cut it off: then it lies over that. @param {HTMLElement} el */
function keepWhole(el) {
  const box = el.closest('.people')?.querySelector('.people-list')?.getBoundingClientRect();
  const button = el.parentElement?.getBoundingClientRect();
  if (!box || !button || el.getBoundingClientRect().bottom <= Math.min(box.bottom, innerHeight)) return;
  const top = Math.max(8, Math.min(button.bottom + 6, innerHeight - 8 - el.offsetHeight));
  Object.assign(el.style, { position: 'fixed', top: `${top}px`, right: `${innerWidth - button.right}px` });
}

/**
 * @param {{ items: MenuItem[], label: string, cls?: string, place?: string, children?: any, name?: string,
 *   title?: string, named?: boolean }} props
 * named: what is inside the button says its name.
 * place: 'up' or 'down' with 'start', 'end' or 'middle'.
 */
export function Menu({ items, label, cls = 'icon-btn', place = 'down end', children, name, title, named = false }) {
  const [open, setOpen] = useState(false);
  const id = useUid();
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    if (!open || !list.current) return;
    keepInside(list.current);
    keepWhole(list.current);
    const all = itemsOf(list.current);
    // Of choices the one that holds; where they are only a part, the beginning, not the middle.
    const held = all[0]?.hasAttribute('aria-checked') && all.find((e) => e.getAttribute('aria-checked') === 'true');
    (held || all[0])?.focus();
  }, [open]);
  useEffect(() => {
    if (!open) return undefined;
    const away = (/** @type {Event} */ e) => {
      const target = /** @type {Node} */ (e.target);
      if (!list.current?.contains(target) && !button.current?.contains(target)) setOpen(false);
    };
    document.addEventListener('pointerdown', away, true);
    return () => document.removeEventListener('pointerdown', away, true);
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const key = (/** @type {KeyboardEvent} */ e) => {
    if (e.key === 'Escape') {
      e.preventDefault(); // a dialog around it stays
      e.stopPropagation();
      close();
    } else if (e.key === 'Tab') {
      close();
    } else {
      const all = itemsOf(list.current);
      const to = menuMove(e.key, all.indexOf(/** @type {HTMLElement} */ (document.activeElement)),
        all.map((el) => el.textContent?.trim() ?? ''));
      if (to < 0) return;
      e.preventDefault();
      e.stopPropagation();
      all[to].focus();
    }
  };
  const openKey = (/** @type {KeyboardEvent} */ e) => {
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
    e.preventDefault();
    setOpen(true);
  };
  return html`<span class="menu-anchor">
    <button type="button" ref=${button} class=${cls} aria-haspopup="menu" aria-expanded=${String(open)} data-menu=${name}
      aria-controls=${open ? id : undefined} aria-label=${named ? undefined : label} title=${title ?? label}
      onClick=${() => setOpen(!open)} onKeyDown=${openKey}>${children ?? html`<${Icon} name="more" />`}</button>
    ${open && html`<div class=${`menu ${place}`} id=${id} ref=${list} role="menu" aria-label=${label} onKeyDown=${key}>
      ${items.map((item) => html`<${Item} item=${item} close=${close} />`)}
    </div>`}
  </span>`;
}
