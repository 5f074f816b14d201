// Short notices that come and go, and the live region that reads them (and the chat, while it is
// closed) to a screen reader.
import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { hasText } from '../i18n/index.js';
import { useApp } from './context.js';
import { noticeText } from './notice.js';
import { Icon } from './ui/icon.js';

const SHOWN_MS = 5000;
const LONG_MS = 9000;

/**
 * A toast's own sentence, or that of the error; `screen_…` are errors of screen sharing.
 * @param {string} code @param {import('../i18n/index.js').Params} params
 * @param {import('../i18n/index.js').Translate} t @param {(key: string) => boolean} has
 */
export function toastText(code, params, t, has) {
  if (has(`toast.${code}`)) return t(`toast.${code}`, params);
  const screen = code.startsWith('screen_');
  const error = `error.${screen ? code.slice(7) : code}`;
  return has(error) ? t(error, { device: t(screen ? 'device.screen' : 'device.any'), ...params }) : t('error.unknown');
}

/** @param {{ toast: import('../domain/types.js').Toast }} props */
function Toast({ toast }) {
  const { act, t, lang, setUi } = useApp();
  const { id, level, code, params } = toast;
  const held = useRef(false);
  useEffect(() => {
    /** @type {ReturnType<typeof setTimeout>} */
    let timer;
    const arm = (/** @type {number} */ ms) => {
      timer = setTimeout(() => (held.current ? arm(1500) : act.dismiss(id)), ms);
    };
    arm(level === 'info' ? SHOWN_MS : LONG_MS);
    return () => clearTimeout(timer);
  }, [id]);
  const look = () => {
    setUi({ panel: 'chat' });
    act.dismiss(id);
  };
  const hold = (/** @type {boolean} */ on) => () => { held.current = on; };
  return html`<div class=${`toast ${level === 'error' ? 'bad' : ''}`} data-toast=${code} onMouseEnter=${hold(true)}
      onMouseLeave=${hold(false)} onFocusIn=${hold(true)} onFocusOut=${hold(false)}>
    ${level !== 'info' && html`<${Icon} name="warn" />`}
    <span class="grow">${toastText(code, params, t, (key) => hasText(lang, key))}</span>
    ${code === 'file_offer' && html`<button type="button" class="btn" onClick=${look}>${t('toast.look')}</button>`}
    ${level !== 'info' && html`<button type="button" class="btn" onClick=${() => act.dismiss(id)}>${t('ok')}</button>`}
  </div>`;
}

/** What was said last in the room while the chat is closed. @returns {string} */
function useSpoken() {
  const { state, t, ui } = useApp();
  const room = state.current ? state.rooms[state.current] : null;
  const last = room?.chat[room.chat.length - 1];
  const [spoken, set] = useState('');
  const start = useRef(true);
  useEffect(() => {
    // What lay there when one came in is not read out.
    if (start.current) {
      start.current = false;
      return;
    }
    if (!last || last.own) return;
    if (last.kind === 'notice') set(noticeText(last, t));
    else if (ui.panel !== 'chat') set(t(last.kind === 'whisper' ? 'chat.spoken_whisper' : 'chat.spoken', { name: last.name, text: last.text }));
  }, [last?.id]);
  return spoken;
}

/** Enter and leave, quietly in the corner: the last one, for a few seconds. */
function LastNotice() {
  const { state, t } = useApp();
  const room = state.current ? state.rooms[state.current] : null;
  const last = room?.chat.filter((c) => c.kind === 'notice').pop();
  const [shown, set] = useState('');
  useEffect(() => {
    if (!last || Date.now() - last.time > 4000) return undefined;
    set(last.id);
    const timer = setTimeout(() => set(''), 4000);
    return () => clearTimeout(timer);
  }, [last?.id]);
  if (!last || shown !== last.id) return null;
  return html`<div class="toast" data-notice=${last.code}><span>${noticeText(last, t)}</span></div>`;
}

export function Toasts() {
  const { state, ui } = useApp();
  // In the open chat the offer itself is to be seen.
  const shown = state.toasts.filter((toast) => toast.code !== 'file_offer' || ui.panel !== 'chat');
  const spoken = useSpoken();
  return html`<div class="toasts">
      <div class="toast-list" role="status">${shown.map((toast) => html`<${Toast} key=${toast.id} toast=${toast} />`)}</div>
      ${state.screen === 'room' && html`<div aria-hidden="true"><${LastNotice} /></div>`}
    </div>
    <div class="unseen" aria-live="polite" data-live="chat">${spoken}</div>`;
}
