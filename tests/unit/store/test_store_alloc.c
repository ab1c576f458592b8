/* SPDX-License-Identifier: Apache-2.0 */
/* A store's life again and again, each time with another allocation failing. */
#include "unit.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "rig.h"

/* The linker brings the library's allocations here. */
static atomic_long allocations_left = -1; /* negative: none fails */
static atomic_bool failed;

static bool fails(void)
{
        if (atomic_load(&allocations_left) < 0 || atomic_fetch_sub(&allocations_left, 1) != 0)
                return false;
        atomic_store(&failed, true);
        return true;
}

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes)
{
        return fails() ? NULL : __real_calloc(count, bytes);
}

void *__real_reallocarray(void *p, size_t count, size_t bytes);
void *__wrap_reallocarray(void *p, size_t count, size_t bytes);
void *__wrap_reallocarray(void *p, size_t count, size_t bytes)
{
        return fails() ? NULL : __real_reallocarray(p, count, bytes);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
        return fails() ? NULL : __real_strdup(text);
}

static struct rig rig;
static int outcome;

static void on_done(void *arg, int err)
{
        (void)arg;
        outcome = err;
        rig_came(&rig);
}

static void on_cdrs(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        (void)rows;
        assert_int_equal(count, err ? 0 : 1);
        on_done(arg, err);
}

static int on_entry(void *arg, const struct store_audit *entry)
{
        (void)arg;
        (void)entry;
        return 0;
}

static int wait_for(int err)
{
        if (err)
                return err;
        rig.waiting++;
        rig_run(&rig);
        return outcome;
}

static int use(void)
{
        struct store *store = rig.store;
        struct store_change changes[] = {make_session(1), make_audit(1),
                                         make_cdr(1, CDR_LEG_A, 1700000000000)};
        int err = vault_key_new(rig.vault, &changes[0].session.key_slot);
        if (!err)
                err = wait_for(store->ops->submit(store, changes, 3, on_done, NULL));
        if (!err)
                err = store->ops->load(store, rig_loader());
        const struct store_cdr_query query = {.max = 10};
        if (!err)
                err = wait_for(store->ops->query_cdrs(store, &query, on_cdrs, NULL));
        if (!err)
                err = wait_for(store->ops->walk_audit(store, on_entry, on_done, NULL));
        return err;
}

static void every_allocation_may_fail(void **state)
{
        unsigned n = 0;
        do {
                rig_init(&rig, *state ? RIG_MEMORY : RIG_SQLITE);
                atomic_store(&failed, false);
                atomic_store(&allocations_left, n++);
                int err = rig_try_open(&rig);
                if (!err)
                        err = use();
                atomic_store(&allocations_left, -1);
                assert_int_equal(err, atomic_load(&failed) ? -ENOMEM : 0);

                /* And nothing is left in its way. */
                if (rig.store)
                        rig_close(&rig);
                rig_open(&rig);
                rig_fini(&rig);
        } while (atomic_load(&failed));
        assert_true(n > 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                {"every allocation may fail (sqlite)", every_allocation_may_fail, NULL, NULL, NULL},
                {"every allocation may fail (memory)", every_allocation_may_fail, NULL, NULL, &rig},
        };
        return RUN_TESTS(tests);
}
