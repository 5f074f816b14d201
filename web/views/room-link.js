// Room links: https://HOST/r/ROOM. People paste them whole, without the scheme, or only the id.

const ID = /^[0-9a-hjkmnp-tv-z]{13}$/;

/** The room id in what somebody typed, or null. @param {string} text @returns {string | null} */
export function roomIdOf(text) {
  const trimmed = text.trim();
  const tail = /\/r\/([^/?#\s]+)/.exec(trimmed)?.[1] ?? trimmed;
  // Crockford's alphabet has no I, L, O: those who copy by hand write them for 1, 1, 0.
  const id = tail.toLowerCase().replace(/-/g, '').replace(/[il]/g, '1').replace(/o/g, '0');
  return ID.test(id) ? id : null;
}
