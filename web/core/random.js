// Randomness that secrets and ids are made of.

const BASE32 = '0123456789abcdefghjkmnpqrstvwxyz';

/** @param {number} bytes @returns {Uint8Array} */
const random = (bytes) => crypto.getRandomValues(new Uint8Array(bytes));

/** @param {number} length @returns {string} that many characters, 5 random bits each */
export const randomId = (length) => Array.from(random(length), (b) => BASE32[b & 31]).join('');

/** @param {number} bytes @returns {string} base64url without padding */
export const randomKey = (bytes) => btoa(String.fromCharCode(...random(bytes)))
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
