// What the one button of a problem does, where the screen has no better idea.
import { useApp } from './context.js';

/** @typedef {import('./problem.js').Remedy} Remedy */

/**
 * @param {Partial<Record<Remedy, () => void>>} own  what this screen does itself
 * @returns {(remedy: Remedy) => void}
 */
export function useRemedy(own = {}) {
  const { act, setUi } = useApp();
  return (remedy) => {
    const mine = own[remedy];
    if (mine) mine();
    else if (remedy === 'lobby') act.goLobby();
    else if (remedy === 'allow') setUi({ dialog: 'permission' });
    else if (remedy === 'browsers') setUi({ dialog: 'help' });
    else if (remedy === 'devices') setUi({ dialog: 'settings' });
    else if (remedy === 'here' || remedy === 'reload') act.reload();
    else if (remedy === 'retry') act.retryNow();
  };
}
