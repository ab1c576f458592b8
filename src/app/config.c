/* SPDX-License-Identifier: Apache-2.0 */
#include "app/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config_check.h"
#include "app/config_value.h"
#include "base/nearest.h"

/* One value on its way into the configuration, and where it was written. */
struct setting {
        const char *where; /* "maskline.conf:12" or "--set" */
        struct slice name, value;
};

static void put_printable(struct buf *out, struct slice s)
{
        for (size_t i = 0; i < s.len && i < 60; i++)
                buf_put_char(out, s.p[i] >= ' ' && s.p[i] != 0x7f ? s.p[i] : '?');
        if (s.len > 60)
                buf_put_text(out, "...");
}

static const struct config_row *find_row(struct slice name)
{
        for (unsigned i = 0; i < config_row_count; i++) {
                if (slice_equal(slice_from(config_rows[i].name), name))
                        return &config_rows[i];
        }
        return NULL;
}

static void explain_unknown_key(const struct setting *set, struct buf *problems)
{
        struct nearest nearest;
        nearest_init(&nearest, set->name);
        for (unsigned i = 0; i < config_row_count; i++)
                nearest_offer(&nearest, config_rows[i].name);

        buf_printf(problems, "%s: unknown key \"", set->where);
        put_printable(problems, set->name);
        buf_put_char(problems, '"');
        if (nearest.best)
                buf_printf(problems, "; did you mean \"%s\"?\n", nearest.best);
        else
                buf_put_text(problems, "; \"maskline config --print-defaults\" lists the keys\n");
}

static void explain_bad_value(const struct setting *set, const struct config_row *row, int err,
                              struct buf *problems)
{
        buf_printf(problems, "%s: %s = \"", set->where, row->name);
        put_printable(problems, set->value);
        buf_put_text(problems, err == ERR_CONFLICT ? "\": two addresses of one kind: allowed is "
                                                   : "\": allowed is ");
        config_value_put_allowed(problems, row);
        buf_put_char(problems, '\n');
}

static const struct config_row *apply(const struct setting *set, struct config *config,
                                      struct buf *problems)
{
        const struct config_row *row = find_row(set->name);
        int err = row ? config_value_read(row, set->value, config) : 0;
        if (!row)
                explain_unknown_key(set, problems);
        else if (err)
                explain_bad_value(set, row, err, problems);
        return row;
}

/* "# ..." at the start of a line, of a value or after white space is a comment. */
static struct slice without_comment(struct slice line)
{
        for (size_t i = 0; i < line.len; i++) {
                char before = i ? line.p[i - 1] : ' ';
                if (line.p[i] == '#' && (before == ' ' || before == '\t' || before == '='))
                        return (struct slice){line.p, i};
        }
        return line;
}

static void read_line(const char *where, struct slice line, unsigned number, unsigned *seen_at,
                      struct config *config, struct buf *problems)
{
        line = slice_trim(without_comment(line));
        if (line.len == 0)
                return;

        struct slice value;
        struct slice name = slice_split(line, '=', &value);
        if (name.len == line.len) {
                buf_printf(problems, "%s: \"", where);
                put_printable(problems, line);
                buf_put_text(problems, "\" is no setting; a line is: name = value\n");
                return;
        }

        struct setting set = {where, slice_trim(name), slice_trim(value)};
        const struct config_row *row = apply(&set, config, problems);
        if (!row)
                return;
        unsigned *first = &seen_at[row - config_rows];
        if (*first)
                buf_printf(problems, "%s: %s is set on line %u already; keep one of the two\n",
                           where, row->name, *first);
        else
                *first = number;
}

static void read_lines(const char *path, struct slice text, struct config *config,
                       struct buf *problems)
{
        unsigned seen_at[CONFIG_ROWS_MAX] = {0};
        assert(config_row_count <= CONFIG_ROWS_MAX);
        for (unsigned number = 1; text.len; number++) {
                struct slice line = slice_split(text, '\n', &text);
                if (line.len && line.p[line.len - 1] == '\r')
                        line.len--;

                char where[300];
                struct buf b;
                buf_init(&b, where, sizeof where);
                buf_printf(&b, "%.250s:%u", path, number);
                buf_put_char(&b, '\0');
                read_line(where, line, number, seen_at, config, problems);
        }
}

/* The whole file, or a negative errno; ERR_TOO_LARGE. */
static ssize_t read_file(const char *path, char *out, size_t out_bytes)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        size_t len = 0;
        ssize_t n;
        do {
                n = read(fd, out + len, out_bytes - len);
                if (n > 0)
                        len += (size_t)n;
        } while ((n > 0 && len < out_bytes) || (n < 0 && errno == EINTR));
        int err = n < 0 ? -errno : 0;
        close(fd);
        if (err)
                return err;
        return len == out_bytes ? ERR_TOO_LARGE : (ssize_t)len;
}

static void read_config_file(const struct config_source *source, struct config *config,
                             struct buf *problems)
{
        char *text = malloc(CONFIG_FILE_BYTES_MAX + 1);
        ssize_t n = text ? read_file(source->path, text, CONFIG_FILE_BYTES_MAX + 1) : -ENOMEM;
        if (n >= 0)
                read_lines(source->path, (struct slice){text, (size_t)n}, config, problems);
        else if (n == ERR_TOO_LARGE)
                buf_printf(problems, "%s: larger than %d bytes\n", source->path,
                           CONFIG_FILE_BYTES_MAX);
        else if (n != -ENOENT || source->must_exist)
                buf_printf(problems, "%s: cannot be read: %s\n", source->path, err_text((int)n));
        free(text);
}

static void read_sets(const struct config_source *source, struct config *config,
                      struct buf *problems)
{
        for (unsigned i = 0; i < source->set_count; i++) {
                struct slice value;
                struct slice text = slice_from(source->sets[i]);
                struct slice name = slice_split(text, '=', &value);
                struct setting set = {"--set", slice_trim(name), slice_trim(value)};
                if (name.len == text.len) {
                        buf_put_text(problems, "--set: \"");
                        put_printable(problems, text);
                        buf_put_text(problems, "\" has no value; write --set name=value\n");
                        continue;
                }
                apply(&set, config, problems);
        }
}

void config_defaults(struct config *out)
{
        *out = (struct config){0};
        for (unsigned i = 0; i < config_row_count; i++) {
                const struct config_row *row = &config_rows[i];
                int err = config_value_read(row, slice_from(row->default_text), out);
                assert(err == 0);
                (void)err;
        }
}

int config_read(const struct config_source *source, struct config *out, struct buf *problems)
{
        struct config fresh;
        size_t before = problems->len;
        config_defaults(&fresh);
        if (source->path)
                read_config_file(source, &fresh, problems);
        read_sets(source, &fresh, problems);
        /* Values that were refused stand at their defaults: judging them together would mislead. */
        if (problems->len == before && buf_ok(problems))
                config_check(&fresh, problems);
        if (problems->len != before || !buf_ok(problems))
                return ERR_SYNTAX;
        *out = fresh;
        return 0;
}

static struct addr media_of(const struct addr *own, const struct addr *sip)
{
        struct addr ip = own->family ? *own : *sip;
        ip.port = 0;
        return ip;
}

struct addr_pair config_media(const struct config *config)
{
        return (struct addr_pair){media_of(&config->media_ip.ip4, &config->sip_listen.ip4),
                                  media_of(&config->media_ip.ip6, &config->sip_listen.ip6)};
}

void config_reload(struct config *current, const struct config *fresh, struct buf *restart)
{
        for (unsigned i = 0; i < config_row_count; i++) {
                const struct config_row *row = &config_rows[i];
                void *ours = (char *)current + row->offset;
                const void *theirs = (const char *)fresh + row->offset;
                if (memcmp(ours, theirs, row->bytes) == 0)
                        continue;
                if (row->reloadable)
                        memcpy(ours, theirs, row->bytes);
                else
                        buf_printf(restart, "%s%s", restart->len ? ", " : "", row->name);
        }
}
