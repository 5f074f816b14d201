// Conversations: newest first, requests of strangers apart, and a search in all that one may read.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { shownConvs } from '../../domain/convs.js';
import { useApp, useUid } from '../context.js';
import { clock, day } from '../format.js';
import { Icon } from '../ui/icon.js';
import { Avatar } from './avatar.js';
import { LiveSign } from './conv-live.js';
import { HomeHeader } from './home.js';
import { plain } from './markdown.js';
import { RoomSign } from './room-sign.js';
import { Thread, titleOf } from './thread.js';
import { wordsOf } from './words.js';

/** @typedef {import('../../domain/convs.js').Conv} Conv */

/** Today the time, else the day. @param {number} time @param {string} lang */
function shortTime(time, lang) {
  const today = new Date(time).toDateString() === new Date().toDateString();
  return today ? clock(time, lang) : new Date(time).toLocaleDateString(lang, { month: 'numeric', day: 'numeric' });
}

/** @param {{ conv: Conv }} props */
function Sign({ conv }) {
  return conv.with ? html`<${Avatar} person=${conv.with} />` : html`<${RoomSign} room=${conv} />`;
}

/** @param {{ conv: Conv }} props */
function Row({ conv: c }) {
  const { state, act, t, lang } = useApp();
  const chosen = state.convs.chosen === c.conv;
  const { last } = c;
  const own = last && last.from === state.account.user?.user;
  const words = c.draft && !chosen ? html`<b class="draft">${t('conv.draft')}</b> ${plain(c.draft)}`
    : !last ? (c.kind === 'room' ? c.topic : '') : last.deleted ? t('conv.deleted') : `${own ? `${t('chat.you')}: ` : ''}${wordsOf(last, t)}`;
  return html`<li class=${`row ${chosen ? 'chosen' : ''} ${c.unread ? 'new' : ''}`} data-row=${c.conv}>
    <button type="button" class="row-main" aria-current=${chosen ? 'true' : undefined} onClick=${() => act.convs.open(c.conv)}>
      <${Sign} conv=${c} />
      <span class="grow"><span class="row-name cut"><b>${titleOf(c, t)}</b> <${LiveSign} conv=${c} /></span><span class="small soft cut row-more">${words}</span></span>
      <span class="row-side">${last && html`<time class="small soft tnum" datetime=${new Date(last.time).toISOString()}>${shortTime(last.time, lang)}</time>`}
        ${c.unread > 0 && html`<span class="count" data-unread=${c.unread}><span aria-hidden="true">${c.unread > 99 ? '99+' : c.unread}</span><span class="unseen">${t('conv.unread', { count: c.unread })}</span></span>`}</span>
    </button></li>`;
}

function List() {
  const { state, act, t } = useApp();
  const { convs } = state;
  const { requests, open } = shownConvs(convs);
  const none = convs.loaded && requests.length + open.length === 0;
  return html`<div class="rows-place" aria-busy=${String(convs.busy)}>
    ${!convs.loaded && !convs.error && html`<ul class="rows" aria-hidden="true">${[0, 1, 2].map(() => html`<li class="row ghost"></li>`)}</ul>`}
    ${convs.error && html`<p class="refused" role="alert" data-problem=${convs.error}><${Icon} name="warn" size="s" /><span>${t('conv.list_failed')}</span>
      <button type="button" class="btn" onClick=${() => { act.convs.load(); }}>${t('do.retry')}</button></p>`}
    ${requests.length > 0 && html`<h2 class="rows-title">${t('conv.requests')}</h2><ul class="rows" data-requests>${requests.map((c) => html`<${Row} key=${c.conv} conv=${c} />`)}</ul>
      <h2 class="rows-title">${t('nav.messages')}</h2>`}
    ${open.length > 0 && html`<ul class="rows" data-convs>${open.map((c) => html`<${Row} key=${c.conv} conv=${c} />`)}</ul>`}
    ${none && html`<div class="rooms-empty"><${Icon} name="chat" size="l" /><p><b>${t('messages.none')}</b></p><p class="soft small">${t('messages.none_more')}</p>
      <button type="button" class="btn primary" data-act="to-people" onClick=${() => act.home('people')}>${t('conv.to_people')}</button></div>`}
    ${convs.next && html`<button type="button" class="btn wide" data-act="more-convs" disabled=${convs.busy} onClick=${() => { act.convs.load(true); }}>${t('more')}</button>`}
  </div>`;
}

function Found() {
  const { state, act, t, lang } = useApp();
  const { search, list } = state.convs;
  const me = state.account.user?.user;
  return html`<div class="rows-place" aria-busy=${String(search.busy)}>
    ${search.error && html`<p class="refused" role="alert" data-problem=${search.error}><${Icon} name="warn" size="s" /><span>${t('conv.search_failed')}</span></p>`}
    <ul class="rows" data-found=${search.done ? search.found.length : ''}>${search.found.map(({ message: m, conv }) => {
      const c = list[conv];
      const from = m.from === me ? t('chat.you') : c?.with?.user === m.from ? titleOf(c, t) : state.convs.members[conv]?.find((x) => x.user === m.from)?.display ?? state.people.known[m.from]?.display ?? '';
      return html`<li class="row" key=${`${conv}/${m.seq}`}><button type="button" class="row-main" data-hit=${m.seq} onClick=${() => { act.convs.open(conv, m.seq); }}>
        <span class="grow"><span class="row-name cut"><b>${c ? titleOf(c, t) : t('conv.one')}</b></span><span class="small cut row-more">${from && `${from}: `}${wordsOf(m, t)}</span></span>
        <time class="small soft tnum" datetime=${new Date(m.time).toISOString()} title=${day(m.time, lang)}>${shortTime(m.time, lang)}</time></button></li>`;
    })}</ul>
    ${search.next && html`<button type="button" class="btn wide" data-act="more-found" disabled=${search.busy} onClick=${() => act.convs.search(search.text, true)}>${t('more')}</button>`}
    <p class=${search.done && !search.found.length ? 'soft' : 'unseen'} role="status">${search.done ? (search.found.length ? t('people.found', { count: search.found.length }) : t('conv.none_found', { query: search.text })) : ''}</p>
  </div>`;
}

function Search() {
  const { state, act, t } = useApp();
  const [text, set] = useState(state.convs.search.text);
  const id = useUid();
  const typed = (/** @type {{ currentTarget: HTMLInputElement }} */ e) => {
    set(e.currentTarget.value);
    act.convs.search(e.currentTarget.value);
  };
  return html`<div class="people-search"><label class="unseen" for=${id}>${t('conv.search')}</label>
    <span class="with-sign"><${Icon} name="search" size="s" /><input class="input" id=${id} type="search" data-field="message-search" value=${text} placeholder=${t('conv.search')}
      autocomplete="off" spellcheck=${false} enterkeyhint="search" maxlength="200" onInput=${typed} /></span></div>`;
}

export function Messages() {
  const { state, act, t, setUi } = useApp();
  const { convs } = state;
  useEffect(() => {
    act.convs.load();
    act.live.watch(true);
    return () => act.live.watch(false);
  }, []);
  const conv = convs.chosen ? convs.list[convs.chosen] : null;
  return html`<${HomeHeader} />
    <main class=${`home split messages ${conv ? 'has-card' : ''}`} id="main" tabindex="-1">
      <section class="side" aria-labelledby="messages-title">
        <div class="title-row"><h1 id="messages-title" class="home-title grow">${t('nav.messages')}</h1>
          <button type="button" class="icon-btn" data-act="public-rooms" aria-label=${t('stay.public_title')} title=${t('stay.public_title')} onClick=${() => setUi({ dialog: 'public-rooms' })}><${Icon} name="grid" /></button>
          <button type="button" class="icon-btn" data-act="new-conv-room" aria-label=${t('conv.room_new')} title=${t('conv.room_new')} onClick=${() => setUi({ dialog: 'conv-room' })}><${Icon} name="plus" /></button></div>
        <${Search} />
        ${convs.search.text ? html`<${Found} />` : html`<${List} />`}
      </section>
      ${conv ? html`<${Thread} key=${conv.conv} conv=${conv} />`
        : html`<section class="card empty-card wide-only" aria-hidden="true"><${Icon} name="chat" size="l" /><p class="soft">${t('conv.choose')}</p></section>`}
    </main>`;
}
