/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_compose.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "sip/sip_template.h"
#include "wire/sip_lines.h"
#include "wire/sip_write.h"

#define SIP_PORT     5060
#define PRODUCT      "Maskline"
#define MAX_FORWARDS 70
#define ALLOW        "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK, INFO"

/* Peers dial a URI without it over UDP (RFC 3263 4.1). RFC 5630 would rather not have "tls" there. */
void sip_compose_sent_by(struct buf *b, const struct sip_sent_by *local)
{
        buf_put_text(b, addr_format(&local->addr).text);
        if (local->transport == SIP_TCP)
                buf_put_text(b, ";transport=tcp");
        if (local->transport == SIP_TLS)
                buf_put_text(b, ";transport=tls");
}

void sip_compose_our_uri(struct buf *b, struct masking_number number, const struct trunk *trunk,
                         const struct sip_sent_by *local)
{
        buf_put_text(b, "sip:");
        if (!number_is_none(number.n)) {
                buf_put_number_as(b, number.n, trunk->number_form, &trunk->plan);
                buf_put_char(b, '@');
        }
        sip_compose_sent_by(b, local);
}

void sip_compose_peer_host(struct buf *b, const struct trunk *trunk, bool has_port)
{
        struct addr literal;
        bool is_ip6 = !addr_parse_ip(slice_from(trunk->peer_host), &literal) && literal.family == 6;
        bool is_bare = is_ip6 && trunk->peer_host[0] != '[';
        if (is_bare)
                buf_put_char(b, '[');
        buf_put_text(b, trunk->peer_host);
        if (is_bare)
                buf_put_char(b, ']');
        if (has_port && trunk->peer_port && trunk->peer_port != SIP_PORT) {
                buf_put_char(b, ':');
                buf_put_u64(b, trunk->peer_port);
        }
}

static void put_named(struct buf *b, const char *name, struct slice display, struct slice uri,
                      struct slice tag)
{
        buf_put_text(b, name);
        buf_put_text(b, ": ");
        if (display.len) {
                buf_put_char(b, '"');
                buf_put_slice(b, display);
                buf_put_text(b, "\" ");
        }
        buf_put_char(b, '<');
        buf_put_slice(b, uri);
        buf_put_char(b, '>');
        if (tag.len) {
                buf_put_text(b, ";tag=");
                buf_put_slice(b, tag);
        }
        buf_put_text(b, "\r\n");
}

static void put_party(struct buf *b, const char *name, struct slice uri, struct slice tag)
{
        put_named(b, name, SLICE_NONE, uri, tag);
}

static void put_session_expires(struct buf *b, uint32_t expires_s, const char *refresher)
{
        buf_put_text(b, "Session-Expires: ");
        buf_put_u64(b, expires_s);
        buf_put_text(b, refresher);
        buf_put_text(b, "\r\n");
}

static void put_supported(struct buf *b, bool has_prack, bool has_timer)
{
        if (has_prack)
                sip_write_header(b, "Supported",
                                 has_timer ? SLICE("100rel, timer") : SLICE("100rel"));
        else if (has_timer)
                sip_write_header(b, "Supported", SLICE("timer"));
}

void sip_compose_invite(struct buf *b, const struct sip_invite_text *invite)
{
        const struct sip_dialog *dialog = invite->dialog;
        sip_write_request_line(b, SIP_INVITE, invite->request_uri);
        sip_write_via(b, invite->local.transport, &invite->local.addr, invite->branch);
        sip_write_header_u64(b, "Max-Forwards", (uint64_t)invite->max_forwards);
        put_named(b, "From", sip_template_display(invite->trunk),
                  sip_dialog_text(dialog, dialog->local_uri), slice_from(dialog->local_tag.text));
        put_party(b, "To", sip_dialog_text(dialog, dialog->remote_uri), SLICE_NONE);
        sip_write_header(b, "Call-ID", sip_dialog_text(dialog, dialog->call_id));
        sip_write_cseq(b, invite->cseq, SIP_INVITE);
        put_party(b, "Contact", invite->contact, SLICE_NONE);
        sip_template_put_headers(b, invite->trunk, &invite->local, invite->show);
        buf_put_slice(b, invite->extra);
        buf_put_slice(b, invite->authorization);
        sip_write_header(b, "Allow", SLICE(ALLOW));
        put_supported(b, invite->has_prack, invite->session_expires_s > 0);
        if (invite->session_expires_s)
                put_session_expires(b, invite->session_expires_s, "");
        if (invite->min_se_s)
                sip_write_header_u64(b, "Min-SE", invite->min_se_s);
        sip_write_header(b, "User-Agent", SLICE(PRODUCT));
        sip_write_body(b, "application/sdp", invite->sdp);
}

void sip_compose_register(struct buf *b, const struct sip_register_text *text)
{
        sip_write_request_line(b, SIP_REGISTER, text->registrar);
        sip_write_via(b, text->local.transport, &text->local.addr, text->branch);
        sip_write_header_u64(b, "Max-Forwards", MAX_FORWARDS);
        put_party(b, "From", text->of_record, text->tag);
        put_party(b, "To", text->of_record, SLICE_NONE);
        sip_write_header(b, "Call-ID", text->call_id);
        sip_write_cseq(b, text->cseq, SIP_REGISTER);
        put_party(b, "Contact", text->contact, SLICE_NONE);
        sip_write_header_u64(b, "Expires", text->expires_s);
        buf_put_slice(b, text->authorization);
        sip_write_header(b, "Allow", SLICE(ALLOW));
        sip_write_header(b, "User-Agent", SLICE(PRODUCT));
        sip_write_body(b, NULL, SLICE_NONE);
}

/* RFC 3261 25.1: what a user part may hold, or its escape. */
void sip_compose_username(struct buf *b, const char *username)
{
        static const char plain[] = "-_.!~*'()+&=$,;?/";
        for (const char *p = username; *p; p++) {
                uint8_t c = (uint8_t)*p;
                bool is_alnum =
                        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
                if (is_alnum || strchr(plain, c)) {
                        buf_put_char(b, (char)c);
                        continue;
                }
                buf_put_char(b, '%');
                buf_put_hex(b, &c, 1);
        }
}

void sip_compose_probe(struct buf *b, const struct sip_probe_text *text)
{
        sip_write_request_line(b, text->method, text->uri);
        sip_write_via(b, text->local.transport, &text->local.addr, text->branch);
        sip_write_header_u64(b, "Max-Forwards", MAX_FORWARDS);
        put_party(b, "From", text->from, text->tag);
        put_party(b, "To", text->to, SLICE_NONE);
        sip_write_header(b, "Call-ID", text->call_id);
        sip_write_cseq(b, text->cseq, text->method);
        buf_put_slice(b, text->authorization);
        if (text->method == SIP_OPTIONS)
                sip_write_header(b, "Accept", SLICE("application/sdp"));
        sip_write_header(b, "User-Agent", SLICE(PRODUCT));
        sip_write_body(b, NULL, SLICE_NONE);
}

static void put_lines_of(struct buf *b, struct slice message, const char *name)
{
        struct slice rest = message, value;
        while (sip_lines_next(&rest, slice_from(name), &value))
                sip_write_header(b, name, value);
}

/* Start and headers up to From: what makes a request part of that INVITE's transaction. */
static void put_start_of(struct buf *b, enum sip_method method, struct slice invite)
{
        struct slice rest;
        (void)slice_split(invite, ' ', &rest);
        sip_write_request_line(b, method, slice_split(rest, ' ', &rest));
        put_lines_of(b, invite, "Via");
        put_lines_of(b, invite, "Max-Forwards");
        put_lines_of(b, invite, "From");
}

void sip_compose_cancel(struct buf *b, struct slice invite, uint32_t cseq)
{
        put_start_of(b, SIP_CANCEL, invite);
        put_lines_of(b, invite, "To");
        put_lines_of(b, invite, "Call-ID");
        sip_write_cseq(b, cseq, SIP_CANCEL);
        put_lines_of(b, invite, "Route");
        sip_write_body(b, NULL, SLICE_NONE);
}

void sip_compose_failure_ack(struct buf *b, struct slice invite, const struct sip_msg *response)
{
        put_start_of(b, SIP_ACK, invite);
        sip_write_echo(b, "To", response->to.text);
        put_lines_of(b, invite, "Call-ID");
        sip_write_cseq(b, response->cseq, SIP_ACK);
        put_lines_of(b, invite, "Route");
        sip_write_body(b, NULL, SLICE_NONE);
}

/*
 * RFC 3261 12.2.1.1: a loose first route leaves the target in the Request-URI; a strict one takes
 * its place, and the target becomes the last route.
 */
static void put_routes(struct buf *b, const struct sip_dialog *dialog)
{
        const struct slice first = sip_dialog_text(dialog, dialog->first_route);
        const struct slice others = sip_dialog_text(dialog, dialog->other_routes);
        if (first.len == 0)
                return;

        if (dialog->route_is_loose)
                sip_write_echo(b, "Route", first);
        if (others.len)
                sip_write_echo(b, "Route", others);
        if (!dialog->route_is_loose)
                put_party(b, "Route", sip_dialog_text(dialog, dialog->target), SLICE_NONE);
}

struct slice sip_compose_in_dialog_uri(const struct sip_dialog *dialog)
{
        bool is_strict = dialog->first_route.len && !dialog->route_is_loose;
        return sip_dialog_text(dialog, is_strict ? dialog->first_route_uri : dialog->target);
}

void sip_compose_in_dialog(struct buf *b, const struct sip_in_dialog_text *request)
{
        const struct sip_dialog *dialog = request->dialog;
        sip_write_request_line(b, request->method, sip_compose_in_dialog_uri(dialog));
        sip_write_via(b, request->local.transport, &request->local.addr, request->branch);
        sip_write_header_u64(b, "Max-Forwards", MAX_FORWARDS);
        put_party(b, "From", sip_dialog_text(dialog, dialog->local_uri),
                  slice_from(dialog->local_tag.text));
        put_party(b, "To", sip_dialog_text(dialog, dialog->remote_uri),
                  sip_dialog_text(dialog, dialog->remote_tag));
        sip_write_header(b, "Call-ID", sip_dialog_text(dialog, dialog->call_id));
        sip_write_cseq(b, request->cseq, request->method);
        put_routes(b, dialog);
        if (request->contact.len) {
                put_party(b, "Contact", request->contact, SLICE_NONE);
                sip_write_header(b, "Allow", SLICE(ALLOW));
        }
        if (request->session_expires_s) {
                sip_write_header(b, "Supported", SLICE("timer"));
                put_session_expires(b, request->session_expires_s, ";refresher=uac");
        }
        if (request->min_se_s)
                sip_write_header_u64(b, "Min-SE", request->min_se_s);
        if (request->rack_rseq)
                buf_printf(b, "RAck: %" PRIu32 " %" PRIu32 " INVITE\r\n", request->rack_rseq,
                           request->rack_cseq);
        buf_put_slice(b, request->authorization);
        sip_write_body(b, "application/sdp", request->sdp);
}

void sip_compose_head(struct buf *b, const struct sip_msg *request, const struct addr *source,
                      struct slice tag)
{
        sip_write_via_echo(b, &request->vias[0], source);
        for (unsigned i = 1; i < request->via_count; i++)
                sip_write_via_echo(b, &request->vias[i], NULL);
        sip_write_echo(b, "From", request->from.text);
        if (request->to.tag.len)
                sip_write_echo(b, "To", request->to.text);
        else
                sip_write_echo_tagged(b, "To", request->to.text, tag);
        sip_write_header(b, "Call-ID", request->call_id);
        sip_write_cseq_echo(b, request->cseq, request->cseq_method_text);
}

static void put_record_route(struct buf *b, const struct sip_dialog *dialog)
{
        if (dialog->first_route.len)
                sip_write_echo(b, "Record-Route", sip_dialog_text(dialog, dialog->first_route));
        if (dialog->other_routes.len)
                sip_write_echo(b, "Record-Route", sip_dialog_text(dialog, dialog->other_routes));
}

/* RFC 4028 9: a peer that refreshes must know that we count on it. */
static void put_session_timer(struct buf *b, const struct sip_reply *reply)
{
        bool is_ours = reply->session_is_ours;
        put_session_expires(b, reply->session_expires_s,
                            is_ours ? ";refresher=uas" : ";refresher=uac");
        if (!is_ours)
                sip_write_header(b, "Require", SLICE("timer"));
}

void sip_compose_reply(struct buf *b, const struct sip_reply *reply)
{
        sip_write_status_line(b, reply->status);
        buf_put_slice(b, reply->head);
        if (reply->record_route)
                put_record_route(b, reply->record_route);
        if (reply->contact.len)
                put_party(b, "Contact", reply->contact, SLICE_NONE);
        if (reply->has_allow)
                sip_write_header(b, "Allow", SLICE(ALLOW));
        if (reply->has_accept)
                sip_write_header(b, "Accept", SLICE("application/sdp"));
        if (reply->has_accept_dtmf)
                sip_write_header(b, "Accept", SLICE("application/dtmf-relay, application/dtmf"));
        if (reply->has_supported)
                put_supported(b, true, true);
        if (reply->rseq) {
                sip_write_header(b, "Require", SLICE("100rel"));
                sip_write_header_u64(b, "RSeq", reply->rseq);
        }
        if (reply->unsupported.len)
                sip_write_echo(b, "Unsupported", reply->unsupported);
        if (reply->retry_after_s)
                sip_write_header_u64(b, "Retry-After", reply->retry_after_s);
        if (reply->min_se_s)
                sip_write_header_u64(b, "Min-SE", reply->min_se_s);
        if (reply->session_expires_s)
                put_session_timer(b, reply);
        sip_write_body(b, "application/sdp", reply->sdp);
}
