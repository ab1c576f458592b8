/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - a directory in a simulated world: virtual clock, store in memory, keys in files or not.
 */
#ifndef MASKLINE_TESTS_WORLD_H
#define MASKLINE_TESTS_WORLD_H

#include "io/io_sim.h"
#include "scratch.h"
#include "store/directory.h"
#include "store/seal.h"
#include "store/store_memory.h"

#define QUARANTINE_MS 7200000

struct world {
        struct sim_world *sim;
        struct io *io;
        struct store_memory_disk *disk;
        struct scratch files;
        bool has_files;
        struct data_dir *data_dir;
        struct vault *vault; /* the directory's */
        struct store *store; /* the directory's */
        struct directory *dir;
        struct directory_params params;
        int64_t commit_ms; /* how long the store takes */
        char problem[512];
};

/* Keys are in memory, or in files, which is what it takes to open the directory again. */
void world_make(struct world *w, bool with_files);
void world_remove(struct world *w);

void world_close(struct world *w);
void world_crash(struct world *w);  /* closes it as a process that is killed does */
int world_open(struct world *w);    /* what directory_open_on says */
void world_reopen(struct world *w); /* closed and opened, which succeeds */
void world_run(struct world *w);    /* until what was submitted is answered */
void world_run_ms(struct world *w, int64_t ms);
int64_t world_now(const struct world *w);

struct masking_number world_m(unsigned i); /* +91 90000 000xx */
struct real_number world_p(unsigned i);    /* +91 98888 000xx */

/* What a `done` said: 1 until it does. */
struct answer {
        int err;
        unsigned times;
};
directory_done world_done;

/* One trunk, and numbers 1 to `count` on it, for tenant 1; all on disk when it returns. */
uint32_t world_provision(struct world *w, unsigned count);
uint32_t world_add_trunk(struct world *w, uint32_t tenant_id, const char *name, const char *source);
void world_add_number(struct world *w, uint32_t tenant_id, uint32_t trunk_id, unsigned number);

/* A session of tenant 1 between two parties, on disk when it returns. */
struct session_view world_session(struct world *w, unsigned a, unsigned b, int64_t expires_ms);

/* A party of a session to be created. */
#define PARTY(number)                                                                              \
        {                                                                                          \
                .real = {number}, .real_count = 1                                                  \
        }

void world_decide(const struct directory *dir, struct masking_number dialled,
                  struct real_number caller, bool caller_withheld, struct directory_decision *out);

/* The verdict for a call now. */
enum mask_verdict world_call(struct world *w, struct masking_number dialled, unsigned caller);

#endif
