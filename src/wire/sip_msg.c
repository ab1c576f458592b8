/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_msg.h"

#include <endian.h>
#include <string.h>

#include "wire/sip_header.h"
#include "wire/sip_text.h"

#define BIT(header) (UINT32_C(1) << (header))
#define REQUIRED                                                                                   \
        (BIT(SIP_HEADER_VIA) | BIT(SIP_HEADER_FROM) | BIT(SIP_HEADER_TO) |                         \
         BIT(SIP_HEADER_CALL_ID) | BIT(SIP_HEADER_CSEQ))

/* Lines */

struct line {
        struct slice text; /* without its CR LF */
        bool is_folded;
        bool has_control; /* each behind a backslash */
};

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* The first byte below space or DEL, eight at a time; `end` without one. */
static const char *next_control(const char *p, const char *end)
{
        while (end - p >= 8) {
                uint64_t word;
                memcpy(&word, p, sizeof word);
                word = le64toh(word);
                uint64_t del = word ^ EACH_BYTE(0x7f);
                uint64_t hit = ((word - EACH_BYTE(0x20)) & ~word) | ((del - EACH_BYTE(1)) & ~del);
                hit &= EACH_BYTE(0x80);
                /* A borrow can mark bytes above a true hit, never below it. */
                if (hit)
                        return p + __builtin_ctzll(hit) / 8;
                p += 8;
        }
        while (p < end && (uint8_t)*p >= ' ' && *p != 0x7f)
                p++;
        return p;
}

/*
 * Takes a line with its continuations. ERR_SYNTAX: no end of line, CR or LF alone, a continuation
 * of white space only (where some see the end of the headers), a control byte.
 */
static int take_line(struct sip_cursor *c, struct line *out)
{
        const char *start = c->p;
        const char *p = start;
        struct line line = {{0}};
        for (;;) {
                p = next_control(p, c->end);
                if (p == c->end || *p == '\n')
                        return ERR_SYNTAX;
                if (*p == '\r') {
                        if (c->end - p < 2 || p[1] != '\n')
                                return ERR_SYNTAX;
                        if (c->end - p < 3 || (p[2] != ' ' && p[2] != '\t'))
                                break;
                        for (p += 2; p < c->end && (*p == ' ' || *p == '\t');)
                                p++;
                        if (p == c->end || *p == '\r')
                                return ERR_SYNTAX;
                        line.is_folded = true;
                        continue;
                }
                if (*p != '\t') {
                        if (p == start || p[-1] != '\\')
                                return ERR_SYNTAX;
                        line.has_control = true;
                }
                p++;
        }
        line.text = (struct slice){start, (size_t)(p - start)};
        *out = line;
        c->p = p + 2;
        return 0;
}

/* The message */

struct parser {
        struct sip_cursor rest;
        struct sip_reader reader;
        struct sip_msg *msg;
        int err;       /* the first that let us go on */
        uint32_t seen; /* BIT(header) */
        uint32_t bad;
};

static void note(struct parser *p, int err)
{
        if (!p->err)
                p->err = err;
}

static void init_msg(struct sip_msg *msg, struct slice datagram)
{
        msg->text = datagram;
        msg->is_request = false;
        msg->method = SIP_METHOD_OTHER;
        msg->method_text = SLICE_NONE;
        memset(&msg->request_uri, 0, sizeof msg->request_uri);
        msg->status = 0;
        msg->via_count = 0;
        msg->max_forwards = -1;
        msg->contact_count = 0;
        msg->contact_is_star = false;
        msg->route_count = 0;
        msg->record_route_count = 0;
        msg->asserted_count = 0;
        msg->privacy = msg->require = msg->proxy_require = msg->supported = msg->allow = 0;
        msg->require_text = SLICE_NONE;
        msg->session_expires_s = msg->min_se_s = 0;
        msg->session_refresher = SLICE_NONE;
        msg->rseq = msg->rack_rseq = msg->rack_cseq = 0;
        msg->rack_method = SIP_METHOD_OTHER;
        msg->retry_after_s = 0;
        msg->expires_s = -1;
        msg->content_type = SLICE_NONE;
        msg->content_is_sdp = false;
        msg->has_content_length = false;
        msg->body = SLICE_NONE;
}

/* "SIP/2.0" is 0, "SIP/3.1" ERR_VERSION. */
static int check_version(struct slice version)
{
        struct sip_cursor c = sip_cursor(version);
        uint32_t major, minor;
        if (!sip_is_word(sip_take(&c, SIP_TOKEN), SLICE("sip")) || !sip_at(&c, '/'))
                return ERR_SYNTAX;
        c.p++;
        if (!sip_take_u32(&c, UINT32_MAX, &major) || !sip_at(&c, '.'))
                return ERR_SYNTAX;
        c.p++;
        if (!sip_take_u32(&c, UINT32_MAX, &minor) || !sip_at_end(&c))
                return ERR_SYNTAX;
        return major == 2 && minor == 0 ? 0 : ERR_VERSION;
}

static int read_status_line(struct parser *p, struct slice line)
{
        struct slice rest;
        int err = check_version(slice_split(line, ' ', &rest));
        if (err)
                return err;

        /* The reason phrase may be empty, the space before it may not (RFC 4475 3.1.1.13). */
        uint32_t status;
        if (rest.len < 4 || rest.p[3] != ' ' ||
            slice_to_u32((struct slice){rest.p, 3}, 699, &status) || status < 100)
                return ERR_SYNTAX;
        p->msg->status = (uint16_t)status;
        return 0;
}

/*
 * Method SP Request-URI SP SIP-Version. With a method and a version it is a request that can be
 * answered, whatever stands between them.
 */
static int read_request_line(struct parser *p, struct slice line)
{
        struct sip_msg *msg = p->msg;
        struct sip_cursor c = sip_cursor(line);
        msg->method_text = sip_take(&c, SIP_TOKEN);
        if (!msg->method_text.len || !sip_at(&c, ' '))
                return ERR_SYNTAX;
        const char *uri = ++c.p;

        struct slice rest = slice_trim((struct slice){uri, (size_t)(c.end - uri)});
        const char *space = rest.len ? memrchr(rest.p, ' ', rest.len) : NULL;
        if (!space)
                return ERR_SYNTAX;
        const char *version = space + 1;
        int err = check_version((struct slice){version, (size_t)(rest.p + rest.len - version)});
        if (err == ERR_SYNTAX)
                return err;
        if (err)
                note(p, err);
        if (rest.p + rest.len != c.end)
                note(p, ERR_SYNTAX);

        msg->is_request = true;
        msg->method = sip_method_from(msg->method_text);
        struct slice text = {uri, (size_t)(space - uri)};
        /* RFC 3261 19.1.1: no headers in a Request-URI. */
        if (sip_uri_parse(text, &msg->request_uri) || msg->request_uri.headers.len) {
                msg->request_uri = (struct sip_uri){.text = text, .scheme = SIP_SCHEME_OTHER};
                note(p, ERR_SYNTAX);
        }
        return 0;
}

static int read_start_line(struct parser *p)
{
        struct line line;
        while (p->rest.end - p->rest.p >= 2 && !memcmp(p->rest.p, "\r\n", 2))
                p->rest.p += 2;
        int err = take_line(&p->rest, &line);
        if (err)
                return err;
        if (line.is_folded || line.has_control)
                return ERR_SYNTAX;

        /* No method holds a slash. */
        if (line.text.len > 4 && sip_is_word((struct slice){line.text.p, 4}, SLICE("sip/")))
                return read_status_line(p, line.text);
        return read_request_line(p, line.text);
}

static bool split_header(struct slice line, struct slice *name, struct slice *value)
{
        struct sip_cursor c = sip_cursor(line);
        *name = sip_take(&c, SIP_TOKEN);
        /* HCOLON: white space before the colon is allowed, a fold is not. */
        while (sip_at(&c, ' ') || sip_at(&c, '\t'))
                c.p++;
        if (!name->len || !sip_at(&c, ':'))
                return false;
        c.p++;
        sip_skip_lws(&c);
        *value = slice_trim((struct slice){c.p, (size_t)(c.end - c.p)});
        return true;
}

static void read_header(struct parser *p, const struct line *line)
{
        struct slice name, value;
        if (!split_header(line->text, &name, &value)) {
                note(p, ERR_SYNTAX);
                return;
        }
        enum sip_header header = sip_header_from(name);
        if (header == SIP_HEADER_OTHER) {
                if (line->has_control)
                        note(p, ERR_SYNTAX);
                return;
        }
        if ((p->seen & BIT(header)) && sip_header_is_single(header)) {
                note(p, ERR_SYNTAX);
                return;
        }

        p->seen |= BIT(header);
        int err = sip_header_read(header, value, &p->reader);
        if (err) {
                p->bad |= BIT(header);
                note(p, err);
        }
}

/* Up to and with the empty line; an error here means that the lines themselves are not to be had. */
static int read_headers(struct parser *p)
{
        for (unsigned count = 0;; count++) {
                struct line line;
                int err = take_line(&p->rest, &line);
                if (err)
                        return err;
                if (line.text.len == 0)
                        return 0;
                if (count == SIP_HEADERS_MAX)
                        return ERR_TOO_LARGE;
                read_header(p, &line);
        }
}

static void read_body(struct parser *p)
{
        size_t bytes = (size_t)(p->rest.end - p->rest.p);
        if (p->msg->has_content_length) {
                if (p->reader.declared_length > bytes) {
                        note(p, ERR_SYNTAX);
                        return;
                }
                bytes = p->reader.declared_length;
        }
        p->msg->body = (struct slice){p->rest.p, bytes};
}

static bool has_cookie(const struct sip_via *via)
{
        return slice_starts_with(via->branch, SLICE("z9hG4bK"));
}

/* What no header alone can be wrong about; the required ones were good. */
static void check_whole(struct parser *p)
{
        struct sip_msg *msg = p->msg;
        if (!msg->is_request) {
                msg->method = msg->cseq_method;
                msg->method_text = msg->cseq_method_text;
        } else if (!slice_equal(msg->cseq_method_text, msg->method_text)) {
                note(p, ERR_SYNTAX);
        }
        if (msg->from.tag.len == 0 && has_cookie(&msg->vias[0]))
                note(p, ERR_SYNTAX);
        if (p->reader.has_other_encoding)
                msg->content_is_sdp = false;
}

int sip_msg_parse(struct slice datagram, struct sip_msg *out, bool *reply_possible)
{
        struct parser p = {
                .rest = sip_cursor(datagram),
                .reader = {.msg = out},
                .msg = out,
        };
        *reply_possible = false;
        if (datagram.len > SIP_MSG_BYTES_MAX)
                return ERR_TOO_LARGE;

        init_msg(out, datagram);
        int err = read_start_line(&p);
        if (!err)
                err = read_headers(&p);
        if (err)
                return err;

        read_body(&p);
        if ((p.seen & ~p.bad & REQUIRED) != REQUIRED) {
                note(&p, ERR_SYNTAX);
                return p.err;
        }
        check_whole(&p);
        *reply_possible = p.err && out->is_request;
        return p.err;
}

/* Methods */

#define NAME(literal)                                                                              \
        {                                                                                          \
                literal, sizeof(literal) - 1                                                       \
        }

static const struct slice method_names[SIP_METHODS] = {
        [SIP_INVITE] = NAME("INVITE"),
        [SIP_ACK] = NAME("ACK"),
        [SIP_BYE] = NAME("BYE"),
        [SIP_CANCEL] = NAME("CANCEL"),
        [SIP_OPTIONS] = NAME("OPTIONS"),
        [SIP_UPDATE] = NAME("UPDATE"),
        [SIP_PRACK] = NAME("PRACK"),
        [SIP_INFO] = NAME("INFO"),
        [SIP_REFER] = NAME("REFER"),
        [SIP_NOTIFY] = NAME("NOTIFY"),
        [SIP_SUBSCRIBE] = NAME("SUBSCRIBE"),
        [SIP_PUBLISH] = NAME("PUBLISH"),
        [SIP_MESSAGE] = NAME("MESSAGE"),
        [SIP_REGISTER] = NAME("REGISTER"),
};

struct slice sip_method_name(enum sip_method method)
{
        return method_names[method];
}

enum sip_method sip_method_from(struct slice token)
{
        for (unsigned i = 0; i < SIP_METHOD_OTHER; i++) {
                if (slice_equal(method_names[i], token))
                        return (enum sip_method)i;
        }
        return SIP_METHOD_OTHER;
}

bool sip_param_find(struct slice params, struct slice name, struct slice *value)
{
        struct sip_cursor c = sip_cursor(params);
        struct sip_param param;
        do {
                if (!sip_take_param(&c, &param))
                        return false;
                if (slice_equal_nocase(param.name, name)) {
                        *value = param.value;
                        return true;
                }
        } while (sip_take_char(&c, ';'));
        return false;
}

void sip_via_reply_to(const struct sip_via *via, const struct addr *source, struct addr *out)
{
        uint16_t port = via->transport == SIP_TLS ? 5061 : 5060;
        if (via->port)
                port = via->port;
        *out = *source;
        if (!via->has_rport)
                out->port = port;
}
