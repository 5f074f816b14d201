// What stands for a message where there is one line for it.
import { plain } from './markdown.js';

/** @typedef {import('../../i18n/index.js').Translate} Translate */

/** Its text, or what it has instead of one. @param {import('../../domain/convs.js').Message} m
 * @param {Translate} t */
export function wordsOf(m, t) {
  if (m.deleted) return t('conv.deleted');
  return plain(m.text) || (m.files?.length === 1 ? m.files[0].name : t('attach.words'));
}
