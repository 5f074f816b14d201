// The page: picks the screen, and holds what lies over all of them.
import { html, render, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/htm-preact.js';
import { currentLang, translator } from '../i18n/index.js';
import { Banner } from './banner.js';
import { AppContext } from './context.js';
import { Dialogs } from './dialogs.js';
import { Lobby } from './lobby.js';
import { Directory } from './people/directory.js';
import { History } from './people/history.js';
import { Me } from './people/me.js';
import { Messages } from './people/messages.js';
import { useRingAlert } from './people/ring-alert.js';
import { Ringing } from './people/ring.js';
import { Sign } from './people/sign.js';
import { Over } from './over.js';
import { Prejoin } from './prejoin.js';
import { applyLang, applyTheme, keepLang, keepTheme, storedTheme } from './prefs.js';
import { Room } from './room.js';
import { Toasts } from './toasts.js';

/** @typedef {import('./context.js').App} App */
/** @typedef {import('./context.js').Ui} Ui */
/** @typedef {import('../domain/types.js').State} State */

const SCREENS = {
  lobby: Lobby, prejoin: Prejoin, room: Room, over: Over, people: Directory, calls: History,
  messages: Messages, me: Me, sign: Sign,
};

const HOMES = ['people', 'calls', 'messages', 'me', 'lobby'];

/** @param {App} app @returns {State} */
function useAppState(app) {
  const [state, setState] = useState(app.state());
  useEffect(() => {
    let asked = false;
    const update = () => {
      asked = false;
      setState(app.state());
    };
    // Many changes may come in one task: drawn once.
    const stop = app.subscribe(() => {
      if (asked) return;
      asked = true;
      queueMicrotask(update);
    });
    update();
    return stop;
  }, [app]);
  return state;
}

/** @param {State} state @param {import('../i18n/index.js').Translate} t */
function titleOf(state, t) {
  const room = state.current ? state.rooms[state.current] : null;
  if (state.screen !== 'room' || !room) {
    const { missed, unread, requests } = state.account.badges;
    const count = missed + unread + requests;
    return `${count > 0 ? `(${count}) ` : ''}${t('app.title')}`;
  }
  const unread = room.unread > 0 ? `(${room.unread}) ` : '';
  return `${unread}${room.room.title || t('room.untitled')} · madang`;
}

/** What had the focus went away with the old screen: the new one has it, or the keyboard would begin at the
 *  top of the page, and a screen reader would say nothing. @param {string} screen */
function useFocusOnChange(screen) {
  const before = useRef(screen);
  useEffect(() => {
    if (before.current === screen) return;
    before.current = screen;
    if (document.activeElement === document.body) document.getElementById('main')?.focus({ preventScroll: true });
  }, [screen]);
}

/** @param {{ app: App, initial: Partial<Ui> }} props */
function Root({ app, initial }) {
  const state = useAppState(app);
  const [ui, set] = useState(/** @type {Ui} */ ({
    lang: currentLang(), theme: storedTheme(), panel: null, dialog: null, whisperTo: null,
    view: 'gallery', pinned: null, page: 0, ...initial,
  }));
  const setUi = (/** @type {Partial<Ui>} */ patch) => set((/** @type {Ui} */ old) => ({ ...old, ...patch }));
  const t = useMemo(() => translator(ui.lang), [ui.lang]);
  const title = useRingAlert(state, t, titleOf(state, t));
  useLayoutEffect(() => applyLang(ui.lang, title), [ui.lang, title]);
  useLayoutEffect(() => {
    applyTheme(ui.theme);
    keepTheme(ui.theme);
  }, [ui.theme]);
  useEffect(() => {
    if (ui.lang !== currentLang()) keepLang(ui.lang);
  }, [ui.lang]);
  useEffect(() => setUi({ panel: null, ...initial }), [state.screen]);
  const afresh = { dialog: null, whisperTo: null, pinned: null, page: 0 };
  useEffect(() => setUi({ ...afresh, ...initial }), [state.screen, state.current]);
  useFocusOnChange(state.screen);
  const Screen = SCREENS[state.screen];
  const context = { app, act: app.actions, state, t, lang: ui.lang, ui, setUi };
  return html`<${AppContext.Provider} value=${context}>
    <div class=${`page ${state.screen === 'room' ? 'in-room' : ''} ${HOMES.includes(state.screen) && state.account.user ? 'at-home' : ''}`}>
      <a class="skip unseen" href="#main" onClick=${toMain}>${t('skip')}</a>
      <${Banner} />
      <${Screen} />
    </div>
    <${Dialogs} />
    <${Ringing} />
    <${Toasts} />
  <//>`;
}

/** @param {Event} e */
function toMain(e) {
  e.preventDefault();
  document.getElementById('main')?.focus();
}

/**
 * @param {App} app
 * @param {Element} where
 * @param {Partial<Ui>} [initial]  fixtures open a panel or dialog with it
 */
export function mount(app, where, initial = {}) {
  render(html`<${Root} app=${app} initial=${initial} />`, where);
}
