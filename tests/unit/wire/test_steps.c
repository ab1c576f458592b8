/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No message needs more steps than its bytes allow: what is built to be slow to read takes linear
 * time. The readers assert it themselves; here they are given the worst that we know, and it is
 * shown that something worse than linear would be noticed.
 */
#include <stdio.h>

#include "../unit.h"
#include "base/buf.h"
#include "base/steps.h"
#include "wire/sdp.h"
#include "wire/sip_auth.h"
#include "wire/sip_msg.h"

static char text[SIP_MSG_BYTES_MAX];
static struct buf b;

static void skip_unless_counted(void)
{
#ifndef MASKLINE_COUNT_STEPS
        skip_for_want_of("a build that counts steps");
#endif
}

/* A message of about so many bytes, in which `before`, many `part`s and `after` are header lines. */
struct hostile {
        const char *name;
        const char *before, *part, *after;
};

static const struct hostile headers[] = {
        {"unknown headers", "", "X: y\r\n", ""},
        {"a folded line", "Subject: x", "\r\n x", "\r\n"},
        {"blanks", "Subject: x", " ", "\r\n"},
        {"tabs", "Subject: x", "\t", "\r\n"},
        {"backslashes", "Contact: \"", "\\\x01", "\" <sip:x@y>\r\n"},
        {"quotes that never end", "", "Contact: \"<sip:x@y>\r\n", ""},
        {"an empty quote after the other", "Contact: ", "\"\" ", "<sip:x@y>\r\n"},
        {"words of a display name", "Contact: ", "a ", "<sip:x@y>\r\n"},
        {"words and no URI", "", "Contact: a a a a a a a a\r\n", ""},
        {"parameters", "Contact: <sip:x@y>", ";a=b", "\r\n"},
        {"parameters of a URI", "Contact: <sip:x@y", ";a=b", ">\r\n"},
        {"parameters called nearly lr", "Contact: <sip:x@y", ";%6c%7", ">\r\n"},
        {"escapes", "Contact: <sip:", "%41", "@y>\r\n"},
        {"a user without a host", "Contact: <sip:", "a", ">\r\n"},
        {"a user of semicolons", "Contact: <sip:", ";", "@y>\r\n"},
        {"colons in brackets", "Contact: <sip:[", ":", "]>\r\n"},
        {"brackets that never close", "", "Contact: <sip:[::::::\r\n", ""},
        {"dots", "Contact: <sip:", "1.", ">\r\n"},
        {"comments", "Retry-After: 1 ", "(", "\r\n"},
        {"comments that close", "Retry-After: 1 (", "()", ")\r\n"},
        {"tokens", "Supported: a", ",a", "\r\n"},
        {"tokens of Privacy", "Privacy: a", ";a", "\r\n"},
        {"Privacy with both separators", "Privacy: a", ",a;", "\r\n"},
        {"Allow", "Allow: INVITE", ",INVITE", "\r\n"},
        {"methods nobody knows", "Allow: I", ",INVITF", "\r\n"},
        {"a Via in many words", "", "Via: SIP / 2.0 / UDP x ; branch = z9hG4bK\r\n", ""},
        {"parameters of a Via", "Via: SIP/2.0/UDP x", ";a", "\r\n"},
        {"routes in one line", "Route: <sip:x;lr>", ",<sip:x;lr>", "\r\n"},
        {"Require again and again", "", "Require: a,b,c\r\n", ""},
        {"identities", "", "P-Asserted-Identity: <tel:+1>\r\n", ""},
        {"Content-Type", "Content-Type: a/b", ";c=\"d\"", "\r\n"},
        {"digits", "Session-Expires: ", "0", "\r\n"},
        {"a header without a colon", "", "no-colon\r\n", ""},
        {"a long name", "", "a", ": b\r\n"},
        {"challenges", "", "WWW-Authenticate: Digest realm=\"a\",nonce=\"b\"\r\n", ""},
        {"parameters of a challenge", "WWW-Authenticate: Digest realm=\"a\"", ",a=\"b\"", "\r\n"},
};

#define LINE  "a=rtpmap:0 PCMU/8000\r\n"
#define HEAD  "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define AUDIO HEAD "m=audio 4000 RTP/AVP 0"

static const struct hostile descriptions[] = {
        {"attributes", AUDIO "\r\n", "a=x\r\n", ""},
        {"maps", AUDIO "\r\n", LINE, ""},
        {"formats", AUDIO, " 0", "\r\n"},
        {"formats with maps", AUDIO " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\r\n",
         "a=rtpmap:15 x/8000\r\n", ""},
        {"formats with parameters", AUDIO " 101\r\n", "a=fmtp:101 0-15\r\n", ""},
        {"media", HEAD, "m=audio 4000 RTP/AVP 0 8 101\r\n", ""},
        {"blanks", AUDIO, " ", "\r\n"},
        {"a long name", HEAD "i=", "a", "\r\n"},
        {"empty lines at the end", AUDIO "\r\n", "\r\n", ""},
        {"bare ends of lines", AUDIO "\n", "a=x\n", ""},
        {"crypto", AUDIO "\r\n", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", ""},
        {"candidates", AUDIO "\r\n", "a=candidate:1 1 UDP 1 192.0.2.1 4000 typ host\r\n", ""},
};

static void fill(const struct hostile *hostile, size_t bytes)
{
        size_t after = strlen(hostile->after) + 16;
        buf_put_text(&b, hostile->before);
        while (b.len + strlen(hostile->part) + after < bytes)
                buf_put_text(&b, hostile->part);
        buf_put_text(&b, hostile->after);
}

static struct slice message(const struct hostile *hostile, size_t bytes)
{
        buf_init(&b, text, sizeof text);
        buf_put_text(&b, "INVITE sip:x@y SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
                         "Call-ID: z\r\nCSeq: 1 INVITE\r\nVia: SIP/2.0/UDP e;branch=z9hG4bKx\r\n");
        fill(hostile, bytes);
        buf_put_text(&b, "\r\n");
        assert_true(buf_ok(&b));
        return buf_slice(&b);
}

static struct slice description(const struct hostile *hostile, size_t bytes)
{
        buf_init(&b, text, sizeof text);
        fill(hostile, bytes);
        assert_true(buf_ok(&b));
        return buf_slice(&b);
}

static uint64_t steps_of_message(const struct hostile *hostile, size_t bytes)
{
        static struct sip_msg msg;
        struct sip_challenge challenge;
        bool reply_possible;
        struct slice whole = message(hostile, bytes);
        uint64_t before = steps_taken();
        (void)!sip_msg_parse(whole, &msg, &reply_possible);
        uint64_t steps = steps_taken() - before;
        (void)sip_challenge_choose(whole, false, SLICE_NONE, &challenge);
        return steps;
}

static uint64_t steps_of_description(const struct hostile *hostile, size_t bytes)
{
        static struct sdp sdp;
        struct slice whole = description(hostile, bytes);
        uint64_t before = steps_taken();
        (void)!sdp_parse(whole, &sdp);
        return steps_taken() - before;
}

/* Steps for each byte more; where the limits of a message end the reading, it is less. */
static void is_linear(const struct hostile *hostile,
                      uint64_t (*steps_of)(const struct hostile *, size_t), size_t bytes)
{
        uint64_t quarter = steps_of(hostile, bytes / 4), whole = steps_of(hostile, bytes);
        print_message("%-36s %6.1f steps a byte\n", hostile->name, (double)whole / (double)bytes);
        assert_true(whole <= 5 * quarter + STEPS_AT_LEAST);
        assert_true(whole <= STEPS_PER_BYTE * bytes / 2 + STEPS_AT_LEAST);
}

static void a_message_built_to_be_slow_is_read_in_linear_time(void **state)
{
        (void)state;
        skip_unless_counted();
        for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
                is_linear(&headers[i], steps_of_message, SIP_MSG_BYTES_MAX - 200);
}

static void a_description_built_to_be_slow_is_read_in_linear_time(void **state)
{
        (void)state;
        skip_unless_counted();
        for (size_t i = 0; i < sizeof descriptions / sizeof descriptions[0]; i++)
                is_linear(&descriptions[i], steps_of_description, SDP_BYTES_MAX - 200);
}

static void a_uri_built_to_be_slow_is_read_in_linear_time(void **state)
{
        (void)state;
        skip_unless_counted();
        static const struct hostile uris[] = {
                {"userinfo", "sip:", "a", "@b"},      {"no userinfo", "sip:", "a", ""},
                {"escapes", "sip:", "%41", "@b"},     {"passwords", "sip:a:", "b", "@c"},
                {"parameters", "sip:a", ";b=c", ""},  {"the same", "sip:a", ";lr", ""},
                {"headers", "sip:a?b=c", "&b=c", ""}, {"a number", "tel:+", "1", ""},
                {"separators", "tel:+", "-", "1"},    {"another scheme", "x:", "y", ""},
                {"schemes", "", "x+", ":y"},          {"labels", "sip:", "a.", "b"},
        };
        for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
                struct sip_uri uri;
                struct slice whole = description(&uris[i], SIP_MSG_BYTES_MAX - 200);
                uint64_t before = steps_taken();
                (void)!sip_uri_parse(whole, &uri);
                uint64_t steps = steps_taken() - before;
                print_message("%-36s %6.1f steps a byte\n", uris[i].name,
                              (double)steps / (double)whole.len);
                assert_true(steps <= STEPS_PER_BYTE * whole.len / 2 + STEPS_AT_LEAST);
        }
}

/* Every parameter looked for from the first one on: what a careless reader would do. */
static void what_is_worse_than_linear_would_be_noticed(void **state)
{
        (void)state;
        skip_unless_counted();
        static const struct hostile params = {"", "a0=b", ";a=b", ""};
        struct slice whole = description(&params, 16384);
        struct slice value;
        uint64_t before = steps_taken();
        for (size_t i = 0; i < 8192; i++)
                assert_false(sip_param_find(whole, SLICE("c"), &value));
        assert_true(steps_taken() - before > STEPS_PER_BYTE * whole.len + STEPS_AT_LEAST);
}

/* A search that is libc's counts what it has looked at. */
static void searches_of_libc_are_counted(void **state)
{
        (void)state;
        skip_unless_counted();
        struct slice rest;
        memset(text, 'a', sizeof text);
        uint64_t before = steps_taken();
        slice_split((struct slice){text, 10000}, 'b', &rest);
        assert_in_range(steps_taken() - before, 10000, 10100);
        text[99] = 'b';
        before = steps_taken();
        slice_split((struct slice){text, 10000}, 'b', &rest);
        assert_in_range(steps_taken() - before, 99, 200);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_message_built_to_be_slow_is_read_in_linear_time),
                cmocka_unit_test(a_description_built_to_be_slow_is_read_in_linear_time),
                cmocka_unit_test(a_uri_built_to_be_slow_is_read_in_linear_time),
                cmocka_unit_test(what_is_worse_than_linear_would_be_noticed),
                cmocka_unit_test(searches_of_libc_are_counted),
        };
        return RUN_TESTS(tests);
}
