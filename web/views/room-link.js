// Room links: https://HOST/r/ROOM. People paste them whole, without the scheme, or only the id.

const ID = /^[0-9A-HJKMNP-TV-Z]{13}$/;

/** The room id in what somebody typed, or null. @param {string} text @returns {string | null} */
export function roomIdOf(text) {
  const trimmed = text.trim();
  const tail = /\/r\/([^/?#\s]+)/.exec(trimmed)?.[1] ?? trimmed;
  // Crockford's alphabet has no I, L, O: those who copy by hand write them for 1, 1, 0.
  const id = tail.toUpperCase().replace(/-/g, '').replace(/[IL]/g, '1').replace(/O/g, '0');
  return ID.test(id) ? id : null;
}
