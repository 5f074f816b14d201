// What others see of one, and how one is told of calls.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { askOf } from '../../domain/account.js';
import { useApp, useUid } from '../context.js';
import { Refused, Switch } from './form.js';

export const SETTINGS = /** @type {const} */ (['last_seen', 'read_marks', 'strangers', 'early_address']);
/** Why a browser is not woken, as far as it is no choice of one's own. */
export const PUSH_WHY = /** @type {const} */ (['denied', 'unsupported', 'untrusted', 'no_key']);

export function Privacy() {
  const { state, act, t } = useApp();
  const settings = /** @type {import('../../domain/account.js').Me} */ (state.account.user).settings;
  return html`<section class="card me-card" aria-labelledby="me-privacy">
    <h2 id="me-privacy">${t('privacy.title')}</h2>
    ${SETTINGS.map((s) => html`<${Switch} key=${s} label=${t(`privacy.${s}`)} more=${t(`privacy.${s}_more`)} on=${!!settings[s]} name=${`set-${s.replace('_', '-')}`}
      set=${(/** @type {boolean} */ on) => act.account.set({ settings: { [s]: on } })} />`)}
    <${Refused} what="settings" />
  </section>`;
}

/** While a tab is open somewhere behind others. */
function InTab() {
  const { act, t } = useApp();
  const can = typeof Notification === 'function';
  const [permission, set] = useState(can ? Notification.permission : 'denied');
  const turn = async () => {
    await act.calls.notifyHere();
    set(Notification.permission);
  };
  if (!can) return null;
  return html`<div class="me-line"><span class="grow"><b>${t('notify.tab')}</b><span class="small soft hint" data-permission=${permission}>${t(`notify.${permission}`)}</span></span>
    ${permission === 'default' && html`<button type="button" class="btn" data-act="allow-notify" onClick=${turn}>${t('notify.allow')}</button>`}</div>`;
}

export function Notifications() {
  const { state, act, t } = useApp();
  const { push } = state.account;
  const { busy } = askOf(state.account, 'push');
  useEffect(() => { act.account.lookAtPush(); }, [state.account.policy?.push_key]);
  const why = PUSH_WHY.find((w) => w === push);
  const id = useUid();
  return html`<section class="card me-card" aria-labelledby="me-notify">
    <h2 id="me-notify">${t('notify.title')}</h2>
    <${InTab} />
    <${Switch} label=${t('notify.push')} more=${t('notify.push_more')} on=${push === 'on' && !why} why=${why && id} name="push" disabled=${busy || !!why || push === 'unknown'}
      set=${(/** @type {boolean} */ on) => act.account.turnPush(on)} />
    ${why && html`<p class="small soft" id=${id} data-why=${why}>${t(`notify.why.${why}`)}</p>`}
    <${Refused} what="push" />
  </section>`;
}
