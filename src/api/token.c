/* SPDX-License-Identifier: Apache-2.0 */
#include "api/token.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/problem.h"

#define RANDOM_BYTES 32
#define PATH_BYTES   512

static void hash_token(const struct token *token, struct slice text, uint8_t out[TOKEN_HASH_BYTES])
{
        crypto_generichash(out, TOKEN_HASH_BYTES, (const unsigned char *)text.p, text.len,
                           token->key, sizeof token->key);
}

void token_make(struct random *random, char out[TOKEN_TEXT_BYTES + 1])
{
        uint8_t bytes[RANDOM_BYTES];
        random_fill(random, bytes, sizeof bytes);
        memcpy(out, TOKEN_PREFIX, sizeof TOKEN_PREFIX);
        sodium_bin2base64(out + sizeof TOKEN_PREFIX - 1,
                          TOKEN_TEXT_BYTES + 1 - (sizeof TOKEN_PREFIX - 1), bytes, sizeof bytes,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        explicit_bzero(bytes, sizeof bytes);
}

static int write_whole(int fd, const char *text, size_t len)
{
        ssize_t n = write(fd, text, len);
        if (n < 0)
                return -errno;
        if ((size_t)n < len || write(fd, "\n", 1) != 1)
                return -ENOSPC;
        return fsync(fd) < 0 ? -errno : 0;
}

/* -EEXIST when another one was there first. */
static int create_file(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        int err = write_whole(fd, text, strlen(text));
        close(fd);
        if (err)
                unlink(path);
        return err;
}

static bool is_token(const char *text)
{
        static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_";
        return strlen(text) == TOKEN_TEXT_BYTES &&
               !strncmp(text, TOKEN_PREFIX, sizeof TOKEN_PREFIX - 1) &&
               strspn(text + sizeof TOKEN_PREFIX - 1, alphabet) ==
                       TOKEN_TEXT_BYTES - (sizeof TOKEN_PREFIX - 1);
}

static int read_open_file(int fd, const char *path, char out[TOKEN_TEXT_BYTES + 1], char *problem)
{
        struct stat st;
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                problem_put(problem,
                            "%s is no regular file; remove it and start again: "
                            "a new token is made",
                            path);
                return ERR_STATE;
        }
        if (st.st_mode & 077 || st.st_uid != geteuid()) {
                problem_put(problem,
                            "%s may be read by others or belongs to another "
                            "user; chown it to the user who runs the server "
                            "and chmod 600",
                            path);
                return -EPERM;
        }
        char text[TOKEN_TEXT_BYTES + 3] = "";
        ssize_t n = read(fd, text, sizeof text - 1);
        text[n > 0 ? strcspn(text, "\r\n") : 0] = '\0';
        int err = is_token(text) ? 0 : ERR_SYNTAX;
        if (err)
                problem_put(problem,
                            "%s holds no token; remove it and start again: a "
                            "new one is made",
                            path);
        else
                memcpy(out, text, TOKEN_TEXT_BYTES + 1);
        explicit_bzero(text, sizeof text);
        return err;
}

static int read_file(const char *path, char out[TOKEN_TEXT_BYTES + 1], char *problem)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0) {
                int err = -errno;
                problem_put(problem,
                            "%s cannot be read: %s; it must be a regular file "
                            "of the user who runs the server, with mode 600",
                            path, err_text(err));
                return err;
        }
        int err = read_open_file(fd, path, out, problem);
        close(fd);
        return err;
}

static int read_or_create(const char *path, struct random *random, char out[TOKEN_TEXT_BYTES + 1],
                          char *problem)
{
        token_make(random, out);
        int err = create_file(path, out);
        if (err == -EEXIST)
                return read_file(path, out, problem);
        if (err)
                problem_put(problem, "%s cannot be written: %s", path, err_text(err));
        return err;
}

int token_open(const char *data_dir, struct random *random, struct token *out, char *problem)
{
        char path[PATH_BYTES];
        int n = snprintf(path, sizeof path, "%s/api.token", data_dir);
        if (n < 0 || (size_t)n >= sizeof path) {
                problem_put(problem, "the path of the data directory is too long");
                return ERR_TOO_LARGE;
        }

        char text[TOKEN_TEXT_BYTES + 1];
        int err = read_or_create(path, random, text, problem);
        if (!err) {
                random_fill(random, out->key, sizeof out->key);
                hash_token(out, slice_from(text), out->hash);
        }
        explicit_bzero(text, sizeof text);
        return err;
}

struct slice token_of(struct slice authorization)
{
        struct slice text;
        struct slice scheme = slice_split(authorization, ' ', &text);
        return slice_equal_nocase(scheme, SLICE("Bearer")) ? slice_trim(text) : SLICE_NONE;
}

bool token_admits(const struct token *token, struct slice authorization)
{
        struct slice text = token_of(authorization);
        if (!text.len)
                return false;

        uint8_t hash[TOKEN_HASH_BYTES];
        hash_token(token, text, hash);
        return sodium_memcmp(hash, token->hash, sizeof hash) == 0;
}
