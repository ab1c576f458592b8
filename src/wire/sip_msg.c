/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_msg.h"

#include <string.h>

#include "base/steps.h"
#include "wire/sip_header.h"
#include "wire/sip_text.h"

/* Lines */

struct line {
        struct slice text; /* without its CR LF */
        bool is_folded;
        bool has_control; /* each behind a backslash */
};

/* To the first byte of a continuation that is no white space; false when there is none. */
static bool skip_blanks(struct text_scan *l)
{
        const char *p = l->p;
        while (p < l->end && (*p == ' ' || *p == '\t'))
                p++;
        if (p == l->end || *p == '\r')
                return false;
        text_go_on_at(l, p);
        l->p = p;
        return true;
}

static inline bool is_continued(const struct text_scan *l)
{
        return l->p < l->end && (*l->p == ' ' || *l->p == '\t');
}

/* What not nearly every line is: folded, with a tab, across two blocks; or wrong. */
static __attribute__((noinline)) int take_odd_line(struct text_scan *l, const char *start,
                                                   struct line *out)
{
        const char *p;
        for (;;) {
                if (l->p > start && is_continued(l)) {
                        if (!skip_blanks(l))
                                return ERR_SYNTAX;
                        out->is_folded = true;
                }
                p = text_next_control(l);
                if (p == l->end || *p == '\n')
                        return ERR_SYNTAX;
                if (*p == '\r') {
                        if (l->end - p < 2 || p[1] != '\n')
                                return ERR_SYNTAX;
                        l->p = p + 2;
                        text_go_on_at(l, l->p);
                        if (p == start || !is_continued(l))
                                break;
                        continue;
                }
                if (*p != '\t') {
                        if (p == start || p[-1] != '\\')
                                return ERR_SYNTAX;
                        out->has_control = true;
                }
                text_go_on_at(l, p + 1);
        }
        out->text = (struct slice){start, (size_t)(p - start)};
        return 0;
}

/*
 * Takes a line with its continuations; the empty line has none, whatever the body begins with.
 * ERR_SYNTAX: no end of line, CR or LF alone, a continuation of white space only (where some see the
 * end of the headers), a control byte.
 */
static inline int take_line(struct text_scan *l, struct line *out)
{
        const char *start = l->p;
        const char *end = text_take_plain_end(l);
        out->is_folded = out->has_control = false;
        if (!end || (is_continued(l) && end > start))
                return take_odd_line(l, start, out);
        out->text = (struct slice){start, (size_t)(end - start)};
        return 0;
}

/* The message */

struct parser {
        struct text_scan lines;
        const char *end; /* of the datagram */
        struct sip_reader reader;
        struct sip_msg *msg;
        int err;       /* the first that let us go on */
        uint32_t seen; /* SIP_HAS_* */
        uint32_t bad;
        bool is_cut; /* the body is shorter than it should be */
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
        msg->is_cut = false;
        msg->body = SLICE_NONE;
}

/* "SIP/2.0" is 0, "SIP/3.1" ERR_VERSION. */
static int check_version(struct slice version)
{
        struct text_cursor c = text_cursor(version);
        uint32_t major, minor;
        if (!text_is_word(text_take(&c, &sip_token), SLICE("sip")) || !text_at(&c, '/'))
                return ERR_SYNTAX;
        c.p++;
        if (!text_take_u32(&c, UINT32_MAX, &major) || !text_at(&c, '.'))
                return ERR_SYNTAX;
        c.p++;
        if (!text_take_u32(&c, UINT32_MAX, &minor) || !text_at_end(&c))
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

/* RFC 3261 19.1.1: no headers in a Request-URI. */
static void read_request_uri(struct parser *p, struct slice text)
{
        struct sip_uri *uri = &p->msg->request_uri;
        struct text_cursor c = {text.p, text.p + text.len, p->end};
        if (sip_take_uri(&c, uri) && text_at_end(&c) && uri->headers.len == 0)
                return;
        *uri = (struct sip_uri){.text = text, .scheme = SIP_SCHEME_OTHER};
        note(p, ERR_SYNTAX);
}

/* The version at the end of the line; what is left is the Request-URI. */
static int cut_version(struct parser *p, struct slice *rest)
{
        static const struct slice usual = {" SIP/2.0", 8};
        if (rest->len > usual.len &&
            !text_difference(rest->p + rest->len - usual.len, usual.p, usual.len)) {
                rest->len -= usual.len;
                return 0;
        }

        struct slice line = slice_trim(*rest);
        const char *space = line.len ? memrchr(line.p, ' ', line.len) : NULL;
        if (!space)
                return ERR_SYNTAX;
        const char *version = space + 1;
        int err = check_version((struct slice){version, (size_t)(line.p + line.len - version)});
        if (err == ERR_SYNTAX)
                return err;
        if (err)
                note(p, err);
        if (line.p + line.len != rest->p + rest->len)
                note(p, ERR_SYNTAX);
        rest->len = (size_t)(space - rest->p);
        return 0;
}

/*
 * Method SP Request-URI SP SIP-Version. With a method and a version it is a request that can be
 * answered, whatever stands between them.
 */
static int read_request_line(struct parser *p, struct slice line)
{
        struct sip_msg *msg = p->msg;
        struct text_cursor c = {line.p, line.p + line.len, p->end};
        msg->method_text = text_take(&c, &sip_token);
        if (!msg->method_text.len || !text_at(&c, ' '))
                return ERR_SYNTAX;
        c.p++;

        struct slice uri = {c.p, (size_t)(c.end - c.p)};
        int err = cut_version(p, &uri);
        if (err)
                return err;
        msg->is_request = true;
        msg->method = sip_method_from(msg->method_text);
        read_request_uri(p, uri);
        return 0;
}

static int read_start_line(struct parser *p)
{
        struct line line;
        int err;
        do {
                err = take_line(&p->lines, &line);
        } while (!err && line.text.len == 0);
        if (err)
                return err;
        if (line.is_folded || line.has_control)
                return ERR_SYNTAX;

        /* No method holds a slash. */
        if (line.text.len > 4 && text_is_word((struct slice){line.text.p, 4}, SLICE("sip/")))
                return read_status_line(p, line.text);
        return read_request_line(p, line.text);
}

/* From the colon to the value, without white space around it. */
static inline void go_to_value(struct text_cursor *c)
{
        c->p++;
        text_skip_lws(c);
        while (c->end > c->p && (c->end[-1] == ' ' || c->end[-1] == '\t'))
                c->end--;
}

/*
 * The header that the line begins with, NULL when nothing reads it; the cursor goes to its value.
 * A name that is known needs no look at its bytes.
 */
static inline int take_name(struct text_cursor *c, const struct sip_header **out)
{
        struct slice name = {c->p, text_find16(c, ':')};
        *out = name.len > 0 && name.len < 16 ? sip_header_find(name) : NULL;
        if (*out) {
                c->p += name.len;
                go_to_value(c);
                return 0;
        }

        name = text_take(c, &sip_token);
        /* HCOLON: white space before the colon is allowed, a fold is not. */
        while (text_at(c, ' ') || text_at(c, '\t'))
                c->p++;
        if (name.len == 0 || !text_at(c, ':'))
                return ERR_SYNTAX;
        *out = sip_header_find(name);
        go_to_value(c);
        return 0;
}

/* The cursor holds one line. */
static inline void read_header(struct parser *p, struct text_cursor *c, bool has_control)
{
        const struct sip_header *header;
        int err = take_name(c, &header);
        if (err) {
                note(p, err);
                return;
        }
        if (!header) {
                if (has_control)
                        note(p, ERR_SYNTAX);
                return;
        }
        if (p->seen & header->bit & SIP_HEADERS_ONCE) {
                note(p, ERR_SYNTAX);
                return;
        }

        p->seen |= header->bit;
        err = header->read(c, &p->reader);
        if (err) {
                p->bad |= header->bit;
                note(p, err);
        }
}

/* Up to and with the empty line; an error here means that the lines themselves are not to be had. */
static int read_headers(struct parser *p)
{
        struct text_scan lines = p->lines; /* a copy that can live in registers */
        for (unsigned count = 0;; count++) {
                struct line line;
                int err = take_line(&lines, &line);
                if (err)
                        return err;
                if (line.text.len == 0)
                        break;
                if (count == SIP_HEADERS_MAX)
                        return ERR_TOO_LARGE;
                struct text_cursor c = {line.text.p, line.text.p + line.text.len, p->end};
                read_header(p, &c, line.has_control);
        }
        p->lines = lines;
        return 0;
}

static void read_body(struct parser *p)
{
        size_t bytes = (size_t)(p->lines.end - p->lines.p);
        if (p->msg->has_content_length) {
                p->is_cut = p->reader.declared_length > bytes;
                if (!p->is_cut)
                        bytes = p->reader.declared_length;
        }
        p->msg->body = (struct slice){p->lines.p, bytes};
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
        } else if (!text_is_same(msg->cseq_method_text, msg->method_text)) {
                note(p, ERR_SYNTAX);
        }
        if (msg->from.tag.len == 0 && has_cookie(&msg->vias[0]))
                note(p, ERR_SYNTAX);
        if (p->reader.has_other_encoding)
                msg->content_is_sdp = false;
}

static int read_message(struct slice datagram, struct sip_msg *out, bool *reply_possible)
{
        struct text_cursor whole = text_cursor(datagram);
        struct parser p = {
                .lines = text_scan(whole),
                .end = whole.end,
                .reader = {.msg = out},
                .msg = out,
        };
        init_msg(out, datagram);
        int err = read_start_line(&p);
        if (!err)
                err = read_headers(&p);
        if (err)
                return err;

        read_body(&p);
        if ((p.seen & ~p.bad & SIP_HEADERS_REQUIRED) != SIP_HEADERS_REQUIRED) {
                note(&p, ERR_SYNTAX);
                return p.err;
        }
        check_whole(&p);
        out->is_cut = p.is_cut && !p.err;
        if (p.is_cut)
                note(&p, ERR_SYNTAX);
        *reply_possible = p.err && out->is_request;
        return p.err;
}

int sip_msg_parse(struct slice datagram, struct sip_msg *out, bool *reply_possible)
{
        *reply_possible = false;
        if (datagram.len > SIP_MSG_BYTES_MAX)
                return ERR_TOO_LARGE;

        uint64_t before = steps_taken();
        int err = read_message(datagram, out, reply_possible);
        steps_assert_bounded(before, datagram.len);
        return err;
}

bool sip_param_find(struct slice params, struct slice name, struct slice *value)
{
        struct text_cursor c = text_cursor(params);
        struct sip_param param;
        do {
                if (!sip_take_param(&c, &param))
                        return false;
                if (slice_equal_nocase(param.name, name)) {
                        *value = param.value;
                        return true;
                }
        } while (text_take_char(&c, ';'));
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
