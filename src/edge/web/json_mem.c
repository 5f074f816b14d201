#include "edge/web/json_mem.h"

#include <jansson.h>
#include <setjmp.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/util.h"

struct block {
    struct list link; /* to those of the same parse */
    max_align_t bytes[];
};

struct parse {
    struct list blocks;
    jmp_buf out;
};

static _Thread_local struct parse *now; /* NULL: no parse is under way */

static void *block_new(size_t n)
{
    struct block *b = n < SIZE_MAX / 2 ? mem_try_alloc(sizeof *b + n) : NULL;
    if (!b && now) {
        longjmp(now->out, 1);
    }
    if (!b) {
        return NULL;
    }
    list_init(&b->link);
    if (now) {
        list_push_back(&now->blocks, &b->link);
    }
    return b->bytes;
}

static void block_free(void *p)
{
    if (p) {
        struct block *b = container_of(p, struct block, bytes);
        list_del(&b->link);
        xfree(b);
    }
}

void json_mem_init(void)
{
    json_set_alloc_funcs(block_new, block_free);
    json_object_seed(0);
}

void *json_mem_load(const char *p, size_t n, bool *no_memory)
{
    struct parse parse;
    json_error_t error;
    list_init(&parse.blocks);
    *no_memory = false;
    now = &parse;
    if (setjmp(parse.out) != 0) {
        now = NULL;
        *no_memory = true;
        while (!list_empty(&parse.blocks)) {
            struct block *b = container_of(parse.blocks.next, struct block, link);
            list_del(&b->link);
            xfree(b);
        }
        return NULL;
    }
    void *tree = json_loadb(p, n, JSON_REJECT_DUPLICATES, &error);
    now = NULL;
    list_del(&parse.blocks); /* the blocks stay linked to each other */
    return tree;
}
