// One's passkeys: added, given another name, taken away.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { submitOnEnter } from '../typing.js';
import { Icon } from '../ui/icon.js';
import { ago } from './avatar.js';
import { Refused } from './form.js';

/** @typedef {{ key: string, name: string, used?: number }} Passkey */

/** @param {{ passkey: Passkey, done: () => void }} props */
function Rename({ passkey: { key, name }, done }) {
  const { act, t } = useApp();
  const [text, set] = useState(name);
  const keep = () => {
    if (text.trim() && text.trim() !== name) act.account.renamePasskey(key, text.trim());
    done();
  };
  return html`<input class="input grow" data-field="passkey-rename" aria-label=${t('passkey.name')} value=${text} maxlength="32" autocomplete="off" spellcheck=${false}
    ref=${(/** @type {HTMLInputElement | null} */ el) => el && document.activeElement !== el && el.focus()}
    onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => set(e.currentTarget.value)}
    onKeyDown=${(/** @type {KeyboardEvent} */ e) => (e.key === 'Escape' ? (e.stopPropagation(), done()) : submitOnEnter(keep)(e))} onBlur=${keep} />`;
}

/** @param {{ passkey: Passkey }} props */
function Row({ passkey: k }) {
  const { act, t, lang } = useApp();
  const [renaming, rename] = useState(false);
  const remove = t('passkey.remove', { name: k.name });
  const other = t('passkey.rename', { name: k.name });
  return html`<li class="me-line" data-passkey=${k.key}><${Icon} name="key" />
    ${renaming ? html`<${Rename} passkey=${k} done=${() => rename(false)} />` : html`
    <span class="grow"><span class="cut">${k.name}</span><span class="small soft hint">${k.used ? t('passkey.used', { when: ago(k.used, lang) }) : t('passkey.unused')}</span></span>
    <button type="button" class="icon-btn" data-act="passkey-rename" aria-label=${other} title=${other} onClick=${() => rename(true)}><${Icon} name="edit" /></button>`}
    <button type="button" class="icon-btn" data-act="passkey-remove" aria-label=${remove} title=${remove} onClick=${() => act.account.removePasskey(k.key)}><${Icon} name="close" /></button></li>`;
}

export function Passkeys() {
  const { state, act, t, setUi } = useApp();
  const why = act.account.whyNoPasskeys();
  const { passkeys } = state.account;
  useEffect(() => { if (!why) act.account.loadPasskeys(); }, [why]);
  if (why === 'off') return null;
  if (why) return html`<div class="me-line"><span class="grow"><b>${t('passkey.title')}</b><span class="small soft hint" data-why=${why}>${t(`passkey.why.${why}`)}</span></span></div>`;
  return html`<div class="stack-s">
    <div class="me-line"><span class="grow"><b>${t('passkey.title')}</b><span class="small soft hint">${t('passkey.more')}</span></span>
      <button type="button" class="btn" data-act="add-passkey" onClick=${() => setUi({ dialog: 'passkey' })}>${t('passkey.add')}</button></div>
    <ul class="lines">${(passkeys ?? []).map((k) => html`<${Row} key=${k.key} passkey=${k} />`)}</ul>
    <${Refused} what="passkey_name" />
    <${Refused} what="passkey_remove" />
  </div>`;
}
