/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls_identity.h"

#include "tls_files.h"

#define DNS(literal)                                                                               \
        {                                                                                          \
                TLS_NAME_DNS, SLICE(literal)                                                       \
        }
#define URI(literal)                                                                               \
        {                                                                                          \
                TLS_NAME_URI, SLICE(literal)                                                       \
        }
#define IP(literal)                                                                                \
        {                                                                                          \
                TLS_NAME_IP, SLICE(literal)                                                        \
        }
#define CHECK(domain, ...)                                                                         \
        check(domain, (const struct tls_name[]){__VA_ARGS__},                                      \
              sizeof((const struct tls_name[]){__VA_ARGS__}) / sizeof(struct tls_name))

static struct tls_reason why;

static int check(const char *domain, const struct tls_name *names, size_t count)
{
        why.text[0] = '\0';
        int err = tls_names_check(names, count, slice_from(domain), &why);
        assert_int_equal(err == 0, why.text[0] == '\0');
        return err;
}

static void a_name_is_compared_whole_and_without_case(void **state)
{
        (void)state;
        assert_int_equal(CHECK("sip.example.com", DNS("sip.example.com")), 0);
        assert_int_equal(CHECK("sip.example.com", DNS("SIP.Example.COM")), 0);
        assert_int_equal(CHECK("SIP.example.com.", DNS("other.example"), DNS("sip.example.com")),
                         0);
        assert_int_equal(CHECK("example.com", DNS("sip.example.com")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("sip.example.com", DNS("example.com")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("sip.example.com", DNS("sip.example.com.evil.example")),
                         ERR_UNTRUSTED);
        assert_int_equal(CHECK("sip.example.com", DNS("")), ERR_UNTRUSTED);
}

static void the_sentence_says_what_was_found(void **state)
{
        (void)state;
        assert_int_equal(CHECK("trunk.example", DNS("a.example"), DNS("b.example")), ERR_UNTRUSTED);
        assert_string_equal(
                why.text, "the certificate is for a.example and b.example, not for trunk.example");
        assert_int_equal(CHECK("trunk.example", DNS("a"), DNS("b"), DNS("c"), DNS("d"), DNS("e")),
                         ERR_UNTRUSTED);
        assert_string_equal(why.text,
                            "the certificate is for a, b, c and 2 more, not for trunk.example");
        assert_int_equal(check("trunk.example", NULL, 0), ERR_UNTRUSTED);
        assert_string_equal(
                why.text,
                "the certificate has no subjectAltName that would say it is for trunk.example");
        assert_int_equal(CHECK("192.0.2.1", IP("\xc0\x00\x02\x02"), IP("xyz")), ERR_UNTRUSTED);
        assert_string_equal(
                why.text,
                "the certificate is for 192.0.2.2 and a broken IP address, not for 192.0.2.1");
}

static void no_wildcard_matches(void **state)
{
        (void)state;
        assert_int_equal(CHECK("a.example.com", DNS("*.example.com")), ERR_UNTRUSTED);
        assert_string_equal(why.text, "the certificate is for *.example.com, not for a.example.com "
                                      "(SIP allows no wildcard)");
        assert_int_equal(CHECK("a.example.com", URI("sip:*.example.com")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example.com", DNS("*")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("*.example.com", DNS("*.example.com")), ERR_SYNTAX);
}

/* RFC 5922 7.1: with a SIP URI in it, the certificate's DNS names do not count. */
static void a_sip_uri_goes_before_dns_names(void **state)
{
        (void)state;
        assert_int_equal(CHECK("example.com", URI("sip:example.com"), DNS("host.example.com")), 0);
        assert_int_equal(CHECK("host.example.com", URI("sip:example.com"), DNS("host.example.com")),
                         ERR_UNTRUSTED);
        assert_int_equal(CHECK("host.example.com", DNS("host.example.com"), URI("SIP:example.com")),
                         ERR_UNTRUSTED);
        assert_string_equal(why.text,
                            "the certificate is for host.example.com and SIP:example.com, not for "
                            "host.example.com (with a sip: URI in it, its DNS names do not count)");
        assert_int_equal(CHECK("b.example", URI("sip:a.example"), URI("sip:B.example")), 0);
}

static void a_uri_of_a_user_or_another_scheme_names_no_domain(void **state)
{
        (void)state;
        assert_int_equal(CHECK("a.example", URI("sip:alice@a.example")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example", URI("sips:a.example")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example", URI("https:a.example")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example", URI("sip:a.example:5061")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example", URI("sip:a.example;lr")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example", URI("sip:")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example", URI("a.example")), ERR_UNTRUSTED);
        /* And does not stand in the way of the DNS names. */
        assert_int_equal(CHECK("a.example", URI("sip:alice@b.example"), DNS("a.example")), 0);
        assert_int_equal(CHECK("a.example", URI("https://b.example/"), DNS("a.example")), 0);
}

static void a_nul_inside_condemns_the_certificate(void **state)
{
        (void)state;
        assert_int_equal(CHECK("a.example", DNS("a.example\0.evil.example")), ERR_UNTRUSTED);
        assert_string_equal(why.text, "the certificate holds a name with a NUL byte inside");
        assert_int_equal(CHECK("a.example", DNS("a.example"), DNS("b\0")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example", DNS("a.example"), URI("sip:b\0c")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example", URI("sip:a.example\0")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example", DNS("a.example"), IP("\xc0\x00\x02\x02")), 0);
}

static void an_address_needs_itself_in_the_certificate(void **state)
{
        (void)state;
        assert_int_equal(CHECK("192.0.2.2", IP("\xc0\x00\x02\x02")), 0);
        assert_int_equal(CHECK("2001:db8::1", IP("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01")), 0);
        assert_int_equal(CHECK("192.0.2.2", DNS("192.0.2.2")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("192.0.2.2", IP("\xc0\x00\x02\x03")), ERR_UNTRUSTED);
        assert_int_equal(CHECK("192.0.2.2", IP("\xc0\x00\x02\x02\0\0\0\0\0\0\0\0\0\0\0\0")),
                         ERR_UNTRUSTED);
        assert_int_equal(CHECK("a.example", IP("a.example")), ERR_UNTRUSTED);
}

static void what_is_no_domain_is_told(void **state)
{
        (void)state;
        assert_int_equal(CHECK("", DNS("")), ERR_SYNTAX);
        assert_int_equal(CHECK(".", DNS(".")), ERR_SYNTAX);
        assert_int_equal(CHECK("a b", DNS("a b")), ERR_SYNTAX);
        assert_int_equal(CHECK("sip:a.example", URI("sip:a.example")), ERR_SYNTAX);
        assert_string_equal(why.text, "'sip:a.example' is neither a host name nor an address");
}

static void what_came_from_outside_is_shown_printable(void **state)
{
        (void)state;
        assert_int_equal(CHECK("a.example", DNS("evil\n\x1b[31m")), ERR_UNTRUSTED);
        for (const char *p = why.text; *p; p++)
                assert_true(*p >= ' ' && *p < 0x7f);
}

/* From real certificates. */

static int check_san(struct authority *a, const char *san, const char *domain)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *c = signed_for(a, key, &(struct wish){.name = "leaf.example", .san = san});
        int err = tls_certificate_check(c, slice_from(domain), &why);
        X509_free(c);
        EVP_PKEY_free(key);
        return err;
}

static void names_are_found_in_a_certificate(void **state)
{
        struct authority a;
        (void)state;
        authority_init(&a, "test authority");
        assert_int_equal(check_san(&a, "email:x@a.example,DNS:a.example", "a.example"), 0);
        assert_int_equal(check_san(&a, "URI:sip:a.example,DNS:b.example", "a.example"), 0);
        assert_int_equal(check_san(&a, "URI:sip:a.example,DNS:b.example", "b.example"),
                         ERR_UNTRUSTED);
        assert_int_equal(check_san(&a, "IP:192.0.2.1,IP:2001:db8::1", "2001:db8::1"), 0);
        /* The common name does not count. */
        assert_int_equal(check_san(&a, NULL, "leaf.example"), ERR_UNTRUSTED);
        authority_fini(&a);
}

static void add_dns(GENERAL_NAMES *names, const void *bytes, int len)
{
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *text = ASN1_IA5STRING_new();
        assert_int_equal(ASN1_STRING_set(text, bytes, len), 1);
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
        assert_true(sk_GENERAL_NAME_push(names, name) > 0);
}

static void a_certificate_with_a_nul_or_too_many_names_is_refused(void **state)
{
        (void)state;
        for (int many = 0; many < 2; many++) {
                X509 *c = X509_new();
                GENERAL_NAMES *names = GENERAL_NAMES_new();
                assert_non_null(c);
                assert_non_null(names);
                add_dns(names, "a.example", 9);
                if (!many)
                        add_dns(names, "b.example\0.evil", 15);
                for (int i = 0; many && i < TLS_NAMES_MAX; i++)
                        add_dns(names, "b.example", 9);
                assert_int_equal(X509_add1_ext_i2d(c, NID_subject_alt_name, names, 0, 0), 1);
                assert_int_equal(tls_certificate_check(c, SLICE("a.example"), &why), ERR_UNTRUSTED);
                assert_string_equal(why.text,
                                    many ? "the certificate holds more than 256 names"
                                         : "the certificate holds a name with a NUL byte inside");
                GENERAL_NAMES_free(names);
                X509_free(c);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_name_is_compared_whole_and_without_case),
                cmocka_unit_test(the_sentence_says_what_was_found),
                cmocka_unit_test(no_wildcard_matches),
                cmocka_unit_test(a_sip_uri_goes_before_dns_names),
                cmocka_unit_test(a_uri_of_a_user_or_another_scheme_names_no_domain),
                cmocka_unit_test(a_nul_inside_condemns_the_certificate),
                cmocka_unit_test(an_address_needs_itself_in_the_certificate),
                cmocka_unit_test(what_is_no_domain_is_told),
                cmocka_unit_test(what_came_from_outside_is_shown_printable),
                cmocka_unit_test(names_are_found_in_a_certificate),
                cmocka_unit_test(a_certificate_with_a_nul_or_too_many_names_is_refused),
        };
        return RUN_TESTS(tests);
}
