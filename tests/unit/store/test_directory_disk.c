/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>

#include "core/audit_entry.h"
#include "world.h"

static struct world w;

static int set_up(void **state)
{
        (void)state;
        world_make(&w, false);
        return 0;
}

static int set_up_files(void **state)
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

static int create(unsigned a, unsigned b, struct slice reference, struct session_view *view,
                  struct answer *answer)
{
        const struct session_create c = {.tenant_id = 1,
                                         .parties = {PARTY(world_p(a)), PARTY(world_p(b))},
                                         .party_count = 2,
                                         .reference = reference};
        bool repeated;
        return directory_session_create(w.dir, &c, view, &repeated, NULL,
                                        answer ? world_done : NULL, answer);
}

static struct directory_health health(void)
{
        struct directory_health h;
        directory_health(w.dir, &h);
        return h;
}

/* The kinds in the audit record, in order, as letters; what it verifies to is good. */
static unsigned audit_kinds(uint16_t *kinds, unsigned max)
{
        unsigned count = 0;
        const struct store_audit *entry;
        while (count < max && (entry = store_memory_audit_at(w.disk, count)))
                kinds[count++] = entry->kind;
        return count;
}

/* Taking back. */

static void a_refused_create_leaves_nothing(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view s;
        struct answer answer = {.err = 1};
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(create(1, 2, SLICE("ride-1"), &s, &answer), 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
        world_run(&w);
        assert_int_equal(answer.err, ERR_STORE);
        assert_int_equal(answer.times, 1);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_STRANGER);
        assert_int_equal(directory_session_find(w.dir, s.id, &s), ERR_NOT_FOUND);
        assert_int_equal(vault_keys_used(w.vault), 0);
        assert_int_equal(directory_number_find(w.dir, world_m(1))->sessions, 0);
        assert_false(health().healthy);
        assert_int_equal(health().sessions, 0);

        /* Nothing rests in quarantine, the reference is free, the id is not used twice. */
        struct session_view again;
        assert_int_equal(create(1, 3, SLICE("ride-1"), &again, &answer), 0);
        assert_int_not_equal(again.id, s.id);
        world_run(&w);
        assert_int_equal(answer.err, 0);
        assert_true(health().healthy);
        assert_int_equal(world_call(&w, again.parties[0].dials, 1), MASK_CONNECT);
}

static void health_comes_back_with_the_disk_though_nothing_is_asked(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s;
        struct answer answer = {.err = 1};
        store_memory_fail(w.store, 1, 2, ERR_STORE);
        assert_int_equal(create(1, 2, SLICE_NONE, &s, &answer), 0);
        world_run(&w);
        assert_int_equal(answer.err, ERR_STORE);
        assert_false(health().healthy);
        world_run_ms(&w, 1500);
        assert_false(health().healthy);
        world_run_ms(&w, 1000);
        assert_true(health().healthy);
        assert_int_equal(health().lost, 0);
        uint16_t kinds[16];
        assert_int_equal(audit_kinds(kinds, 16), 4);
        assert_int_equal(kinds[3], AUDIT_WRITES_REFUSED);
}

static void a_refused_end_leaves_the_session_alive(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, world_now(&w) + 10000);
        struct answer answer = {.err = 1};
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_session_end(w.dir, s.id, world_done, &answer), 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_ENDED);
        world_run(&w);
        assert_int_equal(answer.err, ERR_STORE);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
        assert_int_equal(directory_number_find(w.dir, s.parties[0].dials)->sessions, 1);
        struct session_view now;
        assert_int_equal(directory_session_find(w.dir, s.id, &now), 0);
        assert_int_equal(now.state, SESSION_ACTIVE);
        assert_int_equal(now.ended_ms, 0);
        /* It still expires. */
        world_run_ms(&w, 10000);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_EXPIRED);
}

static void refused_trunks_and_numbers_go_back(void **state)
{
        (void)state;
        uint32_t trunk_id = world_provision(&w, 2);
        struct answer answer = {.err = 1};
        struct trunk t = {.tenant_id = 1, .name = "two"};
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_trunk_add(w.dir, &t, world_done, &answer), 0);
        assert_non_null(directory_trunk_get(w.dir, t.id));
        world_run(&w);
        assert_int_equal(answer.err, ERR_STORE);
        assert_null(directory_trunk_get(w.dir, t.id));

        const struct number_row row = {world_m(3), 1, trunk_id, 1, 0};
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_number_add(w.dir, &row, NULL, NULL), 0);
        world_run(&w);
        assert_null(directory_number_find(w.dir, world_m(3)));

        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_number_remove(w.dir, world_m(1), NULL, NULL), 0);
        assert_null(directory_number_find(w.dir, world_m(1)));
        world_run(&w);
        assert_int_equal(directory_number_find(w.dir, world_m(1))->trunk_id, trunk_id);

        uint32_t other = world_add_trunk(&w, 1, "other", "198.51.100.0/24");
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_trunk_remove(w.dir, other, NULL, NULL), 0);
        assert_null(directory_trunk_get(w.dir, other));
        world_run(&w);
        assert_string_equal(directory_trunk_get(w.dir, other)->name, "other");
        struct session_view s = world_session(&w, 1, 2, 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
}

/* What was built on a refused change goes with it, in reverse order. */
static void changes_behind_a_refused_one_are_refused_too(void **state)
{
        (void)state;
        struct answer answers[6];
        for (unsigned i = 0; i < 6; i++)
                answers[i] = (struct answer){.err = 1};
        struct trunk t = {.tenant_id = 1, .name = "one"};
        assert_int_equal(directory_trunk_add(w.dir, &t, world_done, &answers[0]), 0);
        const struct number_row row = {world_m(1), 1, t.id, 1, 0};
        assert_int_equal(directory_number_add(w.dir, &row, world_done, &answers[1]), 0);
        struct session_view s, again;
        assert_int_equal(create(1, 2, SLICE("r"), &s, &answers[2]), 0);
        assert_int_equal(create(1, 2, SLICE("r"), &again, &answers[3]), 0);
        assert_int_equal(again.id, s.id);
        assert_int_equal(directory_session_end(w.dir, s.id, world_done, &answers[4]), 0);
        assert_int_equal(directory_number_remove(w.dir, world_m(1), world_done, &answers[5]), 0);
        /* The group of all, then the trunk alone: the trunk is what the disk refuses. */
        store_memory_fail(w.store, 1, 2, ERR_STORE);
        world_run(&w);
        for (unsigned i = 0; i < 6; i++) {
                assert_int_equal(answers[i].err, ERR_STORE);
                assert_int_equal(answers[i].times, 1);
        }
        assert_int_equal(health().trunks, 0);
        assert_int_equal(health().numbers, 0);
        assert_int_equal(health().sessions, 0);
        assert_int_equal(health().queued, 0);
        assert_int_equal(vault_keys_used(w.vault), 0);
        assert_null(store_memory_audit_at(w.disk, 0));
}

static void a_refused_group_is_tried_one_by_one(void **state)
{
        (void)state;
        world_provision(&w, 4);
        struct answer answers[3];
        struct session_view s[3];
        for (unsigned i = 0; i < 3; i++) {
                answers[i] = (struct answer){.err = 1};
                assert_int_equal(create(2 * i, 2 * i + 1, SLICE_NONE, &s[i], &answers[i]), 0);
        }
        /* The group of three, and then the second by itself. */
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        world_run(&w);
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(answers[i].err, 0);
        assert_true(health().healthy);
        assert_int_equal(health().sessions, 3);
}

/* What a done callback does comes after everything was taken back. */
static void create_again(void *arg, int err)
{
        struct answer *answer = arg;
        world_done(arg, err);
        if (err && answer->times == 1) {
                struct session_view s;
                const struct session_create c = {.tenant_id = 1,
                                                 .parties = {PARTY(world_p(1)), PARTY(world_p(2))},
                                                 .party_count = 2};
                bool repeated;
                assert_int_equal(directory_session_create(w.dir, &c, &s, &repeated, NULL,
                                                          create_again, answer),
                                 0);
        }
}

static void whoever_was_refused_may_try_again_at_once(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(1)), PARTY(world_p(2))},
                                   .party_count = 2};
        struct session_view s;
        struct answer answer = {.err = 1};
        bool repeated;
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(
                directory_session_create(w.dir, &c, &s, &repeated, NULL, create_again, &answer), 0);
        world_run(&w);
        assert_int_equal(answer.times, 2);
        assert_int_equal(answer.err, 0);
        assert_int_equal(world_call(&w, world_m(1), 1), MASK_CONNECT);
}

/* Records. */

static struct cdr cdr_of(uint8_t leg, uint32_t tenant_id)
{
        return (struct cdr){
                .tenant_id = tenant_id,
                .call_id = {{1}},
                .leg_id = {{leg}},
                .number = world_m(1),
                .started_ms = world_now(&w) + leg,
        };
}

struct page {
        struct cdr rows[8];
        uint32_t count;
        int err;
};

static void take_page(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        struct page *page = arg;
        page->err = err;
        page->count = count;
        assert_in_range(count, 0, 8);
        if (count)
                memcpy(page->rows, rows, count * sizeof *rows);
}

static struct page cdrs(uint32_t tenant_id)
{
        struct page page = {.err = 1};
        world_run(&w);
        assert_int_equal(directory_cdrs_list(w.dir, tenant_id, false, 0, 8, take_page, &page), 0);
        world_run(&w);
        assert_int_equal(page.err, 0);
        return page;
}

static void records_outlive_a_disk_that_refuses_for_a_while(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, 0);
        store_memory_fail(w.store, 1, 5, ERR_STORE);
        for (uint8_t i = 1; i <= 3; i++) {
                struct cdr cdr = cdr_of(i, 1);
                directory_cdr(w.dir, &cdr);
        }
        struct directory_decision d;
        world_decide(w.dir, s.parties[0].dials, world_p(1), false, &d);
        directory_audit_decision(
                w.dir, &(struct directory_verdict){(struct uuid){{1}}, 1, s.parties[0].dials,
                                                   directory_hint(w.dir, world_p(1).n), &d});
        world_run(&w);
        assert_false(health().healthy);
        assert_int_equal(health().queued, 4);
        assert_int_equal(cdrs(1).count, 0);
        world_run_ms(&w, 10000);
        assert_true(health().healthy);
        assert_int_equal(health().queued, 0);
        assert_int_equal(health().lost, 0);
        struct page page = cdrs(1);
        assert_int_equal(page.count, 3);
        assert_int_equal(page.rows[0].leg_id.bytes[0], 3);
        uint16_t kinds[16];
        unsigned count = audit_kinds(kinds, 16);
        assert_int_equal(kinds[count - 1], AUDIT_CALL_CONNECTED);
}

static void a_change_is_answered_while_records_wait(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct cdr cdr = cdr_of(1, 1);
        struct session_view s;
        struct answer answer = {.err = 1};
        store_memory_fail(w.store, 1, 100, ERR_STORE);
        directory_cdr(w.dir, &cdr);
        world_run(&w);
        assert_int_equal(create(1, 2, SLICE_NONE, &s, &answer), 0);
        world_run(&w);
        assert_int_equal(answer.err, ERR_STORE);
        assert_int_equal(health().queued, 1);
        assert_int_equal(health().sessions, 0);
        store_memory_fail(w.store, 1, 0, 0);
        assert_int_equal(create(1, 2, SLICE_NONE, &s, &answer), 0);
        world_run(&w);
        assert_int_equal(answer.err, 0);
        assert_int_equal(cdrs(1).count, 1);
}

static void a_record_that_can_never_be_written_holds_nothing_up(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct cdr first = cdr_of(1, 1), second = cdr_of(2, 1);
        struct session_view s;
        struct answer answer = {.err = 1};
        directory_cdr(w.dir, &first);
        directory_cdr(w.dir, &second);
        assert_int_equal(create(1, 2, SLICE_NONE, &s, &answer), 0);
        store_memory_fail(w.store, 1, 2, ERR_CONFLICT); /* all together, then the first alone */
        world_run(&w);
        assert_int_equal(answer.err, 0);
        assert_int_equal(health().lost, 1);
        assert_int_equal(health().queued, 0);
        struct page page = cdrs(1);
        assert_int_equal(page.count, 1);
        assert_int_equal(page.rows[0].leg_id.bytes[0], 2);
}

static void a_number_that_is_nobodys_is_in_no_record(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct cdr cdr = cdr_of(1, 0);
        cdr.number.n = world_p(7).n; /* someone's telephone, dialled by mistake */
        directory_cdr(w.dir, &cdr);
        struct directory_decision d;
        world_decide(w.dir, cdr.number, world_p(1), false, &d);
        assert_int_equal(d.verdict, MASK_UNKNOWN_NUMBER);
        directory_audit_decision(
                w.dir, &(struct directory_verdict){(struct uuid){{1}}, 1, cdr.number,
                                                   directory_hint(w.dir, world_p(1).n), &d});
        struct page page = cdrs(0);
        assert_int_equal(page.count, 1);
        assert_true(number_is_none(page.rows[0].number.n));
        const struct store_audit *entry;
        for (uint32_t i = 0; (entry = store_memory_audit_at(w.disk, i)); i++) {
                uint64_t big_endian = __builtin_bswap64(world_p(7).n.e164);
                assert_null(memmem(entry, sizeof *entry, &big_endian, sizeof big_endian));
        }
}

static void calls_are_found_by_their_id(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct cdr a = cdr_of(1, 1), b = cdr_of(2, 1), other = cdr_of(3, 1);
        other.call_id.bytes[0] = 9;
        directory_cdr(w.dir, &a);
        directory_cdr(w.dir, &other);
        directory_cdr(w.dir, &b);
        struct page page = {.err = 1};
        world_run(&w);
        assert_int_equal(directory_cdrs_of_call(w.dir, a.call_id, take_page, &page), 0);
        world_run(&w);
        assert_int_equal(page.err, 0);
        assert_int_equal(page.count, 2);
        assert_int_equal(page.rows[0].leg_id.bytes[0], 2);
}

/* The audit record. */

struct verified {
        int err;
        uint64_t count, bad_at;
};

static void take_verified(void *arg, int err, uint64_t count, uint64_t bad_at)
{
        *(struct verified *)arg = (struct verified){err, count, bad_at};
}

static struct verified verify(void)
{
        struct verified v = {.err = 1};
        assert_int_equal(directory_audit_verify(w.dir, take_verified, &v), 0);
        world_run(&w);
        return v;
}

static void each_decision_is_one_entry(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view a = world_session(&w, 1, 2, 0);
        struct session_view b = world_session(&w, 3, 4, world_now(&w) + 1000);
        (void)b;
        assert_int_equal(directory_session_end(w.dir, a.id, NULL, NULL), 0);
        struct directory_decision d;
        world_decide(w.dir, a.parties[0].dials, world_p(1), false, &d);
        directory_audit_decision(
                w.dir, &(struct directory_verdict){(struct uuid){{1}}, 1, a.parties[0].dials,
                                                   directory_hint(w.dir, world_p(1).n), &d});
        world_run_ms(&w, 2000);
        world_run_ms(&w, QUARANTINE_MS + 10);
        assert_int_equal(directory_number_remove(w.dir, world_m(1), NULL, NULL), 0);
        assert_int_equal(directory_trunk_remove(w.dir, 1, NULL, NULL), 0);
        world_run(&w);
        static const uint16_t expected[] = {
                AUDIT_TRUNK_ADDED,     AUDIT_NUMBER_ADDED,   AUDIT_SESSION_CREATED,
                AUDIT_SESSION_CREATED, AUDIT_SESSION_ENDED,  AUDIT_CALL_REFUSED,
                AUDIT_SESSION_ENDED,   AUDIT_SESSION_ERASED, AUDIT_SESSION_ERASED,
                AUDIT_NUMBER_REMOVED,  AUDIT_TRUNK_REMOVED,
        };
        uint16_t kinds[16];
        assert_int_equal(audit_kinds(kinds, 16), sizeof expected / sizeof expected[0]);
        assert_memory_equal(kinds, expected, sizeof expected);
        struct verified v = verify();
        assert_int_equal(v.err, 0);
        assert_int_equal(v.count, sizeof expected / sizeof expected[0]);
        assert_int_equal(v.bad_at, 0);
}

static void a_changed_entry_is_found(void **state)
{
        (void)state;
        world_provision(&w, 4);
        store_memory_audit_at(w.disk, 2)->body[0] ^= 1;
        struct verified v = verify();
        assert_int_equal(v.err, 0);
        assert_int_equal(v.count, 2);
        assert_int_equal(v.bad_at, 3);
}

static void refused_changes_leave_no_gap_in_the_audit_record(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view s;
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(create(1, 2, SLICE_NONE, &s, NULL), 0);
        world_run(&w);
        assert_int_equal(create(1, 2, SLICE_NONE, &s, NULL), 0);
        world_run(&w);
        struct verified v = verify();
        assert_int_equal(v.count, 3);
        assert_int_equal(v.bad_at, 0);
}

/* Opening again. */

static void everything_answers_as_before_after_a_restart(void **state)
{
        (void)state;
        uint32_t trunk_id = world_provision(&w, 3);
        struct session_view live = world_session(&w, 1, 2, world_now(&w) + 1000000);
        struct session_view ended = world_session(&w, 3, 4, 0);
        struct session_view expired = world_session(&w, 5, 6, world_now(&w) + 100);
        struct session_view named;
        assert_int_equal(create(7, 8, SLICE("ride-7"), &named, NULL), 0);
        assert_int_equal(directory_session_end(w.dir, ended.id, NULL, NULL), 0);
        world_run_ms(&w, 200);
        struct session_view before[8], after[8];
        uint32_t count = directory_session_list(w.dir, 1, 0, before, 8);
        struct session_id_text text = session_id_format(w.dir, live.id);

        world_reopen(&w);
        assert_int_equal(count, 4);
        assert_int_equal(directory_session_list(w.dir, 1, 0, after, 8), count);
        assert_memory_equal(before, after, count * sizeof before[0]);
        assert_int_equal(world_call(&w, live.parties[0].dials, 1), MASK_CONNECT);
        assert_int_equal(world_call(&w, live.parties[1].dials, 2), MASK_CONNECT);
        assert_int_equal(world_call(&w, live.parties[0].dials, 9), MASK_STRANGER);
        assert_int_equal(world_call(&w, ended.parties[0].dials, 3), MASK_ENDED);
        assert_int_equal(world_call(&w, expired.parties[0].dials, 5), MASK_EXPIRED);
        assert_string_equal(directory_trunk_get(w.dir, trunk_id)->name, "carrier");
        assert_int_equal(directory_number_find(w.dir, live.parties[0].dials)->trunk_id, trunk_id);
        uint32_t held = 0;
        for (unsigned i = 1; i <= 3; i++)
                held += directory_number_find(w.dir, world_m(i))->sessions;
        assert_int_equal(held, 4);
        assert_string_equal(session_id_format(w.dir, live.id).text, text.text);

        /* References, ids and quarantines go on. */
        struct session_view s;
        assert_int_equal(create(7, 8, SLICE("ride-7"), &s, NULL), 0);
        assert_int_equal(s.id, named.id);
        assert_int_equal(create(9, 10, SLICE_NONE, &s, NULL), 0);
        assert_true(s.id > named.id);
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(3)), PARTY(world_p(11))},
                                   .party_count = 2,
                                   .given = {ended.parties[0].dials}};
        bool repeated;
        assert_int_equal(directory_session_create(w.dir, &c, &s, &repeated, NULL, NULL, NULL),
                         ERR_CONFLICT);
        assert_int_equal(directory_session_end(w.dir, live.id, NULL, NULL), 0);
        world_run(&w);
        assert_int_equal(verify().bad_at, 0);
}

static void what_was_not_acknowledged_is_gone_after_a_restart(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s;
        struct answer answer = {.err = 1};
        assert_int_equal(create(1, 2, SLICE_NONE, &s, &answer), 0);
        store_memory_fail(w.store, 1, 100, ERR_STORE);
        world_close(&w);
        assert_int_equal(answer.err, ERR_STORE);
        assert_int_equal(answer.times, 1);
        assert_int_equal(world_open(&w), 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_STRANGER);
        /* The key that was made for it is shredded. */
        assert_int_equal(vault_keys_used(w.vault), 0);
}

static void closing_writes_what_waits(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s, again;
        struct answer answers[3] = {{1, 0}, {1, 0}, {1, 0}};
        assert_int_equal(create(1, 2, SLICE("r"), &s, &answers[0]), 0);
        assert_int_equal(create(1, 2, SLICE("r"), &again, &answers[1]), 0);
        struct cdr cdr = cdr_of(1, 1);
        directory_cdr(w.dir, &cdr);
        assert_int_equal(directory_session_end(w.dir, s.id, world_done, &answers[2]), 0);
        world_reopen(&w);
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(answers[i].err, 0);
                assert_int_equal(answers[i].times, 1);
        }
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_ENDED);
        assert_int_equal(cdrs(1).count, 1);
}

static void closing_answers_what_is_in_flight_and_what_waits_behind_it(void **state)
{
        (void)state;
        world_provision(&w, 2);
        w.commit_ms = 1000;
        world_reopen(&w);
        struct session_view s, again;
        struct answer answers[2] = {{1, 0}, {1, 0}};
        assert_int_equal(create(1, 2, SLICE("r"), &s, &answers[0]), 0);
        world_run(&w); /* handed over, not acknowledged yet */
        assert_int_equal(answers[0].times, 0);
        assert_int_equal(create(1, 2, SLICE("r"), &again, &answers[1]), 0);
        world_close(&w);
        assert_int_equal(answers[0].err, 0);
        assert_int_equal(answers[0].times, 1);
        assert_int_equal(answers[1].err, 0);
        assert_int_equal(answers[1].times, 1);
}

static void a_session_is_erased_when_its_quarantine_is_over(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view s = world_session(&w, 1, 2, 0);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        world_run_ms(&w, QUARANTINE_MS - 10);
        assert_int_equal(vault_keys_used(w.vault), 1);
        world_run_ms(&w, 20);
        assert_int_equal(vault_keys_used(w.vault), 0);
        assert_int_equal(vault_unsynced(w.vault), 0);
        assert_int_equal(health().sessions, 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_STRANGER);
}

static void a_restart_erases_what_fell_due_meanwhile(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, world_now(&w) + 1000);
        struct session_view live = world_session(&w, 3, 4, 0);
        world_close(&w);
        sim_set_wall_ms(w.io, s.expires_ms + QUARANTINE_MS);
        assert_int_equal(world_open(&w), 0);
        assert_int_equal(health().sessions, 1);
        assert_int_equal(vault_keys_used(w.vault), 1);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_STRANGER);
        assert_int_equal(world_call(&w, live.parties[0].dials, 3), MASK_CONNECT);
        world_run(&w);
        uint16_t kinds[16];
        unsigned count = audit_kinds(kinds, 16);
        assert_int_equal(kinds[count - 1], AUDIT_SESSION_ERASED);
        /* Once is enough. */
        world_reopen(&w);
        world_run(&w);
        assert_int_equal(audit_kinds(kinds, 16), count);
        assert_int_equal(health().sessions, 1);
}

static void ids_are_not_used_again_after_all_is_erased(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view s = world_session(&w, 1, 2, world_now(&w) + 10), next;
        world_run_ms(&w, QUARANTINE_MS + 100);
        assert_int_equal(health().sessions, 0);
        world_reopen(&w);
        assert_int_equal(create(1, 2, SLICE_NONE, &next, NULL), 0);
        assert_true(next.id > s.id);
}

static void a_clock_behind_the_records_revives_nothing(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, world_now(&w) + 1000);
        world_run_ms(&w, 2000); /* its expiry is on record */
        struct session_view t = world_session(&w, 3, 4, world_now(&w) + 1000);
        world_run_ms(&w, 1500);
        world_close(&w);
        sim_set_wall_ms(w.io, s.created_ms - 86400000);
        assert_int_equal(world_open(&w), 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_EXPIRED);
        assert_int_equal(world_call(&w, t.parties[0].dials, 3), MASK_EXPIRED);
}

static void two_sessions_with_one_pair_are_not_both_served(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view a = world_session(&w, 1, 2, 0);
        struct session_view b = world_session(&w, 3, 4, 0);
        world_close(&w);
        /* A copy of the first row under the key, the id and the place of nobody. */
        struct store_session *row_a = store_memory_session_at(w.disk, 0);
        struct store_session *row_b = store_memory_session_at(w.disk, 1);
        *row_b = *row_a;
        assert_int_equal(world_open(&w), 0);
        assert_int_equal(world_call(&w, a.parties[0].dials, 1), MASK_CONNECT);
        assert_int_equal(world_call(&w, b.parties[0].dials, 3), MASK_STRANGER);
        assert_int_equal(health().sessions, 1);
}

static void a_longer_quarantine_counts_for_what_has_ended_already(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view first = world_session(&w, 1, 2, 0), s;
        assert_int_equal(directory_session_end(w.dir, first.id, NULL, NULL), 0);
        world_run_ms(&w, QUARANTINE_MS - 10);
        w.params.quarantine_ms = 2 * QUARANTINE_MS;
        world_reopen(&w);
        world_run_ms(&w, QUARANTINE_MS);
        assert_int_equal(world_call(&w, first.parties[0].dials, 1), MASK_ENDED);
        assert_int_equal(create(1, 3, SLICE_NONE, &s, NULL), ERR_NO_NUMBER);
        world_run_ms(&w, 20);
        assert_int_equal(create(1, 3, SLICE_NONE, &s, NULL), 0);
}

static void keys_without_their_database_are_not_shredded(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view s = world_session(&w, 1, 2, 0);
        world_close(&w);
        struct store_memory_disk *kept = w.disk;
        assert_int_equal(store_memory_disk_create(&w.disk), 0);
        assert_int_equal(world_open(&w), ERR_CONFLICT);
        assert_non_null(strstr(w.problem, "keys.slots"));
        assert_non_null(strstr(w.problem, "maskline.db"));
        store_memory_disk_destroy(w.disk);
        w.disk = kept;
        assert_int_equal(world_open(&w), 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
}

static void too_small_limits_are_named(void **state)
{
        (void)state;
        world_provision(&w, 3);
        struct session_view s = world_session(&w, 1, 2, 0);
        world_session(&w, 3, 4, 0);
        world_close(&w);
        w.params.sessions_max = 1;
        assert_int_equal(world_open(&w), ERR_FULL);
        assert_non_null(strstr(w.problem, "sessions_max"));
        w.params.sessions_max = 2;
        w.params.numbers_max = 2;
        assert_int_equal(world_open(&w), ERR_FULL);
        assert_non_null(strstr(w.problem, "numbers_max"));
        w.params.numbers_max = 3;
        assert_int_equal(world_open(&w), 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
}

/* They are not served, so they take nobody's place. */
static void sessions_whose_keys_are_gone_count_for_no_limit(void **state)
{
        (void)state;
        world_provision(&w, 4);
        struct session_view gone = world_session(&w, 1, 2, 0), served = world_session(&w, 3, 4, 0);
        struct session_view last = world_session(&w, 5, 6, 0), view;
        world_close(&w);
        store_memory_session_at(w.disk, 0)->key_slot = 0;
        store_memory_session_at(w.disk, 2)->state = SESSION_ERASED;
        store_memory_session_at(w.disk, 2)->ended_ms = world_now(&w);
        w.params.sessions_max = 1;
        assert_int_equal(world_open(&w), 0);
        assert_int_equal(world_call(&w, served.slots[0], 3), MASK_CONNECT);
        assert_int_equal(directory_session_find(w.dir, gone.id, &view), ERR_NOT_FOUND);
        assert_int_equal(create(1, 2, SLICE_NONE, &view, NULL), ERR_FULL);
        world_close(&w);
        w.params.sessions_max = 2;
        assert_int_equal(world_open(&w), 0);
        assert_int_equal(create(1, 2, SLICE_NONE, &view, NULL), 0);
        assert_true(view.id > last.id);
}

static void a_seal_moved_to_another_session_does_not_open(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view a = world_session(&w, 1, 2, 0);
        struct session_view b = world_session(&w, 3, 4, 0);
        struct store_session *row_a = store_memory_session_at(w.disk, 0);
        struct store_session *row_b = store_memory_session_at(w.disk, 1);
        world_close(&w);
        memcpy(row_b->sealed, row_a->sealed, row_a->sealed_bytes);
        row_b->key_slot = row_a->key_slot;
        assert_int_equal(world_open(&w), 0);
        assert_int_equal(world_call(&w, a.parties[0].dials, 1), MASK_CONNECT);
        assert_int_equal(world_call(&w, b.parties[0].dials, 3), MASK_STRANGER);
        struct session_view s;
        assert_int_equal(directory_session_find(w.dir, b.id, &s), ERR_NOT_FOUND);
}

static uint32_t cdrs_left;

static void count_cdrs(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        (void)arg;
        (void)rows;
        assert_int_equal(err, 0);
        cdrs_left = count;
}

static uint32_t count_kept(void)
{
        assert_int_equal(directory_cdrs_list(w.dir, 0, true, 0, 1000, count_cdrs, NULL), 0);
        world_run_ms(&w, 10);
        return cdrs_left;
}

static void call_records_go_when_their_time_is_over_and_not_before(void **state)
{
        (void)state;
        const int64_t day_ms = 86400000;
        world_close(&w);
        w.params.cdr_retention_ms = day_ms;
        assert_int_equal(world_open(&w), 0);
        for (uint32_t i = 0; i < 1200; i++) {
                struct cdr cdr = {.tenant_id = 1, .started_ms = world_now(&w) - day_ms + 60000};
                memcpy(cdr.leg_id.bytes, &i, sizeof i);
                directory_cdr(w.dir, &cdr);
        }
        struct cdr fresh = {.tenant_id = 1, .started_ms = world_now(&w)};
        fresh.leg_id.bytes[8] = 1;
        directory_cdr(w.dir, &fresh);
        world_run_ms(&w, 50000);
        assert_int_equal(health().cdrs_expired, 0);
        world_run_ms(&w, 1000000);
        assert_int_equal(health().cdrs_expired, 1200);
        assert_int_equal(count_kept(), 1);
        world_run_ms(&w, day_ms);
        assert_int_equal(health().cdrs_expired, 1201);
        assert_int_equal(count_kept(), 0);

        /* Closed while some are due, it does not wait for them. */
        directory_cdr(w.dir, &fresh);
        world_close(&w);
        w.params.cdr_retention_ms = 0;
        assert_int_equal(world_open(&w), 0);
        world_run_ms(&w, 10 * day_ms);
        assert_int_equal(count_kept(), 1);
}

int main(void)
{
#define TEST(name)  cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define FILES(name) cmocka_unit_test_setup_teardown(name, set_up_files, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(a_refused_create_leaves_nothing),
                TEST(health_comes_back_with_the_disk_though_nothing_is_asked),
                TEST(a_refused_end_leaves_the_session_alive),
                TEST(refused_trunks_and_numbers_go_back),
                TEST(changes_behind_a_refused_one_are_refused_too),
                TEST(a_refused_group_is_tried_one_by_one),
                TEST(whoever_was_refused_may_try_again_at_once),
                TEST(records_outlive_a_disk_that_refuses_for_a_while),
                TEST(a_change_is_answered_while_records_wait),
                TEST(a_record_that_can_never_be_written_holds_nothing_up),
                TEST(a_number_that_is_nobodys_is_in_no_record),
                TEST(calls_are_found_by_their_id),
                TEST(each_decision_is_one_entry),
                TEST(a_changed_entry_is_found),
                TEST(refused_changes_leave_no_gap_in_the_audit_record),
                FILES(everything_answers_as_before_after_a_restart),
                FILES(what_was_not_acknowledged_is_gone_after_a_restart),
                FILES(closing_writes_what_waits),
                FILES(closing_answers_what_is_in_flight_and_what_waits_behind_it),
                TEST(a_session_is_erased_when_its_quarantine_is_over),
                FILES(a_restart_erases_what_fell_due_meanwhile),
                FILES(call_records_go_when_their_time_is_over_and_not_before),
                FILES(ids_are_not_used_again_after_all_is_erased),
                FILES(a_clock_behind_the_records_revives_nothing),
                FILES(two_sessions_with_one_pair_are_not_both_served),
                FILES(a_longer_quarantine_counts_for_what_has_ended_already),
                FILES(keys_without_their_database_are_not_shredded),
                FILES(too_small_limits_are_named),
                FILES(sessions_whose_keys_are_gone_count_for_no_limit),
                FILES(a_seal_moved_to_another_session_does_not_open),
        };
        return RUN_TESTS(tests);
}
