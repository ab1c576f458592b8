/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "core/mask.h"
#include "store/directory_impl.h"

/*
 * What is opened when nothing was found, so that a stranger's refusal costs the same steps as a
 * former party's: one hash, one probe, one unsealing. Without any session there is nothing to tell.
 */
static const struct row *decoy(const struct directory *dir)
{
        return dir->rows_roll.count ? row_at(dir, dir->rows_roll.count - 1) : NULL;
}

static const struct row *probe(const struct directory *dir, uint32_t tenant_id,
                               struct masking_number dialled, struct real_number caller)
{
        uint8_t hash[VAULT_HASH_BYTES];
        uint32_t slot;
        vault_lookup_hash(dir->vault, tenant_id, dialled, caller, hash);
        return index_find(&dir->index, hash, &slot) ? pool_at(dir->rows, slot) : NULL;
}

/* Reads the row that was found, or another one for show; the scratch memory is wiped after. */
static bool read_mapping(const struct directory *dir, const struct row *row,
                         const struct route_call *call, struct mapping *out)
{
        static const struct route_memory nothing_counts = {0};
        const struct row *read = row ? row : decoy(dir);
        const struct session *session = read ? row_open(dir, read) : NULL;
        if (!session)
                return false;
        bool found = session_route(session, NULL, &nothing_counts, call, out);
        row_close(dir);
        return row && found;
}

static void hide_numbers(struct mapping *mapping)
{
        mapping->caller = mapping->connect_to = (struct real_number){{0}};
        mapping->show = (struct masking_number){{0}};
}

void directory_decide(const struct directory *dir, struct masking_number dialled,
                      struct real_number caller, bool caller_withheld,
                      struct directory_decision *out)
{
        const struct number_held *number = number_find(dir, dialled);
        uint32_t tenant_id = number ? number->row.tenant_id : 0;
        if (caller_withheld)
                caller = (struct real_number){{0}};

        struct mapping mapping = {0};
        const struct route_call call = {
                .dialled = dialled, .caller = caller, .now_ms = directory_now(dir)};
        const struct row *row = probe(dir, tenant_id, dialled, caller);
        bool has = read_mapping(dir, row, &call, &mapping);
        const struct mask_question question = {
                .mapping = has ? &mapping : NULL,
                .dialled = dialled,
                .number_is_ours = number != NULL,
                .caller = caller,
                .now_ms = call.now_ms,
                .policy = &dir->policy,
        };
        enum mask_verdict verdict = mask_decide(&question);

        const struct number_held *show = number_find(dir, mapping.show);
        bool ours = show && show->row.tenant_id == tenant_id;
        if (verdict == MASK_CONNECT && !ours) {
                /* A number that is shown must be the tenant's, or the leg is not made. */
                log_error("directory: session %" PRIu64
                          " would show a number that is not its tenant's",
                          mapping.session_id);
                verdict = MASK_UNKNOWN_NUMBER;
        }
        /* What it says about a session it says to a party alone. */
        bool is_party = has && mask_verdict_is_of_session(verdict);
        if (verdict != MASK_CONNECT)
                hide_numbers(&mapping);
        *out = (struct directory_decision){
                .verdict = verdict,
                .has_mapping = is_party,
                .tenant_id = tenant_id,
                .show_trunk_id = verdict == MASK_CONNECT ? show->row.trunk_id : 0,
        };
        if (is_party)
                out->mapping = mapping;
        explicit_bzero(&mapping, sizeof mapping);
}
