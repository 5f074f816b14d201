// The rules of a room, for those who moderate it: who comes in, who is heard, and what concerns everybody at
// once.
import { hands, others } from '../../domain/order.js';
import { html } from '../../vendor/htm-preact.js';
import { useApp } from '../context.js';
import { mayModerate } from '../people/here.js';
import { Switch } from '../people/form.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';

/** Everybody's microphones: off, and when all are, on again. */
export function MuteAll() {
  const { state, act, t } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const some = others(here, 'quiet').length > 0;
  const lift = !some && others(here, 'muted').length > 0;
  return html`<button type="button" class="btn" data-act=${lift ? 'lift-all' : 'mute-all'} disabled=${!some && !lift} onClick=${() => act.order.muteAll(lift ? 'lift' : 'mute')}>
    <${Icon} name=${lift ? 'mic' : 'mic-off'} size="s" />${t(lift ? 'order.lift_all' : 'order.mute_all')}</button>`;
}

/** What everybody is asked at once. @param {{ here: import('../../domain/types.js').RoomState }} props */
function Everybody({ here }) {
  const { act, t, setUi } = useApp();
  const up = hands(here).length;
  return html`<section class="stack-s" aria-labelledby="order-all">
    <h3 id="order-all">${t('order.all')}</h3>
    <div class="btn-grid">
      <button type="button" class="btn" data-act="ask-all" disabled=${others(here, 'quiet').length === 0} onClick=${() => act.order.muteAll('ask')}><${Icon} name="whisper" size="s" />${t('order.ask_all')}</button>
      <${MuteAll} />
      <button type="button" class="btn" data-act="lower-all" disabled=${!up} onClick=${() => act.order.lowerAll()}><${Icon} name="hand" size="s" />${t('order.lower_all')}</button>
      ${!here.room.stays && html`<button type="button" class="btn" data-act="merge" onClick=${() => setUi({ dialog: 'merge' })}><${Icon} name="merge" size="s" />${t('order.move_all')}</button>`}
    </div></section>`;
}

/** @param {{ close: () => void }} props */
export function RulesDialog({ close }) {
  const { state, act, t, setUi } = useApp();
  const here = state.current ? state.rooms[state.current] : null;
  if (!here || !mayModerate(state)) return null;
  const { room } = here;
  const few = (/** @type {boolean} */ on) => (on ? 'moderators' : 'all');
  return html`<${Dialog} title=${t('order.title')} onClose=${close} name="order">
    <div class="stack">
      <${Switch} label=${t('room.lock')} more=${t('room.lock_more')} on=${room.locked} name="rule-lock" set=${(/** @type {boolean} */ on) => act.roomSet({ locked: on })} />
      <${Switch} label=${t('order.lobby')} more=${t('order.lobby_more')} on=${!!room.lobby} name="rule-lobby" set=${(/** @type {boolean} */ on) => act.roomSet({ lobby: on })} />
      ${(state.self.groups || room.publish) && html`<${Switch} label=${t('order.publish')} more=${t('order.publish_more')} on=${!!room.publish} name="rule-publish" set=${(/** @type {boolean} */ on) => act.roomSet({ publish: few(on) })} />`}
      <${Switch} label=${t('order.share')} more=${t('order.share_more')} on=${!!room.share} name="rule-share" set=${(/** @type {boolean} */ on) => act.roomSet({ share: few(on) })} />
      <${Everybody} here=${here} />
      ${state.self.groups && html`<button type="button" class="btn wide" data-act="programs" onClick=${() => setUi({ dialog: 'programs' })}><${Icon} name="device" size="s" />${t('programs.title')} …</button>`}
    </div><//>`;
}
