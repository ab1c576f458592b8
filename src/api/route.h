/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.h - which handler answers which method and path: one row each.
 */
#ifndef MASKLINE_API_ROUTE_H
#define MASKLINE_API_ROUTE_H

#include "api/rest.h"

struct route {
        const char *method;
        const char *path; /* "{}" stands for one segment */
        uint32_t scopes;  /* bits of enum api_scope: a key needs one of them */
        bool of_all;      /* only for who may see all tenants */
        bool is_open;     /* answers without a key */
        bool takes_body;
        rest_handler *handler;
};

/* The first row for this path and, unless it is empty, method; NULL. `segment` gets what "{}" is. */
const struct route *route_find(struct slice method, struct slice path, struct slice *segment);

/* The i-th row; NULL past the last. */
const struct route *route_at(unsigned i);

/* "GET, POST": the methods that the path takes. */
void route_put_methods(struct buf *out, struct slice path);

#endif
