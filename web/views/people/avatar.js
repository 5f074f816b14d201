// Somebody's face: their picture, or the letter; and the dot that says whether they are there.
import { html } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { Face } from '../ui/face.js';

/** @typedef {import('../../domain/people.js').Presence} Presence */
/** @typedef {{ user: string, display: string, avatar: number }} Named */

/** @param {{ person: Named, size?: 's' | 'l' | 'xl' | '', presence?: Presence | '' }} props */
export function Avatar({ person: p, size = '', presence = '' }) {
  const small = size === 's' || size === '';
  return html`<span class=${`avatar ${size}`} aria-hidden="true">
    ${p.avatar ? html`<img class="face" src=${`/api/avatar/${p.user}/${small ? 96 : 512}?${p.avatar}`} alt="" loading="lazy" decoding="async" />`
      : html`<${Face} session=${p.user} name=${p.display} />`}
    ${presence && html`<i class=${`presence-dot ${presence}`}></i>`}
  </span>`;
}

const STEPS = /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]]);

/** "3 hours ago". @param {number} time @param {string} lang @param {number} [now] */
export function ago(time, lang, now = Date.now()) {
  const past = Math.max(0, now - time);
  const words = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' });
  if (past > 30 * 86_400_000) return new Date(time).toLocaleDateString(lang, { dateStyle: 'medium' });
  for (const [unit, ms] of STEPS) if (past >= ms) return words.format(-Math.floor(past / ms), unit);
  return words.format(0, 'minute');
}

/** The words beside the dot. @param {{ person: import('../../domain/people.js').Somebody }} props */
export function PresenceWords({ person: p }) {
  const { t, lang } = useApp();
  if (p.blocked) return html`<span>${t('presence.blocked')}</span>`;
  if (p.presence === 'offline' && p.last_seen) return html`<span>${t('presence.last_seen', { when: ago(p.last_seen, lang) })}</span>`;
  return p.presence ? html`<span>${t(`presence.${p.presence}`)}</span>` : null;
}
