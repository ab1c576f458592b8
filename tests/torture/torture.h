/* SPDX-License-Identifier: Apache-2.0 */
/*
 * torture.h - the torture messages and their table, for the tests that run them.
 */
#ifndef MASKLINE_TESTS_TORTURE_H
#define MASKLINE_TESTS_TORTURE_H

#include <stdbool.h>

#include "base/slice.h"

#define TORTURE_ROWS_MAX 128

enum torture_reader {
        TORTURE_READ,
        TORTURE_REFUSED_400,
        TORTURE_REFUSED_505,
        TORTURE_DROPPED,
};

enum {
        TORTURE_SILENCE = 0, /* of `wire`: nothing is sent */
        TORTURE_CALL = 100,  /* and the call is handed up */
};

struct torture_row {
        char file[64];
        char rfc[16]; /* "400/accept" */
        enum torture_reader reader;
        unsigned wire; /* a status, or one of the two above */
        char why[256];
        bool differs; /* `why` says so */
};

/* Of verdicts.txt in `folder`. Fails the test when a line cannot be read. */
unsigned torture_load(const char *folder, struct torture_row rows[TORTURE_ROWS_MAX]);

/* The bytes of one message, until the next call. */
struct slice torture_message(const char *folder, const char *file);

/* Whether the verdict is one that the RFC leaves open. `is_request`: a response is never answered. */
bool torture_is_as_the_rfc_wants(const struct torture_row *row, bool is_request);

#endif
