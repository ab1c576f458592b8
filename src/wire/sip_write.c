/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_write.h"

#include <assert.h>
#include <string.h>

#include "wire/sip_text.h"

struct phrase {
        unsigned status;
        struct slice text;
};

/* RFC 3261 21 and its extensions: what we send, and what an answer of a peer is logged as. */
static const struct phrase phrases[] = {
        {100, SLICE("Trying")},
        {180, SLICE("Ringing")},
        {181, SLICE("Call Is Being Forwarded")},
        {182, SLICE("Queued")},
        {183, SLICE("Session Progress")},
        {199, SLICE("Early Dialog Terminated")},
        {200, SLICE("OK")},
        {202, SLICE("Accepted")},
        {204, SLICE("No Notification")},
        {300, SLICE("Multiple Choices")},
        {301, SLICE("Moved Permanently")},
        {302, SLICE("Moved Temporarily")},
        {305, SLICE("Use Proxy")},
        {380, SLICE("Alternative Service")},
        {400, SLICE("Bad Request")},
        {401, SLICE("Unauthorized")},
        {402, SLICE("Payment Required")},
        {403, SLICE("Forbidden")},
        {404, SLICE("Not Found")},
        {405, SLICE("Method Not Allowed")},
        {406, SLICE("Not Acceptable")},
        {407, SLICE("Proxy Authentication Required")},
        {408, SLICE("Request Timeout")},
        {410, SLICE("Gone")},
        {412, SLICE("Conditional Request Failed")},
        {413, SLICE("Request Entity Too Large")},
        {414, SLICE("Request-URI Too Long")},
        {415, SLICE("Unsupported Media Type")},
        {416, SLICE("Unsupported URI Scheme")},
        {420, SLICE("Bad Extension")},
        {421, SLICE("Extension Required")},
        {422, SLICE("Session Interval Too Small")},
        {423, SLICE("Interval Too Brief")},
        {433, SLICE("Anonymity Disallowed")},
        {480, SLICE("Temporarily Unavailable")},
        {481, SLICE("Call/Transaction Does Not Exist")},
        {482, SLICE("Loop Detected")},
        {483, SLICE("Too Many Hops")},
        {484, SLICE("Address Incomplete")},
        {485, SLICE("Ambiguous")},
        {486, SLICE("Busy Here")},
        {487, SLICE("Request Terminated")},
        {488, SLICE("Not Acceptable Here")},
        {489, SLICE("Bad Event")},
        {491, SLICE("Request Pending")},
        {493, SLICE("Undecipherable")},
        {500, SLICE("Server Internal Error")},
        {501, SLICE("Not Implemented")},
        {502, SLICE("Bad Gateway")},
        {503, SLICE("Service Unavailable")},
        {504, SLICE("Server Time-out")},
        {505, SLICE("Version Not Supported")},
        {513, SLICE("Message Too Large")},
        {580, SLICE("Precondition Failure")},
        {600, SLICE("Busy Everywhere")},
        {603, SLICE("Decline")},
        {604, SLICE("Does Not Exist Anywhere")},
        {606, SLICE("Not Acceptable")},
        {607, SLICE("Unwanted")},
        {608, SLICE("Rejected")},
};

struct slice sip_reason_phrase(unsigned status)
{
        static const struct slice classes[] = {
                SLICE("Unknown"),     SLICE("Progress"),     SLICE("OK"),      SLICE("Redirection"),
                SLICE("Bad Request"), SLICE("Server Error"), SLICE("Failure"),
        };
        for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
                if (phrases[i].status == status)
                        return phrases[i].text;
        }
        /* RFC 3261 8.1.3.2: an unknown code means what its class means. */
        return classes[status < 700 ? status / 100 : 0];
}

/* A line that somebody else could end early would let him add headers of his own. */
static void assert_one_line(struct slice value)
{
        if (value.len == 0)
                return;
        assert(!memchr(value.p, '\r', value.len));
        assert(!memchr(value.p, '\n', value.len));
        assert(!memchr(value.p, '\0', value.len));
}

static void put_crlf(struct buf *b)
{
        buf_put(b, "\r\n", 2);
}

static void put_name(struct buf *b, const char *name)
{
        buf_put_text(b, name);
        buf_put(b, ": ", 2);
}

void sip_write_request_line(struct buf *b, enum sip_method method, struct slice request_uri)
{
        assert(method < SIP_METHOD_OTHER);
        assert(request_uri.len && !memchr(request_uri.p, ' ', request_uri.len));
        assert_one_line(request_uri);
        buf_put_slice(b, sip_method_name(method));
        buf_put_char(b, ' ');
        buf_put_slice(b, request_uri);
        buf_put_text(b, " SIP/2.0\r\n");
}

void sip_write_status_line(struct buf *b, unsigned status)
{
        assert(status >= 100 && status <= 699);
        buf_put_text(b, "SIP/2.0 ");
        buf_put_u64(b, status);
        buf_put_char(b, ' ');
        buf_put_slice(b, sip_reason_phrase(status));
        put_crlf(b);
}

const char *sip_transport_name(enum sip_transport transport)
{
        static const char *const names[] = {
                [SIP_UDP] = "UDP", [SIP_TCP] = "TCP", [SIP_TLS] = "TLS"};
        assert(transport < SIP_TRANSPORT_OTHER);
        return names[transport];
}

const char *sip_transport_word(enum sip_transport transport)
{
        static const char *const words[] = {
                [SIP_UDP] = "udp", [SIP_TCP] = "tcp", [SIP_TLS] = "tls"};
        assert(transport < SIP_TRANSPORT_OTHER);
        return words[transport];
}

/* "host:port"; without the port when it is 0. */
static void put_host(struct buf *b, const struct addr *host)
{
        assert(host->family);
        if (host->port) {
                buf_put_text(b, addr_format(host).text);
                return;
        }
        bool is_ipv6 = host->family == 6;
        if (is_ipv6)
                buf_put_char(b, '[');
        buf_put_text(b, addr_format_ip(host).text);
        if (is_ipv6)
                buf_put_char(b, ']');
}

void sip_write_via(struct buf *b, enum sip_transport transport, const struct addr *sent_by,
                   struct slice branch)
{
        assert(branch.len);
        assert_one_line(branch);
        buf_put_text(b, "Via: SIP/2.0/");
        buf_put_text(b, sip_transport_name(transport));
        buf_put_char(b, ' ');
        put_host(b, sent_by);
        buf_put_text(b, ";branch=");
        buf_put_slice(b, branch);
        buf_put_text(b, ";rport\r\n");
}

void sip_write_header(struct buf *b, const char *name, struct slice value)
{
        assert_one_line(value);
        put_name(b, name);
        buf_put_slice(b, value);
        put_crlf(b);
}

void sip_write_header_u64(struct buf *b, const char *name, uint64_t value)
{
        put_name(b, name);
        buf_put_u64(b, value);
        put_crlf(b);
}

/* Any run of white space that holds a CR or an LF becomes one space (RFC 3261 7.3.1). */
static void put_unfolded(struct buf *b, struct slice value)
{
        struct text_cursor c = text_cursor(value);
        while (!text_at_end(&c)) {
                const char *start = c.p;
                text_skip_lws(&c);
                size_t blanks = (size_t)(c.p - start);
                if (blanks && (memchr(start, '\r', blanks) || memchr(start, '\n', blanks)))
                        buf_put_char(b, ' ');
                else
                        buf_put(b, start, blanks);

                start = c.p;
                while (!text_at_end(&c) && *c.p != ' ' && *c.p != '\t' && *c.p != '\r' &&
                       *c.p != '\n')
                        c.p++;
                buf_put(b, start, (size_t)(c.p - start));
        }
}

void sip_write_echo(struct buf *b, const char *name, struct slice value)
{
        put_name(b, name);
        put_unfolded(b, value);
        put_crlf(b);
}

void sip_write_echo_tagged(struct buf *b, const char *name, struct slice value, struct slice tag)
{
        assert(tag.len);
        assert_one_line(tag);
        put_name(b, name);
        put_unfolded(b, value);
        buf_put_text(b, ";tag=");
        buf_put_slice(b, tag);
        put_crlf(b);
}

/* What stands before the first parameter: protocol, transport as written, sent-by. */
static struct slice before_params(const struct sip_via *via, struct text_cursor *params)
{
        struct text_cursor c = text_cursor(via->text);
        while (!text_at_end(&c) && *c.p != ';')
                c.p++;
        *params = c;
        return (struct slice){via->text.p, (size_t)(c.p - via->text.p)};
}

static bool is_set_by_us(struct slice name)
{
        return text_is_word(name, SLICE("received")) || text_is_word(name, SLICE("rport"));
}

void sip_write_via_echo(struct buf *b, const struct sip_via *via, const struct addr *source)
{
        if (!source) {
                sip_write_echo(b, "Via", via->text);
                return;
        }

        struct text_cursor c;
        struct sip_param param;
        put_name(b, "Via");
        put_unfolded(b, slice_trim(before_params(via, &c)));
        while (text_take_char(&c, ';')) {
                bool is_good = sip_take_param(&c, &param);
                assert(is_good);
                if (is_set_by_us(param.name))
                        continue;
                buf_put_char(b, ';');
                buf_put_slice(b, param.name);
                if (param.has_value) {
                        buf_put_char(b, '=');
                        put_unfolded(b, param.value);
                }
        }
        buf_put_text(b, ";received=");
        buf_put_text(b, addr_format_ip(source).text);
        if (via->has_rport) {
                buf_put_text(b, ";rport=");
                buf_put_u64(b, source->port);
        }
        put_crlf(b);
}

void sip_write_cseq(struct buf *b, uint32_t number, enum sip_method method)
{
        assert(method < SIP_METHOD_OTHER);
        sip_write_cseq_echo(b, number, sip_method_name(method));
}

void sip_write_cseq_echo(struct buf *b, uint32_t number, struct slice method)
{
        assert(method.len);
        assert_one_line(method);
        put_name(b, "CSeq");
        buf_put_u64(b, number);
        buf_put_char(b, ' ');
        buf_put_slice(b, method);
        put_crlf(b);
}

void sip_write_masking_party(struct buf *b, const char *name, struct masking_number number,
                             enum number_form form, const struct number_plan *plan,
                             const struct addr *host, struct slice tag)
{
        assert(!number_is_none(number.n));
        assert_one_line(tag);
        put_name(b, name);
        buf_put_text(b, "<sip:");
        buf_put_number_as(b, number.n, form, plan);
        buf_put_char(b, '@');
        put_host(b, host);
        buf_put_char(b, '>');
        if (tag.len) {
                buf_put_text(b, ";tag=");
                buf_put_slice(b, tag);
        }
        put_crlf(b);
}

void sip_write_body(struct buf *b, const char *content_type, struct slice body)
{
        if (body.len)
                sip_write_header(b, "Content-Type", slice_from(content_type));
        sip_write_header_u64(b, "Content-Length", body.len);
        put_crlf(b);
        buf_put_slice(b, body);
}
