/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry of the audit record says, read back; and what a damaged one says: nothing. */
#include <string.h>

#include "../unit.h"
#include "core/audit_entry.h"
#include "core/session_model.h"

static void numbers_trunks_tenants_and_keys_come_back(void **state)
{
        (void)state;
        struct store_audit entry;
        struct audit_fact fact;
        const struct store_number number = {{{919000000001}}, 1, 7, 1};
        audit_entry_number(&entry, AUDIT_NUMBER_ADDED, &number, 5);
        audit_entry_read(&entry, &fact);
        assert_int_equal(fact.number.n.e164, 919000000001);
        assert_int_equal(fact.trunk_id, 7);
        assert_false(fact.has_call);

        struct trunk trunk = {.id = 9, .tenant_id = 1, .name = "carrier"};
        audit_entry_trunk(&entry, AUDIT_TRUNK_CHANGED, &trunk, 5);
        audit_entry_read(&entry, &fact);
        assert_int_equal(fact.trunk_id, 9);
        assert_string_equal(fact.name, "carrier");

        const struct tenant tenant = {.id = 3, .name = "acme"};
        audit_entry_tenant(&entry, AUDIT_TENANT_CREATED, &tenant, 1, 5);
        audit_entry_read(&entry, &fact);
        assert_string_equal(fact.name, "acme");
        assert_int_equal(entry.tenant_id, 3);

        struct api_key key = {.id = 11, .tenant_id = 3, .scopes = SCOPES_ALL};
        memset(key.name, 'k', API_KEY_NAME_BYTES - 1);
        audit_entry_key(&entry, AUDIT_KEY_REVOKED, &key, 1, 5);
        audit_entry_read(&entry, &fact);
        assert_int_equal(fact.key_id, 11);
        assert_string_equal(fact.name, key.name);

        audit_entry_session_erased(&entry, 1, 77, 5);
        audit_entry_read(&entry, &fact);
        assert_int_equal(fact.session_id, 77);
}

static struct store_audit call_entry(void)
{
        struct store_audit entry;
        const struct audit_call call = {
                .tenant_id = 1,
                .call_id = {{1, 2, 3}},
                .trunk_id = 4,
                .verdict = MASK_STRANGER,
                .dialled = {{919000000001}},
                .caller = {"~3fa91c04..01"},
                .session_id = 6,
        };
        audit_entry_call(&entry, &call, 5);
        return entry;
}

static void a_call_comes_back(void **state)
{
        (void)state;
        struct audit_fact fact;
        struct store_audit entry = call_entry();
        assert_int_equal(entry.kind, AUDIT_CALL_REFUSED);
        audit_entry_read(&entry, &fact);
        assert_true(fact.has_call);
        assert_int_equal(fact.call_id.bytes[2], 3);
        assert_int_equal(fact.trunk_id, 4);
        assert_int_equal(fact.verdict, MASK_STRANGER);
        assert_int_equal(fact.number.n.e164, 919000000001);
        assert_string_equal(fact.caller.text, "~3fa91c04..01");
        assert_int_equal(fact.session_id, 6);
}

static bool holds_number(const struct store_audit *entry, uint64_t e164)
{
        char bytes[8];
        struct buf b;
        buf_init(&b, bytes, sizeof bytes);
        buf_put_be64(&b, e164);
        return memmem(entry->body, entry->body_bytes, bytes, sizeof bytes) != NULL;
}

static void a_group_is_written_with_every_number_that_its_parties_dial(void **state)
{
        (void)state;
        static struct session group = {.id = 77, .model = MODEL_GROUP, .tenant_id = 1};
        const struct number_hint hints[SESSION_GROUP_MAX] = {{"~3fa91c04..01"}};
        struct store_audit entry;
        struct audit_fact fact;
        group.party_count = SESSION_GROUP_MAX;
        for (unsigned i = 0; i < SESSION_GROUP_MAX; i++)
                group.parties[i].real_count = 1;
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                group.slots[slot].n.e164 = 919000000000 + slot;
        const uint64_t slots = session_slots(&group);
        assert_int_equal(__builtin_popcountll(slots), SESSION_GROUP_MAX * (SESSION_GROUP_MAX - 1));

        audit_entry_session_created(&entry, &group, hints, 5);
        assert_string_equal(audit_kind_name((enum audit_kind)entry.kind), "session-created");
        audit_entry_read(&entry, &fact);
        assert_int_equal(fact.session_id, 77);
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                assert_true(holds_number(&entry, 919000000000 + slot) == (slots >> slot & 1));

        audit_entry_session_changed(&entry, AUDIT_CHANGE_NUMBER, &group, hints, 5);
        assert_string_equal(audit_kind_name((enum audit_kind)entry.kind), "session-changed");
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                assert_true(holds_number(&entry, 919000000000 + slot) == (slots >> slot & 1));
}

static void an_entry_of_any_length_and_kind_is_read_within_its_bytes(void **state)
{
        (void)state;
        for (unsigned kind = 0; kind < 256; kind++) {
                for (unsigned bytes = 0; bytes <= STORE_AUDIT_MAX; bytes += 3) {
                        struct store_audit entry = call_entry();
                        struct audit_fact fact;
                        entry.kind = (uint16_t)kind;
                        memset(entry.body, 0xff, sizeof entry.body);
                        entry.body_bytes = (uint16_t)bytes;
                        audit_entry_read(&entry, &fact);
                        assert_non_null(memchr(fact.name, 0, sizeof fact.name));
                        assert_non_null(memchr(fact.caller.text, 0, sizeof fact.caller.text));
                        assert_true(fact.verdict < MASK_VERDICTS);
                }
        }
        struct store_audit entry = call_entry();
        struct audit_fact fact;
        entry.body_bytes = UINT16_MAX; /* as the store marks one that is too long */
        audit_entry_read(&entry, &fact);
        assert_int_equal(fact.session_id, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_trunks_tenants_and_keys_come_back),
                cmocka_unit_test(a_call_comes_back),
                cmocka_unit_test(a_group_is_written_with_every_number_that_its_parties_dial),
                cmocka_unit_test(an_entry_of_any_length_and_kind_is_read_within_its_bytes),
        };
        return RUN_TESTS(tests);
}
