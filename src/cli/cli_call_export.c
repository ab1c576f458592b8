/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_call_export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/show.h"

#define PATH_BYTES 512

const struct command_option call_export_options[] = {
        {"--from", "TIME", "calls that began at 2026-08-01, or 2026-08-01T10:00:00Z, or later"},
        {"--to", "TIME", "calls that began before (default: up to now)"},
        {"--out", "FILE", "a file to be made (default: standard output)"},
        {NULL},
};

/* A date alone is its first moment, in UTC. */
static void put_time(struct buf *path, const struct command_line *line, const char *option,
                     const char *field)
{
        char text[64];
        const char *value = command_value(line, option);
        if (!value)
                return;
        bool is_date = strlen(value) == 10 && value[4] == '-' && value[7] == '-';
        snprintf(text, sizeof text, "%.48s%s", value, is_date ? "T00:00:00Z" : "");
        buf_printf(path, "&%s=", field);
        client_put_segment(path, text);
}

static FILE *open_output(const char *name)
{
        int fd = output_file_create(name);
        return fd < 0 ? NULL : fdopen(fd, "w");
}

static uint64_t lines_of(const struct http_reply *page)
{
        uint64_t lines = 0;
        for (size_t i = 0; i < page->body_bytes; i++)
                lines += page->body[i] == '\n';
        return lines;
}

static int write_page(FILE *to, const struct http_reply *page)
{
        if (fwrite(page->body, 1, page->body_bytes, to) == page->body_bytes)
                return EXIT_DONE;
        fprintf(stderr, "maskline: the export cannot be written: %s\n", strerror(errno));
        return EXIT_FAILED;
}

static void put_range(const struct command_line *line, const char *page, char path[PATH_BYTES])
{
        struct buf b;
        buf_init(&b, path, PATH_BYTES - 1);
        buf_put_text(&b, page);
        put_time(&b, line, "--from", "from");
        put_time(&b, line, "--to", "to");
        path[b.len] = '\0';
}

static int export_table(const struct command_line *line, FILE *to, struct progress *progress)
{
        char path[PATH_BYTES];
        uint64_t lines = 0;
        int code = EXIT_DONE;
        put_range(line, "/v1/calls.csv?limit=1000", path);
        while (!code && path[0]) {
                struct http_reply page;
                code = client_fetch(line, path, &page);
                if (code)
                        break;
                code = write_page(to, &page);
                lines += lines_of(&page);
                snprintf(path, sizeof path, "%s", page.next);
                free(page.body);
                progress_show(progress, "calls written", lines ? lines - 1 : 0, 0);
        }
        return code;
}

/* One object a line: whoever reads it needs not hold all of it. */
static int export_json(const struct command_line *line, FILE *to, struct progress *progress)
{
        char path[PATH_BYTES];
        uint64_t calls = 0;
        int code = EXIT_DONE;
        put_range(line, "/v1/calls?limit=1000", path);
        while (!code && path[0]) {
                size_t at;
                json_t *page = NULL, *call;
                code = client_call(line, "GET", path, NULL, &page);
                json_array_foreach(json_object_get(page, "calls"), at, call)
                {
                        json_dumpf(call, to, JSON_COMPACT);
                        fputc('\n', to);
                }
                calls += json_array_size(json_object_get(page, "calls"));
                const char *next = show_text(page, "next");
                char before[64] = "";
                if (next[0])
                        snprintf(before, sizeof before, "&before=%.40s", next);
                put_range(line, "/v1/calls?limit=1000", path);
                snprintf(path + strlen(path), sizeof path - strlen(path), "%s", before);
                if (!before[0])
                        path[0] = '\0';
                json_decref(page);
                progress_show(progress, "calls written", calls, 0);
        }
        return code;
}

static int export_to(const struct command_line *line, FILE *to)
{
        struct progress progress = {0};
        int code = command_has(line, "--json") ? export_json(line, to, &progress)
                                               : export_table(line, to, &progress);
        progress_end(&progress);
        if ((fflush(to) != 0 || ferror(to)) && !code) {
                fprintf(stderr, "maskline: the export cannot be written: %s\n", strerror(errno));
                code = EXIT_FAILED;
        }
        return code;
}

int cli_call_export(const struct command_line *line)
{
        const char *name = command_value(line, "--out");
        FILE *to = name ? open_output(name) : stdout;
        if (!to)
                return EXIT_FAILED;
        int code = export_to(line, to);
        if (!name)
                return code;
        if (fclose(to) != 0 && !code) {
                fprintf(stderr, "maskline: %s cannot be written: %s\n", name, strerror(errno));
                code = EXIT_FAILED;
        }
        if (code)
                unlink(name); /* half an export looks like a whole one */
        return code;
}
