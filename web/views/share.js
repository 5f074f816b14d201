// The link of the room, to copy, to send, to scan.
import { html, useEffect, useMemo, useRef, useState } from '../vendor/htm-preact.js';
import { qrcode } from '../vendor/qrcode.js';
import { useApp } from './context.js';
import { convHere } from './people/here.js';
import { Dialog } from './ui/dialog.js';
import { Icon } from './ui/icon.js';

const GUESTS = 10;
const WEEK_S = 7 * 86400;

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

/** Something to be copied: the button does it, or marks it where the browser does not allow it.
 * @param {{ value: string, label: string, name: string, first?: boolean }} props */
export function CopyBox({ value, label, name, first = false }) {
  const { t } = useApp();
  const [said, say] = useState('');
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const copy = async () => {
    const done = await copyText(value);
    if (!done) input.current?.select();
    say(t(done ? 'share.copied' : 'share.copy_yourself'));
  };
  return html`<div><div class="with-btn">
      <input class="input" readonly ref=${input} data-field=${name} aria-label=${label} value=${value} onFocus=${(/** @type {any} */ e) => e.currentTarget.select()} />
      <button type="button" class="btn primary" data-first=${first || undefined} data-act=${`copy-${name}`} onClick=${copy}><${Icon} name="copy" size="s" />${t('share.copy')}</button>
    </div>
    <p class="small soft copied" role="status">${said}</p></div>`;
}

/** A link to scan, to copy, and to pass on as the device does it.
 * @param {{ link: string, title: string, name: string, label?: string, first?: boolean }} props */
export function LinkBox({ link, title, name, label, first = false }) {
  const { t } = useApp();
  const { path, size } = useMemo(() => qrPath(link), [link]);
  const send = () => { navigator.share({ title, url: link }).catch(() => {}); };
  return html`<svg class="qr" viewBox=${`0 0 ${size} ${size}`} role="img" aria-label=${t('share.qr')} shape-rendering="crispEdges">
      <rect width=${size} height=${size} rx="2" fill="#fff" /><path d=${path} fill="#000" /></svg>
    <${CopyBox} value=${link} label=${label ?? t('share.link')} name=${name} first=${first} />
    ${'share' in navigator && html`<button type="button" class="btn wide" data-act="send-link" onClick=${send}><${Icon} name="share" size="s" />${t('share.send')}</button>`}`;
}

/** Into a room that stays and is private: by a link that is made for it, with uses and an end.
 * @param {{ conv: import('../domain/convs.js').Conv }} props */
function PrivateLink({ conv }) {
  const { act, t } = useApp();
  const [link, setLink] = useState('');
  const may = conv.role !== 'member';
  useEffect(() => {
    if (may) act.stay.makeLink(conv.conv, { uses: GUESTS, ttl_s: WEEK_S }).then((made) => setLink(made ?? ''));
  }, [conv.conv, may]);
  if (!may) return html`<p class="soft">${t('live.share_not')}</p>`;
  return html`<p class="soft">${t('live.share', { count: GUESTS })}</p>
    ${link && html`<${LinkBox} link=${link} title=${conv.title} name="room-link" first />`}`;
}

/** @param {{ close: () => void }} props */
export function ShareDialog({ close }) {
  const { app, state, t } = useApp();
  const room = state.current ? state.rooms[state.current] : null;
  const conv = convHere(state);
  if (!room) return null;
  if (conv && !conv.public && !conv.unlisted) {
    return html`<${Dialog} title=${t('share.title')} onClose=${close} name="share"><${PrivateLink} conv=${conv} /><//>`;
  }
  return html`<${Dialog} title=${t('share.title')} onClose=${close} name="share">
    <p class="soft">${t(room.room.password ? 'share.text_password' : room.room.locked ? 'share.text_locked' : 'share.text')}</p>
    <${LinkBox} link=${app.link(state.current ?? '')} title=${room.room.title} name="room-link" first />
  <//>`;
}
