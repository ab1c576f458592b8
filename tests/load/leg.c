/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leg.c - one end of a call in its dialog: requests and their answers, the same for both ends.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "load.h"
#include "voice.h"
#include "wire/sip_write.h"

static struct link *link_of(const struct leg *leg)
{
        return leg->load->links[leg->side];
}

static void send_to(struct leg *leg, struct slice message)
{
        leg->load->tally.sent++;
        link_send(link_of(leg), &leg->peer, message);
}

/* ---- composing ---- */

static void put_contact(struct load *load, enum side side, struct buf *b, const char *user)
{
        struct link *link = load->links[side];
        buf_printf(b, "Contact: <sip:%s@%s%s>\r\n", user, addr_format(link_local(link)).text,
                   link_parameter(link));
}

/* The user of "sip:+91...@host". */
static void user_of(const char *uri, char out[32])
{
        const char *at = strchr(uri, '@');
        size_t len = at && at - uri > 4 ? (size_t)(at - uri) - 4 : 0;
        snprintf(out, 32, "%.*s", (int)(len < 31 ? len : 31), uri + 4);
}

static void put_head(struct leg *leg, struct buf *b, enum sip_method method, uint32_t cseq,
                     const char *branch)
{
        struct link *link = link_of(leg);
        struct slice name = sip_method_name(method);
        buf_printf(b, "%.*s %s SIP/2.0\r\n", SLICE_ARG(name), leg->target);
        buf_printf(b, "Via: SIP/2.0/%s %s;rport;branch=%s\r\n%s", link_name(link),
                   addr_format(link_local(link)).text, branch, leg->route);
        buf_printf(b,
                   "Max-Forwards: 70\r\nFrom: <%s>;tag=%s\r\nTo: <%s>%s%s\r\n"
                   "Call-ID: %s\r\nCSeq: %" PRIu32 " %.*s\r\n",
                   leg->us, leg->our_tag, leg->them, leg->their_tag[0] ? ";tag=" : "",
                   leg->their_tag, leg->call_id, cseq, SLICE_ARG(name));
}

/* The INVITE's for CANCEL and for the ACK of a refusal (RFC 3261 9.1, 17.1.1.3). */
static void put_branch(const struct leg *leg, char out[80], enum sip_method method, uint32_t cseq)
{
        snprintf(out, 80, "z9hG4bK%s-%" PRIu32 "%s", leg->our_tag, cseq,
                 method == SIP_ACK ? "a" : "");
}

void leg_send_request(struct leg *leg, enum sip_method method, const char *content_type,
                      struct slice body)
{
        struct buf b;
        char branch[80], user[32];
        if (method == SIP_CANCEL)
                leg->cseq = leg->invite_cseq;
        else
                leg->cseq++;
        put_branch(leg, branch, method, leg->cseq);
        buf_init(&b, leg->kept, sizeof leg->kept);
        put_head(leg, &b, method, leg->cseq, branch);
        if (method == SIP_INVITE) {
                leg->invite_cseq = leg->cseq;
                user_of(leg->us, user);
                put_contact(leg->load, leg->side, &b, user);
                buf_put_text(&b,
                             "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, INFO, PRACK\r\n"
                             "Supported: replaces\r\nUser-Agent: ExampleSBC/7.4 (trunk-in-04)\r\n");
                buf_printf(&b,
                           "P-Asserted-Identity: <%s>\r\nPrivacy: none\r\n"
                           "Accept: application/sdp\r\n",
                           leg->us);
        }
        sip_write_body(&b, content_type, body);
        leg->kept_bytes = b.len;
        leg->pending = method;
        leg->pending_since_us = load_now_us();
        leg_keep_sending(leg);
}

void leg_send_ack(struct leg *leg, const struct sip_msg *answer)
{
        char memory[1400], branch[80];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        put_branch(leg, branch, answer->status < 300 ? SIP_ACK : SIP_INVITE, answer->cseq);
        put_head(leg, &b, SIP_ACK, answer->cseq, branch);
        sip_write_body(&b, NULL, SLICE_NONE);
        send_to(leg, buf_slice(&b));
}

struct slice leg_describe(struct leg *leg, enum sdp_direction direction, char *out, size_t bytes)
{
        struct buf b;
        struct sdp_audio audio = {
                .rtp = voice_address(leg->load, leg->side),
                .direction = direction,
                .dtmf_pt = leg->has_remote ? leg->remote.dtmf_pt : 101,
                .ptime_ms = 20,
        };
        sdp_audio_add_codec(&audio, SDP_PCMA, 8);
        sdp_audio_add_codec(&audio, SDP_PCMU, 0);
        audio.rtcp = audio.rtp;
        audio.rtcp.port++;
        const struct sdp_origin origin = {leg->ssrc, leg->cseq + 1};
        buf_init(&b, out, bytes);
        sdp_write(&b, &origin, &audio, NULL);
        return buf_slice(&b);
}

void put_answer(struct load *load, enum side side, struct buf *b, const struct origin *from,
                const struct sip_msg *msg, unsigned status, const char *tag)
{
        sip_write_status_line(b, status);
        for (unsigned i = 0; i < msg->via_count; i++)
                sip_write_via_echo(b, &msg->vias[i], i == 0 ? &from->addr : NULL);
        for (unsigned i = 0; status > 100 && i < msg->record_route_count; i++)
                sip_write_echo(b, "Record-Route", msg->record_routes[i].text);
        sip_write_echo(b, "From", msg->from.text);
        if (status > 100 && !msg->to.tag.len)
                sip_write_echo_tagged(b, "To", msg->to.text, slice_from(tag));
        else
                sip_write_echo(b, "To", msg->to.text);
        sip_write_header(b, "Call-ID", msg->call_id);
        sip_write_cseq_echo(b, msg->cseq, msg->method_text);
        if (status > 100 && (msg->method == SIP_INVITE || msg->method == SIP_UPDATE)) {
                char user[32];
                snprintf(user, sizeof user, "%.*s", SLICE_ARG(msg->request_uri.user));
                put_contact(load, side, b, user);
        }
}

void answer_request(struct load *load, enum side side, const struct origin *from,
                    const struct sip_msg *msg, unsigned status, const char *tag)
{
        char memory[3000];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        put_answer(load, side, &b, from, msg, status, tag);
        sip_write_body(&b, NULL, SLICE_NONE);
        load->tally.sent++;
        link_send(load->links[side], from, buf_slice(&b));
}

/* ---- sending again ---- */

static void on_resend(void *arg)
{
        struct leg *leg = arg;
        struct load *load = leg->load;
        if (io_now_ms(load->io) >= leg->given_up_ms) {
                if (leg->call)
                        call_fail(leg->call,
                                  leg->state == LEG_ANSWERED || leg->state == LEG_REFUSING
                                          ? "not-acknowledged"
                                          : "no-answer-to-a-request");
                leg_over(leg, ENDS_NEVER_WAS);
                return;
        }
        load->tally.resent++;
        send_to(leg, (struct slice){leg->kept, leg->kept_bytes});
        leg->resend_ms = leg->resend_ms * 2 < T2_MS || leg->pending == SIP_INVITE
                                 ? leg->resend_ms * 2
                                 : T2_MS;
        io_timer_start(load->io, &leg->resend_timer, leg->resend_ms, on_resend, leg);
}

void leg_keep_sending(struct leg *leg)
{
        struct load *load = leg->load;
        bool is_reliable = link_is_stream(link_of(leg));
        leg->resend_ms = is_reliable ? GIVE_UP_MS : T1_MS;
        leg->given_up_ms = io_now_ms(load->io) + GIVE_UP_MS;
        send_to(leg, (struct slice){leg->kept, leg->kept_bytes});
        io_timer_start(load->io, &leg->resend_timer, leg->resend_ms, on_resend, leg);
}

void leg_is_answered(struct leg *leg)
{
        leg->pending = SIP_METHOD_OTHER;
        io_timer_stop(leg->load->io, &leg->resend_timer);
}

void leg_after(struct leg *leg, int64_t ms, void (*fn)(void *leg))
{
        io_timer_start(leg->load->io, &leg->plan_timer, ms, fn, leg);
}

/* ---- what happens in the dialog ---- */

void leg_learn(struct leg *leg, const struct sip_msg *msg)
{
        struct sdp sdp;
        if (msg->contact_count &&
            slice_to_text(msg->contacts[0].uri.text, leg->target, sizeof leg->target))
                leg->load->tally.wrong++;
        if (!msg->content_is_sdp || sdp_parse(msg->body, &sdp) || !sdp.has_audio)
                return;
        leg->remote = sdp.audio;
        leg->has_remote = true;
        voice_expect(leg);
}

void leg_bye(struct leg *leg)
{
        leg->state = LEG_LEAVING;
        voice_stop(leg);
        leg_send_request(leg, SIP_BYE, NULL, SLICE_NONE);
}

void leg_over(struct leg *leg, enum ending ending)
{
        struct io *io = leg->load->io;
        if (leg->state == LEG_OVER)
                return;
        leg->state = LEG_OVER;
        leg->ending = ending;
        voice_forget(leg);
        io_timer_stop(io, &leg->resend_timer);
        io_timer_stop(io, &leg->plan_timer);
        if (leg->side == CALLEE_SIDE)
                callee_forget(leg);
        else
                call_leg_over(leg->call);
}

static void answer_invite(struct leg *leg, const struct origin *from, const struct sip_msg *msg)
{
        char memory[3000], sdp[600];
        struct buf b;
        leg_learn(leg, msg);
        buf_init(&b, memory, sizeof memory);
        put_answer(leg->load, leg->side, &b, from, msg, 200, leg->our_tag);
        sip_write_body(&b, "application/sdp", leg_describe(leg, SDP_SENDRECV, sdp, sizeof sdp));
        leg->load->tally.sent++;
        link_send(link_of(leg), from, buf_slice(&b));
}

void leg_on_request(struct leg *leg, const struct origin *from, const struct sip_msg *msg)
{
        if (msg->method == SIP_ACK)
                return;
        if (msg->method == SIP_INVITE) {
                answer_invite(leg, from, msg);
                return;
        }
        answer_request(leg->load, leg->side, from, msg, 200, leg->our_tag);
        if (msg->method == SIP_BYE &&
            (leg->state == LEG_UP || leg->state == LEG_ANSWERED || leg->state == LEG_LEAVING))
                leg_over(leg, leg->state == LEG_LEAVING ? ENDS_BY_US : ENDS_BY_THEM);
}

void leg_on_response(struct leg *leg, const struct sip_msg *msg)
{
        if (msg->cseq_method != leg->pending || msg->cseq != leg->cseq || msg->status < 200) {
                leg->load->tally.strays += msg->status >= 200;
                return;
        }
        leg_is_answered(leg);
        bool is_refused = msg->status >= 300;
        if (is_refused && leg->call && !(leg->state == LEG_LEAVING && msg->status == 481))
                call_fail(leg->call, "a-request-was-refused");
        if (leg->state == LEG_LEAVING) {
                tally_delay(&leg->load->tally, DELAY_BYE, load_now_us() - leg->pending_since_us);
                leg_over(leg, ENDS_BY_US);
        } else if (leg->side == CALLER_SIDE) {
                caller_go_on(leg);
        }
}
