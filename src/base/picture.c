#include "base/picture.h"

#include <string.h>

#include "base/buf.h"

const char *picture_type(enum picture_kind kind)
{
    static const char *const types[PICTURE_KINDS] = {"", "image/png", "image/jpeg", "image/webp",
                                                     "image/gif"};
    return (unsigned)kind < PICTURE_KINDS ? types[kind] : "";
}

static bool starts(const struct rd *r, const char *bytes, size_t n)
{
    return r->n >= n && memcmp(r->p, bytes, n) == 0;
}

/* The signature, then IHDR as the first chunk. */
static bool look_png(struct rd r, struct picture *out)
{
    static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    if (!starts(&r, head, sizeof head - 1))
        return false;
    rd_skip(&r, sizeof head - 1);
    out->kind = PICTURE_PNG;
    out->width = rd_u32(&r);
    out->height = rd_u32(&r);
    return !r.bad;
}

/* SOF0 to SOF15, but for DHT, JPG and DAC. */
static bool is_frame(uint8_t marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Segments up to the frame's header. */
static bool look_jpeg(struct rd r, struct picture *out)
{
    if (rd_u16(&r) != 0xffd8)
        return false;
    for (;;) {
        uint8_t mark = rd_u8(&r), marker = rd_u8(&r);
        while (marker == 0xff && !r.bad) /* fill bytes */
            marker = rd_u8(&r);
        uint16_t length = rd_u16(&r);
        if (r.bad || mark != 0xff || length < 2 || marker == 0xda || marker == 0xd9)
            return false;
        if (!is_frame(marker)) {
            rd_skip(&r, length - 2u);
            continue;
        }
        rd_u8(&r); /* precision */
        out->kind = PICTURE_JPEG;
        out->height = rd_u16(&r);
        out->width = rd_u16(&r);
        return !r.bad;
    }
}

static uint32_t little(struct rd *r, unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint32_t)rd_u8(r) << 8 * i;
    return v;
}

/* RIFF with the first chunk VP8, VP8L or VP8X. */
static bool look_webp(struct rd r, struct picture *out)
{
    if (!starts(&r, "RIFF", 4) || r.n < 20 || memcmp(r.p + 8, "WEBPVP8", 7) != 0)
        return false;
    char form = (char)r.p[15];
    rd_skip(&r, 20);
    out->kind = PICTURE_WEBP;
    if (form == ' ') {
        rd_skip(&r, 3);
        if (rd_u8(&r) != 0x9d || rd_u8(&r) != 0x01 || rd_u8(&r) != 0x2a)
            return false;
        out->width = little(&r, 2) & 0x3fff;
        out->height = little(&r, 2) & 0x3fff;
    } else if (form == 'L') {
        if (rd_u8(&r) != 0x2f)
            return false;
        uint32_t bits = little(&r, 4);
        out->width = (bits & 0x3fff) + 1;
        out->height = (bits >> 14 & 0x3fff) + 1;
    } else if (form == 'X') {
        rd_skip(&r, 4);
        out->width = little(&r, 3) + 1;
        out->height = little(&r, 3) + 1;
    } else {
        return false;
    }
    return !r.bad;
}

static bool look_gif(struct rd r, struct picture *out)
{
    if (!starts(&r, "GIF87a", 6) && !starts(&r, "GIF89a", 6))
        return false;
    rd_skip(&r, 6);
    out->kind = PICTURE_GIF;
    out->width = little(&r, 2);
    out->height = little(&r, 2);
    return !r.bad;
}

bool picture_look(const void *p, size_t n, struct picture *out)
{
    struct rd r = rd_of(p, n);
    *out = (struct picture){PICTURE_NONE, 0, 0};
    if ((look_png(r, out) || look_jpeg(r, out) || look_webp(r, out) || look_gif(r, out)) &&
        out->width && out->height)
        return true;
    *out = (struct picture){PICTURE_NONE, 0, 0};
    return false;
}
