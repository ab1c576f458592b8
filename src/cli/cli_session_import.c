/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_session_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/csv_import.h"
#include "cli/output_file.h"
#include "cli/show.h"

#define PARTIES_MAX 16
#define LINE_BYTES  1024

const struct command_option session_import_options[] = {
        {"--dry-run", NULL, "say what would be done, and do nothing"},
        {"--reference", "TEXT",
         "of rows that name none: TEXT, a hyphen and the line, so that the file may be imported again"},
        {"--out", "FILE",
         "a file to be made: who dials which number in each session, as comma-separated values, and "
         "PINs that were drawn"},
        {NULL},
};

#define PARTY(n)                                                                                   \
        {"number" #n, NULL, CSV_TEXT}, {"aliases" #n, "alias" #n, CSV_NUMBERS},                    \
                {"side" #n, NULL, CSV_COUNT}, {"dials" #n, NULL, CSV_TEXT},                        \
        {                                                                                          \
                "pin" #n, NULL, CSV_TEXT                                                           \
        }

static const struct csv_column columns[] = {
        PARTY(0),
        PARTY(1),
        PARTY(2),
        PARTY(3),
        PARTY(4),
        PARTY(5),
        PARTY(6),
        PARTY(7),
        PARTY(8),
        PARTY(9),
        PARTY(10),
        PARTY(11),
        PARTY(12),
        PARTY(13),
        PARTY(14),
        PARTY(15),
        {"reference", NULL, CSV_TEXT},
        {"pool", NULL, CSV_TEXT},
        {"model", NULL, CSV_TEXT},
        {"open", NULL, CSV_SWITCH},
        {"expires_in_s", "expires", CSV_DURATION},
        {"expires_at", NULL, CSV_TEXT},
        {"starts_in_s", "starts", CSV_DURATION},
        {"starts_at", NULL, CSV_TEXT},
        {"pin_digits", NULL, CSV_COUNT},
        {NULL},
};

static const char *const members[] = {"number", "aliases", "side", "dials", "pin"};

/* number0, pin0 ... into a party; NULL: the row says nothing of it. */
static json_t *take_party(json_t *row, unsigned at)
{
        json_t *party = json_object();
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
                char name[24];
                snprintf(name, sizeof name, "%s%u", members[i], at);
                json_t *value = json_object_get(row, name);
                if (value)
                        json_object_set(party, members[i], value);
                json_object_del(row, name);
        }
        if (json_object_size(party))
                return party;
        json_decref(party);
        return NULL;
}

static json_t *finish_row(struct csv_import *import, unsigned line, json_t *row)
{
        const char *reference = command_value(import->line, "--reference");
        json_t *parties = json_array();
        for (unsigned i = 0; i < PARTIES_MAX; i++) {
                json_t *party = take_party(row, i);
                if (party)
                        json_array_append_new(parties, party);
        }
        json_object_set_new(row, "parties", parties);
        if (reference && !json_object_get(row, "reference"))
                json_object_set_new(row, "reference", json_sprintf("%s-%u", reference, line));
        return row;
}

struct output {
        FILE *file;   /* NULL: none was asked for */
        bool is_used; /* it has a row */
};

static void put_cell(struct buf *b, const char *text)
{
        csv_put_text(b, slice_from(text));
        buf_put_char(b, ',');
}

/* The PIN that is keyed in to reach the one, or that the one who dials is known by. */
static const char *pin_of(const json_t *session, const json_t *row)
{
        const json_t *place = json_object_get(row, "party");
        if (json_is_true(json_object_get(row, "keys_in_pin")))
                place = json_array_get(json_object_get(row, "reaches"), 0);
        if (!json_is_integer(place))
                return "";
        return show_text(json_array_get(json_object_get(session, "parties"),
                                        (size_t)json_integer_value(place)),
                         "pin");
}

static void put_row(struct output *out, unsigned line, const char *result, const json_t *session,
                    const json_t *row)
{
        char memory[LINE_BYTES];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        buf_printf(&b, "%u,%s,", line, result);
        put_cell(&b, show_text(session, "id"));
        put_cell(&b, show_text(session, "reference"));
        put_cell(&b, json_is_null(json_object_get(row, "party")) ? "anyone"
                                                                 : show_cell(row, "party").text);
        csv_put_plain(&b, slice_from(show_text(row, "dials")));
        buf_put_char(&b, ',');
        put_cell(&b, show_integers(row, "reaches").text);
        csv_put_plain(&b, slice_from(show_text(row, "sees")));
        buf_put_char(&b, ',');
        csv_put_plain(&b, slice_from(pin_of(session, row)));
        buf_put_text(&b, "\r\n");
        if (buf_ok(&b))
                out->is_used |= fwrite(b.p, 1, b.len, out->file) > 0;
        explicit_bzero(memory, sizeof memory);
}

/* A report that would be too large has no rows: then what each party has. */
static void put_parties(struct output *out, unsigned line, const char *result,
                        const json_t *session)
{
        size_t at;
        json_t *party;
        json_array_foreach(json_object_get(session, "parties"), at, party)
                put_row(out, line, result, session, party);
}

static void on_done(struct csv_import *import, unsigned line, const json_t *report)
{
        struct output *out = import->kind->arg;
        const json_t *session = json_object_get(report, "session");
        size_t at;
        json_t *row;
        if (!out->file)
                return;
        if (session && !json_object_get(session, "rows"))
                put_parties(out, line, show_text(report, "result"), session);
        json_array_foreach(json_object_get(session, "rows"), at, row)
                put_row(out, line, show_text(report, "result"), session, row);
}

static int open_output(const struct command_line *line, struct output *out)
{
        const char *name = command_value(line, "--out");
        if (!name)
                return EXIT_DONE;
        int fd = output_file_create(name);
        out->file = fd < 0 ? NULL : fdopen(fd, "w");
        if (!out->file)
                return EXIT_FAILED;
        fputs("line,result,session,reference,party,dials,reaches,sees,pin\r\n", out->file);
        return EXIT_DONE;
}

int cli_session_import(const struct command_line *line)
{
        struct output out = {NULL};
        const struct csv_import_kind kind = {
                .path = "/v1/sessions/import",
                .names =
                        "number0, number1 ..., aliases0, side0, dials0, pin0 ..., reference, pool, "
                        "model, open, expires, expires_at, starts, starts_at, pin_digits",
                .columns = columns,
                .results = {"created", "there"},
                .words = {"created", "there already"},
                .finish_row = finish_row,
                .on_done = on_done,
                .arg = &out,
        };
        int code = open_output(line, &out);
        if (code)
                return code;
        code = csv_import_run(line, &kind);
        if (!out.file)
                return code;
        bool failed = ferror(out.file) != 0;
        if ((fclose(out.file) != 0 || failed) && !code) {
                fputs("maskline: --out cannot be written; the sessions are there all the same\n",
                      stderr);
                code = EXIT_FAILED;
        }
        /* The corrected command makes a file of the same name. */
        if (!out.is_used && code)
                unlink(command_value(line, "--out"));
        return code;
}
