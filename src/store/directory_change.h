/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_change.h - what may be done to a session while it lives, and after it.
 *
 * Each is one unit: applied at once, durable whole or taken back, and written into the audit record.
 * What a session loses by it (a party's number, a masking number) goes through quarantine as a
 * tombstone: whoever still dials it is refused, and nobody else gets it meanwhile.
 */
#ifndef MASKLINE_STORE_DIRECTORY_CHANGE_H
#define MASKLINE_STORE_DIRECTORY_CHANGE_H

#include "core/audit_entry.h"
#include "store/directory.h"

enum session_edit_kind {
        EDIT_ADD_PARTY,     /* `party` gets its place; slots that it needs are picked */
        EDIT_REMOVE_PARTY,  /* `place` */
        EDIT_REPLACE_PARTY, /* the numbers and the PIN in `party`, at `place` */
        EDIT_ADD_ALIAS,     /* party.real[0] is one more number of `place` */
        EDIT_REMOVE_ALIAS,  /* party.real[0] */
        EDIT_SET_PIN,       /* party.pin; none: it has no PIN any more */
        EDIT_SWAP_NUMBER,   /* `slot` gets `number`; none: another one of the pool */
        EDIT_FORGET_CALLER, /* nobody has called last */
};
struct session_edit {
        enum session_edit_kind kind;
        uint8_t place;
        uint8_t slot;
        struct masking_number number;
        struct session_party party;
        /*
         * Where numbers that are picked for this party, or in place of this one, should be at home. Of
         * others, and where it says nothing: where a number is at home that the party dials already.
         */
        struct number_place wish;
};
/*
 * ERR_NOT_FOUND: the session, the place, the slot, the alias, or a number that is not the tenant's or
 * of another pool; ERR_STATE: it has ended, or the alias is the party's only number; ERR_SYNTAX: the
 * parties would not be what the model wants, or one party or number too many (`refusal->fault`);
 * ERR_CONFLICT, ERR_NO_NUMBER: another session holds what it would get (`refusal->outcome`);
 * ERR_EXISTS: the alias is there; ERR_FULL, -ENOMEM. An edit that
 * changes nothing is answered 0 and writes nothing. `refusal` may be NULL.
 */
int directory_session_edit(struct directory *dir, uint64_t session_id,
                           const struct session_edit *edit, struct session_view *view,
                           struct session_refusal *refusal, directory_done *done,
                           void *arg) MUST_CHECK;

/*
 * It lives until `expires_ms` (0: as the pool's policy says from now on), and slides as the policy
 * says. ERR_NOT_FOUND, ERR_STATE (ended), ERR_RANGE (in the past, or longer than the pool allows).
 */
int directory_session_renew(struct directory *dir, uint64_t session_id, int64_t expires_ms,
                            struct session_view *view, directory_done *done, void *arg) MUST_CHECK;

/*
 * One that has ended and is not erased lives again, as if renewed. ERR_STATE: it has not ended;
 * ERR_NO_NUMBER: a number that it held is not the tenant's any more; ERR_CONFLICT: another session has
 * it for anyone.
 */
int directory_session_reopen(struct directory *dir, uint64_t session_id, int64_t expires_ms,
                             struct session_view *view, directory_done *done, void *arg) MUST_CHECK;

/*
 * Its key, and the keys of what it left behind, are shredded; its pairs stay taken until the
 * quarantine would be over, known by their keyed hash alone. One that lives is ended by it. `done` when
 * all of that is on disk, with 0. It is never taken back: when the disk refuses, `done` is told so, and
 * what was begun goes on as soon as the disk takes it. ERR_NOT_FOUND (for `done`, too: another order came
 * first), ERR_FULL, -ENOMEM.
 */
struct erase_receipt {
        uint64_t session_id;
        int64_t erased_ms;
        uint32_t rows; /* keys that were shredded: its own, and those of its tombstones */
};
typedef void directory_erased(void *arg, int err, const struct erase_receipt *receipt);
int directory_session_erase(struct directory *dir, uint64_t session_id, directory_erased *done,
                            void *arg) MUST_CHECK;
/*
 * `done` when all that was begun to be erased is on disk, or the disk refuses. ERR_NOT_FOUND: it is;
 * -ENOMEM.
 */
int directory_erasures_wait(struct directory *dir, directory_done *done, void *arg) MUST_CHECK;

/*
 * Until `until_ms` a call of `caller` to a number that the party dials is the party's: it has said
 * that it calls from another telephone. In memory alone, but for its audit entry. The pool's ladder
 * must have that rung. ERR_NOT_FOUND, ERR_STATE (ended), ERR_FULL.
 */
int directory_session_intent(struct directory *dir, uint64_t session_id, uint8_t place,
                             struct real_number caller, int64_t until_ms) MUST_CHECK;

/*
 * Every session of the tenant's in which the number is a party's, in the order of ids, a few each
 * turn of the loop; then `done`. Those that are created meanwhile may be left out. -ENOMEM.
 */
typedef void directory_party_fn(void *arg, uint64_t session_id, uint8_t place);
int directory_party_walk(struct directory *dir, uint32_t tenant_id, struct real_number number,
                         directory_party_fn *found, directory_done *done, void *arg) MUST_CHECK;

/*
 * The real numbers of the party of this place, for whoever is to be told of itself: the one way in which
 * numbers come out. `out` is for secret memory. ERR_NOT_FOUND.
 */
int directory_party_numbers(const struct directory *dir, uint64_t session_id, uint8_t place,
                            struct session_party *out) MUST_CHECK;

/* That all which is held of a number was told, or erased: `by` a key, in so many sessions. ERR_FULL. */
int directory_party_audit(struct directory *dir, enum audit_kind kind, uint32_t tenant_id,
                          uint64_t by, uint32_t sessions, directory_done *done,
                          void *arg) MUST_CHECK;

#endif
