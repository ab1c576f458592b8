/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/show.h"

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
        const struct client_resource path =
                client_resource("backups", show_text(*backup, "id"), "");
        int code = EXIT_DONE;
        struct progress progress = {.is_quiet = command_has(line, "--json")};
        while (!code && is_running(*backup)) {
                progress_show(&progress, "bytes", count_of(*backup, "bytes_done"),
                              count_of(*backup, "bytes_total"));
                json_decref(*backup);
                *backup = NULL;
                progress_pause();
                code = client_call(line, "GET", path.text, NULL, backup);
        }
        progress_end(&progress);
        return code;
}

static int write_key(const struct command_line *line, const char *id, int fd)
{
        json_t *answer = NULL;
        int code = client_call(line, "POST", client_resource("backups", id, "/key").text, NULL,
                               &answer);
        if (code)
                return code;
        int err = output_file_put_line(fd, show_text(answer, "key"));
        json_decref(answer);
        if (!err)
                return EXIT_DONE;
        fprintf(stderr, "maskline: the key cannot be written: %s\n", strerror(-err));
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
        /* Before anything is asked for: a key that was told and not kept would be a pity. */
        int key_fd = key_file ? output_file_create(key_file) : -1;
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
        static const struct show_column columns[] = {
                {"BACKUP", "id"},
                {"STATE", "state"},
                {"CREATED", "created_at"},
                {"READABLE UNTIL", "expires_at"},
                {NULL},
        };
        json_t *answer;
        int code = client_ask(line, "GET", "/v1/backups", NULL, &answer);
        if (!answer)
                return code;
        show_list(json_object_get(answer, "backups"), columns,
                  "no backups; \"maskline backup create\" makes one");
        json_decref(answer);
        return code;
}

static int key(const struct command_line *line)
{
        const char *path = command_value(line, "--out");
        int fd = path ? output_file_create(path) : STDOUT_FILENO;
        if (fd < 0)
                return EXIT_FAILED;
        int code;
        if (command_has(line, "--json") && !path) {
                json_t *answer;
                code = client_ask(line, "POST",
                                  client_resource("backups", line->operands[0], "/key").text, NULL,
                                  &answer);
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
        return client_remove(line, "backups", "backup",
                             "cannot be read any more; destroy exported copies of its key, too");
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
