/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_decide.c - from (To, From) to a verdict, with 100,000 live sessions, beside the bare look-up
 * of the same pairs: hash, probe, and the row unsealed, without any rule. Processor time, in
 * alternating rounds. Fails when a pair is not connected, or not to the party that it should reach.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/index.h"
#include "directory_load.h"

#define SESSIONS 100000
#define ROUNDS   9
#define CALLS    50000
#define PLAIN    34 /* bytes of two parties and their numbers */

static struct load load;
static struct index table;
static struct sealed {
        uint8_t bytes[PLAIN + VAULT_SEAL_EXTRA];
        uint64_t key_slot;
} * rows;

static void build_table(void)
{
        void *memory = calloc(1, index_bytes(2 * SESSIONS));
        rows = calloc(SESSIONS, sizeof *rows);
        if (!memory || !rows)
                exit(1);
        index_init(&table, memory, 2 * SESSIONS);
        for (uint32_t i = 0; i < SESSIONS; i++) {
                char plain[PLAIN] = {0};
                struct buf sealed;
                buf_init(&sealed, rows[i].bytes, sizeof rows[i].bytes);
                if (vault_key_new(load.vault, &rows[i].key_slot) ||
                    vault_seal(load.vault, rows[i].key_slot, SLICE("a row"),
                               (struct slice){plain, sizeof plain}, &sealed))
                        exit(1);
                for (unsigned side = 0; side < 2; side++) {
                        uint8_t hash[VAULT_HASH_BYTES];
                        vault_lookup_hash(load.vault, 1, load.dials[i][side],
                                          load_party(load.party[i][side]), hash);
                        if (index_add(&table, hash, i))
                                exit(1);
                }
        }
}

static uint32_t session_at(uint32_t call)
{
        return call * 40503u % SESSIONS;
}

static double decide_all(unsigned *wrong)
{
        uint64_t before = load_cpu_ns();
        for (uint32_t i = 0; i < CALLS; i++) {
                uint32_t s = session_at(i), side = i & 1;
                const struct directory_question question = {
                        .dialled = load.dials[s][side],
                        .caller = load_party(load.party[s][side]),
                };
                struct directory_decision decision;
                directory_decide(load.dir, &question, &decision);
                *wrong += decision.verdict != MASK_CONNECT ||
                          !number_equal(decision.mapping.connect_to.n,
                                        load_party(load.party[s][1 - side]).n);
        }
        return (double)(load_cpu_ns() - before) / CALLS;
}

static double look_up_all(bool unseal, unsigned *wrong)
{
        uint64_t before = load_cpu_ns();
        for (uint32_t i = 0; i < CALLS; i++) {
                uint32_t s = session_at(i), side = i & 1, found = 0;
                uint8_t hash[VAULT_HASH_BYTES];
                char plain[PLAIN];
                struct buf out;
                vault_lookup_hash(load.vault, 1, load.dials[s][side],
                                  load_party(load.party[s][side]), hash);
                *wrong += !index_find(&table, hash, &found) || found != s;
                if (!unseal)
                        continue;
                buf_init(&out, plain, sizeof plain);
                const struct slice sealed = {(const char *)rows[found].bytes,
                                             sizeof rows[found].bytes};
                *wrong += vault_unseal(load.vault, rows[found].key_slot, SLICE("a row"), sealed,
                                       &out) != 0;
        }
        return (double)(load_cpu_ns() - before) / CALLS;
}

static int by_size(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;
        return x < y ? -1 : x > y;
}

int main(void)
{
        double ours[ROUNDS], lookup[ROUNDS], probe[ROUNDS];
        unsigned wrong = 0;
        load_open(&load, SESSIONS);
        while (load.created < SESSIONS)
                load_create(&load);
        build_table();
        for (unsigned i = 0; i < ROUNDS; i++) {
                ours[i] = decide_all(&wrong);
                lookup[i] = look_up_all(true, &wrong);
                probe[i] = look_up_all(false, &wrong);
        }
        qsort(ours, ROUNDS, sizeof ours[0], by_size);
        qsort(lookup, ROUNDS, sizeof lookup[0], by_size);
        qsort(probe, ROUNDS, sizeof probe[0], by_size);
        printf("decide hash-and-probe=%.0fns\n", probe[ROUNDS / 2]);
        printf("bench decide ours=%.0fns peer=lookup:%.0fns ratio=%.2f min=%.0f max=%.0f runs=%d\n",
               ours[ROUNDS / 2], lookup[ROUNDS / 2], ours[ROUNDS / 2] / lookup[ROUNDS / 2], ours[0],
               ours[ROUNDS - 1], ROUNDS);
        free(table.entries);
        free(rows);
        load_close(&load);
        if (wrong)
                fprintf(stderr, "bench decide: %u look-ups were wrong\n", wrong);
        return wrong != 0;
}
