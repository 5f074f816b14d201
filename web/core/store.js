// The store: one state, changed only by reducers; listeners hear after the change.

/**
 * @template S
 * @template {{type: string}} A
 * @typedef {object} Store
 * @property {() => S} get
 * @property {(action: A) => void} dispatch
 * @property {(fn: (state: S, action: A) => void) => () => void} subscribe  gives back how to stop
 */

/**
 * @template S
 * @template {{type: string}} A
 * @param {(state: S, action: A) => S} reducer  pure
 * @param {S} initial
 * @returns {Store<S, A>}
 */
export function createStore(reducer, initial) {
  let state = initial;
  let reducing = false;
  /** @type {Set<(state: S, action: A) => void>} */
  const listeners = new Set();
  return {
    get: () => state,
    dispatch(action) {
      if (reducing) throw new Error('a reducer must not dispatch');
      reducing = true;
      const before = state;
      try {
        state = reducer(state, action);
      } finally {
        reducing = false;
      }
      if (state === before) return;
      for (const fn of [...listeners]) fn(state, action);
    },
    subscribe(fn) {
      listeners.add(fn);
      return () => { listeners.delete(fn); };
    },
  };
}
