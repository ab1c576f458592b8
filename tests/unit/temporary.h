/* SPDX-License-Identifier: Apache-2.0 */
/*
 * temporary.h - files and folders of a test, which are gone when its program is, however it fails.
 *
 * They are in TMPDIR, else in memory where there is such a place: what is tested is order, not the
 * disk's speed. script/test gives each suite a TMPDIR of its own and looks that it ends up empty.
 */
#ifndef MASKLINE_TESTS_TEMPORARY_H
#define MASKLINE_TESTS_TEMPORARY_H

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEMPORARY_BYTES 96
#define TEMPORARY_MAX   64 /* at once */

static struct {
        pid_t owner; /* a child that exits leaves them alone */
        char paths[TEMPORARY_MAX][TEMPORARY_BYTES];
        unsigned count;
} temporary;

static inline int temporary_drop(const char *path, const struct stat *info, int what,
                                 struct FTW *where)
{
        (void)info;
        (void)what;
        (void)where;
        (void)remove(path);
        return 0;
}

/* With all that is in it. */
static inline void temporary_remove(const char *path)
{
        nftw(path, temporary_drop, 16, FTW_DEPTH | FTW_PHYS);
        for (unsigned i = 0; i < temporary.count; i++) {
                if (strcmp(temporary.paths[i], path) != 0)
                        continue;
                temporary.count--;
                memmove(temporary.paths[i], temporary.paths[temporary.count], TEMPORARY_BYTES);
                return;
        }
}

static inline void temporary_at_exit(void)
{
        while (temporary.owner == getpid() && temporary.count)
                temporary_remove(temporary.paths[temporary.count - 1]);
}

static inline void temporary_note(const char *path)
{
        if (!temporary.owner)
                atexit(temporary_at_exit);
        if (temporary.owner != getpid())
                temporary.count = 0;
        temporary.owner = getpid();
        assert(temporary.count < TEMPORARY_MAX);
        strcpy(temporary.paths[temporary.count++], path);
}

static inline void temporary_name(char out[TEMPORARY_BYTES], const char *what)
{
        const char *folder = getenv("TMPDIR");
        if (!folder)
                folder = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
        int n = snprintf(out, TEMPORARY_BYTES, "%s/maskline-%s-XXXXXX", folder, what);
        assert(n < TEMPORARY_BYTES);
        (void)n;
}

/* Mode 0700. */
static inline void temporary_folder(char out[TEMPORARY_BYTES], const char *what)
{
        temporary_name(out, what);
        char *made = mkdtemp(out);
        assert(made);
        (void)made;
        temporary_note(out);
}

/* Empty, mode 0600. */
static inline void temporary_file(char out[TEMPORARY_BYTES], const char *what)
{
        temporary_name(out, what);
        int fd = mkstemp(out);
        assert(fd >= 0);
        close(fd);
        temporary_note(out);
}

#endif
