/* SPDX-License-Identifier: Apache-2.0 */
#include "store/directory_wish.h"

static bool is_told(const struct number_place *place)
{
        return place->country[0] || place->area[0];
}

static void place_of(const struct directory *dir, const struct session *session, unsigned slot,
                     struct number_place *out)
{
        const struct number_held *held =
                slot < SESSION_SLOTS_MAX ? number_find(dir, session->slots[slot]) : NULL;
        if (held)
                *out = held->row.traits.place;
}

/* The first that the party dials and has a number for; SESSION_SLOTS_MAX: none. */
static unsigned filled_slot(const struct session *session, uint8_t party)
{
        unsigned slot = 0;
        while (slot < SESSION_SLOTS_MAX && (number_is_none(session->slots[slot].n) ||
                                            !(session_dialers(session, slot) & 1u << party)))
                slot++;
        return slot;
}

void wish_of_edit(const struct directory *dir, const struct session *session,
                  const struct session_edit *edit, uint8_t place, struct alloc_request *request)
{
        for (uint8_t i = 0; i < session->party_count; i++) {
                bool is_swap = edit->kind == EDIT_SWAP_NUMBER;
                if (is_told(&edit->wish) && (is_swap || i == place))
                        request->wish[i] = edit->wish;
                else
                        place_of(dir, session, is_swap ? edit->slot : filled_slot(session, i),
                                 &request->wish[i]);
        }
}
