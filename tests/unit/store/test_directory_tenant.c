/* SPDX-License-Identifier: Apache-2.0 */
/* Tenants and keys of the API: made, taken back, removed, gone for good. */
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "core/audit_entry.h"
#include "store/directory_tenant.h"
#include "world.h"

#define HOUR_MS INT64_C(3600000)

static struct world w;

static int set_up(void **state)
{
        (void)state;
        world_make(&w, true);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        world_remove(&w);
        return 0;
}

static void start_tenant(const char *name, struct tenant *tenant, struct answer *answer)
{
        *tenant = (struct tenant){0};
        snprintf(tenant->name, sizeof tenant->name, "%s", name);
        assert_int_equal(directory_tenant_add(w.dir, tenant, 0, world_done, answer), 0);
}

static uint32_t add_tenant(const char *name)
{
        struct tenant tenant;
        struct answer answer = {.err = 1};
        start_tenant(name, &tenant, &answer);
        world_run(&w);
        assert_int_equal(answer.err, 0);
        return tenant.id;
}

static int remove_tenant(uint32_t id)
{
        struct answer answer = {.err = 1};
        int err = directory_tenant_remove(w.dir, id, 7, world_done, &answer);
        if (err)
                return err;
        assert_null(directory_tenant_get(w.dir, id));
        world_run_ms(&w, 3000);
        return answer.err;
}

static void hash_of(const char *text, uint8_t out[API_KEY_HASH_BYTES])
{
        directory_key_hash(w.dir, slice_from(text), out);
}

static void start_key(uint32_t tenant_id, const char *text, struct api_key *key,
                      struct answer *answer)
{
        *key = (struct api_key){.tenant_id = tenant_id, .name = "shop", .scopes = SCOPE_READ};
        hash_of(text, key->hash);
        assert_int_equal(directory_key_add(w.dir, key, 0, world_done, answer), 0);
}

static uint64_t add_key(uint32_t tenant_id, const char *text)
{
        struct api_key key;
        struct answer answer = {.err = 1};
        start_key(tenant_id, text, &key, &answer);
        world_run(&w);
        assert_int_equal(answer.err, 0);
        return key.id;
}

static int revoke_key(uint64_t id)
{
        struct answer answer = {.err = 1};
        int err = directory_key_revoke(w.dir, id, 0, world_done, &answer);
        if (err)
                return err;
        world_run_ms(&w, 3000);
        return answer.err;
}

static const struct api_key *use(const char *text)
{
        uint8_t hash[API_KEY_HASH_BYTES];
        hash_of(text, hash);
        return directory_key_use(w.dir, hash);
}

static void a_tenant_is_there_after_a_restart(void **state)
{
        (void)state;
        assert_int_equal(directory_tenant_find(w.dir, SLICE("default"))->id, TENANT_DEFAULT);
        uint32_t id = add_tenant("acme");
        assert_int_equal(id, 2);
        struct tenant again = {.name = "acme"};
        assert_int_equal(directory_tenant_add(w.dir, &again, 0, NULL, NULL), ERR_EXISTS);
        world_reopen(&w);
        const struct tenant *tenant = directory_tenant_find(w.dir, SLICE("acme"));
        assert_non_null(tenant);
        assert_int_equal(tenant->id, id);
        assert_true(tenant->created_ms > 0);
        assert_ptr_equal(directory_tenant_at(w.dir, 1), tenant);
        assert_null(directory_tenant_at(w.dir, 2));
        assert_null(directory_tenant_find(w.dir, SLICE("acm")));
}

/* Records of the old one name its id for ever. */
static void an_id_is_never_given_out_twice(void **state)
{
        (void)state;
        assert_int_equal(add_tenant("acme"), 2);
        assert_int_equal(remove_tenant(2), 0);
        world_reopen(&w);
        assert_null(directory_tenant_find(w.dir, SLICE("acme")));
        assert_int_equal(add_tenant("acme"), 3);

        assert_int_equal(add_key(3, "one"), 1);
        assert_int_equal(revoke_key(1), 0);
        world_reopen(&w);
        assert_int_equal(add_key(3, "one"), 2);
}

static void a_tenant_that_holds_anything_stays(void **state)
{
        (void)state;
        assert_int_equal(remove_tenant(TENANT_DEFAULT), ERR_STATE);
        assert_int_equal(remove_tenant(99), ERR_NOT_FOUND);
        uint32_t id = add_tenant("acme");

        uint64_t key = add_key(id, "text");
        assert_int_equal(remove_tenant(id), ERR_IN_USE);
        assert_int_equal(revoke_key(key), 0);

        uint32_t trunk = world_add_trunk(&w, id, "carrier", "192.0.2.0/24");
        assert_int_equal(remove_tenant(id), ERR_IN_USE);
        world_add_number(&w, id, trunk, 1);
        world_add_number(&w, id, trunk, 2);

        struct answer answer = {.err = 1};
        struct session_view view;
        bool repeated;
        const struct session_create create = {.tenant_id = id,
                                              .parties = {PARTY(world_p(1)), PARTY(world_p(2))},
                                              .party_count = 2};
        assert_int_equal(directory_session_create(w.dir, &create, &view, &repeated, NULL,
                                                  world_done, &answer),
                         0);
        world_run(&w);
        assert_int_equal(directory_session_end(w.dir, view.id, NULL, NULL), 0);
        assert_int_equal(remove_tenant(id), ERR_IN_USE);
        world_run_ms(&w, QUARANTINE_MS + 5000);
        for (unsigned i = 1; i <= 2; i++)
                assert_int_equal(directory_number_remove(w.dir, world_m(i), NULL, NULL), 0);
        assert_int_equal(remove_tenant(id), ERR_IN_USE);
        assert_int_equal(directory_trunk_remove(w.dir, trunk, NULL, NULL), 0);
        assert_int_equal(remove_tenant(id), 0);
}

static void what_the_disk_refuses_is_taken_back(void **state)
{
        (void)state;
        struct tenant tenant;
        struct api_key key;
        struct answer first = {.err = 1}, second = {.err = 1};
        store_memory_fail(w.store, 1, 2, ERR_STORE);
        start_tenant("acme", &tenant, &first);
        start_key(tenant.id, "text", &key, &second);
        assert_non_null(use("text"));
        world_run_ms(&w, 3000);
        assert_int_equal(first.err, ERR_STORE);
        assert_int_equal(second.err, ERR_STORE);
        assert_null(directory_tenant_find(w.dir, SLICE("acme")));
        assert_null(use("text"));

        uint32_t id = add_tenant("acme");
        uint64_t key_id = add_key(id, "text");
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(revoke_key(key_id), ERR_STORE);
        assert_non_null(use("text"));
        assert_int_equal(revoke_key(key_id), 0);
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(remove_tenant(id), ERR_STORE);
        assert_non_null(directory_tenant_find(w.dir, SLICE("acme")));
        world_reopen(&w);
        assert_non_null(directory_tenant_find(w.dir, SLICE("acme")));
        assert_null(use("text"));
}

static void a_key_holds_until_it_is_revoked_and_its_text_is_in_no_file(void **state)
{
        (void)state;
        static const char text[] = "mk_correct-horse-battery";
        uint64_t id = add_key(TENANT_DEFAULT, text);
        world_reopen(&w);
        const struct api_key *key = use(text);
        assert_non_null(key);
        assert_int_equal(key->id, id);
        assert_int_equal(key->tenant_id, TENANT_DEFAULT);
        assert_int_equal(key->scopes, SCOPE_READ);
        assert_null(use("mk_correct-horse-batterx"));
        assert_null(use(""));
        assert_false(scratch_holds(&w.files, text, strlen(text)));

        assert_int_equal(directory_key_revoke(w.dir, id, 0, NULL, NULL), 0);
        assert_null(use(text)); /* at once */
        assert_int_equal(revoke_key(id), ERR_NOT_FOUND);
        world_run(&w);
        world_reopen(&w);
        assert_null(use(text));
        assert_null(directory_key_get(w.dir, id));
}

static void a_key_expires_by_itself(void **state)
{
        (void)state;
        struct api_key key = {.tenant_id = 0, .name = "ci", .scopes = SCOPES_ALL};
        key.expires_ms = directory_now(w.dir) + 1000;
        hash_of("text", key.hash);
        assert_int_equal(directory_key_add(w.dir, &key, 0, NULL, NULL), 0);
        world_run_ms(&w, 998);
        assert_non_null(use("text"));
        world_run_ms(&w, 1000);
        assert_null(use("text"));
        assert_non_null(directory_key_get(w.dir, key.id)); /* for who looks why it is refused */
}

static void the_disk_hears_of_a_use_once_an_hour(void **state)
{
        (void)state;
        uint64_t id = add_key(TENANT_DEFAULT, "text");
        uint64_t commits = store_memory_commits(w.disk);
        for (unsigned i = 0; i < 100; i++) {
                assert_non_null(use("text"));
                world_run_ms(&w, 10);
        }
        assert_int_equal(store_memory_commits(w.disk), commits + 1);
        int64_t used_ms = directory_key_get(w.dir, id)->used_ms;
        world_run_ms(&w, HOUR_MS);
        assert_non_null(use("text"));
        world_run(&w);
        assert_int_equal(store_memory_commits(w.disk), commits + 2);
        assert_true(directory_key_get(w.dir, id)->used_ms >= used_ms + HOUR_MS);
        world_reopen(&w);
        assert_true(directory_key_get(w.dir, id)->used_ms >= used_ms + HOUR_MS);
}

/* One tenant has as many as one may have, another one none the less, and nobody's always some. */
static void no_tenant_takes_the_keys_and_pools_of_others(void **state)
{
        (void)state;
        uint32_t pools = 0, keys = 0;
        struct directory_pool pool = {.tenant_id = 1};
        struct api_key key = {.tenant_id = 1};
        pool_policy_default(&pool.policy);
        int pool_err = 0, key_err = 0;
        for (; !pool_err && pools <= DIRECTORY_POOLS_OF; pools += !pool_err) {
                pool.id = 0;
                snprintf(pool.name, sizeof pool.name, "p%u", pools);
                pool_err = directory_pool_add(w.dir, &pool, NULL, NULL);
        }
        for (; !key_err && keys <= API_KEYS_OF_TENANT; keys += !key_err) {
                memcpy(key.hash, &(uint32_t){keys + 1}, sizeof keys);
                key_err = directory_key_add(w.dir, &key, 0, NULL, NULL);
        }
        assert_int_equal(pool_err, ERR_TOO_LARGE);
        assert_int_equal(key_err, ERR_TOO_LARGE);
        assert_int_equal(pools, DIRECTORY_POOLS_OF);
        assert_int_equal(keys, API_KEYS_OF_TENANT);
        world_run(&w);

        struct tenant other = {0};
        struct answer answer = {.err = 1};
        start_tenant("other", &other, &answer);
        world_run(&w);
        pool.tenant_id = key.tenant_id = other.id;
        pool.id = 0;
        memcpy(key.hash, &(uint32_t){keys + 2}, sizeof keys);
        assert_int_equal(directory_pool_add(w.dir, &pool, NULL, NULL), 0);
        assert_int_equal(directory_key_add(w.dir, &key, 0, NULL, NULL), 0);
        key.tenant_id = 0;
        memcpy(key.hash, &(uint32_t){keys + 3}, sizeof keys);
        assert_int_equal(directory_key_add(w.dir, &key, 0, NULL, NULL), 0);
        world_run(&w);
}

static void an_id_of_a_key_is_no_id_of_a_session(void **state)
{
        (void)state;
        uint64_t id = 0;
        struct key_id_text key = key_id_format(w.dir, 1);
        assert_int_equal(strlen(key.text), 18);
        assert_int_equal(key_id_parse(w.dir, slice_from(key.text), &id), 0);
        assert_int_equal(id, 1);
        struct session_id_text session = session_id_format(w.dir, 1);
        assert_string_not_equal(session.text + 2, key.text + 2);
        session.text[0] = 'k';
        assert_int_equal(key_id_parse(w.dir, slice_from(session.text), &id), ERR_NOT_FOUND);
        assert_int_not_equal(key_id_parse(w.dir, SLICE("k_0000000000000000"), &id), 0);
        assert_int_equal(key_id_parse(w.dir, SLICE("1"), &id), ERR_SYNTAX);
}

static void all_of_it_is_in_the_audit_record(void **state)
{
        (void)state;
        static const struct {
                enum audit_kind kind;
                uint32_t tenant_id;
        } expected[] = {
                {AUDIT_TENANT_CREATED, 2},
                {AUDIT_KEY_CREATED, 2},
                {AUDIT_KEY_REVOKED, 2},
                {AUDIT_TENANT_REMOVED, 2},
        };
        uint32_t tenant = add_tenant("acme");
        assert_int_equal(revoke_key(add_key(tenant, "text")), 0);
        assert_int_equal(remove_tenant(tenant), 0);
        for (uint32_t i = 0; i < 4; i++) {
                const struct store_audit *entry = store_memory_audit_at(w.disk, i);
                assert_non_null(entry);
                assert_int_equal(entry->kind, expected[i].kind);
                assert_int_equal(entry->tenant_id, expected[i].tenant_id);
                assert_non_null(audit_kind_name((enum audit_kind)entry->kind));
        }
        /* id, by which key, name */
        static const uint8_t removed[] = {0, 0, 0, 2, 0,   0,   0,   0,  0,
                                          0, 0, 7, 4, 'a', 'c', 'm', 'e'};
        assert_int_equal(store_memory_audit_at(w.disk, 3)->body_bytes, sizeof removed);
        assert_memory_equal(store_memory_audit_at(w.disk, 3)->body, removed, sizeof removed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_tenant_is_there_after_a_restart),
                TEST(an_id_is_never_given_out_twice),
                TEST(a_tenant_that_holds_anything_stays),
                TEST(what_the_disk_refuses_is_taken_back),
                TEST(a_key_holds_until_it_is_revoked_and_its_text_is_in_no_file),
                TEST(a_key_expires_by_itself),
                TEST(the_disk_hears_of_a_use_once_an_hour),
                TEST(no_tenant_takes_the_keys_and_pools_of_others),
                TEST(an_id_of_a_key_is_no_id_of_a_session),
                TEST(all_of_it_is_in_the_audit_record),
        };
        return RUN_TESTS(tests);
}
