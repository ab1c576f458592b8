/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.h - a store of either kind on a scratch directory, opened, driven and read back.
 */
#ifndef MASKLINE_TESTS_RIG_H
#define MASKLINE_TESTS_RIG_H

#include "scratch.h"
#include "store/audit.h"
#include "store/store_memory.h"
#include "store/store_sqlite.h"

enum rig_kind {
        RIG_SQLITE,
        RIG_MEMORY,
};

#define RIG_ROWS_MAX 4096

/* What a load brought. */
struct rig_rows {
        struct tenant tenants[8];
        struct api_key keys[8];
        struct trunk trunks[8];
        struct store_pool pools[8];
        struct store_block blocks[8];
        struct store_number numbers[8];
        struct store_session sessions[RIG_ROWS_MAX];
        struct session_use uses[RIG_ROWS_MAX]; /* of the sessions */
        struct store_grave graves[8];
        struct store_audit last_audit;
        uint32_t tenant_count, key_count;
        uint32_t trunk_count, pool_count, block_count, number_count, session_count, grave_count,
                audit_count;
};

struct rig {
        enum rig_kind kind;
        struct scratch scratch;
        const char *vfs;
        uint32_t queue_max;
        struct io *io;
        struct data_dir *dir;
        struct vault *vault;
        struct store_memory_disk *disk;
        struct store *store;
        char problem[STORE_PROBLEM_BYTES];
        int waiting; /* callbacks that rig_run() waits for */
};

void rig_init(struct rig *rig, enum rig_kind kind);
void rig_fini(struct rig *rig);

/* The store alone; the scratch directory and the disk in memory stay. */
int rig_try_open(struct rig *rig); /* `problem` says why not */
void rig_open(struct rig *rig);
void rig_close(struct rig *rig);

/* Runs the loop until `waiting` callbacks have come. */
void rig_run(struct rig *rig);
void rig_came(struct rig *rig); /* one did */

/* Submits and waits; the outcome. */
int rig_submit(struct rig *rig, const struct store_change *changes, uint32_t count);

/* What is stored, to be freed. */
struct rig_rows *rig_load(struct rig *rig);

/* One that takes everything and keeps nothing. */
const struct store_loader *rig_loader(void);

/* At most RIG_ROWS_MAX. */
uint32_t rig_cdrs(struct rig *rig, const struct store_cdr_query *query, struct cdr *out);

/* Walks and checks the audit record; the walk's error, as audit_check_end() saw it, in `err`. */
struct audit_check rig_verify(struct rig *rig, int *err);

/* Rows with every field in use, told apart by `n`. */
struct store_change make_trunk(uint32_t n);
struct store_change make_pool(uint32_t n);
struct store_change make_block(uint8_t n);
struct store_change make_number(uint32_t n);
struct store_change make_session(uint64_t id);
struct store_change make_session_state(uint64_t id, enum session_state state, int64_t ended_ms);
struct store_change make_cdr(uint32_t call, enum cdr_leg leg, int64_t started_ms);
struct store_change make_audit(uint32_t n);

bool same_session(const struct store_session *a, const struct store_session *b);
bool same_cdr(const struct cdr *a, const struct cdr *b);

#endif
