/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_values.h - random calls as they may be in the crash record, for tests and fuzz targets.
 */
#ifndef MASKLINE_TESTS_CRASH_VALUES_H
#define MASKLINE_TESTS_CRASH_VALUES_H

#include <string.h>

#include "base/random.h"
#include "call/crash_codec.h"

static inline bool some_bool(struct random *r)
{
        return random_below(r, 2);
}

/* Small ones and large ones alike. */
static inline uint64_t some_number(struct random *r, unsigned bits_max)
{
        return random_u64(r) >> (64 - bits_max + random_below(r, bits_max));
}

static inline void some_text(struct random *r, char *out, size_t bytes)
{
        size_t len = random_below(r, (uint32_t)bytes);
        for (size_t i = 0; i < len; i++)
                out[i] = (char)(1 + random_below(r, 255));
}

static inline struct addr some_addr(struct random *r)
{
        static const uint8_t families[] = {0, 4, 6};
        struct addr a = {.family = families[random_below(r, 3)]};
        if (!a.family)
                return a;
        random_fill(r, a.ip, a.family == 4 ? 4 : 16);
        a.port = (uint16_t)some_number(r, 16);
        return a;
}

static inline struct sdp_audio some_audio(struct random *r)
{
        struct sdp_audio a = {
                .rtp = some_addr(r),
                .rtcp_mux = some_bool(r),
                .is_secure = some_bool(r),
                .direction = (enum sdp_direction)random_below(r, SDP_INACTIVE + 1),
                .codec_count = (uint8_t)random_below(r, SDP_CODECS + 1),
                .dtmf_pt = (uint8_t)random_u32(r),
                .ptime_ms = (uint8_t)random_u32(r),
        };
        a.rtcp = a.rtp;
        a.rtcp.port++;
        if (some_bool(r))
                a.rtcp = some_addr(r);
        for (unsigned i = 0; i < a.codec_count; i++)
                a.codecs[i] = (uint8_t)random_below(r, SDP_CODECS);
        random_fill(r, a.codec_pt, sizeof a.codec_pt);
        return a;
}

static inline struct sdp some_description(struct random *r)
{
        struct sdp s = {.audio = some_audio(r), .has_audio = some_bool(r)};
        s.media_count = (uint8_t)random_below(r, 4);
        s.audio_index = (uint8_t)random_below(r, 4);
        for (unsigned i = 0; i < s.media_count; i++) {
                some_text(r, s.media[i].media, sizeof s.media[i].media);
                some_text(r, s.media[i].proto, sizeof s.media[i].proto);
                some_text(r, s.media[i].format, sizeof s.media[i].format);
        }
        return s;
}

static inline struct sip_target some_target(struct random *r)
{
        enum sip_transport transport = (enum sip_transport)random_below(r, SIP_TRANSPORT_OTHER);
        return sip_target_of(transport, some_addr(r));
}

/* Some texts out of the head, as they are in a call. */
static inline void add_span(struct random *r, const struct sip_leg_state *sip, struct sip_dialog *d,
                            size_t *at, size_t max, struct sip_span *out)
{
        size_t left = sizeof d->text - *at;
        size_t len = random_below(r, (uint32_t)(left < max ? left : max) + 1);
        *out = (struct sip_span){(uint16_t)*at, (uint16_t)len};
        if (len < sip->head_bytes && some_bool(r))
                memcpy(d->text + *at, sip->head + random_below(r, sip->head_bytes - (uint32_t)len),
                       len);
        else
                random_fill(r, d->text + *at, len);
        *at += len;
}

static inline void some_dialog(struct random *r, struct sip_leg_state *sip, size_t text_max)
{
        struct sip_dialog *d = &sip->dialog;
        uint8_t tag[SIP_TOKEN_CHARS / 2];
        struct buf b;
        size_t at = 0;
        random_fill(r, tag, sizeof tag);
        buf_init(&b, d->local_tag.text, SIP_TOKEN_CHARS);
        buf_put_hex(&b, tag, sizeof tag);
        d->local_cseq = (uint32_t)some_number(r, 32);
        d->remote_cseq = (uint32_t)some_number(r, 32);
        d->next_hop = some_target(r);
        d->route_is_loose = some_bool(r);
        add_span(r, sip, d, &at, text_max, &d->call_id);
        add_span(r, sip, d, &at, text_max, &d->local_uri);
        add_span(r, sip, d, &at, text_max, &d->remote_uri);
        add_span(r, sip, d, &at, text_max, &d->remote_tag);
        add_span(r, sip, d, &at, text_max, &d->target);
        add_span(r, sip, d, &at, text_max, &d->first_route);
        add_span(r, sip, d, &at, text_max, &d->other_routes);
        uint32_t route = d->first_route.len;
        if (route == 0 || some_bool(r))
                return;
        d->first_route_uri.len = (uint16_t)(1 + random_below(r, route));
        d->first_route_uri.at =
                (uint16_t)(d->first_route.at + random_below(r, route - d->first_route_uri.len + 1));
}

static inline void some_sip(struct random *r, struct sip_leg_state *sip, size_t text_max)
{
        sip->kind = (enum sip_saved)random_below(r, SIP_SAVED_KINDS);
        sip->is_dialled = some_bool(r);
        sip->leg = (struct handle){random_u32(r), random_u32(r)};
        if (sip->kind == SIP_SAVED_INCOMING) {
                sip->head_bytes = (uint16_t)random_below(r, 300);
                random_fill(r, sip->head, sip->head_bytes);
                random_fill(r, sip->request_key, sizeof sip->request_key);
                random_fill(r, sip->merge_key, sizeof sip->merge_key);
                sip->reliable = (struct sip_reliable){
                        .is_required = some_bool(r),
                        .rseq = (uint32_t)some_number(r, 32),
                        .awaits_prack = some_bool(r),
                        .describes = some_bool(r),
                        .offers = some_bool(r),
                        .is_settled = some_bool(r),
                };
        } else {
                sip->invite = (struct handle){random_u32(r), random_u32(r)};
        }
        some_dialog(r, sip, text_max);
        if (some_bool(r))
                some_text(r, sip->contact, sizeof sip->contact);
        sip->local.transport = (enum sip_transport)random_below(r, SIP_TRANSPORT_OTHER);
        sip->local.addr = some_addr(r);
        sip->peer = some_target(r);
        sip->invite_cseq = (uint32_t)some_number(r, 32);
        sip->session.expires_s = (uint32_t)some_number(r, 32);
        sip->session.min_s = (uint32_t)some_number(r, 32);
        sip->session.is_ours = some_bool(r);
        sip->session_due_ms = (int64_t)some_number(r, 63);
        sip->refresh_due_ms = (int64_t)some_number(r, 63);
        sip->has_update = some_bool(r);
        sip->is_refreshing = sip->kind == SIP_SAVED_CONFIRMED && some_bool(r);
        sip->said_in_answer = some_bool(r);
        sip->origin.session_id = some_number(r, 64);
        sip->origin.version = some_number(r, 64);
        sip->described = random_u64(r);
        sip->has_remote = some_bool(r);
        if (sip->has_remote)
                sip->remote = some_description(r);
}

static inline void some_record(struct random *r, struct cdr *cdr)
{
        random_fill(r, cdr->leg_id.bytes, sizeof cdr->leg_id.bytes);
        cdr->trunk_id = (uint32_t)some_number(r, 32);
        cdr->party = (int8_t)(random_below(r, 3) - 1);
        cdr->number.n.e164 = some_number(r, 50);
        some_text(r, cdr->party_hint.text, sizeof cdr->party_hint.text);
        cdr->started_ms = (int64_t)some_number(r, 63);
        cdr->ringing_ms = (int64_t)some_number(r, 41);
        cdr->answered_ms = (int64_t)some_number(r, 41);
        cdr->ended_ms = (int64_t)some_number(r, 41);
        cdr->sip_status = (uint16_t)random_below(r, 700);
        cdr->packets_in = (uint32_t)some_number(r, 32);
        cdr->packets_out = (uint32_t)some_number(r, 32);
        cdr->packets_lost = (uint32_t)some_number(r, 32);
        cdr->jitter_ms_x10 = (uint32_t)some_number(r, 32);
}

static inline void some_media(struct random *r, const struct crash_leg *leg,
                              struct media_leg_state *media)
{
        media->port = (uint16_t)some_number(r, 16);
        media->is_set = some_bool(r);
        if (media->is_set) {
                media->remote = some_audio(r);
                media->local = leg->local;
        }
        media->pinned = some_addr(r);
        media->stats.packets_in = (uint32_t)some_number(r, 32);
        media->stats.lost_in = (uint32_t)some_number(r, 32);
        media->stats.round_trip_ms = (uint32_t)some_number(r, 32);
}

static inline void some_leg(struct random *r, struct crash_leg *leg, size_t text_max)
{
        some_record(r, &leg->record);
        if (leg->kind != CRASH_LEG_LIVE)
                return;
        leg->admitted = some_bool(r);
        leg->answered = some_bool(r);
        leg->has_media = some_bool(r);
        leg->trunk_id = leg->sip.trunk_id = leg->record.trunk_id;
        leg->local = some_audio(r);
        some_sip(r, &leg->sip, text_max);
        leg->sip.said = some_bool(r) ? leg->local : some_audio(r);
        if (leg->has_media)
                some_media(r, leg, &leg->media);
}

static inline void some_call(struct random *r, struct crash_call *call, size_t text_max)
{
        struct crash_leg *a = &call->legs[SIDE_A], *b = &call->legs[SIDE_B];
        *call = (struct crash_call){
                .state = (enum call_state)(1 + random_below(r, CALL_STATES - 1)),
                .caller = {{some_number(r, 50)}},
                .dialled = {{some_number(r, 50)}},
                .counted_pair = some_bool(r),
                .max_forwards = (uint8_t)random_below(r, 71),
                .has_cause = some_bool(r),
                .due_ms = (int64_t)some_number(r, 63),
                .written_ms = (int64_t)some_number(r, 63),
        };
        if (call->has_cause) {
                call->cause = CAUSE_NORMAL;
                call->source = SOURCE_CALLEE;
        }
        a->kind = some_bool(r) ? CRASH_LEG_LIVE : CRASH_LEG_ENDED;
        b->kind = (enum crash_leg_kind)random_below(r, CRASH_LEG_KINDS);
        some_leg(r, a, text_max);
        random_fill(r, a->record.call_id.bytes, sizeof a->record.call_id.bytes);
        a->record.tenant_id = (uint32_t)some_number(r, 32);
        a->record.session_id = some_number(r, 64);
        a->record.verdict = (enum mask_verdict)random_below(r, MASK_VERDICTS);
        if (b->kind == CRASH_LEG_NONE)
                return;
        some_leg(r, b, text_max);
        b->record.leg = CDR_LEG_B;
        b->record.call_id = a->record.call_id;
        b->record.tenant_id = a->record.tenant_id;
        b->record.session_id = a->record.session_id;
        b->record.verdict = a->record.verdict;
}

#endif
