// What goes with the next message: chosen, dropped or pasted, looked at, and taken out again.
import { html } from '../../vendor/htm-preact.js';
import { FILES_MAX, trayOf } from '../../domain/uploads.js';
import { useApp, useUid } from '../context.js';
import { size } from '../format.js';
import { Icon } from '../ui/icon.js';
import { signOf } from './files.js';

/** @typedef {import('../../domain/uploads.js').Upload} Upload */

/** @param {{ u: Upload }} props */
function Chosen({ u }) {
  const { act, t, lang } = useApp();
  return html`<li class="chosen-file" data-chosen=${u.id}>
    ${u.url ? html`<img class="chosen-picture" src=${u.url} alt="" />` : html`<span class="chosen-picture file-sign"><${Icon} name=${signOf(u.mime)} /></span>`}
    <span class="chosen-words"><span class="cut small" dir="auto">${u.name}</span><span class="small soft">${size(u.size, lang)}</span></span>
    <button type="button" class="icon-btn" data-act="detach" aria-label=${t('attach.remove', { name: u.name })} title=${t('attach.remove_short')} onClick=${() => act.convs.detach(u.id)}><${Icon} name="close" size="s" /></button>
  </li>`;
}

/** What was not taken, and why. @param {{ conv: string }} props */
function Refused({ conv }) {
  const { state, act, t, lang } = useApp();
  const refused = state.uploads.refused[conv] ?? [];
  if (!refused.length) return null;
  const max = size(state.account.policy?.upload_max ?? 0, lang);
  return html`<div class="refused tray-refused" role="alert"><${Icon} name="warn" size="s" /><ul class="grow">${refused.slice(0, 5).map((r) =>
    html`<li data-refused=${r.code}>${t(`refused.${r.code}`, { name: r.name, max, count: FILES_MAX })}</li>`)}</ul>
    <button type="button" class="icon-btn" data-act="understood" aria-label=${t('close')} onClick=${() => act.convs.understood(conv)}><${Icon} name="close" size="s" /></button></div>`;
}

/** @param {{ conv: string }} props */
export function Tray({ conv }) {
  const { state, act, t } = useApp();
  const id = useUid();
  const chosen = trayOf(state.uploads, conv);
  const pictures = chosen.filter((u) => u.picture);
  return html`<${Refused} conv=${conv} />
    ${chosen.length > 0 && html`<div class="tray" role="group" aria-label=${t('attach.tray')}>
      <ul class="tray-files">${chosen.map((u) => html`<${Chosen} key=${u.id} u=${u} />`)}</ul>
      ${pictures.length > 0 && html`<label class="tray-how small" for=${id}><input type="checkbox" id=${id} data-field="originals" checked=${pictures[0].original}
          onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => act.convs.originals(conv, e.currentTarget.checked)} />
        <span>${t('attach.originals')}<span class="soft tray-more">${t(pictures[0].original ? 'attach.originals_on' : 'attach.originals_off')}</span></span></label>`}
    </div>`}`;
}
