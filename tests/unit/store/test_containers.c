/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/random.h"
#include "store/due.h"
#include "store/pieces.h"
#include "store/roll.h"

#define MAX 40

static uint64_t ids[MAX];

static uint64_t id_of(const void *arg, uint32_t slot)
{
        (void)arg;
        return ids[slot];
}

static void check_roll(const struct roll *roll, const bool in[MAX], uint64_t id_max)
{
        uint32_t count = 0;
        uint64_t before = 0;
        for (unsigned i = 0; i < MAX; i++)
                count += in[i];
        assert_int_equal(roll->count, count);
        for (uint32_t i = 0; i < roll->count; i++) {
                uint32_t slot = roll_at(roll, i);
                assert_true(in[slot]);
                assert_true(ids[slot] > before);
                before = ids[slot];
                assert_int_equal(roll_below(roll, before), i);
                assert_int_equal(roll_below(roll, before + 1), i + 1);
        }
        assert_int_equal(roll_below(roll, 0), 0);
        assert_int_equal(roll_below(roll, id_max + 1), roll->count);
}

static void a_roll_keeps_the_order_of_ids_whatever_goes(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 5; seed++) {
                struct random r;
                random_init_seeded(&r, seed);
                struct roll roll;
                bool in[MAX] = {0};
                uint64_t next_id = 1;
                assert_int_equal(roll_init(&roll, MAX, id_of, NULL), 0);
                for (unsigned step = 0; step < 5000; step++) {
                        uint32_t slot = random_below(&r, MAX);
                        if (in[slot]) {
                                roll_remove(&roll, slot);
                                in[slot] = false;
                                /* Put back where it was, as an undone removal is. */
                                if (random_below(&r, 4) == 0) {
                                        roll_add(&roll, slot);
                                        in[slot] = true;
                                }
                        } else {
                                ids[slot] = next_id++;
                                roll_add(&roll, slot);
                                in[slot] = true;
                        }
                        check_roll(&roll, in, next_id);
                }
                roll_fini(&roll);
        }
}

static void what_is_due_first_comes_first(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 5; seed++) {
                struct random r;
                random_init_seeded(&r, seed);
                struct due due;
                int64_t at[MAX] = {0}; /* 0: not there */
                assert_int_equal(due_init(&due, MAX), 0);
                for (unsigned step = 0; step < 10000; step++) {
                        uint32_t slot = random_below(&r, MAX);
                        if (random_below(&r, 3)) {
                                at[slot] = 1 + random_below(&r, 30);
                                due_set(&due, slot, at[slot]);
                        } else {
                                at[slot] = 0;
                                due_clear(&due, slot);
                        }
                        int64_t least = 0;
                        for (unsigned i = 0; i < MAX; i++)
                                if (at[i] && (!least || at[i] < least))
                                        least = at[i];
                        struct due_entry first = {0};
                        assert_int_equal(due_first(&due, &first), least != 0);
                        assert_int_equal(first.at_ms, least);
                        assert_true(!least || at[first.slot] == least);
                }
                due_fini(&due);
        }
}

#define STRINGS   12
#define LEN_MAX   (4 * PIECE_BYTES + 7)
#define PIECE_MAX 20

struct string {
        bool is_held;
        uint32_t first;
        size_t len;
        uint8_t bytes[LEN_MAX];
};

static uint32_t pieces_of(size_t len)
{
        return (uint32_t)((len + PIECE_BYTES - 1) / PIECE_BYTES);
}

static void put_string(struct pieces *pieces, struct random *r, struct string *s)
{
        uint32_t left = PIECE_MAX - pieces_used(pieces);
        s->len = random_below(r, LEN_MAX + 1);
        for (size_t i = 0; i < s->len; i++)
                s->bytes[i] = (uint8_t)random_below(r, 256);
        int err = pieces_put(pieces, s->bytes, s->len, &s->first);
        assert_int_equal(err, pieces_of(s->len) > left ? ERR_FULL : 0);
        s->is_held = !err;
}

static void check_strings(const struct pieces *pieces, const struct string *strings)
{
        uint32_t used = 0;
        for (unsigned i = 0; i < STRINGS; i++) {
                uint8_t got[LEN_MAX + 1];
                if (!strings[i].is_held)
                        continue;
                memset(got, 0xee, sizeof got);
                pieces_get(pieces, strings[i].first, got, strings[i].len);
                assert_memory_equal(got, strings[i].bytes, strings[i].len);
                assert_int_equal(got[strings[i].len], 0xee);
                used += pieces_of(strings[i].len);
        }
        assert_int_equal(pieces_used(pieces), used);
}

static void strings_of_any_length_share_what_there_is(void **state)
{
        (void)state;
        struct random r;
        struct pieces pieces;
        static struct string strings[STRINGS];
        random_init_seeded(&r, 7);
        assert_int_equal(pieces_init(&pieces, PIECE_MAX), 0);
        for (unsigned step = 0; step < 3000; step++) {
                struct string *s = &strings[random_below(&r, STRINGS)];
                if (s->is_held)
                        pieces_drop(&pieces, s->first);
                if (s->is_held)
                        s->is_held = false;
                else
                        put_string(&pieces, &r, s);
                check_strings(&pieces, strings);
        }
        pieces_fini(&pieces);
}

static void visit_piece(void *arg, const void *p, size_t bytes)
{
        const uint8_t *at = p;
        for (size_t i = 0; i < bytes; i++)
                *(unsigned *)arg += at[i] == 0x5a;
}

static void what_is_dropped_is_wiped(void **state)
{
        (void)state;
        struct pieces pieces;
        uint8_t bytes[PIECE_BYTES + 1];
        uint32_t first, other;
        unsigned seen = 0;
        memset(bytes, 0x5a, sizeof bytes);
        assert_int_equal(pieces_init(&pieces, 2), 0);
        assert_int_equal(pieces_put(&pieces, bytes, sizeof bytes, &first), 0);
        pieces_visit(&pieces, visit_piece, &seen);
        assert_int_equal(seen, sizeof bytes);
        pieces_drop(&pieces, first);

        seen = 0;
        memset(bytes, 1, sizeof bytes);
        assert_int_equal(pieces_put(&pieces, bytes, 1, &first), 0);
        assert_int_equal(pieces_put(&pieces, bytes, 1, &other), 0);
        pieces_visit(&pieces, visit_piece, &seen);
        assert_int_equal(seen, 0);
        pieces_fini(&pieces);
}

static void an_empty_string_takes_nothing(void **state)
{
        (void)state;
        struct pieces pieces;
        uint32_t first = 0;
        assert_int_equal(pieces_init(&pieces, 1), 0);
        assert_int_equal(pieces_put(&pieces, NULL, 0, &first), 0);
        assert_int_equal(first, PIECES_NONE);
        pieces_get(&pieces, first, NULL, 0);
        pieces_drop(&pieces, first);
        assert_int_equal(pieces_used(&pieces), 0);
        pieces_fini(&pieces);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_roll_keeps_the_order_of_ids_whatever_goes),
                cmocka_unit_test(what_is_due_first_comes_first),
                cmocka_unit_test(strings_of_any_length_share_what_there_is),
                cmocka_unit_test(what_is_dropped_is_wiped),
                cmocka_unit_test(an_empty_string_takes_nothing),
        };
        return RUN_TESTS(tests);
}
