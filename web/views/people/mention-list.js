// Whom one may mean: names behind an @, chosen with arrows and Enter, or by a finger. The text field keeps
// the focus all the time (the ARIA pattern of a combobox with a list).
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { mentionAt, mentioned, withMention } from '../../domain/mentions.js';
import { useApp, useUid } from '../context.js';
import { composing } from '../typing.js';
import { Avatar } from './avatar.js';

/** @typedef {import('../../domain/mentions.js').Named} Named */

/**
 * @param {{ people: Named[], text: string, put: (text: string, caret: number) => void }} o
 */
export function useMentions({ people, text, put }) {
  const { t } = useApp();
  const [caret, setCaret] = useState(0);
  const [at, setAt] = useState(0);
  const [closed, setClosed] = useState('');
  const id = useUid();
  const found = mentionAt(text, caret);
  const key = found ? `${found.from}` : '';
  const list = found && closed !== key ? mentioned(people, found.word) : [];
  useEffect(() => setAt(0), [found?.word, key]);
  const chosen = list[Math.min(at, list.length - 1)];
  const take = (/** @type {Named} */ p) => {
    if (!found) return;
    const made = withMention(text, found, p.name);
    put(made.text, made.caret);
    setCaret(made.caret);
  };
  /** @param {KeyboardEvent} e @returns {boolean} whether it was meant for the list */
  const onKey = (e) => {
    if (!list.length || composing(e)) return false;
    const by = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    if (by) setAt((Math.min(at, list.length - 1) + by + list.length) % list.length);
    else if (e.key === 'Escape') setClosed(key);
    else if ((e.key === 'Enter' && !e.shiftKey) || (e.key === 'Tab' && !e.shiftKey)) take(chosen);
    else return false;
    e.preventDefault();
    e.stopPropagation();
    return true;
  };
  /** @param {Event} e */
  const look = (e) => {
    const el = /** @type {HTMLTextAreaElement} */ (e.currentTarget);
    const to = el.selectionStart === el.selectionEnd ? el.selectionStart : -1;
    setCaret(to);
    if (!mentionAt(el.value, to)) setClosed('');
  };
  const option = (/** @type {Named} */ p) => `${id}-${p.user}`;
  const field = {
    role: people.length ? 'combobox' : undefined, 'aria-autocomplete': people.length ? 'list' : undefined,
    'aria-expanded': people.length ? String(list.length > 0) : undefined, 'aria-controls': list.length ? id : undefined,
    'aria-activedescendant': chosen ? option(chosen) : undefined, onSelect: look, onClick: look, onKeyUp: look,
  };
  const view = list.length > 0 && html`<ul class="mentions" id=${id} role="listbox" aria-label=${t('conv.mention')}>${list.map((p) => html`
    <li key=${p.user} id=${option(p)} role="option" class="mention-row" data-mention-for=${p.name} aria-selected=${String(p === chosen)}
      onPointerDown=${(/** @type {Event} */ e) => e.preventDefault()} onClick=${() => take(p)}>
      <${Avatar} person=${p} size="s" /><span class="cut"><b>${p.display}</b> <span class="soft small">@${p.name}</span></span></li>`)}</ul>`;
  return { onKey, field, view, look };
}
