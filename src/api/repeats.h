/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repeats.h - what was answered to a write that may come again: the header Idempotency-Key.
 *
 * A table of fixed size, by who asked and by the key that was chosen. A repeated request is answered what
 * the first one was, and does nothing. Only what was done is kept: a request that was refused may be
 * corrected and sent again under its key. The request itself is kept as a keyed hash, since it may hold
 * real numbers. All of it is forgotten when the server ends, or when newer ones need the room.
 */
#ifndef MASKLINE_API_REPEATS_H
#define MASKLINE_API_REPEATS_H

#include "base/random.h"
#include "io/http_server.h"

#define REPEATS_MAX           4096
#define REPEAT_KEY_BYTES_MAX  128
#define REPEAT_BODY_BYTES_MAX (1024 * 1024)
#define REPEATS_BYTES_MAX     (16 * 1024 * 1024) /* of all answers that are kept */
#define REPEAT_MS             INT64_C(86400000)

struct repeats;

int repeats_create(struct random *random, struct repeats **out) MUST_CHECK;
void repeats_destroy(struct repeats *repeats); /* NULL is fine */

struct repeat_asked {
        uint64_t asker; /* whose keys they are: the API key; 0: the operator's token */
        uint32_t tenant_id;
        struct slice key;          /* the header's value */
        struct slice method, path; /* and the rest of the request */
        struct slice query, body;
        struct http_exchange exchange; /* where the answer is going to go */
        bool is_secret;                /* the answer must not be kept */
};

enum repeat {
        REPEAT_FIRST,   /* it is to be done; repeats_answered() must follow */
        REPEAT_DONE,    /* `out` says what was answered */
        REPEAT_SECRET,  /* it was done, and the answer is not kept */
        REPEAT_WAITS,   /* the first one is still being done */
        REPEAT_ANOTHER, /* the key was used with another request */
};

struct repeat_answer {
        unsigned status;
        const char *location; /* NULL: none; lives until the next call here, as does the body */
        struct slice body;
};

enum repeat repeats_ask(struct repeats *repeats, const struct repeat_asked *asked, int64_t now_ms,
                        struct repeat_answer *out);

/* The answer that is going to this exchange must not be kept. */
void repeats_keep_secret(struct repeats *repeats, struct http_exchange exchange);

/* For every answer, whatever it is to; `body` as it was sent. */
void repeats_answered(struct repeats *repeats, struct http_exchange exchange,
                      const struct repeat_answer *answer, int64_t now_ms);

#endif
