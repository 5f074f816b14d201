// Fields of the forms about accounts: a label, a hint, what is wrong with it; passwords can be looked at.
import { html, useEffect, useRef, useState } from '../../vendor/htm-preact.js';
import { hasText } from '../../i18n/index.js';
import { askOf } from '../../domain/account.js';
import { useCountdown } from '../banner.js';
import { useApp, useUid } from '../context.js';
import { Icon } from '../ui/icon.js';

/** @typedef {{ currentTarget: HTMLInputElement }} InputEventLike */
/** Why a password is weak. */
export const WEAK = /** @type {const} */ (['short', 'common', 'name', 'date', 'repeat', 'keyboard', 'guessable']);

/**
 * @param {{ label: string, name: string, value: string, onValue: (v: string) => void, hint?: string,
 *   type?: string, autocomplete?: string, wrong?: boolean, first?: boolean, max?: number,
 *   placeholder?: string }} props
 */
export function Field({ label, name, value, onValue, hint, type = 'text', autocomplete = 'off', wrong = false, first = false, max = 256, placeholder }) {
  const id = useUid();
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input class="input" id=${id} data-field=${name} name=${name} type=${type} value=${value} maxlength=${max} autocomplete=${autocomplete}
      data-first=${first || undefined} spellcheck=${false} autocapitalize="off" placeholder=${placeholder}
      aria-invalid=${wrong ? 'true' : undefined} aria-describedby=${hint ? `${id}h` : undefined}
      onInput=${(/** @type {InputEventLike} */ e) => onValue(e.currentTarget.value)} />
    ${hint && html`<p class="hint" id=${`${id}h`}>${hint}</p>`}
  </div>`;
}

/** @param {{ label: string, name?: string, value: string, onValue: (v: string) => void, fresh?: boolean,
 *   hint?: string, wrong?: boolean, first?: boolean }} props  fresh: a new password, not one that is known */
export function Password({ label, name = 'password', value, onValue, fresh = false, hint, wrong = false, first = false }) {
  const { t } = useApp();
  const [shown, show] = useState(false);
  const id = useUid();
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <div class="with-eye">
      <input class="input" id=${id} data-field=${name} name=${name} type=${shown ? 'text' : 'password'} value=${value} maxlength="128"
        autocomplete=${fresh ? 'new-password' : 'current-password'} spellcheck=${false} autocapitalize="off" data-first=${first || undefined}
        aria-invalid=${wrong ? 'true' : undefined} aria-describedby=${hint ? `${id}h` : undefined}
        onInput=${(/** @type {InputEventLike} */ e) => onValue(e.currentTarget.value)} />
      <button type="button" class="icon-btn" data-act="show-password" aria-pressed=${String(shown)} aria-label=${t('form.show')} title=${t(shown ? 'form.hide' : 'form.show')}
        onClick=${() => show(!shown)}><${Icon} name=${shown ? 'eye-off' : 'eye'} /></button>
    </div>
    ${hint && html`<p class="hint" id=${`${id}h`}>${hint}</p>`}
  </div>`;
}

/** Why a user name is none. */
export const BAD_NAME = /** @type {const} */ (['short', 'long', 'character', 'mixed']);

/** @param {string} error @param {string | null} reason */
function sentenceOf(error, reason) {
  if (error === 'weak_password' && WEAK.some((w) => w === reason)) return `weak.${reason}`;
  if (error === 'bad_name' && BAD_NAME.some((w) => w === reason)) return `bad_name.${reason}`;
  return `error.${error}`;
}

/** Closes once what was asked for is done; what an earlier try said is gone.
 * @param {string} what @param {() => void} close */
export function useDone(what, close) {
  const { state, act } = useApp();
  const { done } = askOf(state.account, what);
  const before = useRef(done);
  useEffect(() => {
    if (done > before.current) close();
  }, [done]);
  useEffect(() => () => act.account.forget(what), []);
}

/** Why something that was asked for was refused, in words. @param {{ what: string }} props */
export function Refused({ what }) {
  const { state, t, lang } = useApp();
  const { error, reason, retryAt } = askOf(state.account, what);
  const seconds = useCountdown(retryAt);
  if (!error) return null;
  const key = sentenceOf(error, reason);
  return html`<p class="refused" role="alert" data-problem=${error}><${Icon} name="warn" size="s" />
    <span>${t(hasText(lang, key) ? key : 'error.unknown', { device: '' })}${seconds > 0 && html` <span class="tnum">${t('form.again_in', { seconds })}</span>`}</span></p>`;
}

/** @param {{ what: string, text: string, name: string, disabled?: boolean, cls?: string }} props */
export function Submit({ what, text, name, disabled = false, cls = 'btn primary big wide' }) {
  const { state } = useApp();
  const { busy } = askOf(state.account, what);
  return html`<button class=${cls} data-act=${name} disabled=${busy || disabled}>
    ${busy && html`<span class="spinner on-accent"></span>`}${text}</button>`;
}

/** @param {{ label: string, more?: string, on: boolean, name: string, disabled?: boolean,
 *   set: (on: boolean) => void, why?: string }} props
 * why: the id of the line that says why it is disabled */
export function Switch({ label, more, on, name, disabled = false, set, why = '' }) {
  return html`<label class="switch"><span><b>${label}</b>${more && html`<span class="small soft hint">${more}</span>`}</span>
    <input type="checkbox" role="switch" data-act=${name} checked=${on} disabled=${disabled} aria-describedby=${why || undefined}
      onChange=${(/** @type {InputEventLike} */ e) => set(e.currentTarget.checked)} /></label>`;
}
