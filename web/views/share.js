// The link of the room, to copy, to send, to scan.
import { html, useMemo, useState } from '../vendor/htm-preact.js';
import { qrcode } from '../vendor/qrcode.js';
import { useApp } from './context.js';
import { Dialog } from './ui/dialog.js';
import { Icon } from './ui/icon.js';

/** The dark squares of a QR code as path data.
 *  @param {string} text @returns {{ path: string, size: number }} */
export function qrPath(text) {
  const code = qrcode(0, 'M');
  code.addData(text);
  code.make();
  const n = code.getModuleCount();
  let path = '';
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      let run = 0;
      while (x + run < n && code.isDark(y, x + run)) run++;
      if (run > 0) path += `M${x + 4} ${y + 4}h${run}v1h-${run}z`;
      x += run;
    }
  }
  return { path, size: n + 8 };
}

/** @param {string} text @returns {Promise<boolean>} */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** @param {{ close: () => void }} props */
export function ShareDialog({ close }) {
  const { app, state, t } = useApp();
  const room = state.current ? state.rooms[state.current] : null;
  const link = app.link(state.current ?? '');
  const { path, size } = useMemo(() => qrPath(link), [link]);
  const [copied, setCopied] = useState('');
  if (!room) return null;
  const copy = async () => {
    const input = /** @type {HTMLInputElement | null} */ (document.querySelector('[data-field="room-link"]'));
    const done = await copyText(link);
    if (!done) input?.select();
    setCopied(t(done ? 'share.copied' : 'share.copy_yourself'));
  };
  const send = () => { navigator.share({ title: room.room.title, url: link }).catch(() => {}); };
  return html`<${Dialog} title=${t('share.title')} onClose=${close} name="share">
    <p class="soft">${t(room.room.password ? 'share.text_password' : room.room.locked ? 'share.text_locked' : 'share.text')}</p>
    <svg class="qr" viewBox=${`0 0 ${size} ${size}`} role="img" aria-label=${t('share.qr')} shape-rendering="crispEdges">
      <rect width=${size} height=${size} rx="2" fill="#fff" /><path d=${path} fill="#000" /></svg>
    <div class="with-btn">
      <input class="input" readonly data-field="room-link" aria-label=${t('share.link')} value=${link} onFocus=${(/** @type {any} */ e) => e.currentTarget.select()} />
      <button type="button" class="btn primary" data-first data-act="copy" onClick=${copy}><${Icon} name="copy" size="s" />${t('share.copy')}</button>
    </div>
    <p class="small soft copied" role="status">${copied}</p>
    ${'share' in navigator && html`<button type="button" class="btn wide" onClick=${send}><${Icon} name="share" size="s" />${t('share.send')}</button>`}
  <//>`;
}
