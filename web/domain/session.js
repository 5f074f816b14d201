// The connection and oneself, as state.

/** @typedef {import('./types.js').NetState} NetState */
/** @typedef {import('./types.js').SelfState} SelfState */
/** @typedef {import('./types.js').Action} Action */

/** @type {NetState} */
export const NET = {
  phase: 'idle', pipe: null, retryAt: null, attempt: 0, everOnline: false, error: null,
};

/** @type {SelfState} */
export const SELF = {
  session: null, former: [], name: '', tag: '', server: '', relays: false, groups: false, recordings: false,
  limits: { name: 32, chat: 2000, title: 64, rooms: 8, mesh: 4, group: 0 },
};

/** @param {NetState} net @param {Action} action @returns {NetState} */
export function netReducer(net, action) {
  if (action.type !== 'net/phase') return net;
  const { phase, pipe = net.pipe, retryAt = null, attempt = net.attempt, error = null } = action;
  return {
    phase, retryAt, attempt, error, pipe: phase === 'online' ? pipe : null,
    everOnline: net.everOnline || phase === 'online',
  };
}

/** @param {SelfState} self @param {Action} action @returns {SelfState} */
export function selfReducer(self, action) {
  switch (action.type) {
    case 'self/hello': {
      const { ack } = action;
      const former = self.session && self.session !== ack.session
        ? [...self.former, self.session].slice(-8) : self.former;
      const { name, chat, title, rooms_per_session: rooms, mesh, group } = ack.limits ?? {};
      return {
        session: ack.session, former, name: ack.name, tag: ack.tag, server: ack.server ?? '',
        relays: !!ack.turn, groups: !!ack.group, recordings: !!ack.recordings,
        limits: {
          name: name ?? SELF.limits.name, chat: chat ?? SELF.limits.chat, title: title ?? SELF.limits.title,
          rooms: rooms ?? SELF.limits.rooms, mesh: mesh ?? SELF.limits.mesh, group: group ?? 0,
        },
      };
    }
    case 'self/name':
      return { ...self, name: action.name };
    case 'self/former':
      return { ...self, former: [...self.former, action.session].slice(-8) };
    default:
      return self;
  }
}
