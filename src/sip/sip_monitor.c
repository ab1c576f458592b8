/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_monitor.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "sip/sip_probe.h"

#define PONG_MS        6000 /* four tries over UDP */
#define SOON_MS        2000 /* after one that was not answered */
#define FIRST_MS       5000 /* a new target is asked within that time */
#define JITTER_PERCENT 10

struct slot {
        struct sip_monitor *monitor;
        uint32_t trunk_id; /* 0: free */
        struct io_timer timer;
};

struct sip_monitor {
        struct sip_ua *ua;
        struct slot slots[TRUNKS_MAX];
};

static struct io *io_of(const struct sip_monitor *monitor)
{
        return monitor->ua->params.io;
}

static struct random *random_of(const struct sip_monitor *monitor)
{
        return io_random(io_of(monitor));
}

static struct slot *find(struct sip_monitor *monitor, uint32_t trunk_id)
{
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                if (monitor->slots[i].trunk_id == trunk_id)
                        return &monitor->slots[i];
        }
        return NULL;
}

/* ---- what is told of it ---- */

static struct sip_trunk_health sum_of(const struct sip_trunk_state *trunk)
{
        const struct sip_peers *peers = &trunk->peers;
        struct sip_trunk_health sum = {SIP_HEALTH_UNKNOWN, SIP_HEALTH_NOT_TRIED, 0};
        unsigned current = sip_peers_current(peers), down = 0;
        for (unsigned i = 0; i < current; i++) {
                const struct sip_peer *peer = &peers->list[i];
                if (peer->health == SIP_HEALTH_UP)
                        return (struct sip_trunk_health){SIP_HEALTH_UP, peer->reason, peer->status};
                down += peer->health == SIP_HEALTH_DOWN;
        }
        if (current && down == current) {
                const struct sip_peer *first = &peers->list[0];
                sum.state = SIP_HEALTH_DOWN;
                sum.reason = current > 1 ? SIP_HEALTH_NO_PEER : first->reason;
                sum.status = current > 1 ? 0 : first->status;
        } else if (!current && trunk->resolve_err) {
                sum.state = SIP_HEALTH_DOWN;
                sum.reason = SIP_HEALTH_NOT_RESOLVED;
        }
        return sum;
}

static void log_trunk(const struct sip_trunk_state *trunk)
{
        const struct sip_trunk_health *health = &trunk->health;
        struct sip_health_text text = sip_health_reason(health->reason, health->status);
        if (health->state == SIP_HEALTH_DOWN)
                log_warn("trunk %s: down: %s", trunk->trunk.name, text.text);
        else if (health->state == SIP_HEALTH_UP && health->downs)
                log_info("trunk %s: up again: %s", trunk->trunk.name, text.text);
}

/* Once per change. */
static void review(struct sip_monitor *monitor, struct sip_trunk_state *trunk)
{
        struct sip_trunk_health sum = sum_of(trunk), *health = &trunk->health;
        bool is_news = sum.state != health->state;
        health->reason = sum.reason;
        health->status = sum.status;
        if (!is_news)
                return;
        health->state = sum.state;
        health->since_wall_ms = io_wall_ms(io_of(monitor));
        health->downs += sum.state == SIP_HEALTH_DOWN;
        health->ups += sum.state == SIP_HEALTH_UP;
        log_trunk(trunk);
}

static void log_peer(const struct sip_trunk_state *trunk, const struct sip_peer *peer)
{
        struct sip_health_text text = sip_health_reason(peer->reason, peer->status);
        const char *state = peer->health == SIP_HEALTH_UP ? "up" : "down";
        if (sip_peers_current(&trunk->peers) < 2)
                return; /* what is said of the trunk says it all */
        log_info("trunk %s: %s is %s: %s", trunk->trunk.name, addr_format(&peer->target.addr).text,
                 state, text.text);
}

static void settle(struct sip_monitor *monitor, struct sip_trunk_state *trunk,
                   struct sip_peer *peer, enum sip_health_reason reason, unsigned status)
{
        enum sip_health before = peer->health;
        if (peer->breaker.is_open)
                peer->health = SIP_HEALTH_DOWN;
        else if (reason == SIP_HEALTH_ANSWERED)
                peer->health = SIP_HEALTH_UP;
        if (peer->health == before && reason != SIP_HEALTH_ANSWERED)
                return; /* one failure says nothing yet, and one more nothing new */
        peer->reason = reason;
        peer->status = status;
        if (peer->health != before) {
                peer->since_wall_ms = io_wall_ms(io_of(monitor));
                if (before != SIP_HEALTH_UNKNOWN || peer->health == SIP_HEALTH_DOWN)
                        log_peer(trunk, peer);
        }
        review(monitor, trunk);
}

/* ---- asking ---- */

static void on_due(void *arg);

static int64_t interval_ms(const struct slot *slot, const struct trunk *trunk)
{
        uint32_t whole_ms = trunk->options_s * 1000, jitter_ms = whole_ms / 100 * JITTER_PERCENT;
        return whole_ms - jitter_ms + random_below(random_of(slot->monitor), 2 * jitter_ms + 1);
}

/* When it is to be asked again. */
static void plan(const struct slot *slot, const struct trunk *trunk, struct sip_peer *peer)
{
        int64_t now_ms = io_now_ms(io_of(slot->monitor));
        peer->ask_ms = now_ms + interval_ms(slot, trunk);
        if (peer->breaker.is_open && peer->breaker.probe_ms < peer->ask_ms)
                peer->ask_ms = peer->breaker.probe_ms;
        else if (peer->breaker.unanswered && now_ms + SOON_MS < peer->ask_ms)
                peer->ask_ms = now_ms + SOON_MS;
}

static void arm(struct slot *slot, const struct sip_trunk_state *trunk)
{
        struct io *io = io_of(slot->monitor);
        unsigned current = sip_peers_current(&trunk->peers);
        int64_t next_ms = INT64_MAX, now_ms = io_now_ms(io);
        for (unsigned i = 0; i < current; i++) {
                const struct sip_peer *peer = &trunk->peers.list[i];
                if (!peer->is_asked && peer->ask_ms < next_ms)
                        next_ms = peer->ask_ms;
        }
        io_timer_stop(io, &slot->timer);
        if (trunk->trunk.options_s && next_ms != INT64_MAX)
                io_timer_start(io, &slot->timer, next_ms > now_ms ? next_ms - now_ms : 0, on_due,
                               slot);
}

static void on_asked(void *arg, const struct sip_probe_result *result)
{
        struct slot *slot = arg;
        struct sip_monitor *monitor = slot->monitor;
        struct sip_trunk_state *trunk = sip_trunks_find(monitor->ua->params.trunks, slot->trunk_id);
        struct sip_peer *peer = trunk ? sip_peers_find(&trunk->peers, &result->peer) : NULL;
        int64_t now_ms = io_now_ms(io_of(monitor));
        if (!peer || !peer->is_asked)
                return;
        peer->is_asked = false;
        if (result->outcome == SIP_PROBE_ANSWERED) {
                (void)sip_breaker_on_pong(&peer->breaker, result->status, now_ms,
                                          random_of(monitor));
                settle(monitor, trunk, peer,
                       peer->breaker.is_open ? SIP_HEALTH_REFUSED : SIP_HEALTH_ANSWERED,
                       result->status);
        } else if (result->outcome == SIP_PROBE_NO_ANSWER) {
                (void)sip_breaker_on_no_pong(&peer->breaker, now_ms, random_of(monitor));
                settle(monitor, trunk, peer, SIP_HEALTH_NO_PONG, 0);
        }
        plan(slot, &trunk->trunk, peer);
        arm(slot, trunk);
}

static void ask(struct slot *slot, struct sip_trunk_state *trunk, struct sip_peer *peer)
{
        const struct sip_probe_params params = {
                .trunk_id = trunk->trunk.id,
                .method = SIP_OPTIONS,
                .to = peer->target,
                .timeout_ms = PONG_MS,
                .fn = on_asked,
                .arg = slot,
        };
        struct sip_probe probe;
        if (sip_probe_start(slot->monitor->ua, &params, &probe)) {
                plan(slot, &trunk->trunk, peer);
                return;
        }
        peer->is_asked = true;
        peer->probe = probe.h;
}

static void on_due(void *arg)
{
        struct slot *slot = arg;
        struct sip_monitor *monitor = slot->monitor;
        struct sip_trunk_state *trunk = sip_trunks_find(monitor->ua->params.trunks, slot->trunk_id);
        assert(trunk);
        unsigned current = sip_peers_current(&trunk->peers);
        int64_t now_ms = io_now_ms(io_of(monitor));
        for (unsigned i = 0; i < current; i++) {
                struct sip_peer *peer = &trunk->peers.list[i];
                if (!peer->is_asked && peer->ask_ms <= now_ms)
                        ask(slot, trunk, peer);
        }
        arm(slot, trunk);
}

/* ---- what others hear ---- */

static struct sip_peer *peer_of(struct sip_monitor *monitor, const struct sip_transaction *tx,
                                struct sip_trunk_state **trunk)
{
        const struct sip_target target = sip_client_target(tx);
        *trunk = sip_trunks_find(monitor->ua->params.trunks, sip_transaction_trunk(tx));
        return *trunk ? sip_peers_find(&(*trunk)->peers, &target) : NULL;
}

/* An open one is asked when that is due. */
static void plan_again(struct sip_monitor *monitor, const struct sip_trunk_state *trunk,
                       struct sip_peer *peer)
{
        struct slot *slot = find(monitor, trunk->trunk.id);
        if (!slot || !trunk->trunk.options_s || peer->is_asked || !peer->is_current)
                return;
        plan(slot, &trunk->trunk, peer);
        arm(slot, trunk);
}

void sip_monitor_on_response(struct sip_monitor *monitor, const struct sip_transaction *tx,
                             const struct sip_msg *response)
{
        struct sip_trunk_state *trunk;
        struct sip_peer *peer = peer_of(monitor, tx, &trunk);
        enum sip_method method = sip_transaction_method(tx);
        bool begins = method == SIP_INVITE || method == SIP_REGISTER;
        /* After it has rung, 503 is about those who were called. */
        bool is_refusal = response->status == 503 && begins && !sip_client_has_rung(tx);
        /* A proxy says 100 before it knows whether it can do anything for us. */
        if (!peer || response->status == 100)
                return;
        if (!is_refusal) {
                (void)sip_breaker_on_answer(&peer->breaker);
                settle(monitor, trunk, peer, SIP_HEALTH_ANSWERED, response->status);
                return;
        }
        bool is_news = sip_breaker_on_refusal(&peer->breaker, response->retry_after_s,
                                              io_now_ms(io_of(monitor)), random_of(monitor));
        settle(monitor, trunk, peer, SIP_HEALTH_REFUSED, 503);
        if (is_news)
                plan_again(monitor, trunk, peer);
}

static void fail(struct sip_monitor *monitor, struct sip_trunk_state *trunk, struct sip_peer *peer,
                 enum sip_health_reason reason)
{
        bool is_news = sip_breaker_on_silence(&peer->breaker, io_now_ms(io_of(monitor)),
                                              random_of(monitor));
        settle(monitor, trunk, peer, reason, 0);
        if (is_news)
                plan_again(monitor, trunk, peer);
}

void sip_monitor_on_silence(struct sip_monitor *monitor, const struct sip_transaction *tx)
{
        struct sip_trunk_state *trunk;
        struct sip_peer *peer = peer_of(monitor, tx, &trunk);
        if (peer)
                fail(monitor, trunk, peer, SIP_HEALTH_SILENT);
}

void sip_monitor_on_unsent(struct sip_monitor *monitor, uint32_t trunk_id,
                           const struct sip_target *target)
{
        struct sip_trunk_state *trunk = sip_trunks_find(monitor->ua->params.trunks, trunk_id);
        struct sip_peer *peer = trunk ? sip_peers_find(&trunk->peers, target) : NULL;
        if (peer)
                fail(monitor, trunk, peer, SIP_HEALTH_UNREACHABLE);
}

/* Without OPTIONS only a call can tell. */
static bool is_told_by_calls(const struct sip_trunk_state *trunk, const struct sip_peer *peer)
{
        return !trunk->trunk.options_s || !sip_breaker_can_ask(&peer->breaker);
}

bool sip_monitor_admits(const struct sip_monitor *monitor, const struct sip_trunk_state *trunk,
                        const struct sip_peer *peer)
{
        return sip_breaker_admits(&peer->breaker, is_told_by_calls(trunk, peer),
                                  io_now_ms(io_of(monitor)));
}

void sip_monitor_on_sending(struct sip_monitor *monitor, const struct sip_trunk_state *trunk,
                            const struct sip_target *target)
{
        struct sip_peer *peer = sip_peers_find(&trunk->peers, target);
        if (peer)
                sip_breaker_begin_probe(&peer->breaker, io_now_ms(io_of(monitor)),
                                        random_of(monitor));
}

/* ---- following the trunks ---- */

static void close_slot(struct slot *slot, struct sip_trunk_state *trunk)
{
        struct sip_monitor *monitor = slot->monitor;
        io_timer_stop(io_of(monitor), &slot->timer);
        slot->trunk_id = 0;
        for (unsigned i = 0; trunk && i < trunk->peers.count; i++) {
                struct sip_peer *peer = &trunk->peers.list[i];
                if (!peer->is_asked)
                        continue;
                peer->is_asked = false;
                sip_probe_cancel(monitor->ua, (struct sip_probe){peer->probe});
        }
}

/* New ones are asked soon, but not all at once. */
static void invite_new(struct slot *slot, struct sip_trunk_state *trunk)
{
        unsigned current = sip_peers_current(&trunk->peers);
        int64_t now_ms = io_now_ms(io_of(slot->monitor));
        for (unsigned i = 0; i < current; i++) {
                struct sip_peer *peer = &trunk->peers.list[i];
                bool is_late = peer->ask_ms > now_ms + (int64_t)trunk->trunk.options_s * 1100;
                if (!peer->ask_ms || is_late)
                        peer->ask_ms =
                                now_ms + 1 + random_below(random_of(slot->monitor), FIRST_MS);
        }
}

static void on_trunk_changed(void *arg, uint32_t trunk_id)
{
        struct sip_monitor *monitor = arg;
        struct sip_trunks *trunks = monitor->ua->params.trunks;
        struct sip_trunk_state *trunk = sip_trunks_find(trunks, trunk_id);
        struct slot *slot = find(monitor, trunk_id);
        if (!trunk) {
                if (slot)
                        close_slot(slot, sip_trunks_state_any(trunks, trunk_id));
                return;
        }
        if (!slot) {
                slot = find(monitor, 0);
                assert(slot); /* there are no more trunks than slots */
                *slot = (struct slot){.monitor = monitor, .trunk_id = trunk_id};
        }
        invite_new(slot, trunk);
        review(monitor, trunk);
        arm(slot, trunk);
}

int sip_monitor_create(struct sip_ua *ua, struct sip_monitor **out)
{
        struct sip_monitor *monitor = calloc(1, sizeof *monitor);
        if (!monitor)
                return -ENOMEM;
        monitor->ua = ua;
        *out = monitor;
        sip_trunks_watch(ua->params.trunks, on_trunk_changed, monitor);
        return 0;
}

void sip_monitor_destroy(struct sip_monitor *monitor)
{
        if (!monitor)
                return;
        sip_trunks_unwatch(monitor->ua->params.trunks, monitor);
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                struct slot *slot = &monitor->slots[i];
                if (slot->trunk_id)
                        close_slot(slot,
                                   sip_trunks_find(monitor->ua->params.trunks, slot->trunk_id));
        }
        free(monitor);
}
