// Before joining: how one looks and sounds, which devices, and the door with its lock.
import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { useApp, useUid } from './context.js';
import { DeviceSelect, Meter } from './devices.js';
import { Header } from './header.js';
import { MediaButton } from './media-buttons.js';
import { doorAsksConsent } from '../domain/recording.js';
import { Problem } from './problem.js';
import { RecordingConsent } from './recording.js';
import { useRemedy } from './remedy.js';
import { Face } from './ui/face.js';
import { Icon } from './ui/icon.js';
import { Video } from './video.js';

function Preview() {
  const { state, t, act } = useApp();
  const { media, intent, self } = state;
  const live = media.camera.phase === 'live' && media.camera.stream;
  const line = intent.listenOnly ? 'prejoin.listening' : media.camera.phase === 'starting' ? 'prejoin.starting'
    : intent.cam && media.camera.phase === 'error' ? 'prejoin.no_picture' : 'prejoin.cam_off';
  return html`<div class="preview" data-preview=${live ? 'live' : 'none'}>
    ${live ? html`<${Video} id=${media.camera.stream} mirror=${intent.facing === 'user'} label=${t('prejoin.preview')} />`
      : html`<div class="preview-none"><${Face} session=${self.session ?? ''} name=${self.name || '?'} size="xl" />
          <p>${t(line)}</p></div>`}
    <div class="preview-bar">
      <${MediaButton} kind="mic" />
      <${MediaButton} kind="cam" />
      ${media.canFlip && live && html`<button type="button" class="round" data-act="flip" aria-label=${t('cam.flip')} title=${t('cam.flip')}
        onClick=${() => act.flipCamera()}><${Icon} name="flip" /></button>`}
    </div>
  </div>`;
}

/** What is wrong with microphone or camera: the worse of the two, said once when both have it. */
function DeviceProblem() {
  const { state, act, setUi } = useApp();
  const { media, intent } = state;
  const mic = intent.mic && media.mic.phase === 'error' ? media.mic.error : null;
  const cam = intent.cam && media.camera.phase === 'error' ? media.camera.error : null;
  const kind = mic && mic === cam ? '' : mic ? 'mic' : 'camera';
  const run = useRemedy({
    retry: () => {
      if (mic) act.retryDevice('mic');
      if (cam) act.retryDevice('camera');
    },
    allow: () => setUi({ dialog: 'permission' }),
    devices: () => document.querySelector(/** @type {'select'} */ (`[data-device="${kind || 'mic'}"]`))?.focus(),
  });
  if (intent.listenOnly || (!mic && !cam)) return null;
  return html`<${Problem} code=${mic || cam} kind=${kind} run=${run} />`;
}

/** @param {{ value: string, onValue: (v: string) => void, wrong: boolean }} props */
function Password({ value, onValue, wrong }) {
  const { t } = useApp();
  const id = useUid();
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => input.current?.focus(), [wrong]);
  return html`<div class="field">
    <label for=${id}>${t('prejoin.password')}</label>
    <input class="input" id=${id} ref=${input} type="password" data-field="password" autocomplete="off" maxlength="128" value=${value}
      aria-invalid=${wrong ? 'true' : undefined} aria-describedby=${wrong ? `${id}w` : undefined}
      onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => onValue(e.currentTarget.value)} />
    ${wrong && html`<p class="wrong" id=${`${id}w`} role="alert" data-problem="password_wrong">${t('error.password_wrong')}</p>`}
  </div>`;
}

/** The words on the big button say what will happen. @param {import('./context.js').State} s */
export function joinLabel({ intent, media, prejoin }) {
  if (prejoin?.busy) return 'prejoin.joining';
  if (intent.listenOnly) return 'prejoin.join_listen';
  const micBad = intent.mic && media.mic.phase === 'error';
  const camBad = intent.cam && media.camera.phase === 'error';
  if (micBad && camBad) return 'prejoin.join_without_both';
  if (camBad) return 'prejoin.join_without_cam';
  if (micBad) return 'prejoin.join_without_mic';
  return prejoin?.create ? 'prejoin.open' : 'prejoin.join';
}

/** What is behind the door, as far as it is known. @param {import('./context.js').State} s
 * @returns {{title: string, count: number, password: boolean} | null} */
function doorOf({ prejoin, lobby }) {
  const room = prejoin?.room ? lobby.rooms[prejoin.room] : null;
  const look = prejoin?.look;
  if (room || !look) return room ?? null;
  return { title: look.title, count: look.live ?? 0, password: !!look.password && !look.inside };
}

/** Whoever moderates has been told, and one is let in without doing anything more. */
function Waiting() {
  const { act, t } = useApp();
  return html`<div class="waiting" data-waiting>
    <div class="waiting-says"><span class="spinner"></span><div role="status"><h2>${t('waiting.title')}</h2><p class="soft">${t('waiting.more')}</p></div></div>
    <button type="button" class="btn wide" data-act="cancel-waiting" onClick=${() => act.cancelJoin()}>${t('waiting.cancel')}</button></div>`;
}

const QUIET = ['password_required', 'password_wrong', 'recorded'];

function JoinForm() {
  const { state, act, t } = useApp();
  const pre = /** @type {import('../domain/types.js').PrejoinState} */ (state.prejoin);
  const [password, setPassword] = useState('');
  const room = doorOf(state);
  const needs = !!room?.password || ['password_required', 'password_wrong'].includes(pre.error ?? '') || !!password;
  const consents = doorAsksConsent(state);
  const how = { ...(needs ? { password } : {}), ...(consents ? { recorded: true } : {}) };
  const join = (/** @type {Event} */ e) => {
    e.preventDefault();
    if (!pre.busy) act.join(how);
  };
  const run = useRemedy({
    retry: () => act.join(how), here: () => act.join(), lobby: () => act.cancelJoin(),
  });
  return html`<form class="join-form" onSubmit=${join} novalidate>
    ${needs && html`<${Password} value=${password} onValue=${setPassword} wrong=${pre.error === 'password_wrong'} />`}
    ${pre.error && !QUIET.includes(pre.error) && html`<${Problem} code=${pre.error} retryAt=${pre.retryAt} run=${run} bad />`}
    ${consents && html`<${RecordingConsent} />`}
    <button class="btn primary big wide" data-act="join" disabled=${pre.busy || (needs && !password)}>
      ${pre.busy && html`<span class="spinner on-accent"></span>`}${t(consents && !pre.busy ? 'prejoin.join_recorded' : joinLabel(state))}</button>
    <label class="switch"><span><b>${t('prejoin.listen')}</b><span class="small soft hint">${t('prejoin.listen_more')}</span></span>
      <input type="checkbox" role="switch" data-act="listen" checked=${state.intent.listenOnly}
        onChange=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => act.setListenOnly(e.currentTarget.checked)} /></label>
  </form>`;
}

export function Prejoin() {
  const { state, act, t } = useApp();
  const pre = state.prejoin;
  const lacking = useRemedy();
  useEffect(() => { // the count, and whether there is a password
    act.watchLobby(true);
    return () => act.watchLobby(false);
  }, []);
  if (!pre) return null;
  const room = doorOf(state);
  const title = (pre.create ? pre.create.title : room?.title) || t(pre.create ? 'prejoin.new' : 'room.untitled');
  return html`<${Header} back=${() => act.cancelJoin()} backLabel=${t('do.lobby')} />
    <main class="prejoin" id="main" tabindex="-1">
      <div class="prejoin-see">
        <${Preview} />
        ${!state.support.webrtc && html`<${Problem} code="no_webrtc" run=${lacking} />`}
        <${DeviceProblem} />
      </div>
      <section class="prejoin-side" aria-labelledby="prejoin-title">
        <div>
          <h1 id="prejoin-title">${title}</h1>
          <p class="soft">${room ? (room.count > 0 ? t('prejoin.here', { count: room.count }) : t('prejoin.nobody')) : t('prejoin.ready')}</p>
        </div>
        ${pre.look && !pre.look.inside && html`<p class="soft small" data-stays>${t(state.account.user ? 'live.become' : 'live.as_guest')}</p>
          ${!state.account.user && html`<button type="button" class="link-btn" data-act="sign-in-first" onClick=${() => act.live.signInFirst()}>${t('lobby.sign_in')}</button>`}`}
        ${pre.waiting ? html`<${Waiting} />` : html`<${JoinForm} />`}
        ${!state.intent.listenOnly && html`<div class="device-list">
          <${DeviceSelect} kind="mic" />
          <${Meter} />
          <${DeviceSelect} kind="camera" />
          <${DeviceSelect} kind="speaker" />
        </div>`}
        ${state.intent.listenOnly && html`<${DeviceSelect} kind="speaker" />`}
      </section>
    </main>`;
}
