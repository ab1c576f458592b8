/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output_file.h"
#include "cli/show.h"

/* All of enum api_scope, each once. */
#define SCOPES_MAX 16

static json_t *create_body(const struct command_line *line, int *code)
{
        const char *scopes[SCOPES_MAX];
        unsigned count = command_values(line, "--scope", scopes, SCOPES_MAX);
        json_t *body = json_object(), *list = json_array();
        for (unsigned i = 0; i < count && i < SCOPES_MAX; i++)
                json_array_append_new(list, json_string(scopes[i]));
        json_object_set_new(body, "name", json_string(line->operands[0]));
        json_object_set_new(body, "scopes", list);
        if (command_has(line, "--all-tenants"))
                json_object_set_new(body, "all_tenants", json_true());
        *code = client_add_duration(line, "--expires", "expires_in_s", body);
        if (*code == EXIT_DONE)
                return body;
        json_decref(body);
        return NULL;
}

static int write_key(int fd, const char *path, const char *text)
{
        int err = output_file_put_line(fd, text);
        if (!err)
                return EXIT_DONE;
        fprintf(stderr, "maskline: %s cannot be written: %s; revoke the key and make another\n",
                path, strerror(-err));
        return EXIT_FAILED;
}

static void show_created(const struct command_line *line, const json_t *key, const char *file)
{
        if (command_has(line, "--json")) {
                json_dumpf(key, stdout, JSON_INDENT(2));
                fputc('\n', stdout);
                return;
        }
        show_fact("id", show_cell(key, "id").text);
        show_fact("tenant", show_cell(key, "tenant").text);
        show_fact("expires", show_cell(key, "expires_at").text);
        show_fact("key", file ? file : show_text(key, "key"));
        if (!file)
                puts("\nIt is not shown again: keep it where only its user can read it.");
}

static int create_into(const struct command_line *line, json_t *body, int fd, const char *file)
{
        json_t *answer = NULL;
        int code = client_call(line, "POST", "/v1/keys", body, &answer);
        if (code == EXIT_DONE && file) {
                code = write_key(fd, file, show_text(answer, "key"));
                json_object_del(answer, "key");
        }
        if (answer)
                show_created(line, answer, file);
        json_decref(answer);
        return code;
}

static int create(const struct command_line *line)
{
        int code, fd = -1;
        const char *file = command_value(line, "--to");
        json_t *body = create_body(line, &code);
        if (!body)
                return code;
        /* Before the key is made: it is told once, and must not be lost for want of a place. */
        if (file && (fd = output_file_create(file)) < 0) {
                json_decref(body);
                return EXIT_FAILED;
        }
        code = create_into(line, body, fd, file);
        if (fd >= 0)
                close(fd);
        if (fd >= 0 && code != EXIT_DONE)
                unlink(file);
        return code;
}

static struct show_cell tenant_of(const json_t *key, const char *name)
{
        return json_is_null(json_object_get(key, name)) ? (struct show_cell){"(all)"}
                                                        : show_cell(key, name);
}

static int list(const struct command_line *line)
{
        static const struct show_column columns[] = {
                {"KEY", "id"},
                {"NAME", "name"},
                {"TENANT", "tenant", tenant_of},
                {"SCOPES", "scopes", show_words},
                {"STATE", "state"},
                {"EXPIRES", "expires_at"},
                {"USED", "used_at"},
                {NULL},
        };
        json_t *keys;
        int code = client_ask_all(line, "/v1/keys", "after", "keys", &keys);
        if (keys)
                show_list(keys, columns, "no keys; \"maskline key create\" makes one");
        json_decref(keys);
        return code;
}

static int revoke_key(const struct command_line *line)
{
        return client_remove(line, "keys", "key", "revoked");
}

static const struct command_option create_options[] = {
        {"--scope", "SCOPE",
         "what it may do: provision (trunks, numbers, keys), read, operate (sessions, calls), "
         "audit or privacy (what is held of one person)",
         .repeats = true, .required = true},
        {"--expires", "TIME", "how long it holds, such as 90d (default: until it is revoked)"},
        {"--all-tenants", NULL, "for all tenants and what belongs to none, such as the metrics"},
        {"--to", "FILE",
         "write the key into this new file, for its user alone, and do not show it"},
        {NULL},
};

const struct command cli_key_commands[] = {
        {"key create", "Make a key for the REST API; it is shown once.", "NAME", 1, 1,
         create_options, client_options,
         "  maskline key create shop --tenant acme --scope read --scope operate --expires 365d\n"
         "  maskline key create prometheus --all-tenants --scope read --to prometheus.key\n",
         create},
        {"key list", "List the keys that are not revoked.", NULL, 0, 0, NULL, client_options,
         "  maskline key list\n", list},
        {"key revoke", "End a key at once.", "KEY", 1, 1, NULL, client_options,
         "  maskline key revoke k_41r9m8e2q0c7v5xz\n", revoke_key},
        {NULL},
};
