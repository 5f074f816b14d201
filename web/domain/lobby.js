// The live list of public rooms, as state.

/** @typedef {import('./types.js').LobbyState} LobbyState */
/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Action} Action */

/** @type {LobbyState} */
export const LOBBY = { loaded: false, rooms: {}, stays: [], total: 0, people: 0 };

/** @param {LobbyState} lobby @param {Action} action @returns {LobbyState} */
export function lobbyReducer(lobby, action) {
  switch (action.type) {
    case 'lobby/list':
      return {
        loaded: true, stays: lobby.stays, total: action.total, people: action.people,
        rooms: Object.fromEntries(action.rooms.map((/** @type {Room} */ r) => [r.room, r])),
      };
    case 'lobby/change': {
      if (!lobby.loaded) return lobby;
      const rooms = { ...lobby.rooms };
      for (const r of action.changed) rooms[r.room] = r;
      for (const id of action.gone) delete rooms[id];
      return { loaded: true, rooms, stays: lobby.stays, total: action.total, people: action.people };
    }
    case 'lobby/stays':
      return { ...lobby, stays: action.rooms };
    case 'lobby/clear':
      return LOBBY;
    default:
      return lobby;
  }
}

/**
 * As people want to see them: most people first, then by title.
 * @param {LobbyState} lobby
 * @returns {Room[]}
 */
export function roomList(lobby) {
  return Object.values(lobby.rooms).sort((a, b) => b.count - a.count || a.title.localeCompare(b.title)
    || (a.room < b.room ? -1 : 1));
}
