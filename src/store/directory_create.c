/* SPDX-License-Identifier: Apache-2.0 */
/* A new session; a repeated create is one session. */
#include <assert.h>
#include <string.h>

#include "store/directory_impl.h"

#define PIN_DIGITS_MIN 4
#define PIN_DIGITS_MAX 15

int directory_pin(const struct directory *dir, uint32_t tenant_id, struct slice digits,
                  struct pin_hash *out)
{
        if (digits.len < PIN_DIGITS_MIN || digits.len > PIN_DIGITS_MAX)
                return ERR_SYNTAX;
        for (size_t i = 0; i < digits.len; i++)
                if (digits.p[i] < '0' || digits.p[i] > '9')
                        return ERR_SYNTAX;
        vault_digits_hash(dir->vault, tenant_id, digits, out->bytes);
        return 0;
}

void session_create_party(struct session_create *create, struct real_number real)
{
        assert(create->party_count < SESSION_PARTIES_MAX);
        struct session_party *party = &create->parties[create->party_count++];
        *party = (struct session_party){.real = {real}, .real_count = 1};
}

static int check_reference(struct slice reference)
{
        if (reference.len >= SESSION_REFERENCE_MAX)
                return ERR_TOO_LARGE;
        return reference.len && memchr(reference.p, 0, reference.len) ? ERR_SYNTAX : 0;
}

static uint32_t pool_of(const struct session_create *create)
{
        return create->pool_id ? create->pool_id : DIRECTORY_DEFAULT_POOL;
}

static void begin_session(struct directory *dir, const struct session_create *create,
                          const struct pool_policy *policy, struct session *session)
{
        int64_t now_ms = directory_now(dir);
        *session = (struct session){
                .id = dir->next_session_id,
                .tenant_id = create->tenant_id,
                .pool_id = pool_of(create),
                .model = create->has_model ? create->model : (enum session_model)policy->model,
                .open = create->open,
                .state = create->starts_ms > now_ms ? SESSION_SCHEDULED : SESSION_ACTIVE,
                .created_ms = now_ms,
                .starts_ms = create->starts_ms ? create->starts_ms : now_ms,
                .party_count = create->party_count,
        };
        memcpy(session->parties, create->parties, sizeof session->parties);
        session_set_sides(session);
        if (create->reference.len)
                memcpy(session->reference, create->reference.p, create->reference.len);
}

static int check_parties(const struct session *session, struct session_refusal *refusal)
{
        refusal->fault = session_check(session);
        return refusal->fault.flaw == SESSION_SOUND ? 0 : ERR_SYNTAX;
}

/* Asked only of a new session: a repeated create may come when the first one is over. */
static int set_times(const struct directory *dir, const struct session_create *create,
                     const struct pool_policy *policy, struct session *session,
                     struct row_life *life)
{
        int64_t now_ms = directory_now(dir);
        int64_t from_ms = session->starts_ms > now_ms ? session->starts_ms : now_ms;
        int err = pool_policy_expiry(policy, from_ms, create->expires_ms, &life->fixed_ms);
        if (err)
                return err;
        if (life->fixed_ms && life->fixed_ms <= from_ms)
                return ERR_RANGE;
        life->sliding_ms = policy->sliding_ms;
        session->expires_ms = pool_policy_slides_to(policy, life->fixed_ms, from_ms);
        return 0;
}

/* What is not given is not compared; of drawn digits only that there are some can be asked. */
static bool is_same_pin(const struct session_create *create, unsigned party,
                        const struct pin_hash *pin, const struct pin_hash *asked)
{
        if (create->drawn_pins & 1u << party)
                return !pin_is_none(pin);
        return pin_is_none(asked) || pin_equal(pin, asked);
}

/* Same parties in the same order, and the same numbers if any were asked for. */
static bool is_same_request(const struct session *session, const struct session *asked,
                            const struct session_create *create)
{
        if (session->party_count != asked->party_count || session->model != asked->model ||
            session->open != asked->open)
                return false;
        for (unsigned i = 0; i < session->party_count; i++) {
                const struct session_party *party = &session->parties[i], *wanted;
                wanted = &asked->parties[i];
                if (party->real_count != wanted->real_count || party->side != wanted->side ||
                    !is_same_pin(create, i, &party->pin, &wanted->pin))
                        return false;
                for (unsigned real = 0; real < party->real_count; real++)
                        if (!number_equal(party->real[real].n, wanted->real[real].n))
                                return false;
        }
        for (unsigned i = 0; i < SESSION_SLOTS_MAX; i++)
                if (!number_is_none(create->given[i].n) &&
                    !number_equal(session->slots[i].n, create->given[i].n))
                        return false;
        return true;
}

static int repeat(struct directory *dir, const struct session_create *create,
                  const struct session *asked, const struct row *row, struct session_view *view,
                  directory_done *done, void *arg)
{
        const struct session *session = row_open(dir, row);
        if (!session)
                return ERR_SEALED;
        bool same = is_same_request(session, asked, create);
        row_close(dir);
        if (!same)
                return ERR_CONFLICT;
        if (create->is_trial)
                return 0;

        /* An empty unit: it is answered when all before it is on disk. */
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;
        int err = view_row(dir, row, view);
        if (err) {
                queue_give_back(dir, unit);
                return err;
        }
        queue_add(dir, unit, done, arg);
        return 0;
}

static struct row *find_known(struct directory *dir, const struct session_create *create)
{
        if (create->reference.len == 0)
                return NULL;
        struct row *row = row_by_reference(dir, create->tenant_id, create->reference);
        return row && !row_release(dir, row) ? row : NULL;
}

static int choose_numbers(struct directory *dir, const struct session_create *create,
                          const struct pool_policy *policy, struct session *session,
                          struct session_refusal *refusal)
{
        struct pick pick;
        pick_init(&pick, session, policy);
        memcpy(pick.request.wish, create->wish, sizeof pick.request.wish);
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                if (number_is_none(create->given[slot].n) ||
                    !(pick.request.wanted & UINT64_C(1) << slot))
                        continue;
                int err = pick_given(dir, session, create->given[slot], &pick.request.given[slot]);
                if (err)
                        return err;
        }
        history_tell(dir, session, &pick.request);
        int err = pick_numbers(dir, session, &pick);
        refusal->outcome = pick.outcome;
        return err;
}

/* All that can be said before anything is taken. */
static int prepare(struct directory *dir, const struct session_create *create,
                   const struct pool_policy *policy, struct session *session, struct row_life *life,
                   struct session_refusal *refusal)
{
        int err = set_times(dir, create, policy, session, life);
        if (err)
                return err;
        if (pool_used(dir->rows) == pool_capacity(dir->rows) || session->id > PUBLIC_ID_MAX)
                return ERR_FULL;
        return choose_numbers(dir, create, policy, session, refusal);
}

/* Memory first; `session` holds the parties in the clear and is wiped by the caller. */
static int take_in(struct directory *dir, const struct session_create *create,
                   const struct pool_policy *policy, struct session *session,
                   struct session_refusal *refusal, struct row **out)
{
        struct row_life life = {0};
        int err = prepare(dir, create, policy, session, &life, refusal);
        if (err)
                return err;
        err = vault_key_new(dir->vault, &session->key_slot);
        if (err)
                return err;
        err = row_add(dir, session, &life, NULL, out);
        if (err)
                vault_key_shred(dir->vault, session->key_slot);
        return err;
}

static int try_new(struct directory *dir, const struct session_create *create,
                   const struct pool_policy *policy, struct session *session,
                   struct session_refusal *refusal)
{
        struct row_life life = {0};
        return prepare(dir, create, policy, session, &life, refusal);
}

static int create_new(struct directory *dir, const struct session_create *create,
                      const struct pool_policy *policy, struct session *session,
                      struct session_view *view, struct session_refusal *refusal,
                      directory_done *done, void *arg)
{
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;
        struct row *row;
        int err = take_in(dir, create, policy, session, refusal, &row);
        if (err) {
                queue_give_back(dir, unit);
                return err;
        }
        dir->next_session_id++;
        row->undoable++;
        const struct row_life life = row_life(dir, row);
        view_session(dir, session, &life, create->reference, view);
        row_to_store(dir, row, &unit_change(unit, STORE_ADD_SESSION)->session);
        struct number_hint hints[SESSION_PARTIES_MAX];
        view_hints(view, hints);
        audit_entry_session_created(unit_audit(unit), session, hints, session->created_ms);
        queue_add(dir, unit, done, arg);
        rows_watch(dir);
        return 0;
}

int directory_session_create(struct directory *dir, const struct session_create *create,
                             struct session_view *view, bool *repeated,
                             struct session_refusal *refusal, directory_done *done, void *arg)
{
        assert(create->tenant_id != 0);
        struct session_refusal unread;
        if (!refusal)
                refusal = &unread;
        *refusal = (struct session_refusal){.fault.party = PARTY_NONE};
        int err = check_reference(create->reference);
        if (err)
                return err;
        const struct number_pool *pool = number_pool_get(dir, create->tenant_id, pool_of(create));
        if (!pool)
                return create->pool_id > DIRECTORY_DEFAULT_POOL ? ERR_NOT_FOUND : ERR_FULL;

        struct session *session = &dir->scratch->made;
        begin_session(dir, create, &pool->row.policy, session);
        err = check_parties(session, refusal);
        struct row *known = err ? NULL : find_known(dir, create);
        if (known)
                err = repeat(dir, create, session, known, view, done, arg);
        else if (!err && create->is_trial)
                err = try_new(dir, create, &pool->row.policy, session, refusal);
        else if (!err)
                err = create_new(dir, create, &pool->row.policy, session, view, refusal, done, arg);
        explicit_bzero(session, sizeof *session);
        if (!err)
                *repeated = known != NULL;
        return err;
}
