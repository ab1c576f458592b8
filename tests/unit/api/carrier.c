/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../unit.h"

void carrier_open(struct carrier *carrier, const char *ip, uint16_t port)
{
        struct addr local;
        struct sockaddr_storage ss;
        assert_int_equal(addr_parse_ip(slice_from(ip), &local), 0);
        local.port = port;
        uint32_t len = addr_to_sockaddr(&local, &ss);
        carrier->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(carrier->fd >= 0);
        assert_int_equal(bind(carrier->fd, (struct sockaddr *)&ss, len), 0);
}

static void carrier_send(void *arg)
{
        struct carrier *carrier = arg;
        char answer[2048];
        struct sockaddr_storage ss;
        uint32_t len = addr_to_sockaddr(&carrier->to, &ss);
        if (sendto(carrier->fd, carrier->text, strlen(carrier->text), 0, (struct sockaddr *)&ss,
                   len) < 0 ||
            recv(carrier->fd, answer, sizeof answer, 0) < 0)
                abort();
}

void carrier_invite(struct rig *rig, struct carrier *carrier)
{
        static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.11\r\ns=-\r\n"
                                  "c=IN IP4 127.0.0.11\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";
        char text[1024];
        snprintf(text, sizeof text,
                 "INVITE sip:+919000000001@%s SIP/2.0\r\n"
                 "Via: SIP/2.0/UDP 127.0.0.11;rport;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
                 "From: <sip:+919888800001@127.0.0.11>;tag=1\r\nTo: <sip:+919000000001@x>\r\n"
                 "Call-ID: 1@127.0.0.11\r\nCSeq: 1 INVITE\r\nContact: <sip:127.0.0.11>\r\n"
                 "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
                 addr_format(calls_listens(rig->calls, SIP_UDP, 4)).text, sizeof sdp - 1, sdp);
        carrier->text = text;
        carrier->to = *calls_listens(rig->calls, SIP_UDP, 4);
        rig_run(rig, carrier_send, carrier);
}
