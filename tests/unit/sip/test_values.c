/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, dialogs, identities and key presses: values in, values out. */
#include <stdio.h>

#include "../unit.h"

#include "sip/sip_dialog.h"
#include "sip/sip_dtmf.h"
#include "sip/sip_identity.h"
#include "sip/sip_token.h"

/* Tokens */

static struct sip_token_keys keys_of(uint64_t seed)
{
        struct sip_token_keys keys;
        struct random random;
        random_init_seeded(&random, seed);
        sip_token_keys_init(&keys, &random);
        return keys;
}

static void a_token_leads_back_to_its_slot(void **state)
{
        (void)state;
        const struct sip_token_keys keys = keys_of(1);
        static const struct sip_token tokens[] = {
                {0, {0, 1}},
                {255, {SIP_TOKEN_INDEX_MAX, UINT32_MAX}},
                {7, {123456, 98765}},
        };
        for (unsigned i = 0; i < 3; i++) {
                struct sip_token_text text = sip_token_make(&keys, SIP_TOKEN_TAG, tokens[i]);
                struct sip_token back = {0};
                assert_int_equal(strlen(text.text), SIP_TOKEN_CHARS);
                assert_true(sip_token_read(&keys, SIP_TOKEN_TAG, slice_from(text.text), &back));
                assert_int_equal(back.shard, tokens[i].shard);
                assert_true(handle_equal(back.slot, tokens[i].slot));
        }
}

static void a_token_with_any_digit_changed_leads_nowhere(void **state)
{
        (void)state;
        const struct sip_token_keys keys = keys_of(1);
        const struct sip_token token = {0, {3, 5}};
        for (unsigned i = 0; i < SIP_TOKEN_CHARS; i++) {
                struct sip_token_text text = sip_token_make(&keys, SIP_TOKEN_TAG, token);
                struct sip_token back;
                text.text[i] = text.text[i] == '0' ? '1' : '0';
                assert_false(sip_token_read(&keys, SIP_TOKEN_TAG, slice_from(text.text), &back));
                text.text[i] = 'g';
                assert_false(sip_token_read(&keys, SIP_TOKEN_TAG, slice_from(text.text), &back));
        }
}

static void a_token_of_another_kind_key_or_length_leads_nowhere(void **state)
{
        (void)state;
        const struct sip_token_keys keys = keys_of(1), others = keys_of(2);
        const struct sip_token token = {0, {3, 5}};
        struct sip_token back;
        struct sip_token_text text = sip_token_make(&keys, SIP_TOKEN_TAG, token);
        struct slice slice = slice_from(text.text);
        assert_false(sip_token_read(&keys, SIP_TOKEN_BRANCH, slice, &back));
        assert_false(sip_token_read(&others, SIP_TOKEN_TAG, slice, &back));
        slice.len--;
        assert_false(sip_token_read(&keys, SIP_TOKEN_TAG, slice, &back));
        assert_false(sip_token_read(&keys, SIP_TOKEN_TAG, SLICE_NONE, &back));
        struct sip_branch_text branch = sip_branch_make(&keys, token);
        assert_true(sip_branch_read(&keys, slice_from(branch.text), &back));
        assert_false(sip_branch_read(&keys, slice_from(branch.text + 1), &back));
        assert_false(sip_branch_read(&keys, SLICE("z9hG4bK"), &back));
}

static void neighbours_have_tokens_without_likeness(void **state)
{
        (void)state;
        const struct sip_token_keys keys = keys_of(1);
        struct sip_token_text a =
                sip_token_make(&keys, SIP_TOKEN_TAG, (struct sip_token){0, {3, 5}});
        struct sip_token_text b =
                sip_token_make(&keys, SIP_TOKEN_TAG, (struct sip_token){0, {3, 7}});
        unsigned alike = 0;
        for (unsigned i = 0; i < SIP_TOKEN_CHARS; i++)
                alike += a.text[i] == b.text[i];
        assert_true(alike < SIP_TOKEN_CHARS / 2);
}

/* Dialogs */

static char text[8192];
static struct sip_msg msg;

static const struct sip_msg *parse(const char *start_line, const char *headers)
{
        bool reply_possible;
        snprintf(text, sizeof text,
                 "%s\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\nCall-ID: id@host\r\n"
                 "CSeq: 4 INVITE\r\n%sContent-Length: 0\r\n\r\n",
                 start_line, headers);
        assert_int_equal(sip_msg_parse(slice_from(text), &msg, &reply_possible), 0);
        return &msg;
}

static bool is(const struct sip_dialog *dialog, struct sip_span span, const char *expected)
{
        return slice_equal(sip_dialog_text(dialog, span), slice_from(expected));
}

static const struct sip_token_text our_tag = {"0123456789abcdef0123456789abcdef"};

static void a_dialog_of_the_called_side_keeps_the_order_of_routes(void **state)
{
        (void)state;
        struct sip_dialog d;
        const struct sip_msg *invite =
                parse("INVITE sip:m@h SIP/2.0",
                      "From: \"A\" <sip:a@p;x=1>;tag=ft\r\nTo: <sip:m@h>\r\n"
                      "Contact: <sip:c@192.0.2.1:5070>\r\n"
                      "Record-Route: <sip:r1;lr>, <sip:r2>\r\nRecord-Route: <sip:r3;lr>\r\n");
        assert_int_equal(sip_dialog_init_uas(&d, invite, our_tag), 0);
        assert_true(is(&d, d.call_id, "id@host"));
        assert_true(is(&d, d.local_uri, "sip:m@h"));
        assert_true(is(&d, d.remote_uri, "sip:a@p;x=1"));
        assert_true(is(&d, d.remote_tag, "ft"));
        assert_true(is(&d, d.target, "sip:c@192.0.2.1:5070"));
        assert_true(is(&d, d.first_route, "<sip:r1;lr>"));
        assert_true(is(&d, d.first_route_uri, "sip:r1;lr"));
        assert_true(is(&d, d.other_routes, "<sip:r2>,<sip:r3;lr>"));
        assert_true(d.route_is_loose);
        assert_int_equal(d.remote_cseq, 4);
        assert_int_equal(d.local_cseq, 0);
        assert_true(sip_dialog_has_request(&d, invite));
        struct sip_target hop;
        assert_false(sip_dialog_literal_hop(&d, &hop)); /* r1 is a name */
}

static struct sip_dialog dialled(void)
{
        struct sip_dialog d;
        const struct sip_dialog_uac uac = {
                .call_id = SLICE("id@host"),
                .local_uri = SLICE("sip:us@h"),
                .remote_uri = SLICE("sip:them@p"),
                .target = SLICE("sip:them@p"),
                .local_tag = our_tag,
                .cseq = 4,
        };
        assert_int_equal(sip_dialog_init_uac(&d, &uac), 0);
        return d;
}

static void a_dialog_of_the_calling_side_reverses_the_routes(void **state)
{
        (void)state;
        struct sip_dialog d = dialled();
        assert_true(is(&d, d.target, "sip:them@p"));
        const struct sip_msg *answer =
                parse("SIP/2.0 200 OK", "From: <sip:us@h>;tag=0123\r\nTo: <sip:them@p>;tag=tt\r\n"
                                        "Contact: <sip:c@192.0.2.1>\r\n"
                                        "Record-Route: <sip:r1;lr>, <sip:r2;lr>, <sip:r3>\r\n");
        assert_int_equal(sip_dialog_establish(&d, answer), 0);
        assert_true(is(&d, d.first_route, "<sip:r3>"));
        assert_true(is(&d, d.other_routes, "<sip:r2;lr>,<sip:r1;lr>"));
        assert_false(d.route_is_loose);
        assert_true(is(&d, d.remote_tag, "tt"));
        assert_true(is(&d, d.target, "sip:c@192.0.2.1"));
        assert_true(is(&d, d.local_uri, "sip:us@h"));
        assert_true(is(&d, d.remote_uri, "sip:them@p"));
}

static int retarget(struct sip_dialog *dialog, struct slice target)
{
        struct sip_uri uri;
        assert_int_equal(sip_uri_parse(target, &uri), 0);
        return sip_dialog_set_target(dialog, &uri);
}

static void the_headers_of_a_uri_are_kept_out(void **state)
{
        (void)state;
        struct sip_dialog d = dialled();
        assert_int_equal(retarget(&d, SLICE("sip:a?b@h;x=1?Replaces=1%402")), 0);
        assert_true(is(&d, d.target, "sip:a?b@h;x=1"));
}

static void a_refreshed_target_leaves_everything_else(void **state)
{
        (void)state;
        struct sip_dialog d = dialled();
        assert_int_equal(
                sip_dialog_establish(&d, parse("SIP/2.0 200 OK",
                                               "From: <sip:us@h>;tag=0\r\nTo: <sip:t@p>;tag=tt\r\n"
                                               "Contact: <sip:c@192.0.2.1>\r\n"
                                               "Record-Route: <sip:[2001:db8::1]:5070;lr>,<sip:r2>"
                                               "\r\n")),
                0);
        assert_int_equal(retarget(&d, slice_from("sip:elsewhere@198.51.100.9:5080")), 0);
        assert_true(is(&d, d.target, "sip:elsewhere@198.51.100.9:5080"));
        assert_true(is(&d, d.call_id, "id@host"));
        assert_true(is(&d, d.remote_tag, "tt"));
        assert_true(is(&d, d.first_route, "<sip:r2>"));
        assert_true(is(&d, d.first_route_uri, "sip:r2"));
        assert_true(is(&d, d.other_routes, "<sip:[2001:db8::1]:5070;lr>"));
}

static void requests_go_to_a_literal_route_or_target(void **state)
{
        (void)state;
        struct sip_dialog d = dialled();
        struct sip_target hop = {0};
        assert_false(sip_dialog_literal_hop(&d, &hop));
        assert_int_equal(retarget(&d, slice_from("sip:x@198.51.100.9:5080")), 0);
        assert_true(sip_dialog_literal_hop(&d, &hop));
        assert_string_equal(addr_format(&hop.addr).text, "198.51.100.9:5080");
        assert_int_equal(retarget(&d, slice_from("sip:198.51.100.9")), 0);
        assert_true(sip_dialog_literal_hop(&d, &hop));
        assert_string_equal(addr_format(&hop.addr).text, "198.51.100.9:0");
}

static void a_dialog_does_not_leave_tls(void **state)
{
        (void)state;
        static const struct {
                enum sip_transport said, usual, source, goes;
        } rows[] = {
                {SIP_TRANSPORT_OTHER, SIP_UDP, SIP_UDP, SIP_UDP},
                {SIP_TRANSPORT_OTHER, SIP_TCP, SIP_TCP, SIP_TCP},
                {SIP_TRANSPORT_OTHER, SIP_TCP, SIP_UDP, SIP_UDP},
                {SIP_TRANSPORT_OTHER, SIP_TRANSPORT_OTHER, SIP_TCP, SIP_TCP},
                {SIP_TCP, SIP_UDP, SIP_UDP, SIP_TCP},
                {SIP_UDP, SIP_TRANSPORT_OTHER, SIP_TCP, SIP_UDP},
                {SIP_UDP, SIP_TLS, SIP_TLS, SIP_TLS},
                {SIP_TCP, SIP_TRANSPORT_OTHER, SIP_TLS, SIP_TLS},
                {SIP_UDP, SIP_TRANSPORT_OTHER, SIP_TLS, SIP_TLS},
                {SIP_TLS, SIP_TRANSPORT_OTHER, SIP_UDP, SIP_TLS},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                assert_int_equal(
                        sip_dialog_hop_transport(rows[i].said, rows[i].usual, rows[i].source),
                        rows[i].goes);
}

static void what_does_not_fit_is_refused_whole(void **state)
{
        (void)state;
        struct sip_dialog d = dialled(), before;
        char uri[SIP_DIALOG_TEXT_MAX + 8];
        memcpy(&before, &d, sizeof d);
        memset(uri, 'a', sizeof uri);
        memcpy(uri, "sip:", 4);
        /* call-id 7, us 8, them 10: the target may have the rest, and not one byte more. */
        size_t rest = SIP_DIALOG_TEXT_MAX - 7 - 8 - 10;
        assert_int_equal(retarget(&d, (struct slice){uri, rest + 1}), ERR_TOO_LARGE);
        assert_memory_equal(&d, &before, sizeof d);
        assert_int_equal(retarget(&d, (struct slice){uri, rest}), 0);
        assert_int_equal(d.target.len, rest);
}

static void a_stray_answer_makes_a_dialog_only_with_a_tag_of_ours(void **state)
{
        (void)state;
        struct sip_dialog d;
        assert_int_equal(
                sip_dialog_init_stray(&d, parse("SIP/2.0 200 OK", "From: <sip:us@h>;tag=short\r\n"
                                                                  "To: <sip:t@p>;tag=tt\r\n")),
                ERR_SYNTAX);
        assert_int_equal(
                sip_dialog_init_stray(
                        &d, parse("SIP/2.0 200 OK",
                                  "From: <sip:us@h>;tag=0123456789abcdef0123456789abcdef\r\n"
                                  "To: <sip:t@p>;tag=tt\r\nContact: <sip:c@192.0.2.9>\r\n")),
                0);
        assert_string_equal(d.local_tag.text, our_tag.text);
        assert_true(is(&d, d.target, "sip:c@192.0.2.9"));
        assert_int_equal(d.local_cseq, 4);
}

/* Identity */

#define PARTY   UINT64_C(919888800001)
#define MASKING UINT64_C(919000000001)

struct identity_case {
        const char *headers; /* From and what else names the caller */
        uint64_t caller;     /* 0: none */
        bool withheld;
};

static struct sip_identity identify(const char *uri, const char *headers, bool is_trusted)
{
        struct trunk trunk = {.plan = {"91", "00", "0", 10, 10}};
        struct sip_identity identity;
        char start_line[256], lines[1024];
        if (is_trusted)
                trunk.caller_from = TRUNK_CALLER_FROM_ASSERTED;
        snprintf(start_line, sizeof start_line, "INVITE %s SIP/2.0", uri);
        snprintf(lines, sizeof lines, "%sTo: <sip:+919000000009@h>\r\nContact: <sip:c@h>\r\n",
                 headers);
        sip_identity_read(&trunk, parse(start_line, lines), &identity);
        return identity;
}

static void check_callers(const struct identity_case *cases, size_t count, bool is_trusted)
{
        for (size_t i = 0; i < count; i++) {
                struct sip_identity identity =
                        identify("sip:+919000000001@h", cases[i].headers, is_trusted);
                if (identity.caller.n.e164 != cases[i].caller ||
                    identity.caller_withheld != cases[i].withheld)
                        fail_msg("%s: %s", cases[i].headers,
                                 identity.caller_withheld ? "withheld" : "not withheld");
        }
}

static void the_caller_is_read_from_any_usual_writing(void **state)
{
        (void)state;
        static const struct identity_case cases[] = {
                {"From: <sip:+919888800001@h>;tag=1\r\n", PARTY, false},
                {"From: \"Name\" <sip:919888800001@h;user=phone>;tag=1\r\n", PARTY, false},
                {"From: sip:09888800001@h;tag=1\r\n", PARTY, false},
                {"From: <sip:9888800001:secret@h>;tag=1\r\n", PARTY, false},
                {"From: <sip:00919888800001;cpc=ordinary@h>;tag=1\r\n", PARTY, false},
                {"From: <sip:%2B91%39888800001@h>;tag=1\r\n", PARTY, false},
                {"From: <sips:+919888800001@h>;tag=1\r\n", PARTY, false},
                {"From: <tel:+91-98888-00001>;tag=1\r\n", PARTY, false},
                {"From: <tel:98888-00001;phone-context=+91>;tag=1\r\n", PARTY, false},
                {"From: <tel:098888-00001;phone-context=+91>;tag=1\r\n", PARTY, false},
                {"From: <tel:2079460000;phone-context=+44>;tag=1\r\n", UINT64_C(442079460000),
                 false},
                {"From: <tel:9888800001;phone-context=example.com>;tag=1\r\n", PARTY, false},
                {"From: <sip:98888-00001;phone-context=+91@h;user=phone>;tag=1\r\n", PARTY, false},
                {"From: <sip:9888800001;ext=1;Phone-Context=%2b91@h>;tag=1\r\n", PARTY, false},
                /* The same digits in another country are another subscriber. */
                {"From: <sip:9888800001;phone-context=+1@h;user=phone>;tag=1\r\n",
                 UINT64_C(19888800001), false},
                {"From: <sip:+919888800001;phone-context=+1@h>;tag=1\r\n", PARTY, false},
                {"From: <tel:9888800001;phone-context=%2B1>;tag=1\r\n", UINT64_C(19888800001),
                 false},
        };
        check_callers(cases, sizeof cases / sizeof cases[0], false);
}

static void a_caller_who_is_no_number_is_none(void **state)
{
        (void)state;
        static const struct identity_case cases[] = {
                {"From: <sip:alice@h>;tag=1\r\n", 0, false},
                {"From: <sip:h>;tag=1\r\n", 0, false},
                {"From: <sip:unknown@unknown.invalid>;tag=1\r\n", 0, false},
                {"From: <sip:+91%00@h>;tag=1\r\n", 0, false},
                {"From: <sip:+91988880000100000000@h>;tag=1\r\n", 0, false},
                {"From: <http://example.com/+919888800001>;tag=1\r\n", 0, false},
                {"From: <tel:1234;phone-context=+91988880000100000>;tag=1\r\n", 0, false},
        };
        check_callers(cases, sizeof cases / sizeof cases[0], false);
}

static void a_withheld_caller_is_none_whatever_else_is_said(void **state)
{
        (void)state;
#define PAI "P-Asserted-Identity: <sip:+919888800001@h>\r\n"
        static const struct identity_case cases[] = {
                {"From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1\r\n" PAI, 0, true},
                {"From: <sip:Anonymous@carrier.example>;tag=1\r\n", 0, true},
                {"From: <sip:x@ANONYMOUS.invalid>;tag=1\r\n", 0, true},
                {"From: <sip:Unavailable@h>;tag=1\r\n", 0, true},
                {"From: <sip:Restricted@h>;tag=1\r\n" PAI, 0, true},
                {"From: <sip:+919888800001@h>;tag=1\r\nPrivacy: id\r\n" PAI, 0, true},
                {"From: <sip:+919888800001@h>;tag=1\r\nPrivacy: user;critical\r\n", 0, true},
                {"From: <sip:+919888800001@h>;tag=1\r\nPrivacy: header\r\n", 0, true},
                {"From: <sip:+919888800001@h>;tag=1\r\nPrivacy: none\r\n", PARTY, false},
        };
        check_callers(cases, sizeof cases / sizeof cases[0], true);
        check_callers(cases, sizeof cases / sizeof cases[0], false);
}

static void an_asserted_identity_counts_only_from_a_trusted_trunk(void **state)
{
        (void)state;
        static const struct identity_case trusted[] = {
                {"From: <sip:+919888800099@h>;tag=1\r\n" PAI, PARTY, false},
                {"From: <sip:+919888800099@h>;tag=1\r\n"
                 "P-Asserted-Identity: <sip:pbx@h>, <tel:+919888800001>\r\n",
                 PARTY, false},
                {"From: <sip:+919888800001@h>;tag=1\r\n", PARTY, false},
                {"From: <sip:+919888800099@h>;tag=1\r\n" PAI
                 "P-Asserted-Identity: <tel:+91-98888-00001>\r\n",
                 PARTY, false},
                /* What the caller says of himself does not stand in for what is asserted. */
                {"From: <sip:+919888800001@h>;tag=1\r\nP-Asserted-Identity: <sip:pbx@h>\r\n", 0,
                 false},
                {"From: <sip:+919888800001@h>;tag=1\r\n"
                 "P-Asserted-Identity: <sip:anonymous@anonymous.invalid>\r\n",
                 0, false},
                /* Two numbers are asserted: nobody knows whose call it is. */
                {"From: <sip:+919888800001@h>;tag=1\r\n" PAI
                 "P-Asserted-Identity: <tel:+919888800099>\r\n",
                 0, false},
        };
        static const struct identity_case untrusted[] = {
                {"From: <sip:+919888800001@h>;tag=1\r\n"
                 "P-Asserted-Identity: <sip:+919888800099@h>\r\n",
                 PARTY, false},
        };
        check_callers(trusted, sizeof trusted / sizeof trusted[0], true);
        check_callers(untrusted, sizeof untrusted / sizeof untrusted[0], false);
}

static void the_dialled_number_is_the_request_uri_or_to_as_the_trunk_says(void **state)
{
        (void)state;
        static const char *const uris[] = {
                "sip:+919000000001@h",   "sip:09000000001@h;user=phone", "tel:+91-90000-00001",
                "sip:9000000001;npdi@h", "sip:00919000000001@h",
        };
        for (unsigned i = 0; i < sizeof uris / sizeof uris[0]; i++)
                assert_int_equal(
                        identify(uris[i], "From: <sip:a@h>;tag=1\r\n", false).dialled.n.e164,
                        MASKING);
        assert_int_equal(identify("sip:h", "From: <sip:a@h>;tag=1\r\n", false).dialled.n.e164, 0);

        const struct trunk trunk = {.dialled_from = TRUNK_DIALLED_FROM_TO};
        struct sip_identity identity;
        sip_identity_read(&trunk,
                          parse("INVITE sip:trunk@h SIP/2.0",
                                "From: <sip:a@h>;tag=1\r\nTo: <sip:+919000000001@h>\r\n"),
                          &identity);
        assert_int_equal(identity.dialled.n.e164, MASKING);
}

/* Key presses */

static void keys_are_read_from_both_types(void **state)
{
        (void)state;
        static const struct {
                const char *body;
                char digit;
                unsigned ms;
        } cases[] = {
                {"Signal=5\r\nDuration=160\r\n", '5', 160},
                {"Signal= *\nDuration= 250", '*', 250},
                {"signal=d\r\n", 'D', SIP_DTMF_MS_DEFAULT},
                {"Duration=99\r\nSignal=11\r\n", '#', 99},
                {"Signal=0\r\nDuration=0\r\n", '0', SIP_DTMF_MS_DEFAULT},
                {"Signal=1\r\nDuration=99999999999\r\n", '1', SIP_DTMF_MS_DEFAULT},
                {"7", '7', SIP_DTMF_MS_DEFAULT},
                {"10\r\n", '*', SIP_DTMF_MS_DEFAULT},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct sip_dtmf dtmf = {0};
                assert_int_equal(sip_dtmf_parse(slice_from(cases[i].body), &dtmf), 0);
                assert_int_equal(dtmf.digit, cases[i].digit);
                assert_int_equal(dtmf.duration_ms, cases[i].ms);
        }
}

static void what_is_no_key_is_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "",          "\r\n",  "Signal=\r\n", "Signal=16", "Signal=E",
                "Signal=55", "flash", "=",           "==5",
        };
        for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                struct sip_dtmf dtmf = {.digit = 'x'};
                assert_int_equal(sip_dtmf_parse(slice_from(bad[i]), &dtmf), ERR_SYNTAX);
                assert_int_equal(dtmf.digit, 'x');
        }
        assert_false(sip_dtmf_is_type(SLICE("application/sdp")));
        assert_false(sip_dtmf_is_type(SLICE_NONE));
        assert_true(sip_dtmf_is_type(SLICE("Application/DTMF-Relay ; x=1")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_token_leads_back_to_its_slot),
                cmocka_unit_test(a_token_with_any_digit_changed_leads_nowhere),
                cmocka_unit_test(a_token_of_another_kind_key_or_length_leads_nowhere),
                cmocka_unit_test(neighbours_have_tokens_without_likeness),
                cmocka_unit_test(a_dialog_of_the_called_side_keeps_the_order_of_routes),
                cmocka_unit_test(a_dialog_of_the_calling_side_reverses_the_routes),
                cmocka_unit_test(the_headers_of_a_uri_are_kept_out),
                cmocka_unit_test(a_refreshed_target_leaves_everything_else),
                cmocka_unit_test(requests_go_to_a_literal_route_or_target),
                cmocka_unit_test(a_dialog_does_not_leave_tls),
                cmocka_unit_test(what_does_not_fit_is_refused_whole),
                cmocka_unit_test(a_stray_answer_makes_a_dialog_only_with_a_tag_of_ours),
                cmocka_unit_test(the_caller_is_read_from_any_usual_writing),
                cmocka_unit_test(a_caller_who_is_no_number_is_none),
                cmocka_unit_test(a_withheld_caller_is_none_whatever_else_is_said),
                cmocka_unit_test(an_asserted_identity_counts_only_from_a_trusted_trunk),
                cmocka_unit_test(the_dialled_number_is_the_request_uri_or_to_as_the_trunk_says),
                cmocka_unit_test(keys_are_read_from_both_types),
                cmocka_unit_test(what_is_no_key_is_refused),
        };
        return RUN_TESTS(tests);
}
