/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each part is described once, for both directions: what writes a value is what reads it. Numbers
 * are in base 128, least significant first, without a needless last byte (so that small ones are
 * short); what is random is written as it is.
 */
#include "call/crash_codec.h"

#include <assert.h>
#include <string.h>

#define REFERENCE_BYTES_MIN 4

struct codec {
        struct buf *out; /* NULL: reading */
        struct slice in;
        bool failed;
        struct slice head; /* texts that occur in it need not be repeated */
};

static void fail(struct codec *c)
{
        c->failed = true;
}

/* ---- what everything is made of ---- */

/* Reading: NULL, and failed, when less is left. */
static const char *take(struct codec *c, size_t bytes)
{
        if (c->failed || bytes > c->in.len) {
                fail(c);
                return NULL;
        }
        const char *p = c->in.p;
        c->in.p += bytes;
        c->in.len -= bytes;
        return p;
}

static void raw(struct codec *c, void *bytes, size_t len)
{
        if (c->out) {
                buf_put(c->out, bytes, len);
                return;
        }
        const char *p = take(c, len);
        if (p && len)
                memcpy(bytes, p, len);
}

static void put_number(struct codec *c, uint64_t value)
{
        for (; value >= 0x80; value >>= 7)
                buf_put_u8(c->out, (uint8_t)(value | 0x80));
        buf_put_u8(c->out, (uint8_t)value);
}

static uint64_t get_number(struct codec *c, uint64_t max)
{
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
                const char *p = take(c, 1);
                if (!p)
                        return 0;
                uint64_t part = (uint8_t)*p & 0x7f;
                bool is_last = !((uint8_t)*p & 0x80);
                if ((is_last && part == 0 && shift > 0) || part << shift >> shift != part)
                        break;
                value |= part << shift;
                if (!is_last)
                        continue;
                if (value > max)
                        break;
                return value;
        }
        fail(c);
        return 0;
}

static uint64_t number(struct codec *c, uint64_t value, uint64_t max)
{
        if (!c->out)
                return get_number(c, max);
        assert(value <= max);
        put_number(c, value);
        return value;
}

static void u8(struct codec *c, uint8_t *value)
{
        *value = (uint8_t)number(c, *value, UINT8_MAX);
}

static void u16(struct codec *c, uint16_t *value)
{
        *value = (uint16_t)number(c, *value, UINT16_MAX);
}

static void u32(struct codec *c, uint32_t *value)
{
        *value = (uint32_t)number(c, *value, UINT32_MAX);
}

static void u64(struct codec *c, uint64_t *value)
{
        *value = number(c, *value, UINT64_MAX);
}

static void time_ms(struct codec *c, int64_t *value)
{
        *value = (int64_t)number(c, (uint64_t)*value, INT64_MAX);
}

static void flag(struct codec *c, bool *value)
{
        *value = number(c, *value, 1) != 0;
}

/* A text that ends with a NUL, in an array that is zero behind it. */
static void text(struct codec *c, char *value, size_t bytes)
{
        size_t len = c->out ? strnlen(value, bytes - 1) : 0;
        len = number(c, len, bytes - 1);
        raw(c, value, len);
        if (!c->out && !c->failed && memchr(value, '\0', len))
                fail(c);
}

static void handle(struct codec *c, struct handle *value)
{
        u32(c, &value->index);
        u32(c, &value->generation);
}

static void address(struct codec *c, struct addr *value)
{
        u8(c, &value->family);
        if (value->family == 0)
                return;
        if (value->family != 4 && value->family != 6) {
                fail(c);
                return;
        }
        raw(c, value->ip, value->family == 4 ? 4 : sizeof value->ip);
        u16(c, &value->port);
}

/* ---- descriptions ---- */

enum {
        RTCP_IS_NEXT = 1,
        RTCP_MUX = 2,
        IS_SECURE = 4,
        DIRECTION_SHIFT = 3,
        AUDIO_FLAGS_MAX = SDP_INACTIVE << DIRECTION_SHIFT | 7,
};

static struct addr next_port(const struct addr *rtp)
{
        struct addr next = *rtp;
        next.port++;
        return next;
}

static void codecs(struct codec *c, struct sdp_audio *audio)
{
        audio->codec_count = (uint8_t)number(c, audio->codec_count, SDP_CODECS);
        for (unsigned i = 0; i < audio->codec_count; i++)
                audio->codecs[i] = (uint8_t)number(c, audio->codecs[i], SDP_CODECS - 1);
        for (unsigned i = 0; i < SDP_CODECS; i++)
                u8(c, &audio->codec_pt[i]);
        u8(c, &audio->dtmf_pt);
        u8(c, &audio->ptime_ms);
}

static void audio(struct codec *c, struct sdp_audio *value)
{
        address(c, &value->rtp);
        const struct addr next = next_port(&value->rtp);
        unsigned flags = (addr_equal(&value->rtcp, &next) ? RTCP_IS_NEXT : 0) |
                         (value->rtcp_mux ? RTCP_MUX : 0) | (value->is_secure ? IS_SECURE : 0) |
                         (unsigned)value->direction << DIRECTION_SHIFT;
        flags = (unsigned)number(c, flags, AUDIO_FLAGS_MAX);
        value->rtcp_mux = flags & RTCP_MUX;
        value->is_secure = flags & IS_SECURE;
        value->direction = (enum sdp_direction)(flags >> DIRECTION_SHIFT);
        if (flags & RTCP_IS_NEXT) {
                value->rtcp = next;
        } else {
                address(c, &value->rtcp);
                if (addr_equal(&value->rtcp, &next))
                        fail(c);
        }
        codecs(c, value);
}

static void description(struct codec *c, struct sdp *value)
{
        flag(c, &value->has_audio);
        audio(c, &value->audio);
        value->media_count = (uint8_t)number(c, value->media_count, SDP_MEDIA_MAX);
        value->audio_index = (uint8_t)number(c, value->audio_index, SDP_MEDIA_MAX);
        for (unsigned i = 0; i < value->media_count; i++) {
                struct sdp_media *media = &value->media[i];
                text(c, media->media, sizeof media->media);
                text(c, media->proto, sizeof media->proto);
                text(c, media->format, sizeof media->format);
        }
}

/* ---- dialogs ---- */

/* Where it occurs in the head; NULL: nowhere, or too short to be worth it. */
static const char *find_in_head(const struct codec *c, struct slice s)
{
        if (s.len < REFERENCE_BYTES_MIN || s.len > c->head.len)
                return NULL;
        return memmem(c->head.p, c->head.len, s.p, s.len);
}

static void put_span(struct codec *c, struct slice s)
{
        const char *found = find_in_head(c, s);
        put_number(c, s.len << 1 | (found != NULL));
        if (found)
                put_number(c, (uint64_t)(found - c->head.p));
        else
                buf_put_slice(c->out, s);
}

static struct slice get_span(struct codec *c)
{
        uint64_t how = get_number(c, SIP_DIALOG_TEXT_MAX << 1 | 1);
        struct slice s = {.len = how >> 1};
        if (!(how & 1)) {
                s.p = take(c, s.len);
                if (s.p && find_in_head(c, s))
                        fail(c);
                return s;
        }
        uint64_t at = get_number(c, SIP_HEAD_BYTES_MAX);
        if (!c->head.p || at > c->head.len || s.len > c->head.len - at) {
                fail(c);
                return s;
        }
        s.p = c->head.p + at;
        if (find_in_head(c, s) != s.p)
                fail(c);
        return s;
}

/* The texts of a dialog lie one behind the other. */
static void span(struct codec *c, struct sip_dialog *dialog, size_t *at, struct sip_span *value)
{
        if (c->out) {
                assert(value->at == *at);
                put_span(c, sip_dialog_text(dialog, *value));
                *at += value->len;
                return;
        }
        struct slice s = get_span(c);
        if (c->failed || s.len > sizeof dialog->text - *at) {
                fail(c);
                return;
        }
        *value = (struct sip_span){(uint16_t)*at, (uint16_t)s.len};
        if (s.len)
                memcpy(dialog->text + *at, s.p, s.len);
        *at += s.len;
}

/* Lies within the first route, or there is none. */
static void first_route_uri(struct codec *c, struct sip_dialog *dialog)
{
        struct sip_span *uri = &dialog->first_route_uri;
        const struct sip_span *route = &dialog->first_route;
        u16(c, &uri->len);
        if (uri->len == 0)
                return;
        uint16_t within = (uint16_t)(uri->at - route->at);
        u16(c, &within);
        if ((size_t)within + uri->len > route->len)
                fail(c);
        uri->at = (uint16_t)(route->at + within);
}

static int hex_digit(char digit)
{
        const char *found = digit ? strchr("0123456789abcdef", digit) : NULL;
        return found ? (int)(found - "0123456789abcdef") : -1;
}

/* 32 hex digits in 16 bytes. */
static void token(struct codec *c, struct sip_token_text *value)
{
        uint8_t bytes[SIP_TOKEN_CHARS / 2] = {0};
        for (size_t i = 0; c->out && i < sizeof bytes; i++) {
                int high = hex_digit(value->text[2 * i]);
                int low = hex_digit(value->text[2 * i + 1]);
                assert(high >= 0 && low >= 0);
                bytes[i] = (uint8_t)(high << 4 | low);
        }
        raw(c, bytes, sizeof bytes);
        struct buf b;
        buf_init(&b, value->text, SIP_TOKEN_CHARS);
        buf_put_hex(&b, bytes, sizeof bytes);
}

static void transport(struct codec *c, enum sip_transport *value)
{
        *value = (enum sip_transport)number(c, *value, SIP_TLS);
}

/* No connection outlives the process. */
static void target(struct codec *c, struct sip_target *value)
{
        transport(c, &value->transport);
        address(c, &value->addr);
}

static void dialog(struct codec *c, struct sip_dialog *value)
{
        size_t at = 0;
        u32(c, &value->local_cseq);
        u32(c, &value->remote_cseq);
        target(c, &value->next_hop);
        token(c, &value->local_tag);
        flag(c, &value->route_is_loose);
        span(c, value, &at, &value->call_id);
        span(c, value, &at, &value->local_uri);
        span(c, value, &at, &value->remote_uri);
        span(c, value, &at, &value->remote_tag);
        span(c, value, &at, &value->target);
        span(c, value, &at, &value->first_route);
        span(c, value, &at, &value->other_routes);
        first_route_uri(c, value);
}

/* ---- legs ---- */

static void kind_of_sip(struct codec *c, enum sip_saved *value)
{
        *value = (enum sip_saved)number(c, *value, SIP_SAVED_KINDS - 1);
}

static void reliable(struct codec *c, struct sip_reliable *value)
{
        flag(c, &value->is_required);
        u32(c, &value->rseq);
        flag(c, &value->awaits_prack);
        flag(c, &value->describes);
        flag(c, &value->offers);
        flag(c, &value->is_settled);
}

static void incoming(struct codec *c, struct sip_leg_state *value)
{
        value->head_bytes = (uint16_t)number(c, value->head_bytes, SIP_HEAD_BYTES_MAX);
        raw(c, value->head, value->head_bytes);
        raw(c, value->request_key, sizeof value->request_key);
        raw(c, value->merge_key, sizeof value->merge_key);
        reliable(c, &value->reliable);
        c->head = (struct slice){value->head, value->head_bytes};
}

/* Our own URI towards the peer is mostly that of the dialog. */
static void contact(struct codec *c, struct sip_leg_state *value)
{
        struct slice uri = sip_dialog_text(&value->dialog, value->dialog.local_uri);
        bool fits = uri.len < sizeof value->contact;
        bool is_same = c->out && fits && slice_equal(slice_from(value->contact), uri);
        flag(c, &is_same);
        if (!is_same) {
                text(c, value->contact, sizeof value->contact);
                if (!c->failed && slice_equal(slice_from(value->contact), uri))
                        fail(c);
                return;
        }
        if (!fits || (uri.len && memchr(uri.p, '\0', uri.len))) {
                fail(c);
                return;
        }
        if (!c->out && uri.len)
                memcpy(value->contact, uri.p, uri.len);
}

static void session(struct codec *c, struct sip_leg_state *value)
{
        flag(c, &value->has_update);
        u32(c, &value->session.expires_s);
        u32(c, &value->session.min_s);
        flag(c, &value->session.is_ours);
        time_ms(c, &value->session_due_ms);
        time_ms(c, &value->refresh_due_ms);
}

static bool is_same_audio(const struct sdp_audio *a, const struct sdp_audio *b)
{
        return addr_equal(&a->rtp, &b->rtp) && addr_equal(&a->rtcp, &b->rtcp) &&
               a->rtcp_mux == b->rtcp_mux && a->is_secure == b->is_secure &&
               a->direction == b->direction && a->codec_count == b->codec_count &&
               !memcmp(a->codecs, b->codecs, a->codec_count) &&
               !memcmp(a->codec_pt, b->codec_pt, sizeof a->codec_pt) && a->dtmf_pt == b->dtmf_pt &&
               a->ptime_ms == b->ptime_ms;
}

/* What signalling has said of us is mostly what the leg has agreed. */
static void said(struct codec *c, struct sip_leg_state *value, const struct sdp_audio *agreed)
{
        flag(c, &value->said_in_answer);
        bool is_same = is_same_audio(&value->said, agreed);
        flag(c, &is_same);
        if (is_same) {
                value->said = *agreed;
                return;
        }
        audio(c, &value->said);
        if (!c->out && is_same_audio(&value->said, agreed))
                fail(c);
}

static void attempts(struct codec *c, struct sip_attempts *value)
{
        value->count = (uint8_t)number(c, value->count, SIP_ATTEMPTS_MAX);
        for (unsigned i = 0; i < value->count; i++) {
                struct sip_attempt *attempt = &value->list[i];
                target(c, &attempt->target);
                attempt->how = (enum sip_attempt_end)number(c, attempt->how, SIP_ATTEMPT_ENDS - 1);
                u16(c, &attempt->status);
        }
}

static void way(struct codec *c, struct sip_leg_state *value)
{
        attempts(c, &value->attempts);
        flag(c, &value->has_rung);
        flag(c, &value->has_other_route);
        if (value->kind == SIP_SAVED_CALLING)
                time_ms(c, &value->patience_ms);
}

static void sip(struct codec *c, struct sip_leg_state *value, const struct sdp_audio *agreed)
{
        kind_of_sip(c, &value->kind);
        flag(c, &value->is_dialled);
        handle(c, &value->leg);
        c->head = SLICE_NONE;
        if (value->kind == SIP_SAVED_INCOMING)
                incoming(c, value);
        else
                handle(c, &value->invite);
        if (value->kind == SIP_SAVED_CONFIRMED)
                flag(c, &value->is_refreshing);
        dialog(c, &value->dialog);
        contact(c, value);
        transport(c, &value->local.transport);
        address(c, &value->local.addr);
        target(c, &value->peer);
        u32(c, &value->invite_cseq);
        if (value->is_dialled)
                way(c, value);
        session(c, value);
        u64(c, &value->origin.session_id);
        u64(c, &value->origin.version);
        raw(c, &value->described, sizeof value->described);
        said(c, value, agreed);
        flag(c, &value->has_remote);
        if (value->has_remote)
                description(c, &value->remote);
}

static void media(struct codec *c, struct media_leg_state *value)
{
        u16(c, &value->port);
        flag(c, &value->is_set);
        if (value->is_set)
                audio(c, &value->remote);
        address(c, &value->pinned);
        struct media_stats *stats = &value->stats;
        u32(c, &stats->packets_in);
        u32(c, &stats->packets_out);
        u32(c, &stats->lost_in);
        u32(c, &stats->dropped_source);
        u32(c, &stats->dropped_format);
        u32(c, &stats->dropped_rate);
        u32(c, &stats->dropped_held);
        u32(c, &stats->dropped_keys);
        u32(c, &stats->jitter_ms_x10);
        u32(c, &stats->round_trip_ms);
}

static void tried(struct codec *c, struct cdr *value)
{
        value->attempt_count = (uint8_t)number(c, value->attempt_count, CDR_ATTEMPTS_MAX);
        for (unsigned i = 0; i < value->attempt_count; i++) {
                struct cdr_attempt *attempt = &value->attempts[i];
                u32(c, &attempt->trunk_id);
                address(c, &attempt->address);
                attempt->transport = (uint8_t)number(c, attempt->transport, SIP_TLS);
                attempt->how = (uint8_t)number(c, attempt->how, CDR_ATTEMPT_ENDS - 1);
                u16(c, &attempt->status);
        }
}

static void record(struct codec *c, struct cdr *value)
{
        raw(c, value->leg_id.bytes, sizeof value->leg_id.bytes);
        uint8_t party = (uint8_t)value->party;
        u8(c, &party);
        value->party = (int8_t)party;
        u64(c, &value->number.n.e164);
        text(c, value->party_hint.text, sizeof value->party_hint.text);
        time_ms(c, &value->started_ms);
        time_ms(c, &value->ringing_ms);
        time_ms(c, &value->answered_ms);
        time_ms(c, &value->ended_ms);
        u16(c, &value->sip_status);
        u32(c, &value->packets_in);
        u32(c, &value->packets_out);
        u32(c, &value->packets_lost);
        u32(c, &value->jitter_ms_x10);
        tried(c, value);
}

static void live(struct codec *c, struct crash_leg *value)
{
        flag(c, &value->admitted);
        flag(c, &value->answered);
        flag(c, &value->has_media);
        audio(c, &value->local);
        sip(c, &value->sip, &value->local);
        if (value->has_media)
                media(c, &value->media);
        if (!c->out) {
                value->sip.trunk_id = value->trunk_id;
                if (value->media.is_set)
                        value->media.local = value->local;
        }
}

/* ---- what is known of it whatever the version of the rest ---- */

static void leg_record(struct codec *c, struct crash_leg *value)
{
        value->kind = (enum crash_leg_kind)number(c, value->kind, CRASH_LEG_KINDS - 1);
        if (value->kind == CRASH_LEG_NONE)
                return;
        u32(c, &value->record.trunk_id);
        record(c, &value->record);
}

static void cause(struct codec *c, struct crash_call *value)
{
        flag(c, &value->has_cause);
        if (!value->has_cause)
                return;
        value->cause = (enum hangup_cause)number(c, value->cause, CAUSE_LOST_RACE);
        value->source = (enum hangup_source)number(c, value->source, SOURCES - 1);
}

/* What both records say. */
static void common(struct codec *c, struct cdr *a)
{
        raw(c, a->call_id.bytes, sizeof a->call_id.bytes);
        u32(c, &a->tenant_id);
        u64(c, &a->session_id);
        a->verdict = (enum mask_verdict)number(c, a->verdict, MASK_VERDICTS - 1);
}

static void share(const struct cdr *a, struct crash_leg *b)
{
        if (b->kind == CRASH_LEG_NONE)
                return;
        b->record.call_id = a->call_id;
        b->record.tenant_id = a->tenant_id;
        b->record.session_id = a->session_id;
        b->record.verdict = a->verdict;
        b->record.leg = CDR_LEG_B;
}

static void records(struct codec *c, struct crash_call *value)
{
        cause(c, value);
        time_ms(c, &value->written_ms);
        common(c, &value->legs[SIDE_A].record);
        leg_record(c, &value->legs[SIDE_A]);
        leg_record(c, &value->legs[SIDE_B]);
        if (!c->out)
                share(&value->legs[SIDE_A].record, &value->legs[SIDE_B]);
}

/* ---- the call ---- */

static void leg(struct codec *c, struct crash_leg *value)
{
        if (value->kind != CRASH_LEG_LIVE)
                return;
        if (!c->out)
                value->trunk_id = value->record.trunk_id;
        live(c, value);
}

/* Which trunk it is tried on, and what was said on the one before. */
static void route(struct codec *c, struct crash_call *value)
{
        u64(c, &value->connect_to.n.e164);
        u8(c, &value->callee_party);
        u8(c, &value->route);
        flag(c, &value->has_lost_way);
        if (value->has_lost_way) {
                struct sip_end_info *lost = &value->lost;
                lost->how = (enum sip_end)number(c, lost->how, SIP_END_LOCAL);
                flag(c, &lost->is_way_lost);
                lost->status = (unsigned)number(c, lost->status, UINT16_MAX);
        }
        if (value->state == CALL_WAITING)
                time_ms(c, &value->turn_until_ms);
}

static void going_on(struct codec *c, struct crash_call *value)
{
        value->state = (enum call_state)number(c, value->state, CALL_STATES - 1);
        u64(c, &value->caller.n.e164);
        u64(c, &value->dialled.n.e164);
        flag(c, &value->counted_pair);
        u8(c, &value->max_forwards);
        time_ms(c, &value->decided_ms);
        u64(c, &value->shown.n.e164);
        time_ms(c, &value->due_ms);
        route(c, value);
        leg(c, &value->legs[SIDE_A]);
        leg(c, &value->legs[SIDE_B]);
}

int crash_encode(const struct crash_call *call, struct buf *out)
{
        struct codec c = {.out = out};
        size_t before = out->len;
        /* Writing changes nothing in it. */
        struct crash_call *value = (struct crash_call *)call;
        assert(call->state != CALL_NEW);
        buf_put_u8(out, CRASH_RECORDS_VERSION);
        records(&c, value);
        buf_put_u8(out, CRASH_VERSION);
        going_on(&c, value);
        return buf_ok(out) && out->len - before <= CRASH_PLAIN_MAX ? 0 : ERR_TOO_LARGE;
}

static uint8_t version(struct codec *c)
{
        const char *byte = take(c, 1);
        return byte ? (uint8_t)*byte : 0;
}

int crash_decode(struct slice bytes, struct crash_call *out)
{
        struct codec c = {.in = bytes};
        *out = (struct crash_call){0};
        uint8_t records_version = version(&c);
        if (c.failed)
                return ERR_SYNTAX;
        if (records_version != CRASH_RECORDS_VERSION)
                return ERR_VERSION;
        records(&c, out);
        uint8_t call_version = version(&c);
        if (c.failed || out->legs[SIDE_A].kind == CRASH_LEG_NONE)
                return ERR_SYNTAX;
        if (call_version != CRASH_VERSION)
                return ERR_VERSION;
        going_on(&c, out);
        return c.failed || c.in.len || out->state == CALL_NEW ? ERR_SYNTAX : 0;
}
