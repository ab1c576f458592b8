/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session_rows.h"

#include <assert.h>

#include "core/session_model.h"

#define BIT(i) (UINT64_C(1) << (i))

struct rows {
        const struct session *session;
        struct session_row *out;
        unsigned count;
};

/* Whom a party reaches by the slot; anyone: those of side 1. */
static uint32_t reached_by(const struct session *session, uint8_t party, unsigned slot)
{
        uint32_t reached = 0;
        for (uint8_t i = 0; i < session->party_count; i++) {
                bool is_reached = party == PARTY_NONE
                                          ? session->parties[i].side == 1
                                          : session_slot_between(session, party, i) == slot;
                if (is_reached && session->parties[i].real_count)
                        reached |= 1u << i;
        }
        return reached;
}

/* What they dial themselves to call back; where they can't, what was dialled. */
static struct masking_number seen_by(const struct session *session, const struct session_row *row)
{
        if (row->party == PARTY_NONE || !row->reaches)
                return row->dials;
        uint8_t first = (uint8_t)__builtin_ctz(row->reaches);
        unsigned back = session_slot_between(session, first, row->party);
        return session->slots[back == SESSION_SLOTS_MAX ? row->slot : back];
}

static void add(struct rows *rows, uint8_t party, unsigned slot, uint32_t reaches, bool by_digits)
{
        assert(rows->count < SESSION_ROWS_MAX);
        struct session_row *row = &rows->out[rows->count++];
        *row = (struct session_row){
                .party = party,
                .slot = (uint8_t)slot,
                .by_digits = by_digits,
                .reaches = reaches,
                .dials = rows->session->slots[slot],
        };
        row->sees = seen_by(rows->session, row);
}

static void add_of_slot(struct rows *rows, unsigned slot)
{
        const struct session *session = rows->session;
        uint32_t dialers = session_dialers(session, slot);
        for (uint8_t i = 0; i < session->party_count; i++) {
                bool has_number = session->parties[i].real_count > 0;
                if (has_number && (dialers & 1u << i))
                        add(rows, i, slot, reached_by(session, i, slot), false);
                else if (has_number && session->model == MODEL_EXTENSION)
                        add(rows, PARTY_NONE, slot, 1u << i, true);
        }
        if (session_slot_is_open(session, slot))
                add(rows, PARTY_NONE, slot, reached_by(session, PARTY_NONE, slot), false);
}

unsigned session_rows(const struct session *session, struct session_row out[SESSION_ROWS_MAX])
{
        struct rows rows = {session, out, 0};
        for (uint64_t left = session_slots(session); left; left &= left - 1) {
                unsigned slot = (unsigned)__builtin_ctzll(left);
                if (!number_is_none(session->slots[slot].n))
                        add_of_slot(&rows, slot);
        }
        return rows.count;
}

static void put_reached(uint32_t parties, struct buf *out)
{
        if (!parties) {
                buf_put_text(out, "whoever called last");
                return;
        }
        for (uint32_t left = parties; left; left &= left - 1) {
                const char *before = left == parties       ? "party "
                                     : (left & (left - 1)) ? ", "
                                                           : " or ";
                buf_printf(out, "%s%d", before, __builtin_ctz(left));
        }
}

void session_row_put(const struct session_row *row, struct buf *out)
{
        bool is_turn = row->reaches & (row->reaches - 1);
        if (row->party == PARTY_NONE)
                buf_put_text(out, "Anyone dials +");
        else
                buf_printf(out, "Party %u dials +", row->party);
        buf_put_number(out, row->dials.n);
        buf_put_text(out, row->by_digits ? ", and keys in its PIN, to reach " : " to reach ");
        put_reached(row->reaches, out);
        buf_put_text(out, is_turn ? ", whose turn it is, who sees +" : ", who sees +");
        buf_put_number(out, row->sees.n);
        buf_put_char(out, '.');
}
