// The password of a room that stays: a lock apart from who finds it.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { askOf } from '../../domain/account.js';
import { useApp } from '../context.js';
import { Dialog } from '../ui/dialog.js';
import { Password, Refused, Submit, Switch } from './form.js';

/** @param {{ on: boolean, setOn: (on: boolean) => void, had?: boolean, password: string,
 *   setPassword: (v: string) => void }} props  had: there is one, which stays as long as no other is typed */
export function Lock({ on, setOn, had = false, password, setPassword }) {
  const { t } = useApp();
  return html`<${Switch} label=${t('create.password')} more=${t('stay.lock_more')} on=${on} name="room-lock" set=${setOn} />
    ${on && html`<${Password} label=${t('create.password')} name="room-password" value=${password} onValue=${setPassword} fresh hint=${had ? t('stay.lock_keep') : undefined} />`}`;
}

/** The room that one wants into is locked. */
export function LockedDialog() {
  const { state, act, t } = useApp();
  const [password, set] = useState('');
  const { locked } = state.stay;
  const { error } = askOf(state.account, 'room_join');
  useEffect(() => () => act.account.forget('room_join'), []);
  if (!locked) return null;
  const close = () => act.stay.stayOut();
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    act.stay.join(locked, password);
  };
  return html`<${Dialog} title=${t('stay.locked_title')} onClose=${close} name="room-locked">
    <form class="stack" onSubmit=${submit} novalidate>
      <p class="soft">${t('stay.locked_more')}</p>
      <${Password} label=${t('create.password')} name="room-password" value=${password} onValue=${set} first wrong=${error === 'password_wrong'} />
      ${error !== 'password_required' && html`<${Refused} what="room_join" />`}
      <div class="dialog-foot"><button type="button" class="btn" onClick=${close}>${t('cancel')}</button>
        <${Submit} what="room_join" name="room-password-go" text=${t('stay.join')} disabled=${!password} cls="btn primary" /></div>
    </form><//>`;
}
