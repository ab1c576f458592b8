/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_msg.h"

#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"

#define START  "INVITE sip:+919000000001@192.0.2.1 SIP/2.0\r\n"
#define VIA    "Via: SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bK1;rport\r\n"
#define FROM   "From: <sip:+919888800001@192.0.2.7>;tag=a1\r\n"
#define TO     "To: <sip:+919000000001@192.0.2.1>\r\n"
#define CALL   "Call-ID: c1@192.0.2.7\r\n"
#define CSEQ   "CSeq: 1 INVITE\r\n"
#define HEAD   START VIA FROM TO CALL CSEQ
#define BARE   VIA FROM TO CALL /* what a start line and a CSeq may be put around */
#define STATUS "SIP/2.0 200 OK\r\n"
#define END    "\r\n"

#define assert_slice(s, literal)                                                                   \
        do {                                                                                       \
                struct slice got_ = (s);                                                           \
                assert_int_equal(got_.len, strlen(literal));                                       \
                assert_memory_equal(got_.len ? got_.p : "", literal, got_.len);                    \
        } while (0)

/* The sanitizer guards the bytes behind an exact copy on the heap; it lives until the next parse. */
static char *copy;
static struct sip_msg msg;
static bool reply_possible;

static int parse_bytes(const char *bytes, size_t len)
{
        free(copy);
        copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, bytes, len);
        memset(&msg, 0xa5, sizeof msg);
        return sip_msg_parse((struct slice){copy, len}, &msg, &reply_possible);
}

static int drop_copy(void **state)
{
        (void)state;
        free(copy);
        copy = NULL;
        return 0;
}

static int parse(const char *text)
{
        return parse_bytes(text, strlen(text));
}

#define assert_good(text) assert_int_equal(parse(text), 0)

static void assert_refused(const char *text, int err, bool can_be_answered)
{
        int got = parse(text);
        if (got != err || reply_possible != can_be_answered)
                fail_msg("%d (answer %d) instead of %d (answer %d): %s", got, reply_possible, err,
                         can_be_answered, text);
}

/* 400 can be sent: the header under test is not one that the answer needs. */
#define assert_400(text)     assert_refused(text, ERR_SYNTAX, true)
#define assert_dropped(text) assert_refused(text, ERR_SYNTAX, false)

static const char full[] =
        START "Via: SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bK1;rport, "
              "SIP/2.0/TCP [2001:db8::7];received=2001:db8::8;branch=z9hG4bK2\r\n"
              "Via: SIP/2.0/TLS gw.example.com;rport=5071\r\n"
              "Record-Route: <sip:192.0.2.20;lr>, <sip:192.0.2.21;lr=on>;x=1\r\n"
              "Route: <sip:192.0.2.1;lr>\r\n"
              "Max-Forwards: 70\r\n"
              "From: \"A, \\\"B\\\" <x>\" <sip:+919888800001@192.0.2.7;user=phone>;x=\"tag=9\";"
              "tag=a1\r\n"
              "To: <sip:+919000000001@192.0.2.1>\r\n"
              "Contact: <sip:+919888800001@192.0.2.7:5070>;expires=60, Bob <sip:b@h>\r\n"
              "P-Asserted-Identity: <sip:+919888800001@192.0.2.7>, <tel:+919888800001>\r\n"
              "Privacy: id;critical\r\n"
              "Require: 100rel, timer\r\n"
              "Proxy-Require: x\r\n"
              "Supported: replaces, timer, path\r\n"
              "Allow: INVITE, ACK, BYE, X-OTHER\r\n"
              "Session-Expires: 1800;refresher=UAC;x\r\n"
              "Min-SE: 90;x=y\r\n"
              "RSeq: 7\r\n"
              "RAck: 8 9 INVITE\r\n"
              "Retry-After: 10 (in (a) \\( while);duration=3\r\n"
              "Expires: 4294967295\r\n"
              "User-Agent: x y\r\n" CALL CSEQ "Content-Encoding: identity\r\n"
              "Content-Type: Application / SDP;charset=\"x;y\"\r\n"
              "Content-Length: 4\r\n"
              "\r\n"
              "v=0\n and what is cut off";

static void the_start_line_and_the_dialog_headers_are_read(void **state)
{
        (void)state;
        assert_good(full);
        assert_true(msg.is_request);
        assert_int_equal(msg.method, SIP_INVITE);
        assert_slice(msg.method_text, "INVITE");
        assert_slice(msg.request_uri.user, "+919000000001");
        assert_int_equal(msg.status, 0);
        assert_slice(msg.from.display, "\"A, \\\"B\\\" <x>\"");
        assert_slice(msg.from.uri.user, "+919888800001");
        assert_slice(msg.from.tag, "a1");
        assert_slice(msg.from.params, "x=\"tag=9\";tag=a1");
        assert_slice(msg.to.display, "");
        assert_slice(msg.to.tag, "");
        assert_slice(msg.to.text, "<sip:+919000000001@192.0.2.1>");
        assert_slice(msg.call_id, "c1@192.0.2.7");
        assert_int_equal(msg.cseq, 1);
        assert_int_equal(msg.cseq_method, SIP_INVITE);
        assert_int_equal(msg.max_forwards, 70);
        assert_true(msg.text.len > strlen(START));
}

static void lists_are_read_across_lines_and_commas(void **state)
{
        (void)state;
        assert_good(full);
        assert_int_equal(msg.via_count, 3);
        assert_int_equal(msg.vias[0].transport, SIP_UDP);
        assert_slice(msg.vias[0].host, "192.0.2.7");
        assert_int_equal(msg.vias[0].port, 5070);
        assert_slice(msg.vias[0].branch, "z9hG4bK1");
        assert_true(msg.vias[0].has_rport);
        assert_int_equal(msg.vias[0].rport, 0);
        assert_slice(msg.vias[0].text, "SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bK1;rport");
        assert_int_equal(msg.vias[1].transport, SIP_TCP);
        assert_slice(msg.vias[1].host, "[2001:db8::7]");
        assert_slice(msg.vias[1].received, "2001:db8::8");
        assert_false(msg.vias[1].has_rport);
        assert_int_equal(msg.vias[2].transport, SIP_TLS);
        assert_int_equal(msg.vias[2].rport, 5071);
        assert_slice(msg.vias[2].branch, "");
        assert_int_equal(msg.record_route_count, 2);
        assert_slice(msg.record_routes[0].text, "<sip:192.0.2.20;lr>");
        assert_slice(msg.record_routes[1].text, "<sip:192.0.2.21;lr=on>;x=1");
        assert_true(msg.record_routes[1].uri.has_lr);
        assert_int_equal(msg.route_count, 1);
        assert_int_equal(msg.contact_count, 2);
        assert_slice(msg.contacts[1].display, "Bob");
        assert_false(msg.contact_is_star);
        assert_int_equal(msg.asserted_count, 2);
        assert_int_equal(msg.asserted[1].uri.scheme, SIP_SCHEME_TEL);
}

static void options_numbers_and_the_body_are_read(void **state)
{
        (void)state;
        assert_good(full);
        assert_int_equal(msg.privacy, SIP_PRIVACY_ID | SIP_PRIVACY_CRITICAL);
        assert_int_equal(msg.require, SIP_OPTION_100REL | SIP_OPTION_TIMER);
        assert_slice(msg.require_text, "100rel, timer");
        assert_int_equal(msg.proxy_require, SIP_OPTION_UNKNOWN);
        assert_int_equal(msg.supported,
                         SIP_OPTION_REPLACES | SIP_OPTION_TIMER | SIP_OPTION_UNKNOWN);
        assert_int_equal(msg.allow,
                         1 << SIP_INVITE | 1 << SIP_ACK | 1 << SIP_BYE | 1 << SIP_METHOD_OTHER);
        assert_int_equal(msg.session_expires_s, 1800);
        assert_slice(msg.session_refresher, "UAC");
        assert_int_equal(msg.min_se_s, 90);
        assert_int_equal(msg.rseq, 7);
        assert_int_equal(msg.rack_rseq, 8);
        assert_int_equal(msg.rack_cseq, 9);
        assert_int_equal(msg.rack_method, SIP_INVITE);
        assert_int_equal(msg.retry_after_s, 10);
        assert_int_equal(msg.expires_s, 4294967295);
        assert_slice(msg.content_type, "Application / SDP;charset=\"x;y\"");
        assert_true(msg.content_is_sdp);
        assert_true(msg.has_content_length);
        assert_slice(msg.body, "v=0\n");
}

static void what_is_not_there_says_so(void **state)
{
        (void)state;
        assert_good(HEAD END);
        assert_int_equal(msg.max_forwards, -1);
        assert_int_equal(msg.contact_count, 0);
        assert_int_equal(msg.route_count + msg.record_route_count + msg.asserted_count, 0);
        assert_int_equal(msg.privacy | msg.require | msg.proxy_require | msg.supported, 0);
        assert_int_equal(msg.allow, 0);
        assert_int_equal(msg.require_text.len + msg.session_refresher.len, 0);
        assert_int_equal(msg.session_expires_s + msg.min_se_s + msg.retry_after_s, 0);
        assert_int_equal(msg.rseq + msg.rack_rseq + msg.rack_cseq, 0);
        assert_int_equal(msg.expires_s, -1);
        assert_int_equal(msg.content_type.len + msg.body.len, 0);
        assert_false(msg.content_is_sdp);
        assert_false(msg.has_content_length);
        assert_false(msg.contact_is_star);
}

static void a_response_is_read(void **state)
{
        (void)state;
        assert_good("SIP/2.0 183 \xd0\xb1 user 9 busy\r\n" BARE "CSeq: 4294967295 UPDATE\r\n" END);
        assert_false(msg.is_request);
        assert_int_equal(msg.status, 183);
        assert_int_equal(msg.method, SIP_UPDATE);
        assert_slice(msg.method_text, "UPDATE");
        assert_int_equal(msg.cseq, UINT32_MAX);
        assert_good("sip/2.0 699 \r\n" BARE CSEQ END);
        assert_dropped("SIP/2.0 200\r\n" BARE CSEQ END);
        assert_dropped("SIP/2.0 099 x\r\n" BARE CSEQ END);
        assert_dropped("SIP/2.0 700 x\r\n" BARE CSEQ END);
        assert_dropped("SIP/2.0 20 x\r\n" BARE CSEQ END);
        assert_dropped("SIP/2.0 2000 x\r\n" BARE CSEQ END);
        assert_dropped("SIP/2.0  200 x\r\n" BARE CSEQ END);
        assert_dropped("SIP/2.0 -20 x\r\n" BARE CSEQ END);
        assert_dropped("SIP/2 200 x\r\n" BARE CSEQ END);
        assert_refused("SIP/3.0 200 OK\r\n" BARE CSEQ END, ERR_VERSION, false);
        assert_dropped(STATUS BARE CSEQ "Expires: x\r\n" END); /* a response has no answer */
}

static void compact_names_and_any_case_are_the_same_headers(void **state)
{
        (void)state;
        assert_good(START "v: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
                          "F: sip:a@h;tag=1\r\n"
                          "t:sip:b@h\r\n"
                          "I:c\r\n"
                          "CSEQ: 1 INVITE\r\n"
                          "m: <sip:a@h>\r\n"
                          "K: timer\r\n"
                          "X: 90\r\n"
                          "e: identity\r\n"
                          "C: application/sdp\r\n"
                          "MAX-FORWARDS: 0068\r\n"
                          "p-asserted-IDENTITY: <sip:a@h>\r\n"
                          "L : 0\r\n" END);
        assert_int_equal(msg.via_count, 1);
        assert_int_equal(msg.contact_count, 1);
        assert_int_equal(msg.supported, SIP_OPTION_TIMER);
        assert_int_equal(msg.session_expires_s, 90);
        assert_int_equal(msg.max_forwards, 68);
        assert_int_equal(msg.asserted_count, 1);
        assert_true(msg.content_is_sdp);
        assert_true(msg.has_content_length);
        assert_400(HEAD "Content-Length: 0\r\nl: 0\r\n" END);
        assert_400(HEAD "f: <sip:a@h>;tag=1\r\n" END);
}

static void a_known_name_is_not_a_prefix_of_another(void **state)
{
        (void)state;
        assert_good(HEAD "Froma: x\r\nVi: x\r\nExpire: x\r\nExpiress: x\r\nz: x\r\n"
                         "P-Asserted-Identity2: x\r\nP-Asserted-Identita: x\r\nP-Asserted: x\r\n"
                         "Cseqs: x\r\nContact-Length: x\r\n" END);
}

static void folded_lines_are_white_space(void **state)
{
        (void)state;
        assert_good(START "Via\t : \r\n SIP\r\n\t/ 2.0 /\r\n UDP\r\n h ; branch =\r\n z9hG4bK1\r\n"
                          "From:\r\n \"a\r\n b\"\r\n <sip:a@h>\r\n ;\r\n tag\r\n =\r\n 1\r\n"
                          "To: b\r\n c\r\n <sip:b@h>\r\n"
                          "CSeq: 1\r\n INVITE\r\n"
                          "Supported: timer\r\n ,\r\n 100rel\r\n"
                          "Y: a\r\n b\r\n\tc\r\n"
                          "Content-Length: \r\n 3\r\n" CALL END "abc");
        assert_slice(msg.from.display, "\"a\r\n b\"");
        assert_slice(msg.from.tag, "1");
        assert_slice(msg.to.display, "b\r\n c");
        assert_slice(msg.vias[0].branch, "z9hG4bK1");
        assert_int_equal(msg.supported, SIP_OPTION_TIMER | SIP_OPTION_100REL);
        assert_slice(msg.body, "abc");
}

static void a_fold_with_two_readings_is_refused(void **state)
{
        (void)state;
        /* A line of white space only: the end of the headers, or not? */
        assert_dropped(HEAD "Y: a\r\n \r\nY: b\r\n" END);
        assert_dropped(HEAD "Y: a\r\n\t\r\n" END);
        assert_dropped(HEAD "Y: a\r\n ");
        /* A first header that continues the start line, a name that is continued. */
        assert_dropped(START " " VIA FROM TO CALL CSEQ END);
        assert_400(HEAD "Y\r\n : a\r\n" END);
}

/* The empty line has no continuation; wherever the blocks of the line scan begin. */
static void a_body_may_begin_with_white_space(void **state)
{
        (void)state;
        char text[1024], padding[130];
        for (unsigned i = 0; i < 128; i++) {
                memset(padding, 'p', i);
                padding[i] = '\0';
                snprintf(text, sizeof text, HEAD "Y: %s\r\nContent-Length: 4\r\n" END " x\r\n",
                         padding);
                assert_good(text);
                assert_slice(msg.body, " x\r\n");
                snprintf(text, sizeof text, HEAD "Y: %s\r\n" END "\t", padding);
                assert_good(text);
                assert_slice(msg.body, "\t");
        }
}

static void lines_end_in_cr_lf_and_nothing_else(void **state)
{
        (void)state;
        assert_dropped(HEAD "Y: a\nY: b\r\n" END);
        assert_dropped(HEAD "Y: a\rY: b\r\n" END);
        assert_dropped(HEAD "Y: a\r\r\n" END);
        assert_dropped(HEAD "Y: a\\\nY: b\r\n" END);
        assert_dropped(HEAD "Y: a\\\rY: b\r\n" END);
        assert_dropped(HEAD "\n");
        assert_dropped(HEAD "\r");
        assert_dropped(HEAD "Y: a\n\r\n" END);
        assert_dropped("INVITE sip:h SIP/2.0\n" BARE CSEQ END);
}

static void a_control_byte_is_allowed_in_a_quoted_pair_only(void **state)
{
        (void)state;
        static const char pair[] =
                START VIA "From: \"\\\0\\\x01\\\x7f\" <sip:a@h>;tag=1\r\n" TO CALL CSEQ END;
        assert_int_equal(parse_bytes(pair, sizeof pair - 1), 0);
        static const char nul[] = HEAD "Y: a\0b\r\n" END;
        assert_int_equal(parse_bytes(nul, sizeof nul - 1), ERR_SYNTAX);
        static const char escaped_backslash[] =
                START VIA "From: \"\\\\\x01\" <sip:a@h>;tag=1\r\n" TO CALL CSEQ END;
        assert_dropped(escaped_backslash);
        assert_dropped(HEAD "Y: a\x01"
                            "b\r\n" END);
        assert_dropped(HEAD "Y: a\x7f"
                            "b\r\n" END);
        assert_400(HEAD "Y: a\\\x01"
                        "b\r\n" END);
        assert_400(HEAD "Retry-After: 1 (\\\\\x01)\r\n" END);
        assert_good(HEAD "Retry-After: 1 (\\\x01)\r\n" END);
        assert_400(HEAD "Supported: a\\\x01\r\n" END);
        assert_good(HEAD "Y: a\tb \xff\r\n" END);
}

static void a_single_header_that_occurs_twice_is_refused(void **state)
{
        (void)state;
        static const char *const singles[] = {
                "Max-Forwards: 1", "Session-Expires: 90",      "Min-SE: 90",
                "RSeq: 1",         "RAck: 1 1 INVITE",         "Retry-After: 1",
                "Expires: 1",      "Content-Type: text/plain", "Content-Length: 0",
        };
        for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
                char text[1024];
                snprintf(text, sizeof text, HEAD "%s\r\n" END, singles[i]);
                assert_good(text);
                snprintf(text, sizeof text, HEAD "%s\r\nY: y\r\n%s\r\n" END, singles[i],
                         singles[i]);
                assert_400(text);
        }
        /* The answer takes the first. */
        assert_400(HEAD FROM "To: <sip:other@h>;tag=2\r\n" CALL CSEQ END);
        assert_slice(msg.to.text, "<sip:+919000000001@192.0.2.1>");
}

static void what_every_message_needs_is_required(void **state)
{
        (void)state;
        assert_dropped(START FROM TO CALL CSEQ END);
        assert_dropped(START VIA TO CALL CSEQ END);
        assert_dropped(START VIA FROM CALL CSEQ END);
        assert_dropped(START VIA FROM TO CSEQ END);
        assert_dropped(START VIA FROM TO CALL END);
        assert_dropped(STATUS VIA FROM TO CALL END);
        assert_dropped(START "Via: SIP/2.0\r\n" VIA FROM TO CALL CSEQ END);
        assert_dropped(START VIA FROM TO "Call-ID: a b\r\n" CSEQ END);
        assert_dropped(START VIA FROM TO "Call-ID: \r\n" CSEQ END);
        assert_dropped(START VIA FROM TO "Call-ID: a@b@c\r\n" CSEQ END);
        assert_dropped(START VIA FROM TO "Call-ID: a@\r\n" CSEQ END);
        assert_dropped(START VIA FROM TO "Call-ID: a,b\r\n" CSEQ END);
}

static void from_has_a_tag_unless_the_peer_is_old(void **state)
{
        (void)state;
        assert_400(START VIA "From: <sip:a@h>\r\n" TO CALL CSEQ END);
        assert_good(START "Via: SIP/2.0/UDP h;branch=1\r\nFrom: <sip:a@h>\r\n" TO CALL CSEQ END);
        assert_good(START "Via: SIP/2.0/UDP h\r\nFrom: <sip:a@h>\r\n" TO CALL CSEQ END);
        assert_dropped(START VIA "From: <sip:a@h>;tag=1;tag=2\r\n" TO CALL CSEQ END);
        assert_dropped(START VIA "From: <sip:a@h>;tag=1;Tag=1\r\n" TO CALL CSEQ END);
        assert_dropped(START VIA "From: <sip:a@h>;tag\r\n" TO CALL CSEQ END);
        assert_dropped(START VIA "From: <sip:a@h>;tag=\r\n" TO CALL CSEQ END);
        assert_dropped(START VIA "From: <sip:a@h>;tag=\"1\"\r\n" TO CALL CSEQ END);
        assert_dropped(START VIA "From: <sip:a@h>;tag=[1]\r\n" TO CALL CSEQ END);
}

static void cseq_agrees_with_the_method(void **state)
{
        (void)state;
        assert_400(START BARE "CSeq: 1 BYE\r\n" END);
        assert_400(START BARE "CSeq: 1 invite\r\n" END);
        assert_good("FOO sip:h SIP/2.0\r\n" BARE "CSeq: 0001 FOO\r\n" END);
        assert_int_equal(msg.method, SIP_METHOD_OTHER);
        assert_slice(msg.method_text, "FOO");
        assert_400("FOO sip:h SIP/2.0\r\n" BARE "CSeq: 1 BAR\r\n" END);
        assert_dropped(START BARE "CSeq: 4294967296 INVITE\r\n" END);
        assert_dropped(START BARE "CSeq: -1 INVITE\r\n" END);
        assert_dropped(START BARE "CSeq: 1INVITE\r\n" END);
        assert_dropped(START BARE "CSeq: 1\r\n" END);
        assert_dropped(START BARE "CSeq: INVITE\r\n" END);
        assert_dropped(START BARE "CSeq: 1 INVITE 2\r\n" END);
        assert_dropped(START BARE "CSeq: 1 IN,VITE\r\n" END);
}

static void a_request_line_has_exactly_one_form(void **state)
{
        (void)state;
        assert_400("INVITE <sip:h> SIP/2.0\r\n" BARE CSEQ END);
        assert_400("INVITE sip:h;a b SIP/2.0\r\n" BARE CSEQ END);
        assert_400("INVITE  sip:h SIP/2.0\r\n" BARE CSEQ END);
        assert_400("INVITE sip:h  SIP/2.0\r\n" BARE CSEQ END);
        assert_400("INVITE sip:h SIP/2.0 \r\n" BARE CSEQ END);
        assert_400("INVITE sip:h?a=b SIP/2.0\r\n" BARE CSEQ END);
        assert_400("INVITE h SIP/2.0\r\n" BARE CSEQ END);
        assert_dropped("INVITE SIP/2.0\r\n" BARE CSEQ END);
        assert_dropped("INVITE  SIP/2.0\r\n" BARE CSEQ END);
        assert_dropped("INVITE\tsip:h SIP/2.0\r\n" BARE CSEQ END);
        assert_dropped("INVITE sip:h\r\n" BARE CSEQ END);
        assert_dropped("INVITE sip:h HTTP/2.0\r\n" BARE CSEQ END);
        assert_dropped("INVITE sip:h SIP/2.0x\r\n" BARE CSEQ END);
        assert_dropped("INVITE\r\n" BARE CSEQ END);
        assert_dropped("IN(VITE sip:h SIP/2.0\r\n" BARE CSEQ END);
        assert_dropped(" INVITE sip:h SIP/2.0\r\n" BARE CSEQ END);
        assert_dropped("INVITE sip:h\r\n SIP/2.0\r\n" BARE CSEQ END);
        assert_refused("INVITE sip:h SIP/7.0\r\n" BARE CSEQ END, ERR_VERSION, true);
        assert_good("INVITE sip:h sip/2.0\r\n" BARE CSEQ END);
        assert_good("\r\n\r\n" HEAD END);
}

static void what_is_not_sip_is_dropped(void **state)
{
        (void)state;
        assert_dropped("");
        assert_dropped("\r\n\r\n");
        assert_dropped("\r\n");
        assert_dropped("\r");
        assert_dropped("\n");
        assert_dropped("x");
        assert_dropped("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_dropped(START);
        assert_dropped(HEAD);
        assert_int_equal(parse_bytes("\0\1\2\3", 4), ERR_SYNTAX);
}

static void any_truncation_is_survived(void **state)
{
        (void)state;
        size_t head = (size_t)(strstr(full, "\r\n\r\n") + 4 - full);
        for (size_t len = 0; len < sizeof full - 1; len++) {
                int err = parse_bytes(full, len);
                assert_int_equal(err, len < head + 4 ? ERR_SYNTAX : 0);
                assert_int_equal(reply_possible, len >= head && len < head + 4);
        }
}

static void content_length_rules_over_the_datagram(void **state)
{
        (void)state;
        assert_good(HEAD "Content-Length: 2\r\n" END "abc");
        assert_slice(msg.body, "ab");
        assert_good(HEAD END "abc");
        assert_slice(msg.body, "abc");
        assert_400(HEAD "Content-Length: 4\r\n" END "abc");
        assert_400(HEAD "Content-Length: -1\r\n" END "abc");
        assert_400(HEAD "Content-Length: +1\r\n" END "abc");
        assert_400(HEAD "Content-Length: 1 2\r\n" END "abc");
        assert_400(HEAD "Content-Length: 1, 1\r\n" END "abc");
        assert_400(HEAD "Content-Length: \r\n" END "abc");
        assert_400(HEAD "Content-Length: 0x1\r\n" END "abc");
        assert_400(HEAD "Content-Length: 4294967296\r\n" END "abc");
        assert_400(HEAD "Content-Length: 18446744073709551617\r\n" END "abc");
}

static void only_plain_sdp_is_sdp(void **state)
{
        (void)state;
        assert_good(HEAD "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n" END);
        assert_false(msg.content_is_sdp);
        assert_good(HEAD "Content-Type: multipart/mixed;boundary=x\r\n" END);
        assert_false(msg.content_is_sdp);
        assert_good(HEAD "Content-Type: application/sdpx\r\n" END);
        assert_false(msg.content_is_sdp);
        assert_400(HEAD "Content-Type: application\r\n" END);
        assert_400(HEAD "Content-Type: application/\r\n" END);
        assert_400(HEAD "Content-Type: application/sdp, text/plain\r\n" END);
        assert_400(HEAD "Content-Type: application/sdp;\r\n" END);
        assert_400(HEAD "Content-Encoding: \r\n" END);
}

static void numbers_that_overflow_are_refused(void **state)
{
        (void)state;
        assert_good(HEAD "Max-Forwards: 255\r\n" END);
        assert_400(HEAD "Max-Forwards: 256\r\n" END);
        assert_400(HEAD "Max-Forwards: \r\n" END);
        assert_400(HEAD "Expires: 4294967296\r\n" END);
        assert_400(HEAD "Expires: 1;x\r\n" END);
        assert_400(HEAD "Session-Expires: 4294967296\r\n" END);
        assert_400(HEAD "Session-Expires: 90;refresher=both\r\n" END);
        assert_400(HEAD "Session-Expires: 90;refresher=uac;refresher=uas\r\n" END);
        assert_400(HEAD "Session-Expires: 90;refresher\r\n" END);
        assert_400(HEAD "Session-Expires: 90 x\r\n" END);
        assert_400(HEAD "Min-SE: 4294967296\r\n" END);
        assert_400(HEAD "Min-SE: 90;\r\n" END);
        assert_400(HEAD "RSeq: 4294967296\r\n" END);
        assert_400(HEAD "RAck: 1 4294967296 INVITE\r\n" END);
        assert_400(HEAD "RAck: 4294967296 1 INVITE\r\n" END);
        assert_400(HEAD "RAck: 11 INVITE\r\n" END);
        assert_400(HEAD "RAck: 1 1INVITE\r\n" END);
        assert_400(HEAD "Retry-After: 949302838503028349304023988\r\n" END);
        assert_400(HEAD "Retry-After: 1 (\r\n" END);
        assert_400(HEAD "Retry-After: 1 (\\\r\n" END);
        assert_400(HEAD "Retry-After: 1 (a))\r\n" END);
}

static void a_via_is_well_formed_or_nobody_is_answered(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "SIP/2.0/UDP",
                "SIP/2.0/UDPh",
                "SIP/2.0 UDP h",
                "SIP/2.0/ h",
                "HTTP/2.0/UDP h",
                "/2.0/UDP h",
                "SIP/2.0/UDP 2001:db8::1",
                "SIP/2.0/UDP h:0",
                "SIP/2.0/UDP h:65536",
                "SIP/2.0/UDP h:",
                "SIP/2.0/UDP h;",
                "SIP/2.0/UDP h;;,;,,",
                "SIP/2.0/UDP h,",
                "SIP/2.0/UDP h,,SIP/2.0/UDP h",
                ",SIP/2.0/UDP h",
                "SIP/2.0/UDP h x",
                "SIP/2.0/UDP h;branch",
                "SIP/2.0/UDP h;branch=\"z9hG4bK\"",
                "SIP/2.0/UDP h;branch=a;branch=b",
                "SIP/2.0/UDP h;rport;rport",
                "SIP/2.0/UDP h;rport=0",
                "SIP/2.0/UDP h;rport=70000",
                "SIP/2.0/UDP h;rport=\"1\"",
                "SIP/2.0/UDP h;rport=",
                "SIP/2.0/UDP h;received=x",
                "SIP/2.0/UDP h;received",
                "SIP/2.0/UDP h;received=192.0.2.1;received=192.0.2.2",
                "SIP/2.0/UDP h;x=\"",
                "",
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                char text[1024];
                snprintf(text, sizeof text, START "Via: %s\r\n" FROM TO CALL CSEQ END, bad[i]);
                assert_dropped(text);
        }
        assert_good(START "Via: SIP/2.0/SCTP h : 5060 ; ttl=1;received=[2001:db8::9:255];x=\"a,b\""
                          ";branch=z9hG4bK-.!%66*_+`'~ , SIP/2.0/ws h\r\n" FROM TO CALL CSEQ END);
        assert_int_equal(msg.via_count, 2);
        assert_int_equal(msg.vias[0].transport, SIP_TRANSPORT_OTHER);
        assert_int_equal(msg.vias[0].port, 5060);
}

static void an_address_is_well_formed_or_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "",
                "sip:a@h b",
                "\"a <sip:a@h>",
                "\"a\" sip:a@h",
                "\"a\\\" <sip:a@h>",
                "a, b <sip:a@h>",
                "a:b <sip:a@h>",
                "<sip:a@h",
                "< sip:a@h>",
                "<sip:a@h >",
                "<sip:a@h>x",
                "<sip:a@h>;",
                "<sip:a@h>;;a",
                "<sip:a@h>;a=",
                "<sip:a@h>;a=\"",
                "<sip:a@h>;a=b c",
                "<sip:a@h>;\xe2=b",
                "<sip:a@h>, <sip:b@h>",
                "<<sip:a@h>>",
                "<>",
                "x",
                "x <sip:a@h> <sip:b@h>",
                "sip:a@h?b=c",
                "sip:a,b@h",
                "sip:a@h;x=<",
                "\xd0\xb1 <sip:a@h>",
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                char text[1024];
                snprintf(text, sizeof text, START VIA FROM "To: %s\r\n" CALL CSEQ END, bad[i]);
                assert_dropped(text);
                snprintf(text, sizeof text, HEAD "Route: %s, \r\n" END, bad[i]);
                assert_400(text);
        }
}

static void a_bare_address_ends_at_its_header_parameters(void **state)
{
        (void)state;
        assert_good(START VIA FROM "To: sip:a@h;tag=9;x\r\n" CALL CSEQ
                                   "Contact: sip:a@h;expires=1 , tel:+1;q=0.5\r\n" END);
        assert_slice(msg.to.uri.text, "sip:a@h");
        assert_slice(msg.to.tag, "9");
        assert_slice(msg.contacts[0].params, "expires=1");
        assert_slice(msg.contacts[0].text, "sip:a@h;expires=1");
        assert_slice(msg.contacts[1].uri.user, "+1");
}

static void routes_need_their_brackets(void **state)
{
        (void)state;
        assert_400(HEAD "Route: sip:h;lr\r\n" END);
        assert_400(HEAD "Record-Route: sip:h;lr\r\n" END);
        assert_good(HEAD "P-Asserted-Identity: sip:a@h\r\nP-Asserted-Identity: tel:+1\r\n" END);
}

static void a_star_contact_stands_alone(void **state)
{
        (void)state;
        assert_good(HEAD "Contact: *\r\n" END);
        assert_true(msg.contact_is_star);
        assert_int_equal(msg.contact_count, 0);
        assert_400(HEAD "Contact: *\r\nContact: <sip:a@h>\r\n" END);
        assert_400(HEAD "Contact: <sip:a@h>\r\nContact: *\r\n" END);
        assert_false(msg.contact_is_star);
        assert_400(HEAD "Contact: *, <sip:a@h>\r\n" END);
        assert_400(HEAD "Contact: *;x\r\n" END);
        assert_400(HEAD "Contact: \r\n" END);
}

static void privacy_adds_up(void **state)
{
        (void)state;
        assert_good(HEAD "Privacy: user , id\r\nPrivacy: Header;none\r\n" END);
        assert_int_equal(msg.privacy, SIP_PRIVACY_USER | SIP_PRIVACY_ID | SIP_PRIVACY_HEADER);
        assert_400(HEAD "Privacy: \r\n" END);
        assert_400(HEAD "Privacy: id;\r\n" END);
        assert_400(HEAD "Privacy: id,user;header\r\n" END);
}

static void token_lists_are_well_formed(void **state)
{
        (void)state;
        assert_good(HEAD "Supported: \r\nSupported:\r\nAllow:\r\n" END);
        assert_400(HEAD "Require: \r\n" END);
        assert_400(HEAD "Require: a b\r\n" END);
        assert_400(HEAD "Supported: a,,b\r\n" END);
        assert_400(HEAD "Allow: ,\r\n" END);
        assert_400(HEAD "Proxy-Require: a;b\r\n" END);
}

static void a_header_line_has_a_name_and_a_colon(void **state)
{
        (void)state;
        assert_400(HEAD "Foobar roobar\r\n" END);
        assert_400(HEAD "Foobar\r\n" END);
        assert_400(HEAD ": x\r\n" END);
        assert_400(HEAD "F(oo: x\r\n" END);
        assert_400(HEAD "F\xc3\xb6: x\r\n" END);
        assert_good(HEAD "!%*_+`'~.-9: x\r\n" END);
        assert_good(HEAD "Y \t :\r\n" END);
}

static char *repeated(const char *head, const char *line, unsigned times)
{
        size_t bytes = strlen(head) + strlen(line) * times + 3;
        char *text = malloc(bytes);
        assert_non_null(text);
        char *p = stpcpy(text, head);
        for (unsigned i = 0; i < times; i++)
                p = stpcpy(p, line);
        strcpy(p, "\r\n");
        return text;
}

static void check_limit(const char *line, unsigned max, bool can_be_answered)
{
        char *text = repeated(HEAD, line, max);
        assert_good(text);
        free(text);
        text = repeated(HEAD, line, max + 1);
        assert_refused(text, ERR_TOO_LARGE, can_be_answered);
        free(text);
}

static void every_limit_is_reached_and_not_passed(void **state)
{
        (void)state;
        check_limit("Via: SIP/2.0/UDP h\r\n", SIP_VIAS_MAX - 1, false);
        check_limit("Route: <sip:h;lr>\r\n", SIP_ROUTES_MAX, true);
        check_limit("Record-Route: <sip:h;lr>\r\n", SIP_ROUTES_MAX, true);
        check_limit("Contact: <sip:a@h>\r\n", SIP_CONTACTS_MAX, true);
        check_limit("P-Asserted-Identity: <sip:a@h>\r\n", SIP_IDENTITIES_MAX, true);
        check_limit("Y: y\r\n", SIP_HEADERS_MAX - 5, false);
        char *text = repeated(HEAD "\r\n", "12345678", SIP_MSG_BYTES_MAX / 8);
        assert_int_equal(parse(text), ERR_TOO_LARGE);
        text[SIP_MSG_BYTES_MAX] = '\0';
        assert_good(text);
        free(text);
}

static void an_answer_can_be_made_from_what_was_good(void **state)
{
        (void)state;
        assert_400(START "Expires: x\r\n" BARE CSEQ END);
        assert_int_equal(msg.via_count, 1);
        assert_slice(msg.vias[0].branch, "z9hG4bK1");
        assert_slice(msg.from.tag, "a1");
        assert_slice(msg.call_id, "c1@192.0.2.7");
        assert_int_equal(msg.cseq, 1);
        assert_int_equal(msg.method, SIP_INVITE);
}

static void a_parameter_is_found_by_its_whole_name(void **state)
{
        (void)state;
        struct slice value = SLICE("x");
        struct slice params = SLICE("a=1; b ;c = \"x;tag=2\" ;Tag=3");
        assert_true(sip_param_find(params, SLICE("tag"), &value));
        assert_slice(value, "3");
        assert_true(sip_param_find(params, SLICE("B"), &value));
        assert_slice(value, "");
        assert_true(sip_param_find(params, SLICE("c"), &value));
        assert_slice(value, "\"x;tag=2\"");
        assert_false(sip_param_find(params, SLICE("ta"), &value));
        assert_false(sip_param_find(params, SLICE("tag2"), &value));
        assert_false(sip_param_find(SLICE_NONE, SLICE("a"), &value));
        assert_false(sip_param_find(SLICE("a=;b"), SLICE("b"), &value));
}

static struct addr reply_address(const char *via)
{
        char text[512];
        struct addr source, out;
        assert_int_equal(addr_parse(SLICE("203.0.113.9:6000"), 0, &source), 0);
        snprintf(text, sizeof text, START "Via: %s\r\n" FROM TO CALL CSEQ END, via);
        assert_good(text);
        sip_via_reply_to(&msg.vias[0], &source, &out);
        assert_true(addr_equal_ip(&out, &source));
        return out;
}

static void an_answer_goes_back_where_the_request_came_from(void **state)
{
        (void)state;
        assert_int_equal(reply_address("SIP/2.0/UDP 192.0.2.7:5070;branch=1;rport").port, 6000);
        assert_int_equal(reply_address("SIP/2.0/UDP 192.0.2.7:5070;branch=1").port, 5070);
        assert_int_equal(reply_address("SIP/2.0/UDP h;maddr=192.0.2.9").port, 5060);
        assert_int_equal(reply_address("SIP/2.0/UDP h;received=192.0.2.9").port, 5060);
        assert_int_equal(reply_address("SIP/2.0/TLS h").port, 5061);
}

static void methods_are_known_by_their_exact_name(void **state)
{
        (void)state;
        for (unsigned i = 0; i < SIP_METHOD_OTHER; i++)
                assert_int_equal(sip_method_from(sip_method_name((enum sip_method)i)), i);
        assert_int_equal(sip_method_from(SLICE("invite")), SIP_METHOD_OTHER);
        assert_int_equal(sip_method_from(SLICE("INVITES")), SIP_METHOD_OTHER);
        assert_int_equal(sip_method_from(SLICE_NONE), SIP_METHOD_OTHER);
        assert_int_equal(sip_method_name(SIP_METHOD_OTHER).len, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_start_line_and_the_dialog_headers_are_read),
                cmocka_unit_test(lists_are_read_across_lines_and_commas),
                cmocka_unit_test(options_numbers_and_the_body_are_read),
                cmocka_unit_test(what_is_not_there_says_so),
                cmocka_unit_test(a_response_is_read),
                cmocka_unit_test(compact_names_and_any_case_are_the_same_headers),
                cmocka_unit_test(a_known_name_is_not_a_prefix_of_another),
                cmocka_unit_test(folded_lines_are_white_space),
                cmocka_unit_test(a_fold_with_two_readings_is_refused),
                cmocka_unit_test(a_body_may_begin_with_white_space),
                cmocka_unit_test(lines_end_in_cr_lf_and_nothing_else),
                cmocka_unit_test(a_control_byte_is_allowed_in_a_quoted_pair_only),
                cmocka_unit_test(a_single_header_that_occurs_twice_is_refused),
                cmocka_unit_test(what_every_message_needs_is_required),
                cmocka_unit_test(from_has_a_tag_unless_the_peer_is_old),
                cmocka_unit_test(cseq_agrees_with_the_method),
                cmocka_unit_test(a_request_line_has_exactly_one_form),
                cmocka_unit_test(what_is_not_sip_is_dropped),
                cmocka_unit_test(any_truncation_is_survived),
                cmocka_unit_test(content_length_rules_over_the_datagram),
                cmocka_unit_test(only_plain_sdp_is_sdp),
                cmocka_unit_test(numbers_that_overflow_are_refused),
                cmocka_unit_test(a_via_is_well_formed_or_nobody_is_answered),
                cmocka_unit_test(an_address_is_well_formed_or_refused),
                cmocka_unit_test(a_bare_address_ends_at_its_header_parameters),
                cmocka_unit_test(routes_need_their_brackets),
                cmocka_unit_test(a_star_contact_stands_alone),
                cmocka_unit_test(privacy_adds_up),
                cmocka_unit_test(token_lists_are_well_formed),
                cmocka_unit_test(a_header_line_has_a_name_and_a_colon),
                cmocka_unit_test(every_limit_is_reached_and_not_passed),
                cmocka_unit_test(an_answer_can_be_made_from_what_was_good),
                cmocka_unit_test(a_parameter_is_found_by_its_whole_name),
                cmocka_unit_test(an_answer_goes_back_where_the_request_came_from),
                cmocka_unit_test(methods_are_known_by_their_exact_name),
        };
        return cmocka_run_group_tests(tests, NULL, drop_copy);
}
