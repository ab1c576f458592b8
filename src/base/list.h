/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h - an intrusive doubly linked list with a sentinel head.
 */
#ifndef MASKLINE_BASE_LIST_H
#define MASKLINE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
        struct list *next, *prev;
};

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* The current node may be removed while walking. */
#define list_for_each(node, head)                                                                  \
        for (struct list *node = (head)->next, *node##_next = node->next; node != (head);          \
             node = node##_next, node##_next = node->next)

static inline void list_init(struct list *head)
{
        head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list *head)
{
        return head->next == head;
}

static inline void list_add_tail(struct list *head, struct list *node)
{
        node->next = head;
        node->prev = head->prev;
        head->prev->next = node;
        head->prev = node;
}

/* Removing a node twice, or one that was list_init'ed only, does nothing. */
static inline void list_remove(struct list *node)
{
        node->prev->next = node->next;
        node->next->prev = node->prev;
        list_init(node);
}

#endif
