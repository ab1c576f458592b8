/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_memory_disk.h - the rows that a store in memory has acknowledged; they outlive it.
 */
#ifndef MASKLINE_STORE_STORE_MEMORY_DISK_H
#define MASKLINE_STORE_STORE_MEMORY_DISK_H

#include "core/store.h"
#include "store/seal.h"

struct store_memory_disk;
int store_memory_disk_create(struct store_memory_disk **out) MUST_CHECK;
void store_memory_disk_destroy(struct store_memory_disk *disk); /* NULL is fine */

/* All of them or none: ERR_CONFLICT when they contradict what is there; -ENOMEM. */
int store_memory_disk_commit(struct store_memory_disk *disk, const struct vault *vault,
                             const struct store_change *changes, uint32_t count) MUST_CHECK;

/* As store_ops say it of load, of what is in `page`, and of walk_audit. */
int store_memory_disk_load(const struct store_memory_disk *disk,
                           const struct store_loader *loader) MUST_CHECK;
int store_memory_disk_walk_audit(const struct store_memory_disk *disk,
                                 int (*visit)(void *arg, const struct store_audit *entry),
                                 void *arg) MUST_CHECK;

/*
 * Rows for query->max of each. Records are numbered by where they are: while somebody follows them,
 * none may be dropped.
 */
void store_memory_disk_collect(const struct store_memory_disk *disk,
                               const struct store_events_query *query, struct store_audit *audits,
                               struct store_cdr *cdrs, struct store_events *page);

/* How many: into `out`, at most query->max, newest first; or out of the disk. */
uint32_t store_memory_disk_find_cdrs(const struct store_memory_disk *disk,
                                     const struct store_cdr_query *query, struct cdr *out);
uint32_t store_memory_disk_drop_cdrs(struct store_memory_disk *disk,
                                     const struct store_cdr_query *query);

/* For tests that look at or tamper with what is stored: the i-th row, NULL past the last. */
struct store_audit *store_memory_audit_at(struct store_memory_disk *disk, uint32_t i);
struct store_session *store_memory_session_at(struct store_memory_disk *disk, uint32_t i);
struct store_grave *store_memory_grave_at(struct store_memory_disk *disk, uint32_t i);
/* How many submits the disk has taken since it was created. */
uint64_t store_memory_commits(const struct store_memory_disk *disk);

#endif
