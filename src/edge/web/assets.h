#ifndef MADANG_EDGE_WEB_ASSETS_H
#define MADANG_EDGE_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The web page, inside the binary. scripts/embed.mjs makes one entry for each file of web/ (type
 * stubs left out); the bytes lie in .rodata. Everything here is constant and lives as long as the
 * program.
 *
 * Files are served under one hash over the whole tree, "/a/" + assets_tree + "/" + path, so that
 * relative imports between modules work and each address can be cached for good. The exceptions
 * (at_root) are served as "/" + path and revalidated by their ETag: index.html (also "/" and
 * "/r/ROOM"), robots.txt, favicon.*, manifest.webmanifest, sw.js. In those files the build has
 * replaced the placeholder @ASSETS@ by "/a/" + assets_tree; a server that serves web/ from a folder
 * (--web-dir) replaces it itself, by "/a/dev".
 */
struct asset {
    const char *path; /* relative to web/, "views/lobby.js"; no leading slash */
    const char *type; /* Content-Type, with charset where it has one */
    const unsigned char *raw;
    size_t raw_len;
    const unsigned char *gz; /* gzip -9; NULL where it does not help */
    size_t gz_len;
    const char *etag; /* with its quotes: "\"9f86d081884c7d65\"" */
    bool at_root;
};

extern const struct asset assets_table[]; /* sorted by path (strcmp) */
extern const size_t assets_count;
extern const char assets_tree[]; /* 16 hex digits */

/* The asset at `path` (`len` bytes, no terminator needed, no leading slash), or NULL. */
const struct asset *asset_find(const char *path, size_t len);

/* The Content-Type by the file name's ending ("application/octet-stream" if it is unknown): for
 * --web-dir; the table was made by the same list. Static. */
const char *asset_type(const char *path, size_t len);

#endif
