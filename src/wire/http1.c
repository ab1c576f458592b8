/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <llhttp.h>

#include "base/secret.h"

#define FIRST_HEAD_BYTES 2048
#define FIRST_BODY_BYTES 4096
#define CHUNK_LINE_BYTES 18 /* 16 hex digits and CRLF */

enum state {
        READ_HEAD,
        READ_BODY,        /* of `left` bytes */
        READ_BODY_TO_END, /* of a response without a length */
        READ_CHUNK_LINE,
        READ_CHUNK, /* `left` bytes of it */
        READ_CHUNK_END,
        READ_TRAILERS,
        WHOLE,
        BAD,
};

struct field {
        struct slice name, value;
};

/* A buffer that grows to a limit and is wiped when it is freed. */
struct bytes {
        char *p;
        uint32_t len, cap, max;
};

struct http1 {
        enum http1_kind kind;
        enum state state;
        struct bytes head; /* start line, fields, trailers, each line with its CRLF */
        struct bytes body;
        uint32_t line_at;    /* in `head`: where the line being read begins */
        bool skipped_line;   /* the empty line before a request that RFC 9112 2.2 forgives */
        bool has_start_line; /* the start line has been read */
        bool body_begun;     /* a byte after the head has been fed */
        bool answers_head;
        uint64_t left;
        char chunk_line[CHUNK_LINE_BYTES];
        unsigned chunk_line_len;

        struct field fields[HTTP1_FIELDS_MAX];
        unsigned fields_count;
        struct slice start_line[3]; /* its three parts */
        bool has_length, is_chunked, expects_continue;
        struct http1_message message;
        struct http1_error error;

        llhttp_t parser;
        bool parser_says_whole;
        bool out_of_memory;
};

/* Memory. */

static int bytes_grow(struct bytes *b, uint32_t wanted, uint32_t first)
{
        uint64_t cap = b->cap ? b->cap : first;
        while (cap < wanted)
                cap *= 2;
        if (cap > b->max)
                cap = b->max;
        char *p = secret_heap_alloc(cap);
        if (!p)
                return -ENOMEM;
        if (b->len)
                memcpy(p, b->p, b->len);
        secret_heap_free(b->p);
        b->p = p;
        b->cap = (uint32_t)cap;
        return 0;
}

static int bytes_put(struct bytes *b, struct slice s, uint32_t first)
{
        if (s.len > b->max - b->len)
                return ERR_TOO_LARGE;
        if (s.len > b->cap - b->len) {
                int err = bytes_grow(b, b->len + (uint32_t)s.len, first);
                if (err)
                        return err;
        }
        if (s.len)
                memcpy(b->p + b->len, s.p, s.len);
        b->len += (uint32_t)s.len;
        return 0;
}

static void bytes_free(struct bytes *b)
{
        secret_heap_free(b->p);
        *b = (struct bytes){.max = b->max};
}

/* The second reader. */

/* RFC 9112 6.3: answers to HEAD, and 1xx, 204 and 304, end with their head. */
static bool has_no_body(const struct http1 *http)
{
        unsigned status = http->message.status;
        if (http->kind == HTTP1_REQUEST)
                return !http->is_chunked && http->left == 0;
        return http->answers_head || status < 200 || status == 204 || status == 304 ||
               (http->has_length && http->left == 0);
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
        struct http1 *http = parser->data;
        int err = bytes_put(&http->body, (struct slice){at, len}, FIRST_BODY_BYTES);
        if (err == -ENOMEM)
                http->out_of_memory = true;
        return err ? -1 : 0;
}

static int on_headers_complete(llhttp_t *parser)
{
        const struct http1 *http = parser->data;
        /* We never change protocols: what follows is read as the body that its fields announce. */
        parser->upgrade = 0;
        /* llhttp would wait for the body that a 304 describes. */
        return http->kind == HTTP1_RESPONSE && has_no_body(http) ? 1 : 0;
}

static int on_message_complete(llhttp_t *parser)
{
        struct http1 *http = parser->data;
        http->parser_says_whole = true;
        return 0;
}

static const llhttp_settings_t parser_settings = {
        .on_body = on_body,
        .on_headers_complete = on_headers_complete,
        .on_message_complete = on_message_complete,
};

static enum http1_event refuse(struct http1 *http, unsigned status, const char *reason)
{
        http->state = BAD;
        http->error = (struct http1_error){status, reason};
        return HTTP1_BAD;
}

/* Shows the bytes that our reader has accepted to llhttp. */
static enum http1_event confirm(struct http1 *http, struct slice data)
{
        llhttp_errno_t err = llhttp_execute(&http->parser, data.p, data.len);
        if (err == HPE_OK)
                return HTTP1_MORE;
        if (http->out_of_memory)
                return refuse(http, 500, "no memory for the body");
        if (err == HPE_INVALID_METHOD)
                return refuse(http, 501, "unknown method");
        return refuse(http, 400, "refused by the second reader");
}

static enum http1_event become_whole(struct http1 *http)
{
        if (!http->parser_says_whole)
                return refuse(http, 400, "the two readers disagree");
        http->state = WHOLE;
        http->message.body = (struct slice){http->body.p, http->body.len};
        return HTTP1_MESSAGE;
}

/* Characters, RFC 9110 5.5 and 5.6.2. */

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_token_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
               (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                if (!is_token_char(s.p[i]))
                        return false;
        }
        return s.len != 0;
}

static bool is_visible(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                if (s.p[i] <= ' ' || s.p[i] > '~')
                        return false;
        }
        return s.len != 0;
}

static bool is_ascii(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                if ((unsigned char)s.p[i] > '~')
                        return false;
        }
        return true;
}

/* Every control character but TAB, so also a bare CR, a bare LF and NUL. */
static bool has_control(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                unsigned char c = (unsigned char)s.p[i];
                if ((c < ' ' && c != '\t') || c == 0x7f)
                        return true;
        }
        return false;
}

/* The lines of the head. */

static bool read_version(struct http1 *http, struct slice s)
{
        if (slice_equal(s, SLICE("HTTP/1.1")))
                http->message.minor = 1;
        else if (slice_equal(s, SLICE("HTTP/1.0")))
                http->message.minor = 0;
        else
                return false;
        return true;
}

/* RFC 9112 3.2: "/path?query", "http://authority/path?query", or "*". */
static bool read_target(struct http1 *http, struct slice target)
{
        struct slice rest;
        if (!is_visible(target) || memchr(target.p, '#', target.len))
                return false;

        if (slice_starts_with(target, SLICE("http://")) ||
            slice_starts_with(target, SLICE("https://"))) {
                struct slice authority;
                (void)slice_split(target, '/', &authority);
                authority = (struct slice){authority.p + 1, authority.len - 1};
                const char *slash = memchr(authority.p, '/', authority.len);
                if (!slash || slash == authority.p)
                        return false;
                target = (struct slice){slash, (size_t)(authority.p + authority.len - slash)};
        } else if (target.p[0] != '/' && !slice_equal(target, SLICE("*"))) {
                return false;
        }
        http->message.path = slice_split(target, '?', &rest);
        http->message.query = rest;
        return true;
}

static enum http1_event read_request_line(struct http1 *http, struct slice line)
{
        struct slice rest;
        struct slice method = slice_split(line, ' ', &rest);
        struct slice target = slice_split(rest, ' ', &rest);
        if (!is_token(method))
                return refuse(http, 400, "no method");
        if (!slice_starts_with(rest, SLICE("HTTP/")) || !is_visible(rest))
                return refuse(http, 400, "no request line");
        if (!read_version(http, rest))
                return refuse(http, 505, "not HTTP/1.0 or HTTP/1.1");
        if (!read_target(http, target))
                return refuse(http, 400, "no request target");
        http->message.method = method;
        return HTTP1_MORE;
}

static enum http1_event read_status_line(struct http1 *http, struct slice line)
{
        struct slice rest;
        struct slice version = slice_split(line, ' ', &rest);
        struct slice status = slice_split(rest, ' ', &rest);
        uint32_t value = 0;
        if (!read_version(http, version))
                return refuse(http, 505, "not HTTP/1.0 or HTTP/1.1");
        if (status.len != 3 || slice_to_u32(status, 999, &value) || value < 100)
                return refuse(http, 400, "no status code");
        http->message.status = value;
        return HTTP1_MORE;
}

static enum http1_event read_field_line(struct http1 *http, struct slice line)
{
        struct slice value;
        struct slice name = slice_split(line, ':', &value);
        if (name.len == line.len)
                return refuse(http, 400, "a field without a colon");
        /* Also a leading space (a folded line) and a space before the colon. */
        if (!is_token(name))
                return refuse(http, 400, "no field name");
        if (http->fields_count == HTTP1_FIELDS_MAX)
                return refuse(http, 431, "too many fields");
        http->fields[http->fields_count++] = (struct field){name, slice_trim(value)};
        return HTTP1_MORE;
}

/* What the fields say. */

bool http1_find_field(const struct http1 *http, struct slice name, struct slice *value)
{
        for (unsigned i = 0; i < http->fields_count; i++) {
                if (!slice_equal_nocase(http->fields[i].name, name))
                        continue;
                *value = http->fields[i].value;
                return true;
        }
        return false;
}

static unsigned count_fields(const struct http1 *http, struct slice name)
{
        unsigned count = 0;
        for (unsigned i = 0; i < http->fields_count; i++)
                count += slice_equal_nocase(http->fields[i].name, name);
        return count;
}

/* At most once, and in ASCII; `value` is left empty when the field is not there. */
static bool read_single(const struct http1 *http, struct slice name, struct slice *value)
{
        *value = SLICE_NONE;
        if (count_fields(http, name) > 1)
                return false;
        return !http1_find_field(http, name, value) || is_ascii(*value);
}

static enum http1_event read_length(struct http1 *http)
{
        struct slice length, coding;
        if (!read_single(http, SLICE("Content-Length"), &length) ||
            !read_single(http, SLICE("Transfer-Encoding"), &coding))
                return refuse(http, 400, "a repeated length");
        http->has_length = count_fields(http, SLICE("Content-Length")) != 0;
        http->is_chunked = count_fields(http, SLICE("Transfer-Encoding")) != 0;
        /* RFC 9112 6.1: whoever sends both, or codes for HTTP/1.0, may be smuggling. */
        if (http->is_chunked && (http->has_length || http->message.minor == 0))
                return refuse(http, 400, "two lengths");
        if (http->is_chunked && !slice_equal_nocase(coding, SLICE("chunked")))
                return refuse(http, 400, "a coding that is not chunked");
        if (!http->has_length)
                return HTTP1_MORE;

        int err = slice_to_u64(length, UINT64_MAX / 2, &http->left);
        if (err == ERR_SYNTAX)
                return refuse(http, 400, "a length that is no number");
        if (err || (http->left > http->body.max && !http->answers_head))
                return refuse(http, 413, "body too large");
        return HTTP1_MORE;
}

static bool is_host(struct slice s)
{
        for (size_t i = 0; i < s.len; i++) {
                char c = s.p[i];
                if (!is_token_char(c) && (!c || !strchr(":[]()=,;", c)))
                        return false;
        }
        return s.len != 0;
}

static enum http1_event read_request_fields(struct http1 *http)
{
        struct http1_message *m = &http->message;
        struct slice expect;
        if (!read_single(http, SLICE("Host"), &m->host) ||
            !read_single(http, SLICE("Authorization"), &m->authorization) ||
            !read_single(http, SLICE("Idempotency-Key"), &m->idempotency_key) ||
            !read_single(http, SLICE("Expect"), &expect))
                return refuse(http, 400, "a repeated field, or one that is not ASCII");
        if (count_fields(http, SLICE("Host")) ? !is_host(m->host) : m->minor >= 1)
                return refuse(http, 400, "no host");
        if (expect.len && !slice_equal_nocase(expect, SLICE("100-continue")))
                return refuse(http, 417, "an expectation that is not known");
        http->expects_continue = expect.len && m->minor >= 1;
        return HTTP1_MORE;
}

/* RFC 9112 9.3; Connection is a list and may come more than once. */
static void read_connection(struct http1 *http)
{
        bool close = false, keep = http->message.minor >= 1;
        for (unsigned i = 0; i < http->fields_count; i++) {
                struct slice rest = http->fields[i].value;
                if (!slice_equal_nocase(http->fields[i].name, SLICE("Connection")))
                        continue;
                while (rest.len) {
                        struct slice option = slice_trim(slice_split(rest, ',', &rest));
                        if (slice_equal_nocase(option, SLICE("close")))
                                close = true;
                        else if (slice_equal_nocase(option, SLICE("keep-alive")))
                                keep = true;
                }
        }
        http->message.keep_alive = keep && !close;
}

static enum http1_event enter_body(struct http1 *http)
{
        if (has_no_body(http))
                return become_whole(http);
        if (http->is_chunked)
                http->state = READ_CHUNK_LINE;
        else if (http->has_length)
                http->state = READ_BODY;
        else
                http->state = READ_BODY_TO_END;
        if (http->state == READ_BODY_TO_END)
                http->message.keep_alive = false;
        return HTTP1_MORE;
}

static enum http1_event finish_head(struct http1 *http)
{
        enum http1_event event = read_length(http);
        if (event == HTTP1_MORE && http->kind == HTTP1_REQUEST)
                event = read_request_fields(http);
        if (event != HTTP1_MORE)
                return event;
        if (!read_single(http, SLICE("Content-Type"), &http->message.content_type))
                return refuse(http, 400, "a repeated field, or one that is not ASCII");
        read_connection(http);

        event = confirm(http, (struct slice){http->head.p, http->head.len});
        return event == HTTP1_MORE ? enter_body(http) : event;
}

/* Slices point into `head`, which may move while it grows: they are made once it is whole. */
static enum http1_event read_head_lines(struct http1 *http)
{
        struct slice rest = {http->head.p, http->head.len - 2};
        bool is_start = true;
        while (rest.len) {
                struct slice line = slice_split(rest, '\n', &rest);
                enum http1_event event;
                line.len--;
                if (!is_start)
                        event = read_field_line(http, line);
                else if (http->kind == HTTP1_REQUEST)
                        event = read_request_line(http, line);
                else
                        event = read_status_line(http, line);
                if (event != HTTP1_MORE)
                        return event;
                is_start = false;
        }
        return finish_head(http);
}

/* One whole line, without its LF: it ends with CR, and no control character is in it. */
static bool is_clean(struct slice line)
{
        return line.len && line.p[line.len - 1] == '\r' &&
               !has_control((struct slice){line.p, line.len - 1});
}

static enum http1_event end_head_line(struct http1 *http)
{
        struct slice line = {http->head.p + http->line_at, http->head.len - http->line_at - 1};
        if (!is_clean(line))
                return refuse(http, 400, "a control character, or a line without CRLF");
        if (line.len > 1) {
                http->line_at = http->head.len;
                http->has_start_line = true;
                return HTTP1_MORE;
        }
        if (http->has_start_line)
                return read_head_lines(http);
        if (http->kind == HTTP1_RESPONSE || http->skipped_line)
                return refuse(http, 400, "no start line");
        http->skipped_line = true;
        http->head.len = 0;
        return HTTP1_MORE;
}

/* Trailers are checked like fields, shown to llhttp, and forgotten (RFC 9110 6.5.1). */
static enum http1_event end_trailer_line(struct http1 *http)
{
        struct slice line = {http->head.p + http->line_at, http->head.len - http->line_at - 1};
        struct slice with_end = {line.p, line.len + 1}, value;
        if (!is_clean(line))
                return refuse(http, 400, "a control character, or a line without CRLF");
        if (line.len > 1 &&
            (!memchr(line.p, ':', line.len) || !is_token(slice_split(line, ':', &value))))
                return refuse(http, 400, "no trailer field");
        http->line_at = http->head.len;
        enum http1_event event = confirm(http, with_end);
        if (event != HTTP1_MORE || line.len > 1)
                return event;
        return become_whole(http);
}

/* What each state takes. */

static enum http1_event take_line(struct http1 *http, struct slice data, size_t *used)
{
        const char *end = memchr(data.p, '\n', data.len);
        *used = end ? (size_t)(end - data.p) + 1 : data.len;
        int err = bytes_put(&http->head, (struct slice){data.p, *used}, FIRST_HEAD_BYTES);
        if (err == ERR_TOO_LARGE)
                return refuse(http, 431, "head too large");
        if (err)
                return refuse(http, 500, "no memory for the head");
        if (!end)
                return HTTP1_MORE;
        return http->state == READ_HEAD ? end_head_line(http) : end_trailer_line(http);
}

static enum http1_event take_left(struct http1 *http, struct slice data, size_t *used)
{
        *used = data.len < http->left ? data.len : (size_t)http->left;
        enum http1_event event = confirm(http, (struct slice){data.p, *used});
        if (event != HTTP1_MORE)
                return event;
        http->left -= *used;
        if (http->left)
                return HTTP1_MORE;
        if (http->state == READ_BODY)
                return become_whole(http);
        http->state = READ_CHUNK_END;
        return HTTP1_MORE;
}

static int hex_value(char c)
{
        if (is_digit(c))
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum http1_event end_chunk_line(struct http1 *http)
{
        uint64_t size = 0;
        unsigned digits = http->chunk_line_len - 2;
        for (unsigned i = 0; i < digits; i++)
                size = size << 4 | (uint64_t)hex_value(http->chunk_line[i]);
        if (size > http->body.max - http->body.len)
                return refuse(http, 413, "body too large");

        enum http1_event event =
                confirm(http, (struct slice){http->chunk_line, http->chunk_line_len});
        http->chunk_line_len = 0;
        http->left = size;
        http->line_at = http->head.len;
        if (event == HTTP1_MORE)
                http->state = size ? READ_CHUNK : READ_TRAILERS;
        return event;
}

/* 1*HEXDIG CRLF and nothing else: chunk extensions are where readers differ most. */
static enum http1_event take_chunk_line(struct http1 *http, struct slice data, size_t *used)
{
        char c = data.p[0];
        char before = http->chunk_line_len ? http->chunk_line[http->chunk_line_len - 1] : 0;
        bool fits = before == '\r' ? c == '\n' : hex_value(c) >= 0 || (c == '\r' && before != 0);
        *used = 1;
        if (!fits || (c != '\r' && c != '\n' && http->chunk_line_len == CHUNK_LINE_BYTES - 2))
                return refuse(http, 400, "no chunk size");
        http->chunk_line[http->chunk_line_len++] = c;
        return c == '\n' ? end_chunk_line(http) : HTTP1_MORE;
}

static enum http1_event take_chunk_end(struct http1 *http, struct slice data, size_t *used)
{
        char expected = http->chunk_line_len ? '\n' : '\r';
        *used = 1;
        if (data.p[0] != expected)
                return refuse(http, 400, "a chunk longer than its size");
        http->chunk_line_len++;
        if (expected == '\n') {
                http->chunk_line_len = 0;
                http->state = READ_CHUNK_LINE;
        }
        return confirm(http, (struct slice){data.p, 1});
}

static enum http1_event take_to_end(struct http1 *http, struct slice data, size_t *used)
{
        *used = data.len;
        if (data.len > http->body.max - http->body.len)
                return refuse(http, 413, "body too large");
        return confirm(http, data);
}

static enum http1_event take(struct http1 *http, struct slice data, size_t *used)
{
        switch (http->state) {
        case READ_HEAD:
        case READ_TRAILERS:
                return take_line(http, data, used);
        case READ_BODY:
        case READ_CHUNK:
                return take_left(http, data, used);
        case READ_BODY_TO_END:
                return take_to_end(http, data, used);
        case READ_CHUNK_LINE:
                return take_chunk_line(http, data, used);
        case READ_CHUNK_END:
                return take_chunk_end(http, data, used);
        case WHOLE:
        case BAD:
                break;
        }
        return HTTP1_BAD;
}

enum http1_event http1_feed(struct http1 *http, struct slice data, size_t *used)
{
        enum http1_event event = http->state == BAD ? HTTP1_BAD : HTTP1_MORE;
        assert(http->state != WHOLE);
        *used = 0;
        while (event == HTTP1_MORE && *used < data.len) {
                size_t taken = 0;
                http->body_begun = http->body_begun || http->state != READ_HEAD;
                event = take(http, (struct slice){data.p + *used, data.len - *used}, &taken);
                *used += taken;
        }
        return event;
}

enum http1_event http1_finish(struct http1 *http)
{
        assert(http->state != WHOLE);
        if (http->state == BAD)
                return HTTP1_BAD;
        if (!http1_has_begun(http))
                return HTTP1_MORE;
        if (http->state == READ_BODY_TO_END && llhttp_finish(&http->parser) == HPE_OK)
                return become_whole(http);
        return refuse(http, 400, "cut off");
}

/* The life of a reader. */

void http1_reset(struct http1 *http)
{
        struct http1 fresh = {
                .kind = http->kind,
                .head.max = http->head.max,
                .body.max = http->body.max,
        };
        bytes_free(&http->head);
        bytes_free(&http->body);
        *http = fresh;
        llhttp_init(&http->parser, http->kind == HTTP1_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE,
                    &parser_settings);
        http->parser.data = http;
}

int http1_create(enum http1_kind kind, const struct http1_limits *limits, struct http1 **out)
{
        struct http1 *http = calloc(1, sizeof *http);
        if (!http)
                return -ENOMEM;
        http->kind = kind;
        http->head.max = limits->header_bytes_max;
        http->body.max = limits->body_bytes_max;
        http1_reset(http);
        *out = http;
        return 0;
}

void http1_destroy(struct http1 *http)
{
        if (!http)
                return;
        bytes_free(&http->head);
        bytes_free(&http->body);
        free(http);
}

void http1_set_answers_head(struct http1 *http)
{
        assert(http->kind == HTTP1_RESPONSE);
        http->answers_head = true;
}

bool http1_has_begun(const struct http1 *http)
{
        if (http->state == READ_HEAD)
                return http->head.len != 0;
        return http->state != WHOLE;
}

bool http1_wants_continue(const struct http1 *http)
{
        return http->expects_continue && !http->body_begun && http->state != READ_HEAD &&
               http->state != WHOLE && http->state != BAD;
}

const struct http1_message *http1_message(const struct http1 *http)
{
        assert(http->state == WHOLE);
        return &http->message;
}

const struct http1_error *http1_error(const struct http1 *http)
{
        assert(http->state == BAD);
        return &http->error;
}
