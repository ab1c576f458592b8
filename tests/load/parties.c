/* SPDX-License-Identifier: Apache-2.0 */
#include "parties.h"

#include <string.h>

#include "base/err.h"

#define REAL_PREFIX    "98888000"
#define MASKING_PREFIX "90000000"
#define PREFIX_BYTES   8

void parties_init(struct parties *parties, bool is_shared)
{
        *parties = (struct parties){.is_shared = is_shared};
        list_init(&parties->live);
        list_init(&parties->ended);
        for (uint32_t i = 0; i < SESSIONS_MAX; i++)
                list_init(&parties->sessions[i].node);
}

struct session *parties_at(struct parties *parties, uint32_t slot)
{
        if (slot >= SESSIONS_MAX || parties->sessions[slot].state == SESSION_NONE)
                return NULL;
        return &parties->sessions[slot];
}

static uint16_t *place_of(struct parties *parties, const struct session *session)
{
        return &parties->by_callee[session->callee - HALF][session->shows - HALF];
}

int parties_add(struct parties *parties, uint32_t slot, const uint8_t digits[4])
{
        if (slot >= SESSIONS_MAX || digits[0] >= HALF || digits[1] >= HALF || digits[2] < HALF ||
            digits[3] < HALF || digits[2] >= 2 * HALF || digits[3] >= 2 * HALF)
                return ERR_RANGE;
        struct session *session = &parties->sessions[slot];
        if (session->state == SESSION_LIVE || session->calls)
                return ERR_CONFLICT;
        const struct session fresh = {
                .state = SESSION_LIVE,
                .caller = digits[0],
                .dials = digits[1],
                .callee = digits[2],
                .shows = digits[3],
        };
        if (*place_of(parties, &fresh))
                return ERR_CONFLICT;
        list_remove(&session->node);
        *session = fresh;
        *place_of(parties, session) = (uint16_t)(slot + 1);
        list_add_tail(&parties->live, &session->node);
        return 0;
}

bool parties_rest(struct parties *parties, struct session *session)
{
        (void)parties;
        session->is_leaving = true;
        list_remove(&session->node);
        return session->calls == 0;
}

void parties_end(struct parties *parties, struct session *session)
{
        *place_of(parties, session) = 0;
        session->state = SESSION_ENDED;
        session->is_leaving = false;
        list_remove(&session->node);
        list_add_tail(&parties->ended, &session->node);
}

/* From either end of the list, so that neighbours in time are not always the same. */
struct session *parties_take(struct parties *parties, enum session_state state,
                             struct random *random)
{
        struct list *idle = state == SESSION_LIVE ? &parties->live : &parties->ended;
        if (list_is_empty(idle))
                return NULL;
        struct list *node = random_below(random, 4) ? idle->next : idle->prev;
        struct session *session = container_of(node, struct session, node);
        session->calls++;
        if (!parties->is_shared)
                list_remove(&session->node);
        return session;
}

bool parties_give(struct parties *parties, struct session *session)
{
        session->calls--;
        session->call = NULL;
        if (session->is_leaving)
                return session->calls == 0;
        if (!parties->is_shared)
                list_add_tail(session->state == SESSION_LIVE ? &parties->live : &parties->ended,
                              &session->node);
        return false;
}

struct session *parties_find(struct parties *parties, int callee, int shows)
{
        if (callee < HALF || shows < HALF)
                return NULL;
        uint16_t place = parties->by_callee[callee - HALF][shows - HALF];
        return place ? &parties->sessions[place - 1] : NULL;
}

static const char *find(struct slice text, const char *prefix)
{
        return memmem(text.p, text.len, prefix, PREFIX_BYTES);
}

/* -1: no two digits follow. */
static int digits_after(struct slice text, const char *at)
{
        const char *p = at + PREFIX_BYTES;
        if (text.p + text.len - p < 2 || p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
                return -1;
        return (p[0] - '0') * 10 + p[1] - '0';
}

static int first_of(struct slice text, const char *prefix)
{
        const char *at = find(text, prefix);
        return at ? digits_after(text, at) : -1;
}

int parties_real(struct slice text)
{
        return first_of(text, REAL_PREFIX);
}

int parties_masking(struct slice text)
{
        return first_of(text, MASKING_PREFIX);
}

/* Whether all that occur are of this side, and no other than `only`. */
static bool are_fine(struct slice text, const char *prefix, bool is_caller_side, int only,
                     bool *crosses)
{
        bool fine = true;
        for (const char *at; (at = find(text, prefix));) {
                int digits = digits_after(text, at);
                bool is_ours = digits >= 0 && (digits < HALF) == is_caller_side;
                *crosses |= !is_ours;
                fine &= is_ours && (only < 0 || digits == only);
                size_t skip = (size_t)(at - text.p) + PREFIX_BYTES;
                text = (struct slice){text.p + skip, text.len - skip};
        }
        return fine;
}

enum numbers_seen parties_check(struct slice text, bool is_caller_side, int real, int masking)
{
        bool leaks = false, crosses = false;
        bool fine = are_fine(text, REAL_PREFIX, is_caller_side, real, &leaks);
        fine &= are_fine(text, MASKING_PREFIX, is_caller_side, masking, &crosses);
        if (leaks)
                return NUMBERS_LEAK;
        return fine ? NUMBERS_FINE : NUMBERS_WRONG;
}
