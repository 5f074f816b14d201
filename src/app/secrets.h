/* The data folder, and the keys that outlive the process. */
#ifndef MADANG_APP_SECRETS_H
#define MADANG_APP_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes the folder (0700) with its parents if it isn't there, and checks that it can be written.
 * False with a sentence in err. */
bool secrets_open_data(const char *dir, char *err, size_t errlen);

/* DIR/secrets/NAME: n random bytes, made once, 0600. False with a sentence in err. */
bool secrets_key(const char *dir, const char *name, uint8_t *out, size_t n, char *err,
                 size_t errlen);

#endif
