/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dns_records.h"

#include "dns_message.h"

static char memory[8192];
static struct dns_records records;

static struct buf message(unsigned answers, unsigned type)
{
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        put_header(&b, answers);
        put_question(&b, "_sip._udp.trunk.example", type);
        return b;
}

static int decode(enum dns_kind kind, const struct buf *b)
{
        assert_true(buf_ok(b));
        memset(&records, 0x5a, sizeof records);
        int err = dns_records_decode(kind, buf_slice(b), &records);
        if (err)
                assert_int_equal(records.count, 0x5a5a5a5a);
        return err;
}

static void srv_records_come_with_the_least_ttl(void **state)
{
        (void)state;
        struct buf b = message(3, ns_t_srv);
        put_srv(&b, 600, 20, 5, 5060, "b.trunk.example");
        put_srv(&b, 300, 10, 0, 5070, "a.trunk.example");
        put_srv(&b, 900, 10, 65535, 65535, "");
        assert_int_equal(decode(DNS_SRV, &b), 0);
        assert_int_equal(records.count, 3);
        assert_int_equal(records.ttl_s, 300);
        assert_int_equal(records.srv[0].priority, 20);
        assert_int_equal(records.srv[0].weight, 5);
        assert_int_equal(records.srv[0].port, 5060);
        assert_string_equal(records.srv[0].target, "b.trunk.example");
        assert_int_equal(records.srv[1].port, 5070);
        assert_string_equal(records.srv[2].target, ".");
        assert_int_equal(records.srv[2].weight, 65535);
}

static void naptr_records_come_without_what_rewrites(void **state)
{
        (void)state;
        struct buf b = message(4, ns_t_naptr);
        put_naptr(&b, 60, 10, 20, "s", "SIP+D2U", "", "_sip._udp.trunk.example");
        put_naptr(&b, 60, 10, 10, "u", "E2U+sip", "!^.*$!sip:x@a.example!", "");
        put_naptr(&b, 60, 10, 10, "s", "SIP+D2T", "", "");
        put_naptr(&b, 60, 10, 10, "s", "SIPS+D2T", "", "_sips._tcp.trunk.example");
        assert_int_equal(decode(DNS_NAPTR, &b), 0);
        assert_int_equal(records.count, 2);
        assert_string_equal(records.naptr[0].service, "SIP+D2U");
        assert_string_equal(records.naptr[0].flags, "s");
        assert_string_equal(records.naptr[0].replacement, "_sip._udp.trunk.example");
        assert_int_equal(records.naptr[0].order, 10);
        assert_int_equal(records.naptr[0].preference, 20);
        assert_string_equal(records.naptr[1].service, "SIPS+D2T");
}

static void ttls_are_kept_within_bounds(void **state)
{
        static const struct {
                uint32_t sent, kept;
        } ttls[] = {{0, DNS_TTL_MIN_S},
                    {29, DNS_TTL_MIN_S},
                    {31, 31},
                    {86401, DNS_TTL_MAX_S},
                    {INT32_MAX, DNS_TTL_MAX_S},
                    {0x80000000, DNS_TTL_MIN_S}, /* RFC 2181 8 */
                    {UINT32_MAX, DNS_TTL_MIN_S}};
        (void)state;
        for (unsigned i = 0; i < sizeof ttls / sizeof ttls[0]; i++) {
                struct buf b = message(1, ns_t_srv);
                put_srv(&b, ttls[i].sent, 1, 1, 5060, "a.example");
                assert_int_equal(decode(DNS_SRV, &b), 0);
                assert_int_equal(records.ttl_s, ttls[i].kept);
        }
}

static void an_answer_with_nothing_to_use_is_not_found(void **state)
{
        (void)state;
        struct buf b = message(0, ns_t_srv);
        assert_int_equal(decode(DNS_SRV, &b), ERR_NOT_FOUND);
        b = message(1, ns_t_srv);
        put_srv(&b, 60, 1, 1, 5060, "a b.example");
        assert_int_equal(decode(DNS_SRV, &b), ERR_NOT_FOUND);
        b = message(1, ns_t_naptr);
        put_naptr(&b, 60, 1, 1, "longerthanany", "SIP+D2U", "", "a.example");
        assert_int_equal(decode(DNS_NAPTR, &b), ERR_NOT_FOUND);
}

static void what_is_cut_off_anywhere_is_no_answer(void **state)
{
        (void)state;
        struct buf b = message(2, ns_t_srv);
        put_srv(&b, 60, 1, 1, 5060, "a.trunk.example");
        put_srv(&b, 60, 1, 1, 5060, "b.trunk.example");
        for (size_t len = 0; len < b.len; len++) {
                struct dns_records cut;
                int err = dns_records_decode(DNS_SRV, (struct slice){memory, len}, &cut);
                assert_int_equal(err, ERR_SYNTAX);
        }
        assert_int_equal(decode(DNS_SRV, &b), 0);
}

static void a_name_that_points_at_itself_is_no_answer(void **state)
{
        (void)state;
        struct buf b = message(1, ns_t_srv);
        size_t at = b.len;
        put_srv(&b, 60, 1, 1, 5060, "a.example");
        /* The target is a pointer to itself. */
        size_t target = at + 12 + 6;
        memory[target] = (char)0xc0;
        memory[target + 1] = (char)target;
        b.len = target + 2;
        memory[at + 11] = 8;
        assert_int_equal(decode(DNS_SRV, &b), ERR_SYNTAX);
}

static void more_than_the_limit_is_left_out(void **state)
{
        (void)state;
        struct buf b = message(DNS_RECORDS_MAX + 8, ns_t_srv);
        for (unsigned i = 0; i < DNS_RECORDS_MAX + 8; i++)
                put_srv(&b, 60, i, 1, 5060, "a.example");
        assert_int_equal(decode(DNS_SRV, &b), 0);
        assert_int_equal(records.count, DNS_RECORDS_MAX);
}

/* Order. */

static struct dns_records three(unsigned a, unsigned b, unsigned c)
{
        struct dns_records r = {.kind = DNS_SRV, .count = 3};
        r.srv[0] = (struct dns_srv){1, (uint16_t)a, 1, "a"};
        r.srv[1] = (struct dns_srv){1, (uint16_t)b, 2, "b"};
        r.srv[2] = (struct dns_srv){1, (uint16_t)c, 3, "c"};
        return r;
}

static void lower_priorities_come_first(void **state)
{
        struct random random;
        (void)state;
        random_init_seeded(&random, 1);
        for (unsigned i = 0; i < 200; i++) {
                struct dns_records r = three(10, 0, 60000);
                r.srv[0].priority = 30;
                r.srv[1].priority = 20;
                r.srv[2].priority = 10;
                dns_srv_order(&r, &random);
                assert_string_equal(r.srv[0].target, "c");
                assert_string_equal(r.srv[1].target, "b");
                assert_string_equal(r.srv[2].target, "a");
        }
}

static void weights_share_out_the_first_place(void **state)
{
        struct random random;
        unsigned first[4] = {0}, rounds = 20000;
        (void)state;
        random_init_seeded(&random, 1);
        for (unsigned i = 0; i < rounds; i++) {
                struct dns_records r = three(60, 30, 10);
                dns_srv_order(&r, &random);
                first[r.srv[0].port]++;
                assert_int_equal(r.srv[0].port + r.srv[1].port + r.srv[2].port, 6);
        }
        assert_in_range(first[1], rounds * 57 / 100, rounds * 63 / 100);
        assert_in_range(first[2], rounds * 27 / 100, rounds * 33 / 100);
        assert_in_range(first[3], rounds * 8 / 100, rounds * 12 / 100);
}

/* RFC 2782: "a very small chance of being selected", in a run of records that have weight. */
static void no_weight_is_a_small_chance(void **state)
{
        struct random random;
        unsigned first[4] = {0}, rounds = 20000;
        (void)state;
        random_init_seeded(&random, 1);
        for (unsigned i = 0; i < rounds; i++) {
                struct dns_records r = three(50, 49, 0);
                dns_srv_order(&r, &random);
                first[r.srv[0].port]++;
        }
        assert_in_range(first[3], 1, rounds * 2 / 100);
        assert_in_range(first[1], rounds * 45 / 100, rounds * 55 / 100);
}

static void the_same_seed_gives_the_same_order(void **state)
{
        (void)state;
        for (uint64_t seed = 0; seed < 50; seed++) {
                struct random one, two;
                random_init_seeded(&one, seed);
                random_init_seeded(&two, seed);
                struct dns_records a = three(5, 5, 5), b = three(5, 5, 5);
                dns_srv_order(&a, &one);
                dns_srv_order(&b, &two);
                assert_memory_equal(a.srv, b.srv, 3 * sizeof a.srv[0]);
        }
}

static void naptr_goes_by_order_then_preference(void **state)
{
        (void)state;
        struct dns_records r = {.kind = DNS_NAPTR, .count = 4};
        r.naptr[0] = (struct dns_naptr){20, 1, "s", "d", "x"};
        r.naptr[1] = (struct dns_naptr){10, 50, "s", "c", "x"};
        r.naptr[2] = (struct dns_naptr){10, 10, "s", "a", "x"};
        r.naptr[3] = (struct dns_naptr){10, 20, "s", "b", "x"};
        dns_naptr_order(&r);
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(r.naptr[i].service[0], 'a' + (int)i);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(srv_records_come_with_the_least_ttl),
                cmocka_unit_test(naptr_records_come_without_what_rewrites),
                cmocka_unit_test(ttls_are_kept_within_bounds),
                cmocka_unit_test(an_answer_with_nothing_to_use_is_not_found),
                cmocka_unit_test(what_is_cut_off_anywhere_is_no_answer),
                cmocka_unit_test(a_name_that_points_at_itself_is_no_answer),
                cmocka_unit_test(more_than_the_limit_is_left_out),
                cmocka_unit_test(lower_priorities_come_first),
                cmocka_unit_test(weights_share_out_the_first_place),
                cmocka_unit_test(no_weight_is_a_small_chance),
                cmocka_unit_test(the_same_seed_gives_the_same_order),
                cmocka_unit_test(naptr_goes_by_order_then_preference),
        };
        return RUN_TESTS(tests);
}
