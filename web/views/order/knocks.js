// Who waits outside to be let in: the first one above the stage, all of them above the people.
import { html } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { Face } from '../ui/face.js';
import { Icon } from '../ui/icon.js';

/** @typedef {import('../../domain/order.js').Knock} Knock */

/** @returns {Knock[]} */
export function useKnocks() {
  const { state } = useApp();
  return state.current ? state.rooms[state.current]?.knocks ?? [] : [];
}

/** @param {{ knock: Knock }} props */
function Answer({ knock: k }) {
  const { act, t } = useApp();
  return html`<span class="knock-do">
    <button type="button" class="btn" data-act="refuse" aria-label=${t('knock.refuse_name', { name: k.name })} onClick=${() => act.order.admit(k.session, false)}>${t('knock.refuse')}</button>
    <button type="button" class="btn primary" data-act="admit" aria-label=${t('knock.admit_name', { name: k.name })} onClick=${() => act.order.admit(k.session, true)}>${t('knock.admit')}</button></span>`;
}

/** Above the stage, as long as the list of people is not open. */
export function KnockHint() {
  const { t, ui, setUi } = useApp();
  const knocks = useKnocks();
  if (!knocks.length || ui.panel === 'people') return null;
  const [first, ...rest] = knocks;
  return html`<div class="problem calm knock" data-hint="knock">
    <${Icon} name="knock" />
    <p class="problem-text" role="status">${t('knock.waits', { name: first.name })}
      ${rest.length > 0 && html` <button type="button" class="link-btn" data-act="knocks" onClick=${() => setUi({ panel: 'people' })}>${t('knock.more', { count: rest.length })}</button>`}</p>
    <${Answer} knock=${first} /></div>`;
}

/** Above the people. */
export function KnockList() {
  const { act, t } = useApp();
  const knocks = useKnocks();
  if (!knocks.length) return null;
  return html`<section class="knocks" aria-label=${t('knock.title')} data-knocks=${knocks.length}>
    <div class="knocks-head"><h3>${t('knock.title')} <span class="tnum">${knocks.length}</span></h3>
      ${knocks.length > 1 && html`<button type="button" class="btn" data-act="admit-all" onClick=${() => act.order.admitAll()}>${t('knock.admit_all')}</button>`}</div>
    <ul>${knocks.map((k) => html`<li key=${k.session} class="person" data-knock=${k.session}><${Face} session=${k.session} name=${k.name} />
      <p class="grow cut"><b>${k.name}</b></p><${Answer} knock=${k} /></li>`)}</ul></section>`;
}
