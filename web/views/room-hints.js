// What one has to know or press during a call, above the stage: sound that waits for a tap, a device
// that failed, a full mesh, talking while muted.
import { barredIn } from '../domain/order.js';
import { html, useState } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { AskedHint, FewHint } from './order/hints.js';
import { KnockHint } from './order/knocks.js';
import { Problem } from './problem.js';
import { useRemedy } from './remedy.js';
import { Icon } from './ui/icon.js';

function DeviceTrouble() {
  const { state, act } = useApp();
  const [hidden, setHidden] = useState('');
  const { media, intent } = state;
  const mic = intent.mic && !intent.listenOnly && media.mic.phase === 'error' ? media.mic.error : null;
  const cam = intent.cam && !intent.listenOnly && media.camera.phase === 'error' ? media.camera.error : null;
  const screen = media.screen.phase === 'error' ? media.screen.error : null;
  const code = mic || cam || screen;
  const kind = mic && mic === cam ? '' : mic ? 'mic' : cam ? 'camera' : 'screen';
  const run = useRemedy({
    retry: () => {
      if (mic) act.retryDevice('mic');
      if (cam) act.retryDevice('camera');
      if (!mic && !cam) act.startScreen();
    },
  });
  const what = `${code} ${kind}`;
  // Who chose to go on without a camera need not look at this all the time; another trouble shows again.
  if (!code || hidden === what) return null;
  return html`<${Problem} code=${code} kind=${kind} run=${run} hide=${() => setHidden(what)} />`;
}

/** @param {{ icon: string, text: string, button: string, name: string, run: () => void,
 *   tone?: string }} props */
function Hint({ icon, text, button, name, run, tone = '' }) {
  return html`<div class=${`problem ${tone}`} data-hint=${name}>
    <${Icon} name=${icon} /><p class="problem-text" role="status">${text}</p>
    <button type="button" class="btn" onClick=${run}>${button}</button></div>`;
}

export function RoomHints() {
  const { state, act, t } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const [seen, setSeen] = useState('');
  const { media } = state;
  return html`<div class="hints">
    <${KnockHint} />
    <${AskedHint} />
    ${media.playbackBlocked && html`<${Hint} icon="speaker-off" name="playback" text=${t('hint.playback')} button=${t('hint.playback_do')}
      run=${() => act.resumePlayback()} />`}
    <${DeviceTrouble} />
    <${FewHint} />
    ${here.mediaFree && !here.media && !state.intent.listenOnly && html`<${Hint} icon="cam" name="media_free" tone="calm"
      text=${t('hint.media_free')} button=${t('hint.media_free_do')} run=${() => act.askMedia(true)} />`}
    ${here.mediaFull && !here.mediaFree && !here.media && seen !== here.id && html`<${Hint} icon="info" name="media_full" tone="calm"
      text=${t('error.media_full', { count: state.self.limits.mesh })} button=${t('ok')} run=${() => setSeen(here.id)} />`}
    ${media.mutedSpeaking && !barredIn(state, here).mic && html`<${Hint} icon="mic-off" name="muted" tone="calm" text=${t('hint.muted')} button=${t('mic.on')} run=${() => act.setMic(true)} />`}
  </div>`;
}
