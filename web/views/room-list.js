// The live list of public rooms.
import { html, useMemo } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { Icon } from './ui/icon.js';

/** @typedef {import('../domain/types.js').Room} Room */

/** Those that stay are there when nobody is in them, too; who is signed in has them in a list of their own.
 * @param {import('../domain/types.js').LobbyState} lobby @returns {Record<string, Room>} */
function withStays({ rooms, stays = [] }) {
  const all = { ...rooms };
  for (const s of stays) {
    all[s.conv] ??= {
      room: s.conv, title: s.title, public: true, password: !!s.password, locked: false, capacity: Infinity,
      count: 0, owner: null, stays: true,
    };
  }
  return all;
}

/** The fullest first; then by title, so that the list doesn't jump. @param {Record<string, Room>} rooms */
export const sortRooms = (rooms) => Object.values(rooms).filter((r) => r.public)
  .sort((a, b) => b.count - a.count || a.title.localeCompare(b.title) || (a.room < b.room ? -1 : 1));

/** @param {{ room: Room }} props */
function RoomCard({ room }) {
  const { act, t } = useApp();
  const full = room.count >= room.capacity;
  return html`<li class="card room-card">
    <div class="grow">
      <h3 class="cut">${room.title || t('room.untitled')}</h3>
      <p class="room-facts">
        <span class="badge accent tnum"><${Icon} name="person" size="s" />${t('rooms.count', { count: room.count })}</span>
        ${room.stays && html`<span class="badge"><${Icon} name="chat" size="s" />${t('live.stays')}</span>`}
        ${full && html`<span class="badge warn">${t('rooms.full')}</span>`}
        ${room.password && html`<span class="badge"><${Icon} name="key" size="s" />${t('rooms.password')}</span>`}
        ${room.locked && html`<span class="badge"><${Icon} name="lock" size="s" />${t('rooms.locked')}</span>`}
      </p>
    </div>
    <button type="button" class="btn" data-room=${room.room} aria-label=${t('rooms.enter_this', { title: room.title || t('room.untitled') })}
      onClick=${() => act.prepare({ room: room.room })}>${t('rooms.enter')}</button>
  </li>`;
}

function Empty() {
  const { t } = useApp();
  return html`<div class="rooms-empty">
    <svg viewBox="0 0 120 80" width="150" height="100" aria-hidden="true" focusable="false" class="yard">
      <path class="y1" d="M6 30L60 8l54 22v6H6z" /><path class="y2" d="M16 36h88v36H16z" />
      <path class="y3" d="M48 72V50a12 12 0 0 1 24 0v22z" /><path class="y1" d="M24 44h14v12H24zM82 44h14v12H82z" />
    </svg>
    <p><b>${t('rooms.none')}</b></p>
    <p class="soft">${t('rooms.none_more')}</p>
  </div>`;
}

export function RoomList() {
  const { state, t } = useApp();
  const { loaded, rooms, stays, total, people } = state.lobby;
  const guest = !state.account.user;
  const list = useMemo(() => sortRooms(guest ? withStays({ ...state.lobby, rooms, stays }) : rooms),
    [rooms, stays, guest]);
  return html`<section class="rooms" aria-labelledby="rooms-title">
    <div class="rooms-head">
      <h2 id="rooms-title">${t('rooms.title')}</h2>
      ${loaded && html`<p class="soft small tnum" data-totals=${`${total}/${people}`}>
        ${t('rooms.totals_rooms', { count: total })} · ${t('rooms.totals_people', { count: people })}</p>`}
    </div>
    ${!loaded && html`<ul class="room-cards" aria-hidden="true">${[0, 1, 2].map(() => html`<li class="card room-card ghost"></li>`)}</ul>`}
    ${loaded && list.length === 0 && html`<${Empty} />`}
    ${loaded && list.length > 0 && html`<ul class="room-cards">
      ${list.map((room) => html`<${RoomCard} key=${room.room} room=${room} />`)}</ul>`}
  </section>`;
}
