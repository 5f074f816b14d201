/* Tables of msg/files.h. */
#include "edge/web/wire_fields.h"

static const struct field upload_list[] = {
    F_INT(struct cmd_upload, "size", size, 1, INT64_MAX, NEEDED),
    F_TEXT(struct cmd_upload, "name", name, 0, UPLOAD_NAME_MAX),
    F_STR(struct cmd_upload, "mime", mime, UPLOAD_MIME_MAX),
};
static const struct fields upload = FIELDS(struct cmd_upload, upload_list);

static const struct field end_list[] = {
    F_ID(union files_args, "upload", end.upload, NEEDED),
};
static const struct fields end = FIELDS(union files_args, end_list);

static const struct field avatar_uploads_list[] = {
    F_ID(struct avatar_uploads, "small", small, NEEDED),
    F_ID(struct avatar_uploads, "large", large, NEEDED),
};
const struct fields wire_avatar_uploads = FIELDS(struct avatar_uploads, avatar_uploads_list);

static const struct field avatar_list[] = {
    F_OBJECT(struct cmd_avatar, "upload", upload, &wire_avatar_uploads),
    F_BOOL(struct cmd_avatar, "none", none),
};
static const struct fields avatar = FIELDS(struct cmd_avatar, avatar_list);

static const struct field result_avatar_list[] = {
    F_INT(union files_view, "avatar", avatar.avatar, 0, 0, NEEDED),
};
static const struct fields result_avatar = FIELDS(union files_view, result_avatar_list);

static const struct field attach_list[] = {
    F_ID(struct cmd_attach, "upload", upload, NEEDED),
    F_ID(struct cmd_attach, "thumb", thumb),
};
static const struct fields attach = FIELDS(struct cmd_attach, attach_list);

static const struct field result_attach_list[] = {
    F_ID(union files_view, "file", attach.file, NEEDED),
    F_INT(union files_view, "size", attach.size, 0, 0, NEEDED),
    F_STR(union files_view, "mime", attach.mime, 0, NEEDED),
    F_INT(union files_view, "width", attach.width, 0, 0),
    F_INT(union files_view, "height", attach.height, 0, 0),
    F_BOOL(union files_view, "thumb", attach.thumb),
};
static const struct fields result_attach = FIELDS(union files_view, result_attach_list);

static const struct field result_list[] = {
    F_ID(union files_view, "upload", upload.upload, NEEDED),
    F_INT(union files_view, "have", upload.have, 0, 0, NEEDED),
    F_INT(union files_view, "size", upload.size, 0, 0, NEEDED),
};
static const struct fields result = FIELDS(union files_view, result_list);

const struct wire_topic wire_files = {
    .commands =
        {
            [CMD_UPLOAD] = &upload,
            [CMD_UPLOAD_END] = &end,
            [CMD_AVATAR] = &avatar,
            [CMD_ATTACH] = &attach,
        },
    .views =
        {
            [RESULT_UPLOAD] = &result,
            [RESULT_AVATAR] = &result_avatar,
            [RESULT_ATTACH] = &result_attach,
        },
};
