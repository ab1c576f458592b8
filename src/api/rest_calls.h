/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_calls.h - /v1/calls: calls in progress, and ended ones from their records.
 */
#ifndef MASKLINE_API_REST_CALLS_H
#define MASKLINE_API_REST_CALLS_H

#include "api/rest.h"

void rest_calls_list(struct rest *rest);
void rest_calls_export(struct rest *rest); /* the same as CSV */
void rest_calls_show(struct rest *rest);
void rest_calls_hangup(struct rest *rest);

/* One ended call from the records of its legs, A first when it is there. */
json_t *rest_calls_json(const struct api *api, const struct cdr *const *legs, unsigned count);

struct rest_calls_window {
        const struct cdr *rows; /* newest first */
        uint32_t count;
        uint32_t limit;
        struct principal who;
        int64_t before_ms; /* only calls that began before; 0: any */
        int64_t since_ms;  /* and not before this; 0: any */
        bool (*is_live)(void *arg, struct uuid call_id);
        void *arg;
};

/*
 * A page of ended calls out of a window of rows, each with all its legs; calls that still go on
 * are left out. `next_ms` gets where the next page begins, 0 when there is none.
 */
json_t *rest_calls_page(const struct api *api, const struct rest_calls_window *window,
                        int64_t *next_ms);

#endif
