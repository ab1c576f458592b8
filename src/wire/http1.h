/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1.h - HTTP/1.1 framing (RFC 9112): bytes in, whole messages out.
 *
 * Every message is read twice. Our own reader goes first, line by line, and refuses what two
 * implementations might read differently; llhttp, in strict mode, then reads the same bytes, and
 * a message is whole only when both say so at the same byte. docs/design/http-framing.md tells why.
 *
 * Refused, beyond what RFC 9112 demands: any line end but CRLF, a repeated Content-Length even
 * with equal values, a Transfer-Encoding other than exactly "chunked", chunk extensions, a repeat
 * of any field that is read here. Bytes above 127 pass only in the values of fields nobody reads.
 */
#ifndef MASKLINE_WIRE_HTTP1_H
#define MASKLINE_WIRE_HTTP1_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define HTTP1_FIELDS_MAX 100

struct http1;

enum http1_kind {
        HTTP1_REQUEST,
        HTTP1_RESPONSE,
};

struct http1_limits {
        uint32_t header_bytes_max; /* start line, fields and trailers */
        uint32_t body_bytes_max;
};

/* Takes no buffer before the first byte comes and gives all back at reset; both are wiped. */
int http1_create(enum http1_kind kind, const struct http1_limits *limits,
                 struct http1 **out) MUST_CHECK;
void http1_destroy(struct http1 *http); /* NULL is fine */

enum http1_event {
        HTTP1_MORE,    /* everything was taken, the message is not whole yet */
        HTTP1_MESSAGE, /* whole: http1_message(); nothing can be fed before http1_reset() */
        HTTP1_BAD,     /* for good: http1_error(); the connection has to be closed */
};

/* Reads to the end of one message at most; `used` gets the bytes taken from `data`. */
enum http1_event http1_feed(struct http1 *http, struct slice data, size_t *used);

/*
 * The peer will send no more. A response that has no length of its own is whole now. HTTP1_MORE:
 * no message had begun. HTTP1_BAD: it was cut off.
 */
enum http1_event http1_finish(struct http1 *http);

/* Makes ready for the next message on the same connection. */
void http1_reset(struct http1 *http);

/* For the next response: it answers a HEAD, so no body follows whatever its fields say. */
void http1_set_answers_head(struct http1 *http);

/* Something of a message has been read, and it is not whole. */
bool http1_has_begun(const struct http1 *http);

/* The head is whole, the client asks for 100 (Continue) and has sent nothing of the body yet. */
bool http1_wants_continue(const struct http1 *http);

/* Everything lives until http1_reset(). What was not there is empty. */
struct http1_message {
        unsigned minor; /* HTTP/1.minor: 0 or 1 */
        bool keep_alive;

        struct slice method; /* of a request, as the two below */
        struct slice path;   /* as sent, up to '?'; of an absolute URI what follows the authority */
        struct slice query;  /* after '?', raw */

        unsigned status; /* of a response, 100 to 999 */

        struct slice host;
        struct slice authorization;
        struct slice content_type;
        struct slice idempotency_key;
        struct slice body;
};
const struct http1_message *http1_message(const struct http1 *http);

/* The value of any field, the first if there are several; false when there is none. */
bool http1_find_field(const struct http1 *http, struct slice name, struct slice *value);

struct http1_error {
        unsigned status;    /* what a server answers: 400, 413, 417, 431, 500, 501, 505 */
        const char *reason; /* for logs; static, quotes nothing of the message */
};
const struct http1_error *http1_error(const struct http1 *http);

#endif
