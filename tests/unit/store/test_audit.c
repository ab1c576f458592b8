/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stddef.h>

#include "store/audit.h"

#define ENTRIES 8

static struct vault *vault;
static struct store_audit record[ENTRIES];
static struct audit_head head;

static void write_record(void)
{
        memset(&head, 0, sizeof head);
        memset(record, 0, sizeof record);
        for (unsigned i = 0; i < ENTRIES; i++) {
                record[i].tenant_id = 1;
                record[i].at_ms = 1700000000000 + i;
                record[i].kind = 3;
                record[i].body_bytes = (uint16_t)(i * 36 + 4); /* the last one is full */
                memset(record[i].body, 'a' + (int)i, record[i].body_bytes);
                audit_link(vault, &head, &record[i]);
        }
}

static int set_up(void **state)
{
        (void)state;
        if (vault_create_memory(&vault) != 0)
                return -1;
        write_record();
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        vault_close(vault);
        return 0;
}

/* Checks `count` entries against a head that counts all of them, as a store's walk does. */
static struct audit_check check(unsigned count)
{
        struct audit_check c = {0};
        for (unsigned i = 0; i < count; i++)
                if (!audit_check_entry(&c, vault, &record[i]))
                        break;
        audit_check_end(&c, !c.bad_at && c.head.sequence < head.sequence ? ERR_NOT_FOUND : 0);
        return c;
}

static void a_record_as_it_was_written_is_good(void **state)
{
        (void)state;
        struct audit_check c = check(ENTRIES);
        assert_int_equal(c.count, ENTRIES);
        assert_int_equal(c.bad_at, 0);
        assert_int_equal(c.head.sequence, ENTRIES);
        assert_memory_equal(c.head.hash, head.hash, sizeof head.hash);
}

static void an_empty_record_is_good(void **state)
{
        (void)state;
        struct audit_check c = {0};
        audit_check_end(&c, 0);
        assert_int_equal(c.bad_at, 0);
        assert_int_equal(c.count, 0);
}

static void a_change_of_any_byte_is_noticed_where_it_is(void **state)
{
        (void)state;
        for (unsigned i = 0; i < ENTRIES; i++) {
                uint8_t *bytes = (uint8_t *)&record[i];
                size_t used = offsetof(struct store_audit, body) + record[i].body_bytes;
                for (size_t k = 0; k < sizeof record[i]; k++) {
                        bool counts = k < offsetof(struct store_audit, tenant_id) + 4 ||
                                      (k >= offsetof(struct store_audit, at_ms) && k < used) ||
                                      (k >= offsetof(struct store_audit, hash) &&
                                       k < offsetof(struct store_audit, hash) + AUDIT_HASH_BYTES);
                        bytes[k] ^= 0x10;
                        struct audit_check c = check(ENTRIES);
                        assert_int_equal(c.bad_at, counts ? i + 1 : 0);
                        assert_int_equal(c.count, counts ? i : ENTRIES);
                        bytes[k] ^= 0x10;
                }
        }
}

static void an_entry_taken_out_of_the_middle_is_noticed(void **state)
{
        (void)state;
        for (unsigned i = 0; i + 1 < ENTRIES; i++) {
                memmove(&record[i], &record[i + 1], (ENTRIES - i - 1) * sizeof record[0]);
                assert_int_equal(check(ENTRIES - 1).bad_at, i + 1);

                /* And when the ones after it are numbered down to hide it. */
                for (unsigned k = i; k + 1 < ENTRIES; k++)
                        record[k].sequence = k + 1;
                assert_int_equal(check(ENTRIES - 1).bad_at, i + 1);
                write_record();
        }
}

static void entries_that_changed_places_are_noticed(void **state)
{
        (void)state;
        struct store_audit first = record[2];
        record[2] = record[3];
        record[3] = first;
        assert_int_equal(check(ENTRIES).bad_at, 3);
        record[2].sequence = 3;
        record[3].sequence = 4;
        assert_int_equal(check(ENTRIES).bad_at, 3);
}

static void an_entry_of_another_history_is_noticed(void **state)
{
        (void)state;
        struct store_audit genuine[ENTRIES];
        memcpy(genuine, record, sizeof record);

        /* The same key, the same numbers, but the first entry was another one. */
        struct audit_head fork = {0};
        record[0].kind = 9;
        for (unsigned i = 0; i < ENTRIES; i++)
                audit_link(vault, &fork, &record[i]);
        struct store_audit strange = record[4];
        memcpy(record, genuine, sizeof record);
        record[4] = strange;
        assert_int_equal(check(ENTRIES).bad_at, 5);
}

static void an_entry_put_in_twice_is_noticed(void **state)
{
        (void)state;
        record[5] = record[4];
        assert_int_equal(check(ENTRIES).bad_at, 6);
        record[5].sequence = 6;
        assert_int_equal(check(ENTRIES).bad_at, 6);
}

static void entries_missing_at_the_end_are_noticed_by_the_head(void **state)
{
        (void)state;
        for (unsigned left = 0; left < ENTRIES; left++) {
                struct audit_check c = check(left);
                assert_int_equal(c.bad_at, left + 1);
                assert_int_equal(c.count, left);
        }
}

static void a_record_written_under_another_key_is_noticed(void **state)
{
        (void)state;
        struct vault *own = vault;
        assert_int_equal(vault_create_memory(&vault), 0);
        write_record();
        vault_close(vault);
        vault = own;
        assert_int_equal(check(ENTRIES).bad_at, 1);
}

static void a_body_that_claims_to_be_too_long_is_bad_not_read(void **state)
{
        (void)state;
        record[1].body_bytes = STORE_AUDIT_MAX + 1;
        assert_int_equal(check(ENTRIES).bad_at, 2);
        record[1].body_bytes = UINT16_MAX;
        assert_int_equal(check(ENTRIES).bad_at, 2);
}

static void after_a_bad_entry_nothing_counts_as_good(void **state)
{
        (void)state;
        struct audit_check c = {0};
        assert_true(audit_check_entry(&c, vault, &record[0]));
        assert_false(audit_check_entry(&c, vault, &record[2]));
        assert_false(audit_check_entry(&c, vault, &record[1]));
        assert_int_equal(c.count, 1);
        assert_int_equal(c.bad_at, 2);
}

static void a_head_is_vouched_for_by_its_own_hash(void **state)
{
        (void)state;
        uint8_t mac[AUDIT_HASH_BYTES];
        audit_head_mac(vault, &head, mac);
        assert_true(audit_head_is_genuine(vault, &head, mac));
        assert_memory_not_equal(mac, head.hash, sizeof mac);

        struct audit_head shorter = {.sequence = ENTRIES - 1};
        memcpy(shorter.hash, record[ENTRIES - 2].hash, sizeof shorter.hash);
        assert_false(audit_head_is_genuine(vault, &shorter, mac));
        assert_false(audit_head_is_genuine(vault, &shorter, shorter.hash));
        for (unsigned i = 0; i < sizeof mac; i++) {
                mac[i] ^= 1;
                assert_false(audit_head_is_genuine(vault, &head, mac));
                mac[i] ^= 1;
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
                TEST(a_record_as_it_was_written_is_good),
                TEST(an_empty_record_is_good),
                TEST(a_change_of_any_byte_is_noticed_where_it_is),
                TEST(an_entry_taken_out_of_the_middle_is_noticed),
                TEST(entries_that_changed_places_are_noticed),
                TEST(an_entry_of_another_history_is_noticed),
                TEST(an_entry_put_in_twice_is_noticed),
                TEST(entries_missing_at_the_end_are_noticed_by_the_head),
                TEST(a_record_written_under_another_key_is_noticed),
                TEST(a_body_that_claims_to_be_too_long_is_bad_not_read),
                TEST(after_a_bad_entry_nothing_counts_as_good),
                TEST(a_head_is_vouched_for_by_its_own_hash),
        };
        return RUN_TESTS(tests);
}
