/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_pool_certificate.h"

#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/progress.h"
#include "cli/show.h"

#define PAGE_KEYS 1000

static void put_path(const struct command_line *line, unsigned limit, const char *after, char *out,
                     size_t out_bytes)
{
        struct buf path;
        buf_init(&path, out, out_bytes - 1);
        buf_put_text(&path, "/v1/pools/");
        client_put_segment(&path, line->operands[0]);
        buf_printf(&path, "/certificate?limit=%u", limit);
        if (after) {
                buf_put_text(&path, "&after=");
                client_put_segment(&path, after);
        }
        out[path.len] = '\0';
}

static int ask(const struct command_line *line, unsigned limit, const char *after, json_t **page)
{
        char path[256];
        *page = NULL;
        put_path(line, limit, after, path, sizeof path);
        return client_call(line, "GET", path, NULL, page);
}

/* All of it as one object, which is not held in memory: there may be millions of keys. */
static void put_keys(const json_t *page, bool is_first)
{
        size_t at;
        json_t *key;
        json_array_foreach(json_object_get(page, "graph"), at, key)
        {
                fputs(is_first && at == 0 ? "\n  " : ",\n  ", stdout);
                json_dumpf(key, stdout, JSON_COMPACT);
        }
}

static void put_claim(const json_t *page)
{
        const char *name, *comma = "";
        json_t *value;
        fputc('{', stdout);
        json_object_foreach((json_t *)(uintptr_t)page, name, value)
        {
                if (!strcmp(name, "graph") || !strcmp(name, "next"))
                        continue;
                printf("%s\"%s\": ", comma, name);
                json_dumpf(value, stdout, JSON_ENCODE_ANY);
                comma = ", ";
        }
        fputs(",\n \"graph\": [", stdout);
}

static int print_all(const struct command_line *line)
{
        struct progress progress = {0};
        json_t *page, *next_page;
        int code = ask(line, PAGE_KEYS, NULL, &page);
        if (code)
                return code;
        uint64_t total = (uint64_t)json_integer_value(json_object_get(page, "keys")), done = 0;
        put_claim(page);
        put_keys(page, true);
        while (json_is_string(json_object_get(page, "next"))) {
                done += json_array_size(json_object_get(page, "graph"));
                progress_show(&progress, "keys", done, total);
                code = ask(line, PAGE_KEYS, show_text(page, "next"), &next_page);
                json_decref(page);
                page = next_page;
                if (code)
                        break;
                put_keys(page, false);
        }
        progress_end(&progress);
        json_decref(page);
        if (code)
                return code;
        fputs("\n ],\n \"next\": null}\n", stdout);
        return EXIT_DONE;
}

int cli_pool_certificate(const struct command_line *line)
{
        static const char *const facts[][2] = {
                {"needed", "most"},
                {"party", "party"},
                {"rented", "rented"},
                {"in use", "numbers"},
                {"open to anyone", "open"},
                {"sessions", "sessions"},
                {"parties", "parties"},
                {"keys", "keys"},
                {"in quarantine", "quarantined"},
                {"erased", "erased"},
                {"at", "at"},
        };
        json_t *claim;
        if (command_has(line, "--json"))
                return print_all(line);
        int code = ask(line, 1, NULL, &claim);
        if (code)
                return code;
        for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
                show_fact(facts[i][0], show_cell(claim, facts[i][1]).text);
        json_decref(claim);
        return code;
}
