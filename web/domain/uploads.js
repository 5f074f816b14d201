// Files that one is about to send, as state: what was chosen for which conversation, and how far each has
// come. The bytes themselves are not here.

/** @typedef {import('./types.js').Action} Action */
/** @typedef {import('./convs.js').FileRef} FileRef */
/**
 * A picture is drawn anew before it is sent (`original` false), so that nothing but what it shows leaves the
 * browser. `url` shows it here. `file` is what the server made of it. What waits has lost its connection.
 * @typedef {{id: string, name: string, size: number, mime: string, picture: boolean, original: boolean,
 *   url: string | null, width: number, height: number, phase: UploadPhase, moved: number, total: number,
 *   error: string | null, file: FileRef | null}} Upload
 */
/** @typedef {'chosen'|'preparing'|'moving'|'waiting'|'done'|'failed'} UploadPhase */
/** Why something was not taken. @typedef {{name: string, code: string}} Refusal */
/**
 * `tray`: chosen for the next message of a conversation; `refused`: what was not taken with the last choice.
 * @typedef {{items: Record<string, Upload>, tray: Record<string, string[]>,
 *   refused: Record<string, Refusal[]>}} UploadsState
 */

/** @type {UploadsState} */
export const UPLOADS = { items: {}, tray: {}, refused: {} };

export const FILES_MAX = 10;
/** Why something is not taken into the tray. */
export const REFUSALS = /** @type {const} */ (['empty', 'too_large', 'too_many', 'folder']);
const NAME_BYTES = 255;

/** What the server takes for no name: controls, what turns or hides text, halves of characters; and what
 * separates folders. */
const REFUSED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800/\\]/gu;
/** Joiners and the selectors of emoji stay. */
const KEPT = /[\u200c\u200d]|[\ufe00-\ufe0f]/u;

/** A name that every system can have: without what deceives, and short enough, with its ending.
 * @param {string} name */
export function fileName(name) {
  const clean = name.normalize('NFC').replace(REFUSED, (c) => (KEPT.test(c) ? c : '')).trim();
  const bytes = (/** @type {string} */ s) => new TextEncoder().encode(s).length;
  if (bytes(clean) <= NAME_BYTES) return clean || 'file';
  const ending = /\.[^.\s]{1,12}$/u.exec(clean)?.[0] ?? '';
  const stem = [...clean.slice(0, clean.length - ending.length)];
  while (bytes(stem.join('') + ending) > NAME_BYTES) stem.pop();
  return stem.join('') + ending;
}

/** Types that are pictures here and can be drawn anew. GIFs move, and stay as they are.
 * @param {string} mime */
export const isPicture = (mime) => /^image\/(?!svg|gif)[\w.+-]+$/i.test(mime);

/** What of `files` can be sent with one message that has `had` already.
 * @template {{name: string, size: number}} F
 * @param {F[]} files @param {number} had @param {number | null} max  bytes of one; null: not known
 * @returns {{taken: F[], refused: Refusal[]}} */
export function sift(files, had, max) {
  /** @type {F[]} */
  const taken = [];
  /** @type {Refusal[]} */
  const refused = [];
  for (const f of files) {
    const code = f.size === 0 ? 'empty' : max !== null && f.size > max ? 'too_large'
      : had + taken.length >= FILES_MAX ? 'too_many' : null;
    if (code) refused.push({ name: fileName(f.name), code });
    else taken.push(f);
  }
  return { taken, refused };
}

/** @param {UploadsState} s @param {string} id @param {Partial<Upload>} patch @returns {UploadsState} */
const patched = (s, id, patch) =>
  (s.items[id] ? { ...s, items: { ...s.items, [id]: { ...s.items[id], ...patch } } } : s);

/** @param {UploadsState} s @param {string[]} ids @returns {UploadsState} */
function without(s, ids) {
  const stays = (/** @type {string} */ id) => !ids.includes(id);
  const items = Object.fromEntries(Object.entries(s.items).filter(([id]) => stays(id)));
  const tray = Object.fromEntries(Object.entries(s.tray).map(([conv, of]) => [conv, of.filter(stays)]));
  return { ...s, items, tray };
}

/** @param {UploadsState} s @param {Action} a @returns {UploadsState} */
export function uploadsReducer(s, a) {
  switch (a.type) {
    case 'uploads/chosen': {
      const items = { ...s.items };
      for (const u of a.uploads) items[u.id] = u;
      const ids = a.uploads.map((/** @type {Upload} */ u) => u.id);
      return {
        items, tray: { ...s.tray, [a.conv]: [...(s.tray[a.conv] ?? []), ...ids] },
        refused: { ...s.refused, [a.conv]: a.refused },
      };
    }
    case 'uploads/understood': return { ...s, refused: { ...s.refused, [a.conv]: [] } };
    case 'uploads/set': return patched(s, a.id, a.patch);
    case 'uploads/originals': {
      const items = { ...s.items };
      for (const id of s.tray[a.conv] ?? []) items[id] = { ...items[id], original: a.on };
      return { ...s, items };
    }
    case 'uploads/sent': return { ...s, tray: { ...s.tray, [a.conv]: [] }, refused: { ...s.refused, [a.conv]: [] } };
    case 'uploads/drop': return without(s, a.ids);
    case 'account/gone': return UPLOADS;
    default: return s;
  }
}

/** @param {UploadsState} s @param {string} conv @returns {Upload[]} */
export const trayOf = (s, conv) => (s.tray[conv] ?? []).flatMap((id) => s.items[id] ?? []);

/** All of a message together; `part` is 0 to 1. @param {Upload[]} uploads */
export function movedOf(uploads) {
  const moved = uploads.reduce((n, u) => n + u.moved, 0);
  const total = uploads.reduce((n, u) => n + u.total, 0);
  return { moved, total, part: total ? Math.min(1, moved / total) : 0 };
}
