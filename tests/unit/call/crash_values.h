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

static inline void some_way(struct random *r, struct sip_leg_state *sip)
{
        sip->attempts.count = (uint8_t)random_below(r, SIP_ATTEMPTS_MAX + 1);
        for (unsigned i = 0; i < sip->attempts.count; i++) {
                struct sip_attempt *attempt = &sip->attempts.list[i];
                attempt->target = some_target(r);
                attempt->how = (enum sip_attempt_end)random_below(r, SIP_ATTEMPT_ENDS);
                attempt->status = (uint16_t)some_number(r, 16);
        }
        sip->has_rung = some_bool(r);
        sip->has_other_route = some_bool(r);
        if (sip->kind == SIP_SAVED_CALLING)
                sip->patience_ms = (int64_t)some_number(r, 41);
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
        if (sip->is_dialled)
                some_way(r, sip);
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
        cdr->attempt_count = (uint8_t)random_below(r, CDR_ATTEMPTS_MAX + 1);
        for (unsigned i = 0; i < cdr->attempt_count; i++)
                cdr->attempts[i] = (struct cdr_attempt){
                        .trunk_id = (uint32_t)some_number(r, 32),
                        .address = some_addr(r),
                        .transport = (uint8_t)random_below(r, SIP_TLS + 1),
                        .how = (uint8_t)random_below(r, CDR_ATTEMPT_ENDS),
                        .status = (uint16_t)some_number(r, 16),
                };
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

static inline void some_route(struct random *r, struct crash_call *call)
{
        call->connect_to.n.e164 = some_number(r, 50);
        call->callee_party = (uint8_t)some_number(r, 8);
        call->route = (uint8_t)random_below(r, 9);
        call->has_lost_way = some_bool(r);
        if (call->has_lost_way)
                call->lost = (struct sip_end_info){
                        .how = (enum sip_end)random_below(r, SIP_END_LOCAL + 1),
                        .is_way_lost = some_bool(r),
                        .status = random_below(r, 700),
                };
        if (call->state == CALL_WAITING)
                call->turn_until_ms = (int64_t)some_number(r, 63);
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
                .decided_ms = (int64_t)some_number(r, 63),
                .shown = {{some_number(r, 50)}},
                .due_ms = (int64_t)some_number(r, 63),
                .written_ms = (int64_t)some_number(r, 63),
        };
        if (call->has_cause) {
                call->cause = CAUSE_NORMAL;
                call->source = SOURCE_CALLEE;
        }
        some_route(r, call);
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

/* ---- the largest: all that signalling and media may let into a call ---- */

#define TEXT_OF(array, letter)                                                                     \
        do {                                                                                       \
                memset((array), (letter), sizeof(array) - 1);                                      \
                (array)[sizeof(array) - 1] = 0;                                                    \
        } while (0)

static inline struct addr largest_addr(void)
{
        struct addr a = {.family = 6, .port = UINT16_MAX};
        memset(a.ip, 0xff, sizeof a.ip);
        return a;
}

static inline struct sip_target largest_target(void)
{
        return sip_target_of(SIP_TLS, largest_addr());
}

static inline struct sdp_audio largest_audio(void)
{
        struct sdp_audio a = {
                .rtp = largest_addr(),
                .rtcp = largest_addr(),
                .rtcp_mux = true,
                .is_secure = true,
                .direction = SDP_INACTIVE,
                .codec_count = SDP_CODECS,
                .dtmf_pt = UINT8_MAX,
                .ptime_ms = UINT8_MAX,
        };
        memset(a.codec_pt, 0xff, sizeof a.codec_pt);
        return a;
}

static inline struct sdp largest_description(void)
{
        struct sdp s = {
                .has_audio = true,
                .audio = largest_audio(),
        };
        s.media_count = s.audio_index = SDP_MEDIA_MAX;
        for (unsigned i = 0; i < SDP_MEDIA_MAX; i++) {
                TEXT_OF(s.media[i].media, 'm');
                TEXT_OF(s.media[i].proto, 'p');
                TEXT_OF(s.media[i].format, 'f');
        }
        return s;
}

/* Its head holds none of the dialog's texts. */
static inline void largest_sip(struct sip_leg_state *sip, enum sip_saved kind)
{
        struct sip_dialog *d = &sip->dialog;
        struct sip_span *const spans[] = {
                &d->call_id, &d->local_uri,   &d->remote_uri,   &d->remote_tag,
                &d->target,  &d->first_route, &d->other_routes,
        };
        const size_t each = SIP_DIALOG_TEXT_MAX / 7;
        *sip = (struct sip_leg_state){
                .kind = kind,
                .is_dialled = true,
                .leg = {UINT32_MAX, UINT32_MAX},
                .invite = {UINT32_MAX, UINT32_MAX},
                .local = {SIP_TLS, largest_addr()},
                .peer = largest_target(),
                .session = {UINT32_MAX, UINT32_MAX, true},
                .session_due_ms = INT64_MAX,
                .refresh_due_ms = INT64_MAX,
                .has_update = true,
                .is_refreshing = kind == SIP_SAVED_CONFIRMED,
                .said_in_answer = true,
                .said = largest_audio(),
                .origin = {UINT64_MAX, UINT64_MAX},
                .described = UINT64_MAX,
                .patience_ms = kind == SIP_SAVED_CALLING ? INT64_MAX : 0,
                .invite_cseq = UINT32_MAX,
                .has_remote = true,
                .remote = largest_description(),
        };
        sip->attempts.count = SIP_ATTEMPTS_MAX;
        for (unsigned i = 0; i < SIP_ATTEMPTS_MAX; i++)
                sip->attempts.list[i] = (struct sip_attempt){
                        largest_target(), (enum sip_attempt_end)(SIP_ATTEMPT_ENDS - 1), UINT16_MAX};
        sip->has_rung = sip->has_other_route = true;
        TEXT_OF(sip->contact, 'c');
        if (kind == SIP_SAVED_INCOMING) {
                sip->invite = (struct handle){0};
                sip->head_bytes = SIP_HEAD_BYTES_MAX;
                memset(sip->head, 'h', sizeof sip->head);
        }
        d->local_cseq = d->remote_cseq = UINT32_MAX;
        d->next_hop = largest_target();
        d->route_is_loose = true;
        memset(d->local_tag.text, 'f', SIP_TOKEN_CHARS);
        memset(d->text, 'd', sizeof d->text);
        for (size_t i = 0; i < 7; i++)
                *spans[i] = (struct sip_span){(uint16_t)(i * each), (uint16_t)each};
        d->other_routes.len = (uint16_t)(SIP_DIALOG_TEXT_MAX - 6 * each);
        d->first_route_uri = d->first_route;
}

static inline void largest_record(struct cdr *cdr)
{
        *cdr = (struct cdr){
                .tenant_id = UINT32_MAX,
                .trunk_id = UINT32_MAX,
                .session_id = UINT64_MAX,
                .party = -1,
                .number = {{UINT64_MAX}},
                .verdict = (enum mask_verdict)(MASK_VERDICTS - 1),
                .started_ms = INT64_MAX,
                .ringing_ms = INT64_MAX,
                .answered_ms = INT64_MAX,
                .ended_ms = INT64_MAX,
                .sip_status = UINT16_MAX,
                .packets_in = UINT32_MAX,
                .packets_out = UINT32_MAX,
                .packets_lost = UINT32_MAX,
                .jitter_ms_x10 = UINT32_MAX,
        };
        cdr->attempt_count = CDR_ATTEMPTS_MAX;
        for (unsigned i = 0; i < CDR_ATTEMPTS_MAX; i++)
                cdr->attempts[i] = (struct cdr_attempt){
                        .trunk_id = UINT32_MAX,
                        .address = largest_addr(),
                        .transport = SIP_TLS,
                        .how = CDR_ATTEMPT_ENDS - 1,
                        .status = UINT16_MAX,
                };
        TEXT_OF(cdr->party_hint.text, 'x');
}

static inline void largest_leg(struct crash_leg *leg, enum sip_saved kind)
{
        *leg = (struct crash_leg){
                .kind = CRASH_LEG_LIVE,
                .admitted = true,
                .answered = true,
                .has_media = true,
                .trunk_id = UINT32_MAX,
                .local = largest_audio(),
        };
        largest_record(&leg->record);
        largest_sip(&leg->sip, kind);
        leg->sip.trunk_id = UINT32_MAX;
        leg->sip.said.ptime_ms--; /* not what was agreed */
        leg->media = (struct media_leg_state){
                .port = UINT16_MAX,
                .is_set = true,
                .remote = largest_audio(),
                .local = leg->local,
                .pinned = largest_addr(),
        };
        memset(&leg->media.stats, 0xff, sizeof leg->media.stats);
}

/* Whoever adds something to a call in the record adds the most of it here. */
static inline void largest_call(struct crash_call *call, enum sip_saved a, enum sip_saved b)
{
        *call = (struct crash_call){
                .state = CALL_WAITING,
                .caller = {{UINT64_MAX}},
                .dialled = {{UINT64_MAX}},
                .counted_pair = true,
                .max_forwards = UINT8_MAX,
                .has_cause = true,
                .cause = CAUSE_LOST_RACE,
                .source = (enum hangup_source)(SOURCES - 1),
                .decided_ms = INT64_MAX,
                .shown = {{UINT64_MAX}},
                .due_ms = INT64_MAX,
                .written_ms = INT64_MAX,
                .connect_to = {{UINT64_MAX}},
                .callee_party = UINT8_MAX,
                .route = UINT8_MAX,
                .has_lost_way = true,
                .lost = {SIP_END_LOCAL, true, UINT16_MAX},
                .turn_until_ms = INT64_MAX,
        };
        largest_leg(&call->legs[SIDE_A], a);
        largest_leg(&call->legs[SIDE_B], b);
        call->legs[SIDE_B].record.leg = CDR_LEG_B;
}

/*
 * What a call has been written as, as if by another version; where the version is: behind the
 * records. 0: nowhere.
 */
static inline size_t make_other_version(char *bytes, size_t len)
{
        static struct crash_call read;
        for (size_t at = 1; at < len; at++) {
                if (bytes[at] != CRASH_VERSION)
                        continue;
                bytes[at]++;
                if (crash_decode((struct slice){bytes, len}, &read) == ERR_VERSION)
                        return at;
                bytes[at]--;
        }
        return 0;
}

#endif
