/* SPDX-License-Identifier: Apache-2.0 */
#include "base/addr.h"

#include <sys/socket.h>

#include "../unit.h"

static void an_address_reads_back_as_it_was_written(void **state)
{
        (void)state;
        static const char *const texts[] = {"192.0.2.1:5060", "[2001:db8::1]:5061", "127.0.0.1:0"};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                struct addr a = {0};
                assert_int_equal(addr_parse(slice_from(texts[i]), 1, &a), 0);
                assert_string_equal(addr_format(&a).text, texts[i]);
        }
}

static void a_port_left_out_is_the_default_one(void **state)
{
        (void)state;
        struct addr a = {0};
        assert_int_equal(addr_parse(SLICE("2001:db8::1"), 5060, &a), 0);
        assert_int_equal(a.port, 5060);
        assert_int_equal(addr_parse(SLICE("192.0.2.7"), 5060, &a), 0);
        assert_string_equal(addr_format(&a).text, "192.0.2.7:5060");
}

static void what_is_no_address_is_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {"",
                                          ":",
                                          "[",
                                          "[]",
                                          "[]:1",
                                          "192.0.2",
                                          "192.0.2.1:",
                                          "192.0.2.1:70000",
                                          "[192.0.2.1]:5060",
                                          "name.example",
                                          "2001:db8::1:5060:",
                                          "192.0.2.1:5060x"};
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                struct addr a = {.port = 9};
                assert_int_not_equal(addr_parse(slice_from(bad[i]), 1, &a), 0);
                assert_int_equal(a.port, 9);
        }
}

static bool has(const char *prefix, const char *ip)
{
        struct addr_prefix p;
        struct addr a;
        assert_int_equal(addr_prefix_parse(slice_from(prefix), &p), 0);
        assert_int_equal(addr_parse_ip(slice_from(ip), &a), 0);
        return addr_prefix_has(&p, &a);
}

static void a_prefix_has_its_addresses_and_no_others(void **state)
{
        (void)state;
        assert_true(has("192.0.2.0/24", "192.0.2.255"));
        assert_false(has("192.0.2.0/24", "192.0.3.0"));
        assert_true(has("192.0.2.128/25", "192.0.2.129"));
        assert_false(has("192.0.2.128/25", "192.0.2.127"));
        assert_true(has("0.0.0.0/0", "203.0.113.9"));
        assert_false(has("0.0.0.0/0", "2001:db8::1"));
        assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
        assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
        assert_true(has("127.0.0.11", "127.0.0.11"));
}

static void a_prefix_with_bits_beyond_its_length_is_refused(void **state)
{
        (void)state;
        struct addr_prefix p;
        assert_int_equal(addr_prefix_parse(SLICE("192.0.2.1/24"), &p), ERR_RANGE);
        assert_int_equal(addr_prefix_parse(SLICE("192.0.2.0/33"), &p), ERR_SYNTAX);
        assert_int_equal(addr_prefix_parse(SLICE("192.0.2.0/"), &p), ERR_SYNTAX);
}

static void overlap_is_seen_from_both_sides(void **state)
{
        (void)state;
        struct addr_prefix wide, narrow, other;
        assert_int_equal(addr_prefix_parse(SLICE("192.0.2.0/24"), &wide), 0);
        assert_int_equal(addr_prefix_parse(SLICE("192.0.2.64/26"), &narrow), 0);
        assert_int_equal(addr_prefix_parse(SLICE("198.51.100.0/24"), &other), 0);
        assert_true(addr_prefix_overlaps(&wide, &narrow));
        assert_true(addr_prefix_overlaps(&narrow, &wide));
        assert_false(addr_prefix_overlaps(&other, &narrow));
}

static void a_mapped_address_is_the_ipv4_address(void **state)
{
        (void)state;
        struct addr mapped, plain;
        struct sockaddr_storage ss;
        assert_int_equal(addr_parse(SLICE("[::ffff:192.0.2.1]:5060"), 0, &mapped), 0);
        addr_to_sockaddr(&mapped, &ss);
        addr_from_sockaddr(&ss, &mapped);
        assert_int_equal(addr_parse(SLICE("192.0.2.1:5060"), 0, &plain), 0);
        assert_true(addr_equal(&mapped, &plain));
}

static int pair_of(const char *text, struct addr_pair *out)
{
        return addr_pair_parse(slice_from(text), addr_parse_either, out);
}

static void a_pair_reads_back_as_it_was_written(void **state)
{
        (void)state;
        static const struct {
                const char *text, *written;
        } rows[] = {
                {"192.0.2.1:5060", "192.0.2.1:5060"},
                {"[2001:db8::1]:5060", "[2001:db8::1]:5060"},
                {"192.0.2.1,2001:db8::1", "192.0.2.1, 2001:db8::1"},
                {" [2001:db8::1]:7 ,\t192.0.2.1:5", "192.0.2.1:5, [2001:db8::1]:7"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct addr_pair pair;
                char text[ADDR_PAIR_TEXT_MAX] = "";
                struct buf b;
                assert_int_equal(pair_of(rows[i].text, &pair), 0);
                buf_init(&b, text, sizeof text - 1);
                addr_pair_put(&b, &pair);
                assert_string_equal(text, rows[i].written);
        }
}

static void a_pair_has_one_of_each_family_at_most(void **state)
{
        (void)state;
        static const char *const twice[] = {"192.0.2.1,192.0.2.2", "::1,192.0.2.1,::2"};
        static const char *const none[] = {"",
                                           ",",
                                           "192.0.2.1,",
                                           ",192.0.2.1",
                                           "192.0.2.1;::1",
                                           "192.0.2.1 ::1",
                                           "192.0.2.1,host"};
        struct addr_pair pair = {.ip4.port = 7};
        for (size_t i = 0; i < sizeof twice / sizeof twice[0]; i++)
                assert_int_equal(pair_of(twice[i], &pair), ERR_CONFLICT);
        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
                assert_int_equal(pair_of(none[i], &pair), ERR_SYNTAX);
        assert_int_equal(pair.ip4.port, 7);
        assert_true(addr_pair_is_empty(&pair));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_address_reads_back_as_it_was_written),
                cmocka_unit_test(a_port_left_out_is_the_default_one),
                cmocka_unit_test(what_is_no_address_is_refused),
                cmocka_unit_test(a_prefix_has_its_addresses_and_no_others),
                cmocka_unit_test(a_prefix_with_bits_beyond_its_length_is_refused),
                cmocka_unit_test(overlap_is_seen_from_both_sides),
                cmocka_unit_test(a_mapped_address_is_the_ipv4_address),
                cmocka_unit_test(a_pair_reads_back_as_it_was_written),
                cmocka_unit_test(a_pair_has_one_of_each_family_at_most),
        };
        return RUN_TESTS(tests);
}
