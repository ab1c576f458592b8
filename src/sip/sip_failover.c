/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_failover.h"

#include "sip/sip_monitor.h"

bool sip_failover_is_elsewhere(unsigned status)
{
        switch (status) {
        case 408: /* it has asked somebody else in vain */
        case 500:
        case 502:
        case 503:
        case 504:
                return true;
        default:
                return false;
        }
}

static bool was_tried(const struct leg *leg, const struct sip_target *target)
{
        for (unsigned i = 0; i < leg->attempts.count; i++) {
                if (sip_target_equal(&leg->attempts.list[i].target, target))
                        return true;
        }
        return false;
}

/* We have an address that it can answer to, and one for its audio. `leg` may be NULL. */
static bool is_usable(const struct sip_ua *ua, const struct sip_trunk_state *trunk,
                      const struct leg *leg, const struct sip_target *target)
{
        struct sip_sent_by local;
        bool may_describe = !leg || addr_pair_is_empty(&leg->media) ||
                            addr_pair_find(&leg->media, target->addr.family);
        return may_describe && sip_ua_sent_by(ua, &trunk->trunk, target, &local);
}

/* The first in a freshly drawn order that was not tried and is up, as far as is known. */
static const struct sip_peer *choose(const struct leg *leg, const struct sip_trunk_state *trunk)
{
        const struct sip_ua *ua = leg->ua;
        uint8_t order[SIP_PEERS_MAX];
        unsigned count = sip_peers_order(&trunk->peers, io_random(ua->params.io), order);
        for (unsigned i = 0; i < count; i++) {
                const struct sip_peer *peer = &trunk->peers.list[order[i]];
                if (is_usable(ua, trunk, leg, &peer->target) && !was_tried(leg, &peer->target) &&
                    sip_monitor_admits(ua->monitor, trunk, peer))
                        return peer;
        }
        return NULL;
}

/*
 * `leg` NULL: none was tried. One that is known to be dark is worth a try when all else fails, and
 * nobody is left sooner for it.
 */
static bool has_live(const struct sip_ua *ua, const struct sip_trunk_state *trunk,
                     const struct leg *leg)
{
        unsigned current = sip_peers_current(&trunk->peers);
        for (unsigned i = 0; i < current; i++) {
                const struct sip_peer *peer = &trunk->peers.list[i];
                if (!peer->breaker.is_open && is_usable(ua, trunk, leg, &peer->target) &&
                    !(leg && was_tried(leg, &peer->target)))
                        return true;
        }
        return false;
}

bool sip_ua_has_way(const struct sip_ua *ua, uint32_t trunk_id)
{
        const struct sip_trunk_state *trunk = sip_trunks_find(ua->params.trunks, trunk_id);
        return trunk && has_live(ua, trunk, NULL);
}

/* Where the leg was sent to, the best first; NULL: all of it was tried. */
static const struct sip_target *choose_redirect(const struct leg *leg,
                                                const struct sip_trunk_state *trunk)
{
        for (unsigned i = 0; i < leg->redirect_count; i++) {
                const struct sip_target *target = &leg->redirects[i];
                const struct sip_peer *peer = sip_peers_find(&trunk->peers, target);
                bool is_up = !peer || sip_monitor_admits(leg->ua->monitor, trunk, peer);
                if (is_up && !was_tried(leg, target) && is_usable(leg->ua, trunk, leg, target))
                        return target;
        }
        return NULL;
}

bool sip_failover_next(const struct leg *leg, struct sip_target *out)
{
        const struct sip_trunk_state *trunk =
                sip_trunks_find(leg->ua->params.trunks, leg->trunk_id);
        if (!trunk || leg->attempts.count == SIP_ATTEMPTS_MAX)
                return false;
        const struct sip_target *redirect = choose_redirect(leg, trunk);
        const struct sip_peer *peer = redirect ? NULL : choose(leg, trunk);
        if (!redirect && !peer)
                return false;
        *out = redirect ? *redirect : peer->target;
        return true;
}

void sip_failover_begin(struct leg *leg, const struct sip_target *to)
{
        const struct sip_trunk_state *trunk =
                sip_trunks_find(leg->ua->params.trunks, leg->trunk_id);
        struct sip_attempts *attempts = &leg->attempts;
        const struct sip_attempt attempt = {.target = sip_target_of(to->transport, to->addr)};
        if (attempts->count < SIP_ATTEMPTS_MAX)
                attempts->list[attempts->count++] = attempt;
        if (trunk)
                sip_monitor_on_sending(leg->ua->monitor, trunk, to);
}

int64_t sip_failover_patience_ms(const struct leg *leg)
{
        const struct sip_trunk_state *trunk =
                sip_trunks_find(leg->ua->params.trunks, leg->trunk_id);
        bool has_next = trunk && leg->attempts.count < SIP_ATTEMPTS_MAX &&
                        (choose_redirect(leg, trunk) || has_live(leg->ua, trunk, leg));
        return trunk && (leg->has_other_route || has_next) ? trunk->trunk.failover_ms : 0;
}

void sip_failover_note(struct leg *leg, enum sip_attempt_end how, unsigned status)
{
        struct sip_attempts *attempts = &leg->attempts;
        if (attempts->count == 0)
                return;
        attempts->list[attempts->count - 1].how = how;
        attempts->list[attempts->count - 1].status = (uint16_t)status;
}

bool sip_failover_is_possible(const struct leg *leg)
{
        bool is_waiting = leg->state == LEG_CALLING || leg->state == LEG_PROCEEDING;
        return leg->is_dialled && !leg->has_rung && is_waiting;
}
