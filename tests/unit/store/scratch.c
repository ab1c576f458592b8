/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch_name {
        char text[320];
};

static struct scratch_name name_of(const struct scratch *s, const char *name)
{
        struct scratch_name full;
        snprintf(full.text, sizeof full.text, "%s/%s", s->path, name);
        return full;
}

void scratch_make(struct scratch *s)
{
        temporary_folder(s->path, "store");
}

void scratch_remove(struct scratch *s)
{
        temporary_remove(s->path);
}

uint8_t *scratch_read(const struct scratch *s, const char *name, size_t *bytes)
{
        FILE *f = fopen(name_of(s, name).text, "rb");
        if (!f)
                return NULL;
        fseek(f, 0, SEEK_END);
        long size = ftell(f);
        rewind(f);
        uint8_t *p = malloc((size_t)size + 1);
        assert(p);
        *bytes = fread(p, 1, (size_t)size, f);
        fclose(f);
        return p;
}

bool scratch_try_write(const struct scratch *s, const char *name, const void *bytes, size_t len)
{
        int fd = open(name_of(s, name).text, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert(fd >= 0);
        ssize_t n = write(fd, bytes, len);
        close(fd);
        return n == (ssize_t)len;
}

void scratch_write(const struct scratch *s, const char *name, const void *bytes, size_t len)
{
        bool written = scratch_try_write(s, name, bytes, len);
        assert(written);
}

void scratch_remove_file(const struct scratch *s, const char *name)
{
        int err = unlink(name_of(s, name).text);
        assert(err == 0);
}

unsigned scratch_mode(const struct scratch *s, const char *name)
{
        struct stat st;
        return stat(name_of(s, name).text, &st) == 0 ? st.st_mode & 07777 : 0;
}

void scratch_set_mode(const struct scratch *s, const char *name, unsigned mode)
{
        int err = chmod(name_of(s, name).text, mode);
        assert(err == 0);
}

bool scratch_holds(const struct scratch *s, const void *bytes, size_t len)
{
        bool found = false;
        DIR *dir = opendir(s->path);
        assert(dir);
        for (struct dirent *e; !found && (e = readdir(dir));) {
                size_t size = 0;
                uint8_t *p = e->d_type == DT_REG ? scratch_read(s, e->d_name, &size) : NULL;
                found = p && memmem(p, size, bytes, len);
                free(p);
        }
        closedir(dir);
        return found;
}
