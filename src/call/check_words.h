/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_words.h - what each step of a check found, as a sentence and what to do about it. Pure.
 */
#ifndef MASKLINE_CALL_CHECK_WORDS_H
#define MASKLINE_CALL_CHECK_WORDS_H

#include "call/check.h"
#include "io/locate.h"
#include "io/tls.h"
#include "sip/sip_probe.h"

/* `err` 0: what was found. */
/* `called`: those of the answer that calls go to (sip_trunk_choose). */
void check_words_resolve(struct check_step *step, const struct trunk *trunk, int err,
                         const struct locate_answer *answer, const struct locate_answer *called);

struct check_connection {
        struct sip_target target;
        int err;            /* 0: it was made */
        const char *reason; /* why not */
        int64_t took_ms;
        bool has_tls;
        struct tls_facts tls;
        int64_t now_ms; /* UTC */
};
void check_words_connect(struct check_step *step, const struct check_connection *connection);

/* ERR_*: the probe could not be sent. */
void check_words_unsent(struct check_step *step, const struct sip_target *target, int err);
void check_words_options(struct check_step *step, const struct trunk *trunk,
                         const struct sip_probe_result *result);
/* How it sees us: false when there is nothing to say. */
bool check_words_address(struct check_step *step, const struct trunk *trunk,
                         const struct sip_probe_result *result);
bool check_words_clock(struct check_step *step, const struct sip_probe_result *result);

void check_words_login(struct check_step *step, const struct trunk *trunk,
                       const struct sip_registration *registration,
                       const struct sip_probe_result *result);

void check_words_incoming(struct check_step *step, const struct trunk *trunk,
                          int64_t last_invite_ms, int64_t now_ms);
void check_words_stranger(struct check_step *step, const struct trunk *trunk,
                          const struct sip_stranger *stranger, int64_t now_ms);
void check_words_verdict(struct check_step *step, const struct trunk *trunk,
                         const struct check_report *report);

#endif
