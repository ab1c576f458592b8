/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - one look at a trunk, as a carrier would be asked on the telephone: where it is, whether
 * it can be connected to, whether it answers, how it sees us, and whether it knows us.
 *
 * Each step is a sentence, and what to do when it went wrong. Nothing is changed by it and no call
 * is touched: OPTIONS, a REGISTER that only asks, and connections of its own that are closed again.
 * It is over within CHECK_MS.
 */
#ifndef MASKLINE_CALL_CHECK_H
#define MASKLINE_CALL_CHECK_H

#include "io/tls_context.h"
#include "sip/sip_ua.h"

#define CHECK_MS          30000
#define CHECK_TARGETS_MAX 4
#define CHECK_STEPS_MAX   32

enum check_kind {
        CHECK_RESOLVE,
        CHECK_CONNECT,
        CHECK_OPTIONS,
        CHECK_ADDRESS, /* how the carrier sees us */
        CHECK_CLOCK,
        CHECK_LOGIN,
        CHECK_INCOMING, /* what has come from it, and from strangers */
        CHECK_VERDICT,
        CHECK_KINDS,
};

enum check_grade {
        CHECK_GOOD,
        CHECK_NOTE, /* good to know */
        CHECK_WARN, /* calls may go wrong */
        CHECK_BAD,  /* calls do */
        CHECK_GRADES,
};

const char *check_kind_name(enum check_kind kind);    /* "resolve" */
const char *check_grade_name(enum check_grade grade); /* "good" */

struct check_step {
        enum check_kind kind;
        enum check_grade grade;
        char sentence[352];
        char advice[224]; /* empty: nothing is to be done */
};

struct check_report {
        struct check_step steps[CHECK_STEPS_MAX]; /* the verdict is the last */
        unsigned count;
        bool is_over;
        bool is_good; /* nothing is CHECK_BAD */
};

struct check_params {
        struct io *io;
        struct sip_ua *ua;
        struct sip_trunks *trunks;
        const struct tls_context *tls; /* NULL: no TLS */
        uint32_t trunk_id;
};

struct check;

/* ERR_NOT_FOUND: no such trunk; -ENOMEM. */
int check_start(const struct check_params *params, struct check **out) MUST_CHECK;
void check_destroy(struct check *check); /* also while it goes on; NULL is fine */
uint32_t check_trunk(const struct check *check);
const struct check_report *check_report(const struct check *check);

#endif
