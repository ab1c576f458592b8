/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"
#include "core/cause.h"
#include "core/cdr.h"
#include "core/trunk.h"

#include "../unit.h"

static void codes_names_and_texts_are_the_published_ones(void **state)
{
        (void)state;
        static const struct {
                int code;
                const char *name, *text;
        } rows[] = {
                {0, "Unknown", "UNKNOWN"},
                {1000, "Canceled", "ORIGINATOR_CANCEL"},
                {2060, "Loop Detected", "CALL_REJECTED"},
                {3000, "No Answer", "NO_ANSWER"},
                {3010, "Busy Line", "USER_BUSY"},
                {3030, "Unknown Caller ID", "CALL_REJECTED"},
                {3050, "Unallocated number", "UNALLOCATED_NUMBER"},
                {3120, "User does not exist anywhere", "UNALLOCATED_NUMBER"},
                {4000, "Normal Hangup", "NORMAL_CLEARING"},
                {6000, "Scheduled Hangup", "ALLOTTED_TIMEOUT"},
                {6010, "Ring Timeout Reached", "NO_ANSWER"},
                {6020, "Media Timeout", "MEDIA_TIMEOUT"},
                {9000, "Lost Race", "LOSE_RACE"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                enum hangup_cause cause = (enum hangup_cause)rows[i].code;
                assert_string_equal(hangup_cause_name(cause), rows[i].name);
                assert_string_equal(hangup_cause_text(cause), rows[i].text);
        }
        assert_string_equal(hangup_source_name(SOURCE_CALLEE), "Callee");
        assert_string_equal(hangup_source_name(SOURCE_PLATFORM), "Maskline");
}

static void a_code_of_a_later_version_reads_as_unknown(void **state)
{
        (void)state;
        assert_string_equal(hangup_cause_name((enum hangup_cause)4321), "Unknown");
        assert_string_equal(hangup_cause_text((enum hangup_cause) - 1), "UNKNOWN");
}

static void every_final_answer_that_is_no_success_has_a_cause(void **state)
{
        (void)state;
        static const struct {
                unsigned status;
                enum hangup_cause cause;
        } rows[] = {
                {302, CAUSE_ROUTING},
                {403, CAUSE_FORBIDDEN},
                {404, CAUSE_UNALLOCATED},
                {408, CAUSE_REQUEST_TIMEOUT},
                {410, CAUSE_INVALID_DESTINATION},
                {480, CAUSE_NO_ANSWER},
                {486, CAUSE_BUSY},
                {488, CAUSE_REJECTED},
                {500, CAUSE_CARRIER_ERROR},
                {503, CAUSE_CARRIER_CONGESTION},
                {600, CAUSE_BUSY_EVERYWHERE},
                {603, CAUSE_DECLINED},
                {604, CAUSE_NOWHERE},
                {606, CAUSE_REJECTED},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                assert_int_equal(hangup_cause_from_status(rows[i].status), rows[i].cause);
        for (unsigned status = 300; status < 700; status++)
                assert_int_not_equal(hangup_cause_from_status(status), CAUSE_UNKNOWN);
        assert_int_equal(hangup_cause_from_status(0), CAUSE_UNKNOWN);
        assert_int_equal(hangup_cause_from_status(200), CAUSE_UNKNOWN);
        assert_int_equal(hangup_cause_from_status(700), CAUSE_UNKNOWN);
}

static void a_uuid_is_of_version_4_and_survives_its_text(void **state)
{
        (void)state;
        struct random random;
        random_init_seeded(&random, 1);
        for (unsigned i = 0; i < 1000; i++) {
                struct uuid id = uuid_make(&random), back = {0};
                struct uuid_text text = uuid_format(id);
                assert_int_equal(strlen(text.text), 36);
                assert_int_equal(text.text[14], '4');
                assert_non_null(strchr("89ab", text.text[19]));
                assert_int_equal(uuid_parse(slice_from(text.text), &back), 0);
                assert_memory_equal(&id, &back, sizeof id);
        }
        struct uuid a = uuid_make(&random), b = uuid_make(&random);
        assert_memory_not_equal(&a, &b, sizeof a);
}

static void what_is_no_uuid_is_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "",
                "0000",
                "00000000-0000-4000-8000-00000000000",
                "00000000-0000-4000-8000-0000000000000",
                "00000000-0000-4000-8000-00000000000g",
                "000000000000-4000-8000-00000000-0000",
                "00000000+0000-4000-8000-000000000000",
                "{0000000-0000-4000-8000-00000000000}",
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                struct uuid id = {{42}};
                assert_int_equal(uuid_parse(slice_from(bad[i]), &id), ERR_SYNTAX);
                assert_int_equal(id.bytes[0], 42);
        }
        struct uuid id;
        assert_int_equal(uuid_parse(SLICE("00000000-0000-4000-8000-0000000000AB"), &id), 0);
        assert_int_equal(id.bytes[15], 0xab);
}

static struct trunk trunk_from(const char *prefix, uint16_t port)
{
        struct trunk t = {.source_count = 1};
        assert_int_equal(addr_prefix_parse(slice_from(prefix), &t.sources[0].prefix), 0);
        t.sources[0].port = port;
        return t;
}

static bool overlap(const char *a, uint16_t port_a, const char *b, uint16_t port_b)
{
        struct trunk x = trunk_from(a, port_a), y = trunk_from(b, port_b);
        bool forth = trunk_sources_overlap(&x, &y);
        assert_int_equal(trunk_sources_overlap(&y, &x), forth);
        return forth;
}

static void two_trunks_overlap_when_one_address_and_port_fits_both(void **state)
{
        (void)state;
        assert_true(overlap("192.0.2.0/24", 0, "192.0.2.9", 0));
        assert_true(overlap("192.0.2.9", 5060, "192.0.2.0/24", 0));
        assert_true(overlap("192.0.2.9", 5060, "192.0.2.9", 5060));
        assert_false(overlap("192.0.2.9", 5060, "192.0.2.9", 5070));
        assert_false(overlap("192.0.2.0/25", 0, "192.0.2.128/25", 0));
        assert_false(overlap("192.0.2.0/24", 0, "2001:db8::/32", 0));
        struct trunk none = {0}, all = trunk_from("0.0.0.0/0", 0);
        assert_false(trunk_sources_overlap(&none, &all));
}

static void any_of_the_sources_may_overlap(void **state)
{
        (void)state;
        struct trunk a = trunk_from("192.0.2.1", 0), b = trunk_from("192.0.2.2", 0);
        a.sources[a.source_count++] = trunk_from("198.51.100.0/24", 0).sources[0];
        b.sources[b.source_count++] = trunk_from("203.0.113.1", 0).sources[0];
        assert_false(trunk_sources_overlap(&a, &b));
        b.sources[b.source_count++] = trunk_from("198.51.100.7", 5080).sources[0];
        assert_true(trunk_sources_overlap(&a, &b));
}

static void a_source_is_matched_by_address_and_port(void **state)
{
        (void)state;
        struct trunk t = trunk_from("192.0.2.0/24", 5060);
        t.sources[t.source_count++] = trunk_from("2001:db8::/32", 0).sources[0];
        static const struct {
                const char *addr;
                bool is;
        } rows[] = {
                {"192.0.2.77:5060", true},     {"192.0.2.77:5061", false},
                {"192.0.3.77:5060", false},    {"[2001:db8::1]:9999", true},
                {"[2001:db9::1]:5060", false},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct addr a;
                assert_int_equal(addr_parse(slice_from(rows[i].addr), 5060, &a), 0);
                assert_int_equal(trunk_has_source(&t, &a), rows[i].is);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(codes_names_and_texts_are_the_published_ones),
                cmocka_unit_test(a_code_of_a_later_version_reads_as_unknown),
                cmocka_unit_test(every_final_answer_that_is_no_success_has_a_cause),
                cmocka_unit_test(a_uuid_is_of_version_4_and_survives_its_text),
                cmocka_unit_test(what_is_no_uuid_is_refused),
                cmocka_unit_test(two_trunks_overlap_when_one_address_and_port_fits_both),
                cmocka_unit_test(any_of_the_sources_may_overlap),
                cmocka_unit_test(a_source_is_matched_by_address_and_port),
        };
        return RUN_TESTS(tests);
}
