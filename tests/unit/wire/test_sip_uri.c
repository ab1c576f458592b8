/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_uri.h"

#include "../unit.h"

static struct sip_uri parse(const char *text)
{
        struct sip_uri uri;
        int err = sip_uri_parse(slice_from(text), &uri);
        if (err)
                fail_msg("refused: %s", text);
        return uri;
}

static void is_refused(const char *text)
{
        struct sip_uri uri = {.port = 7};
        if (sip_uri_parse(slice_from(text), &uri) != ERR_SYNTAX)
                fail_msg("accepted: %s", text);
        assert_int_equal(uri.port, 7);
}

#define assert_slice(s, literal)                                                                   \
        do {                                                                                       \
                struct slice got_ = (s);                                                           \
                assert_int_equal(got_.len, strlen(literal));                                       \
                assert_memory_equal(got_.len ? got_.p : "", literal, got_.len);                    \
        } while (0)

static void the_parts_of_a_sip_uri_are_found(void **state)
{
        (void)state;
        struct sip_uri u = parse("SIP:+919000000001;cpc=x:secret@Gw-1.example.com:5070"
                                 ";transport=udp;lr;x=y?Subject=a&Route=%3C");
        assert_int_equal(u.scheme, SIP_SCHEME_SIP);
        assert_slice(u.user, "+919000000001");
        assert_slice(u.user_params, "cpc=x");
        assert_slice(u.host, "Gw-1.example.com");
        assert_int_equal(u.port, 5070);
        assert_slice(u.params, "transport=udp;lr;x=y");
        assert_slice(u.transport, "udp");
        assert_slice(u.maddr, "");
        assert_slice(u.headers, "Subject=a&Route=%3C");
        assert_true(u.has_lr);
}

static void the_least_sip_uri_is_a_host(void **state)
{
        (void)state;
        struct sip_uri u = parse("sips:h");
        assert_int_equal(u.scheme, SIP_SCHEME_SIPS);
        assert_slice(u.user, "");
        assert_slice(u.host, "h");
        assert_int_equal(u.port, 0);
        assert_slice(u.params, "");
        assert_false(u.has_lr);
}

static void an_ipv6_host_needs_its_brackets(void **state)
{
        (void)state;
        struct sip_uri u = parse("sip:a@[2001:db8::1]:5060;maddr=192.0.2.1");
        assert_slice(u.host, "[2001:db8::1]");
        assert_int_equal(u.port, 5060);
        assert_slice(u.maddr, "192.0.2.1");
        is_refused("sip:a@2001:db8::1");
        is_refused("sip:a@[2001:db8::1");
        is_refused("sip:a@[192.0.2.1]");
        is_refused("sip:a@[]");
        is_refused("sip:a@[2001:db8:::1]");
        assert_slice(parse("sip:a@[2001:db8:::192.0.2.1]:5060").host, "[2001:db8:::192.0.2.1]");
        parse("sip:a@[:::192.0.2.1]");
        is_refused("sip:a@[2001:db8::::192.0.2.1]");
        is_refused("sip:a@[2001::db8:::192.0.2.1]");
        is_refused("sip:a@[2001:db8:::192.0.2.256]");
        is_refused("sip:a@[:::]");
        is_refused("sip:a@[fe80::1%eth0]");
}

static void a_numeric_host_has_one_reading(void **state)
{
        (void)state;
        assert_slice(parse("sip:192.0.2.255").host, "192.0.2.255");
        assert_slice(parse("sip:3com.example").host, "3com.example");
        assert_slice(parse("sip:sip_proxy.example").host, "sip_proxy.example");
        assert_slice(parse("sip:example.com.").host, "example.com.");
        is_refused("sip:192.0.2.256");
        is_refused("sip:192.0.2.010");
        is_refused("sip:192.0.2");
        is_refused("sip:0x7f.1");
        is_refused("sip:1234");
        is_refused("sip:192.0.2.1.");
        is_refused("sip:.a");
        is_refused("sip:-a");
        is_refused("sip:.");
}

static void ports_outside_of_their_range_are_refused(void **state)
{
        (void)state;
        assert_int_equal(parse("sip:h:65535").port, 65535);
        is_refused("sip:h:65536");
        is_refused("sip:h:0");
        is_refused("sip:h:");
        is_refused("sip:h:-1");
        is_refused("sip:h:5060x");
        is_refused("sip:h: 5060");
        is_refused("sip:h:99999999999999999999");
}

static void a_parameter_is_read_once_only(void **state)
{
        (void)state;
        is_refused("sip:h;lr;lr");
        is_refused("sip:h;lr;%6Cr");
        is_refused("sip:h;transport=udp;Transport=tcp");
        is_refused("sip:h;maddr=a;maddr=b");
        is_refused("sip:h;transport");
        assert_true(parse("sip:h;%6c%52").has_lr);
        assert_true(parse("sip:h;lr=on").has_lr);
        assert_false(parse("sip:h;lrx;l").has_lr);
        assert_false(parse("sip:h;l%00r").has_lr);
}

static void nonsense_is_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "",          "sip",         "sip:",      ":",           "sip:@h",
                "sip:a@",    "sip:a@b@c",   "sip:a b@h", "sip:a@h;",    "sip:a@h;;lr",
                "sip:a@h;=", "sip:a@h;x=",  "sip:a@h?",  "sip:%@h",     "sip:%4@h",
                "sip:%4g@h", "sip:a%@h",    "<sip:a@h>", "sip:a@h>",    "sip:a@h\r\n",
                "sip:\"@h",  "sip:a@h;a=<", "1x:y",      "sip :a@h",    " sip:a@h",
                "sip:a@h ",  "sip:a:b:c@h", "sip:a@h/b", "sip:a@h;a@b", "sip:a@h?a b",
                "x:",        "x:a b",       "x:<",       "sip:a\x80@h", "sip:a@h\x80",
                "x:%zz",
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                is_refused(bad[i]);
        is_refused("sip\x1ah"); /* a colon but for bit 0x20 */
        struct sip_uri uri;
        assert_int_equal(sip_uri_parse(SLICE("sip:a\0b@h"), &uri), ERR_SYNTAX);
        assert_int_equal(sip_uri_parse(SLICE_NONE, &uri), ERR_SYNTAX);
}

static void a_tel_uri_gives_its_number(void **state)
{
        (void)state;
        struct sip_uri u = parse("tel:+91-98888-00001;phone-context=example.com");
        assert_int_equal(u.scheme, SIP_SCHEME_TEL);
        assert_slice(u.user, "+91-98888-00001");
        assert_slice(u.params, "phone-context=example.com");
        assert_slice(u.host, "");
        assert_slice(parse("tel:(0)98888.00001").user, "(0)98888.00001");
        assert_slice(parse("TEL:*31#").user, "*31#");
        is_refused("tel:");
        is_refused("tel:+");
        is_refused("tel:-");
        is_refused("tel:+9x");
        is_refused("tel:+91*1");
        is_refused("tel:9z");
        is_refused("tel:98888 00001");
        is_refused("tel:1;");
}

static void an_unknown_scheme_is_well_formed_but_other(void **state)
{
        (void)state;
        assert_int_equal(parse("soap.beep://192.0.2.103:3002").scheme, SIP_SCHEME_OTHER);
        assert_int_equal(parse("isbn:2983792873").scheme, SIP_SCHEME_OTHER);
        assert_int_equal(parse("urn:service:sos").scheme, SIP_SCHEME_OTHER);
}

static void the_user_is_unescaped_into_the_callers_memory(void **state)
{
        (void)state;
        char text[8];
        struct sip_uri u = parse("sip:%2b91%2A@h");
        assert_int_equal(sip_uri_user(&u, text, sizeof text), 0);
        assert_string_equal(text, "+91*");
        u = parse("sip:1234567@h");
        assert_int_equal(sip_uri_user(&u, text, sizeof text), 0);
        u = parse("sip:12345678@h");
        assert_int_equal(sip_uri_user(&u, text, sizeof text), ERR_TOO_LARGE);
        u = parse("sip:a%00b@h");
        assert_int_equal(sip_uri_user(&u, text, sizeof text), ERR_SYNTAX);
        assert_string_equal(text, "1234567");
        u = parse("sip:h");
        assert_int_equal(sip_uri_user(&u, text, sizeof text), 0);
        assert_string_equal(text, "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_parts_of_a_sip_uri_are_found),
                cmocka_unit_test(the_least_sip_uri_is_a_host),
                cmocka_unit_test(an_ipv6_host_needs_its_brackets),
                cmocka_unit_test(a_numeric_host_has_one_reading),
                cmocka_unit_test(ports_outside_of_their_range_are_refused),
                cmocka_unit_test(a_parameter_is_read_once_only),
                cmocka_unit_test(nonsense_is_refused),
                cmocka_unit_test(a_tel_uri_gives_its_number),
                cmocka_unit_test(an_unknown_scheme_is_well_formed_but_other),
                cmocka_unit_test(the_user_is_unescaped_into_the_callers_memory),
        };
        return RUN_TESTS(tests);
}
