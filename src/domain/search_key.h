/* How people are found by their names. The key of a person is a list of words, each a prefix of which
 * finds them: every word of the display name and of the user name, case folded; for words with
 * Hangul also their initial consonants ("김철수" gives "ㄱㅊㅅ"), and for a Korean name in one word both
 * of them again without the family name ("철수", "ㅊㅅ"). */
#ifndef MADANG_DOMAIN_SEARCH_KEY_H
#define MADANG_DOMAIN_SEARCH_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* Bytes of a key at most; what is beyond is left out. */
#define SEARCH_KEY_MAX  2048
#define SEARCH_WORD_MAX 256

/* Appends the words with a LF after each, no word twice. Texts are valid UTF-8. */
void search_key(struct buf *out, struct str name, struct str display);

/* Takes the next word off the front of a key. */
bool search_key_next(struct str *key, struct str *word);

/* What somebody typed, cut into words that a key may have as prefix: case folded, and as initial
 * consonants as soon as one stands alone in the word ("김ㅊ" gives "ㄱㅊ"; search_matches then knows
 * better). Appends with a LF after each word; false: nothing to search for. */
bool search_query(struct buf *out, struct str typed);

/* Whether every word that was typed is the beginning of a word of the key; letters of Hangul that are
 * still being typed count ("기" and "김ㅊ" find "김철수"). */
bool search_matches(struct str key, struct str typed);

#endif
