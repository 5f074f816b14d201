// What one is asked by those who keep order, above the stage: kindly, with the one thing to press.
import { barredIn } from '../../domain/order.js';
import { html, useState } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { Icon } from '../ui/icon.js';

const ICONS = { mic: 'mic-off', camera: 'cam-off', screen: 'screen-off' };

export function AskedHint() {
  const { state, act, t } = useApp();
  const { asked } = state.rooms[/** @type {string} */ (state.current)];
  if (!asked) return null;
  const { kind, name, hard } = asked;
  const heed = () => {
    if (kind === 'mic') act.setMic(false);
    else if (kind === 'camera') act.setCam(false);
    else act.stopScreen();
    act.order.heeded();
  };
  return html`<div class="problem calm" data-asked=${`${hard ? 'hard' : 'soft'}-${kind}`}>
    <${Icon} name=${ICONS[kind]} /><p class="problem-text" role="status">${t(`asked.${hard ? 'hard' : 'soft'}_${kind}`, { name: name || t('asked.somebody') })}</p>
    ${hard ? html`<button type="button" class="btn" data-act="heeded" onClick=${() => act.order.heeded()}>${t('ok')}</button>`
      : html`<button type="button" class="btn primary" data-act="heed" onClick=${heed}>${t(`asked.do_${kind}`)}</button>
        <button type="button" class="icon-btn" data-act="heeded" aria-label=${t('close')} title=${t('close')} onClick=${() => act.order.heeded()}><${Icon} name="close" size="s" /></button>`}
  </div>`;
}

/** Only those who moderate are heard and seen here. */
export function FewHint() {
  const { state, t } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const [seen, setSeen] = useState('');
  if (barredIn(state, here).mic !== 'few' || here.media || seen === here.id) return null;
  return html`<div class="problem calm" data-hint="few"><${Icon} name="ear" /><p class="problem-text" role="status">${t('hint.few')}</p>
    <button type="button" class="btn" onClick=${() => setSeen(here.id)}>${t('ok')}</button></div>`;
}
