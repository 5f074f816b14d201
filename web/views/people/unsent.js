// A message that the server does not have yet: waiting, on its way with its files, or refused.
import { html } from '../../vendor/htm-preact.js';
import { movedOf } from '../../domain/uploads.js';
import { useApp } from '../context.js';
import { size } from '../format.js';
import { Icon } from '../ui/icon.js';
import { roomFor, signOf } from './files.js';
import { Marked } from './markdown.js';

/** @typedef {import('../../domain/convs.js').Outgoing} Outgoing */
/** @typedef {import('../../domain/uploads.js').Upload} Upload */

/** Refusals of which people should know the reason. */
export const REASONS = ['too_long', 'not_allowed', 'store_full', 'quota_full', 'files_lost', 'bad_picture', 'unknown'];

/** @param {{ u: Upload, alone: boolean }} props */
function Going({ u, alone }) {
  const { lang } = useApp();
  if (!u.url) {
    return html`<span class="doc"><span class="file-sign"><${Icon} name=${signOf(u.mime)} /></span>
      <span class="doc-words"><b class="cut" dir="auto">${u.name}</b><span class="small soft">${size(u.size, lang)}</span></span></span>`;
  }
  return html`<span class="picture" style=${alone ? roomFor(u.width, u.height) : {}}><img src=${u.url} alt=${u.name} /></span>`;
}

/** @param {{ out: Outgoing, uploads: Upload[] }} props */
function State({ out, uploads }) {
  const { state, act, t, lang } = useApp();
  const conv = state.convs.chosen ?? '';
  if (out.status === 'failed') {
    const lost = out.error === 'files_lost';
    const reason = REASONS.includes(out.error ?? '') ? t(`unsent.${out.error}`) : t('chat.failed');
    return html`<span class="failed small" role="alert" data-problem=${out.error}>${reason}</span>
      ${(!lost || out.text) && html`<button type="button" class="link-btn" data-act="resend" onClick=${() => act.convs.resend(conv, out.client)}>${t(lost ? 'unsent.text_only' : 'chat.resend')}</button>`}
      <button type="button" class="link-btn" data-act="forget" onClick=${() => act.convs.forget(conv, out.client)}>${t('conv.forget')}</button>`;
  }
  if (out.status === 'sending') return html`<span>${t('chat.sending')}</span>`;
  const waits = uploads.some((u) => u.phase === 'waiting');
  const { moved, total } = movedOf(uploads);
  const words = waits ? t('attach.waiting') : moved === 0 ? t('attach.preparing') : t('file.moved', { moved: size(moved, lang), size: size(total, lang) });
  return html`<span class="tnum" data-upload=${waits ? 'waiting' : 'moving'}>${words}</span>
    <button type="button" class="link-btn" data-act="cancel-upload" onClick=${() => act.convs.forget(conv, out.client)}>${t('cancel')}</button>`;
}

/** @param {{ out: Outgoing }} props */
export function Unsent({ out }) {
  const { state, t } = useApp();
  const uploads = (out.uploads ?? []).flatMap((id) => state.uploads.items[id] ?? []);
  const shown = uploads.filter((u) => u.url);
  return html`<li class="said own head" data-pending=${out.client}><div class="said-body">
    <div class="said-row"><div class=${`bubble ${out.status} ${uploads.length ? 'with-files' : ''}`} dir="auto">
      ${shown.length > 0 && html`<div class=${`pictures ${shown.length > 1 ? 'many' : ''}`}>${shown.map((u) => html`<${Going} key=${u.id} u=${u} alone=${shown.length === 1} />`)}</div>`}
      ${uploads.filter((u) => !u.url).map((u) => html`<${Going} key=${u.id} u=${u} alone />`)}
      ${out.status === 'uploading' && html`<progress class="progress" max="1" value=${movedOf(uploads).part} aria-label=${t('attach.progress')}></progress>`}
      ${out.text && html`<span class="bubble-words"><${Marked} text=${out.text} /></span>`}</div></div>
    <p class="said-foot small soft"><${State} out=${out} uploads=${uploads} /></p>
  </div></li>`;
}
