/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit_entry.h"
#include "core/public_id.h"

#include "../unit.h"

static struct public_id_key key_of(uint8_t fill)
{
        uint8_t bytes[32];
        for (unsigned i = 0; i < sizeof bytes; i++)
                bytes[i] = (uint8_t)(fill + i);
        return public_id_key_from(bytes);
}

static struct slice whole(const char text[PUBLIC_ID_CHARS])
{
        return (struct slice){text, PUBLIC_ID_CHARS};
}

static void an_id_comes_back_from_its_text(void **state)
{
        (void)state;
        struct public_id_key key = key_of(1);
        static const uint64_t ids[] = {0, 1, 2, 31, 32, 1000000, PUBLIC_ID_MAX - 1, PUBLIC_ID_MAX};
        for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
                char text[PUBLIC_ID_CHARS];
                uint64_t back = 42;
                public_id_format(&key, ids[i], text);
                assert_int_equal(public_id_parse(&key, whole(text), &back), 0);
                assert_true(back == ids[i]);
        }
}

static void every_other_character_anywhere_is_refused(void **state)
{
        (void)state;
        struct public_id_key key = key_of(1);
        char text[PUBLIC_ID_CHARS];
        public_id_format(&key, 12345, text);
        for (unsigned i = 0; i < PUBLIC_ID_CHARS; i++) {
                char right = text[i];
                for (int c = 0; c < 256; c++) {
                        uint64_t id = 42;
                        text[i] = (char)c;
                        int err = public_id_parse(&key, whole(text), &id);
                        assert_int_equal(err == 0, (char)c == right);
                        assert_true(id == ((char)c == right ? 12345u : 42u));
                }
                text[i] = right;
        }
}

static void another_key_or_length_is_refused(void **state)
{
        (void)state;
        struct public_id_key key = key_of(1), other = key_of(2);
        char text[PUBLIC_ID_CHARS + 1] = {0};
        uint64_t id;
        public_id_format(&key, 7, text);
        assert_int_equal(public_id_parse(&other, whole(text), &id), ERR_NOT_FOUND);
        assert_int_equal(public_id_parse(&key, (struct slice){text, 15}, &id), ERR_SYNTAX);
        assert_int_equal(public_id_parse(&key, (struct slice){text, 17}, &id), ERR_SYNTAX);
        assert_int_equal(public_id_parse(&key, SLICE_NONE, &id), ERR_SYNTAX);
}

static void neighbours_do_not_look_alike(void **state)
{
        (void)state;
        struct public_id_key key = key_of(3);
        char before[PUBLIC_ID_CHARS];
        unsigned same = 0;
        public_id_format(&key, 0, before);
        for (uint64_t id = 1; id <= 1000; id++) {
                char text[PUBLIC_ID_CHARS];
                public_id_format(&key, id, text);
                for (unsigned i = 0; i < PUBLIC_ID_CHARS; i++)
                        same += text[i] == before[i];
                memcpy(before, text, sizeof text);
        }
        /* By chance, one in 32 of 16,000 characters: 500. */
        assert_in_range(same, 350, 650);
}

static void assert_body(const struct store_audit *entry, const char *hex)
{
        char text[2 * STORE_AUDIT_MAX + 1] = {0};
        struct buf b;
        buf_init(&b, text, sizeof text - 1);
        buf_put_hex(&b, entry->body, entry->body_bytes);
        assert_string_equal(text, hex);
}

/* "~00000001..01" and three zeros. */
#define HINT_1 "7e30303030303030312e2e3031000000"
#define HINT_2 "7e30303030303030322e2e3032000000"

static void a_session_in_the_audit_record_byte_by_byte(void **state)
{
        (void)state;
        const struct session s = {
                .id = 0x0102,
                .tenant_id = 3,
                .pool_id = 1,
                .starts_ms = 0x10,
                .expires_ms = 0x20,
                .parties = {{.real = {{{919888800001}}}, .real_count = 1},
                            {.real = {{{919888800002}}}, .real_count = 1, .side = 1}},
                .party_count = 2,
                .slots = {{{919000000001}}, {{919000000002}}},
        };
        const struct number_hint hints[2] = {{"~00000001..01"}, {"~00000002..02"}};
        struct store_audit e;
        audit_entry_session_created(&e, &s, hints, 99);
        assert_int_equal(e.kind, 1);
        assert_int_equal(e.tenant_id, 3);
        assert_int_equal(e.at_ms, 99);
        assert_body(&e, "0000000000000102"
                        "00000001"
                        "0000000000000010"
                        "0000000000000020"
                        "02"
                        "000000d5f8ab2601" HINT_1 "000000d5f8ab2602" HINT_2);

        audit_entry_session_ended(&e, 3, 0x0102, 0x30, AUDIT_END_EXPIRY, 100);
        assert_int_equal(e.kind, 2);
        assert_body(&e, "0000000000000102000000000000003002");
        audit_entry_session_erased(&e, 3, 0x0102, 100);
        assert_int_equal(e.kind, 3);
        assert_body(&e, "0000000000000102");
}

static void numbers_and_trunks_in_the_audit_record_byte_by_byte(void **state)
{
        (void)state;
        const struct store_number n = {{{919000000001}}, 3, 4, 1};
        struct store_audit e;
        audit_entry_number(&e, AUDIT_NUMBER_ADDED, &n, 5);
        assert_int_equal(e.kind, 10);
        assert_body(&e, "000000d5f8ab26010000000400000001");
        const struct trunk t = {.id = 4, .tenant_id = 3, .name = "carrier"};
        audit_entry_trunk(&e, AUDIT_TRUNK_REMOVED, &t, 5);
        assert_int_equal(e.kind, 21);
        assert_body(&e, "0000000407"
                        "63617272696572");
}

static void a_call_in_the_audit_record_byte_by_byte(void **state)
{
        (void)state;
        struct audit_call c = {
                .tenant_id = 3,
                .call_id = {{0xaa, 0xbb}},
                .trunk_id = 4,
                .verdict = MASK_CONNECT,
                .dialled = {{919000000001}},
                .caller = {"~00000001..01"},
                .session_id = 0x0102,
                .party = 1,
                .show = {{919000000002}},
        };
        struct store_audit e;
        audit_entry_call(&e, &c, 5);
        assert_int_equal(e.kind, AUDIT_CALL_CONNECTED);
        assert_int_equal(e.kind, 30);
        assert_body(&e, "aabb0000000000000000000000000000"
                        "00000004"
                        "00"
                        "000000d5f8ab2601" HINT_1 "0000000000000102"
                        "01"
                        "000000d5f8ab2602");
        c.verdict = MASK_ENDED;
        audit_entry_call(&e, &c, 5);
        assert_int_equal(e.kind, 31);
}

static void the_largest_session_fits(void **state)
{
        (void)state;
        struct session s = {.party_count = SESSION_PARTIES_MAX};
        struct number_hint hints[SESSION_PARTIES_MAX];
        memset(hints, 'x', sizeof hints);
        struct store_audit e;
        audit_entry_session_created(&e, &s, hints, 0);
        assert_int_equal(e.body_bytes, 29 + 24 * SESSION_PARTIES_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_id_comes_back_from_its_text),
                cmocka_unit_test(every_other_character_anywhere_is_refused),
                cmocka_unit_test(another_key_or_length_is_refused),
                cmocka_unit_test(neighbours_do_not_look_alike),
                cmocka_unit_test(a_session_in_the_audit_record_byte_by_byte),
                cmocka_unit_test(numbers_and_trunks_in_the_audit_record_byte_by_byte),
                cmocka_unit_test(a_call_in_the_audit_record_byte_by_byte),
                cmocka_unit_test(the_largest_session_fits),
        };
        return RUN_TESTS(tests);
}
