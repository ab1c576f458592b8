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
#define LOOKED_FOR_DECOY 16u

static const struct row *decoy(const struct directory *dir)
{
        uint32_t count = dir->rows_roll.count;
        for (uint32_t i = 0; i < count && i < LOOKED_FOR_DECOY; i++) {
                const struct row *row = row_at(dir, count - 1 - i);
                if (row->state != SESSION_ERASED)
                        return row;
        }
        return NULL;
}

/* A row that a call may be decided by, and as whose. */
struct found {
        const struct row *row; /* NULL: none */
        uint8_t acts_for;      /* place of the party that the caller is said to be; PARTY_NONE */
};

/*
 * By exact key before what was announced, before digits, before anyone. Each is looked for, whatever
 * was found: how long it takes tells nothing. What an erased session held leads nowhere, and not on to
 * the next: who dials it late means somebody else.
 */
static struct found find_row(const struct directory *dir, uint32_t tenant_id,
                             const struct route_call *call)
{
        struct route_key exact = {
                .by = ROUTE_EXACT, .dialled = call->dialled, .caller = call->caller};
        const struct route_key digits = {
                .by = ROUTE_DIGITS, .dialled = call->dialled, .digits = call->digits};
        const struct route_key anyone = {.by = ROUTE_ANYONE, .dialled = call->dialled};
        uint8_t hash[VAULT_HASH_BYTES];
        key_hash(dir, tenant_id, &exact, hash);
        explicit_bzero(&exact, sizeof exact);
        struct found found = {row_by_hash(dir, hash), PARTY_NONE};
        const struct intent *intent = intent_find(dir, hash, call->now_ms);
        const struct row *meant = intent ? row_find(dir, intent->session_id) : NULL;
        const struct row *by_digits = NULL;
        if (!pin_is_none(&call->digits))
                by_digits = row_by_key(dir, tenant_id, &digits);
        const struct row *by_any = row_by_key(dir, tenant_id, &anyone);
        if (!found.row && meant && meant->state != SESSION_ERASED &&
            meant->key_slot == intent->key_slot)
                found = (struct found){meant, intent->place};
        if (!found.row)
                found.row = by_digits ? by_digits : by_any;
        if (found.row && found.row->state == SESSION_ERASED)
                found.row = NULL;
        return found;
}

static void act_for(const struct session *session, uint8_t place, struct route_call *call)
{
        if (place < session->party_count && session->parties[place].real_count)
                call->acts_for = session->parties[place].real[0];
}

/* Of several, one whom the caller is not to be connected with is passed over. */
static bool route(const struct directory *dir, const struct session *session,
                  const struct session_use *use, const struct route_memory *memory,
                  struct route_call *call, struct mapping *out, bool *blocked)
{
        while (session_route(session, use, memory, call, out)) {
                *blocked = is_blocked(dir, session, out, call->caller);
                uint32_t reached = out->callee_party == PARTY_NONE ? 0 : 1u << out->callee_party;
                if (!*blocked || !(reached & ~call->apart))
                        return true;
                call->apart |= reached;
        }
        return false;
}

/* Reads the row that was found, or another one for show; the scratch memory is wiped after. */
static bool read_mapping(const struct directory *dir, const struct found *found,
                         const struct pool_policy *policy, struct route_call *call,
                         struct mapping *out, bool *blocked)
{
        const struct route_memory memory = {policy->affinity_ms, policy->last_caller_ms};
        const struct row *read = found->row ? found->row : decoy(dir);
        const struct session *session = read ? row_open(dir, read) : NULL;
        if (!session)
                return false;
        struct session_use use;
        use_read(dir, read, &use);
        act_for(session, found->acts_for, call);
        bool is_routed = route(dir, session, &use, &memory, call, out, blocked);
        row_close(dir);
        return found->row && is_routed;
}

static void hide_numbers(struct mapping *mapping)
{
        mapping->caller = mapping->connect_to = (struct real_number){{0}};
        mapping->show = (struct masking_number){{0}};
}

static struct route_call call_of(const struct directory *dir,
                                 const struct directory_question *question, uint32_t tenant_id)
{
        struct route_call call = {
                .dialled = question->dialled,
                .digits = question->pin,
                .reaches = question->reaches,
                .now_ms = directory_now(dir),
        };
        if (!question->caller_withheld)
                call.caller = question->caller;
        if (question->digits.len && question->digits.len <= VAULT_DIGITS_MAX)
                vault_digits_hash(dir->vault, tenant_id, question->digits, call.digits.bytes);
        return call;
}

/* Whom a stranger would reach, if the number is one session's alone and has one party to be asked. */
static const struct row *read_request(const struct directory *dir, const struct number_held *number,
                                      const struct route_call *call, struct mapping *out,
                                      bool *blocked)
{
        const struct row *row =
                number && number->row.sessions == 1 ? row_find(dir, number->holders) : NULL;
        const struct session *session = row ? row_open(dir, row) : NULL;
        if (!session)
                return NULL;
        bool is_routed = session_route_request(session, call, out);
        *blocked = is_routed && is_blocked(dir, session, out, call->caller);
        row_close(dir);
        return is_routed ? row : NULL;
}

static void count(const struct directory *dir, const struct directory_question *question,
                  const struct row *row, struct mask_question *asked)
{
        const struct mapping *mapping = asked->mapping ? asked->mapping : asked->request;
        asked->counts.digits_were_asked = question->digits_were_asked;
        if (mapping)
                asked->counts.session_calls = row_calls(dir, row);
        if (question->count)
                question->count(question->arg, mapping, asked->policy, &asked->counts);
}

/* A number that is shown must be the tenant's, or the leg is not made. */
static bool may_show(const struct directory *dir, const struct mapping *mapping, uint32_t tenant_id)
{
        const struct number_held *show = number_find(dir, mapping->show);
        if (show && show->row.tenant_id == tenant_id)
                return true;
        log_error("directory: session %" PRIu64 " would show a number that is not its tenant's",
                  mapping->session_id);
        return false;
}

void directory_decide(const struct directory *dir, const struct directory_question *question,
                      struct directory_decision *out)
{
        const struct number_held *number = number_find(dir, question->dialled);
        uint32_t tenant_id = number ? number->row.tenant_id : 0;
        struct route_call call = call_of(dir, question, tenant_id);
        struct mapping mapping = {0}, request = {0};
        const struct found found = find_row(dir, tenant_id, &call);
        const struct row *row = found.row;
        struct mask_question asked = {
                .dialled = call.dialled,
                .number_is_ours = number != NULL,
                .caller = call.caller,
                .now_ms = call.now_ms,
                .policy = number_pool_policy(dir, tenant_id,
                                             row      ? row->pool_id
                                             : number ? number->row.pool_id
                                                      : DIRECTORY_DEFAULT_POOL),
        };
        bool *blocked = &asked.counts.is_blocked;
        if (read_mapping(dir, &found, asked.policy, &call, &mapping, blocked) &&
            mask_admits(&asked, &mapping))
                asked.mapping = &mapping;
        else if (asked.policy->ladder & 1u << RUNG_REQUEST &&
                 (row = read_request(dir, number, &call, &request, blocked)))
                asked.request = &request;
        count(dir, question, row, &asked);
        enum mask_verdict verdict = mask_decide(&asked);
        if (verdict == MASK_CONNECT && !may_show(dir, &mapping, tenant_id))
                verdict = MASK_UNKNOWN_NUMBER;

        /* What it says about a session it says to a party alone. */
        bool is_party = asked.mapping && mask_verdict_is_of_session(verdict);
        *out = (struct directory_decision){
                .verdict = verdict,
                .has_mapping = is_party,
                .tenant_id = tenant_id,
                .policy = asked.policy,
        };
        if (verdict == MASK_CONNECT)
                out->show_trunk_id = number_find(dir, mapping.show)->row.trunk_id;
        else
                hide_numbers(&mapping);
        if (is_party)
                out->mapping = mapping;
        explicit_bzero(&mapping, sizeof mapping);
        explicit_bzero(&request, sizeof request);
        explicit_bzero(&call, sizeof call);
        explicit_bzero(&asked, sizeof asked);
}
