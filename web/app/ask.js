// A thing that somebody pressed a button for: the state says whether it is under way, and why it was refused.
import { codeOf } from './context.js';

/** @typedef {import('./context.js').Context} Context */

/**
 * What wants to be sure who is there is asked again when that has been said.
 * @template T
 * @param {Pick<Context, 'confirmSelf'>} c @param {() => Promise<T>} fn @returns {Promise<T>}
 */
async function sure(c, fn) {
  try {
    return await fn();
  } catch (e) {
    if (codeOf(e) === 'confirm_required' && await c.confirmSelf?.()) return fn();
    throw e;
  }
}

/**
 * One of a kind at a time.
 * @template T
 * @param {Pick<Context, 'state' | 'dispatch' | 'confirmSelf'>} c
 * @param {string} what  where it is found again: state.account.asks[what]
 * @param {() => Promise<T>} fn
 * @returns {Promise<T | undefined>} undefined: it was refused (what was thrown is in the state), or is under
 *   way already
 */
export async function ask(c, what, fn) {
  if (c.state().account.asks[what]?.busy) return undefined;
  c.dispatch({ type: 'account/asking', what });
  try {
    const answer = await sure(c, fn);
    c.dispatch({ type: 'account/answered', what });
    return answer;
  } catch (e) {
    const { reason, field, retryMs } = /** @type {any} */ (e);
    const error = codeOf(e) === 'session_lost' ? 'lost' : codeOf(e);
    c.dispatch({ type: 'account/answered', what, error, reason, field, retryAt: retryMs ? Date.now() + retryMs : null });
    return undefined;
  }
}
