// The room that is shown, when it is one that stays: whose words these are, and who moderates.

/** @typedef {import('../../domain/convs.js').Conv} Conv */

/** The conversation of the room that is shown, when one is in it.
 * @param {import('../../domain/types.js').State} state @returns {Conv | null} */
export function convHere({ rooms, current, convs, account }) {
  const here = current ? rooms[current] : null;
  return here?.room.stays && account.user ? convs.list[here.id] ?? null : null;
}

/** Whether one may lock the room and remove people. @param {import('../../domain/types.js').State} state */
export function mayModerate(state) {
  const here = state.current ? state.rooms[state.current] : null;
  const conv = convHere(state);
  return !!here && (here.owner || (!!conv && conv.role !== 'member'));
}
