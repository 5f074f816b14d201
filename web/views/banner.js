// The line on top while something is wrong with the connection. Not alarming for the first moments:
// a call goes on without the server.
import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { Icon } from './ui/icon.js';

/** Whole seconds until `at`, counting down. @param {number | null} at @returns {number} */
export function useCountdown(at) {
  const left = () => (at === null ? 0 : Math.max(0, Math.ceil((at - Date.now()) / 1000)));
  const [seconds, set] = useState(left());
  useEffect(() => {
    set(left());
    if (at === null) return undefined;
    const timer = setInterval(() => set(left()), 250);
    return () => clearInterval(timer);
  }, [at]);
  return seconds;
}

export function Banner() {
  const { state, act, t } = useApp();
  const { phase, retryAt, everOnline } = state.net;
  const seconds = useCountdown(phase === 'waiting' ? retryAt : null);
  const lost = (phase === 'waiting' || phase === 'connecting') && state.net.attempt > 0;
  // The countdown is for the eyes; a screen reader hears the sentence once.
  return html`<div class="banner-place" role="status">
    ${lost && html`<div class="banner" data-banner="lost">
      <${Icon} name="away" />
      <span>${t(everOnline ? 'net.lost' : 'net.unreachable')}
        ${phase === 'waiting' && seconds > 0 && html` <span class="tnum" aria-hidden="true">${t('net.in', { seconds })}</span>`}
        ${phase === 'connecting' && html` <span aria-hidden="true">${t('net.trying')}</span>`}
      </span>
      ${phase === 'waiting' && html`<button type="button" class="btn" onClick=${() => act.retryNow()}>${t('net.now')}</button>`}
    </div>`}
  </div>`;
}
