/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_lines.h"

#include <string.h>

static struct slice after(struct slice s, size_t bytes)
{
        return (struct slice){s.p + bytes, s.len - bytes};
}

/* One line with its continuations, without its CR LF; what follows it is left in `rest`. */
static struct slice take_line(struct slice *rest)
{
        size_t at = 0;
        for (;;) {
                const char *end =
                        rest->len > at ? memmem(rest->p + at, rest->len - at, "\r\n", 2) : NULL;
                if (!end) {
                        struct slice all = *rest;
                        *rest = SLICE_NONE;
                        return all;
                }
                at = (size_t)(end - rest->p) + 2;
                bool is_folded = at < rest->len && (rest->p[at] == ' ' || rest->p[at] == '\t');
                /* An empty line is the end of the headers, whatever the body begins with. */
                if (!is_folded || at == 2)
                        break;
        }
        struct slice line = {rest->p, at - 2};
        *rest = after(*rest, at);
        return line;
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(struct slice s)
{
        while (s.len && is_blank(s.p[0]))
                s = after(s, 1);
        while (s.len && is_blank(s.p[s.len - 1]))
                s.len--;
        return s;
}

bool sip_lines_next(struct slice *rest, struct slice name, struct slice *value)
{
        while (rest->len) {
                struct slice line = take_line(rest), after_colon;
                if (line.len == 0) {
                        *rest = SLICE_NONE;
                        return false;
                }
                struct slice its_name = slice_split(line, ':', &after_colon);
                if (!slice_equal_nocase(slice_trim(its_name), name))
                        continue;
                *value = trim(after_colon);
                return true;
        }
        return false;
}
