/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the directory does on its way to an answer, counted by the linker's --wrap: a refusal takes
 * the same steps whatever its reason, and any of the allocations at start may fail.
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "world.h"

static struct world w;
static unsigned hashes, unseals;
static unsigned callocs, calloc_fails_at; /* 0: none */

int __real_vault_unseal(struct vault *vault, uint64_t key_slot, struct slice context,
                        struct slice sealed, struct buf *out);
int __wrap_vault_unseal(struct vault *vault, uint64_t key_slot, struct slice context,
                        struct slice sealed, struct buf *out);
void __real_vault_lookup_hash(const struct vault *vault, uint32_t tenant_id,
                              struct masking_number dialled, struct real_number caller,
                              uint8_t out[VAULT_HASH_BYTES]);
void __wrap_vault_lookup_hash(const struct vault *vault, uint32_t tenant_id,
                              struct masking_number dialled, struct real_number caller,
                              uint8_t out[VAULT_HASH_BYTES]);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

int __wrap_vault_unseal(struct vault *vault, uint64_t key_slot, struct slice context,
                        struct slice sealed, struct buf *out)
{
        unseals++;
        return __real_vault_unseal(vault, key_slot, context, sealed, out);
}

void __wrap_vault_lookup_hash(const struct vault *vault, uint32_t tenant_id,
                              struct masking_number dialled, struct real_number caller,
                              uint8_t out[VAULT_HASH_BYTES])
{
        hashes++;
        __real_vault_lookup_hash(vault, tenant_id, dialled, caller, out);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
        if (++callocs == calloc_fails_at)
                return NULL;
        return __real_calloc(count, bytes);
}

static int set_up(void **state)
{
        (void)state;
        calloc_fails_at = 0;
        world_make(&w, false);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        calloc_fails_at = 0;
        world_remove(&w);
        return 0;
}

static void assert_steps(struct masking_number dialled, struct real_number caller, bool withheld,
                         enum mask_verdict verdict)
{
        struct directory_decision d;
        hashes = unseals = 0;
        world_decide(w.dir, dialled, caller, withheld, &d);
        assert_int_equal(d.verdict, verdict);
        assert_int_equal(hashes, 1);
        assert_int_equal(unseals, 1);
}

static void every_verdict_takes_the_same_steps(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view live = world_session(&w, 1, 2, 0);
        struct session_view ended = world_session(&w, 3, 4, 0);
        struct session_view expired = world_session(&w, 5, 6, world_now(&w) + 10);
        assert_int_equal(directory_session_end(w.dir, ended.id, NULL, NULL), 0);
        world_run_ms(&w, 20);
        assert_steps(live.parties[0].dials, world_p(1), false, MASK_CONNECT);
        assert_steps(live.parties[0].dials, world_p(9), false, MASK_STRANGER);
        assert_steps(live.parties[0].dials, world_p(1), true, MASK_WITHHELD);
        assert_steps(ended.parties[0].dials, world_p(3), false, MASK_ENDED);
        assert_steps(expired.parties[0].dials, world_p(5), false, MASK_EXPIRED);
        assert_steps(world_m(77), world_p(1), false, MASK_UNKNOWN_NUMBER);
}

static int open_with_failing(unsigned n, struct directory **out, char *problem)
{
        struct vault *vault;
        struct store *store;
        assert_int_equal(vault_create_memory(&vault), 0);
        const struct store_memory_params memory = {.io = w.io, .vault = vault, .disk = w.disk};
        assert_int_equal(store_memory_open(&memory, &store), 0);
        callocs = 0;
        calloc_fails_at = n;
        int err = directory_open_on(&w.params, vault, store, out, problem);
        calloc_fails_at = 0;
        if (err) {
                store->ops->close(store);
                vault_close(vault);
        }
        return err;
}

static void any_allocation_at_start_may_fail(void **state)
{
        (void)state;
        struct directory *dir = NULL;
        char problem[512] = "";
        unsigned n = 1;
        int err;
        while ((err = open_with_failing(n, &dir, problem))) {
                assert_int_equal(err, -ENOMEM);
                assert_non_null(strstr(problem, "1000 sessions"));
                problem[0] = '\0';
                n++;
        }
        assert_in_range(n, 15, 100);
        assert_null(directory_trunk_at(dir, 0));
        directory_close(dir);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(every_verdict_takes_the_same_steps),
                TEST(any_allocation_at_start_may_fail),
        };
        return RUN_TESTS(tests);
}
