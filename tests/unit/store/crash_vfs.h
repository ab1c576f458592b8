/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_vfs.h - a SQLite file system that can lose its power.
 *
 * It wraps the system's. Of each file it remembers what was there at the last sync and what was
 * written since. When the power goes, nothing more can be written; after a reboot each file holds
 * what was synced and of the rest, sector by sector, whatever the luck of the draw kept: all disks
 * may do is done. It also fails writes on order, as a full or broken disk does.
 */
#ifndef MASKLINE_TESTS_CRASH_VFS_H
#define MASKLINE_TESTS_CRASH_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define CRASH_VFS "crash"

void crash_vfs_register(void);

/* Takes back every order below. */
void crash_vfs_calm(void);

/* Forgets all files too; none may be open. */
void crash_vfs_reset(void);

/* How many writes, truncations, syncs and removals there were since the reset. */
uint64_t crash_vfs_operations(void);

/* The power goes just before the n-th operation from now (1: the next one). */
void crash_vfs_cut_power(uint64_t nth);
bool crash_vfs_is_off(void);

enum crash_luck {
        CRASH_KEEPS_NOTHING,
        CRASH_KEEPS_ALL,
        CRASH_KEEPS_SOME, /* each sector by itself, drawn from the seed */
};

/* All connections must be closed. Writes the files as the crash left them; power is on again. */
void crash_vfs_reboot(enum crash_luck luck, uint64_t seed);

/* From now on writes and syncs fail with this SQLite result; 0: they work again. */
void crash_vfs_fail_writes(int rc);
void crash_vfs_fail_syncs(int rc);

/* Syncs say that all is well and do nothing. */
void crash_vfs_lie_about_syncs(bool lie);

/* Files open as on a file system that is mounted read-only. */
void crash_vfs_set_read_only(bool read_only);

/* Called before each sync of a file whose name ends so; NULL: no more. */
void crash_vfs_on_sync(const char *suffix, void (*fn)(void *arg), void *arg);

#endif
