/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io.h"
#include "media/leg.h"
#include "wire/rtcp.h"

#define INTERVAL_MS        5000 /* RFC 3550 6.2: the recommended minimum */
#define COMPENSATION_X1000 1218 /* e - 3/2: RFC 3550 6.3.1 */
#define CNAME_BYTES        12   /* 96 random bits, of no use to anybody: RFC 7022 4.2 */
#define ROUND_TRIP_MAX_MS  30000
#define CLOCK_ERROR_MS     20 /* by which a peer may overstate how long it has waited */

void reports_init(struct leg *leg)
{
        struct random *random = io_random(leg->media->io);
        uint8_t name[CNAME_BYTES];
        struct buf b;
        random_fill(random, name, sizeof name);
        buf_init(&b, leg->cname, sizeof leg->cname);
        buf_put_hex(&b, name, sizeof name);
        leg->ntp_start = random_u64(random);
}

static uint64_t ntp_at(const struct leg *leg, int64_t now_ms)
{
        uint64_t seconds = (uint64_t)now_ms / 1000;
        uint64_t rest_ms = (uint64_t)now_ms % 1000;
        return leg->ntp_start + (seconds << 32) + (rest_ms << 32) / 1000;
}

/* How a report names the time of another: the middle 32 of 64 bits (RFC 3550 6.4.1). */
static uint32_t middle(uint64_t ntp)
{
        return (uint32_t)(ntp >> 16);
}

/* ---- ours ---- */

/*
 * Where the peer's RTCP comes from, or was signalled to be. A peer behind NAT that has sent none
 * cannot be sent any: its port there is unknown.
 */
static struct addr target(const struct leg *leg)
{
        if (leg->rtcp_learnt)
                return leg->rtcp_from;
        const struct addr *rtp = &leg->source.pinned;
        bool is_behind_nat = rtp->family && !addr_equal(rtp, &leg->source.signalled);
        const struct addr *rtcp = &leg->remote.rtcp;
        if (is_behind_nat || !rtcp->family || !rtcp->port || addr_is_any(rtcp))
                return (struct addr){0};
        return *rtcp;
}

static void send_report(struct leg *leg, bool bye)
{
        char packet[256];
        struct buf b;
        struct addr to = target(leg);
        const struct port_sockets *sockets = port_pair_find(leg->ports, to.family);
        if (!leg->is_set || !to.family || !sockets)
                return;

        int64_t now_ms = io_now_ms(leg->media->io);
        uint64_t ntp = ntp_at(leg, now_ms);
        struct rtcp_sender sender = {
                .ntp_seconds = (uint32_t)(ntp >> 32),
                .ntp_fraction = (uint32_t)ntp,
                .rtp_timestamp = sender_clock(&leg->sender, now_ms),
                .packets = leg->sender.packets,
                .bytes = leg->sender.bytes,
        };
        /* RFC 3550 6.4: a sender is who has sent since the report before the last */
        bool has_sent = leg->sender.packets != leg->packets_reported_before;
        bool has_heard = leg->receiver.started;
        struct rtcp_report block;
        if (has_heard)
                receiver_report(&leg->receiver, now_ms, &block);

        buf_init(&b, packet, sizeof packet);
        rtcp_write(&b, leg->sender.ssrc, has_sent ? &sender : NULL, has_heard ? &block : NULL,
                   (struct slice){leg->cname, sizeof leg->cname}, bye);
        io_udp_send(sockets->rtcp, &to, buf_slice(&b));
        leg->has_reported = true;
        leg->packets_reported_before = leg->packets_reported;
        leg->packets_reported = leg->sender.packets;
}

static void on_report_timer(void *arg);

/* RFC 3550 6.3.1: spread over half to one and a half of the interval, the first one sooner. */
static void start_timer(struct leg *leg, bool is_first)
{
        struct io *io = leg->media->io;
        int64_t mean_ms = is_first ? INTERVAL_MS / 2 : INTERVAL_MS;
        int64_t spread_ms = mean_ms / 2 + random_below(io_random(io), (uint32_t)mean_ms);
        io_timer_start(io, &leg->report_timer, spread_ms * 1000 / COMPENSATION_X1000,
                       on_report_timer, leg);
}

static void on_report_timer(void *arg)
{
        struct leg *leg = arg;
        start_timer(leg, false);
        send_report(leg, false);
}

void reports_start(struct leg *leg)
{
        if (!leg->report_timer.armed)
                start_timer(leg, true);
}

void reports_say_bye(struct leg *leg)
{
        if (leg->sender.packets || leg->has_reported)
                send_report(leg, true);
}

/* ---- the peer's ---- */

/* What is out of all bounds refers to no report of ours. */
static void measure_round_trip(struct leg *leg, const struct rtcp_report *report, int64_t now_ms)
{
        if (report->last_sr == 0)
                return;
        int32_t units = (int32_t)(middle(ntp_at(leg, now_ms)) - report->last_sr -
                                  report->delay_since_last_sr);
        int64_t ms = (int64_t)units * 1000 / 65536;
        if (ms >= -CLOCK_ERROR_MS && ms <= ROUND_TRIP_MAX_MS)
                leg->stats.round_trip_ms = ms > 0 ? (uint32_t)ms : 1;
}

void reports_take(struct leg *leg, const struct addr *from, struct slice data)
{
        struct rtcp rtcp;
        bool is_host_of_rtp = leg->is_set && source_may_report(&leg->source, from);
        if (!is_host_of_rtp && !(leg->is_set && addr_equal(from, &leg->remote.rtcp))) {
                leg->stats.dropped_source++;
                return;
        }
        if (!relay_within_rate(leg)) {
                leg->stats.dropped_rate++;
                return;
        }
        if (data.len > RTP_PACKET_MAX || rtcp_parse(data, leg->sender.ssrc, &rtcp)) {
                leg->stats.dropped_format++;
                return;
        }

        int64_t now_ms = io_now_ms(leg->media->io);
        if (is_host_of_rtp && !addr_equal(from, &leg->source.pinned)) {
                leg->rtcp_learnt = true;
                leg->rtcp_from = *from;
        }
        if (rtcp.has_sender && leg->receiver.started && rtcp.ssrc == leg->receiver.ssrc)
                receiver_on_sr(&leg->receiver, &rtcp.sender, now_ms);
        if (rtcp.has_report)
                measure_round_trip(leg, &rtcp.report, now_ms);
}
