/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_resolve.c - from a trunk's peer, a name or an address, to its targets; and again, before what
 * DNS said has grown old (RFC 3263).
 */
#include "base/log.h"
#include "io/dns.h"
#include "sip/sip_trunks.h"

/* After a failure: until then what was found before has to do. */
#define AGAIN_MS ((int64_t)DNS_TTL_MIN_S * 1000)

/* Sets of families. */
#define IP4  1u
#define IP6  2u
#define BOTH (IP4 | IP6)

static unsigned family_bit(uint8_t family)
{
        return family == 6 ? IP6 : IP4;
}

unsigned sip_trunk_families(const struct trunk *trunk)
{
        unsigned families = 0;
        for (unsigned i = 0; i < trunk->source_count; i++)
                families |= family_bit(trunk->sources[i].prefix.addr.family);
        if (trunk->advertised.ip4.family)
                families |= IP4;
        if (trunk->advertised.ip6.family)
                families |= IP6;
        return families ? families : BOTH;
}

static unsigned choose_spoken(const struct sip_trunks *trunks, unsigned families,
                              const struct locate_answer *answer, struct locate_target *out)
{
        unsigned count = 0;
        for (unsigned i = 0; i < answer->count; i++) {
                const struct locate_target *target = &answer->targets[i];
                if (families & family_bit(target->addr.family) &&
                    sip_trunks_speaks(trunks, target->transport, target->addr.family))
                        out[count++] = *target;
        }
        return count;
}

unsigned sip_trunk_choose(const struct sip_trunks *trunks, const struct trunk *trunk,
                          const struct locate_answer *answer,
                          struct locate_target out[LOCATE_TARGETS_MAX])
{
        unsigned count = choose_spoken(trunks, sip_trunk_families(trunk), answer, out);
        if (count == 0)
                count = choose_spoken(trunks, BOTH, answer, out);
        if (count)
                return count;
        for (; count < answer->count; count++)
                out[count] = answer->targets[count];
        return count;
}

static void take(struct sip_trunk_state *state, const struct locate_target *targets, unsigned count)
{
        sip_peers_set(&state->peers, targets, count, state->dialogs > 0);
        const struct sip_peer *first = sip_peers_first(&state->peers);
        state->peer = first ? first->target : (struct sip_target){0};
}

static void resolve(void *arg);

static void resolve_in(struct sip_trunk_state *state, int64_t delay_ms)
{
        io_timer_start(state->io, &state->refresh, delay_ms, resolve, state);
}

/* Told once, however long it lasts. */
static void on_failed(struct sip_trunk_state *state, int err)
{
        if (err != state->resolve_err)
                log_warn("trunk %s: its peer's name cannot be resolved: %s%s", state->trunk.name,
                         err_text(err),
                         sip_target_is_none(&state->peer) ? "" : "; the last answer stays in use");
        state->resolve_err = err;
        resolve_in(state, AGAIN_MS);
        sip_trunks_tell(state->trunks, state->trunk.id);
}

static void on_located(void *arg, int err, const struct locate_answer *answer)
{
        struct sip_trunk_state *state = arg;
        struct locate_target targets[LOCATE_TARGETS_MAX];
        state->search = NULL;
        if (err) {
                on_failed(state, err);
                return;
        }
        if (state->resolve_err)
                log_info("trunk %s: its peer's name can be resolved again", state->trunk.name);
        state->resolve_err = 0;
        take(state, targets, sip_trunk_choose(state->trunks, &state->trunk, answer, targets));
        resolve_in(state, (int64_t)answer->ttl_s * 1000);
        sip_trunks_tell(state->trunks, state->trunk.id);
}

static int search(struct sip_trunk_state *state)
{
        const struct trunk *trunk = &state->trunk;
        const struct locate_params params = {
                .host = slice_from(trunk->peer_host),
                .port = trunk->peer_port,
                .transport = sip_trunk_transport(trunk),
                .speaks = sip_trunks_spoken(state->trunks),
        };
        return locate_start(state->io, &params, on_located, state, &state->search);
}

static void resolve(void *arg)
{
        struct sip_trunk_state *state = arg;
        int err = search(state);
        if (err)
                on_failed(state, err);
}

void sip_trunk_stop_resolving(struct sip_trunk_state *state)
{
        if (!state->io)
                return;
        locate_cancel(state->search);
        state->search = NULL;
        io_timer_stop(state->io, &state->refresh);
}

/* An address needs no questions, and is there at once. */
static void take_literal(struct sip_trunk_state *state, struct addr literal)
{
        const struct trunk *trunk = &state->trunk;
        enum sip_transport transport = sip_trunk_transport(trunk);
        literal.port = trunk->peer_port ? trunk->peer_port : sip_usual_port(transport);
        const struct locate_target target = {
                .transport = trunk->transport == TRUNK_AUTO ? SIP_UDP : transport,
                .addr = literal,
        };
        take(state, &target, 1);
}

void sip_trunk_resolve(struct sip_trunk_state *state)
{
        struct addr literal;
        sip_trunk_stop_resolving(state);
        take(state, NULL, 0);
        state->resolve_err = 0;
        if (state->trunk.peer_host[0] == 0)
                return; /* a trunk for calls that come in */
        if (addr_parse_ip(slice_from(state->trunk.peer_host), &literal))
                resolve(state);
        else
                take_literal(state, literal);
}
