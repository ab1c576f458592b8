/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest.h - one request on its way through a resource's handler, and the ways to answer it.
 *
 * A handler answers exactly once: at once with rest_answer() or rest_refuse(), or later through a
 * struct rest_wait. Private to api/.
 */
#ifndef MASKLINE_API_REST_H
#define MASKLINE_API_REST_H

#include <jansson.h>

#include "api/api.h"
#include "api/limiter.h"
#include "api/problem.h"
#include "api/repeats.h"
#include "api/token.h"
#include "base/list.h"
#include "core/tenant.h"
#include "io/http_server.h"

#define REST_SEGMENT_BYTES 128
#define REST_QUERY_MAX     4
#define REST_WAITS_MAX     1024
#define REST_PAGE_MAX      1000
#define REST_DETAIL_BYTES  1280 /* the names of all fields of a trunk */

struct api_counters {
        uint64_t requests, unauthorized, limited, refused, failed; /* refused: 4xx; failed: 5xx */
};

struct api {
        struct api_params params;
        struct http_server *server; /* owned */
        struct token token;
        struct limiter *by_key, *by_source; /* owned */
        struct repeats *repeats;            /* owned */
        char *description;                  /* owned: /v1/openapi.json */
        struct list waits;                  /* of struct rest_wait */
        uint32_t wait_count;
        uint32_t imports; /* of sessions, at work */
        bool draining;
        struct api_counters counters;
};

/* On whose behalf a request is answered. */
struct principal {
        uint64_t key_id;    /* 0: the operator's token */
        uint32_t scopes;    /* bits of enum api_scope */
        int64_t expires_ms; /* of the key; 0: never */
        uint32_t tenant_id; /* that it acts for */
        bool has_all;       /* it may act for every tenant, and see what belongs to none */
        bool has_chosen;    /* a tenant, by name */
};

/* What a part of a request is refused for, where parts are judged one by one. */
struct rest_caught {
        enum problem_kind kind;
        char field[64]; /* empty: none in particular */
        char detail[REST_DETAIL_BYTES];
        char remedy[256];
};

struct rest {
        struct api *api;
        struct http_exchange exchange;
        const struct http_request *request;
        struct principal who;
        char segment[REST_SEGMENT_BYTES]; /* the path's variable part, decoded; or empty */
        char query[REST_QUERY_MAX][REST_SEGMENT_BYTES]; /* as the route names them; or empty */
        json_t *body;               /* an object, or NULL when the route takes none */
        struct rest_caught *caught; /* where rest_refuse() puts what it is told; NULL: it answers */
};

typedef void rest_handler(struct rest *rest);

/* Answers with `body`, whose reference is taken; NULL: 500, for a body that could not be made. */
void rest_answer(struct api *api, struct http_exchange exchange, unsigned status, json_t *body);
void rest_answer_created(struct api *api, struct http_exchange exchange, const char *location,
                         json_t *body);
void rest_answer_empty(struct api *api, struct http_exchange exchange); /* 204 */
void rest_answer_problem(struct api *api, struct http_exchange exchange,
                         const struct problem *problem);
void rest_answer_bad_method(struct api *api, struct http_exchange exchange, const char *allow);

/* The answer holds a secret, and is not to be kept for a repeat. Before it is given. */
void rest_keep_secret(struct api *api, struct http_exchange exchange);

/* As rest_answer_problem(), unless rest->caught wants it. `remedy` may be NULL; the detail is formatted. */
void rest_refuse(struct rest *rest, enum problem_kind kind, const char *field, const char *remedy,
                 const char *detail, ...) __attribute__((format(printf, 5, 6)));

/* A request whose answer waits for the disk or for rows. It outlives the API if it must. */
struct rest_wait {
        struct list node;
        struct api *api; /* NULL once the API is gone: nobody to answer */
        struct http_exchange exchange;
        struct principal who;
        unsigned status;
        json_t *answer; /* owned; sent when the disk has it */
        char location[64];
        char told[64];     /* a line for the log, once it is kept; or empty */
        uint32_t trunk_id; /* to bring signalling in step with, when it is not 0 */
        uint32_t limit;    /* of a list of calls */
        int64_t before_ms;
        int64_t since_ms;  /* of an export */
        bool is_continued; /* an export: not the first page */
        struct uuid call_id;
        uint64_t after_audit, after_cdr; /* of events */
        /* Called when the API ends before it is answered, for what the loop would go on with; NULL. */
        void (*stop)(struct rest_wait *wait);
        void *stop_arg;
};

/* NULL when too many wait: the request has been answered 503. */
struct rest_wait *rest_wait_create(struct rest *rest);
/* As rest_wait_create(), for `work` that was allocated; NULL, and answered, without it too. */
struct rest_wait *rest_wait_create_for(struct rest *rest, const void *work);
void rest_wait_destroy(struct rest_wait *wait);

/*
 * A directory_done: answers what the wait holds, or, with `err`, says that nothing was kept.
 */
void rest_wait_done(void *arg, int err);

/* Answers that the store failed, and destroys the wait. */
void rest_wait_fail(struct rest_wait *wait, const char *detail, const char *remedy);

/* The problems that directory functions answer with, where every resource says the same. */
void rest_refuse_store(struct rest *rest, int err);
/* The same, but where ERR_FULL is of sessions, numbers or the store's queue. */
void rest_refuse_failed(struct rest *rest, int err);

/* A time as JSON: text, or null for 0. */
json_t *rest_time(int64_t utc_ms);
/* "+919000000001", or null for none. */
json_t *rest_masking_number(struct masking_number number);
json_t *rest_session_id(const struct api *api, uint64_t session_id); /* null for 0 */

#endif
