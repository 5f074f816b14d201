// The live room of a room that stays, as its conversation shows it: who is there, and the way in; and the
// other way round, the conversation beside the stage.
import { html, useEffect, useMemo } from '../../vendor/htm-preact.js';
import { Composer } from '../composer.js';
import { useApp } from '../context.js';
import { FileCard } from '../file-card.js';
import { linesOf } from '../format.js';
import { Words } from '../message.js';
import { Icon } from '../ui/icon.js';
import { Thread } from './thread.js';

/** @typedef {import('../../domain/convs.js').Conv} Conv */
/** @typedef {import('../../domain/convs.js').LiveRoom} LiveRoom */
/** @typedef {import('../../i18n/index.js').Translate} Translate */

const NAMED = 2;

/** "Mina and Jun are in the room", or how many more. @param {LiveRoom} live @param {Translate} t */
export function liveWords({ count, people }, t) {
  const names = people.slice(0, NAMED).map((p) => p.name);
  if (count === 1) return t('live.one', { name: names[0] ?? '' });
  if (count === 2) return t('live.two', { name: names[0] ?? '', other: names[1] ?? '' });
  return t('live.many', { name: names[0] ?? '', count: count - 1 });
}

/** A sign in the list. @param {{ conv: Conv }} props */
export function LiveSign({ conv }) {
  const { t } = useApp();
  if (!conv.live) return null;
  return html`<span class="live-sign tnum" data-live=${conv.live.count} title=${liveWords(conv.live, t)}><${Icon} name="cam" size="s" /><span aria-hidden="true">${conv.live.count}</span>
    <span class="unseen">${t('live.count', { count: conv.live.count })}</span></span>`;
}

/** Above a thread: people are there, come in; or meet there. @param {{ conv: Conv }} props */
export function LiveBar({ conv }) {
  const { state, act, t } = useApp();
  if (conv.kind !== 'room' || conv.state !== 'open') return null;
  const inside = !!state.rooms[conv.conv];
  const { live } = conv;
  return html`<div class=${`live-bar ${live ? 'on' : ''}`} data-live-bar=${live?.count ?? 0}>
    <${Icon} name="cam" size="s" />
    <p class="grow small" role="status">${inside ? t('live.inside') : live ? liveWords(live, t) : t('live.nobody')}</p>
    ${inside ? html`<button type="button" class="btn" data-act="live-show" onClick=${() => act.show(conv.conv)}>${t('live.show')}</button>`
      : html`<button type="button" class=${`btn ${live ? 'primary' : ''}`} data-act="live-join" onClick=${() => act.prepare({ room: conv.conv })}>${t(live ? 'live.join' : 'live.begin')}</button>`}
  </div>`;
}

/** What is passed from one to another here, and stays nowhere. */
function Passing() {
  const { state, act, t, lang } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const files = Object.values(state.files).filter((f) => f.room === here.id);
  const whispers = here.chat.filter((i) => i.kind === 'whisper');
  const lines = useMemo(() => linesOf(whispers, files).filter((l) => l.kind !== 'day' && l.kind !== 'notice'), [here.chat, state.files]);
  useEffect(() => {
    if (here.unread > 0) act.chatSeen();
  }, [here.unread]);
  if (!lines.length) return null;
  return html`<section class="passing" aria-label=${t('live.passing')}>
    <p class="small soft">${t('live.passing')}</p>
    <ol>${lines.map((line) => (line.kind === 'file' ? html`<li key=${line.id}><${FileCard} file=${line.file} /></li>`
      : html`<${Words} key=${line.id} line=${line} around=${{ people: here.people, t, lang, act }} />`))}</ol></section>`;
}

/** The chat of a live room whose conversation one is in. @param {{ conv: Conv }} props */
export function LiveChat({ conv }) {
  const { ui } = useApp();
  return html`<div class="chat live-chat">
    <${Thread} key=${conv.conv} conv=${conv} beside=${true} silent=${!!ui.whisperTo} />
    <${Passing} />
    ${ui.whisperTo && html`<${Composer} />`}
  </div>`;
}
