// The lobby: who one is, which rooms are open, a new room, a link.
import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { useApp, useUid } from './context.js';
import { Header } from './header.js';
import { Avatar } from './people/avatar.js';
import { PublicRoomsSection } from './people/public-rooms.js';
import { roomIdOf } from './room-link.js';
import { Problem } from './problem.js';
import { useRemedy } from './remedy.js';
import { RoomList } from './room-list.js';
import { submitOnEnter } from './typing.js';
import { Face } from './ui/face.js';
import { Icon } from './ui/icon.js';

function Nickname() {
  const { state, act, t } = useApp();
  const { name, session, limits } = state.self;
  const [text, setText] = useState(name);
  const id = useUid();
  const editing = useRef(false);
  useEffect(() => {
    if (!editing.current) setText(name);
  }, [name]);
  const keep = () => {
    editing.current = false;
    const wanted = text.trim();
    if (wanted !== name) act.setName(wanted);
  };
  return html`<div class="me">
    <${Face} session=${session ?? ''} name=${text || '?'} />
    <div class="field grow">
      <label for=${id}>${t('lobby.name')}</label>
      <input class="input" id=${id} data-field="name" value=${text} placeholder=${t('lobby.name_hint')} maxlength=${limits.name * 2}
        autocomplete="nickname" autocapitalize="words" spellcheck=${false} enterkeyhint="done"
        onFocus=${() => { editing.current = true; }}
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => setText(e.currentTarget.value)}
        onKeyDown=${submitOnEnter((/** @type {any} */ e) => e.currentTarget.blur())}
        onBlur=${keep} />
    </div>
  </div>`;
}

/** Who has an account is called as their profile says. */
function Known() {
  const { state, act, t } = useApp();
  const me = state.account.user;
  if (!me) return html`<${Nickname} />`;
  return html`<button type="button" class="me known" data-act="profile" onClick=${() => act.home('me')}><${Avatar} person=${me} />
    <span class="grow"><b class="cut">${me.display}</b><span class="small soft">${t('lobby.known')}</span></span></button>`;
}

/** The way to an account, for who has none or is not signed in. */
function WithAccount() {
  const { state, act, t } = useApp();
  const { policy, user } = state.account;
  if (!policy || user) return null;
  return html`<button type="button" class="link-btn cert" data-act="account" onClick=${() => act.account.show('sign_in')}>
    <${Icon} name="person" size="s" />${t(policy.registration === 'open' ? 'lobby.account' : 'lobby.sign_in')}</button>`;
}

function ByLink() {
  const { act, t } = useApp();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const id = useUid();
  const go = (/** @type {Event} */ e) => {
    e.preventDefault();
    const room = roomIdOf(text);
    if (room) act.prepare({ room });
    else setWrong(true);
  };
  return html`<form class="field by-link" onSubmit=${go} novalidate>
    <label for=${id}>${t('lobby.by_link')}</label>
    <div class="with-btn">
      <input class="input" id=${id} data-field="link" inputmode="url" autocomplete="off" spellcheck=${false} autocapitalize="off"
        placeholder=${`https://${location.host}/r/…`} value=${text} aria-invalid=${wrong ? 'true' : undefined}
        aria-describedby=${wrong ? `${id}w` : undefined}
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => { setText(e.currentTarget.value); setWrong(false); }} />
      <button class="btn" data-act="join-link">${t('lobby.go')}</button>
    </div>
    ${wrong && html`<p class="wrong" id=${`${id}w`} role="alert">${t('lobby.link_wrong')}</p>`}
  </form>`;
}

/** What the browser lacks, told before anybody tries. */
function Lacking() {
  const { state } = useApp();
  const run = useRemedy();
  const { secure, webrtc, devices } = state.support;
  const code = !secure ? 'insecure_context' : !webrtc ? 'no_webrtc' : !devices ? 'no_devices_api' : null;
  return code && html`<${Problem} code=${code} run=${run} />`;
}

export function Lobby() {
  const { state, act, t, setUi } = useApp();
  useEffect(() => {
    act.watchLobby(true);
    act.live.findRooms();
    return () => act.watchLobby(false);
  }, []);
  return html`<${Header} />
    <main class="lobby" id="main" tabindex="-1">
      <section class="lobby-hello" aria-labelledby="hello">
        <h1 id="hello">${t('lobby.hello')}</h1>
        <p class="soft lead">${t(state.account.user ? 'lobby.lead_known' : 'lobby.lead')}</p>
        <${Lacking} />
        <div class="card lobby-card">
          <${Known} />
          <button type="button" class="btn primary big wide" data-act="create" onClick=${() => setUi({ dialog: 'create' })}>
            <${Icon} name="plus" />${t('lobby.create')}</button>
          <${ByLink} />
        </div>
        <${WithAccount} />
        <button type="button" class="link-btn cert" data-act="certificate" onClick=${() => setUi({ dialog: 'certificate' })}>
          <${Icon} name="shield" size="s" />${t('lobby.cert')}</button>
      </section>
      <div class="lobby-rooms"><${RoomList} /><${PublicRoomsSection} /></div>
    </main>`;
}
