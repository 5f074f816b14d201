// In the room: the stage, the panel, the bar, and the keys.
import { html, useEffect, useRef } from '../vendor/htm-preact.js';
import { ControlBar } from './control-bar.js';
import { useApp } from './context.js';
import { Panel } from './panel.js';
import { isHeld, otherOf } from '../domain/ring.js';
import { barredIn, mediaRoom } from '../domain/order.js';
import { ownHand } from './order/hand.js';
import { useKnocks } from './order/knocks.js';
import { CallHints, Lasting, useCall } from './people/call-bar.js';
import { callTitle } from './names.js';
import { shortcutOf } from './shortcuts.js';
import { Stage } from './stage.js';
import { RecordingMark, RecordingNotice } from './recording.js';
import { RoomHints } from './room-hints.js';
import { Icon } from './ui/icon.js';
import { Sounds } from './video.js';

/** @typedef {import('./context.js').Context} Context */

/** @param {Context} c @param {string} what */
function doShortcut({ act, state, ui, setUi }, what) {
  const { intent, media } = state;
  const alone = intent.listenOnly;
  const barred = barredIn(state, mediaRoom(state));
  const kind = { mic: /** @type {const} */ ('mic'), cam: /** @type {const} */ ('camera'), screen: /** @type {const} */ ('screen') }[what];
  if (kind && barred[kind]) return act.order.why(kind);
  if (alone && (what === 'mic' || what === 'cam')) act.setListenOnly(false);
  if (what === 'mic') act.setMic(alone || !intent.mic);
  else if (what === 'cam') act.setCam(alone || !intent.cam);
  else if (what === 'screen' && media.canShareScreen) {
    if (media.screen.phase === 'live') act.stopScreen();
    else act.startScreen();
  } else if (what === 'hand') act.order.hand(!ownHand(state));
  else if (what === 'chat' || what === 'people') setUi({ panel: ui.panel === what ? null : what });
  else if (what === 'view') setUi({ view: ui.view === 'speaker' ? 'gallery' : 'speaker', pinned: null, page: 0 });
  else if (what === 'prev' || what === 'next') setUi({ page: Math.max(0, ui.page + (what === 'next' ? 1 : -1)) });
  else if (what === 'link') setUi({ dialog: 'share' });
  else if (what === 'help') setUi({ dialog: 'help' });
  else if (what === 'close' && ui.panel) setUi({ panel: null });
}

function useShortcuts() {
  const context = useApp();
  const now = useRef(context);
  now.current = context;
  useEffect(() => {
    const key = (/** @type {KeyboardEvent} */ e) => {
      if (e.defaultPrevented || document.querySelector('dialog[open], [role="menu"]')) return;
      const what = shortcutOf(e);
      if (!what) return;
      e.preventDefault();
      doShortcut(now.current, what);
    };
    document.addEventListener('keydown', key);
    return () => document.removeEventListener('keydown', key);
  }, []);
}

/** Everybody alike, or whoever speaks large: from three people on. */
function ViewButton() {
  const { state, t, ui, setUi } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  if (Object.values(here.people).filter((p) => p.media).length < 3) return null;
  const speaker = ui.view === 'speaker' || !!ui.pinned;
  const text = t(speaker ? 'view.gallery' : 'view.speaker');
  return html`<button type="button" class="icon-btn" data-act="view" data-view=${speaker ? 'speaker' : 'gallery'} aria-label=${text} title=${`${text} (G)`}
    onClick=${() => setUi({ view: speaker ? 'gallery' : 'speaker', pinned: null, page: 0 })}><${Icon} name=${speaker ? 'gallery' : 'spotlight'} /></button>`;
}

function RoomHead() {
  const { state, t, ui, setUi } = useApp();
  const here = state.rooms[/** @type {string} */ (state.current)];
  const { room, order, owner, people } = here;
  const call = useCall();
  const knocks = useKnocks().length;
  const title = call ? callTitle(order.map((id) => people[id]).filter(Boolean), otherOf(call, state.account.user?.user ?? '').display, t) : room.title || t('room.untitled');
  return html`<header class="room-head">
    <h1 class="cut" data-room-title>${title}</h1>
    ${call && html`<${Lasting} since=${call.answered} />`}
    ${room.locked && html`<span class="badge" title=${t('rooms.locked')}><${Icon} name="lock" size="s" /><span class="unseen">${t('rooms.locked')}</span></span>`}
    ${room.password && html`<span class="badge" title=${t('rooms.password')}><${Icon} name="key" size="s" /><span class="unseen">${t('rooms.password')}</span></span>`}
    <${RecordingMark} />
    <span class="grow"></span>
    <${ViewButton} />
    ${owner && !call && html`<button type="button" class="icon-btn" data-act="room-settings" aria-label=${t('room.settings')} title=${t('room.settings')}
      onClick=${() => setUi({ dialog: 'room' })}><${Icon} name="edit" /></button>`}
    <button type="button" class="pill tnum" data-act="people" aria-expanded=${String(ui.panel === 'people')} title=${`${t('people.title')} (P)`} onClick=${() => setUi({ panel: ui.panel === 'people' ? null : 'people' })}>
      <${Icon} name="people" size="s" /><span class="unseen">${t('people.title')} </span>${order.length}
      ${knocks > 0 && html`<span class="count" data-knocking=${knocks}><span aria-hidden="true">${knocks}</span><span class="unseen">${t('knock.title')}: ${knocks}</span></span>`}</button>
    ${call ? html`<button type="button" class="pill strong" data-act="call-invite" title=${t('call.invite')} onClick=${() => setUi({ dialog: 'call-invite' })}>
      <${Icon} name="person-add" size="s" /><span class="wide-text">${t('call.invite')}</span></button>`
      : html`<button type="button" class="pill strong" data-act="share" title=${`${t('share.title')} (L)`} onClick=${() => setUi({ dialog: 'share' })}>
      <${Icon} name="link" size="s" /><span class="wide-text">${t('share.invite')}</span></button>`}
  </header>`;
}

export function Room() {
  const { state, ui } = useApp();
  useShortcuts();
  const held = isHeld(state.ring, state.current);
  const here = state.current ? state.rooms[state.current] : null;
  if (!here) return null;
  return html`<div class=${`room ${held ? 'held' : ''} ${ui.panel ? 'with-panel' : ''}`}>
    <${RoomHead} />
    <div class="room-middle">
      <main class="stage-place" id="main" tabindex="-1">
        <${CallHints} />
        <${RecordingNotice} />
        <${RoomHints} />
        <${Stage} />
      </main>
      <${Panel} />
    </div>
    <${ControlBar} />
    <${Sounds} silent=${held} />
  </div>`;
}
