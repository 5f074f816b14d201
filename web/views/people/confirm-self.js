// Asks for the password, or a passkey, once more: whatever was asked for before goes on by itself afterwards.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { askOf } from '../../domain/account.js';
import { useApp } from '../context.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { Password, Refused, Submit } from './form.js';

export function ConfirmSelfDialog() {
  const { state, act, t } = useApp();
  const [password, set] = useState('');
  const { user } = state.account;
  const { busy, error } = askOf(state.account, 'confirm');
  const cancel = () => act.account.confirmCancel();
  useEffect(() => cancel, []); // also when somebody else is signed in now
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    act.account.confirmByPassword(password);
  };
  const passkey = !!user?.passkeys && !act.account.whyNoPasskeys();
  return html`<${Dialog} title=${t('confirm.title')} onClose=${cancel} name="confirm-self">
    <form class="stack" onSubmit=${submit} novalidate>
      <p class="soft">${t('confirm.more')}</p>
      <input class="unseen" type="text" name="username" autocomplete="username" value=${user?.name ?? ''} readonly tabindex="-1" aria-hidden="true" />
      <${Password} label=${t('sign.password')} name="confirm-password" value=${password} onValue=${set} first wrong=${error === 'sign_in_wrong'} />
      <${Refused} what="confirm" />
      <div class="dialog-foot">
        ${passkey && html`<button type="button" class="btn" data-act="confirm-passkey" disabled=${busy} onClick=${() => act.account.confirmByPasskey()}>
          <${Icon} name="key" size="s" />${t('confirm.passkey')}</button>`}
        <button type="button" class="btn" onClick=${cancel}>${t('cancel')}</button>
        <${Submit} what="confirm" name="confirm-go" text=${t('confirm.go')} disabled=${!password} cls="btn primary" /></div>
    </form>
  <//>`;
}
