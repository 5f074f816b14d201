#include "proto/srtp_window.h"

#include <string.h>

static uint64_t bit(uint64_t index)
{
    return (uint64_t)1 << (index & 63);
}

static unsigned word(uint64_t index)
{
    return (unsigned)(index % SRTP_WINDOW) / 64;
}

enum srtp_result srtp_window_check(const struct srtp_window *w, uint64_t index)
{
    if (index >= w->next)
        return SRTP_OK;
    if (w->next - index > SRTP_WINDOW)
        return SRTP_E_OLD;
    return w->bits[word(index)] & bit(index) ? SRTP_E_REPLAY : SRTP_OK;
}

void srtp_window_mark(struct srtp_window *w, uint64_t index)
{
    if (index >= w->next) {
        if (index - w->next >= SRTP_WINDOW) {
            memset(w->bits, 0, sizeof w->bits);
        } else {
            for (uint64_t i = w->next; i < index;
                 i++) /* left out so far; their bits are of long ago */
                w->bits[word(i)] &= ~bit(i);
        }
        w->next = index + 1;
    }
    w->bits[word(index)] |= bit(index);
}

bool srtp_window_valid(const struct srtp_window *w, uint64_t limit)
{
    if (w->next > limit)
        return false;
    if (w->next > 0 && !(w->bits[word(w->next - 1)] & bit(w->next - 1)))
        return false;
    for (uint64_t i = w->next; i < SRTP_WINDOW; i++) { /* nothing before the first one */
        if (w->bits[word(i)] & bit(i))
            return false;
    }
    return true;
}

enum srtp_result srtp_window_guess(const struct srtp_window *w, uint16_t seq, uint64_t *index)
{
    uint64_t top = w->next > 0 ? w->next - 1 : 0;
    uint64_t roc = top >> 16;
    int32_t ahead = (int32_t)seq - (int32_t)(top & 0xFFFF);
    if (ahead < -0x8000)
        roc++;
    else if (ahead > 0x8000 && roc > 0) /* before the first wrap there is nothing to go back to */
        roc--;
    *index = roc << 16 | seq;
    return roc >> 32 ? SRTP_E_EXHAUSTED : SRTP_OK;
}
