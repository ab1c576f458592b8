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

static bool was_tried(const struct sip_way *way, const struct sip_target *target)
{
        for (unsigned i = 0; way->tried && i < way->tried->count; i++) {
                if (sip_target_equal(&way->tried->list[i].target, target))
                        return true;
        }
        return false;
}

/* We have an address that it can answer to, and one for its audio. */
static bool is_usable(const struct sip_way *way, const struct sip_target *target)
{
        struct sip_sent_by local;
        bool may_describe = !way->media || addr_pair_is_empty(way->media) ||
                            addr_pair_find(way->media, target->addr.family);
        bool may_go = !way->is_bound || way->transport == target->transport;
        return may_describe && may_go &&
               sip_ua_sent_by(way->ua, &way->trunk->trunk, target, &local) &&
               !was_tried(way, target);
}

bool sip_way_next(const struct sip_way *way, struct sip_target *out)
{
        const struct sip_peers *peers = &way->trunk->peers;
        uint8_t order[SIP_PEERS_MAX];
        unsigned count = sip_peers_order(peers, io_random(way->ua->params.io), order);
        for (unsigned i = 0; i < count; i++) {
                const struct sip_peer *peer = &peers->list[order[i]];
                if (is_usable(way, &peer->target) &&
                    sip_monitor_admits(way->ua->monitor, way->trunk, peer)) {
                        *out = peer->target;
                        return true;
                }
        }
        return false;
}

bool sip_way_is_there(const struct sip_way *way)
{
        unsigned current = sip_peers_current(&way->trunk->peers);
        for (unsigned i = 0; i < current; i++) {
                const struct sip_peer *peer = &way->trunk->peers.list[i];
                if (!peer->breaker.is_open && is_usable(way, &peer->target))
                        return true;
        }
        return false;
}

void sip_way_note(struct sip_attempts *tried, const struct sip_target *to)
{
        const struct sip_attempt attempt = {.target = sip_target_of(to->transport, to->addr)};
        if (tried->count < SIP_ATTEMPTS_MAX)
                tried->list[tried->count++] = attempt;
}

bool sip_ua_has_way(const struct sip_ua *ua, uint32_t trunk_id)
{
        const struct sip_trunk_state *trunk = sip_trunks_find(ua->params.trunks, trunk_id);
        return trunk && sip_way_is_there(&(struct sip_way){.ua = ua, .trunk = trunk});
}

/* ---- an INVITE ---- */

static struct sip_way way_of(const struct leg *leg)
{
        return (struct sip_way){
                .ua = leg->ua,
                .trunk = sip_trunks_find(leg->ua->params.trunks, leg->trunk_id),
                .tried = &leg->attempts,
                .media = &leg->media,
        };
}

/* Where the leg was sent to, the best first; NULL: all of it was tried. */
static const struct sip_target *choose_redirect(const struct leg *leg, const struct sip_way *way)
{
        for (unsigned i = 0; i < leg->redirect_count; i++) {
                const struct sip_target *target = &leg->redirects[i];
                const struct sip_peer *peer = sip_peers_find(&way->trunk->peers, target);
                bool is_up = !peer || sip_monitor_admits(way->ua->monitor, way->trunk, peer);
                if (is_up && is_usable(way, target))
                        return target;
        }
        return NULL;
}

bool sip_failover_next(const struct leg *leg, struct sip_target *out)
{
        const struct sip_way way = way_of(leg);
        if (!way.trunk || leg->attempts.count == SIP_ATTEMPTS_MAX)
                return false;
        const struct sip_target *redirect = choose_redirect(leg, &way);
        if (redirect)
                *out = *redirect;
        return redirect || sip_way_next(&way, out);
}

void sip_failover_begin(struct leg *leg, const struct sip_target *to)
{
        const struct sip_way way = way_of(leg);
        sip_way_note(&leg->attempts, to);
        if (way.trunk)
                sip_monitor_on_sending(way.ua->monitor, way.trunk, to);
}

int64_t sip_failover_patience_ms(const struct leg *leg)
{
        const struct sip_way way = way_of(leg);
        bool has_next = way.trunk && leg->attempts.count < SIP_ATTEMPTS_MAX &&
                        (choose_redirect(leg, &way) || sip_way_is_there(&way));
        return way.trunk && (leg->has_other_route || has_next) ? way.trunk->trunk.failover_ms : 0;
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

/* ---- requests within a dialog ---- */

/* RFC 3263 4: its requests go to a name, and that is the peer's. */
static bool is_named(const struct leg *leg, const struct trunk *trunk)
{
        struct sip_uri uri;
        return trunk->peer_host[0] && !sip_dialog_hop_uri(&leg->dialog, &uri) &&
               uri.port == trunk->peer_port &&
               slice_equal_nocase(uri.host, slice_from(trunk->peer_host));
}

/* False: it does not go anywhere else. */
static bool find_way_within(const struct leg *leg, struct sip_way *out)
{
        const struct sip_trunk_state *trunk =
                sip_trunks_find(leg->ua->params.trunks, leg->trunk_id);
        if (!trunk || leg->tried_within.count == SIP_ATTEMPTS_MAX || !is_named(leg, &trunk->trunk))
                return false;
        *out = (struct sip_way){
                .ua = leg->ua,
                .trunk = trunk,
                .tried = &leg->tried_within,
                .is_bound = true,
                .transport = leg->dialog.next_hop.transport,
        };
        return true;
}

int64_t sip_failover_within_patience_ms(const struct leg *leg)
{
        struct sip_way way;
        struct sip_attempts tried = leg->tried_within;
        if (!find_way_within(leg, &way))
                return 0;
        way.tried = &tried;
        sip_way_note(&tried, &leg->dialog.next_hop);
        return sip_way_is_there(&way) ? way.trunk->trunk.failover_ms : 0;
}

bool sip_failover_within(struct leg *leg)
{
        struct sip_way way;
        struct sip_target to;
        if (!find_way_within(leg, &way))
                return false;
        sip_way_note(&leg->tried_within, &leg->dialog.next_hop);
        if (!sip_way_next(&way, &to))
                return false;
        leg->dialog.next_hop = to;
        (void)!sip_ua_sent_by(leg->ua, &way.trunk->trunk, &to, &leg->local);
        sip_monitor_on_sending(leg->ua->monitor, way.trunk, &to);
        leg->ua->counters.failovers++;
        sip_leg_tell_changed(leg);
        return true;
}
