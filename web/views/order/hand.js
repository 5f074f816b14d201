// The raised hand: the button, and the sign on whoever has raised theirs, with whose turn it is.
import { handOf } from '../../domain/order.js';
import { html } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { useCall } from '../people/call-bar.js';
import { Icon } from '../ui/icon.js';

/** One's own hand in the room that is shown. @param {import('../context.js').State} state */
export function ownHand({ rooms, current }) {
  const here = current ? rooms[current] : null;
  return !!here?.people[here.self]?.hand;
}

/** Two who talk need no turns. */
export function useHands() {
  const { state } = useApp();
  const here = state.current ? state.rooms[state.current] : null;
  const call = useCall();
  return !!here && (!call || here.order.length > 2);
}

export function HandButton() {
  const { state, act, t } = useApp();
  const up = ownHand(state);
  if (!useHands()) return null;
  return html`<button type="button" class=${`round hand-btn ${up ? 'active' : ''}`} data-act="hand" aria-pressed=${String(up)} aria-label=${t('hand.raise')}
    title=${`${t(up ? 'hand.lower' : 'hand.raise')} (H)`} onClick=${() => act.order.hand(!up)}><${Icon} name="hand" /></button>`;
}

/** @param {{ session: string, cls?: string }} props */
export function HandSign({ session, cls = '' }) {
  const { state, t } = useApp();
  const here = state.current ? state.rooms[state.current] : null;
  const turn = here ? handOf(here, session) : 0;
  if (!turn) return null;
  const text = t('hand.up', { turn });
  return html`<span class=${`hand-sign ${cls}`} data-hand=${turn} title=${text}><${Icon} name="hand" size="s" /><span class="tnum" aria-hidden="true">${turn}</span><span class="unseen">${text}</span></span>`;
}
