/* User names: what people type to sign in, and what others read in a link. A name is 3 to 32
 * characters: letters and digits of any script, and . _ - between them. Rules: the profile
 * UsernameCaseMapped of PRECIS (RFC 8265, 3.3) over the IdentifierClass (RFC 8264, 4.2), narrowed;
 * two names are the same when their keys are, and may not both exist when their skeletons are the
 * same (UTS #39, 4, with a small table of look-alikes). */
#ifndef MADANG_DOMAIN_USERNAME_H
#define MADANG_DOMAIN_USERNAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define USERNAME_MIN      3
#define USERNAME_MAX      32
#define USERNAME_BYTES    (USERNAME_MAX * 4)
#define USERNAME_KEY_MAX  (USERNAME_MAX * 12)
#define USERNAME_LOOK_MAX (USERNAME_MAX * 32)

enum username_verdict {
    USERNAME_OK,
    USERNAME_SHORT,
    USERNAME_LONG,
    USERNAME_BAD,   /* a character that may not stand there, or right-to-left that is not one way */
    USERNAME_MIXED, /* letters of scripts that nobody writes together */
};

struct username {
    size_t name_n;
    size_t key_n;
    size_t look_n;
    char name[USERNAME_BYTES];    /* as it is shown: width-mapped, NFC, case as typed */
    char key[USERNAME_KEY_MAX];   /* case folded */
    char look[USERNAME_LOOK_MAX]; /* the skeleton: equal for names that look alike */
};

/* text is valid UTF-8, at most a few hundred bytes are looked at. Only USERNAME_OK fills out. */
enum username_verdict username_make(struct str text, struct username *out);

/* The key alone, for signing in and for links: false when no name could have it. */
bool username_key(struct str text, char out[USERNAME_KEY_MAX], size_t *n);

#endif
