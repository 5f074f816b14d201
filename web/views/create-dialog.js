// A new room: a title, who finds it, a password, how many.
import { html, useState } from '../vendor/htm-preact.js';
import { useApp, useUid } from './context.js';
import { Dialog } from './ui/dialog.js';

/** @typedef {{ currentTarget: HTMLInputElement }} InputEventLike */

/** @param {{ close: () => void }} props */
export function CreateDialog({ close }) {
  const { state, act, t } = useApp();
  const [title, setTitle] = useState('');
  const [open, setOpen] = useState(true);
  const [locked, setLocked] = useState(false);
  const [password, setPassword] = useState('');
  const [capacity, setCapacity] = useState('100');
  const id = useUid();
  const name = state.self.name;
  const number = Math.round(Number(capacity));
  const badNumber = !(number >= 2 && number <= 1000);
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    if (badNumber || (locked && !password)) return;
    close();
    act.prepare({ create: {
      title: title.trim() || (name ? t('create.title_of', { name }).slice(0, state.self.limits.title) : ''),
      public: open, capacity: number, ...(locked ? { password } : {}),
    } });
  };
  return html`<${Dialog} title=${t('create.title')} onClose=${close} name="create">
    <form class="stack" onSubmit=${submit} novalidate>
      <div class="field">
        <label for=${`${id}t`}>${t('create.name')}</label>
        <input class="input" id=${`${id}t`} data-first data-field="title" maxlength=${state.self.limits.title} value=${title}
          placeholder=${name ? t('create.title_of', { name }) : t('room.untitled')} autocomplete="off"
          onInput=${(/** @type {InputEventLike} */ e) => setTitle(e.currentTarget.value)} />
      </div>
      <fieldset class="field">
        <legend class="group-label">${t('create.who')}</legend>
        <div class="segments">
          <label><input type="radio" name=${`${id}p`} data-field="public" checked=${open} onChange=${() => setOpen(true)} /><span>${t('create.public')}</span></label>
          <label><input type="radio" name=${`${id}p`} data-field="unlisted" checked=${!open} onChange=${() => setOpen(false)} /><span>${t('create.unlisted')}</span></label>
        </div>
        <p class="hint">${t(open ? 'create.public_more' : 'create.unlisted_more')}</p>
      </fieldset>
      <label class="switch"><span>${t('create.locked')}</span>
        <input type="checkbox" role="switch" data-field="locked" checked=${locked} onChange=${(/** @type {InputEventLike} */ e) => setLocked(e.currentTarget.checked)} /></label>
      ${locked && html`<div class="field">
        <label for=${`${id}w`}>${t('create.password')}</label>
        <input class="input" id=${`${id}w`} data-field="password" type="text" autocomplete="off" spellcheck=${false} autocapitalize="off" maxlength="128" value=${password}
          onInput=${(/** @type {InputEventLike} */ e) => setPassword(e.currentTarget.value)} />
      </div>`}
      <div class="field">
        <label for=${`${id}c`}>${t('create.capacity')}</label>
        <input class="input short" id=${`${id}c`} data-field="capacity" type="number" inputmode="numeric" min="2" max="1000" value=${capacity}
          aria-invalid=${badNumber ? 'true' : undefined} aria-describedby=${badNumber ? `${id}n` : undefined}
          onInput=${(/** @type {InputEventLike} */ e) => setCapacity(e.currentTarget.value)} />
        ${badNumber && html`<p class="wrong" id=${`${id}n`}>${t('create.capacity_wrong')}</p>`}
      </div>
      <div class="dialog-foot">
        <button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
        <button class="btn primary" data-act="create-go" disabled=${badNumber || (locked && !password)}>${t('create.go')}</button>
      </div>
    </form>
  <//>`;
}
