/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one peer writes never reaches another: two legs of one agent, each peer plants its word in
 * everything it may write, and every datagram of ours is searched.
 */
#include <stdio.h>

#include "scene.h"

#define CALLER_TRUNK 8
#define CALLER_IP    "203.0.113.5"
#define CALLER_E164  "919888800033"

/* Each side's word, its number and its addresses. */
static const char *const caller_words[] = {"ALPHA",      CALLER_E164,  "9888800033",
                                           "203.0.113.", "198.18.7.7", MASKING};
static const char *const callee_words[] = {"BRAVO",     PARTY,        "9888800001",
                                           "192.0.2.1", "198.18.9.9", SHOWN};

struct watch {
        struct addr caller, callee;
        unsigned to_caller, to_callee;
        unsigned own_words; /* of a side, repeated to itself: the search does find them */
};
static struct watch watch;

static bool has_word(struct slice data, const char *word)
{
        return memmem(data.p, data.len, word, strlen(word)) != NULL;
}

static void refuse_words(struct slice data, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (has_word(data, words[i]))
                        fail_msg("%s is in: %.*s", words[i], SLICE_ARG(data));
        }
}

static void on_any_datagram(void *arg, const struct addr *from, const struct addr *to,
                            struct slice data)
{
        (void)arg;
        (void)from;
        if (addr_equal_ip(to, &watch.callee)) {
                watch.to_callee++;
                watch.own_words += has_word(data, "BRAVO");
                refuse_words(data, caller_words, 6);
        } else if (addr_equal_ip(to, &watch.caller)) {
                watch.to_caller++;
                watch.own_words += has_word(data, "ALPHA");
                refuse_words(data, callee_words, 6);
        }
}

/* Every header that may say who somebody is, with the word W, the number N and the address A. */
#define PLANTED(W, N, A)                                                                           \
        "Subject: " W " " N "\r\n"                                                                 \
        "Organization: " W "\r\n"                                                                  \
        "User-Agent: " W "/" A "\r\n"                                                              \
        "Server: " W "\r\n"                                                                        \
        "Reply-To: \"" W "\" <sip:" N "@" A ">\r\n"                                                \
        "In-Reply-To: " W "@" A "\r\n"                                                             \
        "P-Asserted-Identity: \"" W "\" <sip:+" N "@" A ">\r\n"                                    \
        "P-Preferred-Identity: <tel:+" N ">\r\n"                                                   \
        "Remote-Party-ID: \"" W "\" <sip:+" N "@" A ">;party=calling\r\n"                          \
        "Diversion: <sip:+" N "@" A ">;reason=unconditional\r\n"                                   \
        "History-Info: <sip:+" N "@" A "?Reason=SIP%3Bcause%3D302>;index=1\r\n"                    \
        "P-Charging-Vector: icid-value=" W ";icid-generated-at=" A "\r\n"                          \
        "P-Charge-Info: <sip:+" N "@" A ">\r\n"                                                    \
        "P-Called-Party-ID: <sip:+" N "@" A ">\r\n"                                                \
        "P-Access-Network-Info: 3GPP-UTRAN;cell=" W "\r\n"                                         \
        "Identity: eyJ" W ".x.y;info=<https://" A "/" W ">\r\n"                                    \
        "Geolocation: <cid:" W "@" A ">\r\n"                                                       \
        "Call-Info: <http://" A "/" N ".jpg>;purpose=icon\r\n"                                     \
        "Alert-Info: <http://" A "/" W ">\r\n"                                                     \
        "Error-Info: <sip:" N "@" A ">\r\n"                                                        \
        "Warning: 399 " A " \"" W " " N "\"\r\n"                                                   \
        "Reason: Q.850;cause=16;text=\"" W " " N "\"\r\n"                                          \
        "User-to-User: " W N ";encoding=hex\r\n"                                                   \
        "Session-ID: " W ";remote=" W "\r\n"                                                       \
        "Referred-By: <sip:" N "@" A ">\r\n"                                                       \
        "Accept-Contact: *;" W "\r\n"                                                              \
        "Allow-Events: " W "\r\n"                                                                  \
        "Date: Sat, 13 Nov 2010 23:29:00 GMT\r\n"                                                  \
        "Timestamp: 54." W "\r\n"                                                                  \
        "X-Original-Number: +" N "\r\n"                                                            \
        "X-" W ": " W "\r\n"                                                                       \
        "P-RTP-Stat: PS=1,LA=" A "\r\n"                                                            \
        "Allow: INVITE, ACK, " W "\r\n"                                                            \
        "Supported: " W "\r\n"

#define DESCRIPTION(W, N, A)                                                                       \
        "v=0\r\no=" W " 4711 4712 IN IP4 " A "\r\ns=" W " " N "\r\ni=" W "\r\n"                    \
        "u=http://" A "/\r\ne=" W "@x.example\r\np=+" N "\r\nc=IN IP4 " A "\r\n"                   \
        "b=CT:64\r\nt=0 0\r\na=tool:" W "\r\n"                                                     \
        "m=audio 30000 RTP/AVP 8 0 101\r\ni=" W "\r\na=rtpmap:101 telephone-event/8000\r\n"        \
        "a=fmtp:101 0-15\r\na=ssrc:1 cname:" W "\r\na=label:" W "\r\na=candidate:1 1 UDP 1 " A     \
        " 30000 typ host\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" W "\r\n"

#define ALPHA PLANTED("ALPHA", CALLER_E164, "198.18.7.7")
#define BRAVO PLANTED("BRAVO", PARTY, "198.18.9.9")

#define ALPHA_SDP DESCRIPTION("ALPHA", CALLER_E164, "198.18.7.7")
#define BRAVO_SDP DESCRIPTION("BRAVO", PARTY, "198.18.9.9")

#define ALPHA_CONTACT                                                                              \
        "Contact: \"ALPHA\" <sip:ALPHA@" CALLER_IP ";x=ALPHA>;+sip.instance=\"ALPHA\"\r\n"
#define ALPHA_ROUTES  "Record-Route: <sip:" CALLER_IP ";lr;ALPHA>\r\n"
#define BRAVO_CONTACT "Contact: \"BRAVO\" <sip:BRAVO@192.0.2.10;x=BRAVO>\r\n"

static struct io_udp *caller_socket, *callee_socket;

static void ignore(void *arg, const struct addr *from, struct slice data)
{
        struct scene *s = arg;
        (void)from;
        struct inbox *in = &s->inbox[(s->inbox_first + s->inbox_count++) % INBOX_MAX];
        in->bytes = data.len;
        memcpy(in->text, data.p, data.len);
        in->text[data.len] = 0;
}

static void open_caller(struct scene *s)
{
        struct trunk trunk = s->trunk;
        trunk.id = CALLER_TRUNK;
        trunk.source_count = 0;
        strcpy(trunk.peer_host, CALLER_IP);
        assert_int_equal(sip_trunks_put(s->trunks, &trunk), 0);
        s->trunk.send_asserted = true;
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);

        assert_int_equal(addr_parse(SLICE(CALLER_IP ":5060"), 0, &watch.caller), 0);
        assert_int_equal(addr_parse(SLICE("192.0.2.10:5060"), 0, &watch.callee), 0);
        watch.to_caller = watch.to_callee = watch.own_words = 0;
        callee_socket = s->peer;
        assert_int_equal(io_udp_open(s->peer_io, &watch.caller, ignore, s, &caller_socket), 0);
        sim_world_on_datagram(s->world, on_any_datagram, NULL);
        s->ip = CALLER_IP;
        s->from = "sip:+" CALLER_E164 ";cpc=ALPHA@" CALLER_IP;
}

static void as_caller(struct scene *s)
{
        s->peer = caller_socket;
}

static void as_callee(struct scene *s)
{
        s->peer = callee_socket;
}

static void nothing_of_one_peer_reaches_the_other(void **state)
{
        struct scene *s = *state;
        char invite[DATAGRAM_MAX];
        struct sip_leg b;
        open_caller(s);

        as_caller(s);
        peer_invite(s, ALPHA ALPHA_CONTACT ALPHA_ROUTES, ALPHA_SDP);
        take_status(s, 100);
        struct event call = take_event(s, EVENT_INVITE);
        assert_int_equal(call.invite.caller.n.e164, UINT64_C(919888800033));
        assert_int_equal(dial(s, &b), 0);
        scene_run(s, 1);
        take_request(s, SIP_INVITE);
        strcpy(invite, s->last);
        assert_true(s->msg.text.len < 1200);
        assert_true(last_has(s, "P-Asserted-Identity: <sip:+" SHOWN "@198.51.100.1:5060>\r\n"));

        as_callee(s);
        peer_reply(s, 183, "BRAVO", BRAVO BRAVO_CONTACT, BRAVO_SDP);
        take_event(s, EVENT_PROGRESS);
        assert_int_equal(sip_leg_progress(s->ua, call.leg, 183, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 183);
        peer_reply_to(s, invite, 200, "BRAVO", BRAVO BRAVO_CONTACT, BRAVO_SDP);
        take_event(s, EVENT_ANSWERED);
        take_request(s, SIP_ACK);
        assert_int_equal(sip_leg_answer(s->ua, call.leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        assert_true(last_has(s, "SIP/2.0 200 OK\r\n"));

        as_caller(s);
        peer_learn(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        peer_request(s, "INVITE", ALPHA ALPHA_CONTACT, ALPHA_SDP);
        take_event(s, EVENT_OFFER);
        take_status(s, 200);
        peer_ack(s, NULL);
        peer_request(s, "INFO", ALPHA "Content-Type: application/dtmf\r\n", "4");
        take_event(s, EVENT_DTMF);
        take_status(s, 200);
        peer_request(s, "REFER", ALPHA "Refer-To: <sip:ALPHA@h>\r\n", NULL);
        take_status(s, 603);
        peer_request(s, "MESSAGE", ALPHA "Content-Type: text/plain\r\n", "ALPHA");
        take_status(s, 405);
        peer_request(s, "BYE", ALPHA, NULL);
        take_status(s, 200);
        take_event(s, EVENT_ENDED);

        sip_leg_hangup(s->ua, b);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        as_callee(s);
        peer_reply(s, 200, "", BRAVO, NULL);
        expect_ended(s, b, SIP_END_LOCAL, 0);

        assert_true(watch.to_caller >= 8);
        assert_true(watch.to_callee >= 3);
        assert_true(watch.own_words > 8);
        io_udp_close(caller_socket);
}

static void a_refusal_says_only_its_status(void **state)
{
        struct scene *s = *state;
        struct sip_leg b;
        open_caller(s);
        as_caller(s);
        peer_invite(s, ALPHA ALPHA_CONTACT, ALPHA_SDP);
        take_status(s, 100);
        struct sip_leg a = take_event(s, EVENT_INVITE).leg;
        assert_int_equal(dial(s, &b), 0);
        scene_run(s, 1);
        take_request(s, SIP_INVITE);
        as_callee(s);
        peer_reply(s, 486, "BRAVO", BRAVO, NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, b, SIP_END_REJECTED, 486);
        assert_int_equal(sip_leg_reject(s->ua, a, 486, 0), 0);
        scene_run(s, 1);
        take_status(s, 486);
        assert_true(last_has(s, "SIP/2.0 486 Busy Here\r\n"));
        expect_ended(s, a, SIP_END_LOCAL, 486);
        as_caller(s);
        peer_learn(s);
        peer_ack_failure(s);
        as_callee(s);
        io_udp_close(caller_socket);
}

/* What each of our messages consists of, and nothing else. */
static void our_invite_has_these_headers_and_no_others(void **state)
{
        struct scene *s = *state;
        static const char *const allowed[] = {
                "Via:",        "Max-Forwards:", "From:",           "To:",
                "Call-ID:",    "CSeq:",         "Allow:",          "Contact:",
                "User-Agent:", "Content-Type:", "Content-Length:", "Supported:"};
        struct sip_leg leg = dialled_call(s);
        assert_true(last_has(s, "INVITE sip:+" PARTY "@192.0.2.10 SIP/2.0\r\n"));
        assert_true(last_has(s, "From: <sip:+" SHOWN "@198.51.100.1:5060>;tag="));
        assert_true(last_has(s, "To: <sip:+" PARTY "@192.0.2.10>\r\n"));
        assert_true(last_has(s, "Contact: <sip:+" SHOWN "@198.51.100.1:5060>\r\n"));
        assert_true(last_has(s, "Max-Forwards: 69\r\n"));
        assert_true(last_has(s, "User-Agent: Maskline\r\n"));
        assert_true(s->msg.vias[0].has_rport);
        assert_int_equal(s->msg.call_id.len, 32);
        assert_int_equal(s->msg.from.tag.len, 32);
        unsigned lines = 0;
        for (unsigned i = 0; i < 12; i++)
                lines += count_lines(s, allowed[i]);
        assert_int_equal(lines, 12);
        assert_int_equal(count_headers(s), 12);
        peer_reply(s, 603, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 603);
}

static void numbers_and_addresses_are_written_as_the_trunk_wants(void **state)
{
        struct scene *s = *state;
        s->trunk.number_form = NUMBER_NATIONAL;
        s->trunk.send_asserted = true;
        assert_int_equal(addr_parse_ip(SLICE("198.18.0.1"), &s->trunk.advertised.ip4), 0);
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        struct sip_leg leg = dialled_call(s);
        assert_true(last_has(s, "INVITE sip:09888800001@192.0.2.10 SIP/2.0\r\n"));
        assert_true(last_has(s, "Via: SIP/2.0/UDP 198.18.0.1:5060;branch="));
        assert_true(last_has(s, "P-Asserted-Identity: <sip:09000000002@198.18.0.1:5060>\r\n"));
        assert_true(last_has(s, "Contact: <sip:09000000002@198.18.0.1:5060>\r\n"));
        peer_reply(s, 603, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 603);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(nothing_of_one_peer_reaches_the_other),
                TEST(a_refusal_says_only_its_status),
                TEST(our_invite_has_these_headers_and_no_others),
                TEST(numbers_and_addresses_are_written_as_the_trunk_wants),
        };
        return RUN_TESTS(tests);
}
