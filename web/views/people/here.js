// The room that is shown, when it is one that stays: whose words these are, and who moderates.
import { convOf, moderates } from '../../domain/order.js';

/** @typedef {import('../../domain/types.js').State} State */

/** The conversation of the room that is shown, when one is in it. @param {State} state */
export const convHere = (state) => convOf(state, state.current ? state.rooms[state.current] : null);

/** Whether one keeps order in the room that is shown. @param {State} state */
export const mayModerate = (state) => moderates(state, state.current ? state.rooms[state.current] : null);
