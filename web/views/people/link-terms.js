// Links that let somebody in, to an account or into a room: for how many people and how long, and the list
// of those that are good.
import { html, useState } from '../../vendor/htm-preact.js';
import { useApp, useUid } from '../context.js';
import { duration } from '../format.js';
import { Icon } from '../ui/icon.js';
import { Question } from './question.js';

/** @typedef {{ uses: number, ttl_s: number }} Terms */

const DAY_S = 86_400;
const USES = [1, 5, 10, 100];
const TIMES = [DAY_S, 7 * DAY_S, 30 * DAY_S];
export const TERMS = { uses: 10, ttl_s: 7 * DAY_S };

/** @param {{ legend: string, name: string, values: number[], value: number, word: (n: number) => string,
 *   set: (n: number) => void }} props */
export function Numbers({ legend, name, values, value, word, set }) {
  const id = useUid();
  return html`<fieldset class="field"><legend class="group-label">${legend}</legend>
    <div class="segments">${values.map((n) => html`<label key=${n}><input type="radio" name=${id} data-field=${`${name}-${n}`} checked=${value === n} onChange=${() => set(n)} />
      <span class="tnum">${word(n)}</span></label>`)}</div></fieldset>`;
}

/** @param {{ terms: Terms, set: (terms: Terms) => void }} props */
export function LinkTerms({ terms, set }) {
  const { t, lang } = useApp();
  return html`<${Numbers} legend=${t('invites.uses')} name="uses" values=${USES} value=${terms.uses} set=${(/** @type {number} */ uses) => set({ ...terms, uses })}
      word=${(/** @type {number} */ n) => n.toLocaleString(lang)} />
    <${Numbers} legend=${t('stay.link_time')} name="time" values=${TIMES} value=${terms.ttl_s} set=${(/** @type {number} */ ttl_s) => set({ ...terms, ttl_s })}
      word=${(/** @type {number} */ n) => duration(n, lang)} />`;
}

/** @param {{ link: { key: string, uses_left: number, expires: number, by?: string },
 *   end: () => void }} props */
export function LinkLine({ link: l, end }) {
  const { t, lang } = useApp();
  const [asked, ask] = useState(false);
  const until = new Date(l.expires).toLocaleString(lang, { dateStyle: 'medium', timeStyle: 'short' });
  return html`<li class="me-line asks" data-link=${l.key} data-left=${l.uses_left}><${Icon} name="link" />
    <span class="grow">${t('invites.left', { count: l.uses_left })}<span class="small soft hint">${[t('invites.until', { date: until }), l.by && t('stay.link_by', { name: l.by })].filter(Boolean).join(' · ')}</span></span>
    ${!asked && html`<button type="button" class="btn" data-act="end-link" onClick=${() => ask(true)}>${t('invites.end')}</button>`}
    ${asked && html`<${Question} text=${t('stay.ask_end_link')} yes=${t('invites.end')} name="end-link" run=${end} cancel=${() => ask(false)} />`}</li>`;
}
