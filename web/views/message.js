// What one person said in one go. Text becomes nodes; links are found, never made from markup.
import { Component, html } from '../vendor/htm-preact.js';
import { clock } from './format.js';
import { linkify } from './linkify.js';
import { Face } from './ui/face.js';
import { Icon } from './ui/icon.js';

/** @typedef {import('../domain/types.js').ChatItem} ChatItem */

/** Drawn again only when the text changes: a long chat has many. */
class Text extends Component {
  /** @override @param {{ text: string }} next */
  shouldComponentUpdate(next) {
    return next.text !== /** @type {any} */ (this.props).text;
  }

  /** @override */
  render() {
    return linkify(/** @type {any} */ (this.props).text).map((piece) => (piece.href
      ? html`<a href=${piece.href} target="_blank" rel="noopener noreferrer nofollow">${piece.text}</a>` : piece.text));
  }
}

/**
 * What a line has to know of the world around it.
 * @typedef {object} Around
 * @property {Record<string, import('../domain/types.js').Person>} people
 * @property {import('../i18n/index.js').Translate} t
 * @property {string} lang
 * @property {import('./context.js').Actions} act
 */

/** @param {{ item: ChatItem, around: Around }} props */
function Status({ item, around: { act, t } }) {
  if (item.status === 'sending') return html`<span class="small soft sending">${t('chat.sending')}</span>`;
  if (item.status !== 'failed') return null;
  const why = item.error === 'rate' ? 'chat.too_fast' : item.error === 'too_long' ? 'error.too_long' : 'chat.failed';
  return html`<span class="failed small"><span role="alert">${t(why)}</span>
    <button type="button" class="link-btn" data-act="resend" onClick=${() => act.resend(item.id)}>${t('chat.resend')}</button></span>`;
}

/** @param {ChatItem} item @param {import('../i18n/index.js').Translate} t @param {string} name */
function whisperLabel(item, t, name) {
  return item.own ? t('chat.whisper_to', { name: item.toName ?? '' }) : t('chat.whisper_from', { name });
}

/** @param {{ line: Extract<import('./format.js').Line, { kind: 'words' }>, around: Around }} props */
export function Words({ line, around }) {
  const { people, t, lang } = around;
  const { first, items, whisper } = line;
  const person = first.from ? people[first.from] : undefined;
  const name = person?.suffix ? `${first.name} #${person.suffix.replace(/^#/, '')}` : first.name;
  return html`<li class=${`words ${first.own ? 'own' : ''} ${whisper ? 'whisper' : ''}`} data-kind=${first.kind}>
    ${!first.own && html`<${Face} session=${first.from ?? first.name} name=${first.name} size="s" />`}
    <div class="words-body">
      <p class="words-head small">
        ${whisper ? html`<b class="whisper-label"><${Icon} name="whisper" size="s" />${whisperLabel(first, t, name)}</b>`
          : first.own ? html`<b class="unseen">${t('chat.you')}</b>` : html`<b>${name}</b>`}
        <time class="soft tnum" datetime=${new Date(first.time).toISOString()}>${clock(first.time, lang)}</time>
      </p>
      ${items.map((item) => html`<div key=${item.id} class="bubble-row"><p class=${`bubble ${item.status ?? ''}`} data-chat=${item.id} dir="auto"><${Text} text=${item.text} /></p>
        <${Status} item=${item} around=${around} /></div>`)}
    </div>
  </li>`;
}
