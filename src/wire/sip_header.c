/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_header.h"

#include <string.h>

#include "wire/sip_text.h"

/* A list of tokens, calling `note` for each. */
typedef void token_fn(uint32_t *bits, struct slice token);

static int read_tokens(struct slice value, char separator, token_fn *note, uint32_t *bits)
{
        struct sip_cursor c = sip_cursor(value);
        do {
                struct slice token = sip_take(&c, SIP_TOKEN);
                if (token.len == 0)
                        return ERR_SYNTAX;
                note(bits, token);
        } while (sip_take_char(&c, separator));
        return sip_at_end(&c) ? 0 : ERR_SYNTAX;
}

static int read_number(struct slice value, uint32_t max, uint32_t *out)
{
        struct sip_cursor c = sip_cursor(value);
        uint32_t number;
        if (!sip_take_u32(&c, max, &number) || !sip_at_end(&c))
                return ERR_SYNTAX;
        *out = number;
        return 0;
}

/* ";" parameters behind a value, only checked. */
static bool skip_params(struct sip_cursor *c)
{
        struct sip_param param;
        while (sip_take_char(c, ';')) {
                if (!sip_take_param(c, &param))
                        return false;
        }
        return sip_at_end(c);
}

/* name-addr and addr-spec */

static bool take_bracketed(struct sip_cursor *c, struct sip_uri *out)
{
        const char *start = ++c->p;
        const char *close = memchr(start, '>', (size_t)(c->end - start));
        if (!close)
                return false;
        c->p = close + 1;
        return sip_uri_parse((struct slice){start, (size_t)(close - start)}, out) == 0;
}

/*
 * RFC 3261 20: without brackets the URI ends at the first ";", and may hold neither "," nor "?".
 */
static bool take_bare(struct sip_cursor *c, struct sip_uri *out)
{
        const char *start = c->p;
        while (c->p < c->end && *c->p != ';' && *c->p != ',' && *c->p != ' ' && *c->p != '\t' &&
               *c->p != '\r') {
                if (*c->p == '?')
                        return false;
                c->p++;
        }
        return sip_uri_parse((struct slice){start, (size_t)(c->p - start)}, out) == 0;
}

/*
 * The words before "<". RFC 4475 3.1.1.6: no white space need follow the last one. A first word
 * that ends in ":" is the scheme of a bare URI: the cursor goes back to it.
 */
static bool take_display(struct sip_cursor *c, struct slice *out)
{
        const char *start = c->p;
        const char *end = start;
        *out = SLICE_NONE;
        if (sip_at(c, '"')) {
                bool is_good = sip_take_quoted(c, out);
                sip_skip_lws(c);
                return is_good && sip_at(c, '<');
        }
        while (sip_take(c, SIP_TOKEN).len) {
                if (end == start && sip_at(c, ':')) {
                        c->p = start;
                        return true;
                }
                end = c->p;
                sip_skip_lws(c);
        }
        *out = (struct slice){start, (size_t)(end - start)};
        return sip_at(c, '<');
}

static bool is_token(struct slice s)
{
        struct sip_cursor c = sip_cursor(s);
        sip_take(&c, SIP_TOKEN);
        return s.len && sip_at_end(&c);
}

/* `end` moves behind the last parameter. */
static bool take_addr_params(struct sip_cursor *c, struct sip_name_addr *out, const char **end)
{
        const char *first = NULL;
        while (sip_at(c, ';')) {
                struct sip_param param;
                c->p++;
                if (!first)
                        first = c->p;
                if (!sip_take_param(c, &param))
                        return false;
                *end = c->p;
                sip_skip_lws(c);
                if (!sip_is_word(param.name, SLICE("tag")))
                        continue;
                if (out->tag.len || !is_token(param.value))
                        return false;
                out->tag = param.value;
        }
        if (first)
                out->params = (struct slice){first, (size_t)(*end - first)};
        return true;
}

static bool take_name_addr(struct sip_cursor *c, bool must_bracket, struct sip_name_addr *out)
{
        const char *start = c->p;
        out->params = out->tag = SLICE_NONE;
        if (!take_display(c, &out->display))
                return false;
        if (sip_at(c, '<') ? !take_bracketed(c, &out->uri)
                           : must_bracket || !take_bare(c, &out->uri))
                return false;

        const char *end = c->p;
        sip_skip_lws(c);
        if (!take_addr_params(c, out, &end))
                return false;
        out->text = (struct slice){start, (size_t)(end - start)};
        return true;
}

static int read_one_addr(struct slice value, struct sip_name_addr *out)
{
        struct sip_cursor c = sip_cursor(value);
        return take_name_addr(&c, false, out) && sip_at_end(&c) ? 0 : ERR_SYNTAX;
}

static int read_addrs(struct slice value, bool must_bracket, struct sip_name_addr *array,
                      uint16_t max, uint16_t *count)
{
        struct sip_cursor c = sip_cursor(value);
        do {
                if (*count == max)
                        return ERR_TOO_LARGE;
                if (!take_name_addr(&c, must_bracket, &array[*count]))
                        return ERR_SYNTAX;
                ++*count;
        } while (sip_take_char(&c, ','));
        return sip_at_end(&c) ? 0 : ERR_SYNTAX;
}

static int read_contact(struct slice value, struct sip_msg *msg)
{
        if (msg->contact_is_star)
                return ERR_SYNTAX;
        if (slice_equal(value, SLICE("*"))) {
                msg->contact_is_star = msg->contact_count == 0;
                return msg->contact_is_star ? 0 : ERR_SYNTAX;
        }
        return read_addrs(value, false, msg->contacts, SIP_CONTACTS_MAX, &msg->contact_count);
}

/* Via */

static enum sip_transport transport_from(struct slice token)
{
        if (sip_is_word(token, SLICE("udp")))
                return SIP_UDP;
        if (sip_is_word(token, SLICE("tcp")))
                return SIP_TCP;
        return sip_is_word(token, SLICE("tls")) ? SIP_TLS : SIP_TRANSPORT_OTHER;
}

static bool note_via_param(struct sip_via *via, const struct sip_param *param)
{
        if (sip_is_word(param->name, SLICE("branch"))) {
                if (via->branch.len || !is_token(param->value))
                        return false;
                via->branch = param->value;
        } else if (sip_is_word(param->name, SLICE("received"))) {
                struct addr a;
                if (via->received.len || addr_parse_ip(param->value, &a))
                        return false;
                via->received = param->value;
        } else if (sip_is_word(param->name, SLICE("rport"))) {
                struct sip_cursor c = sip_cursor(param->value);
                if (via->has_rport)
                        return false;
                via->has_rport = true;
                return !param->has_value || (sip_take_port(&c, &via->rport) && sip_at_end(&c));
        }
        return true;
}

/* "SIP / 2.0 / UDP"; any version, since a request of another one is answered too (505). */
static bool take_sent_protocol(struct sip_cursor *c, enum sip_transport *out)
{
        if (!sip_is_word(sip_take(c, SIP_TOKEN), SLICE("sip")) || !sip_take_char(c, '/'))
                return false;
        if (!sip_take(c, SIP_TOKEN).len || !sip_take_char(c, '/'))
                return false;
        struct slice transport = sip_take(c, SIP_TOKEN);
        const char *end = c->p;
        sip_skip_lws(c);
        *out = transport_from(transport);
        return transport.len && c->p > end;
}

static bool take_via(struct sip_cursor *c, struct sip_via *out)
{
        const char *start = c->p;
        memset(out, 0, sizeof *out);
        if (!take_sent_protocol(c, &out->transport) || !sip_take_host(c, &out->host))
                return false;

        const char *end = c->p;
        if (sip_take_char(c, ':')) {
                if (!sip_take_port(c, &out->port))
                        return false;
                end = c->p;
        }
        while (sip_take_char(c, ';')) {
                struct sip_param param;
                if (!sip_take_param(c, &param) || !note_via_param(out, &param))
                        return false;
                end = c->p;
        }
        out->text = (struct slice){start, (size_t)(end - start)};
        return true;
}

static int read_via(struct slice value, struct sip_msg *msg)
{
        struct sip_cursor c = sip_cursor(value);
        do {
                if (msg->via_count == SIP_VIAS_MAX)
                        return ERR_TOO_LARGE;
                if (!take_via(&c, &msg->vias[msg->via_count]))
                        return ERR_SYNTAX;
                msg->via_count++;
        } while (sip_take_char(&c, ','));
        return sip_at_end(&c) ? 0 : ERR_SYNTAX;
}

/* the rest, in the order of enum sip_header */

static int read_call_id(struct slice value, struct sip_msg *msg)
{
        struct sip_cursor c = sip_cursor(value);
        if (!sip_take(&c, SIP_WORD).len)
                return ERR_SYNTAX;
        if (sip_at(&c, '@')) {
                c.p++;
                if (!sip_take(&c, SIP_WORD).len)
                        return ERR_SYNTAX;
        }
        if (!sip_at_end(&c))
                return ERR_SYNTAX;
        msg->call_id = value;
        return 0;
}

/* "314159 INVITE" up to the end. */
static bool take_cseq(struct sip_cursor *c, uint32_t *number, struct slice *method)
{
        if (!sip_take_u32(c, UINT32_MAX, number))
                return false;
        const char *end = c->p;
        sip_skip_lws(c);
        bool is_apart = c->p > end;
        *method = sip_take(c, SIP_TOKEN);
        return is_apart && method->len && sip_at_end(c);
}

static int read_cseq(struct slice value, struct sip_msg *msg)
{
        struct sip_cursor c = sip_cursor(value);
        if (!take_cseq(&c, &msg->cseq, &msg->cseq_method_text))
                return ERR_SYNTAX;
        msg->cseq_method = sip_method_from(msg->cseq_method_text);
        return 0;
}

static int read_max_forwards(struct slice value, struct sip_msg *msg)
{
        uint32_t hops;
        int err = read_number(value, 255, &hops); /* RFC 3261 20.22 */
        if (!err)
                msg->max_forwards = (int)hops;
        return err;
}

static void note_privacy(uint32_t *bits, struct slice token)
{
        if (sip_is_word(token, SLICE("id")))
                *bits |= SIP_PRIVACY_ID;
        else if (sip_is_word(token, SLICE("user")))
                *bits |= SIP_PRIVACY_USER;
        else if (sip_is_word(token, SLICE("header")))
                *bits |= SIP_PRIVACY_HEADER;
        else if (sip_is_word(token, SLICE("critical")))
                *bits |= SIP_PRIVACY_CRITICAL;
}

/* Several headers, and commas in place of semicolons, add up to the most private reading. */
static int read_privacy(struct slice value, struct sip_msg *msg)
{
        char separator = memchr(value.p, ',', value.len) ? ',' : ';';
        return read_tokens(value, separator, note_privacy, &msg->privacy);
}

static void note_option(uint32_t *bits, struct slice token)
{
        if (sip_is_word(token, SLICE("100rel")))
                *bits |= SIP_OPTION_100REL;
        else if (sip_is_word(token, SLICE("timer")))
                *bits |= SIP_OPTION_TIMER;
        else if (sip_is_word(token, SLICE("replaces")))
                *bits |= SIP_OPTION_REPLACES;
        else
                *bits |= SIP_OPTION_UNKNOWN;
}

static int read_require(struct slice value, struct sip_msg *msg)
{
        if (msg->require_text.len == 0)
                msg->require_text = value;
        return read_tokens(value, ',', note_option, &msg->require);
}

static int read_supported(struct slice value, struct sip_msg *msg)
{
        return value.len ? read_tokens(value, ',', note_option, &msg->supported) : 0;
}

static void note_method(uint32_t *bits, struct slice token)
{
        *bits |= UINT32_C(1) << sip_method_from(token);
}

static int read_allow(struct slice value, struct sip_msg *msg)
{
        return value.len ? read_tokens(value, ',', note_method, &msg->allow) : 0;
}

/* RFC 4028 4 */
static int read_session_expires(struct slice value, struct sip_msg *msg)
{
        struct sip_cursor c = sip_cursor(value);
        uint32_t seconds;
        if (!sip_take_u32(&c, UINT32_MAX, &seconds))
                return ERR_SYNTAX;
        while (sip_take_char(&c, ';')) {
                struct sip_param param;
                if (!sip_take_param(&c, &param))
                        return ERR_SYNTAX;
                if (!sip_is_word(param.name, SLICE("refresher")))
                        continue;
                bool is_known = sip_is_word(param.value, SLICE("uac")) ||
                                sip_is_word(param.value, SLICE("uas"));
                if (msg->session_refresher.len || !is_known)
                        return ERR_SYNTAX;
                msg->session_refresher = param.value;
        }
        msg->session_expires_s = seconds;
        return sip_at_end(&c) ? 0 : ERR_SYNTAX;
}

static int read_min_se(struct slice value, struct sip_msg *msg)
{
        struct sip_cursor c = sip_cursor(value);
        uint32_t seconds;
        if (!sip_take_u32(&c, UINT32_MAX, &seconds) || !skip_params(&c))
                return ERR_SYNTAX;
        msg->min_se_s = seconds;
        return 0;
}

/* RFC 3262 7.2 */
static int read_rack(struct slice value, struct sip_msg *msg)
{
        struct sip_cursor c = sip_cursor(value);
        uint32_t rseq, cseq;
        struct slice method;
        if (!sip_take_u32(&c, UINT32_MAX, &rseq))
                return ERR_SYNTAX;
        const char *end = c.p;
        sip_skip_lws(&c);
        if (c.p == end || !take_cseq(&c, &cseq, &method))
                return ERR_SYNTAX;
        msg->rack_rseq = rseq;
        msg->rack_cseq = cseq;
        msg->rack_method = sip_method_from(method);
        return 0;
}

/* A comment in parentheses, which may nest; the cursor is at the first. */
static bool skip_comment(struct sip_cursor *c)
{
        unsigned depth = 0;
        while (c->p < c->end) {
                uint8_t ch = (uint8_t)*c->p++;
                if (ch == '(') {
                        depth++;
                } else if (ch == ')') {
                        if (--depth == 0)
                                return true;
                } else if (ch == '\\') {
                        if (sip_at_end(c))
                                return false;
                        c->p++;
                } else if (sip_is_control(ch)) {
                        return false;
                }
        }
        return false;
}

static int read_retry_after(struct slice value, struct sip_msg *msg)
{
        struct sip_cursor c = sip_cursor(value);
        uint32_t seconds;
        if (!sip_take_u32(&c, UINT32_MAX, &seconds))
                return ERR_SYNTAX;
        sip_skip_lws(&c);
        if (sip_at(&c, '(') && !skip_comment(&c))
                return ERR_SYNTAX;
        if (!skip_params(&c))
                return ERR_SYNTAX;
        msg->retry_after_s = seconds;
        return 0;
}

static int read_expires(struct slice value, struct sip_msg *msg)
{
        uint32_t seconds;
        int err = read_number(value, UINT32_MAX, &seconds);
        if (!err)
                msg->expires_s = seconds;
        return err;
}

static int read_content_type(struct slice value, struct sip_msg *msg)
{
        struct sip_cursor c = sip_cursor(value);
        struct slice type = sip_take(&c, SIP_TOKEN);
        if (!type.len || !sip_take_char(&c, '/'))
                return ERR_SYNTAX;
        struct slice subtype = sip_take(&c, SIP_TOKEN);
        if (!subtype.len || !skip_params(&c))
                return ERR_SYNTAX;
        msg->content_type = value;
        msg->content_is_sdp =
                sip_is_word(type, SLICE("application")) && sip_is_word(subtype, SLICE("sdp"));
        return 0;
}

static void note_encoding(uint32_t *bits, struct slice token)
{
        *bits |= !sip_is_word(token, SLICE("identity"));
}

static int read_content_encoding(struct slice value, struct sip_reader *r)
{
        uint32_t is_other = r->has_other_encoding;
        int err = read_tokens(value, ',', note_encoding, &is_other);
        r->has_other_encoding = is_other != 0;
        return err;
}

static int read_content_length(struct slice value, struct sip_reader *r)
{
        int err = read_number(value, UINT32_MAX, &r->declared_length);
        if (!err)
                r->msg->has_content_length = true;
        return err;
}

struct header_name {
        const char *name; /* lower case */
        uint8_t len;
        uint8_t header;
};

#define NAME(text, header)                                                                         \
        {                                                                                          \
                text, sizeof text - 1, header                                                      \
        }

/* By length, so that a name is compared with the few that have its own. */
static const struct header_name names[] = {
        NAME("c", SIP_HEADER_CONTENT_TYPE),
        NAME("e", SIP_HEADER_CONTENT_ENCODING),
        NAME("f", SIP_HEADER_FROM),
        NAME("i", SIP_HEADER_CALL_ID),
        NAME("k", SIP_HEADER_SUPPORTED),
        NAME("l", SIP_HEADER_CONTENT_LENGTH),
        NAME("m", SIP_HEADER_CONTACT),
        NAME("t", SIP_HEADER_TO),
        NAME("v", SIP_HEADER_VIA),
        NAME("x", SIP_HEADER_SESSION_EXPIRES),
        NAME("to", SIP_HEADER_TO),
        NAME("via", SIP_HEADER_VIA),
        NAME("cseq", SIP_HEADER_CSEQ),
        NAME("from", SIP_HEADER_FROM),
        NAME("rack", SIP_HEADER_RACK),
        NAME("rseq", SIP_HEADER_RSEQ),
        NAME("allow", SIP_HEADER_ALLOW),
        NAME("route", SIP_HEADER_ROUTE),
        NAME("min-se", SIP_HEADER_MIN_SE),
        NAME("call-id", SIP_HEADER_CALL_ID),
        NAME("contact", SIP_HEADER_CONTACT),
        NAME("expires", SIP_HEADER_EXPIRES),
        NAME("privacy", SIP_HEADER_PRIVACY),
        NAME("require", SIP_HEADER_REQUIRE),
        NAME("supported", SIP_HEADER_SUPPORTED),
        NAME("retry-after", SIP_HEADER_RETRY_AFTER),
        NAME("content-type", SIP_HEADER_CONTENT_TYPE),
        NAME("max-forwards", SIP_HEADER_MAX_FORWARDS),
        NAME("record-route", SIP_HEADER_RECORD_ROUTE),
        NAME("proxy-require", SIP_HEADER_PROXY_REQUIRE),
        NAME("content-length", SIP_HEADER_CONTENT_LENGTH),
        NAME("session-expires", SIP_HEADER_SESSION_EXPIRES),
        NAME("content-encoding", SIP_HEADER_CONTENT_ENCODING),
        NAME("p-asserted-identity", SIP_HEADER_ASSERTED_IDENTITY),
};

#define NAME_BYTES_MAX 19

/* Index of the first name of a length; that of the next length ends it. */
static const uint8_t first_of_length[NAME_BYTES_MAX + 2] = {
        0, 0, 10, 11, 12, 16, 18, 19, 24, 24, 25, 25, 26, 29, 30, 31, 32, 33, 33, 33, 34,
};

enum sip_header sip_header_from(struct slice name)
{
        if (name.len == 0 || name.len > NAME_BYTES_MAX)
                return SIP_HEADER_OTHER;
        char first = (char)(name.p[0] | 0x20);
        for (unsigned i = first_of_length[name.len]; i < first_of_length[name.len + 1]; i++) {
                if (names[i].name[0] == first &&
                    sip_is_word(name, (struct slice){names[i].name, names[i].len}))
                        return names[i].header;
        }
        return SIP_HEADER_OTHER;
}

bool sip_header_is_single(enum sip_header header)
{
        switch (header) {
        case SIP_HEADER_FROM:
        case SIP_HEADER_TO:
        case SIP_HEADER_CALL_ID:
        case SIP_HEADER_CSEQ:
        case SIP_HEADER_MAX_FORWARDS:
        case SIP_HEADER_SESSION_EXPIRES:
        case SIP_HEADER_MIN_SE:
        case SIP_HEADER_RSEQ:
        case SIP_HEADER_RACK:
        case SIP_HEADER_RETRY_AFTER:
        case SIP_HEADER_EXPIRES:
        case SIP_HEADER_CONTENT_TYPE:
        case SIP_HEADER_CONTENT_LENGTH:
                return true;
        case SIP_HEADER_OTHER:
        case SIP_HEADER_VIA:
        case SIP_HEADER_CONTACT:
        case SIP_HEADER_ROUTE:
        case SIP_HEADER_RECORD_ROUTE:
        case SIP_HEADER_ASSERTED_IDENTITY:
        case SIP_HEADER_PRIVACY:
        case SIP_HEADER_REQUIRE:
        case SIP_HEADER_PROXY_REQUIRE:
        case SIP_HEADER_SUPPORTED:
        case SIP_HEADER_ALLOW:
        case SIP_HEADER_CONTENT_ENCODING:
        case SIP_HEADERS_KNOWN:
                break;
        }
        return false;
}

int sip_header_read(enum sip_header header, struct slice value, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        switch (header) {
        case SIP_HEADER_VIA:
                return read_via(value, msg);
        case SIP_HEADER_FROM:
                return read_one_addr(value, &msg->from);
        case SIP_HEADER_TO:
                return read_one_addr(value, &msg->to);
        case SIP_HEADER_CALL_ID:
                return read_call_id(value, msg);
        case SIP_HEADER_CSEQ:
                return read_cseq(value, msg);
        case SIP_HEADER_MAX_FORWARDS:
                return read_max_forwards(value, msg);
        case SIP_HEADER_CONTACT:
                return read_contact(value, msg);
        case SIP_HEADER_ROUTE:
                return read_addrs(value, true, msg->routes, SIP_ROUTES_MAX, &msg->route_count);
        case SIP_HEADER_RECORD_ROUTE:
                return read_addrs(value, true, msg->record_routes, SIP_ROUTES_MAX,
                                  &msg->record_route_count);
        case SIP_HEADER_ASSERTED_IDENTITY:
                return read_addrs(value, false, msg->asserted, SIP_IDENTITIES_MAX,
                                  &msg->asserted_count);
        case SIP_HEADER_PRIVACY:
                return read_privacy(value, msg);
        case SIP_HEADER_REQUIRE:
                return read_require(value, msg);
        case SIP_HEADER_PROXY_REQUIRE:
                return read_tokens(value, ',', note_option, &msg->proxy_require);
        case SIP_HEADER_SUPPORTED:
                return read_supported(value, msg);
        case SIP_HEADER_ALLOW:
                return read_allow(value, msg);
        case SIP_HEADER_SESSION_EXPIRES:
                return read_session_expires(value, msg);
        case SIP_HEADER_MIN_SE:
                return read_min_se(value, msg);
        case SIP_HEADER_RSEQ:
                return read_number(value, UINT32_MAX, &msg->rseq);
        case SIP_HEADER_RACK:
                return read_rack(value, msg);
        case SIP_HEADER_RETRY_AFTER:
                return read_retry_after(value, msg);
        case SIP_HEADER_EXPIRES:
                return read_expires(value, msg);
        case SIP_HEADER_CONTENT_TYPE:
                return read_content_type(value, msg);
        case SIP_HEADER_CONTENT_LENGTH:
                return read_content_length(value, r);
        case SIP_HEADER_CONTENT_ENCODING:
                return read_content_encoding(value, r);
        case SIP_HEADER_OTHER:
        case SIP_HEADERS_KNOWN:
                break;
        }
        return 0;
}
