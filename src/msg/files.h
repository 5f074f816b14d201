/* Files on their way in: docs/protocol-people.md, section 6. What is added to cmd.h and event.h. */
#ifndef MADANG_MSG_FILES_H
#define MADANG_MSG_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "msg/values.h"

#define FILES_CMDTYPES(CMDTYPE)                \
    CMDTYPE(UPLOAD, "upload", BY_PIPE)         \
    CMDTYPE(UPLOAD_END, "upload_end", BY_PIPE) \
    CMDTYPE(AVATAR, "avatar", BY_PIPE)         \
    CMDTYPE(ATTACH, "attach", BY_PIPE)

#define FILES_EVENTTYPES(EVENTTYPE)

#define FILES_RESULTTYPES(RESULTTYPE) \
    RESULTTYPE(UPLOAD)                \
    RESULTTYPE(AVATAR)                \
    RESULTTYPE(ATTACH)

enum { UPLOAD_NAME_MAX = 255, UPLOAD_MIME_MAX = 127 };

/* Of struct cmd, u.files. */
union files_args {
    struct cmd_upload {
        int64_t size;
        struct str name; /* n = 0: none */
        struct str mime; /* what the client thinks */
    } upload;
    struct {
        uint64_t upload;
    } end;
    struct cmd_avatar { /* one of them */
        const struct avatar_uploads {
            uint64_t small, large; /* 96 and 512 pixels */
        } * upload;
        bool none;
    } avatar;
    struct cmd_attach {
        uint64_t upload;
        uint64_t thumb; /* 0: none */
    } attach;
};

/* Of struct event, u.files. */
union files_view {
    struct {
        uint64_t upload;
        int64_t have;
        int64_t size;
    } upload;
    struct {
        int64_t avatar; /* another stamp for each picture; 0: none */
    } avatar;
    struct {
        uint64_t file;
        int64_t size;
        struct str mime;       /* as the server sees it */
        int64_t width, height; /* 0: no picture */
        bool thumb;
    } attach;
};

#endif
