// Everything that can go wrong has a sentence and one thing to press. This is the list: code -> what
// the button does. The sentences are `error.CODE` and, where the button isn't obvious, `error.CODE.more`.
import { html } from '../vendor/htm-preact.js';
import { useCountdown } from './banner.js';
import { useApp } from './context.js';
import { Icon } from './ui/icon.js';

/** @typedef {'lobby' | 'retry' | 'allow' | 'https' | 'reload' | 'browsers' | 'devices' | 'password' | 'here'
 *   | 'dismiss'} Remedy */

/** @type {Record<string, Remedy>} */
export const REMEDIES = {
  // joining
  room_unknown: 'lobby', room_full: 'retry', room_locked: 'retry', lobby: 'retry', not_admitted: 'lobby', recorded: 'retry', recordings_off: 'dismiss', room_limit: 'retry', removed: 'lobby',
  rooms_cap: 'lobby', password_required: 'password', password_wrong: 'password', bad_title: 'retry',
  bad_name: 'dismiss', busy: 'retry', rate: 'retry', lost: 'retry', already_joined: 'here', media_elsewhere: 'dismiss',
  media_full: 'dismiss',
  // in the room
  not_owner: 'dismiss', not_in_room: 'lobby', not_group: 'dismiss', no_media: 'dismiss', peer_unknown: 'dismiss', too_long: 'dismiss', bad_body: 'reload',
  // devices
  permission_denied: 'allow', no_device: 'retry', device_in_use: 'retry', insecure_context: 'https',
  unsupported: 'browsers', unplugged: 'devices', failed: 'retry', no_webrtc: 'browsers', no_devices_api: 'browsers',
  // the protocol
  version: 'reload', session_unknown: 'reload', no_session: 'reload', bad_json: 'reload', bad_request: 'reload',
  unknown_type: 'reload', bad_id: 'reload', stream_unknown: 'retry', unknown: 'retry',
  // people
  sign_in_required: 'dismiss', sign_in_wrong: 'dismiss', name_taken: 'dismiss', name_confusable: 'dismiss', weak_password: 'dismiss',
  bad_invite: 'dismiss', registration_closed: 'dismiss', passkey_refused: 'dismiss', passkey_cancelled: 'dismiss', passkey_known: 'dismiss',
  no_host: 'dismiss', untrusted: 'dismiss', user_unknown: 'dismiss', in_call: 'dismiss', call_unknown: 'dismiss', call_over: 'dismiss',
  not_allowed: 'dismiss', last_admin: 'dismiss', confirm_required: 'dismiss',
  banned: 'dismiss', too_late: 'dismiss', conv_unknown: 'dismiss', store_busy: 'retry', store_full: 'dismiss', quota_full: 'dismiss', internal: 'retry',
  bad_picture: 'dismiss', picture_large: 'dismiss', push_denied: 'dismiss', push_refused: 'dismiss',
  replaced: 'here', replaced_pipe: 'here', switched: 'here', closed: 'reload',
};

/** Where the page would be safe. @param {Location} at */
export const secureAddress = (at) => `https://${at.host}${at.pathname}`;

/**
 * @param {{ code: string, run: (remedy: Remedy) => void, retryAt?: number | null, bad?: boolean,
 *   kind?: string, hide?: () => void }} props
 * kind: 'mic', 'camera' or 'screen' for sentences that name the device.
 */
export function Problem({ code, run, retryAt = null, bad = false, kind = '', hide }) {
  const { t } = useApp();
  const known = code in REMEDIES ? code : 'unknown';
  const remedy = REMEDIES[known];
  const seconds = useCountdown(retryAt);
  const device = kind ? t(`device.${kind}`) : t('device.any');
  const label = remedy === 'retry' && seconds > 0 ? t('do.retry_in', { seconds }) : t(`do.${remedy}`);
  return html`<div class=${`problem ${bad ? 'bad' : ''}`} data-problem=${code}>
    <${Icon} name="warn" />
    <p class="problem-text" role="alert">${t(`error.${known}`, { device })}</p>
    ${remedy === 'https'
      ? html`<a class="btn" href=${secureAddress(location)}>${label}</a>`
      : html`<button type="button" class="btn" data-remedy=${remedy} disabled=${remedy === 'retry' && seconds > 0}
          onClick=${() => run(remedy)}>${label}</button>`}
    ${hide && html`<button type="button" class="icon-btn" aria-label=${t('close')} title=${t('close')} onClick=${hide}><${Icon} name="close" size="s" /></button>`}
  </div>`;
}
