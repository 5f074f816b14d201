#include "app/qr.h"

#include <qrcodegen/qrcodegen.h>

#include "base/util.h"

enum { QUIET = 4, VERSION_MAX = 10 };

/* Entries of the fixed part of the 256 colours, which themes leave alone. */
#define BLACK_ON_WHITE "\x1b[38;5;16;48;5;231m"
#define ON_BLACK       "\x1b[48;5;16m"
#define ON_WHITE       "\x1b[48;5;231m"
#define PLAIN          "\x1b[0m"

/* Whether the module is dark; everything outside the code is light. */
static bool dark(const uint8_t *code, int x, int y)
{
    return qrcodegen_getModule(code, x, y);
}

static void put_indent(struct buf *out, unsigned n)
{
    while (n-- > 0)
        buf_puts(out, " ");
}

/* One line of half blocks, two rows of modules. `inked` says whether light or dark is drawn. */
static void put_pairs(struct buf *out, const uint8_t *code, int y, int end, bool ink_is_dark)
{
    static const char *const glyph[2][2] = {{" ", "▄"}, {"▀", "█"}};

    for (int x = -QUIET; x < end; x++) {
        bool upper = dark(code, x, y) == ink_is_dark;
        bool lower = dark(code, x, y + 1) == ink_is_dark;
        /* An odd number of rows ends half a line below the quiet zone: leave that half empty. */
        if (y + 1 >= end)
            lower = false;
        buf_puts(out, glyph[upper][lower]);
    }
}

static void put_spaces(struct buf *out, const uint8_t *code, int y, int end)
{
    for (int x = -QUIET; x < end; x++) {
        bool now = dark(code, x, y);
        if (x == -QUIET || now != dark(code, x - 1, y))
            buf_puts(out, now ? ON_BLACK : ON_WHITE);
        buf_puts(out, "  ");
    }
}

bool qr_render(struct buf *out, const char *text, enum qr_style style, unsigned indent,
               unsigned width)
{
    uint8_t scratch[qrcodegen_BUFFER_LEN_FOR_VERSION(VERSION_MAX)];
    uint8_t code[qrcodegen_BUFFER_LEN_FOR_VERSION(VERSION_MAX)];

    if (!qrcodegen_encodeText(text, scratch, code, qrcodegen_Ecc_LOW, 1, VERSION_MAX,
                              qrcodegen_Mask_AUTO, true))
        return false;
    int end = qrcodegen_getSize(code) + QUIET;
    unsigned columns = (unsigned)(end + QUIET) * (style == QR_SPACES_COLOUR ? 2 : 1);
    if (indent + columns > width)
        return false;
    for (int y = -QUIET; y < end; y += style == QR_SPACES_COLOUR ? 1 : 2) {
        put_indent(out, indent);
        if (style == QR_BLOCKS_COLOUR)
            buf_puts(out, BLACK_ON_WHITE);
        if (style == QR_SPACES_COLOUR)
            put_spaces(out, code, y, end);
        else
            put_pairs(out, code, y, end, style == QR_BLOCKS_COLOUR);
        if (style != QR_BLOCKS)
            buf_puts(out, PLAIN);
        buf_puts(out, "\n");
    }
    return true;
}
