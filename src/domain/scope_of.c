/* What API tokens are for: a scope covers what concerns one topic, in both directions. Nothing of an
 * account itself is in any. */
#include "domain/domain_int.h"

bool scope_allows_cmd(const struct session *s, enum cmd_type type)
{
    static const uint8_t scopes[CMD_WIRE_COUNT] = {
#define ROW(symbol, type, ways) [CMD_##symbol] = SCOPE_CALLS,
        ROOM_CMDTYPES(ROW) CALL_CMDTYPES(ROW) GROUP_CMDTYPES(ROW) MODERATE_CMDTYPES(ROW)
            RECORD_CMDTYPES(ROW)
#undef ROW
#define ROW(symbol, type, ways) [CMD_##symbol] = SCOPE_DIRECTORY,
                PEOPLE_CMDTYPES(ROW)
#undef ROW
#define ROW(symbol, type, ways) [CMD_##symbol] = SCOPE_MESSAGES,
                    CONV_CMDTYPES(ROW)
#undef ROW
    };
    return s->scopes == 0 || ((unsigned)type < CMD_WIRE_COUNT && (s->scopes & scopes[type]));
}

bool scope_allows_event(const struct session *s, enum event_type type)
{
    static const uint8_t scopes[EVENT_COUNT] = {
#define ROW(symbol, type) [EVENT_##symbol] = SCOPE_CALLS,
        ROOM_EVENTTYPES(ROW) CALL_EVENTTYPES(ROW) GROUP_EVENTTYPES(ROW) MODERATE_EVENTTYPES(ROW)
            RECORD_EVENTTYPES(ROW)
#undef ROW
#define ROW(symbol, type) [EVENT_##symbol] = SCOPE_DIRECTORY,
                PEOPLE_EVENTTYPES(ROW)
#undef ROW
#define ROW(symbol, type) [EVENT_##symbol] = SCOPE_MESSAGES,
                    CONV_EVENTTYPES(ROW)
#undef ROW
    };
    return s->scopes == 0 || ((unsigned)type < EVENT_COUNT && (s->scopes & scopes[type]));
}
