/* SPDX-License-Identifier: Apache-2.0 */
#include "media/media.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "media/leg.h"

#define DIGIT_DEFAULT_MS 100
#define DIGIT_MAX_MS     8000
#define DIGIT_VOLUME     10 /* -10 dBm0 */

/* ---- the table ---- */

int media_create(const struct media_params *params, struct media **out)
{
        struct media *media = calloc(1, sizeof *media);
        if (!media)
                return -ENOMEM;
        media->params = *params;
        media->io = params->io;
        media->params.ports_first = NULL; /* the caller's, for now only */
        codec_tables_init(&media->codec_tables);

        struct ports_params ports = {
                .io = params->io,
                .local_ips = &params->local_ips,
                .port_min = params->port_min,
                .port_max = params->port_max,
                .count = params->legs_max,
                .first = params->ports_first,
                .first_count = params->ports_first_count,
                .on_rtp = relay_on_rtp,
                .on_rtcp = relay_on_rtcp,
                .owner = media,
        };
        int err = pool_create(sizeof(struct leg), params->legs_max, false, &media->legs);
        if (!err)
                err = ports_create(&ports, &media->ports);
        if (err)
                goto fail;
        *out = media;
        return 0;

fail:
        media_destroy(media);
        return err;
}

static void destroy_leg(struct leg *leg)
{
        struct media *media = leg->media;
        io_timer_stop(media->io, &leg->silence_timer);
        io_timer_stop(media->io, &leg->key_timer);
        io_timer_stop(media->io, &leg->pace_timer);
        io_timer_stop(media->io, &leg->report_timer);
        ports_give(media->ports, leg->ports);
        pool_put(media->legs, leg);
}

void media_destroy(struct media *media)
{
        if (!media)
                return;
        for (uint32_t i = 0; media->legs && i < pool_capacity(media->legs); i++) {
                struct leg *leg = pool_at(media->legs, i);
                if (leg)
                        destroy_leg(leg);
        }
        ports_destroy(media->ports);
        pool_destroy(media->legs);
        free(media);
}

struct leg *leg_find(const struct media *media, struct handle handle)
{
        return handle_is_none(handle) ? NULL : pool_find(media->legs, handle);
}

struct leg *leg_partner(const struct leg *leg)
{
        return leg_find(leg->media, leg->partner);
}

uint32_t media_legs_in_use(const struct media *media)
{
        return pool_used(media->legs);
}

uint32_t media_legs_of(const struct media *media, uint8_t family)
{
        uint32_t count = 0;
        for (uint32_t i = 0; i < pool_capacity(media->legs); i++) {
                const struct leg *leg = pool_at(media->legs, i);
                count += leg && leg->is_set && leg->remote.rtp.family == family;
        }
        return count;
}

uint32_t media_ports_free(const struct media *media)
{
        return ports_free(media->ports);
}

/* ---- a leg ---- */

int media_leg_open(struct media *media, struct handle user, struct media_leg *out)
{
        return leg_open_at(media, user, 0, out);
}

int leg_open_at(struct media *media, struct handle user, uint16_t port, struct media_leg *out)
{
        struct handle self;
        struct leg *leg = pool_take(media->legs, &self);
        if (!leg)
                return ERR_FULL;
        leg->ports =
                port ? ports_take_at(media->ports, port, self) : ports_take(media->ports, self);
        if (!leg->ports) {
                pool_put(media->legs, leg);
                return ERR_FULL;
        }

        leg->media = media;
        leg->self = self;
        leg->user = user;
        sender_init(&leg->sender, io_random(media->io));
        reports_init(leg);
        *out = (struct media_leg){self};
        return 0;
}

void media_leg_close(struct media *media, struct media_leg handle)
{
        struct leg *leg = leg_find(media, handle.h);
        if (!leg)
                return;
        media_part(media, handle);
        reports_say_bye(leg);
        destroy_leg(leg);
}

struct handle media_leg_user(const struct media *media, struct media_leg handle)
{
        const struct leg *leg = leg_find(media, handle.h);
        return leg ? leg->user : (struct handle){0};
}

static struct addr at_port(struct addr ip, uint16_t port)
{
        ip.port = ip.family ? port : 0;
        return ip;
}

struct addr_pair media_leg_local(const struct media *media, struct media_leg handle)
{
        const struct leg *leg = leg_find(media, handle.h);
        const struct addr_pair *ips = &media->params.local_ips;
        if (!leg)
                return (struct addr_pair){0};
        return (struct addr_pair){at_port(ips->ip4, leg->ports->port),
                                  at_port(ips->ip6, leg->ports->port)};
}

void media_leg_set(struct media *media, struct media_leg handle, const struct media_stream *stream)
{
        struct leg *leg = leg_find(media, handle.h);
        if (!leg)
                return;

        bool has_moved = !leg->is_set || !addr_equal(&leg->remote.rtp, &stream->remote.rtp);
        leg->remote = stream->remote;
        leg->local = stream->local;
        source_set(&leg->source, &stream->remote.rtp, stream->sources, stream->source_count);
        if (has_moved)
                leg->rtcp_learnt = false;
        leg->is_set = true;
        relay_watch_silence(leg);
        reports_start(leg);
}

bool leg_may_send(const struct leg *leg)
{
        const struct addr to = source_target(&leg->source);
        return leg->is_set && leg->remote.codec_count &&
               sdp_direction_receives(leg->remote.direction) && to.family &&
               port_pair_find(leg->ports, to.family);
}

bool leg_should_hear(const struct leg *leg)
{
        return leg->is_set && leg->remote.rtp.port && sdp_direction_sends(leg->remote.direction);
}

void leg_send(struct leg *leg, const struct rtp *header, struct slice payload)
{
        char packet[RTP_PACKET_MAX];
        struct buf b;
        buf_init(&b, packet, sizeof packet);
        rtp_write(&b, header);
        buf_put_slice(&b, payload);
        assert(buf_ok(&b));

        struct addr to = source_target(&leg->source);
        const struct port_sockets *sockets = port_pair_find(leg->ports, to.family);
        assert(sockets); /* see leg_may_send() */
        io_udp_send(sockets->rtp, &to, buf_slice(&b));
        sender_count(&leg->sender, payload.len);
        leg->stats.packets_out++;
}

void leg_notify(struct leg *leg, enum media_event event, char digit)
{
        const struct media_params *params = &leg->media->params;
        if (params->on_event)
                params->on_event(params->arg, (struct media_leg){leg->self}, event, digit);
}

/* ---- playing ---- */

void media_leg_play(struct media *media, struct media_leg handle, const struct media_sound *sound,
                    unsigned times)
{
        struct leg *leg = leg_find(media, handle.h);
        if (!leg)
                return;
        player_start(&leg->player, sound, times);
        pace_start(leg);
}

void media_leg_stop(struct media *media, struct media_leg handle)
{
        struct leg *leg = leg_find(media, handle.h);
        if (leg)
                leg->player.is_on = false;
}

void media_leg_send_digit(struct media *media, struct media_leg handle, char digit,
                          unsigned duration_ms)
{
        struct leg *leg = leg_find(media, handle.h);
        int event = rtp_event_from_digit(digit);
        if (!leg || event < 0)
                return;

        if (duration_ms == 0)
                duration_ms = DIGIT_DEFAULT_MS;
        if (duration_ms > DIGIT_MAX_MS)
                duration_ms = DIGIT_MAX_MS;
        struct press press = {
                .event = (uint8_t)event,
                .volume = DIGIT_VOLUME,
                .duration = duration_ms * MEDIA_CLOCK_PER_MS,
        };
        if (!pace_press(leg, &press))
                leg->stats.dropped_keys++;
}

/* ---- joining ---- */

static void join_one(struct leg *leg, const struct leg *partner, bool as_second)
{
        leg->partner = partner->self;
        leg->joined_as_second = as_second;
        sender_forget_source(&leg->sender);
}

void media_join(struct media *media, struct media_leg handle_a, struct media_leg handle_b)
{
        struct leg *a = leg_find(media, handle_a.h);
        struct leg *b = leg_find(media, handle_b.h);
        if (!a || !b || a == b)
                return;
        media_part(media, handle_a);
        media_part(media, handle_b);
        join_one(a, b, false);
        join_one(b, a, true);
}

void media_part(struct media *media, struct media_leg handle)
{
        struct leg *leg = leg_find(media, handle.h);
        struct leg *partner = leg ? leg_partner(leg) : NULL;
        if (!partner)
                return;
        relay_release_keys(leg);
        relay_release_keys(partner);
        leg->partner = (struct handle){0};
        partner->partner = (struct handle){0};
}

/* ---- figures ---- */

bool media_leg_stats(const struct media *media, struct media_leg handle, struct media_stats *out)
{
        const struct leg *leg = leg_find(media, handle.h);
        if (!leg)
                return false;
        *out = leg->stats;
        out->lost_in = receiver_lost(&leg->receiver);
        out->jitter_ms_x10 = receiver_jitter_ms_x10(&leg->receiver);
        return true;
}
