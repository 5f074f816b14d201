// The chat: what was said, who is typing, what one writes.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/htm-preact.js';
import { Composer } from './composer.js';
import { useApp } from './context.js';
import { FileCard } from './file-card.js';
import { day, linesOf } from './format.js';
import { Words } from './message.js';
import { noticeText } from './notice.js';
import { Icon } from './ui/icon.js';

const NEAR_END = 60;

function Typing() {
  const { state, t } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const [, again] = useState(0);
  const until = Object.entries(here.typing)
    .filter(([session, at]) => at > Date.now() && here.people[session] && session !== here.self);
  const next = Math.min(...until.map(([, at]) => at));
  useEffect(() => {
    if (!Number.isFinite(next)) return undefined;
    const timer = setTimeout(() => again((n) => n + 1), Math.max(50, next - Date.now() + 20));
    return () => clearTimeout(timer);
  }, [next]);
  const names = until.map(([session]) => here.people[session].name);
  const text = names.length === 0 ? '' : names.length === 1 ? t('chat.typing_one', { name: names[0] })
    : names.length === 2 ? t('chat.typing_two', { name: names[0], other: names[1] }) : t('chat.typing_many', { count: names.length });
  return html`<p class="typing small soft" data-typing=${names.length} aria-hidden="true">${text && html`<span class="dots"><i></i><i></i><i></i></span>`}${text}</p>`;
}

/** @typedef {import('./message.js').Around} Around */

/** A line is given what it needs: asking the context, it would be drawn at every change of anything.
 *  @param {{ line: import('./format.js').Line, around: Around }} props */
function Line({ line, around }) {
  const { t, lang } = around;
  if (line.kind === 'day') return html`<li class="chat-day">${day(line.time, lang)}</li>`;
  if (line.kind === 'notice') return html`<li class="chat-notice" data-notice-line=${line.item.code}>${noticeText(line.item, t)}</li>`;
  if (line.kind === 'file') return html`<li><${FileCard} file=${line.file} /></li>`;
  return html`<${Words} line=${line} around=${around} />`;
}

export function Chat() {
  const { state, act, t, lang } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const atEnd = useRef(true);
  const [below, setBelow] = useState(0);
  const files = Object.values(state.files).filter((f) => f.room === here.id);
  const lines = useMemo(() => linesOf(here.chat, files), [here.chat, state.files]);
  // The same nodes as long as nothing in them has changed: a long chat is not walked through each time
  // somebody begins to speak.
  const drawn = useMemo(() => lines.map((line) => html`<${Line} key=${line.id} line=${line}
    around=${{ people: here.people, t, lang, act }} />`), [lines, here.people, t, lang, act]);
  const toEnd = () => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
    atEnd.current = true;
    setBelow(0);
  };
  const count = here.chat.length + files.length;
  const shown = useRef(count);
  useLayoutEffect(() => {
    const last = here.chat[here.chat.length - 1];
    if (atEnd.current || last?.own) toEnd();
    else if (count > shown.current) setBelow((n) => n + count - shown.current);
    shown.current = count;
  }, [count, lines]);
  useEffect(() => {
    if (here.unread > 0) act.chatSeen();
  }, [here.unread]);
  useEffect(() => { // the keyboard of a phone comes up: stay at the end
    const watch = new ResizeObserver(() => { if (atEnd.current) toEnd(); });
    if (list.current) watch.observe(list.current);
    return () => watch.disconnect();
  }, []);
  const scrolled = () => {
    const el = /** @type {HTMLElement} */ (list.current);
    atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_END;
    if (atEnd.current && below) setBelow(0);
  };
  return html`<div class="chat">
    <div class="chat-list" ref=${list} onScroll=${scrolled} role="log" aria-label=${t('chat.log')} tabindex="0">
      ${lines.length === 0 ? html`<div class="chat-empty"><${Icon} name="chat" size="l" /><p>${t('chat.empty')}</p></div>`
        : html`<ol>${drawn}</ol>`}
    </div>
    ${below > 0 && html`<button type="button" class="chat-below" onClick=${toEnd}><${Icon} name="down" size="s" />${t('chat.below', { count: below })}</button>`}
    <${Typing} />
    <${Composer} />
  </div>`;
}
