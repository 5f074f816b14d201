// The bar at the bottom: what one needs within reach of a thumb.
import { html } from '../vendor/htm-preact.js';
import { useApp } from './context.js';
import { useDevices } from './devices.js';
import { MediaButton } from './media-buttons.js';
import { barredIn, mediaRoom } from '../domain/order.js';
import { HandButton, ownHand, useHands } from './order/hand.js';
import { HoldButton, useCall } from './people/call-bar.js';
import { convHere, mayModerate } from './people/here.js';
import { recordItems } from './recording.js';
import { Icon } from './ui/icon.js';
import { Menu } from './ui/menu.js';

/** @typedef {import('./ui/menu.js').MenuItem} MenuItem */

/** How much of the others is received in a group. */
export const QUALITIES = /** @type {const} */ (['auto', 'save', 'audio']);

/** @param {'mic' | 'camera' | 'speaker'} kind @returns {MenuItem[]} */
function useDeviceItems(kind) {
  const { act, t } = useApp();
  const { options, chosen } = useDevices(kind);
  return [{ label: t(`device.${kind}`) }, ...options.map((d) => ({
    text: d.label, checked: d.id === chosen, key: `${kind}:${d.id}`, disabled: !d.id && options.length === 1, run: () => act.setDevice(kind, d.id),
  }))];
}

function MicGroup() {
  const { state, t } = useApp();
  const items = useDeviceItems('mic');
  const speakers = useDeviceItems('speaker');
  return html`<span class="pair"><${MediaButton} kind="mic" />
    <${Menu} items=${state.media.canPickSpeaker ? [...items, { line: true }, ...speakers] : items} label=${t('bar.sound_devices')} cls="pair-more" place="up start" name="mic"><${Icon} name="up" size="s" /><//></span>`;
}

function CamGroup() {
  const { state, act, t } = useApp();
  const items = useDeviceItems('camera');
  if (state.media.canFlip) items.push({ line: true }, { text: t('cam.flip'), icon: 'flip', run: () => act.flipCamera() });
  return html`<span class="pair"><${MediaButton} kind="cam" />
    <${Menu} items=${items} label=${t('bar.cameras')} cls="pair-more" place="up start" name="camera"><${Icon} name="up" size="s" /><//></span>`;
}

/** @param {{ cls?: string }} props */
function ScreenButton({ cls = '' }) {
  const { state, act, t } = useApp();
  if (!state.media.canShareScreen) return null;
  const on = state.media.screen.phase === 'live';
  const barred = barredIn(state, mediaRoom(state)).screen;
  const why = barred && t(`toast.barred_${barred}_screen`);
  const run = () => (barred ? act.order.why('screen') : on ? act.stopScreen() : act.startScreen());
  return html`<button type="button" class=${`round ${on ? 'active' : ''} ${cls}`} data-act="screen" aria-pressed=${String(on)} aria-label=${why ? `${t('screen.share')}. ${why}` : t('screen.share')}
    aria-disabled=${barred ? 'true' : undefined} data-barred=${barred || undefined} title=${why || `${t(on ? 'screen.stop' : 'screen.share')} (S)`} onClick=${run}>
    <${Icon} name=${on ? 'screen-off' : 'screen'} /></button>`;
}

/** @param {{ unread: number }} props */
function ChatButton({ unread }) {
  const { t, ui, setUi } = useApp();
  const open = ui.panel === 'chat';
  return html`<button type="button" class=${`round ${open ? 'active' : ''}`} data-act="chat" aria-expanded=${String(open)}
      title=${`${t('chat.title')} (C)`} onClick=${() => setUi({ panel: open ? null : 'chat' })}>
    <${Icon} name="chat" /><span class="unseen">${unread > 0 ? t('chat.open_unread', { count: unread }) : t('chat.title')}</span>
    ${unread > 0 && html`<span class="count" aria-hidden="true" data-unread=${unread}>${unread > 99 ? '99+' : unread}</span>`}</button>`;
}

function MoreMenu() {
  const { state, act, t, setUi } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const { media } = state;
  const call = useCall();
  const others = Object.values(state.rooms).filter((r) => r.id !== here.id);
  /** @type {MenuItem[]} */
  const items = [
    { text: t('people.title'), icon: 'people', key: 'people', run: () => setUi({ panel: 'people' }) },
    call ? { text: t('call.invite'), icon: 'person-add', key: 'call-invite', run: () => setUi({ dialog: 'call-invite' }) }
      : { text: t('share.title'), icon: 'link', key: 'share', run: () => setUi({ dialog: 'share' }) },
  ];
  if (call) items.push({ text: t(call.heldHere ? 'call.unhold' : 'call.hold'), icon: call.heldHere ? 'play' : 'pause', key: 'hold', run: () => { act.calls.hold(call.call, !call.heldHere); } });
  if (useHands()) items.push({ text: t(ownHand(state) ? 'hand.lower' : 'hand.raise'), icon: 'hand', key: 'hand', run: () => act.order.hand(!ownHand(state)) });
  if (media.canShareScreen && !barredIn(state, mediaRoom(state)).screen) items.push({ text: t(media.screen.phase === 'live' ? 'screen.stop' : 'screen.share'), icon: 'screen', key: 'screen', run: () => (media.screen.phase === 'live' ? act.stopScreen() : act.startScreen()) });
  if (media.canFlip) items.push({ text: t('cam.flip'), icon: 'flip', key: 'flip', run: () => act.flipCamera() });
  if (!here.media && !state.intent.listenOnly && barredIn(state, here).mic !== 'few') items.push({ text: t('bar.ask_media'), icon: 'cam', key: 'ask-media', run: () => act.askMedia(true) });
  if (mayModerate(state) && !call) items.push({ line: true }, { text: t('order.title'), icon: 'shield', key: 'order', run: () => setUi({ dialog: 'order' }) });
  if (here.room.stays && mayModerate(state)) items.push({ text: t(here.room.locked ? 'room.unlock' : 'room.lock'), icon: here.room.locked ? 'unlock' : 'lock', key: 'lock', run: () => act.roomSet({ locked: !here.room.locked }) });
  if (here.owner && !call) items.push({ text: t('room.settings'), icon: 'edit', key: 'room', run: () => setUi({ dialog: 'room' }) },
    { text: t(here.room.locked ? 'room.unlock' : 'room.lock'), icon: here.room.locked ? 'unlock' : 'lock', key: 'lock', run: () => act.roomSet({ locked: !here.room.locked }) },
    { text: t('merge.title'), icon: 'merge', key: 'merge', run: () => setUi({ dialog: 'merge' }) });
  items.push(...recordItems(state, t, () => setUi({ dialog: 'record' })));
  if (others.length > 0) items.push({ line: true }, { label: t('bar.other_rooms') }, ...others.map((r) => ({
    text: r.room.title || t('room.untitled'), icon: 'forward', run: () => act.show(r.id) })));
  if (here.mode === 'group') items.push({ line: true }, { label: t('quality') }, ...QUALITIES.map((q) => ({
    text: t(`quality.${q}`), checked: state.intent.quality === q, key: `quality-${q}`, run: () => act.setQuality(q) })));
  if (here.media || here.mode === 'group') items.push({ line: true }, { text: t('link.title'), icon: 'signal', key: 'network', run: () => setUi({ dialog: 'network' }) });
  items.push({ line: true }, { text: t('settings'), icon: 'settings', key: 'settings', run: () => setUi({ dialog: 'settings' }) },
    { text: t('help'), icon: 'help', key: 'help', run: () => setUi({ dialog: 'help' }) });
  return html`<${Menu} items=${items} label=${t('bar.more')} cls="round" place="up end" name="more"><${Icon} name="more" /><//>`;
}

export function ControlBar() {
  const { state, act, t } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const call = useCall();
  const offers = Object.values(state.files).filter((f) => f.room === here.id && !f.own && f.phase === 'offered').length;
  return html`<section class="bar" aria-label=${t('bar.name')}>
    <${MicGroup} />
    <${CamGroup} />
    <${HoldButton} />
    <${HandButton} />
    <${ScreenButton} cls="wide-only" />
    <${ChatButton} unread=${here.unread + offers + (convHere(state)?.unread ?? 0)} />
    <${MoreMenu} />
    <button type="button" class="round leave" data-act="leave" aria-label=${t(call ? 'call.end' : 'leave')} title=${t(call ? 'call.end' : 'leave')} onClick=${() => act.leave()}><${Icon} name="leave" /></button>
  </section>`;
}
