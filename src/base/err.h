/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - error codes: 0 is success, negative errno values are the system's, codes from
 * -1000 downward are ours. One text table serves both.
 *
 * Every function that returns one leaves its out parameters untouched on failure.
 */
#ifndef MASKLINE_BASE_ERR_H
#define MASKLINE_BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum {
        ERR_FULL = -1000,      /* a table, queue, buffer or pool has reached its limit */
        ERR_SYNTAX = -1001,    /* the bytes do not follow the grammar */
        ERR_TOO_LARGE = -1002, /* well formed as far as read, but beyond a limit */
        ERR_NOT_FOUND = -1003, /* no such thing */
        ERR_EXISTS = -1004,    /* the thing is there already */
        ERR_CONFLICT = -1005,  /* it contradicts what is there */
        ERR_RANGE = -1006,     /* a value outside of what is allowed */
        ERR_STATE = -1007,     /* not possible in the present state */
        ERR_SEALED = -1008,    /* sealed data could not be opened: wrong key or altered */
        ERR_VERSION = -1009,   /* data written by a version that is not understood */
        ERR_STORE = -1010,     /* the store could not do it; the log says why */
        ERR_NO_NUMBER = -1011, /* no masking number is free for the party */
        ERR_STALE = -1012,     /* a handle whose object is gone */
        ERR_MEDIA = -1013,     /* no codec in common, or no port left */
        ERR_UNTRUSTED = -1014, /* not from a peer that is configured */
        ERR_IN_USE = -1015,    /* something still holds it */
};

/* A short lower-case sentence fragment; never NULL. Static storage. */
const char *err_text(int err);

#endif
