/* SPDX-License-Identifier: Apache-2.0 */
#include "invites.h"

#include <assert.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/random.h"

/* What differs from message to message. */
struct call {
        unsigned caller, dialled; /* the last two digits */
        unsigned peer;            /* the last byte of the addresses */
        uint64_t id;
        unsigned cseq;
        unsigned port;
};

static void put_sdp(struct buf *b, const struct call *call, bool is_long)
{
        buf_printf(b,
                   "v=0\r\no=- %u %u IN IP4 192.0.2.%u\r\ns=-\r\nc=IN IP4 192.0.2.%u\r\nt=0 0\r\n",
                   (unsigned)(call->id >> 40), call->cseq, call->peer, call->peer);
        if (!is_long) {
                buf_printf(b,
                           "m=audio %u RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\n"
                           "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
                           "a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n",
                           call->port);
                return;
        }
        buf_printf(b,
                   "m=audio %u RTP/AVP 18 0 8 9 96\r\na=rtpmap:18 G729/8000\r\n"
                   "a=fmtp:18 annexb=no\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
                   "a=rtpmap:9 G722/8000\r\na=rtpmap:96 telephone-event/8000\r\n"
                   "a=fmtp:96 0-16\r\na=ptime:20\r\na=maxptime:40\r\na=sendrecv\r\n",
                   call->port);
}

/* A carrier's proxy in front of its gateway. */
static void put_plain(struct buf *b, const struct call *call)
{
        buf_printf(b,
                   "INVITE sip:+9190000000%02u@192.0.2.1:5060;user=phone SIP/2.0\r\n"
                   "Via: SIP/2.0/UDP 192.0.2.%u:5060;branch=z9hG4bK%016llx;rport\r\n"
                   "Via: SIP/2.0/UDP 198.51.100.%u:5080;received=198.51.100.%u;"
                   "branch=z9hG4bK-%u-%08x\r\n"
                   "Max-Forwards: 69\r\n"
                   "Record-Route: <sip:192.0.2.%u;lr>\r\n"
                   "From: <sip:+9198888000%02u@192.0.2.%u;user=phone>;tag=%08x\r\n"
                   "To: <sip:+9190000000%02u@192.0.2.1;user=phone>\r\n"
                   "Call-ID: %016llx@198.51.100.%u\r\n"
                   "CSeq: %u INVITE\r\n"
                   "Contact: <sip:+9198888000%02u@198.51.100.%u:5080>\r\n"
                   "P-Asserted-Identity: <sip:+9198888000%02u@192.0.2.%u;user=phone>\r\n"
                   "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE\r\n"
                   "Supported: timer\r\n",
                   call->dialled, call->peer, (unsigned long long)call->id, call->peer, call->peer,
                   call->cseq, (unsigned)call->id, call->peer, call->caller, call->peer,
                   (unsigned)(call->id >> 16), call->dialled, (unsigned long long)~call->id,
                   call->peer, call->cseq, call->caller, call->peer, call->caller, call->peer);
}

/* A session border controller with what its network put in. */
static void put_border(struct buf *b, const struct call *call)
{
        buf_printf(
                b,
                "INVITE sip:9190000000%02u@192.0.2.1:5060 SIP/2.0\r\n"
                "Via: SIP/2.0/UDP 192.0.2.%u:5060;branch=z9hG4bK+%016llx+1+%08x;rport\r\n"
                "Via: SIP/2.0/TCP 198.51.100.%u:5060;branch=z9hG4bK%08x.%u;alias\r\n"
                "Via: SIP/2.0/UDP 203.0.113.%u;rport=5060;received=203.0.113.%u;"
                "branch=z9hG4bK%08x\r\n"
                "Record-Route: <sip:192.0.2.%u;lr;ftag=%08x>,<sip:198.51.100.%u;transport=tcp;lr>"
                "\r\n"
                "From: \"Asha %c. R.\" <sip:9198888000%02u@ims.example.net>;tag=sbc-%08x-%u\r\n"
                "To: <sip:9190000000%02u@ims.example.net>\r\n"
                "Call-ID: SDd%016llx-%08x-v3000i1@ims.example.net\r\n"
                "CSeq: %u INVITE\r\n"
                "Max-Forwards: 65\r\n"
                "Contact: <sip:9198888000%02u@192.0.2.%u:5060;transport=udp>;+g.3gpp.x=\"a,b\"\r\n"
                "P-Asserted-Identity: \"Asha\" <sip:+9198888000%02u@ims.example.net>, "
                "<tel:+9198888000%02u>\r\n"
                "Privacy: none\r\n"
                "Allow: INVITE,ACK,OPTIONS,BYE,CANCEL,UPDATE,PRACK,INFO,NOTIFY\r\n"
                "Supported: 100rel,timer,replaces,histinfo\r\n"
                "Session-Expires: 1800;refresher=uac\r\n"
                "Min-SE: 90\r\n"
                "User-Agent: Example Border/12.%u\r\n"
                "P-Charging-Vector: icid-value=%016llx\r\n",
                call->dialled, call->peer, (unsigned long long)call->id, call->cseq, call->peer,
                (unsigned)call->id, call->cseq, call->peer, call->peer, (unsigned)(call->id >> 8),
                call->peer, (unsigned)call->id, call->peer, 'A' + (int)call->caller % 26,
                call->caller, (unsigned)(call->id >> 16), call->cseq, call->dialled,
                (unsigned long long)~call->id, (unsigned)call->id, call->cseq, call->caller,
                call->peer, call->caller, call->caller, call->peer, (unsigned long long)call->id);
}

/* Compact names, a withheld number. */
static void put_compact(struct buf *b, const struct call *call)
{
        buf_printf(b,
                   "INVITE sip:0%02u@192.0.2.1 SIP/2.0\r\n"
                   "v: SIP/2.0/UDP 192.0.2.%u;branch=z9hG4bK%08x%08x;rport\r\n"
                   "v: SIP/2.0/UDP pbx-%u.branch-office.example.org:5062;branch=z9hG4bK.%08x\r\n"
                   "v: SIP/2.0/TLS phone-%u.branch-office.example.org:5061;branch=z9hG4bK.%08x\r\n"
                   "f: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=%016llx\r\n"
                   "t: sip:0%02u@192.0.2.1\r\n"
                   "i: %08x-%08x-%u\r\n"
                   "CSeq: %u INVITE\r\n"
                   "m: <sip:anonymous@192.0.2.%u:5070;transport=udp>\r\n"
                   "Max-Forwards: 70\r\n"
                   "Record-Route: <sip:192.0.2.%u:5060;transport=udp;lr>\r\n"
                   "P-Asserted-Identity: <sip:+9198888000%02u@192.0.2.%u>\r\n"
                   "Privacy: id;critical\r\n"
                   "k: timer, 100rel, path\r\n"
                   "x: 3600;refresher=uas\r\n"
                   "Min-SE: 120\r\n"
                   "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REFER\r\n",
                   call->dialled, call->peer, (unsigned)call->id, call->cseq, call->peer,
                   (unsigned)(call->id >> 8), call->peer, (unsigned)(call->id >> 24),
                   (unsigned long long)call->id, call->dialled, (unsigned)call->id,
                   (unsigned)(call->id >> 32), call->cseq, call->cseq, call->peer, call->peer,
                   call->caller, call->peer);
}

static struct slice make(struct buf *b, const struct call *call, unsigned kind)
{
        char memory[512];
        size_t start = b->len;
        struct buf sdp;
        buf_init(&sdp, memory, sizeof memory);
        put_sdp(&sdp, call, kind == 1);
        if (kind == 0)
                put_plain(b, call);
        else if (kind == 1)
                put_border(b, call);
        else
                put_compact(b, call);
        if (kind == 2)
                buf_printf(b, "c: application/sdp\r\nl: %zu\r\n\r\n", sdp.len);
        else
                buf_printf(b, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n",
                           sdp.len);
        buf_put_slice(b, buf_slice(&sdp));
        assert(buf_ok(b) && buf_ok(&sdp));
        return (struct slice){b->p + start, b->len - start};
}

const struct slice *invites(void)
{
        static char memory[INVITES * INVITE_BYTES_MOST];
        static struct slice made[INVITES];
        if (made[0].len)
                return made;

        struct random r;
        struct buf b;
        random_init_seeded(&r, 1);
        buf_init(&b, memory, sizeof memory);
        for (unsigned i = 0; i < INVITES; i++) {
                struct call call = {
                        .caller = random_below(&r, 100),
                        .dialled = random_below(&r, 100),
                        .peer = 1 + random_below(&r, 250),
                        .id = random_u64(&r),
                        .cseq = random_below(&r, 100000),
                        .port = 10000 + 2 * random_below(&r, 10000),
                };
                made[i] = make(&b, &call, i % 3);
                assert(made[i].len >= INVITE_BYTES_LEAST && made[i].len <= INVITE_BYTES_MOST);
        }
        return made;
}
