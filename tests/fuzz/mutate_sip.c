/* SPDX-License-Identifier: Apache-2.0 */
#include "mutate_sip.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/random.h"
#include "sip_words.h"

#define LINES_MAX 192
#define TEXT_MAX  65536

/* ---- a message in lines ---- */

struct text {
        struct slice lines[LINES_MAX]; /* without their ends */
        unsigned count;
};

struct message {
        struct text head; /* the start line first */
        struct slice body;
        bool has_end; /* the empty line */
};

static bool split_line(const char **p, const char *end, struct slice *line)
{
        const char *at = *p < end ? memmem(*p, (size_t)(end - *p), "\r\n", 2) : NULL;
        if (!at)
                return false;
        *line = (struct slice){*p, (size_t)(at - *p)};
        *p = at + 2;
        return true;
}

static void split_message(struct slice whole, struct message *out)
{
        const char *p = whole.p, *end = p + whole.len;
        struct slice line;
        out->head.count = 0;
        out->has_end = false;
        while (out->head.count < LINES_MAX - 4 && split_line(&p, end, &line)) {
                if (line.len == 0 && out->head.count) {
                        out->has_end = true;
                        break;
                }
                if (line.len)
                        out->head.lines[out->head.count++] = line;
        }
        out->body = (struct slice){p, (size_t)(end - p)};
}

static void join_message(const struct message *message, struct buf *out)
{
        for (unsigned i = 0; i < message->head.count; i++) {
                buf_put_slice(out, message->head.lines[i]);
                buf_put_text(out, "\r\n");
        }
        if (message->has_end)
                buf_put_text(out, "\r\n");
        buf_put_slice(out, message->body);
}

static void split_text(struct slice whole, struct text *out)
{
        const char *p = whole.p, *end = p + whole.len;
        out->count = 0;
        while (out->count < LINES_MAX - 4 && split_line(&p, end, &out->lines[out->count]))
                out->count++;
}

/* ---- the mutations ---- */

/* Where the pieces of one mutation lie until they are joined. */
struct bench {
        struct random random;
        struct buf memory;
        char bytes[TEXT_MAX];
};

static unsigned below(struct bench *bench, size_t bound)
{
        return random_below(&bench->random, (uint32_t)bound);
}

static const char *one_of(struct bench *bench, const char *const *words, size_t count)
{
        return words[below(bench, count)];
}
#define ONE_OF(bench, words) one_of(bench, words, COUNT(words))

/* A line of several parts. */
static struct slice made(struct bench *bench, struct slice a, struct slice b, struct slice c)
{
        size_t start = bench->memory.len;
        buf_put_slice(&bench->memory, a);
        buf_put_slice(&bench->memory, b);
        buf_put_slice(&bench->memory, c);
        if (!buf_ok(&bench->memory))
                return a;
        return (struct slice){bench->bytes + start, bench->memory.len - start};
}

static void insert(struct text *text, unsigned at, struct slice line)
{
        if (text->count == LINES_MAX)
                return;
        memmove(&text->lines[at + 1], &text->lines[at], (text->count - at) * sizeof text->lines[0]);
        text->lines[at] = line;
        text->count++;
}

static void drop(struct text *text, unsigned at)
{
        text->count--;
        memmove(&text->lines[at], &text->lines[at + 1], (text->count - at) * sizeof text->lines[0]);
}

/* Lines change their order and number; those before `first` stay. */
static void shuffle_lines(struct bench *bench, struct text *text, unsigned first)
{
        if (text->count <= first)
                return;
        unsigned a = first + below(bench, text->count - first);
        unsigned b = first + below(bench, text->count - first);
        struct slice line = text->lines[a];
        switch (below(bench, 3)) {
        case 0:
                text->lines[a] = text->lines[b];
                text->lines[b] = line;
                break;
        case 1:
                insert(text, b, line);
                break;
        default:
                drop(text, a);
        }
}

static struct slice header_line(struct bench *bench, unsigned header)
{
        unsigned values = 1;
        while (values < COUNT(headers[0]) && headers[header][values])
                values++;
        const char *value = headers[header][1 + below(bench, values - 1)];
        return made(bench, slice_from(headers[header][0]), SLICE(": "), slice_from(value));
}

static void add_header(struct bench *bench, struct message *message)
{
        unsigned at = 1 + below(bench, message->head.count);
        insert(&message->head, at, header_line(bench, below(bench, COUNT(headers))));
}

/* Another good value in place of the one that is there. */
static void replace_value(struct bench *bench, struct message *message)
{
        unsigned at = 1 + below(bench, message->head.count - 1);
        struct slice value, name = slice_split(message->head.lines[at], ':', &value);
        for (unsigned i = 0; i < COUNT(headers); i++) {
                if (slice_equal_nocase(name, slice_from(headers[i][0])))
                        message->head.lines[at] = header_line(bench, i);
        }
}

/* The value of one header under another's name. */
static void splice_value(struct bench *bench, struct message *message)
{
        unsigned to = 1 + below(bench, message->head.count - 1);
        unsigned from = 1 + below(bench, message->head.count - 1);
        struct slice value, ignored;
        slice_split(message->head.lines[from], ':', &value);
        struct slice name = slice_split(message->head.lines[to], ':', &ignored);
        message->head.lines[to] = made(bench, name, SLICE(":"), value);
}

static struct slice before(struct slice s, const char *p)
{
        return (struct slice){s.p, (size_t)(p - s.p)};
}

static struct slice from(struct slice s, const char *p)
{
        return (struct slice){p, (size_t)(s.p + s.len - p)};
}

/* One of the places of `c` in a line, or its end. */
static const char *place_of(struct bench *bench, struct slice line, char c)
{
        const char *chosen = line.p + line.len;
        unsigned seen = 0;
        for (size_t i = 0; i < line.len; i++) {
                if (line.p[i] == c && below(bench, ++seen) == 0)
                        chosen = line.p + i;
        }
        return chosen;
}

static void change_parameter(struct bench *bench, struct message *message)
{
        unsigned at = below(bench, message->head.count);
        struct slice line = message->head.lines[at];
        const char *place = place_of(bench, line, ';');
        struct slice param = slice_from(ONE_OF(bench, parameters)), rest = from(line, place);
        if (below(bench, 3) == 0 && rest.len) {
                const char *next = memchr(rest.p + 1, ';', rest.len - 1);
                rest = next ? from(line, next) : SLICE_NONE;
                param = SLICE_NONE;
        }
        message->head.lines[at] = made(bench, before(line, place), param, rest);
}

static void change_uri(struct bench *bench, struct message *message)
{
        unsigned at = below(bench, message->head.count);
        struct slice line = message->head.lines[at];
        struct slice uri = slice_from(ONE_OF(bench, uris));
        const char *start = place_of(bench, line, at ? '<' : ' ');
        if (start == line.p + line.len)
                return;
        const char *end = memchr(start + 1, at ? '>' : ' ', from(line, start + 1).len);
        if (end)
                message->head.lines[at] =
                        made(bench, before(line, start + 1), uri, from(line, end));
}

static void fold_line(struct bench *bench, struct message *message)
{
        unsigned at = 1 + below(bench, message->head.count - 1);
        struct slice line = message->head.lines[at];
        const char *place = place_of(bench, line, below(bench, 2) ? ' ' : ';');
        message->head.lines[at] =
                made(bench, before(line, place), SLICE("\r\n "), from(line, place));
}

/* A method changes in the start line and in CSeq, or a status. */
static void change_kind(struct bench *bench, struct message *message)
{
        struct slice rest, start = message->head.lines[0];
        struct slice first = slice_split(start, ' ', &rest);
        if (slice_starts_with(start, SLICE("SIP/2.0 ")) && rest.len >= 3) {
                message->head.lines[0] =
                        made(bench, SLICE("SIP/2.0 "), slice_from(ONE_OF(bench, statuses)),
                             from(rest, rest.p + 3));
                return;
        }
        struct slice method = slice_from(ONE_OF(bench, methods));
        message->head.lines[0] = made(bench, method, from(start, start.p + first.len), SLICE_NONE);
        for (unsigned i = 1; i < message->head.count; i++) {
                struct slice line = message->head.lines[i];
                const char *space = line.len ? memrchr(line.p, ' ', line.len) : NULL;
                if (space && slice_starts_with(line, SLICE("CSeq")))
                        message->head.lines[i] =
                                made(bench, before(line, space + 1), method, SLICE_NONE);
        }
}

static void change_description(struct bench *bench, struct message *message)
{
        struct text body;
        split_text(message->body, &body);
        if (below(bench, 2))
                shuffle_lines(bench, &body, 0);
        else
                insert(&body, below(bench, body.count + 1), slice_from(ONE_OF(bench, sdp_lines)));
        size_t start = bench->memory.len;
        for (unsigned i = 0; i < body.count; i++) {
                buf_put_slice(&bench->memory, body.lines[i]);
                buf_put_text(&bench->memory, "\r\n");
        }
        if (buf_ok(&bench->memory))
                message->body = (struct slice){bench->bytes + start, bench->memory.len - start};
        message->has_end = true;
}

/* What the head says of the body becomes right. */
static void repair_length(struct bench *bench, struct message *message)
{
        char text[48];
        int len = snprintf(text, sizeof text, "Content-Length: %zu", message->body.len);
        struct slice line = made(bench, (struct slice){text, (size_t)len}, SLICE_NONE, SLICE_NONE);
        for (unsigned i = 1; i < message->head.count; i++) {
                struct slice value, name = slice_split(message->head.lines[i], ':', &value);
                if (slice_equal_nocase(name, SLICE("Content-Length")) ||
                    slice_equal_nocase(name, SLICE("l"))) {
                        message->head.lines[i] = line;
                        return;
                }
        }
        insert(&message->head, message->head.count, line);
}

static void mutate_message(struct bench *bench, struct message *message)
{
        switch (below(bench, 10)) {
        case 0:
                shuffle_lines(bench, &message->head, 1);
                break;
        case 1:
                add_header(bench, message);
                break;
        case 2:
        case 3:
                replace_value(bench, message);
                break;
        case 4:
                splice_value(bench, message);
                break;
        case 5:
                change_parameter(bench, message);
                break;
        case 6:
                change_uri(bench, message);
                break;
        case 7:
                fold_line(bench, message);
                break;
        case 8:
                change_kind(bench, message);
                break;
        default:
                change_description(bench, message);
        }
}

/* `whole` with one to three mutations, into `out`; false when there is nothing to mutate. */
static bool mutate_whole(struct bench *bench, struct slice whole, struct buf *out)
{
        static struct message message;
        split_message(whole, &message);
        if (message.head.count < 2)
                return false;
        for (unsigned i = 1 + below(bench, 3); i && message.head.count >= 2; i--)
                mutate_message(bench, &message);
        if (message.head.count && below(bench, 4))
                repair_length(bench, &message);
        join_message(&message, out);
        return buf_ok(out);
}

static struct bench *open_bench(unsigned seed)
{
        static struct bench bench;
        random_init_seeded(&bench.random, seed);
        buf_init(&bench.memory, bench.bytes, sizeof bench.bytes);
        return &bench;
}

static size_t take_over(uint8_t *data, size_t size_max, const struct buf *b)
{
        memcpy(data, b->p, b->len < size_max ? b->len : size_max);
        return b->len < size_max ? b->len : size_max;
}

size_t mutate_sip_message(uint8_t *data, size_t size, size_t size_max, unsigned seed,
                          mutate_bytes_fn *mutate_bytes)
{
        static char memory[2 * TEXT_MAX];
        struct bench *bench = open_bench(seed);
        struct buf out;
        buf_init(&out, memory, sizeof memory);
        struct slice whole = {(const char *)data, size};
        if (below(bench, 3) == 0 || size > TEXT_MAX / 2 || !mutate_whole(bench, whole, &out))
                return mutate_bytes(data, size, size_max);
        return take_over(data, size_max, &out);
}

/* ---- conversations ---- */

#define STEPS_MAX 128

/* A step is text, and 0x01 and a letter behind it. */
static unsigned split_steps(struct slice whole, struct slice steps[STEPS_MAX])
{
        unsigned count = 0;
        const char *start = whole.p;
        for (size_t i = 0; i + 1 < whole.len && count < STEPS_MAX - 2; i++) {
                if (whole.p[i] != 1)
                        continue;
                const char *end = whole.p + i + 2;
                steps[count++] = (struct slice){start, (size_t)(end - start)};
                start = end;
                i++;
        }
        return count;
}

static struct slice command(struct bench *bench)
{
        static const char *const commands[] = {"\1d", "\1a", "\1p", "\1g", "\1r",
                                               "\1h", "\1s", "\1m", "\1."};
        return slice_from(ONE_OF(bench, commands));
}

/* What a peer knows of the agent in place of what it made up. */
static void put_word_of_agent(struct bench *bench, struct slice step, struct buf *out)
{
        static const char *const names[][2] = {
                {"Call-ID: ", "\2I"}, {";tag=", "\2t"},   {";tag=", "\2f"},
                {"branch=", "\2V"},   {"branch=", "\2B"},
        };
        unsigned i = below(bench, COUNT(names));
        const char *at = memmem(step.p, step.len, names[i][0], strlen(names[i][0]));
        if (!at) {
                buf_put_slice(out, step);
                return;
        }
        at += strlen(names[i][0]);
        const char *end = at;
        while (end < step.p + step.len && !strchr("\r\n;>, \1", *end))
                end++;
        buf_put_slice(out, before(step, at));
        buf_put_text(out, names[i][1]);
        buf_put_slice(out, from(step, end));
}

static void put_step(struct bench *bench, struct slice step, struct buf *out)
{
        struct slice text = {step.p, step.len - 2};
        struct buf b = *out;
        if (below(bench, 5) == 0) {
                put_word_of_agent(bench, step, out);
        } else if (text.len && mutate_whole(bench, text, &b)) {
                *out = b;
                buf_put_slice(out, from(step, step.p + text.len));
        } else {
                buf_put_slice(out, step);
        }
}

size_t mutate_sip_talk(uint8_t *data, size_t size, size_t size_max, unsigned seed,
                       mutate_bytes_fn *mutate_bytes)
{
        static char memory[2 * TEXT_MAX];
        struct slice steps[STEPS_MAX];
        struct bench *bench = open_bench(seed);
        struct buf out;
        buf_init(&out, memory, sizeof memory);
        unsigned count = size < TEXT_MAX / 2
                                 ? split_steps((struct slice){(const char *)data, size}, steps)
                                 : 0;
        if (below(bench, 4) == 0 || count == 0)
                return mutate_bytes(data, size, size_max);

        unsigned chosen = below(bench, count), other = below(bench, count);
        unsigned how = below(bench, 8);
        for (unsigned i = 0; how >= 4 && i < count && steps[chosen].len <= 2; i++)
                chosen = (chosen + 1) % count; /* one that has a message */
        for (unsigned i = 0; i < count; i++) {
                struct slice step = steps[i];
                if (how == 0 && (i == chosen || i == other))
                        step = steps[i == chosen ? other : chosen]; /* two change places */
                if (how == 1 && i == chosen)
                        continue;
                if (how == 2 && i == chosen)
                        buf_put_slice(&out, steps[other]);
                if (how == 3 && i == chosen)
                        buf_put_slice(&out, command(bench));
                if (how >= 4 && i == chosen)
                        put_step(bench, step, &out);
                else
                        buf_put_slice(&out, step);
        }
        return buf_ok(&out) ? take_over(data, size_max, &out) : mutate_bytes(data, size, size_max);
}
