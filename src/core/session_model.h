/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_model.h - the models of sessions: what each asks of its parties, and what each of the
 * masking numbers that it holds, its slots, is for.
 *
 *   model        slot           who dials it         reaches                      who sees
 *   two-numbers  0, 1           party 0, party 1     the other one                what it dials itself
 *   one-number   0              both                 the other one                slot 0
 *   one-way      0              side 0, or anyone    the party of side 1          slot 0
 *   group        8 * i + j      party i              party j                      slot 8 * j + i
 *   sides        0, 1           side 0, side 1       one of the other side        what its side dials
 *   extension    0              anyone, with digits  the party of these digits    slot 0
 *   panel        0, 1           side 0, side 1       as sides                     as sides
 *   last-caller  0              anyone; the party    the party; its last caller   slot 0
 *
 * A masking number may stand in two slots as long as nobody dials both.
 */
#ifndef MASKLINE_CORE_SESSION_MODEL_H
#define MASKLINE_CORE_SESSION_MODEL_H

#include "base/err.h"
#include "base/slice.h"
#include "core/session.h"

const char *session_model_name(enum session_model model); /* "two-numbers" */
/* All of them, then NULL: in the order of their numbers. */
extern const char *const session_model_names[SESSION_MODELS + 1];
int session_model_find(struct slice name, enum session_model *out) MUST_CHECK; /* ERR_NOT_FOUND */

/* What is wrong with the parties of a session; 0: nothing. */
enum session_flaw {
        SESSION_SOUND,
        SESSION_TOO_FEW,     /* parties, or parties on this side */
        SESSION_TOO_MANY,    /* parties, parties on this side, or numbers */
        SESSION_SIDE,        /* `party` is on a side that there is not */
        SESSION_SAME_NUMBER, /* `party` has a number that it or another one has, too */
        SESSION_NO_NUMBER,   /* `party` has none where it must */
        SESSION_PIN_MISSING, /* `party` cannot be reached without digits */
        SESSION_PIN_TWICE,   /* `party` has the digits of another one */
        SESSION_FLAWS,
};
struct session_fault {
        enum session_flaw flaw;
        uint8_t party; /* index; PARTY_NONE: none in particular */
};
/*
 * Whether the parties, their sides and PINs are what the model wants; slots are not looked at.
 */
struct session_fault session_check(const struct session *session);
/* How many parties a session of the model has, on both sides together. */
void session_model_takes(enum session_model model, unsigned *min, unsigned *max);
const char *session_flaw_sentence(enum session_flaw flaw); /* what is wrong and what to do */

/*
 * Gives each party the side that its place means, in models where it does (two-numbers: 0 and 1),
 * and opens the number of a last-caller session. Before session_check().
 */
void session_set_sides(struct session *session);

/* Whether a party may be put on this side or that; else its place, or its model, says it. */
bool session_model_has_sides(enum session_model model);

/* The slots that the model wants for these parties, a bit each; independent of what is held. */
uint64_t session_slots(const struct session *session);

/* The parties that dial the slot, a bit each. */
uint32_t session_dialers(const struct session *session, unsigned slot);

/* Whether anyone may dial the slot, without digits. */
bool session_slot_is_open(const struct session *session, unsigned slot);

/* The slot that `from` dials to reach `to`; SESSION_SLOTS_MAX: there is none. */
unsigned session_slot_between(const struct session *session, uint8_t from, uint8_t to);

/* The first slot that the party dials, for views of one number a party; SESSION_SLOTS_MAX. */
unsigned session_slot_of(const struct session *session, uint8_t party);

#endif
