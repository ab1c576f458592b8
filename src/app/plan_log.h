/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_log.h - past sessions from a CSV file: start,end,party,party...
 *
 * A party is hashed as soon as it is read, under a key that is made for this once and never leaves the
 * process; the memory in which it stood is wiped. Nothing of a row is ever repeated.
 */
#ifndef MASKLINE_APP_PLAN_LOG_H
#define MASKLINE_APP_PLAN_LOG_H

#include "base/siphash.h"
#include "cli/rejects.h"
#include "core/capacity.h"

struct plan_log {
        struct siphash_key key;
        struct capacity_session *sessions; /* owned */
        uint64_t *parties;                 /* owned */
        uint32_t count, party_count;
        uint32_t room, party_room;
};

void plan_log_init(struct plan_log *log);
void plan_log_fini(struct plan_log *log);

/*
 * "-" is standard input. Rows that are no session of 2 to `parties_max` go to `rejects`. -ENOMEM;
 * another negative errno: the file can't be read.
 */
int plan_log_read(struct plan_log *log, const char *name, unsigned parties_max,
                  struct rejects *rejects) MUST_CHECK;

/* A file of delays in seconds, one a line: how long after the end of a session somebody redialled. */
int plan_log_read_delays(const char *name, struct rejects *rejects, int64_t **delays_ms,
                         uint32_t *count) MUST_CHECK;

#endif
