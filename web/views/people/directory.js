// Everybody with an account here: found by name or by initial consonants, with who is there.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { shownPeople } from '../../domain/people.js';
import { useApp, useUid } from '../context.js';
import { Icon } from '../ui/icon.js';
import { Avatar, PresenceWords } from './avatar.js';
import { HomeHeader } from './home.js';
import { PersonCard } from './person-card.js';

/** @typedef {import('../../domain/people.js').Somebody} Somebody */
/** @typedef {import('../../domain/people.js').Only} Only */

const FILTERS = /** @type {const} */ (['', 'favourites', 'online', 'blocked']);
export const FILTER_KEYS = FILTERS.map((f) => f || 'all');

/** @param {{ person: Somebody }} props */
function Row({ person: p }) {
  const { state, act, t } = useApp();
  const chosen = state.people.chosen === p.user;
  return html`<li class=${`row ${chosen ? 'chosen' : ''}`} data-user=${p.user}>
    <button type="button" class="row-main" aria-current=${chosen ? 'true' : undefined} onClick=${() => act.people.choose(p.user)}>
      <${Avatar} person=${p} presence=${p.blocked ? '' : p.presence} />
      <span class="grow">
        <span class="row-name cut"><b>${p.display}</b>${p.favourite && html`<${Icon} name="star-on" size="s" /><span class="unseen">${t('people.favourite_is')}</span>`}</span>
        <span class="small soft cut row-more"><${PresenceWords} person=${p} /> · @${p.name}</span>
      </span>
    </button>
    ${!p.blocked && html`<button type="button" class="icon-btn" data-act="row-call" aria-label=${t('call.voice_to', { name: p.display })} title=${t('call.voice')}
      onClick=${() => act.calls.start(p, false)}><${Icon} name="call" /></button>
    <button type="button" class="icon-btn" data-act="row-video" aria-label=${t('call.video_to', { name: p.display })} title=${t('call.video')}
      onClick=${() => act.calls.start(p, true)}><${Icon} name="cam" /></button>`}
  </li>`;
}

/** @param {{ only: Only, query: string }} props */
function Nobody({ only, query }) {
  const { t } = useApp();
  const key = query ? 'people.none_found' : `people.none_${only || 'all'}`;
  return html`<div class="rooms-empty"><p><b>${t(key, { query })}</b></p>${query && html`<p class="soft small">${t('people.search_hint')}</p>`}
    ${!query && !only && html`<p class="soft small">${t('people.none_more')}</p>`}</div>`;
}

function List() {
  const { state, act, t } = useApp();
  const { list } = state.people;
  const { first, rest } = shownPeople(state.people);
  const me = state.account.user?.user;
  const others = rest.filter((p) => p.user !== me);
  const none = list.loaded && first.length + others.length === 0;
  return html`<div class="rows-place" aria-busy=${String(list.busy)}>
    ${!list.loaded && !list.error && html`<ul class="rows" aria-hidden="true">${[0, 1, 2, 3].map(() => html`<li class="row ghost"></li>`)}</ul>`}
    ${list.error && html`<p class="refused" role="alert" data-problem=${list.error}><${Icon} name="warn" size="s" /><span>${t('people.failed')}</span>
      <button type="button" class="btn" onClick=${() => act.people.search(list.query, list.only)}>${t('do.retry')}</button></p>`}
    ${first.length > 0 && html`<h2 class="rows-title">${t('people.favourites')}</h2>
      <ul class="rows">${first.map((p) => html`<${Row} key=${p.user} person=${p} />`)}</ul>`}
    ${first.length > 0 && others.length > 0 && html`<h2 class="rows-title">${t('people.everybody')}</h2>`}
    ${others.length > 0 && html`<ul class="rows">${others.map((p) => html`<${Row} key=${p.user} person=${p} />`)}</ul>`}
    ${none && html`<${Nobody} only=${list.only} query=${list.query} />`}
    ${list.next && html`<button type="button" class="btn wide" data-act="more-people" disabled=${list.busy} onClick=${() => act.people.more()}>${t('more')}</button>`}
    <p class="unseen" role="status">${list.loaded && list.query ? t('people.found', { count: first.length + others.length }) : ''}</p>
  </div>`;
}

function Search() {
  const { state, act, t } = useApp();
  const { list } = state.people;
  const [text, setText] = useState(list.query);
  const id = useUid();
  const typed = (/** @type {{ currentTarget: HTMLInputElement }} */ e) => {
    setText(e.currentTarget.value);
    act.people.search(e.currentTarget.value, list.only);
  };
  return html`<div class="people-search">
    <label class="unseen" for=${id}>${t('people.search')}</label>
    <span class="with-sign"><${Icon} name="search" size="s" />
      <input class="input" id=${id} type="search" data-field="people-search" value=${text} placeholder=${t('people.search')} autocomplete="off" spellcheck=${false}
        autocapitalize="off" enterkeyhint="search" maxlength="64" aria-describedby=${`${id}h`} onInput=${typed} /></span>
    <p class="unseen" id=${`${id}h`}>${t('people.search_hint')}</p>
    <div class="chips" role="group" aria-label=${t('people.filter')}>
      ${FILTERS.map((f) => html`<button type="button" key=${f} class="chip" data-filter=${f || 'all'} aria-pressed=${String(list.only === f)}
        onClick=${() => act.people.search(text, f)}>${t(`people.filter_${f || 'all'}`)}</button>`)}
    </div>
  </div>`;
}

/** A call link that led to nobody, or is still being looked up. */
function LinkProblem() {
  const { state, act, t } = useApp();
  const { link } = state.people;
  if (!link?.error) return null;
  return html`<div class="problem" data-problem="user_unknown"><${Icon} name="warn" /><p class="problem-text" role="alert">${t('people.link_unknown', { name: link.name })}</p>
    <button type="button" class="btn" onClick=${() => act.people.closeLink()}>${t('ok')}</button></div>`;
}

export function Directory() {
  const { state, act, t } = useApp();
  useEffect(() => {
    act.people.show(true);
    return () => act.people.show(false);
  }, []);
  const person = state.people.chosen ? state.people.known[state.people.chosen] : null;
  return html`<${HomeHeader} />
    <main class=${`home split ${person ? 'has-card' : ''}`} id="main" tabindex="-1">
      <section class="side" aria-labelledby="people-title">
        <h1 id="people-title" class="home-title">${t('nav.people')}</h1>
        <${LinkProblem} />
        <${Search} />
        <${List} />
      </section>
      ${person ? html`<${PersonCard} key=${person.user} person=${person} />`
        : html`<section class="card empty-card wide-only" aria-hidden="true"><${Icon} name="people" size="l" /><p class="soft">${t('people.choose')}</p></section>`}
    </main>`;
}
