/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_header.h"

#include <string.h>

#include "wire/sip_text.h"

/* Methods */

static const struct slice method_names[SIP_METHODS] = {
        [SIP_INVITE] = SLICE("INVITE"),
        [SIP_ACK] = SLICE("ACK"),
        [SIP_BYE] = SLICE("BYE"),
        [SIP_CANCEL] = SLICE("CANCEL"),
        [SIP_OPTIONS] = SLICE("OPTIONS"),
        [SIP_UPDATE] = SLICE("UPDATE"),
        [SIP_PRACK] = SLICE("PRACK"),
        [SIP_INFO] = SLICE("INFO"),
        [SIP_REFER] = SLICE("REFER"),
        [SIP_NOTIFY] = SLICE("NOTIFY"),
        [SIP_SUBSCRIBE] = SLICE("SUBSCRIBE"),
        [SIP_PUBLISH] = SLICE("PUBLISH"),
        [SIP_MESSAGE] = SLICE("MESSAGE"),
        [SIP_REGISTER] = SLICE("REGISTER"),
};

struct slice sip_method_name(enum sip_method method)
{
        return method_names[method];
}

/* First letter and length tell the methods apart. */
#define METHOD_SLOT(first, len) (((first)*3 + (len)) % 32)

static const uint8_t method_at[32] = {
        [METHOD_SLOT('I', 6)] = SIP_INVITE,    [METHOD_SLOT('A', 3)] = SIP_ACK,
        [METHOD_SLOT('B', 3)] = SIP_BYE,       [METHOD_SLOT('C', 6)] = SIP_CANCEL,
        [METHOD_SLOT('O', 7)] = SIP_OPTIONS,   [METHOD_SLOT('U', 6)] = SIP_UPDATE,
        [METHOD_SLOT('P', 5)] = SIP_PRACK,     [METHOD_SLOT('I', 4)] = SIP_INFO,
        [METHOD_SLOT('R', 5)] = SIP_REFER,     [METHOD_SLOT('N', 6)] = SIP_NOTIFY,
        [METHOD_SLOT('S', 9)] = SIP_SUBSCRIBE, [METHOD_SLOT('P', 7)] = SIP_PUBLISH,
        [METHOD_SLOT('M', 7)] = SIP_MESSAGE,   [METHOD_SLOT('R', 8)] = SIP_REGISTER,
};

enum sip_method sip_method_from(struct slice token)
{
        if (token.len == 0)
                return SIP_METHOD_OTHER;
        unsigned method = method_at[METHOD_SLOT((uint8_t)token.p[0], token.len)];
        return text_is_same(method_names[method], token) ? (enum sip_method)method
                                                         : SIP_METHOD_OTHER;
}

/* A list of tokens, calling `note` for each. */
typedef void token_fn(uint32_t *bits, struct slice token);

static inline int read_tokens(struct text_cursor *c, char separator, token_fn *note, uint32_t *bits)
{
        do {
                struct slice token = text_take(c, &sip_token);
                if (token.len == 0)
                        return ERR_SYNTAX;
                note(bits, token);
        } while (text_take_char(c, separator));
        return text_at_end(c) ? 0 : ERR_SYNTAX;
}

static int read_number(struct text_cursor *c, uint32_t max, uint32_t *out)
{
        uint32_t number;
        if (!text_take_u32(c, max, &number) || !text_at_end(c))
                return ERR_SYNTAX;
        *out = number;
        return 0;
}

/* ";" parameters behind a value, only checked. */
static bool skip_params(struct text_cursor *c)
{
        struct sip_param param;
        while (text_take_char(c, ';')) {
                if (!sip_take_param(c, &param))
                        return false;
        }
        return text_at_end(c);
}

static bool has_byte(const struct text_cursor *c, char byte)
{
        return memchr(c->p, byte, (size_t)(c->end - c->p)) != NULL;
}

/* name-addr and addr-spec */

static bool take_bracketed(struct text_cursor *c, struct sip_uri *out)
{
        c->p++;
        if (!sip_take_uri(c, out) || !text_at(c, '>'))
                return false;
        c->p++;
        return true;
}

/*
 * RFC 3261 20: without brackets the URI ends at the first ";", and may hold neither "," nor "?".
 */
static bool take_bare(struct text_cursor *c, struct sip_uri *out)
{
        struct text_cursor uri = *c;
        while (c->p < c->end && *c->p != ';' && *c->p != ',' && *c->p != ' ' && *c->p != '\t' &&
               *c->p != '\r') {
                if (*c->p == '?')
                        return false;
                c->p++;
        }
        uri.end = c->p;
        return sip_take_uri(&uri, out) && text_at_end(&uri);
}

/*
 * The words before "<". RFC 4475 3.1.1.6: no white space need follow the last one. A first word
 * that ends in ":" is the scheme of a bare URI: the cursor goes back to it.
 */
static bool take_display(struct text_cursor *c, struct slice *out)
{
        const char *start = c->p;
        const char *end = start;
        *out = SLICE_NONE;
        if (text_at(c, '<'))
                return true;
        if (text_at(c, '"')) {
                bool is_good = sip_take_quoted(c, out);
                text_skip_lws(c);
                return is_good && text_at(c, '<');
        }
        while (text_take(c, &sip_token).len) {
                if (end == start && text_at(c, ':')) {
                        c->p = start;
                        return true;
                }
                end = c->p;
                text_skip_lws(c);
        }
        *out = (struct slice){start, (size_t)(end - start)};
        return text_at(c, '<');
}

/* `end` moves behind the last parameter. */
static bool take_addr_params(struct text_cursor *c, struct sip_name_addr *out, const char **end)
{
        const char *first = c->p + 1;
        while (text_at(c, ';')) {
                struct sip_param param;
                c->p++;
                if (!sip_take_param(c, &param))
                        return false;
                *end = c->p;
                text_skip_lws(c);
                if (!text_is_word(param.name, SLICE("tag")))
                        continue;
                if (out->tag.len || !param.is_token)
                        return false;
                out->tag = param.value;
        }
        out->params = (struct slice){first, (size_t)(*end - first)};
        return true;
}

static bool take_name_addr(struct text_cursor *c, bool must_bracket, struct sip_name_addr *out)
{
        const char *start = c->p;
        if (!take_display(c, &out->display))
                return false;
        if (text_at(c, '<') ? !take_bracketed(c, &out->uri)
                            : must_bracket || !take_bare(c, &out->uri))
                return false;

        const char *end = c->p;
        out->params = out->tag = SLICE_NONE;
        text_skip_lws(c);
        if (text_at(c, ';') && !take_addr_params(c, out, &end))
                return false;
        out->text = (struct slice){start, (size_t)(end - start)};
        return true;
}

static int read_one_addr(struct text_cursor *c, struct sip_name_addr *out)
{
        return take_name_addr(c, false, out) && text_at_end(c) ? 0 : ERR_SYNTAX;
}

static int read_addrs(struct text_cursor *c, bool must_bracket, struct sip_name_addr *array,
                      uint16_t max, uint16_t *count)
{
        do {
                if (*count == max)
                        return ERR_TOO_LARGE;
                if (!take_name_addr(c, must_bracket, &array[*count]))
                        return ERR_SYNTAX;
                ++*count;
        } while (text_take_char(c, ','));
        return text_at_end(c) ? 0 : ERR_SYNTAX;
}

static int read_from(struct text_cursor *c, struct sip_reader *r)
{
        return read_one_addr(c, &r->msg->from);
}

static int read_to(struct text_cursor *c, struct sip_reader *r)
{
        return read_one_addr(c, &r->msg->to);
}

static int read_route(struct text_cursor *c, struct sip_reader *r)
{
        return read_addrs(c, true, r->msg->routes, SIP_ROUTES_MAX, &r->msg->route_count);
}

static int read_record_route(struct text_cursor *c, struct sip_reader *r)
{
        return read_addrs(c, true, r->msg->record_routes, SIP_ROUTES_MAX,
                          &r->msg->record_route_count);
}

static int read_asserted(struct text_cursor *c, struct sip_reader *r)
{
        return read_addrs(c, false, r->msg->asserted, SIP_IDENTITIES_MAX, &r->msg->asserted_count);
}

static int read_contact(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        if (msg->contact_is_star)
                return ERR_SYNTAX;
        if (text_at(c, '*') && c->end - c->p == 1) {
                msg->contact_is_star = msg->contact_count == 0;
                return msg->contact_is_star ? 0 : ERR_SYNTAX;
        }
        return read_addrs(c, false, msg->contacts, SIP_CONTACTS_MAX, &msg->contact_count);
}

/* Via */

static enum sip_transport transport_from(struct slice token)
{
        if (text_is_word(token, SLICE("udp")))
                return SIP_UDP;
        if (text_is_word(token, SLICE("tcp")))
                return SIP_TCP;
        return text_is_word(token, SLICE("tls")) ? SIP_TLS : SIP_TRANSPORT_OTHER;
}

static inline bool note_via_param(struct sip_via *via, const struct sip_param *param)
{
        if (text_is_word(param->name, SLICE("branch"))) {
                if (via->branch.len || !param->is_token)
                        return false;
                via->branch = param->value;
        } else if (text_is_word(param->name, SLICE("received"))) {
                if (via->received.len || !sip_is_ip(param->value))
                        return false;
                via->received = param->value;
        } else if (text_is_word(param->name, SLICE("rport"))) {
                struct text_cursor port = text_cursor(param->value);
                if (via->has_rport)
                        return false;
                via->has_rport = true;
                return !param->has_value ||
                       (sip_take_port(&port, &via->rport) && text_at_end(&port));
        }
        return true;
}

/* "SIP / 2.0 /"; any version, since a request of another one is answered too (505). */
static bool take_sip_version(struct text_cursor *c)
{
        if (c->end - c->p > 8 && !memcmp(c->p, "SIP/2.0/", 8)) {
                c->p += 8;
                text_skip_lws(c);
                return true;
        }
        if (!text_is_word(text_take(c, &sip_token), SLICE("sip")) || !text_take_char(c, '/'))
                return false;
        return text_take(c, &sip_token).len && text_take_char(c, '/');
}

static bool take_sent_by(struct text_cursor *c, struct sip_via *out)
{
        struct slice transport = text_take(c, &sip_token);
        const char *end = c->p;
        text_skip_lws(c);
        if (transport.len == 0 || c->p == end)
                return false;
        out->transport = transport_from(transport);
        return sip_take_host(c, &out->host);
}

static bool take_via(struct text_cursor *c, struct sip_via *out)
{
        const char *start = c->p;
        memset(out, 0, sizeof *out);
        if (!take_sip_version(c) || !take_sent_by(c, out))
                return false;

        const char *end = c->p;
        if (text_take_char(c, ':')) {
                if (!sip_take_port(c, &out->port))
                        return false;
                end = c->p;
        }
        while (text_take_char(c, ';')) {
                struct sip_param param;
                if (!sip_take_param(c, &param) || !note_via_param(out, &param))
                        return false;
                end = c->p;
        }
        out->text = (struct slice){start, (size_t)(end - start)};
        return true;
}

static int read_via(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        do {
                if (msg->via_count == SIP_VIAS_MAX)
                        return ERR_TOO_LARGE;
                if (!take_via(c, &msg->vias[msg->via_count]))
                        return ERR_SYNTAX;
                msg->via_count++;
        } while (text_take_char(c, ','));
        return text_at_end(c) ? 0 : ERR_SYNTAX;
}

/* the rest, in the order of enum sip_header */

static int read_call_id(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        const char *start = c->p;
        if (!text_take(c, &sip_word).len)
                return ERR_SYNTAX;
        if (text_at(c, '@')) {
                c->p++;
                if (!text_take(c, &sip_word).len)
                        return ERR_SYNTAX;
        }
        if (!text_at_end(c))
                return ERR_SYNTAX;
        msg->call_id = (struct slice){start, (size_t)(c->end - start)};
        return 0;
}

/* "314159 INVITE" up to the end. */
static bool take_cseq(struct text_cursor *c, uint32_t *number, struct slice *method)
{
        if (!text_take_u32(c, UINT32_MAX, number))
                return false;
        const char *end = c->p;
        text_skip_lws(c);
        bool is_apart = c->p > end;
        *method = text_take(c, &sip_token);
        return is_apart && method->len && text_at_end(c);
}

static int read_cseq(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        if (!take_cseq(c, &msg->cseq, &msg->cseq_method_text))
                return ERR_SYNTAX;
        msg->cseq_method = sip_method_from(msg->cseq_method_text);
        return 0;
}

static int read_max_forwards(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        uint32_t hops;
        int err = read_number(c, 255, &hops); /* RFC 3261 20.22 */
        if (!err)
                msg->max_forwards = (int)hops;
        return err;
}

static void note_privacy(uint32_t *bits, struct slice token)
{
        if (text_is_word(token, SLICE("id")))
                *bits |= SIP_PRIVACY_ID;
        else if (text_is_word(token, SLICE("user")))
                *bits |= SIP_PRIVACY_USER;
        else if (text_is_word(token, SLICE("header")))
                *bits |= SIP_PRIVACY_HEADER;
        else if (text_is_word(token, SLICE("critical")))
                *bits |= SIP_PRIVACY_CRITICAL;
}

/* Several headers, and commas in place of semicolons, add up to the most private reading. */
static int read_privacy(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        return read_tokens(c, has_byte(c, ',') ? ',' : ';', note_privacy, &msg->privacy);
}

static void note_option(uint32_t *bits, struct slice token)
{
        if (text_is_word(token, SLICE("100rel")))
                *bits |= SIP_OPTION_100REL;
        else if (text_is_word(token, SLICE("timer")))
                *bits |= SIP_OPTION_TIMER;
        else if (text_is_word(token, SLICE("replaces")))
                *bits |= SIP_OPTION_REPLACES;
        else
                *bits |= SIP_OPTION_UNKNOWN;
}

static int read_require(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        if (msg->require_text.len == 0)
                msg->require_text = (struct slice){c->p, (size_t)(c->end - c->p)};
        return read_tokens(c, ',', note_option, &msg->require);
}

static int read_proxy_require(struct text_cursor *c, struct sip_reader *r)
{
        return read_tokens(c, ',', note_option, &r->msg->proxy_require);
}

static int read_supported(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        return text_at_end(c) ? 0 : read_tokens(c, ',', note_option, &msg->supported);
}

static void note_method(uint32_t *bits, struct slice token)
{
        *bits |= UINT32_C(1) << sip_method_from(token);
}

static int read_allow(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        return text_at_end(c) ? 0 : read_tokens(c, ',', note_method, &msg->allow);
}

/* RFC 4028 4 */
static int read_session_expires(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        uint32_t seconds;
        if (!text_take_u32(c, UINT32_MAX, &seconds))
                return ERR_SYNTAX;
        while (text_take_char(c, ';')) {
                struct sip_param param;
                if (!sip_take_param(c, &param))
                        return ERR_SYNTAX;
                if (!text_is_word(param.name, SLICE("refresher")))
                        continue;
                bool is_known = text_is_word(param.value, SLICE("uac")) ||
                                text_is_word(param.value, SLICE("uas"));
                if (msg->session_refresher.len || !is_known)
                        return ERR_SYNTAX;
                msg->session_refresher = param.value;
        }
        msg->session_expires_s = seconds;
        return text_at_end(c) ? 0 : ERR_SYNTAX;
}

static int read_min_se(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        uint32_t seconds;
        if (!text_take_u32(c, UINT32_MAX, &seconds) || !skip_params(c))
                return ERR_SYNTAX;
        msg->min_se_s = seconds;
        return 0;
}

static int read_rseq(struct text_cursor *c, struct sip_reader *r)
{
        return read_number(c, UINT32_MAX, &r->msg->rseq);
}

/* RFC 3262 7.2 */
static int read_rack(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        uint32_t rseq, cseq;
        struct slice method;
        if (!text_take_u32(c, UINT32_MAX, &rseq))
                return ERR_SYNTAX;
        const char *end = c->p;
        text_skip_lws(c);
        if (c->p == end || !take_cseq(c, &cseq, &method))
                return ERR_SYNTAX;
        msg->rack_rseq = rseq;
        msg->rack_cseq = cseq;
        msg->rack_method = sip_method_from(method);
        return 0;
}

/* A comment in parentheses, which may nest; the cursor is at the first. */
static bool skip_comment(struct text_cursor *c)
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
                        if (text_at_end(c) || *c->p == '\r' || *c->p == '\n')
                                return false;
                        c->p++;
                } else if (text_is_control(ch) && ch != '\r' && ch != '\n') {
                        return false;
                }
        }
        return false;
}

static int read_retry_after(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        uint32_t seconds;
        if (!text_take_u32(c, UINT32_MAX, &seconds))
                return ERR_SYNTAX;
        text_skip_lws(c);
        if (text_at(c, '(') && !skip_comment(c))
                return ERR_SYNTAX;
        if (!skip_params(c))
                return ERR_SYNTAX;
        msg->retry_after_s = seconds;
        return 0;
}

static int read_expires(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        uint32_t seconds;
        int err = read_number(c, UINT32_MAX, &seconds);
        if (!err)
                msg->expires_s = seconds;
        return err;
}

static int read_content_type(struct text_cursor *c, struct sip_reader *r)
{
        struct sip_msg *msg = r->msg;
        const char *start = c->p;
        struct slice type = text_take(c, &sip_token);
        if (!type.len || !text_take_char(c, '/'))
                return ERR_SYNTAX;
        struct slice subtype = text_take(c, &sip_token);
        if (!subtype.len || !skip_params(c))
                return ERR_SYNTAX;
        msg->content_type = (struct slice){start, (size_t)(c->end - start)};
        msg->content_is_sdp =
                text_is_word(type, SLICE("application")) && text_is_word(subtype, SLICE("sdp"));
        return 0;
}

static void note_encoding(uint32_t *bits, struct slice token)
{
        *bits |= !text_is_word(token, SLICE("identity"));
}

static int read_content_encoding(struct text_cursor *c, struct sip_reader *r)
{
        uint32_t is_other = r->has_other_encoding;
        int err = read_tokens(c, ',', note_encoding, &is_other);
        r->has_other_encoding = is_other != 0;
        return err;
}

static int read_content_length(struct text_cursor *c, struct sip_reader *r)
{
        int err = read_number(c, UINT32_MAX, &r->declared_length);
        if (!err)
                r->msg->has_content_length = true;
        return err;
}

#define NAME(first, last, text, bit, read)                                                         \
        [SIP_HEADER_SLOT(first, last, sizeof(text) - 1)] = {SLICE(text), bit, read}

/* A slot that is taken twice is a compiler warning (-Woverride-init). */
const struct sip_header sip_headers[SIP_HEADER_SLOTS] = {
        NAME('c', 'c', "c", SIP_HAS_CONTENT_TYPE, read_content_type),
        NAME('e', 'e', "e", 0, read_content_encoding),
        NAME('f', 'f', "f", SIP_HAS_FROM, read_from),
        NAME('i', 'i', "i", SIP_HAS_CALL_ID, read_call_id),
        NAME('k', 'k', "k", 0, read_supported),
        NAME('l', 'l', "l", SIP_HAS_CONTENT_LENGTH, read_content_length),
        NAME('m', 'm', "m", 0, read_contact),
        NAME('t', 't', "t", SIP_HAS_TO, read_to),
        NAME('v', 'v', "v", SIP_HAS_VIA, read_via),
        NAME('x', 'x', "x", SIP_HAS_SESSION_EXPIRES, read_session_expires),
        NAME('t', 'o', "to", SIP_HAS_TO, read_to),
        NAME('v', 'a', "via", SIP_HAS_VIA, read_via),
        NAME('c', 'q', "cseq", SIP_HAS_CSEQ, read_cseq),
        NAME('f', 'm', "from", SIP_HAS_FROM, read_from),
        NAME('r', 'k', "rack", SIP_HAS_RACK, read_rack),
        NAME('r', 'q', "rseq", SIP_HAS_RSEQ, read_rseq),
        NAME('a', 'w', "allow", 0, read_allow),
        NAME('r', 'e', "route", 0, read_route),
        NAME('m', 'e', "min-se", SIP_HAS_MIN_SE, read_min_se),
        NAME('c', 'd', "call-id", SIP_HAS_CALL_ID, read_call_id),
        NAME('c', 't', "contact", 0, read_contact),
        NAME('e', 's', "expires", SIP_HAS_EXPIRES, read_expires),
        NAME('p', 'y', "privacy", 0, read_privacy),
        NAME('r', 'e', "require", 0, read_require),
        NAME('s', 'd', "supported", 0, read_supported),
        NAME('r', 'r', "retry-after", SIP_HAS_RETRY_AFTER, read_retry_after),
        NAME('c', 'e', "content-type", SIP_HAS_CONTENT_TYPE, read_content_type),
        NAME('m', 's', "max-forwards", SIP_HAS_MAX_FORWARDS, read_max_forwards),
        NAME('r', 'e', "record-route", 0, read_record_route),
        NAME('p', 'e', "proxy-require", 0, read_proxy_require),
        NAME('c', 'h', "content-length", SIP_HAS_CONTENT_LENGTH, read_content_length),
        NAME('s', 's', "session-expires", SIP_HAS_SESSION_EXPIRES, read_session_expires),
        NAME('c', 'g', "content-encoding", 0, read_content_encoding),
        NAME('p', 'y', "p-asserted-identity", 0, read_asserted),
};
