// Files on their way, as state. The table says which step may follow which.
import { IGNORE, next } from '../core/fsm.js';

/** @typedef {import('./types.js').FileState} FileState */
/** @typedef {import('./types.js').Action} Action */
/** @typedef {FileState['phase']} FilePhase */
/** @typedef {'accept'|'open'|'end'|'good'|'decline'|'cancel'|'fail'} FileStep */

export const FILE_PHASES = /** @type {const} */ ([
  'offered', 'connecting', 'moving', 'checking', 'done', 'declined', 'cancelled', 'failed']);
export const FILE_STEPS = /** @type {const} */ (['accept', 'open', 'end', 'good', 'decline', 'cancel', 'fail']);

const OVER = {
  accept: IGNORE, open: IGNORE, end: IGNORE, good: IGNORE, decline: IGNORE, cancel: IGNORE, fail: IGNORE,
};
const STOP = /** @type {const} */ ({ decline: 'cancelled', cancel: 'cancelled', fail: 'failed' });

/** @type {import('../core/fsm.js').Table<FilePhase, FileStep>} */
export const FILE_TABLE = {
  offered: {
    accept: 'connecting', open: IGNORE, end: IGNORE, good: IGNORE, decline: 'declined', cancel: 'cancelled',
    fail: 'failed',
  },
  connecting: { accept: IGNORE, open: 'moving', end: IGNORE, good: IGNORE, ...STOP },
  moving: { accept: IGNORE, open: IGNORE, end: 'checking', good: 'done', ...STOP },
  checking: { accept: IGNORE, open: IGNORE, end: IGNORE, good: 'done', ...STOP },
  done: OVER, declined: OVER, cancelled: OVER, failed: OVER,
};

/** @param {Record<string, FileState>} files @param {Action} action @returns {Record<string, FileState>} */
export function filesReducer(files, action) {
  switch (action.type) {
    case 'file/new':
      return { ...files, [action.file.id]: action.file };
    case 'file/step': {
      const f = files[action.id];
      if (!f) return files;
      const phase = next(FILE_TABLE, f.phase, /** @type {FileStep} */ (action.step));
      return phase === f.phase ? files : { ...files, [f.id]: { ...f, ...action.patch, phase } };
    }
    case 'file/set': {
      const f = files[action.id];
      return f ? { ...files, [f.id]: { ...f, ...action.patch } } : files;
    }
    case 'file/forget': {
      const out = { ...files };
      delete out[action.id];
      return out;
    }
    default:
      return files;
  }
}
