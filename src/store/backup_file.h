/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup_file.h - a backup as one sealed file: written from the beginning to the end, read so.
 *
 *      header, 128 bytes, in the clear: what it is, whose, which key, how long
 *      the rest, sealed in chunks: keys.slots, then maskline.db
 *
 * Sealed is with XChaCha20-Poly1305 as a stream (libsodium's secretstream) under the backup's own
 * key: a file that was altered, cut short or put together from two does not open. The header is
 * bound to the first chunk.
 */
#ifndef MASKLINE_STORE_BACKUP_FILE_H
#define MASKLINE_STORE_BACKUP_FILE_H

#include "store/backup_keys.h"

struct backup_header {
        uint8_t vault_id[VAULT_ID_BYTES];
        struct backup_id id;
        int64_t created_ms, expires_ms;
        uint32_t schema; /* of the database in it */
        uint64_t slots_bytes, database_bytes;
};

struct backup_writer;

/* `fd` is written from its beginning and stays the caller's; the key is copied. */
int backup_writer_create(int fd, const struct backup_header *header,
                         const uint8_t key[VAULT_KEY_BYTES], struct backup_writer **out) MUST_CHECK;
void backup_writer_destroy(struct backup_writer *writer); /* NULL is fine */
int backup_writer_put(struct backup_writer *writer, struct slice bytes) MUST_CHECK;
/* The last chunk, and the file is on disk. ERR_STATE: not as many bytes as the header says. */
int backup_writer_end(struct backup_writer *writer) MUST_CHECK;

struct backup_reader;

/* ERR_SYNTAX: no backup; ERR_VERSION: a newer one. */
int backup_header_read(int fd, struct backup_header *out) MUST_CHECK;
int backup_reader_create(int fd, const uint8_t key[VAULT_KEY_BYTES],
                         struct backup_reader **out) MUST_CHECK;
void backup_reader_destroy(struct backup_reader *reader); /* NULL is fine */
/*
 * Exactly `bytes` of what was put. ERR_SEALED: another key, or not as it was written; -EIO: cut
 * short.
 */
int backup_reader_get(struct backup_reader *reader, void *out, size_t bytes) MUST_CHECK;
/* After all of it: nothing follows. */
int backup_reader_end(struct backup_reader *reader) MUST_CHECK;

#endif
