/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/number_input.h"

#include <errno.h>
#include <string.h>

#include "base/secret.h"

static bool is_number_text(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                if (!strchr("0123456789+-. ()", s.p[i]) || s.p[i] == '\0')
                        return false;
        }
        return s.len > 0;
}

static int take_text(struct slice s, char *out)
{
        if (!is_number_text(s))
                return ERR_SYNTAX;
        return slice_to_text(s, out, NUMBER_INPUT_BYTES);
}

/* The next line that is not blank. ERR_NOT_FOUND at the end. */
static int read_line(FILE *in, char *out)
{
        char line[NUMBER_INPUT_BYTES + 2];
        int err = ERR_NOT_FOUND;
        while (err == ERR_NOT_FOUND && fgets(line, sizeof line, in)) {
                size_t len = strcspn(line, "\r\n");
                bool whole = line[len] != '\0' || feof(in);
                struct slice text = slice_trim((struct slice){line, len});
                if (!whole)
                        err = ERR_TOO_LARGE;
                else if (text.len)
                        err = take_text(text, out);
        }
        if (err == ERR_NOT_FOUND && ferror(in))
                err = -errno;
        explicit_bzero(line, sizeof line);
        return err;
}

static int read_file_line(const char *path, unsigned skip, char *out)
{
        FILE *file = fopen(path, "re");
        if (!file)
                return -errno;
        static char buffer[BUFSIZ]; /* the stream's own would not be wiped */
        setvbuf(file, buffer, _IOFBF, sizeof buffer);
        int err = 0;
        for (unsigned i = 0; !err && i <= skip; i++)
                err = read_line(file, out);
        fclose(file);
        explicit_bzero(buffer, sizeof buffer);
        return err;
}

static unsigned times_before(const char *const *sources, unsigned at)
{
        unsigned times = 0;
        for (unsigned i = 0; i < at; i++)
                times += !strcmp(sources[i], sources[at]);
        return times;
}

bool number_input_is_malformed(int err)
{
        return err == ERR_SYNTAX || err == ERR_TOO_LARGE;
}

static void explain(const char *source, unsigned index, int err, struct buf *problem)
{
        buf_printf(problem, "number %u: ", index + 1);
        if (err == ERR_NOT_FOUND && source[0] == '@')
                buf_printf(problem, "%s has no further line", source + 1);
        else if (err == ERR_NOT_FOUND)
                buf_put_text(problem, "standard input ended before it; give one number per line");
        else if (number_input_is_malformed(err))
                buf_put_text(problem,
                             "not a telephone number; write + and the country code, then the rest");
        else
                buf_printf(problem, "%s: %s", source[0] == '@' ? source + 1 : "input",
                           err_text(err));
}

int number_input_read(const char *const *sources, unsigned count, FILE *in, bool prompt,
                      struct number_input *out, struct buf *problem)
{
        if (count > NUMBER_INPUT_MAX) {
                buf_printf(problem, "at most %d numbers", NUMBER_INPUT_MAX);
                return ERR_FULL;
        }
        out->count = 0;
        for (unsigned i = 0; i < count; i++) {
                int err;
                const char *source = sources[i];
                if (!strcmp(source, "-") && prompt)
                        fprintf(stderr, "number %u: ", i + 1);
                if (!strcmp(source, "-"))
                        err = read_line(in, out->text[i]);
                else if (source[0] == '@')
                        err = read_file_line(source + 1, times_before(sources, i), out->text[i]);
                else
                        err = take_text(slice_from(source), out->text[i]);
                if (err) {
                        explain(source, i, err, problem);
                        return err;
                }
                out->count++;
        }
        return 0;
}
