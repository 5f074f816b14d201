// What all screens of somebody who is signed in have: the head with the way around, what the browser holds
// back, and a call that goes on elsewhere.
import { html } from '../../vendor/htm-preact.js';
import { callOfRoom, inPhase, otherOf } from '../../domain/ring.js';
import { useApp } from '../context.js';
import { Icon, Mark } from '../ui/icon.js';
import { Nav } from './nav.js';
import { OwnMenu } from './own-menu.js';

export function HomeHeader() {
  return html`<header class="top home-top">
    <span class="brand"><${Mark} size=${28} /><b>madang</b></span>
    <${Nav} />
    <${OwnMenu} />
  </header>
  <${Strips} />`;
}

/** Sound needs a click first: the page says so, and any click will do. */
function SoundStrip() {
  const { state, t } = useApp();
  if (state.ring.sound !== 'blocked') return null;
  return html`<div class="strip" data-strip="sound" role="status"><${Icon} name="bell-off" size="s" /><span>${t('ring.no_sound')}</span>
    <button type="button" class="btn">${t('ring.no_sound_do')}</button></div>`;
}

/** A call on another device, or one that goes on in a room one is not looking at. */
function CallStrip() {
  const { state, act, t } = useApp();
  const me = state.account.user?.user ?? '';
  const there = inPhase(state.ring, 'elsewhere').find((r) => r.state === 'accepted');
  const here = inPhase(state.ring, 'here').find((r) => r.room && r.room !== state.current && state.rooms[r.room]);
  const ring = here ?? there;
  if (!ring || callOfRoom(state.ring, state.screen === 'room' ? state.current : null)) return null;
  const name = otherOf(ring, me).display;
  return html`<div class="strip call" data-strip="call" role="status"><${Icon} name=${here ? 'call' : 'device'} size="s" />
    <span>${t(here ? 'ring.goes_on' : 'ring.elsewhere', { name })}</span>
    <button type="button" class="btn" data-act=${here ? 'back-to-call' : 'take-call'} disabled=${!!ring.asked}
      onClick=${() => (here ? act.calls.back(ring.call) : act.calls.take(ring.call))}>${t(here ? 'ring.back' : 'ring.take')}</button></div>`;
}

export function Strips() {
  return html`<${SoundStrip} /><${CallStrip} />`;
}
