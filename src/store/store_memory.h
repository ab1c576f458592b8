/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_memory.h - a store without files, for tests and simulation: deterministic, one thread.
 *
 * Its "disk" is an object of its own (store_memory_disk.h) that outlives the store. What was submitted reaches the disk
 * when it is acknowledged, not before: a store that crashes leaves exactly the acknowledged
 * submits, and a new one opened on the same disk finds them.
 */
#ifndef MASKLINE_STORE_STORE_MEMORY_H
#define MASKLINE_STORE_STORE_MEMORY_H

#include "core/store.h"
#include "io/io.h"
#include "store/seal.h"
#include "store/store_memory_disk.h"

struct store_memory_params {
        struct io *io;
        struct vault *vault;
        struct store_memory_disk *disk; /* not owned */
        uint32_t queue_max;             /* 0: 4,096 */
        int64_t commit_ms;              /* 0: acknowledged at the end of the loop turn */
};
int store_memory_open(const struct store_memory_params *params, struct store **out) MUST_CHECK;

/* The n-th submit from now (1: the next one) and `count - 1` after it are refused with `err`. */
void store_memory_fail(struct store *store, uint32_t nth, uint32_t count, int err);

/*
 * As a crash would: what waits is lost, and what is asked from now on is never answered. It is still
 * closed by its owner, without any callback.
 */
void store_memory_crash(struct store *store);

#endif
