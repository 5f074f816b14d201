/*
 * How good a new password is, judged by libzxcvbn: not by classes of characters but by how many guesses
 * somebody would need who knows dictionaries, keyboards, dates, and the names of the person. Korean gets
 * what the library lacks: a word in Hangul is also judged as the keys one presses for it on a Latin
 * keyboard (and names are told that way, too), since that is how such passwords are made.
 *
 * Takes 6 ms at the worst (each of two looks: 3 ms for 100 equal letters), typically 0.1 ms, and allocates: for the password thread, nowhere else.
 */
#ifndef MADANG_EDGE_STORE_WEAK_H
#define MADANG_EDGE_STORE_WEAK_H

#include "base/str.h"
#include "msg/store_msg.h"

enum {
    WEAK_JUDGED = 100,    /* bytes that are looked at; what follows can only make it better */
    WEAK_SCORE_WANTED = 3 /* 10^8 guesses: what resists a thief of the hashes for a good while */
};

struct weak_verdict {
    int score;               /* 0-4: fewer than 10^3, 10^6, 10^8, 10^10 guesses, or more */
    enum weak_reason reason; /* WEAK_NONE when score >= WEAK_SCORE_WANTED */
};

/* password is UTF-8 without NUL (what follows a NUL is not seen); names are what an attacker would try
 * first: at most PASSWORD_NAMES count, and their words one by one. No memory is left behind. */
struct weak_verdict weak_judge(struct str password, const struct str *names, unsigned n_names);

#endif
