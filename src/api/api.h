/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h - the REST API under /v1, /metrics and the health checks, on one HTTP server.
 *
 * Every route but /healthz and /readyz needs a key (access.h). The API holds no state of its own:
 * it asks the directory, the trunks and the calls.
 */
#ifndef MASKLINE_API_API_H
#define MASKLINE_API_API_H

#include "call/calls.h"
#include "io/tls_context.h"

struct api;

/* How often may be asked; past it the answer is 429. */
struct api_limits {
        uint32_t requests_per_s, burst; /* by one key; the operator's token has no limit */
        uint32_t failures_per_min;      /* without a key that holds, from one address */
};

struct api_params {
        struct io *io;
        struct addr listen;
        const struct tls_context *tls; /* not owned; NULL: plain HTTP */
        uint32_t connections_max;
        struct api_limits limits;
        const char *data_dir;        /* holds api.token */
        struct directory *directory; /* not owned */
        struct backups *backups;     /* not owned; NULL: the directory is in memory */
        struct sip_trunks *trunks;   /* not owned */
        struct calls *calls;         /* not owned */
        struct number_plan plan;     /* how requests may write national numbers */
        bool needs_advertised; /* SIP is bound to no address in particular: trunks must name one */
};

/* Reads or makes the token and listens. `problem` (512 bytes) says what failed. */
int api_create(const struct api_params *params, struct api **out, char *problem) MUST_CHECK;

/* Requests that still wait for the disk are forgotten; their answers are dropped. */
void api_destroy(struct api *api); /* NULL is fine */

const struct addr *api_local(const struct api *api);

/* No request waits for the disk. */
bool api_is_idle(const struct api *api);

void api_set_limits(struct api *api, const struct api_limits *limits);

/* /readyz answers 503 from now on. */
void api_drain(struct api *api);

#endif
