// Rooms that stay and that anybody here may join: found by part of their title or topic.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { useApp, useUid } from '../context.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { RoomSign } from './room-sign.js';

/** @param {{ room: import('../../domain/stay.js').PublicRoom, after: () => void }} props */
function Row({ room, after }) {
  const { state, act, t } = useApp();
  const inside = state.convs.list[room.conv];
  const title = room.title;
  const go = () => {
    act.stay.join({ conv: room.conv });
    after();
  };
  return html`<li class="row public-room" data-public=${room.conv}><span class="row-main"><${RoomSign} room=${room} />
    <span class="grow"><span class="row-name cut"><b>${title}</b>${room.password && html`<${Icon} name="key" size="s" /><span class="unseen">${t('rooms.password')}</span>`}</span><span class="small soft row-more two-lines">${[t('conv.members', { count: room.members }), room.topic].filter(Boolean).join(' · ')}</span></span></span>
    <button type="button" class="btn" data-act="join-room" aria-label=${t(inside ? 'stay.open_this' : 'stay.join_this', { title })} onClick=${go}>${t(inside ? 'stay.open' : 'stay.join')}</button></li>`;
}

/** @param {{ after?: () => void, first?: boolean }} props  after: somebody has gone into one */
export function PublicRooms({ after = () => {}, first = false }) {
  const { state, act, t } = useApp();
  const { open } = state.stay;
  const [text, set] = useState('');
  const id = useUid();
  useEffect(() => { act.stay.search(''); }, []);
  const none = open.loaded && !open.busy && !open.error && open.list.length === 0;
  return html`<div class="people-search"><label class="unseen" for=${id}>${t('stay.search')}</label>
    <span class="with-sign"><${Icon} name="search" size="s" /><input class="input" id=${id} type="search" data-field="room-search" data-first=${first || undefined} value=${text} placeholder=${t('stay.search')}
      autocomplete="off" spellcheck=${false} enterkeyhint="search" maxlength="100" onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => { set(e.currentTarget.value); act.stay.search(e.currentTarget.value); }} /></span></div>
  <div class="rows-place" aria-busy=${String(open.busy)}>
    ${!open.loaded && !open.error && html`<ul class="rows" aria-hidden="true">${[0, 1].map(() => html`<li class="row ghost"></li>`)}</ul>`}
    ${open.error && html`<p class="refused" role="alert" data-problem=${open.error}><${Icon} name="warn" size="s" /><span>${t('stay.search_failed')}</span>
      <button type="button" class="btn" onClick=${() => act.stay.search(text)}>${t('do.retry')}</button></p>`}
    ${open.list.length > 0 && html`<ul class="rows" data-publics>${open.list.map((r) => html`<${Row} key=${r.conv} room=${r} after=${after} />`)}</ul>`}
    ${open.next && html`<button type="button" class="btn wide" data-act="more-rooms" disabled=${open.busy} onClick=${() => act.stay.search(text, true)}>${t('more')}</button>`}
    <p class=${none ? 'soft small' : 'unseen'} role="status">${none ? t(text.trim() ? 'stay.none_found' : 'stay.none_public', { query: text.trim() }) : open.loaded && text.trim() ? t('people.found', { count: open.list.length }) : ''}</p>
  </div>`;
}

/** In the lobby of who is signed in. */
export function PublicRoomsSection() {
  const { state, t, setUi } = useApp();
  if (!state.account.user) return null;
  return html`<section class="rooms" aria-labelledby="public-title">
    <div class="rooms-head"><h2 id="public-title">${t('stay.public_title')}</h2>
      <button type="button" class="link-btn" data-act="new-conv-room" onClick=${() => setUi({ dialog: 'conv-room' })}>${t('conv.room_new')}</button></div>
    <${PublicRooms} /></section>`;
}

/** @param {{ close: () => void }} props */
export function PublicRoomsDialog({ close }) {
  const { t } = useApp();
  return html`<${Dialog} title=${t('stay.public_title')} onClose=${close} name="public-rooms"><${PublicRooms} after=${close} first /><//>`;
}
