/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - gives a fuzz target every file of the directories or files named as arguments.
 * Fails when one cannot be read, and when there is none at all.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned inputs;

static void die(const char *what)
{
        fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
        exit(1);
}

/* An exact copy on the heap, so that the sanitizer guards its end. */
static void replay_file(const char *path, size_t size)
{
        FILE *file = fopen(path, "rb");
        uint8_t *data = malloc(size ? size : 1);
        if (!file || !data || fread(data, 1, size, file) != size)
                die(path);
        fclose(file);

        fprintf(stderr, "replay: %s\n", path);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
        inputs++;
}

static void replay(const char *path);

static void replay_directory(const char *path)
{
        DIR *dir = opendir(path);
        if (!dir)
                die(path);
        struct dirent *entry;
        while ((entry = readdir(dir))) {
                char *child;
                if (entry->d_name[0] == '.')
                        continue;
                if (asprintf(&child, "%s/%s", path, entry->d_name) < 0)
                        die(path);
                replay(child);
                free(child);
        }
        closedir(dir);
}

static void replay(const char *path)
{
        struct stat st;
        if (stat(path, &st))
                die(path);
        if (S_ISDIR(st.st_mode))
                replay_directory(path);
        else
                replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
        for (int i = 1; i < argc; i++)
                replay(argv[i]);
        printf("replay: %u inputs\n", inputs);
        if (inputs == 0) {
                fprintf(stderr, "replay: no input, nothing was tested\n");
                return 1;
        }
        return 0;
}
