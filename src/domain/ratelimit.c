#include "domain/ratelimit.h"

int64_t ratelimit_take(int64_t *full_at, const struct domain_rate *rate, int64_t now_us)
{
    if (rate->burst <= 0)
        return 0;
    int64_t from = *full_at > now_us ? *full_at : now_us;
    int64_t wait = from - now_us - (int64_t)(rate->burst - 1) * rate->every_us;
    if (wait > 0)
        return (wait + 999) / 1000;
    *full_at = from + rate->every_us;
    return 0;
}
