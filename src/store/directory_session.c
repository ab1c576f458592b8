/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "core/alloc.h"
#include "store/directory_impl.h"

#define DEFAULT_POOL 1

static void fill_view(const struct directory *dir, const struct session *session,
                      struct slice reference, struct session_view *view)
{
        int64_t now_ms = directory_now(dir);
        struct siphash_key hint_key = vault_hint_key(dir->vault, now_ms);
        *view = (struct session_view){
                .id = session->id,
                .tenant_id = session->tenant_id,
                .state = session_state_at(session, now_ms),
                .created_ms = session->created_ms,
                .starts_ms = session->starts_ms,
                .expires_ms = session->expires_ms,
                .ended_ms = session_end_at(session, now_ms),
                .party_count = session->party_count,
        };
        for (unsigned i = 0; i < session->party_count; i++) {
                view->dials[i] = session->slots[session_slot_of(session, (uint8_t)i)];
                view->hint[i] = number_hint(session->parties[i].real[0].n, &hint_key);
        }
        if (reference.len)
                memcpy(view->reference, reference.p, reference.len);
        explicit_bzero(&hint_key, sizeof hint_key);
}

static struct slice reference_of(const struct directory *dir, const struct row *row)
{
        if (row->reference == SLOT_NONE)
                return SLICE_NONE;
        const struct reference *reference = pool_at(dir->references, row->reference);
        assert(reference);
        return (struct slice){reference->key + 4, reference->key_bytes - 4};
}

static int view_row(const struct directory *dir, const struct row *row, struct session_view *view)
{
        const struct session *session = row_open(dir, row);
        if (!session)
                return ERR_SEALED;
        fill_view(dir, session, reference_of(dir, row), view);
        row_close(dir);
        return 0;
}

static int check_reference(struct slice reference)
{
        if (reference.len >= SESSION_REFERENCE_MAX)
                return ERR_TOO_LARGE;
        return reference.len && memchr(reference.p, 0, reference.len) ? ERR_SYNTAX : 0;
}

static int check_create(const struct session_create *create)
{
        assert(create->tenant_id != 0);
        assert(!number_is_none(create->party[0].n));
        assert(!number_is_none(create->party[1].n));
        if (number_equal(create->party[0].n, create->party[1].n))
                return ERR_CONFLICT;
        return check_reference(create->reference);
}

/* Asked only of a new session: a repeated create may come when the first one is over. */
static int check_times(const struct directory *dir, const struct session_create *create)
{
        int64_t now_ms = directory_now(dir);
        int64_t starts_ms = create->starts_ms > now_ms ? create->starts_ms : now_ms;
        return create->expires_ms && create->expires_ms <= starts_ms ? ERR_RANGE : 0;
}

/* Which numbers are free: what alloc_pick asks. Numbers go by their slots. */
struct choice {
        struct directory *dir;
        const struct session_create *create;
        const struct number_pool *pool; /* NULL: the tenant has none */
};

static struct number_held *number_at_slot(const struct choice *choice, uint32_t slot)
{
        struct number_held *number = pool_at(choice->dir->numbers, slot);
        assert(number);
        return number;
}

static uint32_t slot_of(const struct choice *choice, struct list *use)
{
        if (use == &choice->pool->numbers)
                return ALLOC_NONE;
        struct number_held *number = container_of(use, struct number_held, use);
        return pool_handle(choice->dir->numbers, number).index;
}

static uint32_t first_number(void *arg)
{
        const struct choice *choice = arg;
        return choice->pool ? slot_of(choice, choice->pool->numbers.next) : ALLOC_NONE;
}

static uint32_t next_number(void *arg, uint32_t after)
{
        const struct choice *choice = arg;
        return slot_of(choice, number_at_slot(choice, after)->use.next);
}

static bool is_free(void *arg, uint32_t slot, unsigned party)
{
        const struct choice *choice = arg;
        return pair_is_free(choice->dir, choice->create->tenant_id,
                            number_at_slot(choice, slot)->row.number, choice->create->party[party]);
}

static const struct number_traits *traits_of(void *arg, uint32_t slot)
{
        static const struct number_traits voice = {.capabilities = 1 << CAN_VOICE};
        (void)arg;
        (void)slot;
        return &voice;
}

static int find_given(const struct choice *choice, uint32_t given[])
{
        for (unsigned i = 0; i < 2; i++) {
                if (number_is_none(choice->create->given[i].n))
                        continue;
                struct number_held *number = number_find(choice->dir, choice->create->given[i]);
                if (!number || number->row.tenant_id != choice->create->tenant_id)
                        return ERR_NOT_FOUND;
                given[i] = pool_handle(choice->dir->numbers, number).index;
        }
        return 0;
}

static int choose_numbers(struct directory *dir, const struct session_create *create,
                          struct session *session)
{
        struct choice choice = {dir, create,
                                number_pool_find(dir, create->tenant_id, session->pool_id)};
        uint32_t chosen[SESSION_SLOTS_MAX];
        struct alloc_request request;
        struct alloc_outcome outcome;
        alloc_request_init(&request, session, &dir->policy);
        int err = find_given(&choice, request.given);
        if (err)
                return err;

        const struct alloc_pool pool = {first_number, next_number, traits_of, is_free, &choice};
        err = alloc_pick(&pool, &request, chosen, &outcome);
        if (err)
                return err;
        for (unsigned i = 0; i < 2; i++)
                session->slots[i] = number_at_slot(&choice, chosen[i])->row.number;
        return 0;
}

static void begin_session(const struct directory *dir, const struct session_create *create,
                          struct session *session)
{
        int64_t now_ms = directory_now(dir);
        *session = (struct session){
                .id = dir->next_session_id,
                .tenant_id = create->tenant_id,
                .pool_id = DEFAULT_POOL,
                .state = create->starts_ms > now_ms ? SESSION_SCHEDULED : SESSION_ACTIVE,
                .created_ms = now_ms,
                .starts_ms = create->starts_ms ? create->starts_ms : now_ms,
                .expires_ms = create->expires_ms,
                .parties = {{.real = {create->party[0]}, .real_count = 1},
                            {.real = {create->party[1]}, .real_count = 1}},
                .party_count = 2,
        };
        session_set_sides(session);
        if (create->reference.len)
                memcpy(session->reference, create->reference.p, create->reference.len);
}

static struct store_session stored_form(const struct session *session, const struct row *row)
{
        struct store_session stored = {
                .id = session->id,
                .tenant_id = session->tenant_id,
                .pool_id = session->pool_id,
                .state = session->state,
                .created_ms = session->created_ms,
                .starts_ms = session->starts_ms,
                .expires_ms = session->expires_ms,
                .key_slot = session->key_slot,
                .sealed_bytes = row->sealed_bytes,
        };
        memcpy(stored.reference, session->reference, sizeof stored.reference);
        memcpy(stored.sealed, row->sealed, row->sealed_bytes);
        return stored;
}

/* Same parties in the same order, and the same numbers if any were asked for. */
static bool is_same_request(const struct session *session, const struct session_create *create)
{
        for (unsigned i = 0; i < 2; i++) {
                const struct session_party *party = &session->parties[i];
                if (!number_equal(party->real[0].n, create->party[i].n))
                        return false;
                if (!number_is_none(create->given[i].n) &&
                    !number_equal(session->slots[i].n, create->given[i].n))
                        return false;
        }
        return true;
}

static int repeat(struct directory *dir, const struct session_create *create, const struct row *row,
                  struct session_view *view, directory_done *done, void *arg)
{
        const struct session *session = row_open(dir, row);
        if (!session)
                return ERR_SEALED;
        bool same = is_same_request(session, create);
        row_close(dir);
        if (!same)
                return ERR_CONFLICT;

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

/* Memory first; `session` holds the parties in the clear and is wiped by the caller. */
static int take_in(struct directory *dir, const struct session_create *create,
                   struct session *session, struct row **out)
{
        begin_session(dir, create, session);
        if (pool_used(dir->rows) == pool_capacity(dir->rows) || session->id > PUBLIC_ID_MAX)
                return ERR_FULL;
        int err = choose_numbers(dir, create, session);
        if (err)
                return err;
        err = vault_key_new(dir->vault, &session->key_slot);
        if (err)
                return err;
        err = row_add(dir, session, NULL, out);
        if (err)
                vault_key_shred(dir->vault, session->key_slot);
        return err;
}

int directory_session_create(struct directory *dir, const struct session_create *create,
                             struct session_view *view, bool *repeated, directory_done *done,
                             void *arg)
{
        int err = check_create(create);
        if (err)
                return err;
        struct row *known = find_known(dir, create);
        if (known) {
                err = repeat(dir, create, known, view, done, arg);
                *repeated = err ? *repeated : true;
                return err;
        }
        err = check_times(dir, create);
        if (err)
                return err;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        struct session *session = &dir->scratch->made;
        struct row *row;
        err = take_in(dir, create, session, &row);
        if (err) {
                queue_give_back(dir, unit);
                explicit_bzero(session, sizeof *session);
                return err;
        }
        dir->next_session_id++;
        row->undoable++;
        fill_view(dir, session, create->reference, view);
        *repeated = false;
        unit_change(unit, STORE_ADD_SESSION)->session = stored_form(session, row);
        audit_entry_session_created(unit_audit(unit), session, view->hint, session->created_ms);
        explicit_bzero(session, sizeof *session);
        queue_add(dir, unit, done, arg);
        rows_watch(dir);
        return 0;
}

int directory_session_end(struct directory *dir, uint64_t session_id, directory_done *done,
                          void *arg)
{
        int64_t now_ms = directory_now(dir);
        struct row *row = row_find(dir, session_id);
        if (!row)
                return ERR_NOT_FOUND;
        if (row_state_at(row, now_ms) >= SESSION_ENDED)
                return ERR_STATE;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        row_set_ended(dir, row, now_ms);
        row->undoable++;
        struct store_change *change = unit_change(unit, STORE_SET_SESSION_STATE);
        change->session.id = row->id;
        change->session.tenant_id = row->tenant_id;
        change->session.state = SESSION_ENDED;
        change->session.ended_ms = now_ms;
        audit_entry_session_ended(unit_audit(unit), row->tenant_id, row->id, now_ms,
                                  AUDIT_END_ORDER, now_ms);
        queue_add(dir, unit, done, arg);
        rows_watch(dir);
        return 0;
}

int directory_session_find(const struct directory *dir, uint64_t session_id,
                           struct session_view *out)
{
        const struct row *row = row_find(dir, session_id);
        return row ? view_row(dir, row, out) : ERR_NOT_FOUND;
}

uint32_t directory_session_list(const struct directory *dir, uint32_t tenant_id, uint64_t before,
                                struct session_view *out, uint32_t max)
{
        uint32_t position = before ? roll_below(&dir->rows_roll, before) : dir->rows_roll.count;
        uint32_t written = 0;
        while (position > 0 && written < max) {
                const struct row *row = row_at(dir, --position);
                if (tenant_id && row->tenant_id != tenant_id)
                        continue;
                if (!view_row(dir, row, &out[written]))
                        written++;
        }
        return written;
}

struct session_id_text session_id_format(const struct directory *dir, uint64_t session_id)
{
        struct session_id_text text = {"s_"};
        public_id_format(&dir->id_key, session_id, text.text + 2);
        return text;
}

int session_id_parse(const struct directory *dir, struct slice text, uint64_t *out)
{
        if (!slice_starts_with(text, SLICE("s_")))
                return ERR_SYNTAX;
        return public_id_parse(&dir->id_key, (struct slice){text.p + 2, text.len - 2}, out);
}
