/* SPDX-License-Identifier: Apache-2.0 */
#include "app/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/problem.h"

#define PATH_BYTES 512
#define PIN_BYTES  32

static int path_of(const char *data_dir, const char *name, const char *suffix, char *out)
{
        int n = snprintf(out, PATH_BYTES, "%s/%s%s", data_dir, name, suffix);
        return n < 0 || n >= PATH_BYTES ? ERR_TOO_LARGE : 0;
}

static int write_file(const char *path, const char *text)
{
        ssize_t len = (ssize_t)strlen(text);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        int err = write(fd, text, (size_t)len) == len ? 0 : -ENOSPC;
        close(fd);
        return err;
}

static int write_whole(const char *data_dir, const char *name, const char *text, char *problem)
{
        char path[PATH_BYTES], temporary[PATH_BYTES];
        int err = path_of(data_dir, name, "", path);
        if (!err)
                err = path_of(data_dir, name, ".new", temporary);
        if (!err)
                err = write_file(temporary, text);
        if (!err && rename(temporary, path) < 0)
                err = -errno;
        if (err)
                problem_put(problem, "%s/%s cannot be written: %s", data_dir, name, err_text(err));
        return err;
}

static void remove_one(const char *data_dir, const char *name)
{
        char path[PATH_BYTES];
        if (path_of(data_dir, name, "", path) == 0)
                unlink(path);
}

static int write_pin(const char *data_dir, const struct tls_context *tls, char *problem)
{
        uint8_t pin[PIN_BYTES];
        char text[2 * PIN_BYTES + 2];
        int err = tls_context_fingerprint(tls, pin);
        if (err) {
                problem_put(problem, "the API's certificate cannot be read: %s", err_text(err));
                return err;
        }
        for (unsigned i = 0; i < PIN_BYTES; i++)
                snprintf(text + 2 * i, 3, "%02x", pin[i]);
        strcpy(text + 2 * PIN_BYTES, "\n");
        return write_whole(data_dir, "endpoint.sha256", text, problem);
}

int endpoint_write(const char *data_dir, const struct addr *api, const struct tls_context *tls,
                   char *problem)
{
        char text[96];
        /* First: whoever finds the address finds by what to know the server. */
        int err = tls ? write_pin(data_dir, tls, problem) : 0;
        if (!tls)
                remove_one(data_dir, "endpoint.sha256");
        snprintf(text, sizeof text, "%s://%s\n", tls ? "https" : "http", addr_format(api).text);
        return err ? err : write_whole(data_dir, "endpoint", text, problem);
}

void endpoint_remove(const char *data_dir)
{
        remove_one(data_dir, "endpoint");
        remove_one(data_dir, "endpoint.sha256");
}
