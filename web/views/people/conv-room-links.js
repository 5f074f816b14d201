// Links that lead into a room that stays: made for so many people and so long, passed on, ended.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { useApp, useUid } from '../context.js';
import { duration } from '../format.js';
import { LinkBox } from '../share.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { useRoom } from './conv-room.js';
import { Refused, Submit } from './form.js';
import { Question } from './question.js';

/** @typedef {import('../../domain/stay.js').RoomLink} RoomLink */

const DAY_S = 86_400;
const USES = [1, 5, 20, 100];
const TIMES = [DAY_S, 7 * DAY_S, 30 * DAY_S];

/** @param {{ legend: string, name: string, values: number[], value: number, word: (n: number) => string,
 *   set: (n: number) => void }} props */
function Numbers({ legend, name, values, value, word, set }) {
  const id = useUid();
  return html`<fieldset class="field"><legend class="group-label">${legend}</legend>
    <div class="segments">${values.map((n) => html`<label key=${n}><input type="radio" name=${id} data-field=${`${name}-${n}`} checked=${value === n} onChange=${() => set(n)} />
      <span class="tnum">${word(n)}</span></label>`)}</div></fieldset>`;
}

/** @param {{ conv: string, link: RoomLink }} props */
function Line({ conv, link: l }) {
  const { act, t, lang } = useApp();
  const [asked, ask] = useState(false);
  const until = new Date(l.expires).toLocaleString(lang, { dateStyle: 'medium', timeStyle: 'short' });
  return html`<li class="me-line asks" data-link=${l.key} data-left=${l.uses_left}><${Icon} name="link" />
    <span class="grow">${t('invites.left', { count: l.uses_left })}<span class="small soft hint">${[t('invites.until', { date: until }), l.by && t('stay.link_by', { name: l.by })].filter(Boolean).join(' · ')}</span></span>
    ${!asked && html`<button type="button" class="btn" data-act="end-link" onClick=${() => ask(true)}>${t('invites.end')}</button>`}
    ${asked && html`<${Question} text=${t('stay.ask_end_link')} yes=${t('invites.end')} name="end-link" run=${() => act.stay.endLink(conv, l.key)} cancel=${() => ask(false)} />`}</li>`;
}

/** @param {{ close: () => void }} props */
export function ConvLinksDialog({ close }) {
  const { state, act, t, lang } = useApp();
  const conv = useRoom();
  const [uses, setUses] = useState(5);
  const [time, setTime] = useState(7 * DAY_S);
  const [made, setMade] = useState('');
  const may = conv && conv.role !== 'member' && conv.state === 'open';
  useEffect(() => {
    if (conv) act.stay.loadLinks(conv.conv);
    return () => act.account.forget('room_link');
  }, []);
  useEffect(() => { if (!may) close(); }, [may]);
  if (!may) return null;
  const links = state.stay.links[conv.conv];
  const submit = async (/** @type {Event} */ e) => {
    e.preventDefault();
    setMade(await act.stay.makeLink(conv.conv, { uses, ttl_s: time }) ?? '');
  };
  return html`<${Dialog} title=${t('stay.links')} onClose=${close} name="conv-links">
    <p class="soft">${t('stay.links_more')}</p>
    ${made ? html`<${LinkBox} key=${made} link=${made} title=${conv.title} name="conv-link" label=${t('invites.link')} />
      <button type="button" class="btn" data-act="another-link" onClick=${() => setMade('')}>${t('stay.link_another')}</button>`
    : html`<form class="stack" onSubmit=${submit}>
      <${Numbers} legend=${t('invites.uses')} name="uses" values=${USES} value=${uses} set=${setUses} word=${(/** @type {number} */ n) => n.toLocaleString(lang)} />
      <${Numbers} legend=${t('stay.link_time')} name="time" values=${TIMES} value=${time} set=${setTime} word=${(/** @type {number} */ n) => duration(n, lang)} />
      <${Refused} what="room_link" />
      <${Submit} what="room_link" name="conv-link" text=${t('invites.make')} cls="btn primary wide" />
    </form>`}
    ${links?.length > 0 && html`<div class="stack-s"><h3 class="group-label">${t('stay.links_good')}</h3>
      <ul class="lines">${links.map((l) => html`<${Line} key=${l.key} conv=${conv.conv} link=${l} />`)}</ul></div>`}
  <//>`;
}
