/* SPDX-License-Identifier: Apache-2.0 */
/* "I am calling from another telephone": whose call a stranger's is, for a short while. */
#include <assert.h>
#include <string.h>

#include "store/directory_change.h"
#include "store/directory_impl.h"

static struct slice key_of(const struct intent *intent)
{
        return (struct slice){(const char *)intent->hash, sizeof intent->hash};
}

int intents_init(struct directory *dir, struct siphash_key map_key)
{
        int err = pool_create(sizeof(struct intent), INTENTS_MAX, false, &dir->intents);
        if (!err)
                err = map_init(&dir->intents_by_hash, INTENTS_MAX, map_key);
        return err;
}

void intents_fini(struct directory *dir)
{
        map_fini(&dir->intents_by_hash);
        pool_destroy(dir->intents);
}

static void drop(struct directory *dir, struct intent *intent)
{
        map_remove(&dir->intents_by_hash, &intent->node);
        pool_put(dir->intents, intent);
}

static struct map_node *find(const struct directory *dir, const uint8_t hash[VAULT_HASH_BYTES])
{
        return map_find(&dir->intents_by_hash,
                        (struct slice){(const char *)hash, VAULT_HASH_BYTES});
}

const struct intent *intent_find(const struct directory *dir, const uint8_t hash[VAULT_HASH_BYTES],
                                 int64_t now_ms)
{
        const struct map_node *node = find(dir, hash);
        const struct intent *intent = node ? container_of(node, struct intent, node) : NULL;
        return intent && now_ms < intent->until_ms ? intent : NULL;
}

/* Those that are over make room for new ones. */
static void sweep(struct directory *dir)
{
        int64_t now_ms = directory_now(dir);
        for (uint32_t i = 0; i < pool_capacity(dir->intents); i++) {
                struct intent *intent = pool_at(dir->intents, i);
                if (intent && now_ms >= intent->until_ms)
                        drop(dir, intent);
        }
}

/* What there is room for. */
static void put(struct directory *dir, const uint8_t hash[VAULT_HASH_BYTES],
                const struct intent *wanted)
{
        struct map_node *node = find(dir, hash);
        if (node)
                drop(dir, container_of(node, struct intent, node));
        struct intent *intent = pool_get(dir->intents, NULL);
        *intent = *wanted;
        memcpy(intent->hash, hash, sizeof intent->hash);
        map_add(&dir->intents_by_hash, &intent->node, key_of(intent));
}

/* One for each number that the party dials. */
struct dialled {
        uint8_t hashes[SESSION_SLOTS_MAX][VAULT_HASH_BYTES];
        unsigned count;
};

static void list_dialled(const struct directory *dir, const struct session *session, uint8_t place,
                         struct real_number caller, struct dialled *out)
{
        uint64_t slots = session_slots(session);
        out->count = 0;
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                bool dials = slots & UINT64_C(1) << slot &&
                             session_dialers(session, slot) & 1u << place &&
                             !number_is_none(session->slots[slot].n);
                if (dials)
                        vault_lookup_hash(dir->vault, session->tenant_id, session->slots[slot],
                                          caller, out->hashes[out->count++]);
        }
}

static bool has_room(const struct directory *dir, const struct dialled *dialled)
{
        uint32_t more = 0;
        for (unsigned i = 0; i < dialled->count; i++)
                more += !find(dir, dialled->hashes[i]);
        return more <= INTENTS_MAX - pool_used(dir->intents);
}

/* All or none. */
static int put_all(struct directory *dir, const struct session *session, uint8_t place,
                   struct real_number caller, int64_t until_ms)
{
        const struct intent wanted = {.session_id = session->id,
                                      .key_slot = session->key_slot,
                                      .place = place,
                                      .until_ms = until_ms};
        struct dialled dialled;
        list_dialled(dir, session, place, caller, &dialled);
        if (!has_room(dir, &dialled))
                sweep(dir);
        if (!has_room(dir, &dialled))
                return ERR_FULL;
        for (unsigned i = 0; i < dialled.count; i++)
                put(dir, dialled.hashes[i], &wanted);
        return 0;
}

/* Who may call is written down, though what it says is in memory alone. */
static void audit(struct directory *dir, const struct row *row, const struct session *session)
{
        struct session_view view;
        struct number_hint hints[SESSION_PARTIES_MAX];
        struct unit *unit = view_row(dir, row, &view) ? NULL : queue_take(dir, true);
        if (!unit) {
                queue_lost(dir, ERR_FULL);
                return;
        }
        view_hints(&view, hints);
        audit_entry_session_changed(unit_audit(unit), AUDIT_CHANGE_INTENT, session, hints,
                                    directory_now(dir));
        queue_add(dir, unit, NULL, NULL);
}

int directory_session_intent(struct directory *dir, uint64_t session_id, uint8_t place,
                             struct real_number caller, int64_t until_ms)
{
        const struct row *row = row_find(dir, session_id);
        if (!row_is_shown(row))
                return ERR_NOT_FOUND;
        if (row_state_at(row, directory_now(dir)) >= SESSION_ENDED)
                return ERR_STATE;
        const struct session *opened = row_open(dir, row);
        if (!opened)
                return ERR_SEALED;
        struct session *session = &dir->scratch->made;
        *session = *opened;
        row_close(dir);
        int err = place < session->party_count && session->parties[place].real_count
                          ? put_all(dir, session, place, caller, until_ms)
                          : ERR_NOT_FOUND;
        if (!err)
                audit(dir, row, session);
        explicit_bzero(session, sizeof *session);
        return err;
}
