// What every view gets without being handed it: the app, its state, the language, and what only the
// page knows (which panel and dialog are open).
import { createContext, useContext, useState } from '../vendor/htm-preact.js';

/** @typedef {import('../i18n/index.js').Lang} Lang */
/** @typedef {import('../i18n/index.js').Translate} Translate */
/** @typedef {import('../domain/types.js').State} State */

/**
 * What views use of the app; app.js says what each means.
 * @typedef {object} App
 * @property {() => State} state
 * @property {(fn: (state: State) => void) => () => void} subscribe
 * @property {{ get: (id: string) => MediaStream | undefined,
 *   on: (event: 'change', fn: (id: string) => void) => () => void }} streams
 * @property {(fn: (level: number) => void) => () => void} meter
 * @property {(room: string) => string} link
 * @property {Actions & import('../app/with_people.js').PeopleActions} actions
 */
/**
 * @typedef {object} Actions
 * @property {(on: boolean) => void} watchLobby
 * @property {() => void} goLobby
 * @property {(what: { room: string } | { create: NewRoom }) => void} prepare
 * @property {(fields: NewRoom) => void} setCreate
 * @property {(how?: { password?: string, recorded?: boolean }) => void} join
 * @property {() => void} cancelJoin
 * @property {(answer: 'switch' | 'muted' | 'cancel') => void} answerOtherTab
 * @property {(room?: string) => void} leave
 * @property {(room: string) => void} show
 * @property {(fields: Omit<import('../net/protocol.js').RoomSetFields, 'room'>) => void} roomSet
 * @property {(session: string) => void} removePerson
 * @property {(room: string) => void} mergeInto
 * @property {ReturnType<typeof import('../app/order.js').orderActions>} order
 * @property {(on: boolean) => void} askMedia
 * @property {(text: string) => void} sendChat
 * @property {(to: string, text: string) => void} sendWhisper
 * @property {(chatId: string) => void} resend
 * @property {(on: boolean) => void} typing
 * @property {() => void} chatSeen
 * @property {(name: string) => void} setName
 * @property {(on: boolean) => void} setMic
 * @property {(on: boolean) => void} setCam
 * @property {(on: boolean) => void} setListenOnly
 * @property {(on: boolean) => void} setRelayOnly
 * @property {(kind: 'mic' | 'camera' | 'speaker', id: string) => void} setDevice
 * @property {() => void} flipCamera
 * @property {(kind: 'mic' | 'camera') => void} retryDevice
 * @property {() => void} startScreen
 * @property {() => void} stopScreen
 * @property {() => void} playbackBlocked
 * @property {() => void} resumePlayback
 * @property {(element: HTMLMediaElement) => () => void} attachSink
 * @property {(session: string, file: File) => void} offerFile
 * @property {(id: string) => void} acceptFile
 * @property {(id: string) => void} declineFile
 * @property {(id: string) => void} cancelFile
 * @property {(id: string) => void} forgetFile
 * @property {() => void} retryNow
 * @property {() => void} retryCall  connections with others that wait for their next try
 * @property {(session: string, role: 'camera' | 'screen',
 *   how: Omit<import('../domain/wants.js').Seen, 'session' | 'role'> | null) => void} look  a tile is in
 *   view; null: no more
 * @property {() => void} askWays  what the server knows of everybody's way to it
 * @property {(quality: import('../domain/types.js').Quality) => void} setQuality
 * @property {() => void} reload
 * @property {(id: number) => void} dismiss
 */
/** @typedef {{ title?: string, public?: boolean, password?: string, capacity?: number }} NewRoom */

/** @typedef {'auto' | 'light' | 'dark'} Theme */
/** @typedef {'settings' | 'share' | 'help' | 'create' | 'room' | 'permission' | 'merge'
 *   | 'certificate' | 'password' | 'new-codes' | 'delete' | 'block' | 'passkey' | 'picture'
 *   | 'call-invite' | 'network' | 'conv-room' | 'conv-members' | 'conv-leave' | 'conv-edit' | 'conv-links'
 *   | 'conv-archive' | 'conv-picture' | 'public-rooms' | 'token' | 'order' | 'programs'
 *   | 'record' | 'recorded'} DialogName */

/**
 * @typedef {object} Ui
 * @property {Lang} lang
 * @property {Theme} theme
 * @property {null | 'chat' | 'people'} panel
 * @property {null | DialogName} dialog
 * @property {string | null} whisperTo  session that the next message goes to
 * @property {'gallery' | 'speaker'} view  of the stage
 * @property {string | null} pinned  session that is shown large whoever speaks
 * @property {number} page  of the stage, from 0
 */

/**
 * @typedef {object} Context
 * @property {App} app
 * @property {App['actions']} act
 * @property {State} state
 * @property {Translate} t
 * @property {Lang} lang
 * @property {Ui} ui
 * @property {(patch: Partial<Ui>) => void} setUi
 */

export const AppContext = createContext(/** @type {Context} */ (/** @type {unknown} */ (null)));

/** @returns {Context} */
export const useApp = () => useContext(AppContext);

let uids = 0;
/** An id for aria-labelledby and its kin, the same for the life of a component. @returns {string} */
export function useUid() {
  const [id] = useState(() => `u${++uids}`);
  return id;
}
