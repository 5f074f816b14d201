/* Intrusive doubly linked list: the head and the nodes are all struct list, in a ring. A node
 * belongs to one list at a time; a node that was initialised or taken out points to itself. */
#ifndef MADANG_BASE_LIST_H
#define MADANG_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/util.h"

struct list {
    struct list *next;
    struct list *prev;
};

/* Of a head or a node, before anything else. */
static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

/* Of a head: nothing in it. Of a node: in no list. */
static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

/* Puts node before at; with the head as `at` that is the end. */
static inline void list_insert_before(struct list *at, struct list *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}

static inline void list_push_back(struct list *head, struct list *node)
{
    list_insert_before(head, node);
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_insert_before(head->next, node);
}

/* Takes the node out; harmless when it is in no list. */
static inline void list_del(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* NULL when empty. */
static inline struct list *list_first(const struct list *head)
{
    return head->next == head ? NULL : head->next;
}

static inline struct list *list_last(const struct list *head)
{
    return head->prev == head ? NULL : head->prev;
}

static inline struct list *list_pop_front(struct list *head)
{
    struct list *node = list_first(head);
    if (node)
        list_del(node);
    return node;
}

/* Moves everything in `from` to the end of `to`. */
static inline void list_splice_back(struct list *to, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

/* for each node; the list must not change, except by LIST_FOREACH_SAFE's removal of `it`. */
#define LIST_FOREACH(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)
#define LIST_FOREACH_SAFE(it, head)                                           \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
         it = it##_next, it##_next = it->next)

#endif
