// The sentence for a notice in a room.
/** @typedef {import('../domain/types.js').ChatItem} ChatItem */

const CODES = ['entered', 'left', 'gone', 'removed', 'renamed', 'room_renamed', 'room_locked', 'room_unlocked',
  'room_password', 'room_lobby', 'room_no_lobby', 'owner', 'merged', 'rejoined', 'media_full', 'media_free', 'recording_on',
  'recording_stopped', 'recording_quota', 'recording_disk_full', 'recording_failed', 'recording_refused', 'recording_shutdown'];
const COUNTED = ['entered', 'left', 'gone', 'removed'];

/** @param {ChatItem} item @param {import('../i18n/index.js').Translate} t @returns {string} */
export function noticeText(item, t) {
  const code = item.code ?? '';
  if (!CODES.includes(code)) return item.text || t('notice.other');
  const params = { name: item.name, text: item.text, count: item.count ?? 0 };
  const sentence = t(`notice.${code}`, params);
  return COUNTED.includes(code) && item.count ? `${sentence} ${t('notice.count', params)}` : sentence;
}
