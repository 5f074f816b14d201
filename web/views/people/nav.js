// Where people with accounts go: People, Calls, Messages, Rooms; on the phone at the bottom, within reach.
import { html } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { Icon } from '../ui/icon.js';

/** @typedef {import('../../domain/types.js').HomeScreen} HomeScreen */

const TABS = /** @type {const} */ ([['people', 'people'], ['calls', 'call'], ['messages', 'chat'], ['lobby', 'grid']]);
export const NAV_KEYS = TABS.map(([tab]) => tab);

export function Nav() {
  const { state, act, t } = useApp();
  const { badges } = state.account;
  /** @type {Record<string, number>} */
  const counts = { calls: badges.missed, messages: badges.unread + badges.requests };
  return html`<nav class="nav" aria-label=${t('nav.name')}>
    ${TABS.map(([tab, icon]) => html`<button type="button" key=${tab} class="nav-tab" data-nav=${tab} aria-current=${state.screen === tab ? 'page' : undefined}
      onClick=${() => act.home(tab)}>
      <span class="nav-sign"><${Icon} name=${icon} />${counts[tab] > 0 && html`<span class="count" data-badge=${counts[tab]} aria-hidden="true">${counts[tab] > 99 ? '99+' : counts[tab]}</span>`}</span>
      <span>${t(`nav.${tab}`)}</span>
      ${counts[tab] > 0 && html`<span class="unseen">${t(`nav.${tab}_new`, { count: counts[tab] })}</span>`}
    </button>`)}
  </nav>`;
}
