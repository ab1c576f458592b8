/* SPDX-License-Identifier: Apache-2.0 */
#include "raw.h"

#include <stdio.h>

#include "../unit/unit.h"
#include "wire/sip_msg.h"

#define TEXT_BYTES 2048

static void send_text(struct raw *raw, const char *text)
{
        io_udp_send(raw->sip, &raw->world->platform->sip, slice_from(text));
}

static void describe(const struct raw *raw, const char *direction, char *out)
{
        out[0] = '\0';
        if (direction)
                snprintf(out, TEXT_BYTES,
                         "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n%s"
                         "a=rtpmap:96 telephone-event/8000\r\na=%s\r\n",
                         raw->media, direction);
}

static void send_request(struct raw *raw, const char *method, unsigned cseq, const char *uri,
                         const char *headers, const char *direction)
{
        char text[2 * TEXT_BYTES], body[TEXT_BYTES], tag[80] = "";
        describe(raw, direction, body);
        if (raw->to_tag[0])
                snprintf(tag, sizeof tag, ";tag=%s", raw->to_tag);
        snprintf(text, sizeof text,
                 "%s %s SIP/2.0\r\n"
                 "Via: SIP/2.0/UDP %s;branch=z9hG4bKraw%u;rport\r\n"
                 "Max-Forwards: 70\r\n"
                 "From: <%s>;tag=raw\r\n"
                 "To: <sip:+%llu@127.0.0.1>%s\r\n"
                 "Call-ID: raw%s\r\n"
                 "CSeq: %u %s\r\n"
                 "Contact: <sip:%s>\r\n"
                 "%s%s"
                 "Content-Length: %zu\r\n\r\n%s",
                 method, uri, raw->at, ++raw->branches, raw->from, (unsigned long long)raw->dialled,
                 tag, raw->at, cseq, method, raw->at, headers,
                 direction ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
        send_text(raw, text);
}

void raw_invite(struct raw *raw, const char *from, uint64_t dialled, const char *headers,
                const char *description)
{
        char uri[64];
        snprintf(raw->from, sizeof raw->from, "%s", from);
        snprintf(uri, sizeof uri, "sip:+%llu@127.0.0.1", (unsigned long long)dialled);
        raw->dialled = dialled;
        raw->to_tag[0] = '\0';
        raw->status = 0;
        send_request(raw, "INVITE", ++raw->cseq, uri, headers, description);
}

void raw_request(struct raw *raw, const char *method, const char *description)
{
        raw->status = 0;
        send_request(raw, method, ++raw->cseq, raw->target, "", description);
}

void raw_ack(struct raw *raw, const char *description)
{
        send_request(raw, "ACK", raw->cseq, raw->target, "", description);
}

/* ---- what comes in ---- */

static void take_answer(struct raw *raw, const struct sip_msg *msg)
{
        if (msg->cseq_method != SIP_INVITE || msg->status < 200)
                return;
        raw->status = msg->status;
        assert_int_equal(slice_to_text(msg->to.tag, raw->to_tag, sizeof raw->to_tag), 0);
        if (msg->contact_count)
                assert_int_equal(
                        slice_to_text(msg->contacts[0].uri.text, raw->target, sizeof raw->target),
                        0);
        raw->direction[0] = '\0';
        static const char *const directions[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
        for (size_t i = 0; i < sizeof directions / sizeof directions[0]; i++) {
                if (memmem(msg->body.p, msg->body.len, directions[i], strlen(directions[i])))
                        snprintf(raw->direction, sizeof raw->direction, "%s", directions[i]);
        }
}

static void take_bye(struct raw *raw, const struct sip_msg *msg)
{
        char text[TEXT_BYTES];
        if (msg->cseq != raw->bye_cseq)
                raw->byes++;
        raw->bye_cseq = msg->cseq;
        snprintf(text, sizeof text,
                 "SIP/2.0 200 OK\r\nVia: %.*s\r\nFrom: %.*s\r\nTo: %.*s\r\nCall-ID: %.*s\r\n"
                 "CSeq: %u BYE\r\nContent-Length: 0\r\n\r\n",
                 SLICE_ARG(msg->vias[0].text), SLICE_ARG(msg->from.text), SLICE_ARG(msg->to.text),
                 SLICE_ARG(msg->call_id), msg->cseq);
        send_text(raw, text);
}

static void on_sip(void *arg, const struct addr *from, struct slice data)
{
        static struct sip_msg msg;
        bool reply_possible;
        (void)from;
        assert_int_equal(sip_msg_parse(data, &msg, &reply_possible), 0);
        if (!msg.is_request)
                take_answer(arg, &msg);
        else if (msg.method == SIP_BYE)
                take_bye(arg, &msg);
}

static void on_rtp(void *arg, const struct addr *from, struct slice data)
{
        (void)from;
        (void)data;
        ((struct raw *)arg)->rtp_packets++;
}

static struct io_udp *open_at(struct raw *raw, const char *ip, uint16_t port, io_udp_fn *fn)
{
        struct addr at = platform_addr(ip);
        struct io_udp *udp;
        at.port = port;
        assert_int_equal(io_udp_open(raw->io, &at, fn, raw, &udp), 0);
        return udp;
}

void raw_open(struct world *world, struct raw *raw, const char *ip, uint16_t port)
{
        uint16_t rtp_port = (uint16_t)((port | 1) + 1);
        *raw = (struct raw){.world = world};
        snprintf(raw->at, sizeof raw->at, "%s:%u", ip, port);
        snprintf(raw->media, sizeof raw->media, "m=audio %u RTP/AVP 8 0 96\r\nc=IN IP4 %s\r\n",
                 rtp_port, ip);
        assert_int_equal(io_create_sim(world->platform->sim, &raw->io), 0);
        raw->sip = open_at(raw, ip, port, on_sip);
        raw->rtp = open_at(raw, ip, rtp_port, on_rtp);
}

void raw_close(struct raw *raw)
{
        io_udp_close(raw->sip);
        io_udp_close(raw->rtp);
}
