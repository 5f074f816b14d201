// Ringing: somebody calls, one calls somebody, and what is told when it is over. It lies over every screen.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../../vendor/htm-preact.js';
import { hasText } from '../../i18n/index.js';
import { inPhase, outgoing } from '../../domain/ring.js';
import { useApp, useUid } from '../context.js';
import { Icon } from '../ui/icon.js';
import { Video } from '../video.js';
import { lasted } from '../../domain/calls.js';
import { Avatar } from './avatar.js';
import { callsLine } from './ring-alert.js';

/** @typedef {import('../../domain/ring.js').Ring} Ring */

/** What one may answer instead of taking the call. */
export const REPLIES = /** @type {const} */ (['later', 'meeting', 'soon', 'write']);
/** How a call ended, as it is told. */
export const OUTCOMES = /** @type {const} */ (['ended', 'declined', 'busy', 'no_answer', 'cancelled', 'expired', 'lost', 'failed']);

/** A dialog over everything that has to be answered. The focus lies on it, and on no button: who was typing
 *  when it came up presses nothing by accident.
 * @param {{ label: string, name: string, onEscape?: () => void, children?: any }} props */
function Sheet({ label, name, onEscape, children }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => {
    const dialog = ref.current;
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    if (dialog && !dialog.open) dialog.showModal();
    /** @type {HTMLElement | null | undefined} */ (dialog?.querySelector('[data-lead]'))?.focus();
    return () => {
      dialog?.close();
      if (before?.isConnected) before.focus();
    };
  }, []);
  const cancel = (/** @type {Event} */ e) => {
    e.preventDefault();
    onEscape?.();
  };
  return html`<dialog ref=${ref} class="ring" data-ring=${name} aria-label=${label} onCancel=${cancel}>${children}</dialog>`;
}

/** @param {{ icon: string, text: string, cls?: string, act: string, run: () => void,
 *   disabled?: boolean }} props */
function Big({ icon, text, cls = '', act, run, disabled = false }) {
  return html`<span class="ring-do"><button type="button" class=${`round big ${cls}`} data-act=${act} aria-label=${text} disabled=${disabled} onClick=${run}><${Icon} name=${icon} size="l" /></button>
    <span class="small" aria-hidden="true">${text}</span></span>`;
}

/** @param {{ done: (text: string) => void, back: () => void }} props */
function Reply({ done, back }) {
  const { t } = useApp();
  const [text, set] = useState('');
  const id = useUid();
  const send = (/** @type {Event} */ e) => {
    e.preventDefault();
    if (text.trim()) done(text.trim());
  };
  return html`<div class="ring-reply">
    ${REPLIES.map((r) => html`<button type="button" key=${r} class="btn wide" data-reply=${r} onClick=${() => done(t(`reply.${r}`))}>${t(`reply.${r}`)}</button>`)}
    <form class="with-btn" onSubmit=${send}>
      <label class="unseen" for=${id}>${t('reply.own')}</label>
      <input class="input" id=${id} data-field="reply" maxlength="200" placeholder=${t('reply.own')} value=${text} autocomplete="off"
        onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => set(e.currentTarget.value)} />
      <button class="btn primary" data-act="reply-send" disabled=${!text.trim()}>${t('reply.send')}</button>
    </form>
    <button type="button" class="link-btn" onClick=${back}>${t('reply.back')}</button>
  </div>`;
}

/** @param {{ ring: Ring }} props */
function Incoming({ ring }) {
  const { state, act, t } = useApp();
  const [replying, reply] = useState(false);
  const { caller, call } = ring;
  const busy = inPhase(state.ring, 'here').length > 0;
  const asked = !!ring.asked;
  const line = callsLine(ring, t);
  const decline = () => act.calls.decline(call);
  return html`<${Sheet} label=${line} name=${busy ? 'waiting' : 'incoming'} onEscape=${() => { if (replying) reply(false); }}>
    <div class="ring-who" tabindex="-1" data-lead data-call=${call}>
      <${Avatar} person=${caller} size="xl" />
      <h2>${caller.display}</h2>
      <p class="small soft ring-name">@${caller.name}</p>
      <p class="soft" role="alert">${asked ? t('ring.connecting') : t(busy ? 'ring.waiting' : ring.video ? 'ring.video_call' : 'ring.voice_call')}</p>
      ${state.ring.sound === 'blocked' && html`<p class="small soft">${t('ring.silent')}</p>`}
    </div>
    ${replying ? html`<${Reply} done=${(/** @type {string} */ text) => act.calls.decline(call, text)} back=${() => reply(false)} />` : html`
    ${busy ? html`<div class="ring-lines">
        <button type="button" class="btn primary big wide" data-act="hold-accept" disabled=${asked} onClick=${() => act.calls.accept(call, ring.video, 'hold')}><${Icon} name="pause" />${t('ring.hold_accept')}</button>
        <button type="button" class="btn big wide" data-act="end-accept" disabled=${asked} onClick=${() => act.calls.accept(call, ring.video, 'end')}><${Icon} name="call" />${t('ring.end_accept')}</button>
        <button type="button" class="btn danger big wide" data-act="decline" disabled=${asked} onClick=${decline}>${t('ring.decline')}</button>
      </div>` : html`<div class="ring-buttons">
        <${Big} icon="leave" cls="no" act="decline" text=${t('ring.decline')} run=${decline} disabled=${asked} />
        ${ring.video ? html`<${Big} icon="call" cls="yes soft-yes" act="accept-voice" text=${t('ring.accept_voice')} run=${() => act.calls.accept(call, false)} disabled=${asked} />
          <${Big} icon="cam" cls="yes" act="accept-video" text=${t('ring.accept_video')} run=${() => act.calls.accept(call, true)} disabled=${asked} />`
          : html`<${Big} icon="cam" cls="yes soft-yes" act="accept-video" text=${t('ring.accept_video')} run=${() => act.calls.accept(call, true)} disabled=${asked} />
          <${Big} icon="call" cls="yes" act="accept-voice" text=${t('ring.accept_voice')} run=${() => act.calls.accept(call, false)} disabled=${asked} />`}
      </div>`}
    <button type="button" class="link-btn" data-act="reply" disabled=${asked} onClick=${() => reply(true)}><${Icon} name="chat" size="s" />${t('ring.reply')}</button>`}
  <//>`;
}

/** @param {string} key @param {string} lang @param {import('../context.js').Context['t']} t */
const errorText = (key, lang, t) => t(hasText(lang, `error.${key}`) ? `error.${key}` : 'error.unknown', { device: '' });

function Outgoing() {
  const { state, act, t, lang } = useApp();
  const { dialling } = state.ring;
  const ring = outgoing(state.ring);
  const who = ring?.callee ?? dialling?.with;
  if (!who) return null;
  const video = ring?.video ?? dialling?.video;
  const error = dialling?.error ?? null;
  const { camera } = state.media;
  return html`<${Sheet} key="out" label=${t('ring.calling', { name: who.display })} name=${error ? 'failed' : 'outgoing'} onEscape=${() => act.calls.cancel()}>
    <div class="ring-who" tabindex="-1" data-lead data-call=${ring?.call}>
      <${Avatar} person=${who} size="xl" />
      <h2>${who.display}</h2>
      ${error ? html`<p class="refused" role="alert" data-problem=${error}>${errorText(error, lang, t)}</p>`
        : html`<p class="soft" role="status">${t(ring ? 'ring.rings' : 'ring.dialling')}</p>`}
    </div>
    ${video && camera.phase === 'live' && camera.stream && !error && html`<div class="ring-self"><${Video} id=${camera.stream} mirror label=${t('prejoin.preview')} /></div>`}
    <div class="ring-buttons">
      <${Big} icon=${error ? 'close' : 'leave'} cls=${error ? '' : 'no'} act="cancel-call" text=${t(error ? 'close' : 'ring.cancel')} run=${() => act.calls.cancel()} />
    </div>
  <//>`;
}

/** @param {{ value: number, rate: (n: number) => void }} props */
function Stars({ value, rate }) {
  const { t } = useApp();
  return html`<div class="stack-s stars-place">
    <p class="small soft" role="status">${t(value ? 'after.thanks' : 'after.quality')}</p>
    <div class="stars" role="group" aria-label=${t('after.quality')}>${[1, 2, 3, 4, 5].map((n) => html`<button type="button" key=${n} class=${`icon-btn ${n <= value ? 'lit' : ''}`}
      data-stars=${n} aria-pressed=${String(n === value)} aria-label=${t('after.stars', { count: n })} onClick=${() => rate(n)}><${Icon} name=${n <= value ? 'star-on' : 'star'} /></button>`)}</div>
  </div>`;
}

function After() {
  const { state, act, t } = useApp();
  const { after } = state.ring;
  if (!after) return null;
  const { with: who, outcome, text, video } = after;
  const known = OUTCOMES.some((o) => o === outcome) ? outcome : 'ended';
  return html`<${Sheet} label=${t('after.title')} name="after" onEscape=${() => act.calls.afterDone()}>
    <div class="ring-who" tabindex="-1" data-lead data-outcome=${outcome}>
      <${Avatar} person=${who} size="xl" />
      <h2>${who.display}</h2>
      <p class="soft" role="status">${t(`outcome.${known}`, { name: who.display })}${after.lasted !== null && html` <span class="tnum" data-lasted>${lasted(after.lasted)}</span>`}</p>
      ${text && html`<p class="ring-text">“${text}”</p>`}
    </div>
    ${after.lasted !== null && html`<${Stars} value=${after.stars} rate=${(/** @type {number} */ n) => act.calls.rate(n)} />`}
    <div class="ring-lines">
      <button type="button" class="btn primary big wide" data-act="again" onClick=${() => act.calls.start(who, video)}><${Icon} name=${video ? 'cam' : 'call'} />${t('call.again')}</button>
      ${after.lasted === null && html`<button type="button" class="btn big wide" data-act="after-write" onClick=${() => { act.calls.afterDone(); act.convs.write(who.user); }}><${Icon} name="chat" />${t('conv.do_write')}</button>`}
      <button type="button" class="btn big wide" data-act="after-done" onClick=${() => act.calls.afterDone()}>${t('close')}</button>
    </div>
  <//>`;
}

/** It rang here, and was answered on another device: said for a moment. */
function Elsewhere() {
  const { state, act, t } = useApp();
  const { answeredElsewhere } = state.ring;
  useEffect(() => {
    if (!answeredElsewhere) return undefined;
    const timer = setTimeout(() => act.calls.elsewhereSeen(), 5000);
    return () => clearTimeout(timer);
  }, [answeredElsewhere]);
  return html`<div class="toasts top-toasts"><div class="toast-list" role="status">${answeredElsewhere
    && html`<div class="toast" data-toast="answered_elsewhere"><${Icon} name="device" /><span>${t('ring.answered_elsewhere')}</span></div>`}</div></div>`;
}

export function Ringing() {
  const { state } = useApp();
  const incoming = inPhase(state.ring, 'incoming')[0];
  return html`${incoming ? html`<${Incoming} key=${incoming.call} ring=${incoming} />`
    : state.ring.dialling || outgoing(state.ring) ? html`<${Outgoing} />` : html`<${After} key=${state.ring.after?.call} />`}
    <${Elsewhere} />`;
}
