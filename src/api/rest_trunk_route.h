/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_trunk_route.h - of a trunk: where its calls go when that place is dark or full, and whether
 * it is.
 */
#ifndef MASKLINE_API_REST_TRUNK_ROUTE_H
#define MASKLINE_API_REST_TRUNK_ROUTE_H

#include "api/body.h"
#include "api/rest.h"

enum route_field {
        ROUTE_OPTIONS_S,
        ROUTE_FAILOVER_MS,
        ROUTE_QUEUE_MS,
        ROUTE_OVERFLOW,
        ROUTE_REDIRECTS,
        ROUTE_FIELDS,
};
#define REST_TRUNK_ROUTE_ROWS                                                                      \
        {"options_s", BODY_COUNT}, {"failover_ms", BODY_COUNT}, {"queue_ms", BODY_COUNT},          \
                {"overflow", BODY_LIST},                                                           \
        {                                                                                          \
                "redirects", BODY_TEXT                                                             \
        }

/* Into the trunk; what is absent stays. False: refused. */
bool rest_trunk_route_read(struct rest *rest, const json_t **values, struct trunk *trunk);
/* What a new trunk has unless it is said otherwise. */
void rest_trunk_route_defaults(struct trunk *trunk);
/* Settings and state, into the trunk's answer. */
void rest_trunk_route_add(const struct api *api, const struct trunk *trunk, json_t *json);

/* Over all trunks, for the metrics. */
struct rest_trunk_sums {
        uint64_t up, down;   /* now */
        uint64_t ups, downs; /* how often that happened to a trunk that there is */
};
void rest_trunk_route_count(const struct api *api, struct rest_trunk_sums *out);

#endif
