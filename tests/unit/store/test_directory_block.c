/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs that are not to be connected: made, met, listed, removed, taken back. */
#include <string.h>

#include "unit.h"

#include "store/directory_block.h"
#include "store/directory_change.h"
#include "store/directory_tenant.h"
#include "world.h"

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

static struct directory_block block_of(uint32_t tenant_id, unsigned a, unsigned b, bool was_there)
{
        struct directory_block block = {.id = 0};
        struct answer answer = {.err = 1};
        bool repeated;
        int err = directory_block_add(w.dir, tenant_id, world_p(a), world_p(b), &block, &repeated,
                                      world_done, &answer);
        assert_int_equal(err, 0);
        assert_int_equal(repeated, was_there);
        world_run_ms(&w, 1000);
        assert_int_equal(answer.times, 1);
        assert_int_equal(answer.err, 0);
        return block;
}

static uint64_t block(unsigned a, unsigned b)
{
        return block_of(1, a, b, false).id;
}

static int unblock(uint64_t id)
{
        struct answer answer = {.err = 1};
        int err = directory_block_remove(w.dir, 1, id, world_done, &answer);
        if (err)
                return err;
        world_run_ms(&w, 3000);
        return answer.err;
}

static void neither_of_the_two_reaches_the_other(void **state)
{
        (void)state;
        world_provision(&w, 4);
        struct session_view s = world_session(&w, 1, 2, 0), other = world_session(&w, 1, 3, 0);
        uint64_t id = block(2, 1);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_BLOCKED);
        assert_int_equal(world_call(&w, s.parties[1].dials, 2), MASK_BLOCKED);
        assert_int_equal(world_call(&w, other.parties[0].dials, 1), MASK_CONNECT);
        /* A stranger is told nothing of it, and who is over is over. */
        assert_int_equal(world_call(&w, s.parties[0].dials, 2), MASK_STRANGER);
        assert_int_equal(unblock(id), 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
        assert_int_equal(unblock(id), ERR_NOT_FOUND);
}

static void any_number_of_theirs_stands_for_them(void **state)
{
        (void)state;
        world_provision(&w, 4);
        struct session_view s = world_session(&w, 1, 2, 0);
        struct session_edit edit = {.kind = EDIT_ADD_ALIAS,
                                    .place = 1,
                                    .party = {.real = {world_p(7)}, .real_count = 1}};
        struct answer answer = {.err = 1};
        assert_int_equal(directory_session_edit(w.dir, s.id, &edit, &s, NULL, world_done, &answer),
                         0);
        world_run(&w);
        (void)block(1, 7);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_BLOCKED);
        assert_int_equal(world_call(&w, s.parties[1].dials, 2), MASK_BLOCKED);
        assert_int_equal(world_call(&w, s.parties[1].dials, 7), MASK_BLOCKED);
}

static void who_called_last_is_not_called_back_through_a_block(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_create create = {
                .tenant_id = 1, .has_model = true, .model = MODEL_LAST_CALLER};
        struct session_view s;
        struct answer answer = {.err = 1};
        bool repeated;
        session_create_party(&create, world_p(1));
        assert_int_equal(
                directory_session_create(w.dir, &create, &s, &repeated, NULL, world_done, &answer),
                0);
        world_run(&w);
        struct directory_decision d;
        world_decide(w.dir, s.slots[0], world_p(9), false, &d);
        assert_int_equal(d.verdict, MASK_CONNECT);
        directory_session_used(w.dir, &d.mapping, world_p(9));
        assert_int_equal(world_call(&w, s.slots[0], 1), MASK_CONNECT);
        (void)block(1, 9);
        assert_int_equal(world_call(&w, s.slots[0], 9), MASK_BLOCKED);
        assert_int_equal(world_call(&w, s.slots[0], 1), MASK_BLOCKED);
        assert_int_equal(world_call(&w, s.slots[0], 8), MASK_CONNECT);
}

/* 4 has a panel of 1, 2 and 3. */
static struct masking_number create_panel(void)
{
        struct session_create create = {.tenant_id = 1, .has_model = true, .model = MODEL_PANEL};
        struct session_view s;
        struct answer answer = {.err = 1};
        bool repeated;
        for (unsigned i = 1; i <= 4; i++)
                session_create_party(&create, world_p(i));
        create.parties[3].side = 1;
        assert_int_equal(
                directory_session_create(w.dir, &create, &s, &repeated, NULL, world_done, &answer),
                0);
        world_run(&w);
        return s.slots[1];
}

static enum mask_verdict call_to(struct masking_number dialled, struct real_number to,
                                 unsigned reached)
{
        const struct directory_question question = {
                .dialled = dialled, .caller = world_p(4), .reaches = to};
        struct directory_decision d;
        directory_decide(w.dir, &question, &d);
        if (d.verdict == MASK_CONNECT)
                assert_true(number_equal(d.mapping.connect_to.n, world_p(reached).n));
        return d.verdict;
}

static void of_several_the_others_are_reached_until_none_is_left(void **state)
{
        (void)state;
        const struct real_number nobody = {{0}};
        world_provision(&w, 4);
        struct masking_number m = create_panel();
        assert_int_equal(call_to(m, nobody, 1), MASK_CONNECT);
        (void)block(4, 1);
        assert_int_equal(call_to(m, nobody, 2), MASK_CONNECT);
        /* Whom the call was to reach is the one who is judged. */
        assert_int_equal(call_to(m, world_p(1), 0), MASK_BLOCKED);
        assert_int_equal(call_to(m, world_p(3), 3), MASK_CONNECT);
        (void)block(2, 4);
        uint64_t last = block(4, 3);
        assert_int_equal(call_to(m, nobody, 0), MASK_BLOCKED);
        assert_int_equal(unblock(last), 0);
        assert_int_equal(call_to(m, nobody, 3), MASK_CONNECT);
}

static void the_same_pair_is_one_block_in_either_order(void **state)
{
        (void)state;
        uint64_t id = block(1, 2);
        assert_true(block_of(1, 2, 1, true).id == id);
        assert_true(block_of(1, 1, 2, true).id == id);
        struct directory_block list[4];
        assert_int_equal(directory_block_list(w.dir, 1, 0, list, 4), 1);
        assert_int_equal(unblock(id), 0);
        assert_int_equal(directory_block_list(w.dir, 1, 0, list, 4), 0);
        assert_true(block(1, 2) == id);

        struct answer answer = {.err = 1};
        struct directory_block out;
        bool repeated;
        assert_int_equal(directory_block_add(w.dir, 1, world_p(1), world_p(1), &out, &repeated,
                                             world_done, &answer),
                         ERR_SYNTAX);
}

static void they_are_listed_newest_first_page_by_page(void **state)
{
        (void)state;
        uint64_t ids[5];
        struct directory_block page[3];
        for (unsigned i = 0; i < 5; i++)
                ids[i] = block(1, 10 + i);
        assert_int_equal(directory_block_list(w.dir, 1, 0, page, 3), 3);
        for (unsigned i = 0; i < 3; i++)
                assert_true(page[i].id == ids[4 - i]);
        assert_int_equal(directory_block_list(w.dir, 1, page[2].id, page, 3), 2);
        assert_true(page[0].id == ids[1]);
        assert_true(page[1].id == ids[0]);
        assert_int_equal(directory_block_list(w.dir, 1, 12345, page, 3), 0);
        assert_int_equal(directory_block_list(w.dir, 2, 0, page, 3), 0);
}

static void a_restart_forgets_none(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, 0);
        uint64_t kept = block(1, 2), gone = block(1, 3), last = block(1, 4);
        assert_int_equal(unblock(gone), 0);
        world_reopen(&w);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_BLOCKED);
        struct directory_block list[4];
        assert_int_equal(directory_block_list(w.dir, 1, 0, list, 4), 2);
        assert_true(list[0].id == last);
        assert_true(list[1].id == kept);
}

static void what_the_disk_refuses_is_taken_back(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, 0);
        struct directory_block out;
        struct answer answer = {.err = 1};
        bool repeated;
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_block_add(w.dir, 1, world_p(1), world_p(2), &out, &repeated,
                                             world_done, &answer),
                         0);
        /* At once, as every change. */
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_BLOCKED);
        world_run_ms(&w, 3000);
        assert_int_equal(answer.err, ERR_STORE);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);

        uint64_t id = block(1, 2);
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(unblock(id), ERR_STORE);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_BLOCKED);
        assert_int_equal(unblock(id), 0);
}

static void another_tenant_knows_nothing_of_it(void **state)
{
        (void)state;
        struct tenant acme = {.name = "acme"};
        struct answer answer = {.err = 1};
        assert_int_equal(directory_tenant_add(w.dir, &acme, 0, world_done, &answer), 0);
        world_run(&w);
        uint64_t ours = block(1, 2);
        struct directory_block theirs = block_of(acme.id, 1, 2, false), out;
        assert_false(theirs.id == ours);
        assert_int_equal(directory_block_find(w.dir, acme.id, ours, &out), ERR_NOT_FOUND);
        assert_int_equal(unblock(theirs.id), ERR_NOT_FOUND);
        /* A tenant with blocks is in use. */
        assert_int_equal(directory_tenant_remove(w.dir, acme.id, 0, world_done, &answer),
                         ERR_IN_USE);
        assert_int_equal(directory_block_remove(w.dir, acme.id, theirs.id, world_done, &answer), 0);
        world_run(&w);
        assert_int_equal(directory_tenant_remove(w.dir, acme.id, 0, world_done, &answer), 0);
        world_run(&w);
}

static int add_to(uint32_t tenant_id, unsigned i, bool *repeated)
{
        struct directory_block out;
        if (i % 256 == 0)
                world_run(&w);
        return directory_block_add(w.dir, tenant_id, world_p(0), world_p(i), &out, repeated, NULL,
                                   NULL);
}

static void no_tenant_takes_the_blocks_of_others(void **state)
{
        (void)state;
        bool repeated;
        struct tenant acme = {.name = "acme"};
        assert_int_equal(directory_tenant_add(w.dir, &acme, 0, NULL, NULL), 0);
        for (unsigned i = 1; i <= DIRECTORY_BLOCKS_OF; i++)
                assert_int_equal(add_to(1, i, &repeated), 0);
        assert_int_equal(add_to(1, DIRECTORY_BLOCKS_OF + 1, &repeated), ERR_TOO_LARGE);
        world_run(&w);
        /* One that is there is no new one. */
        assert_int_equal(add_to(1, 1, &repeated), 0);
        assert_true(repeated);
        assert_int_equal(add_to(acme.id, DIRECTORY_BLOCKS_OF + 1, &repeated), 0);
        world_run(&w);
}

static void an_id_has_one_spelling(void **state)
{
        (void)state;
        static const uint64_t ids[] = {0, 1, 0x0123456789abcdef, UINT64_MAX};
        static const char *const bad[] = {
                "",
                "b_",
                "b_0123456789abcde",
                "b_0123456789abcdef0",
                "b_0123456789ABCDEF",
                "s_0123456789abcdef",
                "b_0123456789abcdeg",
        };
        uint64_t id;
        for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
                struct block_id_text text = block_id_format(ids[i]);
                assert_int_equal(block_id_parse(slice_from(text.text), &id), 0);
                assert_true(id == ids[i]);
        }
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                assert_int_equal(block_id_parse(slice_from(bad[i]), &id), ERR_SYNTAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(neither_of_the_two_reaches_the_other),
                TEST(any_number_of_theirs_stands_for_them),
                TEST(who_called_last_is_not_called_back_through_a_block),
                TEST(of_several_the_others_are_reached_until_none_is_left),
                TEST(the_same_pair_is_one_block_in_either_order),
                TEST(they_are_listed_newest_first_page_by_page),
                TEST(a_restart_forgets_none),
                TEST(what_the_disk_refuses_is_taken_back),
                TEST(another_tenant_knows_nothing_of_it),
                TEST(no_tenant_takes_the_blocks_of_others),
                TEST(an_id_has_one_spelling),
        };
        return RUN_TESTS(tests);
}
