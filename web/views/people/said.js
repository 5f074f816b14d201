// One message: its words, what became of it, and what one can do with it.
import { html } from '../../vendor/htm-preact.js';
import { markOf, mayEdit } from '../../domain/convs.js';
import { clock } from '../format.js';
import { copyText } from '../share.js';
import { Icon } from '../ui/icon.js';
import { Menu } from '../ui/menu.js';
import { Avatar } from './avatar.js';
import { Files } from './files.js';
import { Marked } from './markdown.js';
import { wordsOf } from './words.js';

/** @typedef {import('../../domain/convs.js').Message} Message */
/** @typedef {import('../../domain/convs.js').Conv} Conv */
/** @typedef {import('../../domain/people.js').Who} Who */

export const EMOJI = ['👍', '❤️', '😂', '😮', '😢', '🙏'];
export const MARKS = /** @type {const} */ (['sent', 'delivered', 'read']);

/**
 * What a message has to know of the world around it: asking the context, each would be drawn at any change.
 * @typedef {object} Around
 * @property {Conv} conv
 * @property {string} me
 * @property {(user: string) => Who | null} who
 * @property {(seq: number) => Message | undefined} find
 * @property {import('../context.js').Context['act']} act
 * @property {import('../../i18n/index.js').Translate} t
 * @property {string} lang
 * @property {boolean} writable
 * @property {(file: string) => void} view  a picture, large
 */

/** @param {Around} a @param {string} user */
export const nameIn = ({ who, t }, user) => who(user)?.display || t('people.gone');

/** @param {{ m: Message, around: Around, up: boolean }} props */
function Tools({ m, around, up }) {
  const { act, t, conv, me, writable } = around;
  const { seq } = m;
  const mine = m.from === me;
  const mayDelete = mine || (conv.kind === 'room' && conv.role !== 'member');
  /** @type {import('../ui/menu.js').MenuItem[]} */
  const items = [
    ...(writable ? EMOJI.map((e, i) => ({ text: e, key: `react-${i}`, run: () => { act.convs.react(conv.conv, seq, e); } })) : []),
    ...(writable ? [{ text: t('conv.reply'), icon: 'back', key: 'reply', run: () => act.convs.compose(conv.conv, { reply: seq }) }] : []),
    ...(writable && mayEdit(m, me, Date.now()) ? [{ text: t('conv.edit'), icon: 'edit', key: 'edit', run: () => act.convs.compose(conv.conv, { editing: seq }) }] : []),
    ...(m.text ? [{ text: t('conv.copy'), icon: 'copy', key: 'copy', run: () => { copyText(m.text); } }] : []),
    ...(mayDelete ? [{ text: t('conv.delete'), icon: 'close', key: 'delete', danger: true, run: () => { act.convs.remove(conv.conv, seq); } }] : []),
  ];
  return html`<${Menu} items=${items} label=${t('conv.tools', { name: mine ? t('chat.you') : m.guest ?? nameIn(around, m.from) })} title=${t('conv.tools_short')} name="said" place=${`${up ? 'up' : 'down'} start said-menu`} cls="icon-btn said-btn" />`;
}

/** @param {{ m: Message, around: Around }} props */
function Reactions({ m, around }) {
  const { act, t, conv, me, writable } = around;
  const all = Object.entries(m.reactions ?? {}).filter(([, users]) => users.length > 0);
  if (!all.length) return null;
  return html`<span class="reactions">${all.map(([emoji, users]) => {
    const names = users.map((u) => (u === me ? t('chat.you') : nameIn(around, u))).join(', ');
    return html`<button type="button" key=${emoji} class="reaction" data-reaction=${emoji} aria-pressed=${String(users.includes(me))} disabled=${!writable}
      title=${names} onClick=${() => act.convs.react(conv.conv, m.seq, emoji)}>${emoji} <span class="tnum">${users.length}</span><span class="unseen">, ${t('conv.reacted', { names })}</span></button>`;
  })}</span>`;
}

/** How far it has come. @param {{ conv: Conv, seq: number, t: Around['t'] }} props */
function Mark({ conv, seq, t }) {
  if (conv.kind !== 'direct') return null;
  const mark = markOf(conv, seq);
  return html`<span class=${`said-mark ${mark}`} data-mark=${mark} title=${t(`mark.${mark}`)}><${Icon} name="check" size="s" />${mark !== 'sent' && html`<${Icon} name="check" size="s" />`}<span class="unseen">${t(`mark.${mark}`)}</span></span>`;
}

/** @param {{ m: Message, around: Around }} props  the message that this one answers */
function Quoted({ m, around }) {
  const { act, t, conv, find } = around;
  if (!m.reply) return null;
  const to = find(m.reply);
  return html`<button type="button" class="quoted small" data-quoted=${m.reply} onClick=${() => { act.convs.jump(conv.conv, /** @type {number} */ (m.reply)); }}>
    ${to ? html`<b>${to.from === around.me ? t('chat.you') : to.guest ?? nameIn(around, to.from)}</b> <span class="cut">${wordsOf(to, t)}</span>` : html`<span>${t('conv.quoted')}</span>`}</button>`;
}

/** @param {{ m: Message, head: boolean, tail: boolean, up: boolean, around: Around }} props
 * head, tail: the first, the last of what this person said in one go */
export function Said({ m, head, tail, up, around }) {
  const { t, lang, me, conv } = around;
  const own = m.from === me;
  const name = m.guest ?? nameIn(around, m.from);
  return html`<li class=${`said ${own ? 'own' : ''} ${head ? 'head' : ''}`} data-seq=${m.seq} data-own=${String(own)} tabindex="-1">
    ${!own && html`<span class="said-face">${head && html`<${Avatar} person=${around.who(m.from) ?? { user: m.from ?? name, display: name, avatar: 0 }} size="s" />`}</span>`}
    <div class="said-body">
      <p class=${head ? 'words-head small' : 'unseen'}><b class=${own ? 'unseen' : ''}>${own ? t('chat.you') : name}</b>${m.guest !== undefined && html`<span class="soft">${t('live.guest')}</span>`}
        <time class="soft tnum" datetime=${new Date(m.time).toISOString()}>${clock(m.time, lang)}</time></p>
      <div class="said-row">
        ${m.deleted ? html`<p class="bubble tombstone" data-deleted><${Icon} name="close" size="s" />${t('conv.deleted')}</p>`
          : html`<div class=${`bubble ${m.files?.length ? 'with-files' : ''}`} dir="auto"><${Quoted} m=${m} around=${around} />
            ${m.files?.length && html`<${Files} files=${m.files} around=${around} />`}${m.text && html`<span class="bubble-words"><${Marked} text=${m.text} mentions=${(m.mentions ?? []).length > 0} /></span>`}</div>`}
        ${!m.deleted && html`<${Tools} m=${m} around=${around} up=${up} />`}
      </div>
      <p class="said-foot small soft">${m.edited && !m.deleted && html`<span data-edited>${t('conv.edited')}</span>`}<${Reactions} m=${m} around=${around} />
        ${own && tail && !m.deleted && html`<${Mark} conv=${conv} seq=${m.seq} t=${t} />`}</p>
    </div>
  </li>`;
}
