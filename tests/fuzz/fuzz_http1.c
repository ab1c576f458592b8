/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte says what follows it: 'R' a stream of responses, 'H' answers to HEAD, any other
 * byte requests. However the stream is cut into pieces, the same messages must come out of it.
 */
#include <string.h>

#include "base/random.h"
#include "base/siphash.h"
#include "fuzz.h"
#include "wire/http1.h"

static const struct http1_limits limits = {.header_bytes_max = 1024, .body_bytes_max = 512};
static const struct siphash_key key = {{17, 4}};

struct outcome {
        uint64_t hash; /* over everything that came out, in order */
        unsigned messages;
        unsigned status; /* of the refusal; 0: none */
        size_t used;     /* by whole messages */
};

static void add(struct outcome *o, struct slice s)
{
        uint64_t row[3] = {o->hash, s.len, siphash(&key, s.len ? s.p : "", s.len)};
        o->hash = siphash(&key, row, sizeof row);
}

static bool ends_its_lines(struct slice head)
{
        for (size_t i = 0; i < head.len; i++) {
                bool lf_next = i + 1 < head.len && head.p[i + 1] == '\n';
                bool cr_before = i > 0 && head.p[i - 1] == '\r';
                if ((head.p[i] == '\r' && !lf_next) || (head.p[i] == '\n' && !cr_before) ||
                    head.p[i] == '\0')
                        return false;
        }
        return true;
}

/* What every message that is accepted keeps; `raw` are the bytes it was read from. */
static void check_message(const struct http1 *http, enum http1_kind kind, struct slice raw)
{
        const struct http1_message *m = http1_message(http);
        struct slice value;
        const char *end = memmem(raw.p, raw.len, "\r\n\r\n", 4);
        MUST(end);
        MUST(ends_its_lines((struct slice){raw.p, (size_t)(end - raw.p) + 4}));
        MUST(m->body.len <= limits.body_bytes_max);
        MUST(m->minor <= 1);
        MUST(!http1_has_begun(http));
        MUST(!http1_wants_continue(http));
        MUST(!http1_find_field(http, SLICE("Content-Length"), &value) ||
             !http1_find_field(http, SLICE("Transfer-Encoding"), &value));
        if (kind == HTTP1_RESPONSE) {
                MUST(m->status >= 100 && m->status <= 999);
                return;
        }
        MUST(m->method.len > 0);
        MUST(m->path.len > 0 && (m->path.p[0] == '/' || m->path.p[0] == '*'));
        MUST(m->host.len > 0 || m->minor == 0);
}

static void take_message(struct outcome *o, const struct http1 *http)
{
        const struct http1_message *m = http1_message(http);
        uint32_t numbers[3] = {m->minor, m->keep_alive, m->status};
        const struct slice parts[] = {
                m->method,        m->path,         m->query,           m->host,
                m->authorization, m->content_type, m->idempotency_key, m->body};
        o->messages++;
        add(o, (struct slice){(const char *)numbers, sizeof numbers});
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
                add(o, parts[i]);
}

/* `pieces` chooses the length of each piece; NULL: all at once. */
static struct outcome read_stream(enum http1_kind kind, bool is_head, struct slice data,
                                  struct random *pieces, uint32_t piece_max)
{
        struct outcome o = {0};
        struct http1 *http = NULL;
        MUST(http1_create(kind, &limits, &http) == 0);
        if (is_head)
                http1_set_answers_head(http);

        enum http1_event event = HTTP1_MORE;
        size_t at = 0, begin = 0;
        while (at < data.len && event != HTTP1_BAD) {
                size_t len = data.len - at, taken = 0;
                if (pieces && len > 1) {
                        size_t piece = 1 + random_below(pieces, piece_max);
                        len = piece < len ? piece : len;
                }
                event = http1_feed(http, (struct slice){data.p + at, len}, &taken);
                MUST(taken <= len && (event != HTTP1_MORE || taken == len));
                at += taken;
                if (event != HTTP1_MESSAGE)
                        continue;
                check_message(http, kind, (struct slice){data.p + begin, at - begin});
                take_message(&o, http);
                http1_reset(http);
                if (is_head)
                        http1_set_answers_head(http);
                begin = o.used = at;
        }
        if (event != HTTP1_BAD)
                event = http1_finish(http);
        if (event == HTTP1_MESSAGE)
                take_message(&o, http);
        if (event == HTTP1_BAD)
                o.status = http1_error(http)->status;
        http1_destroy(http);
        return o;
}

static void must_equal(const struct outcome *a, const struct outcome *b)
{
        MUST(a->messages == b->messages);
        MUST(a->status == b->status);
        MUST(a->used == b->used);
        MUST(a->hash == b->hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
        if (size < 1)
                return 0;
        struct slice data = {(const char *)bytes + 1, size - 1};
        bool is_head = bytes[0] == 'H';
        enum http1_kind kind = is_head || bytes[0] == 'R' ? HTTP1_RESPONSE : HTTP1_REQUEST;

        struct outcome whole = read_stream(kind, is_head, data, NULL, 0);
        static const uint32_t piece_max[] = {1, 3, 40, 400};
        for (unsigned i = 0; i < sizeof piece_max / sizeof *piece_max; i++) {
                struct random random;
                random_init_seeded(&random, siphash(&key, bytes, size) + i);
                struct outcome cut = read_stream(kind, is_head, data, &random, piece_max[i]);
                must_equal(&whole, &cut);
        }
        return 0;
}
