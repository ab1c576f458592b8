/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/progress.h"
#include "cli/show.h"

#define PAUSE_MS 200

static void put_path(char *out, size_t out_bytes, const char *id, const char *behind)
{
        struct buf path;
        buf_init(&path, out, out_bytes - 1);
        buf_put_text(&path, "/v1/backups/");
        client_put_segment(&path, id);
        buf_put_text(&path, behind);
        out[path.len] = '\0';
}

static void pause_a_little(void)
{
        const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
        nanosleep(&pause, NULL);
}

static uint64_t count_of(const json_t *json, const char *name)
{
        return (uint64_t)json_integer_value(json_object_get(json, name));
}

static bool is_running(const json_t *backup)
{
        return !strcmp(show_text(backup, "state"), "running");
}

/* Until it is over; `backup` is replaced by what it has become. */
static int follow(const struct command_line *line, json_t **backup)
{
        char path[256];
        int code = EXIT_DONE;
        struct progress progress = {.is_quiet = command_has(line, "--json")};
        put_path(path, sizeof path, show_text(*backup, "id"), "");
        while (!code && is_running(*backup)) {
                progress_show(&progress, "bytes", count_of(*backup, "bytes_done"),
                              count_of(*backup, "bytes_total"));
                json_decref(*backup);
                *backup = NULL;
                pause_a_little();
                code = client_call(line, "GET", path, NULL, backup);
        }
        progress_end(&progress);
        return code;
}

/* Before anything is asked for: a key that was told and not kept would be a pity. */
static int open_key_file(const char *path)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                fprintf(stderr,
                        "maskline: %s cannot be made: %s; name a file that is not there yet, in a "
                        "directory that you may write in\n",
                        path, strerror(errno));
        return fd;
}

static int write_key(const struct command_line *line, const char *id, int fd)
{
        char path[256];
        json_t *answer = NULL;
        put_path(path, sizeof path, id, "/key");
        int code = client_call(line, "POST", path, NULL, &answer);
        if (code)
                return code;
        const char *key = show_text(answer, "key");
        bool written = dprintf(fd, "%s\n", key) == (int)strlen(key) + 1 && fsync(fd) == 0;
        json_decref(answer);
        if (written)
                return EXIT_DONE;
        fprintf(stderr, "maskline: the key cannot be written: %s\n", strerror(errno));
        return EXIT_FAILED;
}

static void tell(const struct command_line *line, json_t *backup)
{
        const char *key_file = command_value(line, "--key-file");
        if (command_has(line, "--json")) {
                show_json(json_incref(backup));
                return;
        }
        printf("backup %s is whole: ", show_text(backup, "id"));
        show_printable(stdout, show_text(backup, "file"));
        printf("\nit can be read until %s", show_cell(backup, "expires_at").text);
        if (key_file)
                printf(", with the key in %s and the installation's master.key; destroy that key "
                       "by then\n",
                       key_file);
        else
                printf(", with the keys in the data directory; if that is lost, only with its key "
                       "(maskline backup key %s --out FILE) and master.key\n",
                       show_text(backup, "id"));
}

static int finish(const struct command_line *line, json_t *backup, int key_fd)
{
        if (!strcmp(show_text(backup, "state"), "failed")) {
                fputs("maskline: ", stderr);
                show_printable(stderr, show_text(backup, "problem"));
                fputc('\n', stderr);
                return EXIT_FAILED;
        }
        int code = key_fd >= 0 ? write_key(line, show_text(backup, "id"), key_fd) : EXIT_DONE;
        if (!code)
                tell(line, backup);
        return code;
}

static int create(const struct command_line *line)
{
        const char *key_file = command_value(line, "--key-file");
        int key_fd = key_file ? open_key_file(key_file) : -1;
        if (key_file && key_fd < 0)
                return EXIT_FAILED;
        json_t *backup = NULL;
        int code = client_call(line, "POST", "/v1/backups", NULL, &backup);
        if (!code)
                code = follow(line, &backup);
        if (!code)
                code = finish(line, backup, key_fd);
        json_decref(backup);
        if (key_fd >= 0)
                close(key_fd);
        if (code && key_file)
                unlink(key_file);
        return code;
}

static int list(const struct command_line *line)
{
        static const char *const titles[] = {"BACKUP", "STATE", "CREATED", "READABLE UNTIL", NULL};
        json_t *answer;
        int code = client_ask(line, "GET", "/v1/backups", NULL, &answer);
        if (!answer)
                return code;
        size_t at;
        json_t *backup;
        struct show_table *table = show_table_create(titles);
        json_array_foreach(json_object_get(answer, "backups"), at, backup)
        {
                struct show_cell cells[] = {
                        show_cell(backup, "id"),
                        show_cell(backup, "state"),
                        show_cell(backup, "created_at"),
                        show_cell(backup, "expires_at"),
                };
                show_table_add(table, cells);
        }
        show_table_print(table, "no backups; \"maskline backup create\" makes one");
        show_table_destroy(table);
        json_decref(answer);
        return code;
}

static int key(const struct command_line *line)
{
        const char *path = command_value(line, "--out");
        int fd = path ? open_key_file(path) : STDOUT_FILENO;
        if (fd < 0)
                return EXIT_FAILED;
        int code;
        if (command_has(line, "--json") && !path) {
                char memory[256];
                json_t *answer;
                put_path(memory, sizeof memory, line->operands[0], "/key");
                code = client_ask(line, "POST", memory, NULL, &answer);
        } else {
                code = write_key(line, line->operands[0], fd);
        }
        if (path) {
                close(fd);
                if (code)
                        unlink(path);
        }
        return code;
}

static int forget(const struct command_line *line)
{
        char path[256];
        json_t *answer = NULL;
        put_path(path, sizeof path, line->operands[0], "");
        int code = client_call(line, "DELETE", path, NULL, &answer);
        json_decref(answer);
        if (code == EXIT_DONE && !command_has(line, "--json"))
                printf("backup %s cannot be read any more; destroy exported copies of its key, "
                       "too\n",
                       line->operands[0]);
        return code;
}

static const struct command_option create_options[] = {
        {"--key-file", "FILE",
         "write the backup's own key there, for the day on which the data directory is lost"},
        {NULL},
};

static const struct command_option key_options[] = {
        {"--out", "FILE", "a file to be made, readable by you alone (default: standard output)"},
        {NULL},
};

const struct command cli_backup_commands[] = {
        {"backup create", "Make a backup while the server runs.", NULL, 0, 0, create_options,
         client_options,
         "  maskline backup create\n"
         "  maskline backup create --key-file /safe/backup-key\n",
         create},
        {"backup list", "List the backups that can be read.", NULL, 0, 0, NULL, client_options,
         "  maskline backup list\n", list},
        {"backup key", "Write a backup's own key, to be kept apart from it.", "BACKUP", 1, 1,
         key_options, client_options,
         "  maskline backup key 20260801T100000Z-1a2b3c4d --out /safe/backup-key\n", key},
        {"backup forget", "Make a backup unreadable now, before its time is over.", "BACKUP", 1, 1,
         NULL, client_options, "  maskline backup forget 20260801T100000Z-1a2b3c4d\n", forget},
        {NULL},
};
