// The two buttons that everybody looks for: microphone and camera. They show the person's intent; what
// the device makes of it is told by a mark on the button.
import { barredIn, mediaRoom } from '../domain/order.js';
import { html } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { Icon } from './ui/icon.js';

/** @param {{ kind: 'mic' | 'cam', tip?: boolean }} props */
export function MediaButton({ kind }) {
  const { state, act, t } = useApp();
  const { intent, media } = state;
  const barred = state.screen === 'room' ? barredIn(state, mediaRoom(state))[kind === 'mic' ? 'mic' : 'camera'] : '';
  const on = intent[kind] && !intent.listenOnly && !barred;
  const device = kind === 'mic' ? media.mic : media.camera;
  const trouble = on && (device.phase === 'error' || device.phase === 'paused');
  const toggle = () => {
    if (barred) return act.order.why(kind === 'mic' ? 'mic' : 'camera');
    if (intent.listenOnly) act.setListenOnly(false);
    if (kind === 'mic') act.setMic(intent.listenOnly || !intent.mic);
    else act.setCam(intent.listenOnly || !intent.cam);
  };
  const label = barred ? t(`toast.barred_${barred}_${kind === 'mic' ? 'mic' : 'camera'}`) : t(`${kind}.${on ? 'off' : 'on'}`);
  const why = trouble ? `. ${t(device.phase === 'paused' ? 'device.paused' : `error.${device.error ?? 'failed'}`, { device: t(`device.${kind === 'mic' ? 'mic' : 'camera'}`) })}` : '';
  return html`<button type="button" class=${`round ${on ? '' : 'off'} ${trouble ? 'trouble' : ''}`} data-act=${kind} aria-pressed=${String(on)} aria-disabled=${barred ? 'true' : undefined} data-barred=${barred || undefined}
      aria-label=${t(`${kind}.name`) + (barred ? `. ${label}` : why)} title=${barred ? label : `${label} (${kind === 'mic' ? 'M' : 'V'})`} onClick=${toggle}>
    ${on && device.phase === 'starting' ? html`<span class="spinner"></span>` : html`<${Icon} name=${on ? kind : `${kind}-off`} />`}
    ${trouble && html`<span class="mark-bad">!</span>`}
  </button>`;
}
