/* SPDX-License-Identifier: Apache-2.0 */
#include "store/session_codec.h"

#include <assert.h>
#include <string.h>

#define VERSION       2
#define VERSION_PLAIN 1 /* count, then real:8 dials:8 of either party */

#define MODEL_OPEN 0x80
#define HELD_SLOTS 0x80
#define PARTY_SIDE 0x08
#define PARTY_PIN  0x10

#define NUMBER_BYTES 7
#define E164_MAX     UINT64_C(999999999999999)

static void put_number(struct buf *out, struct number number)
{
        assert(number.e164 <= E164_MAX);
        for (int shift = 8 * (NUMBER_BYTES - 1); shift >= 0; shift -= 8)
                buf_put_u8(out, (uint8_t)(number.e164 >> shift));
}

static void put_party(struct buf *out, const struct session_party *party)
{
        bool has_pin = !pin_is_none(&party->pin);
        assert(party->real_count <= PARTY_REALS_MAX);
        assert(party->side <= 1);
        buf_put_u8(out, (uint8_t)(party->real_count | (party->side ? PARTY_SIDE : 0) |
                                  (has_pin ? PARTY_PIN : 0)));
        for (unsigned i = 0; i < party->real_count; i++)
                put_number(out, party->real[i].n);
        if (has_pin)
                buf_put(out, party->pin.bytes, sizeof party->pin.bytes);
}

/* `*count` are held; the first so many slots of all: they need not be named. */
static bool are_first(const struct session *session, unsigned *count)
{
        bool first = true;
        *count = 0;
        for (unsigned i = 0; i < SESSION_SLOTS_MAX; i++) {
                if (number_is_none(session->slots[i].n))
                        continue;
                first &= i == *count;
                ++*count;
        }
        return first;
}

static void put_slots(struct buf *out, const struct session *session, bool named)
{
        for (unsigned i = 0; i < SESSION_SLOTS_MAX; i++) {
                if (number_is_none(session->slots[i].n))
                        continue;
                if (named)
                        buf_put_u8(out, (uint8_t)i);
                put_number(out, session->slots[i].n);
        }
}

void session_encode(const struct session *session, struct buf *out)
{
        unsigned held;
        bool named = !are_first(session, &held);
        assert(session->party_count <= SESSION_PARTIES_MAX);
        buf_put_u8(out, VERSION);
        buf_put_u8(out, (uint8_t)(session->model | (session->open ? MODEL_OPEN : 0)));
        buf_put_u8(out, session->party_count);
        buf_put_u8(out, (uint8_t)(held | (named ? HELD_SLOTS : 0)));
        for (unsigned i = 0; i < session->party_count; i++)
                put_party(out, &session->parties[i]);
        put_slots(out, session, named);
        if (session->model == MODEL_LAST_CALLER) {
                put_number(out, session->last_caller.n);
                buf_put_be64(out, (uint64_t)session->last_caller_ms);
        }
        assert(buf_ok(out));
}

/* Bytes from the front; once some were missing, all are. */
struct reader {
        struct slice rest;
        bool bad;
};

static uint64_t get(struct reader *r, unsigned bytes)
{
        uint64_t value = 0;
        if (r->rest.len < bytes) {
                r->bad = true;
                return 0;
        }
        for (unsigned i = 0; i < bytes; i++)
                value = value << 8 | (uint8_t)r->rest.p[i];
        r->rest = (struct slice){r->rest.p + bytes, r->rest.len - bytes};
        return value;
}

static struct number get_number(struct reader *r)
{
        struct number number = {get(r, NUMBER_BYTES)};
        r->bad |= number.e164 > E164_MAX;
        return number;
}

static void get_party(struct reader *r, struct session_party *party)
{
        unsigned head = (unsigned)get(r, 1);
        unsigned count = head & (PARTY_SIDE - 1);
        if (head >= 2 * PARTY_PIN || count > PARTY_REALS_MAX) {
                r->bad = true;
                return;
        }
        party->real_count = (uint8_t)count;
        party->side = head & PARTY_SIDE ? 1 : 0;
        for (unsigned i = 0; i < count; i++)
                party->real[i].n = get_number(r);
        if (!(head & PARTY_PIN))
                return;
        for (unsigned i = 0; i < sizeof party->pin.bytes; i++)
                party->pin.bytes[i] = (uint8_t)get(r, 1);
        r->bad |= pin_is_none(&party->pin);
}

static void get_slots(struct reader *r, unsigned head, struct session *out)
{
        unsigned next = 0;
        for (unsigned i = 0; i < (head & (HELD_SLOTS - 1)) && !r->bad; i++) {
                unsigned slot = head & HELD_SLOTS ? (unsigned)get(r, 1) : i;
                if (slot < next || slot >= SESSION_SLOTS_MAX) {
                        r->bad = true;
                        return;
                }
                next = slot + 1;
                out->slots[slot].n = get_number(r);
                r->bad |= number_is_none(out->slots[slot].n);
        }
}

static int read_version_1(struct reader *r, struct session *out)
{
        if (get(r, 1) != 2)
                return ERR_VERSION;
        out->model = MODEL_TWO_NUMBERS;
        out->party_count = 2;
        for (unsigned i = 0; i < 2; i++) {
                out->parties[i].real[0].n.e164 = get(r, 8);
                out->parties[i].real_count = 1;
                out->parties[i].side = (uint8_t)i;
                out->slots[i].n.e164 = get(r, 8);
        }
        return r->bad || r->rest.len ? ERR_VERSION : 0;
}

static int read_version_2(struct reader *r, struct session *out)
{
        unsigned model = (unsigned)get(r, 1), places = (unsigned)get(r, 1), held;
        held = (unsigned)get(r, 1);
        if ((model & (MODEL_OPEN - 1)) >= SESSION_MODELS || places > SESSION_PARTIES_MAX)
                return ERR_VERSION;
        out->model = (enum session_model)(model & (MODEL_OPEN - 1));
        out->open = model & MODEL_OPEN;
        out->party_count = (uint8_t)places;
        for (unsigned i = 0; i < places && !r->bad; i++)
                get_party(r, &out->parties[i]);
        get_slots(r, held, out);
        if (out->model == MODEL_LAST_CALLER) {
                out->last_caller.n = get_number(r);
                out->last_caller_ms = (int64_t)get(r, 8);
        }
        return r->bad || r->rest.len ? ERR_VERSION : 0;
}

int session_decode(struct slice plain, struct session *out)
{
        struct reader r = {.rest = plain};
        switch (get(&r, 1)) {
        case VERSION_PLAIN:
                return read_version_1(&r, out);
        case VERSION:
                return read_version_2(&r, out);
        default:
                return ERR_VERSION;
        }
}
