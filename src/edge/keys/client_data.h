/* CollectedClientData (W3C Web Authentication Level 3, 5.8.1): the browser's word of which page asked. */
#ifndef MADANG_EDGE_KEYS_CLIENT_DATA_H
#define MADANG_EDGE_KEYS_CLIENT_DATA_H

#include "msg/passkey_msg.h"

/* type, challenge, origin, crossOrigin and topOrigin of 7.1, steps 6 to 12 (7.2, steps 10 to 15). JSON in
 * strict UTF-8 in which no key occurs twice; keys beyond these are ignored, as the standard wants. */
enum passkey_outcome client_data_check(const struct passkey_check *check);

#endif
