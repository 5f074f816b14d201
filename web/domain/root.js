// The whole state and its reducer.
import { ACCOUNT, accountReducer } from './account.js';
import { INTENT, MEDIA, intentReducer, mediaReducer, peersReducer } from './call.js';
import { CALLS, callsReducer } from './calls.js';
import { CONVS, convsReducer } from './convs.js';
import { filesReducer } from './files.js';
import { LOBBY, lobbyReducer } from './lobby.js';
import { PEOPLE, peopleReducer } from './people.js';
import { RING, ringReducer } from './ring.js';
import { roomsReducer } from './room.js';
import { STAY, stayReducer } from './stay.js';
import { NET, SELF, netReducer, selfReducer } from './session.js';
import { UPLOADS, uploadsReducer } from './uploads.js';

/** @typedef {import('./types.js').State} State */
/** @typedef {import('./types.js').Action} Action */

const TOASTS = 5;

/** @type {State} */
export const INITIAL = {
  screen: 'lobby', home: 'lobby', sign: 'sign_in', over: null, support: { secure: true, webrtc: true, devices: true }, net: NET, self: SELF,
  lobby: LOBBY, prejoin: null, rooms: {}, current: null, peers: {}, intent: INTENT, media: MEDIA, files: {},
  toasts: [], account: ACCOUNT, people: PEOPLE, calls: CALLS, convs: CONVS, stay: STAY, uploads: UPLOADS,
  ring: RING,
};

/** @param {State} s @param {Action} a @returns {State} */
function screens(s, a) {
  switch (a.type) {
    case 'support': return { ...s, support: a.support };
    case 'screen/lobby': return { ...s, screen: 'lobby', home: 'lobby', prejoin: null, over: null };
    case 'screen/home': return { ...s, screen: a.tab, home: a.tab, prejoin: null, over: null };
    case 'screen/sign': return { ...s, screen: 'sign', sign: a.mode, prejoin: null, over: null };
    case 'account/gone':
      return { ...s, home: 'lobby', screen: s.screen === 'room' || s.screen === 'prejoin' ? s.screen : 'lobby' };
    case 'screen/over': return { ...s, screen: 'over', over: { code: a.code }, prejoin: null };
    case 'screen/room': return { ...s, screen: 'room', current: a.room, prejoin: null, over: null };
    case 'prejoin/open':
      return {
        ...s, screen: 'prejoin', over: null,
        prejoin: {
          room: a.room ?? null, link: a.link, create: a.create ?? null, busy: false, error: null,
          retryAt: null,
          otherTab: false,
        },
      };
    case 'prejoin/set': return s.prejoin ? { ...s, prejoin: { ...s.prejoin, ...a.patch } } : s;
    case 'room/gone':
      return s.current === a.room ? { ...s, current: null, screen: s.screen === 'room' ? s.home : s.screen } : s;
    case 'room/merged':
      return s.current === a.from ? { ...s, current: a.joined.room.room } : s;
    case 'toast/add': return { ...s, toasts: [...s.toasts, a.toast].slice(-TOASTS) };
    case 'toast/drop': return { ...s, toasts: s.toasts.filter((t) => t.id !== a.id) };
    default: return s;
  }
}

/** @param {State} state @param {Action} action @returns {State} */
export function reduce(state, action) {
  const s = screens(state, action);
  const parts = {
    net: netReducer(s.net, action), self: selfReducer(s.self, action), lobby: lobbyReducer(s.lobby, action),
    rooms: roomsReducer(s.rooms, action), peers: peersReducer(s.peers, action),
    intent: intentReducer(s.intent, action), media: mediaReducer(s.media, action),
    files: filesReducer(s.files, action), account: accountReducer(s.account, action),
    people: peopleReducer(s.people, action), calls: callsReducer(s.calls, action),
    convs: convsReducer(s.convs, action), uploads: uploadsReducer(s.uploads, action),
    stay: stayReducer(s.stay, action), ring: ringReducer(s.ring, action),
  };
  const changed = Object.entries(parts).some(([k, v]) => v !== s[/** @type {keyof State} */ (k)]);
  return changed ? { ...s, ...parts } : s;
}
