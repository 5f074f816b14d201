/* How messages are cut into words for searching. Scripts with spaces give their words, case folded. Hangul, Han
 * and Kana are written without spaces inside of what people look for ("역" in "서울역에서"), so a run of them gives
 * each pair of neighbours and its last character alone:
 *
 *   "서울역에서 Wi-Fi"   ->   서울 울역 역에 에서 서 wi fi
 *
 * A query gives pairs only, which found one after the other are the run itself; one character alone is a prefix
 * of the pairs that begin with it, and of the last character. */
#ifndef MADANG_EDGE_STORE_WORDS_H
#define MADANG_EDGE_STORE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

#define WORD_MAX 128 /* bytes; what is longer is cut */

/* Called for each word, which is borrowed, with the place of what it was cut from; not 0 ends it. */
typedef int words_fn(void *ctx, struct str word, size_t start, size_t end);

/* text: valid UTF-8. query: pairs only, see above. Returns 0, or what fn ended it with. */
int words_cut(struct str text, bool query, words_fn *fn, void *ctx);

/* What somebody typed as a query of FTS5: all words must be there, the last characters of each may go on. Only
 * quoted words come out, whatever came in. False: there is nothing to look for. */
bool words_query(struct buf *out, struct str typed);

#endif
