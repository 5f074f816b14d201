// A conversation: what was said, upwards as far as one likes, and where one writes.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../../vendor/htm-preact.js';
import { THREAD, threadLines } from '../../domain/convs.js';
import { useApp } from '../context.js';
import { day } from '../format.js';
import { Icon } from '../ui/icon.js';
import { useDrop } from './attach.js';
import { Avatar, PresenceWords } from './avatar.js';
import { ConvComposer } from './conv-composer.js';
import { LiveBar } from './conv-live.js';
import { RoomMenu } from './conv-room.js';
import { RoomSign } from './room-sign.js';
import { Said, nameIn } from './said.js';
import { Unsent } from './unsent.js';
import { Viewer, picturesOf } from './viewer.js';

/** @typedef {import('../../domain/convs.js').Conv} Conv */
/** @typedef {import('../../domain/convs.js').Thread} ThreadState */
/** @typedef {import('./said.js').Around} Around */

const NEAR_END = 60;
const NEAR_START = 400;

/** How a conversation is called. @param {Conv} c @param {import('../../i18n/index.js').Translate} t */
export const titleOf = (c, t) => (c.kind === 'direct' ? c.with?.display || t('people.gone') : c.title);

/** @param {Conv} c */
const isInvitation = (c) => c.kind === 'room' && c.state === 'request';

/** @param {{ thread: ThreadState, around: Around }} props */
function Typing({ thread, around }) {
  const { t } = around;
  const [, again] = useState(0);
  const typing = Object.entries(thread.typing)
    .filter(([user, until]) => until > Date.now() && user !== around.me);
  const next = Math.min(...typing.map(([, until]) => until));
  useEffect(() => {
    if (!Number.isFinite(next)) return undefined;
    const timer = setTimeout(() => again((n) => n + 1), Math.max(50, next - Date.now() + 20));
    return () => clearTimeout(timer);
  }, [next]);
  const text = typing.length === 0 ? '' : typing.length === 1 ? t('chat.typing_one', { name: nameIn(around, typing[0][0]) })
    : t('chat.typing_many', { count: typing.length });
  return html`<p class="typing small soft" data-typing=${typing.length} aria-hidden="true">${text && html`<span class="dots"><i></i><i></i><i></i></span>`}${text}</p>`;
}

/** @param {{ lines: import('../../domain/convs.js').Line[], around: Around }} props */
function Lines({ lines, around }) {
  const { t, lang, me } = around;
  return lines.map((line, i) => {
    if (line.kind === 'day') return html`<li key=${line.id} class="chat-day">${day(line.time, lang)}</li>`;
    if (line.kind === 'unread') return html`<li key=${line.id} class="unread-line" data-unread-line><span>${t('conv.unread_line')}</span></li>`;
    const next = lines[i + 1];
    const tail = next?.kind !== 'said' || next.message.from !== me;
    const up = lines.length > 8 && i > lines.length - 6;
    return html`<${Said} key=${line.id} m=${line.message} head=${line.head} tail=${tail} up=${up} around=${around} />`;
  });
}

/** How far down something lies in what scrolls. (scrollIntoView would scroll the page as well.)
 * @param {HTMLElement} box @param {Element} el */
const topIn = (box, el) => el.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;

/** What scrolls. @param {{ conv: Conv, thread: ThreadState, around: Around }} props */
function Log({ conv, thread, around }) {
  const { act, t } = around;
  const id = conv.conv;
  const el = useRef(/** @type {HTMLElement | null} */ (null));
  const atEnd = useRef(true);
  const placed = useRef(false);
  const before = useRef({ first: 0, height: 0 });
  const [below, setBelow] = useState(false);
  const { messages } = thread;
  const { me } = around;
  const lines = useMemo(() => threadLines(messages, thread.mark, me), [messages, thread.mark, me]);
  const drawn = useMemo(() => html`<${Lines} lines=${lines} around=${around} />`, [lines, around]);
  const last = messages[messages.length - 1]?.seq ?? 0;
  const seen = () => {
    if (atEnd.current && thread.last && last > 0 && document.visibilityState === 'visible') act.convs.read(id, last);
  };
  const toEnd = () => {
    if (el.current) el.current.scrollTop = el.current.scrollHeight;
    atEnd.current = true;
    setBelow(false);
  };
  useLayoutEffect(() => {
    const box = el.current;
    if (!box) return;
    const first = messages[0]?.seq ?? 0;
    const was = before.current;
    if (!placed.current && messages.length) {
      placed.current = true;
      const mark = box.querySelector('[data-unread-line]');
      if (thread.at === null && mark) {
        box.scrollTop = topIn(box, mark);
        atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
      } else if (thread.at === null) toEnd();
    } else if (first < was.first) box.scrollTop += box.scrollHeight - was.height; // what was above came in
    else if (atEnd.current && thread.last) toEnd();
    before.current = { first, height: box.scrollHeight };
  }, [messages, thread.pending.length]);
  useLayoutEffect(() => { // what one has just sent is in view
    if (thread.pending.length) toEnd();
  }, [thread.pending.length]);
  useLayoutEffect(() => {
    if (!thread.jumps) return undefined;
    if (thread.at === null) {
      toEnd();
      return undefined;
    }
    const line = /** @type {HTMLElement | null | undefined} */ (el.current?.querySelector(`[data-seq="${thread.at}"]`));
    const box = el.current;
    if (box && line) box.scrollTop = topIn(box, line) - (box.clientHeight - line.clientHeight) / 2;
    line?.focus({ preventScroll: true });
    line?.classList.add('found');
    const timer = setTimeout(() => line?.classList.remove('found'), 2500);
    atEnd.current = false;
    return () => clearTimeout(timer);
  }, [thread.jumps]);
  useEffect(seen, [last, thread.last, conv.state]);
  useEffect(() => {
    const look = () => seen();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  });
  useEffect(() => { // the keyboard of a phone comes up: stay at the end
    const watch = new ResizeObserver(() => { if (atEnd.current) toEnd(); });
    if (el.current) watch.observe(el.current);
    return () => watch.disconnect();
  }, []);
  const scrolled = () => {
    const box = /** @type {HTMLElement} */ (el.current);
    const left = box.scrollHeight - box.scrollTop - box.clientHeight;
    atEnd.current = left < NEAR_END;
    setBelow(!atEnd.current && (left > box.clientHeight || !thread.last));
    if (box.scrollTop < NEAR_START) act.convs.older(id);
    if (left < NEAR_START) act.convs.newer(id);
    seen();
  };
  const asked = isInvitation(conv);
  const empty = !asked && thread.loaded && messages.length === 0 && thread.pending.length === 0;
  return html`<div class="chat-list" ref=${el} onScroll=${scrolled} role="log" aria-label=${t('conv.log', { name: titleOf(conv, t) })} aria-busy=${String(thread.busy)} tabindex="0">
      ${thread.error && html`<p class="refused" role="alert" data-problem=${thread.error}><${Icon} name="warn" size="s" /><span>${t('conv.failed')}</span>
        <button type="button" class="btn" onClick=${() => act.convs.retryPage(id)}>${t('do.retry')}</button></p>`}
      ${thread.loaded && !thread.first && html`<p class="older small soft"><button type="button" class="link-btn" data-act="older" onClick=${() => act.convs.older(id)}>${t('conv.older')}</button></p>`}
      ${asked && html`<${AskedInto} room=${conv} />`}
      ${empty && html`<div class="chat-empty"><${Icon} name="chat" size="l" /><p>${t('conv.empty')}</p></div>`}
      ${!empty && !asked && html`<ol>${drawn}${thread.last && thread.pending.map((p) => html`<${Unsent} key=${p.client} out=${p} />`)}</ol>`}
    </div>
    ${below && html`<button type="button" class="chat-below" data-act="latest" onClick=${() => { act.convs.latest(id); }}><${Icon} name="down" size="s" />${t('conv.latest')}</button>`}`;
}

/** What one would come into: nothing of what is said there is shown before. @param {{ room: Conv }} props */
function AskedInto({ room }) {
  const { t } = useApp();
  return html`<div class="chat-empty" data-asked-into><${RoomSign} room=${room} large /><p><b>${room.title}</b></p>
    ${room.topic && html`<p>${room.topic}</p>`}<p class="small">${t('conv.invitation_more')}</p></div>`;
}

/** Somebody whom one has not answered yet, or an invitation. @param {{ conv: Conv }} props */
function RequestBar({ conv }) {
  const { act, t } = useApp();
  const answer = (/** @type {'accept' | 'ignore' | 'block'} */ as) => { act.convs.answer(conv.conv, as); };
  const direct = conv.kind === 'direct';
  return html`<div class="request-bar" data-request=${conv.conv}>
    <p>${t(direct ? 'conv.request_text' : 'conv.invited_text', { name: titleOf(conv, t) })}</p>
    <div class="request-do">
      <button type="button" class="btn primary" data-act="accept-request" onClick=${() => answer('accept')}>${t('conv.accept')}</button>
      <button type="button" class="btn" data-act="ignore-request" onClick=${() => answer('ignore')}>${t('conv.ignore')}</button>
      ${direct && html`<button type="button" class="btn danger-text" data-act="block-request" onClick=${() => answer('block')}>${t('people.block')}</button>`}
    </div></div>`;
}

/** @param {{ conv: Conv }} props */
function Head({ conv }) {
  const { state, act, t } = useApp();
  const title = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => { // on the phone it takes the place of the list
    if (matchMedia('(pointer: coarse)').matches) title.current?.focus({ preventScroll: true });
  }, []);
  const w = conv.with;
  const known = w ? state.people.known[w.user] : null;
  return html`<header class="thread-head">
    <button type="button" class="icon-btn card-back" data-act="close-conv" aria-label=${t('conv.back')} title=${t('conv.back')} onClick=${() => act.convs.open(null)}><${Icon} name="back" /></button>
    ${w ? html`<${Avatar} person=${w} presence=${known && !known.blocked ? known.presence : ''} />` : html`<${RoomSign} room=${conv} />`}
    <div class="grow thread-who"><h2 class="cut" tabindex="-1" ref=${title} data-conv-title>${titleOf(conv, t)}</h2>
      <p class="small soft cut">${w ? (known ? html`<${PresenceWords} person=${known} />` : w.name && `@${w.name}`) : [isInvitation(conv) ? t('conv.invitation') : t('conv.members', { count: conv.members }), conv.topic].filter(Boolean).join(' · ')}</p></div>
    ${w?.display && conv.state === 'open' && html`<button type="button" class="icon-btn" data-act="conv-call" aria-label=${t('call.voice_to', { name: w.display })} title=${t('call.voice')} onClick=${() => act.calls.start(w, false)}><${Icon} name="call" /></button>
      <button type="button" class="icon-btn" data-act="conv-video" aria-label=${t('call.video_to', { name: w.display })} title=${t('call.video')} onClick=${() => act.calls.start(w, true)}><${Icon} name="cam" /></button>`}
    ${conv.kind === 'room' && html`<${RoomMenu} conv=${conv} />`}
  </header>`;
}

/** @param {{ conv: Conv, beside?: boolean, silent?: boolean }} props  beside: of the stage of its live room;
 * silent: without where one writes */
export function Thread({ conv, beside = false, silent = false }) {
  const { state, act, t, lang } = useApp();
  const { convs, people, account } = state;
  const thread = convs.threads[conv.conv] ?? THREAD;
  const members = convs.members[conv.conv];
  const me = account.user;
  const writable = conv.state === 'open' && (conv.kind === 'room' || !!conv.with?.display);
  const [viewed, setViewed] = useState('');
  const { over, on } = useDrop(conv.conv, writable && !thread.editing);
  const others = useMemo(() => (conv.kind === 'room' ? (members ?? []).filter((m) => m.user !== me?.user && !m.banned && !m.invited)
    : conv.with?.display ? [conv.with] : []), [conv, members, me]);
  const around = useMemo(() => {
    const who = (/** @type {string} */ user) => (user === me?.user ? me : user === conv.with?.user ? conv.with
      : members?.find((m) => m.user === user) ?? people.known[user] ?? null);
    const bySeq = new Map(thread.messages.map((m) => [m.seq, m]));
    return /** @type {Around} */ ({ conv, me: me?.user ?? '', who, find: (seq) => bySeq.get(seq), act, t, lang, writable, view: setViewed });
  }, [conv, members, thread.messages, t, lang, me, writable]);
  const name = (/** @type {string} */ u) => (u === me?.user ? t('chat.you') : nameIn(around, u));
  return html`<section class="card thread" data-conv=${conv.conv} aria-label=${titleOf(conv, t)} ...${on}>
    ${!beside && html`<${Head} conv=${conv} /><${LiveBar} conv=${conv} />`}
    <${Log} conv=${conv} thread=${thread} around=${around} />
    ${conv.state === 'request' ? html`<${RequestBar} conv=${conv} />` : html`<${Typing} thread=${thread} around=${around} />`}
    ${writable && !silent && html`<${ConvComposer} conv=${conv} thread=${thread} name=${name} people=${others} />`}
    ${conv.state === 'archived' && html`<p class="soft small thread-note">${t('conv.archived')}</p>`}
    ${over && html`<p class="drop-here" data-drop-here><${Icon} name="clip" size="l" />${t('attach.drop')}</p>`}
    ${viewed && html`<${Viewer} at=${viewed} pictures=${picturesOf(thread.messages)} who=${name} turn=${setViewed} close=${() => setViewed('')} />`}
  </section>`;
}
