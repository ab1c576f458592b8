/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key_slots.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "store/problem.h"

/*
 * The file: a header of one page, then the slots.
 *
 *      0  "MSKSLOTS"                    page 1:  slot 0, slot 1, ...
 *      8  version, 32 bits                 0  state, 32 bits
 *     12  bytes per slot, 32 bits          4  generation, 32 bits
 *     16  vault id, 16 bytes               8  content, 72 bytes; zeros to 128
 *
 * Integers are big endian. 128 divides a sector of 512, so no slot is ever half written.
 */
#define FILE_VERSION    1
#define FILE_SLOT_BYTES KEY_SLOT_FILE_BYTES
#define HEADER_BYTES    KEY_SLOTS_HEADER_BYTES
#define CHUNKS_MAX      (KEY_SLOTS_MAX / KEY_SLOTS_CHUNK)
#define SLOTS_AT_ONCE   32 /* divides a chunk */
#define NONE            UINT32_MAX

static const char magic[8] = {'M', 'S', 'K', 'S', 'L', 'O', 'T', 'S'};

enum slot_state {
        SLOT_FREE = 0, /* never used */
        SLOT_USED = 1, /* and anything unknown: a damaged slot is not handed out again */
        SLOT_WIPED = 2,
};

struct slot {
        uint8_t state;
        bool kept;
        bool dirty; /* changed since it was last taken for writing */
        uint32_t generation;
        uint32_t next_free;
        uint32_t next_dirty;   /* in `dirty` */
        uint32_t next_writing; /* in `writing` */
        uint8_t content[KEY_SLOT_BYTES];
};

struct key_slots {
        int fd;                          /* -1: in memory only */
        struct slot *chunks[CHUNKS_MAX]; /* each owned */
        uint32_t count;                  /* in memory, a multiple of the chunk */
        uint32_t used;
        uint32_t free; /* list */

        pthread_mutex_t lock; /* over changes to the slots, the chunks and the list below */
        uint32_t dirty;       /* list: due to be written */

        pthread_mutex_t sync_lock; /* one syncs at a time; over the three below */
        uint32_t writing;          /* list: being written, or written and not known to be on disk */
        uint32_t written_count;    /* slots that the file has room for */
        uint8_t image[SLOTS_AT_ONCE * FILE_SLOT_BYTES];
        atomic_uint unsynced;
};

static struct slot *slot_at(const struct key_slots *slots, uint32_t index)
{
        assert(index < slots->count);
        return &slots->chunks[index / KEY_SLOTS_CHUNK][index % KEY_SLOTS_CHUNK];
}

static int add_chunk(struct key_slots *slots)
{
        if (slots->count >= KEY_SLOTS_MAX)
                return ERR_FULL;
        struct slot *chunk = calloc(KEY_SLOTS_CHUNK, sizeof *chunk);
        if (!chunk)
                return -ENOMEM;
        pthread_mutex_lock(&slots->lock);
        slots->chunks[slots->count / KEY_SLOTS_CHUNK] = chunk;
        slots->count += KEY_SLOTS_CHUNK;
        pthread_mutex_unlock(&slots->lock);
        return 0;
}

static void push_free(struct key_slots *slots, uint32_t index)
{
        slot_at(slots, index)->next_free = slots->free;
        slots->free = index;
}

static void put_header(uint8_t out[HEADER_BYTES], const uint8_t vault_id[16])
{
        struct buf b;
        memset(out, 0, HEADER_BYTES);
        buf_init(&b, out, HEADER_BYTES);
        buf_put(&b, magic, sizeof magic);
        buf_put_be32(&b, FILE_VERSION);
        buf_put_be32(&b, FILE_SLOT_BYTES);
        buf_put(&b, vault_id, 16);
}

static int check_header(const struct data_dir *dir, const uint8_t header[HEADER_BYTES],
                        const uint8_t vault_id[16], char *problem)
{
        const char *path = data_dir_path(dir);
        if (memcmp(header, magic, sizeof magic) != 0) {
                problem_put(problem,
                            "%s/%s is damaged or no file of maskline's: restore it from "
                            "the backup.",
                            path, DATA_DIR_KEY_SLOTS);
                return ERR_SYNTAX;
        }
        if (be32_at(header + 8) != FILE_VERSION || be32_at(header + 12) != FILE_SLOT_BYTES) {
                problem_put(problem,
                            "%s/%s was written by a newer maskline (format %u): run that version "
                            "or a later one.",
                            path, DATA_DIR_KEY_SLOTS, be32_at(header + 8));
                return ERR_VERSION;
        }
        if (memcmp(header + 16, vault_id, 16) != 0) {
                problem_put(problem,
                            "%s/%s belongs to another %s: put back the two files that belong "
                            "together.",
                            path, DATA_DIR_KEY_SLOTS, DATA_DIR_MASTER_KEY);
                return ERR_CONFLICT;
        }
        return 0;
}

static void take_slot(struct key_slots *slots, uint32_t index, const uint8_t *image)
{
        struct slot *slot = slot_at(slots, index);
        uint32_t state = be32_at(image);
        slot->generation = be32_at(image + 4);
        slot->state = state == SLOT_FREE || state == SLOT_WIPED ? (uint8_t)state : SLOT_USED;
        if (slot->state != SLOT_USED)
                return;
        memcpy(slot->content, image + 8, KEY_SLOT_BYTES);
        slots->used++;
}

static int read_slots(struct key_slots *slots, uint32_t count)
{
        for (uint32_t i = 0; i < count; i += SLOTS_AT_ONCE) {
                int err = i < slots->count ? 0 : add_chunk(slots);
                if (!err)
                        err = data_dir_read_at(slots->fd, slots->image, sizeof slots->image,
                                               HEADER_BYTES + (off_t)i * FILE_SLOT_BYTES);
                if (err)
                        return err;
                for (uint32_t k = 0; k < SLOTS_AT_ONCE; k++)
                        take_slot(slots, i + k, slots->image + (size_t)k * FILE_SLOT_BYTES);
        }
        return 0;
}

static int read_file(struct key_slots *slots, const struct data_dir *dir,
                     const uint8_t vault_id[16], char *problem)
{
        struct stat st;
        uint8_t header[HEADER_BYTES];
        if (fstat(slots->fd, &st) < 0)
                return -errno;
        int err = data_dir_read_at(slots->fd, header, sizeof header, 0);
        if (err) {
                problem_put(problem, "%s/%s can't be read (%s): restore it from the backup.",
                            data_dir_path(dir), DATA_DIR_KEY_SLOTS,
                            err == -EIO ? "it is cut short, or the disk fails" : strerror(-err));
                return err;
        }
        err = check_header(dir, header, vault_id, problem);
        if (err)
                return err;

        /* A crash while the file grew may leave part of a chunk: nothing relied on it yet. */
        off_t room = (st.st_size - HEADER_BYTES) / FILE_SLOT_BYTES;
        uint32_t count = room > KEY_SLOTS_MAX ? KEY_SLOTS_MAX : (uint32_t)room;
        slots->written_count = count - count % KEY_SLOTS_CHUNK;
        return read_slots(slots, slots->written_count);
}

static int open_file(struct key_slots *slots, const struct data_dir *dir,
                     const uint8_t vault_id[16], char *problem)
{
        int err = data_dir_open_file(dir, DATA_DIR_KEY_SLOTS, &slots->fd, problem);
        if (err == -ENOENT) {
                uint8_t header[HEADER_BYTES];
                put_header(header, vault_id);
                err = data_dir_create_file(dir, DATA_DIR_KEY_SLOTS,
                                           (struct slice){(char *)header, sizeof header}, problem);
                if (!err)
                        err = data_dir_open_file(dir, DATA_DIR_KEY_SLOTS, &slots->fd, problem);
        }
        return err ? err : read_file(slots, dir, vault_id, problem);
}

int key_slots_open(const struct data_dir *dir, const uint8_t vault_id[16], struct key_slots **out,
                   char *problem)
{
        struct key_slots *slots = calloc(1, sizeof *slots);
        if (!slots)
                return -ENOMEM;
        slots->fd = -1;
        slots->free = slots->dirty = slots->writing = NONE;
        pthread_mutex_init(&slots->lock, NULL);
        pthread_mutex_init(&slots->sync_lock, NULL);

        int err = dir ? open_file(slots, dir, vault_id, problem) : 0;
        if (err) {
                key_slots_close(slots);
                return err;
        }
        for (uint32_t i = slots->count; i-- > 0;)
                if (slot_at(slots, i)->state != SLOT_USED)
                        push_free(slots, i);
        *out = slots;
        return 0;
}

void key_slots_close(struct key_slots *slots)
{
        if (!slots)
                return;
        if (slots->fd >= 0)
                close(slots->fd);
        for (uint32_t i = 0; i < slots->count / KEY_SLOTS_CHUNK; i++)
                free(slots->chunks[i]);
        pthread_mutex_destroy(&slots->sync_lock);
        pthread_mutex_destroy(&slots->lock);
        free(slots);
}

int key_slots_pick(struct key_slots *slots, uint32_t *index, uint32_t *generation)
{
        if (slots->free == NONE) {
                uint32_t first = slots->count;
                int err = add_chunk(slots);
                if (err)
                        return err;
                for (uint32_t i = slots->count; i-- > first;)
                        push_free(slots, i);
        }
        *index = slots->free;
        *generation = slot_at(slots, slots->free)->generation + 1;
        return 0;
}

/* With the lock held. */
static void mark_dirty(struct key_slots *slots, uint32_t index)
{
        struct slot *slot = slot_at(slots, index);
        if (slot->dirty)
                return;
        slot->dirty = true;
        slot->next_dirty = slots->dirty;
        slots->dirty = index;
        atomic_fetch_add(&slots->unsynced, 1);
}

void key_slots_set(struct key_slots *slots, uint32_t index, const uint8_t content[KEY_SLOT_BYTES])
{
        struct slot *slot = slot_at(slots, index);
        assert(index == slots->free);
        slots->free = slot->next_free;
        slots->used++;

        pthread_mutex_lock(&slots->lock);
        slot->state = SLOT_USED;
        slot->generation++;
        slot->kept = true;
        memcpy(slot->content, content, KEY_SLOT_BYTES);
        mark_dirty(slots, index);
        pthread_mutex_unlock(&slots->lock);
}

static struct slot *find(const struct key_slots *slots, uint32_t index, uint32_t generation)
{
        if (index >= slots->count)
                return NULL;
        struct slot *slot = slot_at(slots, index);
        return slot->state == SLOT_USED && slot->generation == generation ? slot : NULL;
}

bool key_slots_get(const struct key_slots *slots, uint32_t index, uint32_t generation,
                   uint8_t content[KEY_SLOT_BYTES])
{
        const struct slot *slot = find(slots, index, generation);
        if (!slot)
                return false;
        memcpy(content, slot->content, KEY_SLOT_BYTES);
        return true;
}

bool key_slots_wipe(struct key_slots *slots, uint32_t index, uint32_t generation)
{
        struct slot *slot = find(slots, index, generation);
        if (!slot)
                return false;

        pthread_mutex_lock(&slots->lock);
        slot->state = SLOT_WIPED;
        explicit_bzero(slot->content, KEY_SLOT_BYTES);
        mark_dirty(slots, index);
        pthread_mutex_unlock(&slots->lock);

        slots->used--;
        push_free(slots, index);
        return true;
}

bool key_slots_keep(struct key_slots *slots, uint32_t index, uint32_t generation)
{
        struct slot *slot = find(slots, index, generation);
        if (slot)
                slot->kept = true;
        return slot;
}

uint32_t key_slots_wipe_unkept(struct key_slots *slots)
{
        uint32_t wiped = 0;
        for (uint32_t i = 0; i < slots->count; i++) {
                const struct slot *slot = slot_at(slots, i);
                if (slot->state == SLOT_USED && !slot->kept)
                        wiped += key_slots_wipe(slots, i, slot->generation);
        }
        return wiped;
}

uint32_t key_slots_used(const struct key_slots *slots)
{
        return slots->used;
}

/*
 * Takes what is due for writing. What an earlier sync could not bring to disk is due again, all
 * of it: after a failed fdatasync(2) the kernel forgets what it has not written.
 */
static void begin_writing(struct key_slots *slots)
{
        pthread_mutex_lock(&slots->lock);
        for (uint32_t i = slots->writing; i != NONE; i = slot_at(slots, i)->next_writing) {
                atomic_fetch_sub(&slots->unsynced, 1);
                mark_dirty(slots, i);
        }
        slots->writing = slots->dirty;
        slots->dirty = NONE;
        for (uint32_t i = slots->writing; i != NONE; i = slot_at(slots, i)->next_writing) {
                struct slot *slot = slot_at(slots, i);
                slot->next_writing = slot->next_dirty;
                slot->dirty = false;
        }
        pthread_mutex_unlock(&slots->lock);
}

static void put_slot(const struct slot *slot, uint8_t out[FILE_SLOT_BYTES])
{
        struct buf b;
        memset(out, 0, FILE_SLOT_BYTES);
        buf_init(&b, out, FILE_SLOT_BYTES);
        buf_put_be32(&b, slot->state);
        buf_put_be32(&b, slot->generation);
        if (slot->state == SLOT_USED)
                buf_put(&b, slot->content, KEY_SLOT_BYTES);
}

/* Written in full, so that overwriting a slot later needs no room on the disk. */
static int make_room(struct key_slots *slots, uint32_t index)
{
        memset(slots->image, 0, sizeof slots->image);
        while (slots->written_count <= index) {
                for (uint32_t i = 0; i < KEY_SLOTS_CHUNK; i += SLOTS_AT_ONCE) {
                        off_t at = slots->written_count + i;
                        int err = data_dir_write_at(slots->fd, slots->image, sizeof slots->image,
                                                    HEADER_BYTES + at * FILE_SLOT_BYTES);
                        if (err)
                                return err;
                }
                slots->written_count += KEY_SLOTS_CHUNK;
        }
        return 0;
}

static int write_slots(struct key_slots *slots)
{
        for (uint32_t i = slots->writing; i != NONE;) {
                if (i >= slots->written_count) {
                        int err = make_room(slots, i);
                        if (err)
                                return err;
                }
                pthread_mutex_lock(&slots->lock);
                const struct slot *slot = slot_at(slots, i);
                put_slot(slot, slots->image);
                uint32_t next = slot->next_writing;
                pthread_mutex_unlock(&slots->lock);

                int err = data_dir_write_at(slots->fd, slots->image, FILE_SLOT_BYTES,
                                            HEADER_BYTES + (off_t)i * FILE_SLOT_BYTES);
                if (err)
                        return err;
                i = next;
        }
        explicit_bzero(slots->image, sizeof slots->image);
        return fdatasync(slots->fd) < 0 ? -errno : 0;
}

static void end_writing(struct key_slots *slots)
{
        uint32_t count = 0;
        pthread_mutex_lock(&slots->lock);
        for (uint32_t i = slots->writing; i != NONE; i = slot_at(slots, i)->next_writing)
                count++;
        slots->writing = NONE;
        pthread_mutex_unlock(&slots->lock);
        atomic_fetch_sub(&slots->unsynced, count);
}

int key_slots_sync(struct key_slots *slots)
{
        int err = 0;
        pthread_mutex_lock(&slots->sync_lock);
        begin_writing(slots);
        if (slots->writing != NONE) {
                if (slots->fd >= 0)
                        err = write_slots(slots);
                if (!err)
                        end_writing(slots);
        }
        pthread_mutex_unlock(&slots->sync_lock);
        return err;
}

uint32_t key_slots_unsynced(const struct key_slots *slots)
{
        return atomic_load(&slots->unsynced);
}

uint32_t key_slots_count(struct key_slots *slots)
{
        pthread_mutex_lock(&slots->lock);
        uint32_t count = slots->count;
        pthread_mutex_unlock(&slots->lock);
        return count;
}

uint64_t key_slots_file_bytes(uint32_t count)
{
        return HEADER_BYTES + (uint64_t)count * FILE_SLOT_BYTES;
}

int key_slots_copy(struct key_slots *slots, const uint8_t vault_id[16], uint32_t count,
                   int (*put)(void *arg, struct slice bytes), void *arg)
{
        uint8_t image[HEADER_BYTES];
        _Static_assert(sizeof image >= SLOTS_AT_ONCE * FILE_SLOT_BYTES, "a piece fits");
        put_header(image, vault_id);
        int err = put(arg, (struct slice){(const char *)image, HEADER_BYTES});
        for (uint32_t i = 0; !err && i < count; i += SLOTS_AT_ONCE) {
                pthread_mutex_lock(&slots->lock);
                for (uint32_t k = 0; k < SLOTS_AT_ONCE; k++)
                        put_slot(slot_at(slots, i + k), image + (size_t)k * FILE_SLOT_BYTES);
                pthread_mutex_unlock(&slots->lock);
                err = put(arg,
                          (struct slice){(const char *)image, SLOTS_AT_ONCE * FILE_SLOT_BYTES});
        }
        explicit_bzero(image, sizeof image);
        return err;
}

bool key_slot_image_has_key(const uint8_t image[KEY_SLOT_FILE_BYTES])
{
        uint32_t state = be32_at(image);
        return state != SLOT_FREE && state != SLOT_WIPED;
}

bool key_slot_image_is_same(const uint8_t image[KEY_SLOT_FILE_BYTES],
                            const uint8_t now[KEY_SLOT_FILE_BYTES])
{
        return memcmp(image, now, KEY_SLOT_FILE_BYTES) == 0;
}

void key_slot_image_wipe(uint8_t image[KEY_SLOT_FILE_BYTES])
{
        struct buf b;
        uint32_t generation = be32_at(image + 4);
        explicit_bzero(image, KEY_SLOT_FILE_BYTES);
        buf_init(&b, image, KEY_SLOT_FILE_BYTES);
        buf_put_be32(&b, SLOT_WIPED);
        buf_put_be32(&b, generation);
}
