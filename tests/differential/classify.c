/* SPDX-License-Identifier: Apache-2.0 */
#include "classify.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

/* Headers whose values our reader looks at, by their full name; others are unknown to it. */
static const struct {
        const char *full, *compact;
        bool once;
} known[] = {
        {"Via", "v", false},
        {"From", "f", true},
        {"To", "t", true},
        {"Call-ID", "i", true},
        {"CSeq", "CSeq", true},
        {"Max-Forwards", "Max-Forwards", true},
        {"Contact", "m", false},
        {"Route", "Route", false},
        {"Record-Route", "Record-Route", false},
        {"P-Asserted-Identity", "P-Asserted-Identity", false},
        {"Privacy", "Privacy", false},
        {"Require", "Require", false},
        {"Proxy-Require", "Proxy-Require", false},
        {"Supported", "k", false},
        {"Allow", "Allow", false},
        {"Session-Expires", "x", true},
        {"Min-SE", "Min-SE", true},
        {"RSeq", "RSeq", true},
        {"RAck", "RAck", true},
        {"Retry-After", "Retry-After", true},
        {"Expires", "Expires", true},
        {"Content-Type", "c", true},
        {"Content-Encoding", "e", false},
        {"Content-Length", "l", true},
};
#define KNOWN        (sizeof known / sizeof known[0])
#define REQUIRED     5 /* the first ones */
#define CONTENT_LEN  (KNOWN - 1)
#define CSEQ         4
#define CONTACT      6
#define ROUTE        7
#define RECORD_ROUTE 8
#define CONTENT_TYPE (KNOWN - 3)

static const char *const plain[REQUIRED] = {
        "Via: SIP/2.0/UDP e;branch=z9hG4bKx\r\n",
        "From: <sip:a@b>;tag=1\r\n",
        "To: <sip:c@d>\r\n",
        "Call-ID: z\r\n",
        "CSeq: 1 ", /* and the method */
};

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* A line with its folds and its end; what follows it is left in `rest`. */
static struct slice take_line(struct slice *rest)
{
        size_t at = 0;
        for (;;) {
                const char *end = memmem(rest->p + at, rest->len - at, "\r\n", 2);
                at = end ? (size_t)(end + 2 - rest->p) : rest->len;
                if (at == 2 || at == rest->len || !is_blank(rest->p[at]))
                        break;
        }
        struct slice line = {rest->p, at};
        *rest = (struct slice){rest->p + at, rest->len - at};
        return line;
}

static struct slice name_of(struct slice line)
{
        struct slice rest, name = slice_split(line, ':', &rest);
        while (name.len && is_blank(name.p[name.len - 1]))
                name.len--;
        return name;
}

/* KNOWN: not one of them. */
static size_t number_of(struct slice line)
{
        struct slice name = name_of(line);
        for (size_t i = 0; i < KNOWN; i++) {
                if (slice_equal_nocase(name, slice_from(known[i].full)) ||
                    slice_equal_nocase(name, slice_from(known[i].compact)))
                        return i;
        }
        return KNOWN;
}

static struct slice last_word(struct slice line)
{
        while (line.len && (is_blank(line.p[line.len - 1]) || line.p[line.len - 1] == '\r' ||
                            line.p[line.len - 1] == '\n'))
                line.len--;
        const char *start = line.p + line.len;
        while (start > line.p && !is_blank(start[-1]) && start[-1] != '\n')
                start--;
        return (struct slice){start, (size_t)(line.p + line.len - start)};
}

/* A plain message but for one line; `number` is that of its header. */
static bool is_taken(reader_fn *reader, struct slice start, struct slice line, size_t number,
                     struct slice method)
{
        static char memory[2 * 65536];
        static struct reading reading;
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        buf_put_slice(&b, start);
        for (size_t i = 0; i < REQUIRED; i++) {
                if (i == number) {
                        buf_put_slice(&b, line);
                        continue;
                }
                buf_put_text(&b, plain[i]);
                if (i == CSEQ) {
                        buf_put_slice(&b, method);
                        buf_put_text(&b, "\r\n");
                }
        }
        if (number >= REQUIRED)
                buf_put_slice(&b, line);
        if (number != CONTENT_LEN)
                buf_put_text(&b, "Content-Length: 0\r\n");
        buf_put_text(&b, "\r\n");
        reader(buf_slice(&b), &reading);
        return reading.is_accepted;
}

static struct slice method_of(struct slice start, struct slice *rest)
{
        if (slice_starts_with(start, SLICE("SIP/")))
                return SLICE("OPTIONS");
        return slice_split(start, ' ', rest);
}

static bool has_odd_end(struct slice head)
{
        for (size_t i = 0; i < head.len; i++) {
                bool is_good = head.p[i] == '\r'
                                       ? i + 1 < head.len && head.p[i + 1] == '\n'
                                       : head.p[i] != '\n' || (i && head.p[i - 1] == '\r');
                if (!is_good)
                        return true;
        }
        return false;
}

static bool has_blank_line(struct slice head)
{
        for (const char *p = head.p; (p = memmem(p, (size_t)(head.p + head.len - p), "\r\n", 2));) {
                const char *q = p += 2;
                while (q < head.p + head.len && is_blank(*q))
                        q++;
                if (q > p && q < head.p + head.len && *q == '\r')
                        return true;
        }
        return false;
}

/* The lines by themselves; the first that is refused alone. */
static bool classify_by_line(struct slice head, reader_fn *refusing, char out[CLASS_BYTES_MAX])
{
        struct slice rest = head, ignored;
        struct slice start = take_line(&rest);
        struct slice method = method_of(start, &ignored);
        if (!is_taken(refusing, start, SLICE_NONE, KNOWN, method)) {
                strcpy(out, "start line");
                return true;
        }
        while (rest.len > 2) {
                struct slice line = take_line(&rest);
                if (line.len <= 2)
                        break;
                size_t number = number_of(line);
                char plain_start[300];
                struct slice word = number == CSEQ ? last_word(line) : SLICE("OPTIONS");
                int len = snprintf(plain_start, sizeof plain_start, "%.*s sip:x@y SIP/2.0\r\n",
                                   SLICE_ARG(word));
                struct slice plain_line = {plain_start, (size_t)len};
                if (word.len > 200 || is_taken(refusing, plain_line, line, number, word))
                        continue;
                snprintf(out, CLASS_BYTES_MAX, "%s",
                         number == CONTENT_LEN ? "length of the body"
                         : number < KNOWN      ? known[number].full
                                               : "a header that is not read");
                return true;
        }
        return false;
}

/* The first line of a header; an empty slice when there is none. */
static struct slice line_of(struct slice head, size_t number)
{
        struct slice rest = head;
        (void)take_line(&rest);
        while (rest.len > 2) {
                struct slice line = take_line(&rest);
                if (number_of(line) == number)
                        return line;
        }
        return SLICE_NONE;
}

static struct slice value_of(struct slice line)
{
        struct slice value;
        slice_split(line, ':', &value);
        while (value.len && (is_blank(*value.p) || *value.p == '\r' || *value.p == '\n'))
                value = (struct slice){value.p + 1, value.len - 1};
        return value;
}

static bool has_star(struct slice head)
{
        struct slice rest = head;
        while (rest.len > 2) {
                struct slice line = take_line(&rest);
                if (number_of(line) == CONTACT && slice_equal(value_of(line), SLICE("*\r\n")))
                        return true;
        }
        return false;
}

static bool is_of_another_method(struct slice head)
{
        struct slice rest = head, ignored;
        struct slice start = take_line(&rest), method = method_of(start, &ignored);
        return !slice_starts_with(start, SLICE("SIP/")) &&
               !slice_equal(last_word(line_of(head, CSEQ)), method);
}

/* How many commas there are more than lines, of headers that list addresses. */
static bool has_many(struct slice head, const unsigned counts[KNOWN + 1])
{
        unsigned lines = 0, commas = 0;
        for (size_t i = 0; i <= KNOWN; i++)
                lines += counts[i];
        for (size_t i = 0; i < head.len; i++)
                commas += head.p[i] == ',';
        return lines > 128 || counts[ROUTE] + counts[RECORD_ROUTE] + commas > 16;
}

static const char *class_of_whole(struct slice head)
{
        unsigned counts[KNOWN + 1] = {0};
        struct slice rest = head;
        (void)take_line(&rest);
        while (rest.len > 2)
                counts[number_of(take_line(&rest))]++;
        for (size_t i = 0; i < KNOWN; i++) {
                if (known[i].once && counts[i] > 1)
                        return "a header twice";
                if (i < REQUIRED && counts[i] == 0)
                        return "a header is missing";
        }
        if (is_of_another_method(head))
                return "CSeq of another method";
        if (has_star(head))
                return "a star beside Contacts";
        if (has_many(head, counts))
                return "more than we keep";
        return counts[CONTENT_LEN] ? "length of the body" : "unexplained";
}

/* Empty lines before the start line are skipped. */
static struct slice head_of(struct slice message)
{
        while (message.len > 1 && message.p[0] == '\r' && message.p[1] == '\n')
                message = (struct slice){message.p + 2, message.len - 2};
        const char *end = memmem(message.p, message.len, "\r\n\r\n", 4);
        return (struct slice){message.p, end ? (size_t)(end + 4 - message.p) : message.len};
}

void classify_refusal(struct slice message, reader_fn *refusing, char out[CLASS_BYTES_MAX])
{
        struct slice head = head_of(message);
        if (has_odd_end(head)) {
                strcpy(out, "CR or LF alone");
                return;
        }
        if (has_blank_line(head)) {
                strcpy(out, "a line of blanks");
                return;
        }
        if (!memmem(message.p, message.len, "\r\n\r\n", 4)) {
                strcpy(out, "no end of the headers");
                return;
        }
        if (!classify_by_line(head, refusing, out))
                strcpy(out, class_of_whole(head));
}

const char *classify_difference(struct slice message, enum value value)
{
        struct slice head = head_of(message);
        const char *body = head.p + head.len;
        if (value != VALUE_BODY)
                return memmem(head.p, head.len, "%00", 3) ? "escaped NUL" : "unexplained";
        if (line_of(head, CONTENT_TYPE).len == 0)
                return "body without Content-Type";
        size_t body_bytes = (size_t)(message.p + message.len - body);
        return memchr(body, 0, body_bytes) ? "body with a NUL" : "unexplained";
}
