// How a room that stays looks in a list: its picture, or a sign.
import { html } from '../../vendor/htm-preact.js';
import { Icon } from '../ui/icon.js';

/** @param {{ room: { conv: string, picture: number }, large?: boolean }} props */
export function RoomSign({ room, large = false }) {
  return html`<span class=${`room-sign ${large ? 'l' : ''}`} aria-hidden="true">${room.picture
    ? html`<img src=${`/api/avatar/${room.conv}/${large ? 512 : 96}?${room.picture}`} alt="" loading="lazy" decoding="async" />`
    : html`<${Icon} name="people" />`}</span>`;
}
