/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

#define POLL_S 2

static void put_member(const json_t *event, const char *name)
{
        const char *text = show_text(event, name);
        if (!text[0])
                return;
        printf("  %s ", name);
        show_printable(stdout, text);
}

/* One line: when, what, and what it is about. */
static void show_event(const json_t *event)
{
        static const char *const members[] = {"tenant", "session", "call",    "number", "trunk",
                                              "key",    "name",    "verdict", "caller", "cause"};
        printf("%s  %-16s", show_cell(event, "at").text, show_cell(event, "kind").text);
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
                put_member(event, members[i]);
        fputc('\n', stdout);
}

static void show_page(const struct command_line *line, const json_t *page)
{
        size_t at;
        json_t *event;
        json_array_foreach(json_object_get(page, "events"), at, event)
        {
                if (!command_has(line, "--json")) {
                        show_event(event);
                        continue;
                }
                json_dumpf(event, stdout, JSON_COMPACT);
                fputc('\n', stdout);
        }
        fflush(stdout);
}

static int ask(const struct command_line *line, const char *after, json_t **page)
{
        char memory[256];
        struct buf path;
        buf_init(&path, memory, sizeof memory - 1);
        buf_put_text(&path, "/v1/events?limit=500");
        if (after[0]) {
                buf_put_text(&path, "&after=");
                client_put_segment(&path, after);
        }
        memory[path.len] = '\0';
        return client_call(line, "GET", memory, NULL, page);
}

static int events(const struct command_line *line)
{
        char cursor[64] = "";
        bool follows = command_has(line, "--follow");
        const char *after = command_value(line, "--after");
        snprintf(cursor, sizeof cursor, "%s", after ? after : "");
        for (;;) {
                json_t *page = NULL;
                int code = ask(line, cursor, &page);
                if (code != EXIT_DONE)
                        return code;
                show_page(line, page);
                snprintf(cursor, sizeof cursor, "%s", show_text(page, "next"));
                bool more = json_is_true(json_object_get(page, "more"));
                json_decref(page);
                if (!more && !follows)
                        break;
                if (!more)
                        sleep(POLL_S);
        }
        /* Beside what is read by programs. */
        fprintf(stderr, "next: --after %s\n", cursor);
        return EXIT_DONE;
}

static const struct command_option event_options[] = {
        {"--after", "CURSOR",
         "where an earlier one ended, or now (default: the oldest that is kept)"},
        {"--follow", NULL, "go on asking for new ones"},
        {NULL},
};

const struct command cli_event_commands[] = {
        {"events", "Say what happened, the oldest first; with --json one object a line.", NULL, 0,
         0, event_options, client_options,
         "  maskline events --after now --follow\n"
         "  maskline events --after 120-34 --json\n",
         events},
        {NULL},
};
