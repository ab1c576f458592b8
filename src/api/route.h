/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.h - which handler answers which method and path: one row each.
 */
#ifndef MASKLINE_API_ROUTE_H
#define MASKLINE_API_ROUTE_H

#include "api/body.h"
#include "api/rest.h"

#define ROUTE_STATUSES_MAX 20

struct route {
        const char *method;
        const char *path; /* "{}" stands for one segment */
        uint32_t scopes;  /* bits of enum api_scope: a key needs one of them */
        rest_handler *handler;
        bool of_all;  /* only for who may see all tenants */
        bool is_open; /* answers without a key */

        /* What is read, and what the description of the API says (openapi.h). */
        const char *name, *summary;
        const char *hole;                /* what "{}" is: "id" */
        const char *const *query;        /* parameters, ending with NULL; NULL: none */
        const struct body_field *fields; /* of the body; NULL: it takes none */
        unsigned done[2];                /* statuses of success, the second may be 0 */
        const char *answer;              /* shapes.h; empty: any object; NULL: no JSON */
        const char *type;                /* of an answer that is no JSON; NULL: text/plain */
        bool may_conflict;               /* 409; of a write always, for its Idempotency-Key */
        bool by_reference; /* Idempotency-Key is the handler's: it stands for a reference */
        bool is_read;      /* a POST that changes nothing: Idempotency-Key says nothing */
        bool tells_secret; /* the answer is not kept for a repeat */
};

/* The first row for this path and, unless it is empty, method; NULL. `segment` gets what "{}" is. */
const struct route *route_find(struct slice method, struct slice path, struct slice *segment);

/* The i-th row; NULL past the last. */
const struct route *route_at(unsigned i);

/* All that it may answer with, ascending; how many. */
unsigned route_statuses(const struct route *route, unsigned out[ROUTE_STATUSES_MAX]);

/* "GET, POST": the methods that the path takes. */
void route_put_methods(struct buf *out, struct slice path);

#endif
