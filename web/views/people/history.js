// The calls of the last time: made, received, missed, declined. Looking at them takes the badge away.
import { html, useEffect } from '../../vendor/htm-preact.js';
import { grouped, kindOf, lasted } from '../../domain/calls.js';
import { useApp } from '../context.js';
import { clock, day } from '../format.js';
import { Icon } from '../ui/icon.js';
import { Avatar } from './avatar.js';
import { HomeHeader } from './home.js';
import { PersonCard } from './person-card.js';

/** @typedef {import('../../domain/calls.js').CallRecord} CallRecord */

export const KINDS = /** @type {const} */ (['made', 'received', 'missed', 'no_answer', 'declined', 'cancelled', 'busy']);

/** @param {{ calls: CallRecord[] }} props  of one kind, of one person, in a row */
function Row({ calls: [c, ...more] }) {
  const { act, t, lang } = useApp();
  const kind = kindOf(c);
  const gone = !c.with.display; // the account was deleted
  const name = c.with.display || t('people.gone');
  const words = [t(`history.${kind}`), ...(c.duration_ms > 0 ? [lasted(c.duration_ms)] : [])];
  const missed = kind === 'missed';
  return html`<li class=${`row ${missed ? 'missed' : ''} ${missed && !c.seen ? 'new' : ''}`} data-record=${c.call} data-kind=${kind}>
    <button type="button" class="row-main" disabled=${gone} onClick=${() => act.people.choose(c.with.user)}>
      <${Avatar} person=${c.with} />
      <span class="grow">
        <span class="row-name cut"><b>${name}</b>${more.length > 0 && html` <span class="soft tnum">(${more.length + 1})</span>`}</span>
        <span class="small soft cut row-more"><${Icon} name=${missed ? 'call-missed' : c.way === 'in' ? 'call-in' : 'call-out'} size="s" /> ${words.join(' · ')}<span class="unseen">, ${t(c.video ? 'history.video' : 'history.voice')}</span></span>
      </span>
      <time class="small soft tnum" datetime=${new Date(c.started).toISOString()}>${clock(c.started, lang)}</time>
    </button>
    ${!gone && html`<button type="button" class="icon-btn" data-act="call-again" aria-label=${t(c.video ? 'call.video_to' : 'call.voice_to', { name: c.with.display })} title=${t('call.again')}
      onClick=${() => act.calls.start(c.with, c.video)}><${Icon} name=${c.video ? 'cam' : 'call'} /></button>`}
  </li>`;
}

/** Lines under the day they belong to. @param {CallRecord[]} list */
export function byDay(list) {
  /** @type {{ time: number, lines: { id: string, calls: CallRecord[] }[] }[]} */
  const days = [];
  for (const line of grouped(list)) {
    const time = line.calls[0].started;
    const last = days[days.length - 1];
    if (last && new Date(last.time).toDateString() === new Date(time).toDateString()) last.lines.push(line);
    else days.push({ time, lines: [line] });
  }
  return days;
}

function List() {
  const { state, act, t, lang } = useApp();
  const { list, loaded, busy, end, error } = state.calls;
  return html`<div class="rows-place" aria-busy=${String(busy)}>
    ${!loaded && !error && html`<ul class="rows" aria-hidden="true">${[0, 1, 2].map(() => html`<li class="row ghost"></li>`)}</ul>`}
    ${error && html`<p class="refused" role="alert" data-problem=${error}><${Icon} name="warn" size="s" /><span>${t('history.failed')}</span>
      <button type="button" class="btn" onClick=${() => act.calls.load()}>${t('do.retry')}</button></p>`}
    ${loaded && list.length === 0 && html`<div class="rooms-empty"><p><b>${t('history.none')}</b></p><p class="soft small">${t('history.none_more')}</p></div>`}
    ${byDay(list).map((d) => html`<section key=${d.time}>
      <h2 class="rows-title">${day(d.time, lang)}</h2>
      <ul class="rows">${d.lines.map((l) => html`<${Row} key=${l.id} calls=${l.calls} />`)}</ul>
    </section>`)}
    ${loaded && !end && list.length > 0 && html`<button type="button" class="btn wide" data-act="more-calls" disabled=${busy} onClick=${() => act.calls.load(true)}>${t('more')}</button>`}
  </div>`;
}

export function History() {
  const { state, act, t } = useApp();
  const { missed } = state.account.badges;
  useEffect(() => { act.calls.load(); }, []);
  useEffect(() => {
    if (state.calls.loaded && document.visibilityState === 'visible') act.calls.seen();
  }, [missed, state.calls.loaded]);
  const person = state.people.chosen ? state.people.known[state.people.chosen] : null;
  return html`<${HomeHeader} />
    <main class=${`home split ${person ? 'has-card' : ''}`} id="main" tabindex="-1">
      <section class="side" aria-labelledby="calls-title">
        <h1 id="calls-title" class="home-title">${t('nav.calls')}</h1>
        <${List} />
      </section>
      ${person ? html`<${PersonCard} key=${person.user} person=${person} />`
        : html`<section class="card empty-card wide-only" aria-hidden="true"><${Icon} name="call" size="l" /><p class="soft">${t('history.choose')}</p></section>`}
    </main>`;
}
