/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "store/directory_impl.h"

void view_hints(const struct session_view *view, struct number_hint out[SESSION_PARTIES_MAX])
{
        for (unsigned i = 0; i < view->party_count; i++)
                out[i] = view->parties[i].hint;
}

static void view_parties(const struct directory *dir, const struct session *session, int64_t now_ms,
                         struct session_view *view)
{
        struct siphash_key hint_key = vault_hint_key(dir->vault, now_ms);
        for (unsigned i = 0; i < session->party_count; i++) {
                const struct session_party *party = &session->parties[i];
                unsigned slot = session_slot_of(session, (uint8_t)i);
                view->parties[i].real_count = party->real_count;
                view->parties[i].side = party->side;
                view->parties[i].has_pin = !pin_is_none(&party->pin);
                if (slot < SESSION_SLOTS_MAX)
                        view->parties[i].dials = session->slots[slot];
                if (party->real_count)
                        view->parties[i].hint = number_hint(party->real[0].n, &hint_key);
        }
        explicit_bzero(&hint_key, sizeof hint_key);
}

void view_session(const struct directory *dir, const struct session *session,
                  const struct row_life *life, struct slice reference, struct session_view *view)
{
        int64_t now_ms = directory_now(dir);
        *view = (struct session_view){
                .id = session->id,
                .tenant_id = session->tenant_id,
                .pool_id = session->pool_id,
                .model = session->model,
                .open = session->open,
                .state = session_state_at(session, now_ms),
                .created_ms = session->created_ms,
                .starts_ms = session->starts_ms,
                .expires_ms = session->expires_ms,
                .ended_ms = session_end_at(session, now_ms),
                .fixed_ms = life->fixed_ms,
                .sliding_ms = life->sliding_ms,
                .party_count = session->party_count,
        };
        view_parties(dir, session, now_ms, view);
        memcpy(view->slots, session->slots, sizeof view->slots);
        if (reference.len)
                memcpy(view->reference, reference.p, reference.len);
}

int view_row(const struct directory *dir, const struct row *row, struct session_view *view)
{
        const struct session *session = row_open(dir, row);
        if (!session)
                return ERR_SEALED;
        const struct row_life life = row_life(dir, row);
        view_session(dir, session, &life, row_reference(dir, row), view);
        row_close(dir);
        const struct row_use *use = row_use(dir, row);
        view->last_used_ms = use->last_used_ms;
        view->calls = row_calls(dir, row);
        return 0;
}

const struct pool_policy *directory_session_policy(const struct directory *dir, uint32_t tenant_id,
                                                   uint64_t session_id)
{
        const struct row *row = row_find(dir, session_id);
        return number_pool_policy(dir, tenant_id,
                                  row && row->tenant_id == tenant_id ? row->pool_id
                                                                     : DIRECTORY_DEFAULT_POOL);
}

int directory_session_end(struct directory *dir, uint64_t session_id, directory_done *done,
                          void *arg)
{
        int64_t now_ms = directory_now(dir);
        struct row *row = row_find(dir, session_id);
        if (!row_is_shown(row))
                return ERR_NOT_FOUND;
        if (row_state_at(row, now_ms) >= SESSION_ENDED)
                return ERR_STATE;
        struct unit *unit = row->undoable < ROW_UNDOABLE_MAX ? queue_take(dir, false) : NULL;
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

bool directory_session_lives(const struct directory *dir, uint64_t session_id)
{
        const struct row *row = row_find(dir, session_id);
        return row_is_shown(row) && row_state_at(row, directory_now(dir)) < SESSION_ENDED;
}

bool directory_session_has(const struct directory *dir, uint64_t session_id,
                           struct real_number number)
{
        const struct row *row = row_find(dir, session_id);
        if (!directory_session_lives(dir, session_id))
                return false;
        const struct session *session = row_open(dir, row);
        bool has = false;
        for (unsigned i = 0; session && i < session->party_count; i++)
                has |= session->parties[i].real_count &&
                       number_equal(session->parties[i].real[0].n, number.n);
        if (session)
                row_close(dir);
        return has;
}

int directory_session_find(const struct directory *dir, uint64_t session_id,
                           struct session_view *out)
{
        const struct row *row = row_find(dir, session_id);
        return row_is_shown(row) ? view_row(dir, row, out) : ERR_NOT_FOUND;
}

uint32_t directory_session_list(const struct directory *dir, uint32_t tenant_id, uint64_t before,
                                struct session_view *out, uint32_t max)
{
        uint32_t position = before ? roll_below(&dir->rows_roll, before) : dir->rows_roll.count;
        uint32_t written = 0;
        while (position > 0 && written < max) {
                const struct row *row = row_at(dir, --position);
                if (!row_is_shown(row) || (tenant_id && row->tenant_id != tenant_id))
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
