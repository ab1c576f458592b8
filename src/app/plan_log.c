/* SPDX-License-Identifier: Apache-2.0 */
#include "app/plan_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/timestamp.h"
#include "base/random.h"
#include "wire/csv.h"

#define BUFFER_BYTES 65536
#define PARTY_BYTES  64
#define SESSIONS_MAX (1u << 28)
#define MS_FROM      INT64_C(100000000000) /* a number from here on counts ms, not seconds */
#define SECONDS_MAX  INT64_C(253402300799)

/* A file line by line; what it held is wiped. */
struct lines {
        FILE *file;
        bool is_stdin;
        unsigned line;
        uint64_t done, total; /* bytes */
        struct rejects *rejects;
        char buffer[BUFFER_BYTES];
        char text[CSV_ROW_BYTES_MAX];
        struct csv_reader reader;
};

static int lines_open(struct lines **out, const char *name, struct rejects *rejects)
{
        struct lines *lines = calloc(1, sizeof *lines);
        struct stat stat;
        if (!lines)
                return -ENOMEM;
        lines->rejects = rejects;
        lines->is_stdin = !strcmp(name, "-");
        lines->file = lines->is_stdin ? stdin : fopen(name, "re");
        if (!lines->file) {
                int err = -errno;
                free(lines);
                return err;
        }
        setvbuf(lines->file, lines->buffer, _IOFBF, sizeof lines->buffer);
        if (!lines->is_stdin && fstat(fileno(lines->file), &stat) == 0 && S_ISREG(stat.st_mode))
                lines->total = (uint64_t)stat.st_size;
        *out = lines;
        return 0;
}

/* Standard input is closed, too: its buffer goes. */
static int lines_close(struct lines *lines)
{
        int err = ferror(lines->file) ? -EIO : 0;
        fclose(lines->file);
        explicit_bzero(lines, sizeof *lines);
        free(lines);
        return err;
}

static void skip_rest(struct lines *lines)
{
        int c;
        while ((c = getc(lines->file)) != EOF && c != '\n')
                lines->done++;
}

/* The next row that can be read; false: there is none. */
static bool lines_next(struct lines *lines, struct csv_row *row)
{
        while (fgets(lines->text, sizeof lines->text, lines->file)) {
                size_t len = strlen(lines->text);
                lines->line++;
                lines->done += len;
                progress_show(lines->rejects->progress, "bytes of the file", lines->done,
                              lines->total);
                bool is_whole = feof(lines->file) || (len && lines->text[len - 1] == '\n');
                if (!is_whole) {
                        bool is_long = len == sizeof lines->text - 1;
                        if (is_long)
                                skip_rest(lines);
                        rejects_add(lines->rejects, lines->line, NULL,
                                    is_long ? "it is too long" : "it holds a zero byte",
                                    "Write start,end,party,party.");
                        continue;
                }
                csv_reader_init(&lines->reader, (struct slice){lines->text, len});
                if (!csv_read_row(&lines->reader, row))
                        continue;
                if (!row->problem)
                        return true;
                rejects_add(lines->rejects, lines->line, NULL, row->problem,
                            "Correct the line; a cell with a comma needs quotes around it.");
        }
        return false;
}

static bool parse_integer(struct slice cell, int64_t *out)
{
        uint64_t value;
        if (slice_to_u64(cell, INT64_MAX, &value))
                return false;
        *out = (int64_t)value;
        return true;
}

/* RFC 3339, with a space in place of the T and without a zone, too; or seconds, or ms, since 1970. */
static bool parse_time(struct slice cell, int64_t *out)
{
        char memory[64];
        struct buf text;
        int64_t value;
        if (parse_integer(cell, &value)) {
                *out = value >= MS_FROM ? value : value * 1000;
                return *out <= SECONDS_MAX * 1000;
        }
        buf_init(&text, memory, sizeof memory);
        buf_put_slice(&text, cell);
        if (!buf_ok(&text) || text.len < 16)
                return false;
        if (memory[10] == ' ')
                memory[10] = 'T';
        struct slice clock = {memory + 11, text.len - 11};
        bool has_zone = memory[text.len - 1] == 'Z' || memory[text.len - 1] == 'z' ||
                        memchr(clock.p, '+', clock.len) || memchr(clock.p, '-', clock.len);
        if (!has_zone)
                buf_put_char(&text, 'Z');
        return buf_ok(&text) && timestamp_parse(buf_slice(&text), out) == 0;
}

/* One person, however the number is written; what is no number is a name, as it stands. */
static bool hash_party(const struct plan_log *log, struct slice cell, uint64_t *out)
{
        struct number number;
        static const struct number_plan plan;
        if (cell.len == 0 || cell.len > PARTY_BYTES)
                return false;
        if (number_parse(cell, &plan, &number) == 0)
                *out = siphash(&log->key, &number.e164, sizeof number.e164);
        else
                *out = siphash(&log->key, cell.p, cell.len);
        explicit_bzero(&number, sizeof number);
        return true;
}

static bool grow(void **items, uint32_t *room, uint32_t wanted, size_t bytes)
{
        if (wanted <= *room)
                return true;
        uint32_t more = *room ? *room * 2 : 1024;
        void *grown = wanted <= SESSIONS_MAX ? reallocarray(*items, more, bytes) : NULL;
        if (!grown)
                return false;
        *items = grown;
        *room = more;
        return true;
}

static int add_session(struct plan_log *log, const struct capacity_session *session,
                       const uint64_t *parties)
{
        void *sessions = log->sessions, *all = log->parties;
        bool has_room = grow(&sessions, &log->room, log->count + 1, sizeof *log->sessions) &&
                        grow(&all, &log->party_room, log->party_count + session->count,
                             sizeof *log->parties);
        log->sessions = sessions;
        log->parties = all;
        if (!has_room)
                return -ENOMEM;
        log->sessions[log->count] = *session;
        log->sessions[log->count++].first = log->party_count;
        memcpy(&log->parties[log->party_count], parties, session->count * sizeof *parties);
        log->party_count += session->count;
        return 0;
}

/* "start", "begin" ...: titles, and not the first session. */
static bool is_titles(const struct lines *lines, const struct csv_row *row)
{
        int64_t time;
        return lines->line == 1 && !parse_time(row->cells[0], &time) && row->count > 1 &&
               !parse_time(row->cells[1], &time) && row->cells[1].len > 0;
}

static const char *read_times(const struct csv_row *row, struct capacity_session *session,
                              const char **field)
{
        *field = "start";
        if (!parse_time(row->cells[0], &session->start_ms))
                return "it is no time, such as 2026-08-01T10:00:00Z";
        *field = "end";
        struct slice end = row->count > 1 ? row->cells[1] : SLICE_NONE;
        if (end.len && (!parse_time(end, &session->end_ms) || session->end_ms == 0))
                return "it is no time; a session that still lives has none";
        return end.len && session->end_ms < session->start_ms ? "it lies before the start" : NULL;
}

static const char *read_parties(const struct plan_log *log, const struct csv_row *row,
                                unsigned parties_max, uint64_t *parties, uint32_t *count)
{
        *count = 0;
        for (unsigned i = 2; i < row->count; i++) {
                uint64_t party;
                if (row->cells[i].len == 0)
                        continue;
                if (*count == parties_max)
                        return "it has more parties than a session of this model";
                if (!hash_party(log, row->cells[i], &party))
                        return "a party has 1 to 64 characters";
                for (uint32_t k = 0; k < *count; k++)
                        if (parties[k] == party)
                                return "a party is there twice";
                parties[(*count)++] = party;
        }
        return *count < 2 ? "it has less than two parties" : NULL;
}

static int take_row(struct plan_log *log, const struct csv_row *row, unsigned parties_max,
                    unsigned line, struct rejects *rejects)
{
        struct capacity_session session = {0};
        uint64_t parties[CSV_CELLS_MAX];
        const char *field;
        const char *wrong = read_times(row, &session, &field);
        if (!wrong) {
                field = "party";
                wrong = read_parties(log, row, parties_max, parties, &session.count);
        }
        if (!wrong)
                return add_session(log, &session, parties);
        rejects_add(rejects, line, field, wrong, "Write start,end,party,party.");
        return 0;
}

void plan_log_init(struct plan_log *log)
{
        struct random random;
        *log = (struct plan_log){0};
        random_init_system(&random);
        random_fill(&random, &log->key, sizeof log->key);
        explicit_bzero(&random, sizeof random);
}

void plan_log_fini(struct plan_log *log)
{
        free(log->sessions);
        free(log->parties);
        explicit_bzero(log, sizeof *log);
}

int plan_log_read(struct plan_log *log, const char *name, unsigned parties_max,
                  struct rejects *rejects)
{
        struct lines *lines;
        struct csv_row row;
        int err = lines_open(&lines, name, rejects);
        if (err)
                return err;
        while (!err && lines_next(lines, &row))
                if (!is_titles(lines, &row))
                        err = take_row(log, &row, parties_max, lines->line, rejects);
        explicit_bzero(&log->key, sizeof log->key);
        int read = lines_close(lines);
        progress_end(rejects->progress);
        return err ? err : read;
}

int plan_log_read_delays(const char *name, struct rejects *rejects, int64_t **delays_ms,
                         uint32_t *count)
{
        struct lines *lines;
        struct csv_row row;
        uint32_t room = 0;
        void *delays = NULL;
        int err = lines_open(&lines, name, rejects);
        if (err)
                return err;
        *count = 0;
        while (!err && lines_next(lines, &row)) {
                int64_t seconds;
                bool good = parse_integer(row.cells[0], &seconds) && seconds <= SECONDS_MAX;
                if (!good && lines->line > 1)
                        rejects_add(rejects, lines->line, NULL, "it is no whole number of seconds",
                                    "Write one a line.");
                else if (good && !grow(&delays, &room, *count + 1, sizeof **delays_ms))
                        err = -ENOMEM;
                else if (good)
                        ((int64_t *)delays)[(*count)++] = seconds * 1000;
        }
        int read = lines_close(lines);
        progress_end(rejects->progress);
        *delays_ms = delays;
        return err ? err : read;
}
