/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `test-call-crash_codec --seeds DIR` writes what the fuzz target begins with, in the version of today.
 */
#include "../unit.h"

#include <stdio.h>

#include "crash_values.h"

static struct crash_call call, again;

static void check_same(const struct crash_call *a, const struct crash_call *b)
{
        /* Padding is of no interest: what is written is. */
        char bytes[2][CRASH_PLAIN_MAX];
        struct buf written[2];
        buf_init(&written[0], bytes[0], sizeof bytes[0]);
        buf_init(&written[1], bytes[1], sizeof bytes[1]);
        assert_int_equal(crash_encode(a, &written[0]), 0);
        assert_int_equal(crash_encode(b, &written[1]), 0);
        assert_int_equal(written[0].len, written[1].len);
        assert_memory_equal(bytes[0], bytes[1], written[0].len);
}

/* The fields that going on depends on, compared one by one. */
static void check_leg(const struct crash_leg *a, const struct crash_leg *b)
{
        assert_int_equal(a->kind, b->kind);
        if (a->kind == CRASH_LEG_NONE)
                return;
        assert_memory_equal(&a->record.leg_id, &b->record.leg_id, sizeof a->record.leg_id);
        assert_memory_equal(&a->record.call_id, &b->record.call_id, sizeof a->record.call_id);
        assert_int_equal(a->record.leg, b->record.leg);
        assert_int_equal(a->record.party, b->record.party);
        assert_true(a->record.session_id == b->record.session_id);
        assert_true(a->record.started_ms == b->record.started_ms);
        assert_string_equal(a->record.party_hint.text, b->record.party_hint.text);
        if (a->kind != CRASH_LEG_LIVE)
                return;
        const struct sip_leg_state *x = &a->sip, *y = &b->sip;
        assert_int_equal(a->answered, b->answered);
        assert_int_equal(a->trunk_id, b->trunk_id);
        assert_int_equal(x->trunk_id, y->trunk_id);
        assert_true(handle_equal(x->leg, y->leg));
        assert_true(handle_equal(x->invite, y->invite));
        assert_string_equal(x->contact, y->contact);
        assert_memory_equal(&x->dialog, &y->dialog, sizeof x->dialog);
        assert_int_equal(x->head_bytes, y->head_bytes);
        assert_memory_equal(x->head, y->head, sizeof x->head);
        assert_memory_equal(x->request_key, y->request_key, sizeof x->request_key);
        assert_memory_equal(&x->peer, &y->peer, sizeof x->peer);
        assert_memory_equal(&x->remote.media, &y->remote.media, sizeof x->remote.media);
        assert_true(x->described == y->described);
        assert_memory_equal(&a->local, &b->local, sizeof a->local);
        assert_memory_equal(&a->media.remote, &b->media.remote, sizeof a->media.remote);
        assert_memory_equal(&a->media.local, &b->media.local, sizeof a->media.local);
        assert_int_equal(a->media.stats.lost_in, b->media.stats.lost_in);
}

static void every_call_comes_back_as_it_was(void **state)
{
        (void)state;
        struct random random;
        unsigned fitted = 0;
        random_init_seeded(&random, 1);
        for (int i = 0; i < 20000; i++) {
                char bytes[CRASH_PLAIN_MAX];
                struct buf b;
                buf_init(&b, bytes, sizeof bytes);
                some_call(&random, &call, 1 + random_below(&random, 100));
                if (crash_encode(&call, &b))
                        continue;
                fitted++;
                assert_int_equal(crash_decode(buf_slice(&b), &again), 0);
                check_same(&call, &again);
                assert_int_equal(call.state, again.state);
                assert_true(call.caller.n.e164 == again.caller.n.e164);
                assert_true(call.due_ms == again.due_ms);
                check_leg(&call.legs[SIDE_A], &again.legs[SIDE_A]);
                check_leg(&call.legs[SIDE_B], &again.legs[SIDE_B]);
        }
        assert_true(fitted > 15000);
}

/* No call is: its second leg came in as well, with a head of its own. */
static void what_is_too_large_is_refused(void **state)
{
        (void)state;
        char bytes[2 * CRASH_PLAIN_MAX];
        struct buf b;
        buf_init(&b, bytes, sizeof bytes);
        largest_call(&call, SIP_SAVED_INCOMING, SIP_SAVED_INCOMING);
        assert_int_equal(crash_encode(&call, &b), ERR_TOO_LARGE);
}

static size_t bytes_of_largest(enum sip_saved a, enum sip_saved b)
{
        char bytes[CRASH_PLAIN_MAX];
        struct buf out;
        buf_init(&out, bytes, sizeof bytes);
        largest_call(&call, a, b);
        assert_int_equal(crash_encode(&call, &out), 0);
        assert_int_equal(crash_decode(buf_slice(&out), &again), 0);
        check_same(&call, &again);
        return out.len;
}

static void the_largest_call_that_can_be_accepted_fits(void **state)
{
        (void)state;
        size_t most = 0;
        for (enum sip_saved a = 0; a < SIP_SAVED_KINDS; a++) {
                for (enum sip_saved b = 0; b < SIP_SAVED_KINDS; b++) {
                        /* What we dial has no head of an INVITE that came in. */
                        size_t len = b == SIP_SAVED_INCOMING ? 0 : bytes_of_largest(a, b);
                        most = len > most ? len : most;
                }
        }
        print_message("the largest call: %zu of %d bytes\n", most, CRASH_PLAIN_MAX);
        assert_in_range(most, SIP_HEAD_BYTES_MAX + 2 * SIP_DIALOG_TEXT_MAX, CRASH_PLAIN_MAX);
}

static void no_cut_and_no_addition_is_accepted(void **state)
{
        (void)state;
        char bytes[CRASH_PLAIN_MAX + 1];
        struct random random;
        random_init_seeded(&random, 3);
        for (int i = 0; i < 50; i++) {
                struct buf b;
                buf_init(&b, bytes, sizeof bytes);
                some_call(&random, &call, 40);
                if (crash_encode(&call, &b))
                        continue;
                for (size_t len = 0; len < b.len; len++)
                        assert_int_equal(crash_decode((struct slice){bytes, len}, &again),
                                         ERR_SYNTAX);
                bytes[b.len] = 0;
                assert_int_equal(crash_decode((struct slice){bytes, b.len + 1}, &again),
                                 ERR_SYNTAX);
        }
}

static void a_call_of_another_version_is_known_by_its_records(void **state)
{
        (void)state;
        char bytes[CRASH_PLAIN_MAX];
        struct random random;
        struct buf b;
        random_init_seeded(&random, 4);
        some_call(&random, &call, 20);
        while (call.legs[SIDE_B].kind == CRASH_LEG_NONE)
                some_call(&random, &call, 20);
        buf_init(&b, bytes, sizeof bytes);
        assert_int_equal(crash_encode(&call, &b), 0);
        size_t at = make_other_version(bytes, b.len);
        assert_true(at > 0);
        /* Whatever follows. */
        for (size_t len = at + 1; len <= b.len; len++) {
                assert_int_equal(crash_decode((struct slice){bytes, len}, &again), ERR_VERSION);
                for (enum call_side side = SIDE_A; side <= SIDE_B; side++) {
                        const struct cdr *x = &call.legs[side].record;
                        const struct cdr *y = &again.legs[side].record;
                        assert_int_equal(again.legs[side].kind, call.legs[side].kind);
                        assert_memory_equal(&x->leg_id, &y->leg_id, sizeof x->leg_id);
                        assert_memory_equal(&x->call_id, &y->call_id, sizeof x->call_id);
                        assert_true(x->started_ms == y->started_ms);
                        assert_int_equal(x->leg, y->leg);
                }
        }
}

static void records_of_another_version_are_told_apart(void **state)
{
        (void)state;
        char bytes[CRASH_PLAIN_MAX];
        struct random random;
        struct buf b;
        random_init_seeded(&random, 4);
        some_call(&random, &call, 20);
        buf_init(&b, bytes, sizeof bytes);
        assert_int_equal(crash_encode(&call, &b), 0);
        bytes[0] = CRASH_RECORDS_VERSION + 1;
        assert_int_equal(crash_decode(buf_slice(&b), &again), ERR_VERSION);
        assert_int_equal(again.legs[SIDE_A].kind, CRASH_LEG_NONE);
        assert_int_equal(again.legs[SIDE_B].kind, CRASH_LEG_NONE);
}

/* Whatever is read is written as the same bytes again. */
static void one_value_has_one_writing(void **state)
{
        (void)state;
        struct random random;
        unsigned accepted = 0;
        random_init_seeded(&random, 5);
        for (int i = 0; i < 20000; i++) {
                char bytes[CRASH_PLAIN_MAX], written[CRASH_PLAIN_MAX];
                struct buf b, w;
                buf_init(&b, bytes, sizeof bytes);
                some_call(&random, &call, 20);
                if (crash_encode(&call, &b))
                        continue;
                bytes[1 + random_below(&random, (uint32_t)b.len - 1)] ^=
                        (char)(1 + random_below(&random, 255));
                if (crash_decode(buf_slice(&b), &again))
                        continue;
                accepted++;
                buf_init(&w, written, sizeof written);
                assert_int_equal(crash_encode(&again, &w), 0);
                assert_int_equal(w.len, b.len);
                assert_memory_equal(written, bytes, b.len);
        }
        assert_true(accepted > 1000);
}

#define SEEDS 15

static void write_seed(const char *folder, unsigned i)
{
        char path[512], bytes[CRASH_PLAIN_MAX];
        struct buf b;
        buf_init(&b, bytes, sizeof bytes);
        assert_int_equal(crash_encode(&call, &b), 0);
        snprintf(path, sizeof path, "%s/call-%02u", folder, i);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, b.len, file), b.len);
        assert_int_equal(fclose(file), 0);
}

static void write_seeds(const char *folder)
{
        struct random random;
        random_init_seeded(&random, 6);
        for (unsigned i = 0; i < SEEDS; i++) {
                some_call(&random, &call, 1 + 2 * i);
                write_seed(folder, i);
        }
        largest_call(&call, SIP_SAVED_INCOMING, SIP_SAVED_PROCEEDING);
        write_seed(folder, SEEDS);
}

int main(int argc, char **argv)
{
        if (argc == 3 && !strcmp(argv[1], "--seeds")) {
                write_seeds(argv[2]);
                return 0;
        }
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_call_comes_back_as_it_was),
                cmocka_unit_test(what_is_too_large_is_refused),
                cmocka_unit_test(the_largest_call_that_can_be_accepted_fits),
                cmocka_unit_test(no_cut_and_no_addition_is_accepted),
                cmocka_unit_test(a_call_of_another_version_is_known_by_its_records),
                cmocka_unit_test(records_of_another_version_are_told_apart),
                cmocka_unit_test(one_value_has_one_writing),
        };
        return RUN_TESTS(tests);
}
