/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>

#include "world.h"

static struct world w;

static int set_up(void **state)
{
        (void)state;
        world_make(&w, false);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        world_remove(&w);
        return 0;
}

static struct directory_decision decide(struct masking_number dialled, struct real_number caller)
{
        struct directory_decision d;
        world_decide(w.dir, dialled, caller, false, &d);
        return d;
}

static int create(const struct session_create *create, struct session_view *view)
{
        bool repeated;
        return directory_session_create(w.dir, create, view, &repeated, NULL, NULL, NULL);
}

static void each_party_reaches_the_other_and_sees_what_it_dials(void **state)
{
        (void)state;
        uint32_t trunk = world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, 0);
        assert_false(number_equal(s.parties[0].dials.n, s.parties[1].dials.n));

        struct directory_decision d = decide(s.parties[0].dials, world_p(1));
        assert_int_equal(d.verdict, MASK_CONNECT);
        assert_true(number_equal(d.mapping.connect_to.n, world_p(2).n));
        assert_true(number_equal(d.mapping.show.n, s.parties[1].dials.n));
        assert_int_equal(d.mapping.session_id, s.id);
        assert_int_equal(d.tenant_id, 1);
        assert_int_equal(d.show_trunk_id, trunk);
        assert_true(d.has_mapping);

        d = decide(s.parties[1].dials, world_p(2));
        assert_int_equal(d.verdict, MASK_CONNECT);
        assert_true(number_equal(d.mapping.connect_to.n, world_p(1).n));
        assert_true(number_equal(d.mapping.show.n, s.parties[0].dials.n));
        assert_int_equal(d.mapping.caller_party, 1);
        assert_int_equal(d.mapping.callee_party, 0);
}

static void nobody_else_learns_anything(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, 0);
        static const struct directory_decision nothing;

        struct directory_decision d = decide(s.parties[0].dials, world_p(3));
        assert_int_equal(d.verdict, MASK_STRANGER);
        assert_false(d.has_mapping);
        assert_int_equal(d.tenant_id, 1);
        assert_memory_equal(&d.mapping, &nothing.mapping, sizeof d.mapping);

        d = decide(s.parties[0].dials, world_p(2)); /* the right person on the wrong number */
        assert_int_equal(d.verdict, MASK_STRANGER);
        assert_memory_equal(&d.mapping, &nothing.mapping, sizeof d.mapping);

        d = decide(world_m(77), world_p(1));
        assert_int_equal(d.verdict, MASK_UNKNOWN_NUMBER);
        assert_int_equal(d.tenant_id, 0);

        world_decide(w.dir, s.parties[0].dials, world_p(1), true, &d);
        assert_int_equal(d.verdict, MASK_WITHHELD);
        assert_false(d.has_mapping);
        world_decide(w.dir, s.parties[0].dials, (struct real_number){{0}}, false, &d);
        assert_int_equal(d.verdict, MASK_WITHHELD);
}

static void a_refused_party_gets_no_number_of_the_other(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, 0);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        struct directory_decision d = decide(s.parties[0].dials, world_p(1));
        assert_int_equal(d.verdict, MASK_ENDED);
        assert_true(d.has_mapping);
        assert_int_equal(d.mapping.session_id, s.id);
        assert_true(number_is_none(d.mapping.connect_to.n));
        assert_true(number_is_none(d.mapping.show.n));
        assert_int_equal(d.show_trunk_id, 0);
}

static void an_end_holds_for_the_very_next_call(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, 0);
        struct answer answer = {.err = 1};
        assert_int_equal(directory_session_end(w.dir, s.id, world_done, &answer), 0);
        assert_int_equal(answer.times, 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_ENDED);
        assert_int_equal(world_call(&w, s.parties[1].dials, 2), MASK_ENDED);
        world_run(&w);
        assert_int_equal(answer.err, 0);
        assert_int_equal(answer.times, 1);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), ERR_STATE);
        assert_int_equal(directory_session_end(w.dir, 999, NULL, NULL), ERR_NOT_FOUND);
}

static void a_session_expires_to_the_millisecond(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, world_now(&w) + 1000);
        world_run_ms(&w, s.expires_ms - world_now(&w) - 1);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
        world_run_ms(&w, 1);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_EXPIRED);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), ERR_STATE);
        world_run_ms(&w, 100); /* now it is written down */
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_EXPIRED);
        struct session_view now;
        assert_int_equal(directory_session_find(w.dir, s.id, &now), 0);
        assert_int_equal(now.state, SESSION_ENDED);
        assert_int_equal(now.ended_ms, s.expires_ms);
}

static void a_session_may_start_later(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(1)), PARTY(world_p(2))},
                                   .party_count = 2,
                                   .starts_ms = world_now(&w) + 5000,
                                   .expires_ms = world_now(&w) + 9000};
        struct session_view s;
        assert_int_equal(create(&c, &s), 0);
        assert_int_equal(s.state, SESSION_SCHEDULED);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_NOT_YET);
        world_run_ms(&w, 5000);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
}

static void a_clock_that_goes_back_revives_nothing(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, world_now(&w) + 1000);
        world_run_ms(&w, 2000);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_EXPIRED);
        sim_set_wall_ms(w.io, s.created_ms);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_EXPIRED);
        struct session_view later = world_session(&w, 3, 4, 0);
        assert_true(later.created_ms >= s.expires_ms);
}

static void a_pair_rests_for_the_quarantine(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view first = world_session(&w, 1, 2, 0), s;
        struct session_create again = {.tenant_id = 1,
                                       .parties = {PARTY(world_p(1)), PARTY(world_p(3))},
                                       .party_count = 2};
        assert_int_equal(create(&again, &s), ERR_NO_NUMBER);
        assert_int_equal(directory_session_end(w.dir, first.id, NULL, NULL), 0);
        assert_int_equal(create(&again, &s), ERR_NO_NUMBER);
        world_run_ms(&w, QUARANTINE_MS - 1);
        assert_int_equal(create(&again, &s), ERR_NO_NUMBER);
        world_run_ms(&w, 2);
        assert_int_equal(create(&again, &s), 0);
        world_run(&w);
        /* The former peer is a stranger now, and so is the former session. */
        assert_int_equal(world_call(&w, s.parties[0].dials, 2), MASK_STRANGER);
        assert_int_equal(directory_session_find(w.dir, first.id, &s), ERR_NOT_FOUND);
}

static void quarantine_after_expiry_counts_from_the_expiry(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view first = world_session(&w, 1, 2, world_now(&w) + 1000), s;
        struct session_create again = {.tenant_id = 1,
                                       .parties = {PARTY(world_p(1)), PARTY(world_p(2))},
                                       .party_count = 2};
        /* The clock leaps over both, before any timer has seen the expiry. */
        sim_set_wall_ms(w.io, first.expires_ms + QUARANTINE_MS - 1);
        assert_int_equal(create(&again, &s), ERR_NO_NUMBER);
        sim_set_wall_ms(w.io, first.expires_ms + QUARANTINE_MS);
        assert_int_equal(create(&again, &s), 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
        world_run_ms(&w, 100);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
}

static void the_quarantine_is_of_the_pair_not_of_the_number(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view a = world_session(&w, 1, 2, 0);
        struct session_view b = world_session(&w, 3, 4, 0);
        assert_true(number_equal(a.parties[0].dials.n, b.parties[0].dials.n));
        assert_int_equal(world_call(&w, a.parties[0].dials, 1), MASK_CONNECT);
        assert_int_equal(world_call(&w, a.parties[0].dials, 4), MASK_CONNECT);
}

static void the_least_recently_used_number_is_given(void **state)
{
        (void)state;
        world_provision(&w, 4);
        struct session_view a = world_session(&w, 1, 2, 0);
        struct session_view b = world_session(&w, 3, 4, 0);
        struct session_view c = world_session(&w, 5, 6, 0);
        assert_true(number_equal(a.parties[0].dials.n, world_m(1).n));
        assert_true(number_equal(a.parties[1].dials.n, world_m(2).n));
        assert_true(number_equal(b.parties[0].dials.n, world_m(3).n));
        assert_true(number_equal(b.parties[1].dials.n, world_m(4).n));
        assert_true(number_equal(c.parties[0].dials.n, world_m(1).n));
}

static void given_numbers_are_taken_or_refused(void **state)
{
        (void)state;
        uint32_t trunk = world_provision(&w, 3);
        (void)trunk;
        uint32_t other = world_add_trunk(&w, 2, "carrier", "198.51.100.0/24");
        world_add_number(&w, 2, other, 50);
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(1)), PARTY(world_p(2))},
                                   .party_count = 2,
                                   .given = {world_m(3), world_m(1)}};
        struct session_view s;
        assert_int_equal(create(&c, &s), 0);
        assert_true(number_equal(s.parties[0].dials.n, world_m(3).n));
        assert_true(number_equal(s.parties[1].dials.n, world_m(1).n));

        c.parties[1].real[0] = world_p(3);
        assert_int_equal(create(&c, &s), ERR_CONFLICT); /* party 1 has number 3 already */
        c.given[0] = world_m(60);
        assert_int_equal(create(&c, &s), ERR_NOT_FOUND);
        c.given[0] = world_m(50); /* another tenant's */
        assert_int_equal(create(&c, &s), ERR_NOT_FOUND);
        c.given[0] = world_m(2);
        c.given[1] = (struct masking_number){{0}};
        assert_int_equal(create(&c, &s), 0);
        assert_true(number_equal(s.parties[0].dials.n, world_m(2).n));
}

static void creates_that_make_no_sense_are_refused(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = {.id = 42};
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(1)), PARTY(world_p(1))},
                                   .party_count = 2};
        assert_int_equal(create(&c, &s), ERR_SYNTAX);
        c.parties[1].real[0] = world_p(2);
        c.expires_ms = world_now(&w);
        assert_int_equal(create(&c, &s), ERR_RANGE);
        c.expires_ms = world_now(&w) + 10;
        c.starts_ms = world_now(&w) + 10;
        assert_int_equal(create(&c, &s), ERR_RANGE);
        c.starts_ms = 0;
        char text[SESSION_REFERENCE_MAX + 1];
        memset(text, 'x', sizeof text);
        c.reference = (struct slice){text, SESSION_REFERENCE_MAX};
        assert_int_equal(create(&c, &s), ERR_TOO_LARGE);
        c.reference = (struct slice){"a\0b", 3};
        assert_int_equal(create(&c, &s), ERR_SYNTAX);
        c.reference = SLICE_NONE;
        c.tenant_id = 2; /* has no numbers */
        assert_int_equal(create(&c, &s), ERR_NO_NUMBER);
        assert_int_equal(s.id, 42);
        struct directory_health health;
        directory_health(w.dir, &health);
        assert_int_equal(health.sessions, 0);
        assert_int_equal(health.queued, 0);
        assert_int_equal(vault_keys_used(w.vault), 0);
        c.tenant_id = 1;
        c.reference = (struct slice){text, SESSION_REFERENCE_MAX - 1};
        assert_int_equal(create(&c, &s), 0);
        assert_int_equal(strlen(s.reference), SESSION_REFERENCE_MAX - 1);
}

static void a_repeated_create_is_one_session(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(1)), PARTY(world_p(2))},
                                   .party_count = 2,
                                   .reference = SLICE("ride-7")};
        struct session_view first, second;
        struct answer answers[2] = {{1, 0}, {1, 0}};
        bool repeated = true;
        assert_int_equal(directory_session_create(w.dir, &c, &first, &repeated, NULL, world_done,
                                                  &answers[0]),
                         0);
        assert_false(repeated);
        assert_int_equal(directory_session_create(w.dir, &c, &second, &repeated, NULL, world_done,
                                                  &answers[1]),
                         0);
        assert_true(repeated);
        assert_memory_equal(&first, &second, sizeof first);
        assert_string_equal(second.reference, "ride-7");
        assert_int_equal(answers[1].times, 0);
        world_run(&w);
        assert_int_equal(answers[0].err, 0);
        assert_int_equal(answers[1].err, 0);
        assert_int_equal(answers[1].times, 1);

        c.parties[1].real[0] = world_p(3);
        assert_int_equal(create(&c, &second), ERR_CONFLICT);
        c.parties[1].real[0] = world_p(2);
        c.given[0] = world_m(2);
        assert_int_equal(create(&c, &second), ERR_CONFLICT);
        c.given[0] = first.parties[0].dials;
        assert_int_equal(create(&c, &second), 0);
        assert_int_equal(second.id, first.id);
        struct directory_health health;
        directory_health(w.dir, &health);
        assert_int_equal(health.sessions, 1);
}

static void a_reference_is_the_tenants_own_and_ends_with_the_quarantine(void **state)
{
        (void)state;
        world_provision(&w, 2);
        uint32_t other = world_add_trunk(&w, 2, "carrier", "198.51.100.0/24");
        world_add_number(&w, 2, other, 50);
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(1)), PARTY(world_p(2))},
                                   .party_count = 2,
                                   .reference = SLICE("ride-7")};
        struct session_view first, s;
        assert_int_equal(create(&c, &first), 0);
        c.tenant_id = 2;
        assert_int_equal(create(&c, &s), 0);
        assert_int_not_equal(s.id, first.id);

        c.tenant_id = 1;
        assert_int_equal(directory_session_end(w.dir, first.id, NULL, NULL), 0);
        assert_int_equal(create(&c, &s), 0);
        assert_int_equal(s.id, first.id);
        assert_int_equal(s.state, SESSION_ENDED);
        world_run_ms(&w, QUARANTINE_MS + 10);
        assert_int_equal(create(&c, &s), 0);
        assert_int_not_equal(s.id, first.id);
}

static void tenants_do_not_meet(void **state)
{
        (void)state;
        world_provision(&w, 2);
        uint32_t other = world_add_trunk(&w, 2, "carrier", "198.51.100.0/24");
        world_add_number(&w, 2, other, 50);
        world_add_number(&w, 2, other, 51);
        struct session_view a = world_session(&w, 1, 2, 0), b;
        struct session_create c = {.tenant_id = 2,
                                   .parties = {PARTY(world_p(1)), PARTY(world_p(3))},
                                   .party_count = 2};
        assert_int_equal(create(&c, &b), 0);
        assert_int_equal(world_call(&w, a.parties[0].dials, 3), MASK_STRANGER);
        assert_int_equal(decide(b.parties[0].dials, world_p(1)).tenant_id, 2);
        assert_int_equal(decide(b.parties[0].dials, world_p(1)).show_trunk_id, other);
        struct session_view list[4];
        assert_int_equal(directory_session_list(w.dir, 1, 0, list, 4), 1);
        assert_int_equal(list[0].id, a.id);
        assert_int_equal(directory_session_list(w.dir, 2, 0, list, 4), 1);
        assert_int_equal(list[0].id, b.id);
        assert_int_equal(directory_session_list(w.dir, 0, 0, list, 4), 2);
}

static void sessions_are_listed_newest_first_page_by_page(void **state)
{
        (void)state;
        world_provision(&w, 2);
        uint64_t ids[5];
        for (unsigned i = 0; i < 5; i++)
                ids[i] = world_session(&w, 10 + 2 * i, 11 + 2 * i, 0).id;
        struct session_view list[8];
        assert_int_equal(directory_session_list(w.dir, 1, 0, list, 2), 2);
        assert_int_equal(list[0].id, ids[4]);
        assert_int_equal(list[1].id, ids[3]);
        assert_int_equal(directory_session_list(w.dir, 1, ids[3], list, 8), 3);
        assert_int_equal(list[0].id, ids[2]);
        assert_int_equal(list[2].id, ids[0]);
        assert_int_equal(directory_session_list(w.dir, 1, ids[0], list, 8), 0);
        assert_int_equal(directory_session_list(w.dir, 9, 0, list, 8), 0);
}

static void a_view_tells_hints_and_no_number(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_view s = world_session(&w, 1, 2, 0);
        struct number_hint hint = directory_hint(w.dir, world_p(1).n);
        assert_string_equal(s.parties[0].hint.text, hint.text);
        assert_string_not_equal(s.parties[0].hint.text, s.parties[1].hint.text);
        /* Another day, another hint. */
        world_run_ms(&w, 86400000);
        struct session_view later;
        assert_int_equal(directory_session_find(w.dir, s.id, &later), 0);
        assert_string_not_equal(later.parties[0].hint.text, s.parties[0].hint.text);
        assert_string_equal(later.parties[0].hint.text + 9, "..01");
}

static void outside_ids_come_back_and_guesses_do_not(void **state)
{
        (void)state;
        struct session_id_text text = session_id_format(w.dir, 1);
        uint64_t id = 0;
        assert_int_equal(strlen(text.text), 18);
        assert_int_equal(session_id_parse(w.dir, slice_from(text.text), &id), 0);
        assert_int_equal(id, 1);
        text.text[17] = text.text[17] == '0' ? '1' : '0';
        assert_int_equal(session_id_parse(w.dir, slice_from(text.text), &id), ERR_NOT_FOUND);
        assert_int_equal(session_id_parse(w.dir, SLICE("s_"), &id), ERR_SYNTAX);
        assert_int_equal(session_id_parse(w.dir, SLICE("1"), &id), ERR_SYNTAX);
        assert_int_equal(session_id_parse(w.dir, SLICE_NONE, &id), ERR_SYNTAX);
        assert_int_equal(session_id_parse(w.dir, SLICE("x_0000000000000000"), &id), ERR_SYNTAX);
        assert_int_equal(id, 1);
}

static void trunks_have_names_and_sources_of_their_own(void **state)
{
        (void)state;
        uint32_t a = world_add_trunk(&w, 1, "one", "192.0.2.0/24");
        struct trunk t = {.tenant_id = 1, .name = "one", .source_count = 1};
        assert_int_equal(addr_prefix_parse(SLICE("198.51.100.1"), &t.sources[0].prefix), 0);
        assert_int_equal(directory_trunk_add(w.dir, &t, NULL, NULL), ERR_EXISTS);
        snprintf(t.name, sizeof t.name, "two");
        assert_int_equal(addr_prefix_parse(SLICE("192.0.2.7"), &t.sources[0].prefix), 0);
        assert_int_equal(directory_trunk_add(w.dir, &t, NULL, NULL), ERR_CONFLICT);
        t.tenant_id = 2; /* another tenant may not claim it either */
        assert_int_equal(directory_trunk_add(w.dir, &t, NULL, NULL), ERR_CONFLICT);
        assert_int_equal(t.id, 0);
        assert_int_equal(addr_prefix_parse(SLICE("198.51.100.1"), &t.sources[0].prefix), 0);
        assert_int_equal(directory_trunk_add(w.dir, &t, NULL, NULL), 0);
        assert_true(t.id > a);
        assert_int_equal(directory_trunk_find(w.dir, 2, SLICE("two"))->id, t.id);
        assert_null(directory_trunk_find(w.dir, 1, SLICE("two")));
        assert_int_equal(directory_trunk_get(w.dir, a)->id, a);
        assert_null(directory_trunk_get(w.dir, 99));
        assert_int_equal(directory_trunk_at(w.dir, 1)->id, t.id);
        assert_null(directory_trunk_at(w.dir, 2));
        assert_int_equal(directory_trunk_remove(w.dir, a, NULL, NULL), 0);
        assert_int_equal(directory_trunk_remove(w.dir, a, NULL, NULL), ERR_NOT_FOUND);
        assert_null(directory_trunk_get(w.dir, a));
        assert_int_equal(directory_trunk_at(w.dir, 0)->id, t.id);
}

static void as_many_trunks_as_the_limit_says(void **state)
{
        (void)state;
        for (unsigned i = 0; i < TRUNKS_MAX; i++) {
                struct trunk t = {.tenant_id = 1};
                snprintf(t.name, sizeof t.name, "t%u", i);
                assert_int_equal(directory_trunk_add(w.dir, &t, NULL, NULL), 0);
        }
        struct trunk t = {.tenant_id = 1, .name = "more"};
        assert_int_equal(directory_trunk_add(w.dir, &t, NULL, NULL), ERR_FULL);
        world_run(&w);
}

static void what_is_in_use_is_not_removed(void **state)
{
        (void)state;
        uint32_t trunk = world_provision(&w, 2);
        assert_int_equal(directory_trunk_remove(w.dir, trunk, NULL, NULL), ERR_IN_USE);
        struct session_view s = world_session(&w, 1, 2, 0);
        assert_int_equal(directory_number_find(w.dir, s.parties[0].dials)->sessions, 1);
        assert_int_equal(directory_number_remove(w.dir, s.parties[0].dials, NULL, NULL),
                         ERR_IN_USE);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        assert_int_equal(directory_number_find(w.dir, s.parties[0].dials)->sessions, 0);
        assert_int_equal(directory_number_remove(w.dir, s.parties[0].dials, NULL, NULL), 0);
        assert_int_equal(directory_number_remove(w.dir, s.parties[0].dials, NULL, NULL),
                         ERR_NOT_FOUND);
        assert_int_equal(directory_number_remove(w.dir, s.parties[1].dials, NULL, NULL), 0);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_UNKNOWN_NUMBER);
        assert_int_equal(directory_trunk_remove(w.dir, trunk, NULL, NULL), 0);
        world_run(&w);
}

static void a_number_that_comes_back_keeps_its_quarantine(void **state)
{
        (void)state;
        uint32_t trunk = world_provision(&w, 1);
        struct session_view s = world_session(&w, 1, 2, 0);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        assert_int_equal(directory_number_remove(w.dir, world_m(1), NULL, NULL), 0);
        world_run(&w);
        world_add_number(&w, 1, trunk, 1);
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(1)), PARTY(world_p(3))},
                                   .party_count = 2};
        assert_int_equal(create(&c, &s), ERR_NO_NUMBER);
        world_run_ms(&w, QUARANTINE_MS);
        assert_int_equal(create(&c, &s), 0);
}

static void numbers_have_a_trunk_of_their_tenant(void **state)
{
        (void)state;
        uint32_t trunk = world_provision(&w, 1);
        struct number_row row = {world_m(1), 1, trunk, 1, 0};
        assert_int_equal(directory_number_add(w.dir, &row, NULL, NULL), ERR_EXISTS);
        row.number = world_m(2);
        row.trunk_id = 77;
        assert_int_equal(directory_number_add(w.dir, &row, NULL, NULL), ERR_NOT_FOUND);
        row.trunk_id = trunk;
        row.tenant_id = 2;
        assert_int_equal(directory_number_add(w.dir, &row, NULL, NULL), ERR_NOT_FOUND);
        row.tenant_id = 1;
        for (unsigned i = 2; i <= w.params.numbers_max; i++) {
                row.number = world_m(i);
                assert_int_equal(directory_number_add(w.dir, &row, NULL, NULL), 0);
        }
        row.number = world_m(101);
        assert_int_equal(directory_number_add(w.dir, &row, NULL, NULL), ERR_FULL);
        assert_true(number_equal(directory_number_at(w.dir, 1)->number.n, world_m(2).n));
        assert_null(directory_number_at(w.dir, 100));
        world_run(&w);
}

static void as_many_sessions_as_the_limit_says(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_create c = {.tenant_id = 1};
        struct session_view s;
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        for (unsigned i = 0; i < w.params.sessions_max; i++) {
                c.parties[0].real[0] = world_p(10 + 2 * i);
                c.parties[1].real[0] = world_p(11 + 2 * i);
                assert_int_equal(create(&c, &s), 0);
        }
        c.parties[0].real[0] = world_p(1);
        assert_int_equal(create(&c, &s), ERR_FULL);
        world_run(&w);
        assert_int_equal(vault_keys_used(w.vault), w.params.sessions_max);
        assert_int_equal(world_call(&w, s.parties[0].dials, 10 + 2 * (w.params.sessions_max - 1)),
                         MASK_CONNECT);
}

static void one_number_may_serve_both_parties(void **state)
{
        (void)state;
        world_provision(&w, 1);
        struct session_view s = world_session(&w, 1, 2, 0);
        assert_true(number_equal(s.parties[0].dials.n, s.parties[1].dials.n));
        assert_int_equal(directory_number_find(w.dir, world_m(1))->sessions, 1);
        struct directory_decision d = decide(world_m(1), world_p(2));
        assert_int_equal(d.verdict, MASK_CONNECT);
        assert_true(number_equal(d.mapping.connect_to.n, world_p(1).n));
        assert_true(number_equal(d.mapping.show.n, world_m(1).n));
}

/* A number that exists nowhere as text or integer but where it is looked for. */
struct needle {
        uint64_t e164;
        char digits[16];
        bool found;
};

static void search(void *arg, const void *p, size_t bytes)
{
        struct needle *needle = arg;
        uint64_t swapped = __builtin_bswap64(needle->e164);
        needle->found |= memmem(p, bytes, &needle->e164, sizeof needle->e164) ||
                         memmem(p, bytes, &swapped, sizeof swapped) ||
                         memmem(p, bytes, needle->digits, strlen(needle->digits));
}

static bool memory_holds(uint64_t e164)
{
        struct needle needle = {.e164 = e164};
        snprintf(needle.digits, sizeof needle.digits, "%llu", (unsigned long long)e164);
        directory_visit_memory(w.dir, search, &needle);
        return needle.found;
}

static void no_real_number_stays_in_memory(void **state)
{
        (void)state;
        world_provision(&w, 2);
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(1)), PARTY(world_p(2))},
                                   .party_count = 2,
                                   .reference = SLICE("ride-7")};
        struct session_view s;
        assert_int_equal(create(&c, &s), 0);
        /* Before it is written, after, and when it has been looked up. */
        assert_false(memory_holds(world_p(1).n.e164));
        assert_false(memory_holds(world_p(2).n.e164));
        world_run(&w);
        assert_int_equal(world_call(&w, s.parties[0].dials, 1), MASK_CONNECT);
        assert_int_equal(world_call(&w, s.parties[0].dials, 3), MASK_STRANGER);
        assert_int_equal(create(&c, &s), 0);
        c.tenant_id = 2;
        assert_int_equal(create(&c, &s), ERR_NO_NUMBER);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        for (unsigned i = 1; i <= 3; i++)
                assert_false(memory_holds(world_p(i).n.e164));
        /* The search finds what is there: the reference, as digits would be. */
        c.tenant_id = 1;
        c.parties[0].real[0] = world_p(4);
        c.reference = SLICE("919888800009");
        assert_int_equal(create(&c, &s), 0);
        assert_true(memory_holds(919888800009));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(each_party_reaches_the_other_and_sees_what_it_dials),
                TEST(nobody_else_learns_anything),
                TEST(a_refused_party_gets_no_number_of_the_other),
                TEST(an_end_holds_for_the_very_next_call),
                TEST(a_session_expires_to_the_millisecond),
                TEST(a_session_may_start_later),
                TEST(a_clock_that_goes_back_revives_nothing),
                TEST(a_pair_rests_for_the_quarantine),
                TEST(quarantine_after_expiry_counts_from_the_expiry),
                TEST(the_quarantine_is_of_the_pair_not_of_the_number),
                TEST(the_least_recently_used_number_is_given),
                TEST(given_numbers_are_taken_or_refused),
                TEST(creates_that_make_no_sense_are_refused),
                TEST(a_repeated_create_is_one_session),
                TEST(a_reference_is_the_tenants_own_and_ends_with_the_quarantine),
                TEST(tenants_do_not_meet),
                TEST(sessions_are_listed_newest_first_page_by_page),
                TEST(a_view_tells_hints_and_no_number),
                TEST(outside_ids_come_back_and_guesses_do_not),
                TEST(trunks_have_names_and_sources_of_their_own),
                TEST(as_many_trunks_as_the_limit_says),
                TEST(what_is_in_use_is_not_removed),
                TEST(a_number_that_comes_back_keeps_its_quarantine),
                TEST(numbers_have_a_trunk_of_their_tenant),
                TEST(as_many_sessions_as_the_limit_says),
                TEST(one_number_may_serve_both_parties),
                TEST(no_real_number_stays_in_memory),
        };
        return RUN_TESTS(tests);
}
