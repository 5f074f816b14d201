// Oneself: picture, name, call link, password and passkeys, who else is signed in, privacy, invitations.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { askOf } from '../../domain/account.js';
import { useApp } from '../context.js';
import { copyText } from '../share.js';
import { submitOnEnter } from '../typing.js';
import { Icon } from '../ui/icon.js';
import { Avatar, ago } from './avatar.js';
import { Field, Refused } from './form.js';
import { HomeHeader } from './home.js';
import { Invitations } from './invitations.js';
import { Export, Tokens } from './own-data.js';
import { Passkeys } from './passkeys.js';
import { Recordings } from './recordings.js';
import { Privacy, Notifications } from './privacy.js';

function Profile() {
  const { state, act, t, setUi } = useApp();
  const me = /** @type {import('../../domain/account.js').Me} */ (state.account.user);
  const [display, setDisplay] = useState(me.display);
  const [said, say] = useState('');
  useEffect(() => setDisplay(me.display), [me.display]);
  const { busy } = askOf(state.account, 'display');
  const changed = display.trim() && display.trim() !== me.display;
  const keep = () => { if (changed) act.account.set({ display: display.trim() }); };
  const link = act.people.link(me.name);
  const copy = async () => say(t(await copyText(link) ? 'share.copied' : 'people.copy_failed'));
  return html`<section class="card me-card" aria-labelledby="me-profile">
    <h2 id="me-profile" class="unseen">${t('me.profile')}</h2>
    <div class="me-head">
      <${Avatar} person=${me} size="l" />
      <div class="grow"><p class="me-name cut"><b>${me.display}</b></p><p class="soft cut">@${me.name}</p>
        ${me.role === 'admin' && html`<span class="badge accent">${t('me.admin')}</span>`}</div>
      <button type="button" class="btn" data-act="picture" onClick=${() => setUi({ dialog: 'picture' })}><${Icon} name="photo" size="s" />${t('me.picture')}</button>
    </div>
    <form class="stack-s" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); keep(); }} onKeyDown=${submitOnEnter(keep)}>
      <${Field} label=${t('sign.display')} name="display" value=${display} onValue=${setDisplay} autocomplete="name" max=${64} hint=${t('sign.display_hint')} />
      ${changed && html`<button class="btn primary" data-act="keep-display" disabled=${busy}>${t('save')}</button>`}
      <${Refused} what="display" />
    </form>
    <div class="field">
      <span class="label">${t('me.link')}</span>
      <div class="with-btn"><input class="input" readonly aria-label=${t('me.link')} data-field="call-link" value=${link} onFocus=${(/** @type {any} */ e) => e.currentTarget.select()} />
        <button type="button" class="btn" data-act="copy-call-link" onClick=${copy}><${Icon} name="copy" size="s" />${t('share.copy')}</button></div>
      <p class="hint">${t('me.link_more')}</p>
      <p class="small soft" role="status">${said}</p>
    </div>
  </section>`;
}

function Security() {
  const { state, t, setUi } = useApp();
  const me = /** @type {import('../../domain/account.js').Me} */ (state.account.user);
  return html`<section class="card me-card" aria-labelledby="me-security">
    <h2 id="me-security">${t('me.security')}</h2>
    <div class="me-line"><span class="grow"><b>${t('me.password')}</b><span class="small soft hint">${t('me.password_more')}</span></span>
      <button type="button" class="btn" data-act="change-password" onClick=${() => setUi({ dialog: 'password' })}>${t('me.change')}</button></div>
    <div class="me-line"><span class="grow"><b>${t('codes.left_title')}</b><span class="small soft hint">${t('codes.left', { count: me.recovery_left })}</span></span>
      <button type="button" class="btn" data-act="new-codes" onClick=${() => setUi({ dialog: 'new-codes' })}>${t('codes.new')}</button></div>
    <${Passkeys} />
  </section>`;
}

function Sessions() {
  const { state, act, t, lang } = useApp();
  const { sessions } = state.account;
  useEffect(() => { act.account.loadSessions(); }, []);
  const others = (sessions ?? []).filter((s) => !s.this);
  return html`<section class="card me-card" aria-labelledby="me-sessions">
    <h2 id="me-sessions">${t('sessions.title')}</h2>
    <ul class="lines">${(sessions ?? []).map((s) => html`<li key=${s.key} class="me-line" data-session-key=${s.key}>
      <${Icon} name=${/Android|iPhone|iPad|iOS/.test(s.device) ? 'phone' : 'device'} />
      <span class="grow"><span class="cut">${s.device || t('sessions.unknown')}</span>
        <span class="small soft hint">${s.this ? t('sessions.this') : t('sessions.used', { when: ago(s.used, lang) })}${s.address && html` · <span class="tnum">${s.address}</span>`}</span></span>
      ${!s.this && html`<button type="button" class="btn" data-act="end-session" aria-label=${t('sessions.end_this', { device: s.device })} onClick=${() => act.account.endSessions({ key: s.key })}>${t('sessions.end')}</button>`}
    </li>`)}</ul>
    <${Refused} what="end" />
    <div class="me-buttons">
      ${others.length > 0 && html`<button type="button" class="btn" data-act="end-others" onClick=${() => act.account.endSessions({ others: true })}>${t('sessions.end_others')}</button>`}
      <button type="button" class="btn" data-act="sign-out" onClick=${() => act.account.signOut()}><${Icon} name="sign-out" size="s" />${t('me.sign_out')}</button>
      <button type="button" class="btn" data-act="sign-out-all" onClick=${() => act.account.endSessions({ all: true })}>${t('me.sign_out_all')}</button>
    </div>
  </section>`;
}

export function Me() {
  const { state, t, setUi } = useApp();
  if (!state.account.user) return null;
  return html`<${HomeHeader} />
    <main class="home me-page" id="main" tabindex="-1">
      <h1 class="home-title">${t('me.title')}</h1>
      <div class="me-cards">
        <${Profile} /><${Notifications} /><${Privacy} /><${Security} /><${Sessions} /><${Invitations} /><${Recordings} /><${Tokens} /><${Export} />
        <section class="card me-card" aria-labelledby="me-delete"><h2 id="me-delete">${t('delete.title')}</h2>
          <p class="soft small">${t('delete.short')}</p>
          <button type="button" class="btn danger-text" data-act="delete-account" onClick=${() => setUi({ dialog: 'delete' })}>${t('delete.open')}</button></section>
      </div>
    </main>`;
}
