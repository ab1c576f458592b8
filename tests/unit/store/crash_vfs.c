/* SPDX-License-Identifier: Apache-2.0 */
#include "crash_vfs.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"

#define FILES_MAX    8
#define SECTOR_BYTES 512

enum change_kind {
        CHANGE_WRITE,
        CHANGE_TRUNCATE,
        CHANGE_REMOVE,
};

/* Something done to a file that no sync has confirmed. */
struct change {
        struct change *next;
        enum change_kind kind;
        uint64_t offset;
        size_t len;
        uint8_t bytes[];
};

struct image {
        char path[512];
        uint8_t *synced; /* owned */
        size_t synced_bytes, synced_room;
        struct change *first, **last; /* owned */
};

/* What SQLite allocates for us; the system's file follows. */
struct crash_file {
        sqlite3_file base;
        struct image *image; /* NULL: a temporary file, none of our business */
        sqlite3_file *real;
};

static struct {
        sqlite3_vfs vfs;
        sqlite3_vfs *system;
        pthread_mutex_t lock; /* over everything below */
        struct image images[FILES_MAX];
        unsigned image_count;
        uint64_t operations, power_ends_at;
        bool off, read_only, lies;
        int fail_writes, fail_syncs;
        const char *sync_suffix;
        void (*on_sync)(void *arg);
        void *on_sync_arg;
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct image *image_of(const char *path)
{
        for (unsigned i = 0; i < world.image_count; i++)
                if (strcmp(world.images[i].path, path) == 0)
                        return &world.images[i];
        assert(world.image_count < FILES_MAX);
        struct image *image = &world.images[world.image_count++];
        memset(image, 0, sizeof *image);
        snprintf(image->path, sizeof image->path, "%s", path);
        image->last = &image->first;
        return image;
}

static void forget_changes(struct image *image)
{
        for (struct change *c = image->first, *next; c; c = next) {
                next = c->next;
                free(c);
        }
        image->first = NULL;
        image->last = &image->first;
}

static void remember(struct image *image, enum change_kind kind, uint64_t offset, const void *bytes,
                     size_t len)
{
        struct change *c = malloc(sizeof *c + len);
        assert(c);
        *c = (struct change){.kind = kind, .offset = offset, .len = len};
        if (len)
                memcpy(c->bytes, bytes, len);
        *image->last = c;
        image->last = &c->next;
}

static void grow(struct image *image, size_t bytes)
{
        if (bytes <= image->synced_bytes)
                return;
        if (bytes > image->synced_room) {
                image->synced_room = bytes * 2;
                image->synced = realloc(image->synced, image->synced_room);
                assert(image->synced);
        }
        memset(image->synced + image->synced_bytes, 0, bytes - image->synced_bytes);
        image->synced_bytes = bytes;
}

static void apply_write(struct image *image, const struct change *c, enum crash_luck luck,
                        struct random *draw)
{
        for (size_t at = 0, part; at < c->len; at += part) {
                part = SECTOR_BYTES - (c->offset + at) % SECTOR_BYTES;
                if (part > c->len - at)
                        part = c->len - at;
                if (luck == CRASH_KEEPS_SOME && random_below(draw, 2))
                        continue;
                grow(image, c->offset + at + part);
                memcpy(image->synced + c->offset + at, c->bytes + at, part);
        }
}

static void apply(struct image *image, const struct change *c, enum crash_luck luck,
                  struct random *draw)
{
        if (c->kind == CHANGE_WRITE) {
                apply_write(image, c, luck, draw);
                return;
        }
        if (luck == CRASH_KEEPS_SOME && random_below(draw, 2))
                return;
        size_t bytes = c->kind == CHANGE_REMOVE ? 0 : c->offset;
        grow(image, bytes);
        image->synced_bytes = bytes;
}

static void confirm(struct image *image)
{
        for (const struct change *c = image->first; c; c = c->next)
                apply(image, c, CRASH_KEEPS_ALL, NULL);
        forget_changes(image);
}

/* One operation: what it may do. With the lock held. */
static int step(int failing)
{
        if (world.off)
                return SQLITE_IOERR;
        world.operations++;
        if (world.power_ends_at && world.operations >= world.power_ends_at) {
                world.off = true;
                return SQLITE_IOERR;
        }
        return failing;
}

static struct crash_file *self(sqlite3_file *file)
{
        return (struct crash_file *)file;
}

static sqlite3_file *real(sqlite3_file *file)
{
        return self(file)->real;
}

static int file_close(sqlite3_file *file)
{
        return real(file)->pMethods->xClose(real(file));
}

static int file_read(sqlite3_file *file, void *out, int bytes, sqlite3_int64 offset)
{
        return real(file)->pMethods->xRead(real(file), out, bytes, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 offset)
{
        struct image *image = self(file)->image;
        pthread_mutex_lock(&world.lock);
        int rc = step(world.fail_writes);
        if (!rc && image)
                remember(image, CHANGE_WRITE, (uint64_t)offset, bytes, (size_t)len);
        pthread_mutex_unlock(&world.lock);
        return rc ? rc : real(file)->pMethods->xWrite(real(file), bytes, len, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
        struct image *image = self(file)->image;
        pthread_mutex_lock(&world.lock);
        int rc = step(world.fail_writes);
        if (!rc && image)
                remember(image, CHANGE_TRUNCATE, (uint64_t)size, NULL, 0);
        pthread_mutex_unlock(&world.lock);
        return rc ? rc : real(file)->pMethods->xTruncate(real(file), size);
}

static bool ends_with(const char *text, const char *suffix)
{
        size_t a = strlen(text), b = strlen(suffix);
        return a >= b && strcmp(text + a - b, suffix) == 0;
}

/* The system's sync is left out: the machine that runs the tests does not lose its power. */
static int file_sync(sqlite3_file *file, int flags)
{
        struct image *image = self(file)->image;
        (void)flags;
        pthread_mutex_lock(&world.lock);
        if (image && world.sync_suffix && ends_with(image->path, world.sync_suffix))
                world.on_sync(world.on_sync_arg);
        int rc = step(world.fail_syncs);
        if (!rc && image && !world.lies)
                confirm(image);
        pthread_mutex_unlock(&world.lock);
        return rc;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
        return real(file)->pMethods->xFileSize(real(file), out);
}

static int file_lock(sqlite3_file *file, int level)
{
        return real(file)->pMethods->xLock(real(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
        return real(file)->pMethods->xUnlock(real(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
        return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
        return real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int file_sector_size(sqlite3_file *file)
{
        (void)file;
        return SECTOR_BYTES;
}

/* A sector may be lost beside the one that was meant: SQLITE_IOCAP_POWERSAFE_OVERWRITE holds. */
static int file_characteristics(sqlite3_file *file)
{
        (void)file;
        return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int file_shm_map(sqlite3_file *file, int page, int bytes, int extend, void volatile **out)
{
        return real(file)->pMethods->xShmMap(real(file), page, bytes, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
        return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
        real(file)->pMethods->xShmBarrier(real(file));
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
        return real(file)->pMethods->xShmUnmap(real(file), remove);
}

static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = file_close,
        .xRead = file_read,
        .xWrite = file_write,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_check_lock,
        .xFileControl = file_control,
        .xSectorSize = file_sector_size,
        .xDeviceCharacteristics = file_characteristics,
        .xShmMap = file_shm_map,
        .xShmLock = file_shm_lock,
        .xShmBarrier = file_shm_barrier,
        .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *out_flags)
{
        struct crash_file *f = self(file);
        (void)vfs;
        f->base.pMethods = NULL;
        f->image = NULL;
        f->real = (sqlite3_file *)(f + 1);
        pthread_mutex_lock(&world.lock);
        if (world.read_only)
                flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) |
                        SQLITE_OPEN_READONLY;
        if (name && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL))
                f->image = image_of(name);
        pthread_mutex_unlock(&world.lock);

        int rc = world.system->xOpen(world.system, name, f->real, flags, out_flags);
        if (!rc)
                f->base.pMethods = &methods;
        return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
        (void)vfs;
        pthread_mutex_lock(&world.lock);
        int rc = step(world.fail_writes);
        if (!rc) {
                struct image *image = image_of(name);
                remember(image, CHANGE_REMOVE, 0, NULL, 0);
                if (sync_dir)
                        confirm(image);
        }
        pthread_mutex_unlock(&world.lock);
        return rc ? rc : world.system->xDelete(world.system, name, 0);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
        (void)vfs;
        return world.system->xAccess(world.system, name, flags, out);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int bytes, char *out)
{
        (void)vfs;
        return world.system->xFullPathname(world.system, name, bytes, out);
}

static int vfs_randomness(sqlite3_vfs *vfs, int bytes, char *out)
{
        (void)vfs;
        return world.system->xRandomness(world.system, bytes, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
        (void)vfs;
        return world.system->xSleep(world.system, us);
}

static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
        (void)vfs;
        return world.system->xCurrentTimeInt64(world.system, out);
}

static int vfs_last_error(sqlite3_vfs *vfs, int bytes, char *out)
{
        (void)vfs;
        return world.system->xGetLastError(world.system, bytes, out);
}

void crash_vfs_register(void)
{
        if (world.system)
                return;
        world.system = sqlite3_vfs_find(NULL);
        assert(world.system);
        world.vfs = (sqlite3_vfs){
                .iVersion = 2,
                .szOsFile = (int)sizeof(struct crash_file) + world.system->szOsFile,
                .mxPathname = world.system->mxPathname,
                .zName = CRASH_VFS,
                .xOpen = vfs_open,
                .xDelete = vfs_delete,
                .xAccess = vfs_access,
                .xFullPathname = vfs_full_path,
                .xRandomness = vfs_randomness,
                .xSleep = vfs_sleep,
                .xGetLastError = vfs_last_error,
                .xCurrentTimeInt64 = vfs_time,
        };
        int rc = sqlite3_vfs_register(&world.vfs, 0);
        assert(rc == SQLITE_OK);
}

void crash_vfs_calm(void)
{
        pthread_mutex_lock(&world.lock);
        world.off = world.read_only = world.lies = false;
        world.power_ends_at = 0;
        world.fail_writes = world.fail_syncs = 0;
        world.sync_suffix = NULL;
        pthread_mutex_unlock(&world.lock);
}

void crash_vfs_reset(void)
{
        crash_vfs_calm();
        pthread_mutex_lock(&world.lock);
        for (unsigned i = 0; i < world.image_count; i++) {
                forget_changes(&world.images[i]);
                free(world.images[i].synced);
        }
        world.image_count = 0;
        world.operations = 0;
        pthread_mutex_unlock(&world.lock);
}

uint64_t crash_vfs_operations(void)
{
        pthread_mutex_lock(&world.lock);
        uint64_t operations = world.operations;
        pthread_mutex_unlock(&world.lock);
        return operations;
}

void crash_vfs_cut_power(uint64_t nth)
{
        pthread_mutex_lock(&world.lock);
        world.power_ends_at = world.operations + nth;
        pthread_mutex_unlock(&world.lock);
}

bool crash_vfs_is_off(void)
{
        pthread_mutex_lock(&world.lock);
        bool off = world.off;
        pthread_mutex_unlock(&world.lock);
        return off;
}

static void write_image(const struct image *image)
{
        int fd = open(image->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert(fd >= 0);
        for (size_t at = 0; at < image->synced_bytes;) {
                ssize_t n = write(fd, image->synced + at, image->synced_bytes - at);
                assert(n > 0);
                at += (size_t)n;
        }
        close(fd);
}

void crash_vfs_reboot(enum crash_luck luck, uint64_t seed)
{
        struct random draw;
        random_init_seeded(&draw, seed);
        pthread_mutex_lock(&world.lock);
        for (unsigned i = 0; i < world.image_count; i++) {
                struct image *image = &world.images[i];
                for (const struct change *c = image->first; c && luck; c = c->next)
                        apply(image, c, luck, &draw);
                forget_changes(image);
                write_image(image);

                /* Shared memory does not survive. */
                char shm[sizeof image->path + 8];
                snprintf(shm, sizeof shm, "%s-shm", image->path);
                unlink(shm);
        }
        world.off = false;
        world.power_ends_at = 0;
        pthread_mutex_unlock(&world.lock);
}

void crash_vfs_fail_writes(int rc)
{
        pthread_mutex_lock(&world.lock);
        world.fail_writes = rc;
        pthread_mutex_unlock(&world.lock);
}

void crash_vfs_fail_syncs(int rc)
{
        pthread_mutex_lock(&world.lock);
        world.fail_syncs = rc;
        pthread_mutex_unlock(&world.lock);
}

void crash_vfs_lie_about_syncs(bool lie)
{
        pthread_mutex_lock(&world.lock);
        world.lies = lie;
        pthread_mutex_unlock(&world.lock);
}

void crash_vfs_set_read_only(bool read_only)
{
        pthread_mutex_lock(&world.lock);
        world.read_only = read_only;
        pthread_mutex_unlock(&world.lock);
}

void crash_vfs_on_sync(const char *suffix, void (*fn)(void *arg), void *arg)
{
        pthread_mutex_lock(&world.lock);
        world.sync_suffix = fn ? suffix : NULL;
        world.on_sync = fn;
        world.on_sync_arg = arg;
        pthread_mutex_unlock(&world.lock);
}
