/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "store/problem.h"

/*
 * The file: a header of one page, then the slots, all written out when it is made, so that
 * shredding never needs room.
 *
 *      0  "MSKBKEYS"                    page 1:  slot 0, slot 1, ...
 *      8  version, 32 bits                 0  state, 32 bits
 *     12  bytes per slot, 32 bits          4  created, expires: 64 bits each, UTC in ms
 *     16  vault id, 16 bytes              20  id, 16 bytes
 *                                         36  wrapped key, 72 bytes; zeros to 128
 */
#define FILE_VERSION 1
#define SLOT_BYTES   128
#define HEADER_BYTES 4096
#define FILE_BYTES   (HEADER_BYTES + BACKUP_KEYS_MAX * SLOT_BYTES)
#define KEY_WORD     "maskline-backup-key-1"

static const char magic[8] = {'M', 'S', 'K', 'B', 'K', 'E', 'Y', 'S'};

enum slot_state {
        SLOT_FREE = 0, /* or shredded: nothing is left of it */
        SLOT_STARTED = 1,
        SLOT_DONE = 2,
};

struct slot {
        struct backup_key info;
        enum slot_state state;
        uint8_t wrapped[VAULT_WRAPPED_BYTES];
};

struct backup_keys {
        const struct vault *vault;
        int fd;
        struct random random;
        pthread_mutex_t lock; /* over all below */
        struct slot slots[BACKUP_KEYS_MAX];
};

/* What a wrapped key is bound to: another backup's slot does not pass for it. */
struct bound {
        char bytes[BACKUP_ID_BYTES + 16];
};

static struct slice bind(const struct backup_key *info, struct bound *bound)
{
        struct buf b;
        buf_init(&b, bound->bytes, sizeof bound->bytes);
        buf_put(&b, info->id.bytes, sizeof info->id.bytes);
        buf_put_be64(&b, (uint64_t)info->created_ms);
        buf_put_be64(&b, (uint64_t)info->expires_ms);
        return buf_slice(&b);
}

static void put_slot(const struct slot *slot, uint8_t out[SLOT_BYTES])
{
        struct buf b;
        memset(out, 0, SLOT_BYTES);
        if (slot->state == SLOT_FREE)
                return;
        buf_init(&b, out, SLOT_BYTES);
        buf_put_be32(&b, slot->state);
        buf_put_be64(&b, (uint64_t)slot->info.created_ms);
        buf_put_be64(&b, (uint64_t)slot->info.expires_ms);
        buf_put(&b, slot->info.id.bytes, sizeof slot->info.id.bytes);
        buf_put(&b, slot->wrapped, sizeof slot->wrapped);
}

static void take_slot(const uint8_t image[SLOT_BYTES], struct slot *slot)
{
        uint32_t state = be32_at(image);
        *slot = (struct slot){0};
        if (state != SLOT_STARTED && state != SLOT_DONE)
                return;
        slot->state = (enum slot_state)state;
        slot->info.is_done = state == SLOT_DONE;
        slot->info.created_ms = (int64_t)be64_at(image + 4);
        slot->info.expires_ms = (int64_t)be64_at(image + 12);
        memcpy(slot->info.id.bytes, image + 20, BACKUP_ID_BYTES);
        memcpy(slot->wrapped, image + 36, sizeof slot->wrapped);
}

static int check_header(const char *dir, const uint8_t *image, const struct vault *vault,
                        char *problem)
{
        uint8_t id[VAULT_ID_BYTES];
        vault_id(vault, id);
        if (memcmp(image, magic, sizeof magic) != 0) {
                problem_put(problem,
                            "%s/%s is damaged or no file of maskline's: move it away; "
                            "the backups made so far then need their exported keys.",
                            dir, DATA_DIR_BACKUP_KEYS);
                return ERR_SYNTAX;
        }
        if (be32_at(image + 8) != FILE_VERSION || be32_at(image + 12) != SLOT_BYTES) {
                problem_put(problem,
                            "%s/%s was written by a newer maskline: run that version or a later "
                            "one.",
                            dir, DATA_DIR_BACKUP_KEYS);
                return ERR_VERSION;
        }
        if (memcmp(image + 16, id, sizeof id) != 0) {
                problem_put(problem,
                            "%s/%s belongs to another %s: put back the two files that belong "
                            "together.",
                            dir, DATA_DIR_BACKUP_KEYS, DATA_DIR_MASTER_KEY);
                return ERR_CONFLICT;
        }
        return 0;
}

static int read_slots(const char *dir, int fd, const struct vault *vault, struct slot *slots,
                      char *problem)
{
        uint8_t *image = malloc(FILE_BYTES);
        int err = image ? data_dir_read_at(fd, image, FILE_BYTES, 0) : -ENOMEM;
        if (err)
                problem_put(problem,
                            "%s/%s can't be read (%s): move it away; the backups made so "
                            "far then need their exported keys.",
                            dir, DATA_DIR_BACKUP_KEYS,
                            err == -EIO ? "it is cut short, or the disk fails" : err_text(err));
        if (!err)
                err = check_header(dir, image, vault, problem);
        for (unsigned i = 0; !err && i < BACKUP_KEYS_MAX; i++)
                take_slot(image + HEADER_BYTES + (size_t)i * SLOT_BYTES, &slots[i]);
        free(image);
        return err;
}

static int make_file(const struct data_dir *dir, const struct vault *vault, char *problem)
{
        struct buf b;
        uint8_t id[VAULT_ID_BYTES];
        char *image = calloc(1, FILE_BYTES);
        if (!image)
                return -ENOMEM;
        vault_id(vault, id);
        buf_init(&b, image, FILE_BYTES);
        buf_put(&b, magic, sizeof magic);
        buf_put_be32(&b, FILE_VERSION);
        buf_put_be32(&b, SLOT_BYTES);
        buf_put(&b, id, sizeof id);
        int err = data_dir_create_file(dir, DATA_DIR_BACKUP_KEYS, (struct slice){image, FILE_BYTES},
                                       problem);
        free(image);
        return err;
}

int backup_keys_open(const struct data_dir *dir, const struct vault *vault,
                     struct backup_keys **out, char *problem)
{
        struct backup_keys *keys = calloc(1, sizeof *keys);
        if (!keys)
                return -ENOMEM;
        keys->vault = vault;
        keys->fd = -1;
        random_init_system(&keys->random);
        pthread_mutex_init(&keys->lock, NULL);

        int err = data_dir_open_file(dir, DATA_DIR_BACKUP_KEYS, &keys->fd, problem);
        if (err == -ENOENT) {
                err = make_file(dir, vault, problem);
                if (!err)
                        err = data_dir_open_file(dir, DATA_DIR_BACKUP_KEYS, &keys->fd, problem);
        }
        if (!err)
                err = read_slots(data_dir_path(dir), keys->fd, vault, keys->slots, problem);
        if (err) {
                backup_keys_close(keys);
                return err;
        }
        *out = keys;
        return 0;
}

void backup_keys_close(struct backup_keys *keys)
{
        if (!keys)
                return;
        if (keys->fd >= 0)
                close(keys->fd);
        pthread_mutex_destroy(&keys->lock);
        explicit_bzero(keys, sizeof *keys);
        free(keys);
}

/* By the one thread that changes; it alone may read the table without the lock. */
static int write_slot(struct backup_keys *keys, const struct slot *slot, const struct slot *content)
{
        uint8_t image[SLOT_BYTES];
        put_slot(content, image);
        int err = data_dir_write_at(keys->fd, image, sizeof image,
                                    HEADER_BYTES + (slot - keys->slots) * SLOT_BYTES);
        return !err && fdatasync(keys->fd) < 0 ? -errno : err;
}

static int change(struct backup_keys *keys, struct slot *slot, const struct slot *to)
{
        int err = write_slot(keys, slot, to);
        if (err)
                return err;
        pthread_mutex_lock(&keys->lock);
        explicit_bzero(slot, sizeof *slot);
        *slot = *to;
        pthread_mutex_unlock(&keys->lock);
        return 0;
}

static struct slot *find(struct backup_keys *keys, const struct backup_id *id)
{
        for (unsigned i = 0; i < BACKUP_KEYS_MAX; i++)
                if (keys->slots[i].state != SLOT_FREE &&
                    !memcmp(&keys->slots[i].info.id, id, sizeof *id))
                        return &keys->slots[i];
        return NULL;
}

static struct slot *find_free(struct backup_keys *keys)
{
        for (unsigned i = 0; i < BACKUP_KEYS_MAX; i++)
                if (keys->slots[i].state == SLOT_FREE)
                        return &keys->slots[i];
        return NULL;
}

int backup_keys_add(struct backup_keys *keys, const struct backup_key *info,
                    uint8_t key[VAULT_KEY_BYTES])
{
        struct bound bound;
        struct slot fresh = {.info = *info, .state = SLOT_STARTED};
        struct slot *slot = find_free(keys);
        if (!slot)
                return ERR_FULL;
        fresh.info.is_done = false;
        random_fill(&keys->random, key, VAULT_KEY_BYTES);
        vault_wrap_backup_key(keys->vault, &keys->random, bind(info, &bound), key, fresh.wrapped);
        return change(keys, slot, &fresh);
}

int backup_keys_set_done(struct backup_keys *keys, const struct backup_id *id)
{
        struct slot *slot = find(keys, id);
        if (!slot)
                return ERR_NOT_FOUND;
        struct slot done = *slot;
        done.state = SLOT_DONE;
        done.info.is_done = true;
        return change(keys, slot, &done);
}

int backup_keys_shred(struct backup_keys *keys, const struct backup_id *id)
{
        const struct slot nothing = {0};
        struct slot *slot = find(keys, id);
        return slot ? change(keys, slot, &nothing) : ERR_NOT_FOUND;
}

static int by_time(const void *a, const void *b)
{
        const struct backup_key *x = a, *y = b;
        if (x->created_ms != y->created_ms)
                return x->created_ms < y->created_ms ? -1 : 1;
        return memcmp(&x->id, &y->id, sizeof x->id);
}

uint32_t backup_keys_list(struct backup_keys *keys, struct backup_key out[BACKUP_KEYS_MAX])
{
        uint32_t count = 0;
        pthread_mutex_lock(&keys->lock);
        for (unsigned i = 0; i < BACKUP_KEYS_MAX; i++)
                if (keys->slots[i].state != SLOT_FREE)
                        out[count++] = keys->slots[i].info;
        pthread_mutex_unlock(&keys->lock);
        qsort(out, count, sizeof out[0], by_time);
        return count;
}

static int unwrap(const struct vault *vault, const struct slot *slot, uint8_t key[VAULT_KEY_BYTES])
{
        struct bound bound;
        return vault_unwrap_backup_key(vault, bind(&slot->info, &bound), slot->wrapped, key);
}

int backup_keys_get(struct backup_keys *keys, const struct backup_id *id,
                    uint8_t key[VAULT_KEY_BYTES])
{
        pthread_mutex_lock(&keys->lock);
        const struct slot *slot = find(keys, id);
        int err = slot ? unwrap(keys->vault, slot, key) : ERR_NOT_FOUND;
        pthread_mutex_unlock(&keys->lock);
        return err;
}

int backup_keys_read(const char *data_dir, const struct vault *vault, const struct backup_id *id,
                     uint8_t key[VAULT_KEY_BYTES], char *problem)
{
        char path[4200];
        snprintf(path, sizeof path, "%s/%s", data_dir, DATA_DIR_BACKUP_KEYS);
        struct backup_keys *keys = calloc(1, sizeof *keys);
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        int err = !keys ? -ENOMEM : fd < 0 ? -errno : 0;
        if (fd < 0)
                problem_put(problem,
                            "%s can't be read: %s. Say which file the backup's key was "
                            "exported to, with --backup-key FILE.",
                            path, strerror(errno));
        if (!err)
                err = read_slots(data_dir, fd, vault, keys->slots, problem);
        const struct slot *slot = err ? NULL : find(keys, id);
        if (slot)
                err = unwrap(vault, slot, key);
        else if (!err)
                err = ERR_NOT_FOUND;
        if (err == ERR_NOT_FOUND)
                problem_put(problem,
                            "The key of this backup is not in %s: its time is over, and "
                            "nobody can read the backup any more. Use a newer one.",
                            path);
        if (err == ERR_SEALED)
                problem_put(problem,
                            "The key of this backup in %s has been altered. Use its "
                            "exported key (--backup-key FILE), or another backup.",
                            path);
        if (fd >= 0)
                close(fd);
        free(keys);
        return err;
}

void backup_key_format(const struct backup_id *id, const uint8_t key[VAULT_KEY_BYTES],
                       char out[BACKUP_KEY_TEXT])
{
        struct buf b;
        buf_init(&b, out, BACKUP_KEY_TEXT - 1);
        buf_put_text(&b, KEY_WORD " ");
        buf_put_hex(&b, id->bytes, sizeof id->bytes);
        buf_put_char(&b, ' ');
        buf_put_hex(&b, key, VAULT_KEY_BYTES);
        out[b.len] = '\0';
}

static bool parse_hex(struct slice text, uint8_t *out, size_t bytes)
{
        size_t got = 0;
        return text.len == 2 * bytes &&
               sodium_hex2bin(out, bytes, text.p, text.len, NULL, &got, NULL) == 0 && got == bytes;
}

int backup_key_parse(struct slice text, const struct backup_id *id, uint8_t key[VAULT_KEY_BYTES])
{
        struct backup_id whose;
        uint8_t found[VAULT_KEY_BYTES];
        while (text.len && (text.p[text.len - 1] == '\n' || text.p[text.len - 1] == '\r'))
                text.len--;
        struct slice word = slice_split(text, ' ', &text);
        struct slice whose_text = slice_split(text, ' ', &text);
        if (!slice_equal(word, SLICE(KEY_WORD)) ||
            !parse_hex(whose_text, whose.bytes, sizeof whose.bytes) ||
            !parse_hex(text, found, sizeof found))
                return ERR_SYNTAX;
        if (!memcmp(&whose, id, sizeof whose))
                memcpy(key, found, sizeof found);
        explicit_bzero(found, sizeof found);
        return memcmp(&whose, id, sizeof whose) ? ERR_CONFLICT : 0;
}
