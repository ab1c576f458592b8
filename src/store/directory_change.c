/* SPDX-License-Identifier: Apache-2.0 */
/* What is changed of a session that lives, or lives again. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/session_change.h"
#include "store/directory_change.h"
#include "store/directory_impl.h"
#include "store/directory_wish.h"

#define BIT(i) (UINT64_C(1) << (i))

/* A change under way: in memory, and what is needed to take it back. */
struct change {
        struct directory *dir;
        struct row *row;
        struct session *session; /* in scratch: as it will be */
        struct row_life life;
        struct unit *unit;
        struct row_before *before;
        uint8_t place; /* of the party that is edited */
        enum audit_change what;
        bool rekeys; /* what is sealed now shall not be read any more */
};

/* The session as it is, to be changed. */
static int begin(struct change *c, struct directory *dir, uint64_t session_id)
{
        *c = (struct change){.dir = dir, .row = row_find(dir, session_id)};
        if (!row_is_shown(c->row))
                return ERR_NOT_FOUND;
        const struct session *opened = row_open(dir, c->row);
        if (!opened)
                return ERR_SEALED;
        c->session = &dir->scratch->made;
        *c->session = *opened;
        row_close(dir);
        c->life = row_life(dir, c->row);
        return 0;
}

static void end(struct change *c)
{
        explicit_bzero(&c->dir->scratch->made, sizeof c->dir->scratch->made);
        explicit_bzero(&c->dir->scratch->left, sizeof c->dir->scratch->left);
}

static bool lives(const struct change *c)
{
        return row_state_at(c->row, directory_now(c->dir)) < SESSION_ENDED;
}

static void view_change(const struct change *c, struct session_view *view)
{
        int err = view_row(c->dir, c->row, view);
        assert(!err); /* it has just been sealed */
        (void)err;
}

static void give_up(struct change *c)
{
        free(c->before);
        if (c->unit)
                queue_give_back(c->dir, c->unit);
}

static int reserve(struct change *c)
{
        c->before = malloc(sizeof *c->before);
        c->unit = c->before ? queue_take(c->dir, false) : NULL;
        if (c->unit)
                return 0;
        int err = c->before ? ERR_FULL : -ENOMEM;
        give_up(c);
        return err;
}

static int apply(struct change *c)
{
        uint64_t old_key = c->session->key_slot;
        int err = c->rekeys ? vault_key_new(c->dir->vault, &c->session->key_slot) : 0;
        if (err)
                return err;
        err = row_change(c->dir, c->row, c->session, &c->life, c->before);
        if (err && c->rekeys)
                vault_key_shred(c->dir->vault, c->session->key_slot);
        if (err)
                c->session->key_slot = old_key;
        return err;
}

/* What it loses, as a row of its own. NULL in `out`: nothing. */
static int leave_behind(struct change *c, struct session *left, struct row **out)
{
        struct directory *dir = c->dir;
        int64_t now_ms = directory_now(dir);
        left->id = dir->next_session_id;
        left->state = SESSION_ENDED;
        left->created_ms = left->starts_ms = left->ended_ms = now_ms;
        left->expires_ms = 0;
        left->reference[0] = '\0';
        if (pool_used(dir->rows) == pool_capacity(dir->rows) || left->id > PUBLIC_ID_MAX)
                return ERR_FULL;
        int err = vault_key_new(dir->vault, &left->key_slot);
        if (err)
                return err;
        const struct row_life life = {.origin = c->row->id};
        err = row_add(dir, left, &life, NULL, out);
        if (err) {
                vault_key_shred(dir->vault, left->key_slot);
                return err;
        }
        dir->next_session_id++;
        (*out)->undoable++;
        return 0;
}

static void submit(struct change *c, const struct row *left, directory_done *done, void *arg)
{
        struct session_view view;
        struct number_hint hints[SESSION_PARTIES_MAX];
        view_change(c, &view);
        view_hints(&view, hints);
        c->unit->before = c->before;
        row_to_store(c->dir, c->row, &unit_change(c->unit, STORE_SET_SESSION)->session);
        if (left)
                row_to_store(c->dir, left, &unit_change(c->unit, STORE_ADD_SESSION)->session);
        audit_entry_session_changed(unit_audit(c->unit), c->what, c->session, hints,
                                    directory_now(c->dir));
        queue_add(c->dir, c->unit, done, arg);
        rows_watch(c->dir);
}

/* `left` is NULL when nothing can be lost. */
static int commit(struct change *c, struct session *left, directory_done *done, void *arg)
{
        int err = reserve(c);
        if (err)
                return err;
        err = apply(c);
        if (err) {
                give_up(c);
                return err;
        }
        struct row *tombstone = NULL;
        if (left)
                err = leave_behind(c, left, &tombstone);
        if (err) {
                row_change_back(c->dir, c->row->id, c->before);
                give_up(c);
                return err;
        }
        submit(c, tombstone, done, arg);
        return 0;
}

static int set_party(struct session *session, uint8_t place, const struct session_party *party,
                     bool has_side)
{
        uint8_t side = session->parties[place].side;
        session->parties[place] = *party;
        if (!has_side)
                session->parties[place].side = side;
        session_set_sides(session);
        return 0;
}

static int add_party(struct session *session, const struct session_party *party, uint8_t *place)
{
        int err = session_place(session, place);
        if (err)
                return err;
        if (*place == session->party_count)
                session->party_count++;
        return set_party(session, *place, party, true);
}

static bool has_party(const struct session *session, uint8_t place)
{
        return place < session->party_count && session->parties[place].real_count > 0;
}

static int edit_parties(struct change *c, const struct session_edit *edit)
{
        struct session *session = c->session;
        struct session_party *party = &session->parties[edit->place % SESSION_PARTIES_MAX];
        bool is_of_party = edit->kind != EDIT_ADD_PARTY && edit->kind != EDIT_SWAP_NUMBER &&
                           edit->kind != EDIT_FORGET_CALLER;
        if (is_of_party && !has_party(session, edit->place))
                return ERR_NOT_FOUND;
        c->place = edit->place % SESSION_PARTIES_MAX;
        switch (edit->kind) {
        case EDIT_ADD_PARTY:
                c->what = AUDIT_CHANGE_PARTY;
                return add_party(session, &edit->party, &c->place);
        case EDIT_REMOVE_PARTY:
                c->what = AUDIT_CHANGE_PARTY;
                c->rekeys = true;
                session_remove_party(session, edit->place);
                return 0;
        case EDIT_REPLACE_PARTY:
                c->what = AUDIT_CHANGE_PARTY;
                c->rekeys = true;
                /* Who called the one before has not called this one. */
                session->last_caller = (struct real_number){{0}};
                session->last_caller_ms = 0;
                return set_party(session, edit->place, &edit->party, false);
        case EDIT_ADD_ALIAS:
                c->what = AUDIT_CHANGE_ALIAS;
                return session_add_alias(session, edit->place, edit->party.real[0]);
        case EDIT_REMOVE_ALIAS:
                c->what = AUDIT_CHANGE_ALIAS;
                c->rekeys = true;
                return session_remove_alias(session, edit->place, edit->party.real[0]);
        case EDIT_SET_PIN:
                c->what = AUDIT_CHANGE_PIN;
                party->pin = edit->party.pin;
                return 0;
        case EDIT_SWAP_NUMBER:
                c->what = AUDIT_CHANGE_NUMBER;
                return 0;
        case EDIT_FORGET_CALLER:
                c->what = AUDIT_CHANGE_FORGOT;
                c->rekeys = true;
                session->last_caller = (struct real_number){{0}};
                session->last_caller_ms = 0;
                return 0;
        }
        return 0;
}

/* Whether another session has a key that the slot has now. */
static bool is_held_elsewhere(const struct change *c, unsigned slot)
{
        struct route_walk walk = {.session = c->session, .slot = slot};
        struct route_key key;
        while (route_next_of_slot(&walk, c->session->slots[slot], &key)) {
                const struct row *holder = row_by_key(c->dir, c->session->tenant_id, &key);
                if (holder && holder != c->row &&
                    !key_is_free(c->dir, c->session->tenant_id, &key)) {
                        explicit_bzero(&key, sizeof key);
                        return true;
                }
        }
        return false;
}

/* Slots that are one party's alone may move to a number that is free for the one who came. */
static bool may_move(const struct session *session)
{
        return session->model == MODEL_TWO_NUMBERS || session->model == MODEL_GROUP;
}

static uint64_t wanted_slots(const struct change *c, const struct session_edit *edit)
{
        const struct session *session = c->session;
        uint64_t all = session_slots(session), wanted = 0;
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                if (!(all & BIT(slot)))
                        continue;
                bool is_empty = number_is_none(session->slots[slot].n);
                bool is_lost = !is_empty && edit->kind != EDIT_SWAP_NUMBER && may_move(session) &&
                               is_held_elsewhere(c, slot);
                if (is_empty || is_lost || (edit->kind == EDIT_SWAP_NUMBER && edit->slot == slot))
                        wanted |= BIT(slot);
        }
        return wanted;
}

static int keep_number(const struct change *c, unsigned slot, struct pick *pick)
{
        struct masking_number number = c->session->slots[slot];
        if (number_is_none(number.n))
                return 0;
        return pick_held(c->dir, c->session, number, &pick->request.given[slot]);
}

/* The one that is given, or another one of the pool: the one that is given up is free for it, too. */
static int swap_number(const struct change *c, const struct session_edit *edit, uint64_t wanted,
                       struct pick *pick)
{
        if (edit->slot >= SESSION_SLOTS_MAX || !(wanted & BIT(edit->slot)))
                return ERR_NOT_FOUND;
        if (!number_is_none(edit->number.n))
                return pick_given(c->dir, c->session, edit->number,
                                  &pick->request.given[edit->slot]);
        pick->given_up_slot = edit->slot;
        return pick_held(c->dir, c->session, c->session->slots[edit->slot], &pick->given_up);
}

static int pick_slots(struct change *c, const struct session_edit *edit,
                      struct session_refusal *refusal)
{
        uint64_t wanted = wanted_slots(c, edit);
        struct pick pick;
        pick_init(&pick, c->session,
                  number_pool_policy(c->dir, c->session->tenant_id, c->session->pool_id));
        pick.request.wanted &= wanted;
        wish_of_edit(c->dir, c->session, edit, c->place, &pick.request);
        int err = 0;
        for (unsigned slot = 0; !err && slot < SESSION_SLOTS_MAX; slot++)
                if (!(wanted & BIT(slot)))
                        err = keep_number(c, slot, &pick);
        if (!err && edit->kind == EDIT_SWAP_NUMBER)
                err = swap_number(c, edit, wanted, &pick);
        if (err || !wanted)
                return err;
        err = pick_numbers(c->dir, c->session, &pick);
        refusal->outcome = pick.outcome;
        return err;
}

static bool is_same(const struct session *a, const struct session *b)
{
        uint8_t left[SESSION_PLAIN_MAX], right[SESSION_PLAIN_MAX];
        struct buf l, r;
        buf_init(&l, left, sizeof left);
        buf_init(&r, right, sizeof right);
        session_encode(a, &l);
        session_encode(b, &r);
        bool same = slice_equal(buf_slice(&l), buf_slice(&r));
        explicit_bzero(left, sizeof left);
        explicit_bzero(right, sizeof right);
        return same;
}

/* What goes, in the scratch memory; NULL: nothing does. */
static int remainder_of(struct change *c, struct session **out, bool *same)
{
        struct session *left = &c->dir->scratch->left;
        const struct session *before = row_open(c->dir, c->row);
        if (!before)
                return ERR_SEALED;
        *same = is_same(before, c->session);
        int err = session_remainder(before, c->session, left);
        row_close(c->dir);
        *out = err ? NULL : left;
        return err == ERR_NOT_FOUND ? 0 : err;
}

/* An answer that comes when all before it is on disk. */
static int answer_later(struct change *c, directory_done *done, void *arg)
{
        struct unit *unit = queue_take(c->dir, false);
        if (!unit)
                return ERR_FULL;
        queue_add(c->dir, unit, done, arg);
        return 0;
}

static int edit_session(struct change *c, const struct session_edit *edit,
                        struct session_refusal *refusal, directory_done *done, void *arg)
{
        if (!lives(c))
                return ERR_STATE;
        int err = edit_parties(c, edit);
        if (err == ERR_FULL) {
                refusal->fault.flaw = SESSION_TOO_MANY;
                return ERR_SYNTAX;
        }
        if (err)
                return err;
        refusal->fault = session_check(c->session);
        if (refusal->fault.flaw != SESSION_SOUND)
                return ERR_SYNTAX;
        err = pick_slots(c, edit, refusal);
        if (err)
                return err;
        struct session *left;
        bool same;
        err = remainder_of(c, &left, &same);
        if (err)
                return err;
        return same ? answer_later(c, done, arg) : commit(c, left, done, arg);
}

int directory_session_edit(struct directory *dir, uint64_t session_id,
                           const struct session_edit *edit, struct session_view *view,
                           struct session_refusal *refusal, directory_done *done, void *arg)
{
        struct change c;
        struct session_refusal unread;
        if (!refusal)
                refusal = &unread;
        *refusal = (struct session_refusal){.fault.party = PARTY_NONE};
        int err = begin(&c, dir, session_id);
        if (!err)
                err = edit_session(&c, edit, refusal, done, arg);
        if (!err)
                view_change(&c, view);
        end(&c);
        return err;
}

/* As for one that is created now. */
static int set_times(struct change *c, int64_t expires_ms)
{
        struct session *session = c->session;
        int64_t now_ms = directory_now(c->dir);
        int64_t from_ms = session->starts_ms > now_ms ? session->starts_ms : now_ms;
        const struct pool_policy *policy =
                number_pool_policy(c->dir, session->tenant_id, session->pool_id);
        int err = pool_policy_expiry(policy, from_ms, expires_ms, &c->life.fixed_ms);
        if (err)
                return err;
        if (c->life.fixed_ms && c->life.fixed_ms <= from_ms)
                return ERR_RANGE;
        c->life.sliding_ms = policy->sliding_ms;
        session->expires_ms = pool_policy_slides_to(policy, c->life.fixed_ms, from_ms);
        session->ended_ms = 0;
        session->state = session->starts_ms > now_ms ? SESSION_SCHEDULED : SESSION_ACTIVE;
        return 0;
}

int directory_session_renew(struct directory *dir, uint64_t session_id, int64_t expires_ms,
                            struct session_view *view, directory_done *done, void *arg)
{
        struct change c;
        int err = begin(&c, dir, session_id);
        if (!err && !lives(&c))
                err = ERR_STATE;
        if (!err)
                err = set_times(&c, expires_ms);
        if (!err) {
                c.what = AUDIT_CHANGE_TIMES;
                err = commit(&c, NULL, done, arg);
        }
        if (!err)
                view_change(&c, view);
        end(&c);
        return err;
}

/* Its keys are its own until it is erased; a number may be open for anyone in another session by now. */
static int check_numbers(const struct change *c)
{
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                struct masking_number number = c->session->slots[slot];
                const struct number_held *held = number_find(c->dir, number);
                if (number_is_none(number.n))
                        continue;
                if (!held || held->row.tenant_id != c->session->tenant_id)
                        return ERR_NO_NUMBER;
                if (!pick_may_keep(c->dir, c->session, slot))
                        return ERR_CONFLICT;
        }
        return 0;
}

int directory_session_reopen(struct directory *dir, uint64_t session_id, int64_t expires_ms,
                             struct session_view *view, directory_done *done, void *arg)
{
        struct change c;
        int err = begin(&c, dir, session_id);
        if (!err && lives(&c))
                err = ERR_STATE;
        if (!err)
                err = check_numbers(&c);
        if (!err)
                err = set_times(&c, expires_ms);
        if (!err) {
                c.what = AUDIT_CHANGE_REOPENED;
                err = commit(&c, NULL, done, arg);
        }
        if (!err)
                view_change(&c, view);
        end(&c);
        return err;
}
