/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which number a pair of people had before: for pools that give it again, or avoid it. By keyed hash, in
 * memory alone, one place for each hash; a pair that comes to another one's place takes it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/directory_impl.h"

#define HISTORY_PAIRS 65536u

int history_init(struct directory *dir)
{
        dir->history = calloc(HISTORY_PAIRS, sizeof *dir->history);
        return dir->history ? 0 : -ENOMEM;
}

void history_fini(struct directory *dir)
{
        free(dir->history);
}

static struct pair_had *place_of(const struct directory *dir, const struct session *session,
                                 unsigned from, unsigned to, uint8_t hash[VAULT_HASH_BYTES])
{
        uint32_t head;
        vault_pair_hash(dir->vault, session->tenant_id, session->parties[from].real[0],
                        session->parties[to].real[0], hash);
        memcpy(&head, hash, sizeof head);
        return &dir->history[head % HISTORY_PAIRS];
}

/* Each slot by which one party reaches another; false: there is none. */
static bool slot_between(const struct session *session, unsigned from, unsigned to, unsigned *out)
{
        if (from == to || !session->parties[from].real_count || !session->parties[to].real_count)
                return false;
        *out = session_slot_between(session, (uint8_t)from, (uint8_t)to);
        return *out < SESSION_SLOTS_MAX;
}

static bool is_wanted(const struct directory *dir, const struct session *session)
{
        return number_pool_policy(dir, session->tenant_id, session->pool_id)->selection !=
               SELECT_LEAST_RECENT;
}

void history_note(struct directory *dir, const struct session *session)
{
        if (!is_wanted(dir, session))
                return;
        for (unsigned from = 0; from < session->party_count; from++) {
                for (unsigned to = 0; to < session->party_count; to++) {
                        uint8_t hash[VAULT_HASH_BYTES];
                        unsigned slot;
                        if (!slot_between(session, from, to, &slot))
                                continue;
                        struct pair_had *had = place_of(dir, session, from, to, hash);
                        memcpy(had->hash, hash, sizeof had->hash);
                        had->e164 = session->slots[slot].n.e164;
                }
        }
}

void history_forget(struct directory *dir, const struct session *session)
{
        for (unsigned from = 0; from < session->party_count; from++) {
                for (unsigned to = 0; to < session->party_count; to++) {
                        uint8_t hash[VAULT_HASH_BYTES];
                        unsigned slot;
                        if (!slot_between(session, from, to, &slot))
                                continue;
                        struct pair_had *had = place_of(dir, session, from, to, hash);
                        if (!memcmp(had->hash, hash, sizeof had->hash))
                                *had = (struct pair_had){0};
                }
        }
}

static void tell(const struct directory *dir, const struct session *session, unsigned from,
                 unsigned to, struct alloc_request *request)
{
        uint8_t hash[VAULT_HASH_BYTES];
        unsigned slot;
        if (!slot_between(session, from, to, &slot) || request->had[slot] != ALLOC_NONE)
                return;
        const struct pair_had *had = place_of(dir, session, from, to, hash);
        const struct masking_number number = {{had->e164}};
        const struct number_held *held = number_find(dir, number);
        bool is_known = held && !memcmp(had->hash, hash, sizeof hash) &&
                        held->row.tenant_id == session->tenant_id &&
                        held->row.pool_id == session->pool_id;
        if (is_known)
                request->had[slot] = pool_handle(dir->numbers, held).index;
}

void history_tell(const struct directory *dir, const struct session *session,
                  struct alloc_request *request)
{
        if (!is_wanted(dir, session))
                return;
        for (unsigned from = 0; from < session->party_count; from++)
                for (unsigned to = 0; to < session->party_count; to++)
                        tell(dir, session, from, to, request);
}
