/* SPDX-License-Identifier: Apache-2.0 */
#include "mutate.h"

#include <stdio.h>
#include <string.h>

#define LINES_MAX 256

/* The lines of the head, each with its end; the last of them is the empty one. */
struct head {
        struct slice lines[LINES_MAX];
        unsigned count;
        struct slice body;
};

static bool split(struct slice message, struct head *out)
{
        const char *p = message.p, *end = p + message.len;
        out->count = 0;
        while (out->count < LINES_MAX) {
                const char *line_end = memmem(p, (size_t)(end - p), "\r\n", 2);
                if (!line_end)
                        return false;
                struct slice line = {p, (size_t)(line_end + 2 - p)};
                out->lines[out->count++] = line;
                p += line.len;
                if (line.len == 2 && out->count > 1) {
                        out->body = (struct slice){p, (size_t)(end - p)};
                        return out->count > 3;
                }
        }
        return false;
}

/* One of the header lines, that is neither the start line nor the empty one. */
static unsigned any_line(const struct head *head, struct random *random)
{
        return 1 + random_below(random, head->count - 2);
}

static void put_lines(struct buf *out, const struct head *head, unsigned from, unsigned to)
{
        for (unsigned i = from; i < to; i++)
                buf_put_slice(out, head->lines[i]);
}

/* The message with `middle` in place of one line. */
static void put_replaced(struct buf *out, const struct head *head, unsigned at, struct slice middle)
{
        put_lines(out, head, 0, at);
        buf_put_slice(out, middle);
        put_lines(out, head, at + 1, head->count);
        buf_put_slice(out, head->body);
}

static struct slice without_end(struct slice line)
{
        return (struct slice){line.p, line.len - 2};
}

typedef void mutation_fn(const struct head *head, struct random *random, struct buf *out);

static void drop_line(const struct head *head, struct random *random, struct buf *out)
{
        put_replaced(out, head, any_line(head, random), SLICE_NONE);
}

static void double_line(const struct head *head, struct random *random, struct buf *out)
{
        unsigned at = any_line(head, random), to = any_line(head, random);
        put_lines(out, head, 0, to);
        buf_put_slice(out, head->lines[at]);
        put_lines(out, head, to, head->count);
        buf_put_slice(out, head->body);
}

static void swap_lines(const struct head *head, struct random *random, struct buf *out)
{
        struct head swapped = *head;
        unsigned a = any_line(head, random), b = any_line(head, random);
        swapped.lines[a] = head->lines[b];
        swapped.lines[b] = head->lines[a];
        put_lines(out, &swapped, 0, head->count);
        buf_put_slice(out, head->body);
}

static void put_with_end(const struct head *head, unsigned at, const char *end, struct buf *out)
{
        char memory[8192];
        struct buf line;
        buf_init(&line, memory, sizeof memory);
        buf_put_slice(&line, without_end(head->lines[at]));
        buf_put_text(&line, end);
        put_replaced(out, head, at, buf_slice(&line));
}

static void end_in_lf(const struct head *head, struct random *random, struct buf *out)
{
        put_with_end(head, random_below(random, head->count - 1), "\n", out);
}

static void end_in_cr(const struct head *head, struct random *random, struct buf *out)
{
        put_with_end(head, random_below(random, head->count - 1), "\r", out);
}

static void blanks_at_end(const struct head *head, struct random *random, struct buf *out)
{
        put_with_end(head, any_line(head, random), " \t \r\n", out);
}

static void fold_of_blanks(const struct head *head, struct random *random, struct buf *out)
{
        put_with_end(head, any_line(head, random), "\r\n  \r\n", out);
}

/* `text` in place of `drop` bytes at one place of one line. */
static void put_edited(const struct head *head, unsigned line, size_t at, size_t drop,
                       struct slice text, struct buf *out)
{
        struct slice old = head->lines[line];
        put_lines(out, head, 0, line);
        buf_put(out, old.p, at);
        buf_put_slice(out, text);
        buf_put(out, old.p + at + drop, old.len - at - drop);
        put_lines(out, head, line + 1, head->count);
        buf_put_slice(out, head->body);
}

/* A place within a line, before its end. */
static size_t any_place(const struct head *head, unsigned line, struct random *random)
{
        size_t len = head->lines[line].len - 2;
        return len ? random_below(random, (uint32_t)len) : 0;
}

static void put_at_any_place(const struct head *head, struct random *random, size_t drop,
                             struct slice text, struct buf *out)
{
        unsigned line = random_below(random, head->count - 1);
        size_t at = any_place(head, line, random);
        if (head->lines[line].len >= at + drop + 2)
                put_edited(head, line, at, drop, text, out);
}

static void blank_before_colon(const struct head *head, struct random *random, struct buf *out)
{
        unsigned line = any_line(head, random);
        const char *colon = memchr(head->lines[line].p, ':', head->lines[line].len);
        if (colon)
                put_edited(head, line, (size_t)(colon - head->lines[line].p), 0, SLICE(" \t"), out);
}

static void fold(const struct head *head, struct random *random, struct buf *out)
{
        unsigned line = any_line(head, random);
        const char *blank = memchr(head->lines[line].p, ' ', head->lines[line].len);
        if (blank)
                put_edited(head, line, (size_t)(blank - head->lines[line].p), 1, SLICE("\r\n\t"),
                           out);
}

static void drop_byte(const struct head *head, struct random *random, struct buf *out)
{
        put_at_any_place(head, random, 1, SLICE_NONE, out);
}

static void delimiter(const struct head *head, struct random *random, struct buf *out)
{
        static const char delimiters[] = "\"<>;,:@[]%\\ =()?&/{}'*";
        char c = delimiters[random_below(random, sizeof delimiters - 1)];
        put_at_any_place(head, random, random_below(random, 2), (struct slice){&c, 1}, out);
}

static void control_byte(const struct head *head, struct random *random, struct buf *out)
{
        static const char controls[] = {0, 1, 8, 9, 11, 12, 27, 31, 127};
        char c = controls[random_below(random, sizeof controls)];
        put_at_any_place(head, random, random_below(random, 2), (struct slice){&c, 1}, out);
}

static void high_byte(const struct head *head, struct random *random, struct buf *out)
{
        char c = (char)(128 + random_below(random, 128));
        put_at_any_place(head, random, random_below(random, 2), (struct slice){&c, 1}, out);
}

static void escape(const struct head *head, struct random *random, struct buf *out)
{
        char text[4];
        snprintf(text, sizeof text, "%%%02x", (unsigned)random_below(random, 256));
        put_at_any_place(head, random, 1, slice_from(text), out);
}

/* A run of digits becomes another number. */
static void number(const struct head *head, struct random *random, struct buf *out)
{
        static const char *const numbers[] = {
                "0",          "00",         "-1",
                "+1",         "65535",      "65536",
                "4294967295", "4294967296", "99999999999999999999",
                "1.0",        "0x1",        "",
        };
        unsigned line = random_below(random, head->count - 1);
        struct slice old = head->lines[line];
        size_t at = any_place(head, line, random);
        while (at < old.len && (old.p[at] < '0' || old.p[at] > '9'))
                at++;
        size_t end = at;
        while (end < old.len && old.p[end] >= '0' && old.p[end] <= '9')
                end++;
        const char *text = numbers[random_below(random, sizeof numbers / sizeof numbers[0])];
        if (end > at)
                put_edited(head, line, at, end - at, slice_from(text), out);
}

static void case_of_a_letter(const struct head *head, struct random *random, struct buf *out)
{
        unsigned line = random_below(random, head->count - 1);
        size_t at = any_place(head, line, random);
        char c = (char)(head->lines[line].p[at] ^ 0x20);
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
                put_edited(head, line, at, 1, (struct slice){&c, 1}, out);
}

/* The value of one header under the name of another. */
static void splice(const struct head *head, struct random *random, struct buf *out)
{
        unsigned to = any_line(head, random), from = any_line(head, random);
        struct slice a = head->lines[to], b = head->lines[from];
        const char *a_colon = memchr(a.p, ':', a.len), *b_colon = memchr(b.p, ':', b.len);
        if (!a_colon || !b_colon)
                return;
        size_t at = (size_t)(a_colon - a.p);
        struct slice value = {b_colon, b.len - (size_t)(b_colon - b.p)};
        put_edited(head, to, at, a.len - at, value, out);
}

static void cut_short(const struct head *head, struct random *random, struct buf *out)
{
        put_lines(out, head, 0, head->count);
        buf_put_slice(out, head->body);
        out->len -= random_below(random, (uint32_t)out->len / 2);
}

static void parameter(const struct head *head, struct random *random, struct buf *out)
{
        static const char *const params[] = {
                ";tag=a",
                ";tag",
                ";lr",
                ";branch=z9hG4bKq",
                ";rport",
                ";rport=0",
                ";expires=1",
                ";received=::1",
                ";transport=tcp",
                ";maddr=h",
                ";x=\"a\\\"b\"",
                ";;",
                ";=",
                ",",
                ", <sip:o@p>",
                ";tag=\"q\"",
                ";x=[::1]",
                "?a=b",
                " ; y = z",
        };
        unsigned line = any_line(head, random);
        const char *text = params[random_below(random, sizeof params / sizeof params[0])];
        put_edited(head, line, head->lines[line].len - 2, 0, slice_from(text), out);
}

static const struct {
        const char *name;
        mutation_fn *mutate;
} mutations[] = {
        {"a line is dropped", drop_line},
        {"a line twice", double_line},
        {"two lines change places", swap_lines},
        {"a line ends in LF", end_in_lf},
        {"a line ends in CR", end_in_cr},
        {"blanks at the end of a line", blanks_at_end},
        {"a fold of blanks", fold_of_blanks},
        {"blanks before the colon", blank_before_colon},
        {"a fold", fold},
        {"a byte is dropped", drop_byte},
        {"a delimiter", delimiter},
        {"a control byte", control_byte},
        {"a byte above ASCII", high_byte},
        {"an escape", escape},
        {"another number", number},
        {"another case", case_of_a_letter},
        {"the value of another header", splice},
        {"cut short", cut_short},
        {"a parameter more", parameter},
};

unsigned mutation_kinds(void)
{
        return sizeof mutations / sizeof mutations[0];
}

const char *mutation_name(unsigned kind)
{
        return mutations[kind].name;
}

void mutate(struct slice message, unsigned kind, struct random *random, struct buf *out)
{
        struct head head;
        if (split(message, &head))
                mutations[kind].mutate(&head, random, out);
}
