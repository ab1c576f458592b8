/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls_page.h - calls out of the records of their legs: which legs are one call's, and which calls are
 * a page. In n log n steps, however many calls there are and go on.
 */
#ifndef MASKLINE_API_CALLS_PAGE_H
#define MASKLINE_API_CALLS_PAGE_H

#include "api/rest.h"

#define CALLS_PAGE_ROWS_MAX 1000
#define CALLS_LEGS_MAX      4

struct leg_ref {
        struct uuid call_id;
        uint16_t row;
        uint8_t leg;
};

/* Rows by their calls, A legs first. */
struct calls_index {
        const struct cdr *rows;
        struct leg_ref refs[CALLS_PAGE_ROWS_MAX];
        uint32_t count;
        uint64_t looked; /* how many refs and ids were looked at */
};
void calls_index_make(struct calls_index *index, const struct cdr *rows, uint32_t count);
/* All legs of one call, A first. */
unsigned calls_index_legs(struct calls_index *index, struct uuid call_id,
                          const struct cdr *out[CALLS_LEGS_MAX]);

struct calls_window {
        const struct cdr *rows; /* newest first */
        uint32_t count;
        uint32_t limit;
        struct principal who;
        int64_t before_ms;       /* only calls that began before; 0: any */
        int64_t since_ms;        /* and not before this; 0: any */
        const struct uuid *live; /* calls that go on, in the order of calls_sort_ids() */
        uint32_t live_count;
};
void calls_sort_ids(struct uuid *ids, uint32_t count);

/*
 * The tenant's, and those that dialled a number of nobody's: scans and slips, which whoever
 * operates the server wants to see.
 */
bool calls_are_shown(const struct principal *who, uint32_t tenant_id);

/*
 * A page of ended calls out of a window of rows: `fn` gets each with all its legs; calls that still go
 * on are left out. Where the next page begins, 0 when there is none.
 */
typedef void calls_page_fn(void *arg, const struct cdr *const *legs, unsigned count);
int64_t calls_page_walk(const struct calls_window *window, calls_page_fn *fn, void *arg,
                        uint64_t *looked);

#endif
