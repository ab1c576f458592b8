/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup_file.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/secret.h"

#define FILE_VERSION 1
#define HEADER_BYTES 128
#define CHUNK_BYTES  65536
#define NONCE_BYTES  crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define EXTRA_BYTES  crypto_secretstream_xchacha20poly1305_ABYTES
#define TAG_MORE     crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
#define TAG_LAST     crypto_secretstream_xchacha20poly1305_TAG_FINAL

_Static_assert(crypto_secretstream_xchacha20poly1305_KEYBYTES == VAULT_KEY_BYTES, "one key");

/*
 *  0  "MSKBACKU"                   64  bytes of keys.slots, 64 bits
 *  8  version, schema: 32 bits     72  bytes of maskline.db
 * 16  vault id, 16 bytes           80  nonce of the stream, 24 bytes; zeros to 128
 * 32  backup id, 16 bytes
 * 48  created, expires: 64 bits
 */
static const char magic[8] = {'M', 'S', 'K', 'B', 'A', 'C', 'K', 'U'};
#define NONCE_AT 80

/* Both live in secret memory as a whole: what passes through is what the database holds. */
struct backup_writer {
        int fd;
        off_t at;
        uint64_t left; /* bytes that are still to come */
        uint8_t header[HEADER_BYTES];
        bool header_is_bound;
        crypto_secretstream_xchacha20poly1305_state stream;
        size_t len;
        uint8_t plain[CHUNK_BYTES];
        uint8_t sealed[CHUNK_BYTES + EXTRA_BYTES];
};

struct backup_reader {
        int fd;
        off_t at;
        uint64_t left; /* not yet unsealed */
        uint8_t header[HEADER_BYTES];
        bool header_is_bound;
        crypto_secretstream_xchacha20poly1305_state stream;
        size_t len, given;
        uint8_t plain[CHUNK_BYTES];
        uint8_t sealed[CHUNK_BYTES + EXTRA_BYTES];
};

static void put_header(const struct backup_header *header, uint8_t out[HEADER_BYTES])
{
        struct buf b;
        memset(out, 0, HEADER_BYTES);
        buf_init(&b, out, HEADER_BYTES);
        buf_put(&b, magic, sizeof magic);
        buf_put_be32(&b, FILE_VERSION);
        buf_put_be32(&b, header->schema);
        buf_put(&b, header->vault_id, sizeof header->vault_id);
        buf_put(&b, header->id.bytes, sizeof header->id.bytes);
        buf_put_be64(&b, (uint64_t)header->created_ms);
        buf_put_be64(&b, (uint64_t)header->expires_ms);
        buf_put_be64(&b, header->slots_bytes);
        buf_put_be64(&b, header->database_bytes);
        assert(b.len == NONCE_AT);
}

static int read_header(int fd, uint8_t image[HEADER_BYTES], struct backup_header *out)
{
        struct backup_header header;
        int err = data_dir_read_at(fd, image, HEADER_BYTES, 0);
        if (err == -EIO || (!err && memcmp(image, magic, sizeof magic) != 0))
                return ERR_SYNTAX;
        if (err)
                return err;
        if (be32_at(image + 8) != FILE_VERSION)
                return ERR_VERSION;
        header.schema = be32_at(image + 12);
        memcpy(header.vault_id, image + 16, sizeof header.vault_id);
        memcpy(header.id.bytes, image + 32, sizeof header.id.bytes);
        header.created_ms = (int64_t)be64_at(image + 48);
        header.expires_ms = (int64_t)be64_at(image + 56);
        header.slots_bytes = be64_at(image + 64);
        header.database_bytes = be64_at(image + 72);
        if (header.slots_bytes > INT64_MAX / 4 || header.database_bytes > INT64_MAX / 4)
                return ERR_SYNTAX;
        *out = header;
        return 0;
}

int backup_header_read(int fd, struct backup_header *out)
{
        uint8_t image[HEADER_BYTES];
        return read_header(fd, image, out);
}

int backup_writer_create(int fd, const struct backup_header *header,
                         const uint8_t key[VAULT_KEY_BYTES], struct backup_writer **out)
{
        struct backup_writer *writer = secret_alloc(sizeof *writer);
        if (!writer)
                return -ENOMEM;
        writer->fd = fd;
        writer->left = header->slots_bytes + header->database_bytes;
        put_header(header, writer->header);
        crypto_secretstream_xchacha20poly1305_init_push(&writer->stream, writer->header + NONCE_AT,
                                                        key);
        int err = data_dir_write_at(fd, writer->header, HEADER_BYTES, 0);
        if (err) {
                backup_writer_destroy(writer);
                return err;
        }
        writer->at = HEADER_BYTES;
        *out = writer;
        return 0;
}

void backup_writer_destroy(struct backup_writer *writer)
{
        if (writer)
                secret_free(writer, sizeof *writer);
}

static int seal_chunk(struct backup_writer *writer, uint8_t tag)
{
        unsigned long long bytes = 0;
        size_t bound = writer->header_is_bound ? 0 : HEADER_BYTES;
        crypto_secretstream_xchacha20poly1305_push(&writer->stream, writer->sealed, &bytes,
                                                   writer->plain, writer->len, writer->header,
                                                   bound, tag);
        int err = data_dir_write_at(writer->fd, writer->sealed, (size_t)bytes, writer->at);
        writer->header_is_bound = true;
        writer->at += (off_t)bytes;
        writer->len = 0;
        return err;
}

int backup_writer_put(struct backup_writer *writer, struct slice bytes)
{
        if (bytes.len > writer->left)
                return ERR_STATE;
        writer->left -= bytes.len;
        while (bytes.len) {
                if (writer->len == CHUNK_BYTES) {
                        int err = seal_chunk(writer, TAG_MORE);
                        if (err)
                                return err;
                }
                size_t room = CHUNK_BYTES - writer->len;
                size_t n = bytes.len < room ? bytes.len : room;
                memcpy(writer->plain + writer->len, bytes.p, n);
                writer->len += n;
                bytes = (struct slice){bytes.p + n, bytes.len - n};
        }
        return 0;
}

int backup_writer_end(struct backup_writer *writer)
{
        if (writer->left)
                return ERR_STATE;
        int err = seal_chunk(writer, TAG_LAST);
        return !err && fsync(writer->fd) < 0 ? -errno : err;
}

int backup_reader_create(int fd, const uint8_t key[VAULT_KEY_BYTES], struct backup_reader **out)
{
        struct backup_header header;
        struct backup_reader *reader = secret_alloc(sizeof *reader);
        if (!reader)
                return -ENOMEM;
        int err = read_header(fd, reader->header, &header);
        if (!err && crypto_secretstream_xchacha20poly1305_init_pull(&reader->stream,
                                                                    reader->header + NONCE_AT, key))
                err = ERR_SYNTAX;
        if (err) {
                backup_reader_destroy(reader);
                return err;
        }
        reader->fd = fd;
        reader->at = HEADER_BYTES;
        reader->left = header.slots_bytes + header.database_bytes;
        *out = reader;
        return 0;
}

void backup_reader_destroy(struct backup_reader *reader)
{
        if (reader)
                secret_free(reader, sizeof *reader);
}

/* The last chunk says so, and no other does. */
static int unseal_chunk(struct backup_reader *reader)
{
        size_t bytes = reader->left < CHUNK_BYTES ? (size_t)reader->left : CHUNK_BYTES;
        size_t bound = reader->header_is_bound ? 0 : HEADER_BYTES;
        unsigned char tag = 0;
        int err = data_dir_read_at(reader->fd, reader->sealed, bytes + EXTRA_BYTES, reader->at);
        if (err)
                return err;
        if (crypto_secretstream_xchacha20poly1305_pull(&reader->stream, reader->plain, NULL, &tag,
                                                       reader->sealed, bytes + EXTRA_BYTES,
                                                       reader->header, bound))
                return ERR_SEALED;
        reader->header_is_bound = true;
        reader->at += (off_t)(bytes + EXTRA_BYTES);
        reader->left -= bytes;
        reader->len = bytes;
        reader->given = 0;
        return (tag == TAG_LAST) == (reader->left == 0) ? 0 : ERR_SEALED;
}

int backup_reader_get(struct backup_reader *reader, void *out, size_t bytes)
{
        uint8_t *p = out;
        while (bytes) {
                if (reader->given == reader->len) {
                        int err = reader->left ? unseal_chunk(reader) : -EIO;
                        if (err)
                                return err;
                }
                size_t there = reader->len - reader->given;
                size_t n = bytes < there ? bytes : there;
                memcpy(p, reader->plain + reader->given, n);
                reader->given += n;
                p += n;
                bytes -= n;
        }
        return 0;
}

int backup_reader_end(struct backup_reader *reader)
{
        char beyond;
        if (reader->left || reader->given != reader->len)
                return ERR_STATE;
        return pread(reader->fd, &beyond, 1, reader->at) == 0 ? 0 : ERR_SEALED;
}
