// Signing in, making an account, coming back without the password. One card; what it asks depends on why
// somebody is here.
import { html, useState } from '../../vendor/htm-preact.js';
import { askOf, mayRegister } from '../../domain/account.js';
import { useApp } from '../context.js';
import { Header } from '../header.js';
import { Icon } from '../ui/icon.js';
import { Field, Password, Refused, Submit } from './form.js';

/** Reasons why there are no passkeys here; the last one shows only when it is tried. */
export const WHY = /** @type {const} */ (['insecure', 'no_host', 'unsupported', 'off', 'untrusted']);

/** @param {{ mode: import('../../domain/types.js').SignMode, text: string }} props */
function Other({ mode, text }) {
  const { act } = useApp();
  return html`<button type="button" class="link-btn" data-act=${`to-${mode.replace('_', '-')}`} onClick=${() => act.account.show(mode)}>${text}</button>`;
}

function PasskeyButton() {
  const { state, act, t } = useApp();
  const why = act.account.whyNoPasskeys();
  const { busy, error } = askOf(state.account, 'passkey');
  if (why === 'off') return null;
  const said = why ?? (error === 'untrusted' ? 'untrusted' : null);
  return html`<div class="stack-s">
    ${!said && html`<button type="button" class="btn outline wide" data-act="passkey" disabled=${busy} onClick=${() => act.account.passkeySignIn()}>
      <${Icon} name="key" size="s" />${t('sign.passkey')}</button>`}
    ${said && html`<p class="small soft" data-why=${said}>${t('sign.no_passkey')} ${t(`passkey.why.${said}`)}</p>`}
    ${error !== 'untrusted' && html`<${Refused} what="passkey" />`}
  </div>`;
}

function SignIn() {
  const { state, act, t } = useApp();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const { link } = state.people;
  const closed = !mayRegister(state.account);
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    if (name.trim() && password) act.account.signIn({ name: name.trim(), password });
  };
  return html`<h1 id="sign-title">${t('sign.in')}</h1>
    ${link && html`<p class="soft">${t('sign.to_call', { name: link.name })}</p>`}
    <form class="stack" onSubmit=${submit} novalidate>
      <${Field} label=${t('sign.name')} name="username" value=${name} onValue=${setName} autocomplete="username" />
      <${Password} label=${t('sign.password')} value=${password} onValue=${setPassword} />
      <${Refused} what="sign_in" />
      <${Submit} what="sign_in" name="sign-in-go" text=${t('sign.in')} disabled=${!name.trim() || !password} />
    </form>
    <${PasskeyButton} />
    <div class="sign-ways">
      ${closed ? html`<p class="small soft">${t(state.account.policy?.registration === 'invite' ? 'sign.by_invite' : 'sign.closed')}</p>`
        : html`<${Other} mode="register" text=${t('sign.to_register')} />`}
      <${Other} mode="recover" text=${t('sign.to_recover')} />
    </div>`;
}

function Register() {
  const { state, act, t } = useApp();
  const [form, set] = useState({ name: '', display: '', password: '' });
  const put = (/** @type {string} */ k) => (/** @type {string} */ v) => set({ ...form, [k]: v });
  const { policy, invitation } = state.account;
  const { error } = askOf(state.account, 'register');
  const wrong = (/** @type {string[]} */ ...codes) => codes.includes(error ?? '');
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    const [name, display] = [form.name.trim(), form.display.trim()];
    const { password } = form;
    if (name && password) act.account.register({ name, password, ...(display ? { display } : {}) });
  };
  const by = invitation?.kind === 'user' && invitation.by;
  return html`<h1 id="sign-title">${t(invitation?.kind === 'admin' ? 'sign.register_admin' : 'sign.register')}</h1>
    ${invitation?.kind === 'admin' && html`<p class="soft">${t('sign.admin_more')}</p>`}
    ${by && html`<p class="soft">${t('sign.invited_by', { name: by })}</p>`}
    <form class="stack" onSubmit=${submit} novalidate>
      <${Field} label=${t('sign.name')} name="username" value=${form.name} onValue=${put('name')} autocomplete="username" max=${(policy?.name_max ?? 32) * 2}
        hint=${t('sign.name_hint', { min: policy?.name_min ?? 3, max: policy?.name_max ?? 32 })} wrong=${wrong('bad_name', 'name_taken', 'name_confusable')} />
      <${Field} label=${t('sign.display')} name="display" value=${form.display} onValue=${put('display')} autocomplete="name" max=${64} hint=${t('sign.display_hint')} />
      <${Password} label=${t('sign.password')} value=${form.password} onValue=${put('password')} fresh wrong=${wrong('weak_password')}
        hint=${t('sign.password_hint', { min: policy?.password_min ?? 8 })} />
      <${Refused} what="register" />
      <${Submit} what="register" name="register-go" text=${t('sign.register_go')} disabled=${!form.name.trim() || !form.password} />
    </form>
    <div class="sign-ways"><${Other} mode="sign_in" text=${t('sign.to_sign_in')} /></div>`;
}

function Recover() {
  const { act, t } = useApp();
  const [form, set] = useState({ name: '', code: '', password: '' });
  const put = (/** @type {string} */ k) => (/** @type {string} */ v) => set({ ...form, [k]: v });
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    const [name, code] = [form.name.trim(), form.code.trim()];
    if (name && code && form.password) act.account.recover({ name, code, password: form.password });
  };
  return html`<h1 id="sign-title">${t('sign.recover')}</h1>
    <p class="soft">${t('sign.recover_more')}</p>
    <form class="stack" onSubmit=${submit} novalidate>
      <${Field} label=${t('sign.name')} name="username" value=${form.name} onValue=${put('name')} autocomplete="username" />
      <${Field} label=${t('sign.code')} name="code" value=${form.code} onValue=${put('code')} placeholder="xxxx-xxxx-xxxx" />
      <${Password} label=${t('sign.password_new')} value=${form.password} onValue=${put('password')} fresh />
      <${Refused} what="recover" />
      <${Submit} what="recover" name="recover-go" text=${t('sign.recover_go')} disabled=${!form.name.trim() || !form.code.trim() || !form.password} />
    </form>
    <p class="small soft">${t('sign.recover_else')}</p>
    <div class="sign-ways"><${Other} mode="sign_in" text=${t('sign.to_sign_in')} /></div>`;
}

function Reset() {
  const { state, act, t } = useApp();
  const [password, set] = useState('');
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    if (password) act.account.reset(password);
  };
  return html`<h1 id="sign-title">${t('sign.reset', { name: state.account.invitation?.name ?? '' })}</h1>
    <form class="stack" onSubmit=${submit} novalidate>
      <input class="unseen" type="text" name="username" autocomplete="username" value=${state.account.invitation?.name ?? ''} readonly tabindex="-1" aria-hidden="true" />
      <${Password} label=${t('sign.password_new')} value=${password} onValue=${set} fresh />
      <${Refused} what="reset" />
      <${Submit} what="reset" name="reset-go" text=${t('sign.reset_go')} disabled=${!password} />
    </form>`;
}

/** An invitation that is looked at, or does not hold. */
function BadInvitation() {
  const { state, t } = useApp();
  const { busy } = askOf(state.account, 'invite');
  return html`<h1 id="sign-title">${t('sign.invitation')}</h1>
    ${busy ? html`<p class="soft">${t('sign.looking')}</p>` : html`<${Refused} what="invite" />
      <div class="sign-ways"><${Other} mode="sign_in" text=${t('sign.to_sign_in')} /></div>`}`;
}

const FORMS = { sign_in: SignIn, register: Register, recover: Recover, reset: Reset };

export function Sign() {
  const { state, act, t } = useApp();
  const { invitation } = state.account;
  const unsure = invitation && !invitation.kind && (state.sign === 'register' || state.sign === 'reset');
  const Form = unsure ? BadInvitation : FORMS[state.sign];
  const guests = state.account.policy?.guests !== false;
  return html`<${Header} back=${guests ? () => act.goLobby() : undefined} backLabel=${t('do.lobby')} />
    <main class="sign" id="main" tabindex="-1" aria-labelledby="sign-title">
      <section class="card sign-card" data-sign=${state.sign}><${Form} key=${state.sign} /></section>
    </main>`;
}
