/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lives_model.h - what the rules of masking say about sessions of every model, written as plainly as it
 * can be: it holds real numbers in lists and looks at every session for every question. Nothing of the
 * program's own way to find, decide or choose is in it.
 */
#ifndef MASKLINE_TESTS_LIVES_MODEL_H
#define MASKLINE_TESTS_LIVES_MODEL_H

#include "store/directory.h"
#include "world.h"

#define NUMBERS   9 /* of the pool: world_m(1) and on */
#define KNOWN_MAX 400
#define KEYS_MAX  128
#define GONE_MAX  4096
#define INTENTS   64
#define DAY       86400000

/* A way to call: (number, caller), (number, digits), or (number, anyone). Zero: it is not that. */
struct key {
        uint64_t number, caller;
        unsigned pin; /* from 1 on */
};

struct person {
        uint64_t real[PARTY_REALS_MAX];
        unsigned count, side, pin; /* count 0: nobody has this place */
};

struct known {
        uint64_t id;
        enum session_model model;
        bool open, erased;
        struct person places[SESSION_PARTIES_MAX];
        unsigned count;
        uint64_t slots[SESSION_SLOTS_MAX];
        int64_t starts_ms, expires_ms, ended_ms;
        uint64_t last_caller;
        int64_t last_caller_ms;
};

/* A way to call that a living session has lost. */
struct gone {
        struct key key;
        uint64_t session_id;
        int64_t ended_ms;
};

/* A call of somebody's to a number is that of a party. */
struct intent {
        uint64_t session_id, number, caller;
        unsigned place;
        int64_t until_ms;
};

struct model {
        struct known known[KNOWN_MAX];
        struct gone gone[GONE_MAX];
        struct intent intents[INTENTS];
        unsigned known_count, gone_count, intent_count;
        int64_t now_ms;
};

extern struct model m;
extern unsigned connected[SESSION_MODELS]; /* calls that were found to be right */

/* When it ended, by order or by its time running out; 0: it has not. */
int64_t end_of(const struct known *s);
bool is_over(int64_t end_ms); /* the quarantine after it */
bool lives(const struct known *s);
struct known *find_known(uint64_t id);

bool is_sound(const struct known *s); /* the parties are what the model wants */
bool is_slot(const struct known *s, unsigned slot);
bool dials(const struct known *s, unsigned place, unsigned slot);
bool has_number(const struct person *p, uint64_t real);

/* All ways to call it. */
unsigned keys_of(const struct known *s, struct key out[KEYS_MAX]);
bool has_key(const struct known *s, const struct key *key);

/* Whether the session may have the number in this slot, beside what it has itself. */
bool is_free(const struct known *s, unsigned slot, uint64_t number);
bool may_be_served(const struct known *s); /* by the numbers of the pool */

/* Whether the decision is what the rules say; pin 0: no digits. */
void check_decision(uint64_t number, uint64_t caller, unsigned pin,
                    const struct directory_decision *d);

#endif
