// What the owner of a room may change: title, list, password, capacity; and merging it into another.
import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { useApp, useUid } from './context.js';
import { sortRooms } from './room-list.js';
import { Dialog } from './ui/dialog.js';

/** @typedef {{ currentTarget: HTMLInputElement }} InputEventLike */

/** @param {{ close: () => void }} props */
export function RoomDialog({ close }) {
  const { state, act, t } = useApp();
  const current = state.current ? state.rooms[state.current] : null;
  const room = current?.room;
  const id = useUid();
  const [title, setTitle] = useState(room?.title ?? '');
  const [password, setPassword] = useState('');
  const [capacity, setCapacity] = useState(String(room?.capacity ?? 100));
  if (!room || !current.owner) return null;
  const number = Math.round(Number(capacity));
  const badNumber = !(number >= 2 && number <= 1000);
  const save = (/** @type {Event} */ e) => {
    e.preventDefault();
    if (badNumber) return;
    /** @type {import('./context.js').NewRoom} */
    const change = {};
    if (title.trim() && title.trim() !== room.title) change.title = title.trim();
    if (number !== room.capacity) change.capacity = number;
    if (password) change.password = password;
    if (Object.keys(change).length > 0) act.roomSet(change);
    close();
  };
  return html`<${Dialog} title=${t('room.settings')} onClose=${close} name="room">
    <form class="stack" onSubmit=${save} novalidate>
      <div class="field">
        <label for=${`${id}t`}>${t('create.name')}</label>
        <input class="input" id=${`${id}t`} data-first data-field="title" maxlength=${state.self.limits.title} value=${title} autocomplete="off"
          onInput=${(/** @type {InputEventLike} */ e) => setTitle(e.currentTarget.value)} />
      </div>
      <label class="switch"><span>${t('room.in_list')}</span>
        <input type="checkbox" role="switch" data-field="public" checked=${room.public} onChange=${(/** @type {InputEventLike} */ e) => act.roomSet({ public: e.currentTarget.checked })} /></label>
      <label class="switch"><span>${t('room.lock')}<span class="small soft hint">${t('room.lock_more')}</span></span>
        <input type="checkbox" role="switch" data-field="locked" checked=${room.locked} onChange=${(/** @type {InputEventLike} */ e) => act.roomSet({ locked: e.currentTarget.checked })} /></label>
      <div class="field">
        <label for=${`${id}w`}>${t(room.password ? 'room.password_new' : 'room.password_set')}</label>
        <div class="with-btn">
          <input class="input" id=${`${id}w`} data-field="password" type="text" autocomplete="off" spellcheck=${false} autocapitalize="off" maxlength="128" value=${password}
            onInput=${(/** @type {InputEventLike} */ e) => setPassword(e.currentTarget.value)} />
          ${room.password && html`<button type="button" class="btn" data-act="no-password" onClick=${() => act.roomSet({ password: '' })}>${t('room.password_drop')}</button>`}
        </div>
      </div>
      <div class="field">
        <label for=${`${id}c`}>${t('create.capacity')}</label>
        <input class="input short" id=${`${id}c`} type="number" inputmode="numeric" min="2" max="1000" value=${capacity}
          aria-invalid=${badNumber ? 'true' : undefined} aria-describedby=${badNumber ? `${id}n` : undefined}
          onInput=${(/** @type {InputEventLike} */ e) => setCapacity(e.currentTarget.value)} />
        ${badNumber && html`<p class="wrong" id=${`${id}n`}>${t('create.capacity_wrong')}</p>`}
      </div>
      <div class="dialog-foot">
        <button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
        <button class="btn primary" data-act="room-save" disabled=${badNumber}>${t('save')}</button>
      </div>
    </form>
  <//>`;
}

/** @param {{ close: () => void }} props */
export function MergeDialog({ close }) {
  const { state, act, t } = useApp();
  const others = Object.values(state.rooms).map((r) => r.room)
    .concat(sortRooms(state.lobby.rooms).filter((r) => !r.password && !r.locked && !state.rooms[r.room]))
    .filter((r) => r.room !== state.current);
  const [picked, setInto] = useState('');
  const into = others.some((r) => r.room === picked) ? picked : others[0]?.room ?? '';
  const id = useUid();
  useEffect(() => {
    act.watchLobby(true);
    return () => act.watchLobby(false);
  }, []);
  const go = () => {
    act.mergeInto(into);
    close();
  };
  return html`<${Dialog} title=${t('merge.title')} onClose=${close} name="merge">
    <p>${t('merge.text')}</p>
    ${others.length === 0 ? html`<p class="soft">${t('merge.none')}</p>` : html`<div class="field">
      <label for=${id}>${t('merge.into')}</label>
      <select class="select" id=${id} data-first data-field="into" onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => setInto(e.currentTarget.value)}>
        ${others.map((r) => html`<option key=${r.room} value=${r.room} selected=${r.room === into}>${r.title || t('room.untitled')} (${r.count})</option>`)}
      </select></div>`}
    <div class="dialog-foot">
      <button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
      <button type="button" class="btn primary" data-act="merge-go" disabled=${!into} onClick=${go}>${t('merge.go')}</button>
    </div>
  <//>`;
}
