// A file on its way from person to person.
import { html } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { secondsLeft, size } from './format.js';
import { Icon } from './ui/icon.js';

/** @typedef {import('../domain/types.js').FileState} FileState */

export const FILE_ERRORS = /** @type {const} */ (['too_large', 'hash_mismatch', 'connection', 'disk', 'peer_gone', 'unsupported']);

/** @param {FileState} f @param {import('./context.js').Context} c @returns {string} */
function stateText(f, { t, lang }) {
  if (f.phase === 'offered') return t(f.own ? 'file.waiting' : 'file.offered', { name: f.peerName });
  if (f.phase === 'moving') {
    const left = secondsLeft(f);
    const done = t('file.moved', { moved: size(f.moved, lang), size: size(f.size, lang) });
    if (left <= 0) return done;
    return `${done} · ${left < 60 ? t('file.seconds', { count: left }) : t('file.minutes', { count: Math.ceil(left / 60) })}`;
  }
  if (f.phase === 'failed') {
    const known = FILE_ERRORS.find((e) => e === f.error);
    return t(known ? `file.error.${known}` : 'file.error.connection');
  }
  if (f.phase === 'done') return t(f.own ? 'file.sent' : f.url ? 'file.received' : 'file.saved');
  return t(`file.${f.phase}`);
}

/** The button or two that make sense now. @param {{ file: FileState }} props */
function Buttons({ file: f }) {
  const { act, t } = useApp();
  if (f.phase === 'offered' && !f.own) {
    return html`<button type="button" class="btn primary" data-file-act="accept" onClick=${() => act.acceptFile(f.id)}>${t('file.accept')}</button>
      <button type="button" class="btn" data-file-act="decline" onClick=${() => act.declineFile(f.id)}>${t('file.decline')}</button>`;
  }
  if (['offered', 'connecting', 'moving', 'checking'].includes(f.phase)) {
    return html`<button type="button" class="btn" data-file-act="cancel" onClick=${() => act.cancelFile(f.id)}>${t('cancel')}</button>`;
  }
  if (f.phase === 'done' && f.url) {
    return html`<a class="btn primary" href=${f.url} download=${f.name} data-file-act="save">${t('file.save')}</a>`;
  }
  return html`<button type="button" class="btn" data-file-act="forget" onClick=${() => act.forgetFile(f.id)}>${t('file.forget')}</button>`;
}

/** @param {{ file: FileState }} props */
export function FileCard({ file: f }) {
  const context = useApp();
  const { t, lang } = context;
  const part = f.size > 0 ? Math.min(1, f.moved / f.size) : 0;
  const moving = f.phase === 'moving' || f.phase === 'checking' || f.phase === 'connecting';
  return html`<div class=${`file-card ${f.own ? 'own' : ''} ${f.phase}`} data-file=${f.id} data-phase=${f.phase}>
    <div class="file-top">
      <span class="file-sign"><${Icon} name=${f.phase === 'done' ? 'check' : f.phase === 'failed' ? 'warn' : 'file'} /></span>
      <div class="grow">
        <p class="cut file-name" title=${f.name}>${f.name}</p>
        <p class="small soft">${f.own ? t('file.to', { name: f.peerName }) : t('file.from', { name: f.peerName })} · ${size(f.size, lang)}</p>
      </div>
    </div>
    ${moving && html`<progress class="progress" max="1" value=${part} aria-label=${f.name}></progress>`}
    <p class="small file-state">${stateText(f, context)}</p>
    <div class="file-buttons"><${Buttons} file=${f} /></div>
  </div>`;
}
