// What of Hangul has to be known to find a name by its initial consonants.

const INITIALS = [...'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ'];
const FIRST = 0xac00;
const LAST = 0xd7a3;
const EACH = 588; // syllables with the same initial consonant

/** 김미나 -> ㄱㅁㄴ; what is no syllable stays. @param {string} text */
export const initialsOf = (text) => [...text.normalize('NFC')].map((c) => {
  const code = /** @type {number} */ (c.codePointAt(0));
  return code >= FIRST && code <= LAST ? INITIALS[Math.floor((code - FIRST) / EACH)] : c;
}).join('');
