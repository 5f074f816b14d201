// What a call has beyond a room: how long it lasts, hold, a third person, that it became one with pictures.
import { html, useEffect, useState } from '../../vendor/htm-preact.js';
import { lasted } from '../../domain/calls.js';
import { foundFor } from '../../domain/people.js';
import { askedInto, callOfRoom, otherOf } from '../../domain/ring.js';
import { useApp } from '../context.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { Avatar, PresenceWords } from './avatar.js';
import { Strips } from './home.js';

/** The call of the room in view, if it is one. */
export function useCall() {
  const { state } = useApp();
  return callOfRoom(state.ring, state.current);
}

/** Counts while somebody looks. @param {{ since: number | undefined }} props */
export function Lasting({ since }) {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return since ? html`<span class="pill tnum" role="timer" aria-live="off" data-lasting>${lasted(now - since)}</span>` : null;
}

/** In the bar. */
export function HoldButton() {
  const { act, t } = useApp();
  const call = useCall();
  if (!call) return null;
  const on = call.heldHere;
  return html`<button type="button" class=${`round wide-only ${on ? 'active' : ''}`} data-act="hold" aria-pressed=${String(on)} aria-label=${t('call.hold')} title=${t(on ? 'call.unhold' : 'call.hold')}
    onClick=${() => act.calls.hold(call.call, !on)}><${Icon} name=${on ? 'play' : 'pause'} /></button>`;
}

/** Above the stage: that the call rests, and who wants so; who was asked in; calls elsewhere. */
export function CallHints() {
  const { state, act, t } = useApp();
  const call = useCall();
  const me = state.account.user?.user ?? '';
  const held = call?.held ?? [];
  return html`${state.account.user && html`<${Strips} />`}
    ${call && held.length > 0 && html`<div class="problem calm" data-hint="held"><${Icon} name="pause" />
      <p class="problem-text" role="status">${t(call.heldHere ? 'call.held_here' : 'call.held_there', { name: otherOf(call, me).display })}</p>
      ${call.heldHere && html`<button type="button" class="btn primary" data-act="unhold" onClick=${() => act.calls.hold(call.call, false)}>${t('call.unhold')}</button>`}</div>`}
    ${askedInto(state.ring, state.current).map((r) => html`<div key=${r.call} class="problem calm" data-hint="asked"><${Icon} name="call" />
      <p class="problem-text" role="status">${t('call.rings_at', { name: r.callee.display })}</p>
      <button type="button" class="btn" data-act="cancel-call" onClick=${() => act.calls.cancel()}>${t('ring.cancel')}</button></div>`)}`;
}

/** @param {{ close: () => void }} props */
export function CallInviteDialog({ close }) {
  const { state, act, t } = useApp();
  const call = useCall();
  useEffect(() => {
    act.people.show(true);
    act.people.search('', ''); // whatever the directory was last asked for
    return () => act.people.show(false);
  }, []);
  const [text, set] = useState('');
  if (!call) return null;
  const inside = [call.caller.user, call.callee.user];
  const { list } = state.people;
  const people = foundFor(state.people, text).filter((p) => !inside.includes(p.user) && !p.blocked);
  const ask = (/** @type {string} */ user) => {
    act.calls.invite(call.call, user);
    close();
  };
  return html`<${Dialog} title=${t('call.invite')} onClose=${close} name="call-invite">
    <p class="soft">${t('call.invite_more')}</p>
    <span class="with-sign"><${Icon} name="search" size="s" /><input class="input" type="search" data-first data-field="invite-search" aria-label=${t('people.search')} placeholder=${t('people.search')} value=${text}
      onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => { set(e.currentTarget.value); act.people.search(e.currentTarget.value, ''); }} /></span>
    <ul class="rows">${people.map((p) => html`<li key=${p.user} class="row" data-user=${p.user}><button type="button" class="row-main" onClick=${() => ask(p.user)}>
      <${Avatar} person=${p} presence=${p.presence} /><span class="grow"><span class="row-name cut"><b>${p.display}</b></span><span class="small soft cut row-more"><${PresenceWords} person=${p} /></span></span>
      <${Icon} name="person-add" /></button></li>`)}</ul>
    ${list.loaded && !list.busy && people.length === 0 && html`<p class="soft">${t('people.none_found', { query: text })}</p>`}
  <//>`;
}
