/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_trunks.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define SIP_PORT  5060
#define SIPS_PORT 5061

struct sip_trunks {
        struct io *io;
        uint32_t count; /* slots in use, the removed ones included */
        sip_trunks_watch_fn *watch;
        void *watch_arg;
        struct sip_trunk_state states[TRUNKS_MAX];
};

int sip_trunks_create(struct io *io, struct sip_trunks **out)
{
        struct sip_trunks *trunks = calloc(1, sizeof *trunks);
        if (!trunks)
                return -ENOMEM;
        trunks->io = io;
        *out = trunks;
        return 0;
}

/* A slot is empty when its id is 0. */
static struct sip_trunk_state *slot_of(const struct sip_trunks *trunks, uint32_t trunk_id)
{
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                const struct sip_trunk_state *state = &trunks->states[i];
                if (state->trunk.id == trunk_id)
                        return (struct sip_trunk_state *)state;
        }
        return NULL;
}

void sip_trunks_watch(struct sip_trunks *trunks, sip_trunks_watch_fn *fn, void *arg)
{
        trunks->watch = fn;
        trunks->watch_arg = arg;
        for (size_t i = 0; fn && i < TRUNKS_MAX; i++) {
                if (trunks->states[i].trunk.id)
                        fn(arg, trunks->states[i].trunk.id);
        }
}

static void tell(const struct sip_trunks *trunks, uint32_t trunk_id)
{
        if (trunks->watch)
                trunks->watch(trunks->watch_arg, trunk_id);
}

static uint16_t peer_port(const struct trunk *trunk)
{
        uint16_t usual = trunk->transport == TRUNK_TLS ? SIPS_PORT : SIP_PORT;
        return trunk->peer_port ? trunk->peer_port : usual;
}

static struct sip_target target_of(const struct trunk *trunk, struct addr address)
{
        static const enum sip_transport transports[TRUNK_TRANSPORTS] = {
                [TRUNK_UDP] = SIP_UDP,
                [TRUNK_TCP] = SIP_TCP,
                [TRUNK_TLS] = SIP_TLS,
        };
        address.port = peer_port(trunk);
        return sip_target_of(transports[trunk->transport], address);
}

/* Of the family that the trunk speaks otherwise; IPv4 when nothing says. */
static uint8_t wanted_family(const struct trunk *trunk)
{
        if (trunk->advertised.family)
                return trunk->advertised.family;
        return trunk->source_count ? trunk->sources[0].prefix.addr.family : 4;
}

static bool is_peer(const struct sip_trunk_state *state, const struct sip_target *address)
{
        for (unsigned i = 0; i < state->peer_count; i++) {
                if (sip_target_equal(&state->peers[i], address))
                        return true;
        }
        return false;
}

/* A name that stands for several addresses is often answered in changing order: we stay. */
static void choose_peer(struct sip_trunk_state *state)
{
        if (!sip_target_is_none(&state->peer) && is_peer(state, &state->peer))
                return;
        state->peer = state->peers[0];
        for (unsigned i = 0; i < state->peer_count; i++) {
                if (state->peers[i].addr.family == wanted_family(&state->trunk)) {
                        state->peer = state->peers[i];
                        return;
                }
        }
}

static void resolve(void *arg);

static void on_resolved(void *arg, int err, const struct dns_answer *answer)
{
        struct sip_trunk_state *state = arg;
        uint32_t again_s = DNS_TTL_MIN_S;
        state->query = NULL;
        if (err) {
                /* What was found before is better than nothing. */
                log_warn("trunk %s: its peer's name cannot be resolved: %s", state->trunk.name,
                         err_text(err));
        } else {
                state->peer_count = answer->count;
                for (unsigned i = 0; i < answer->count; i++) {
                        state->peers[i] = target_of(&state->trunk, answer->addrs[i]);
                }
                choose_peer(state);
                tell(state->trunks, state->trunk.id);
                again_s = answer->ttl_s;
        }
        io_timer_start(state->io, &state->refresh, (int64_t)again_s * 1000, resolve, state);
}

static void resolve(void *arg)
{
        struct sip_trunk_state *state = arg;
        struct slice name = slice_from(state->trunk.peer_host);
        int err = dns_resolve(state->io, name, on_resolved, state, &state->query);
        if (err)
                on_resolved(state, err, NULL);
}

static void stop_resolving(struct sip_trunk_state *state)
{
        if (!state->io)
                return;
        dns_cancel(state->query);
        state->query = NULL;
        io_timer_stop(state->io, &state->refresh);
}

static void start_resolving(struct sip_trunk_state *state)
{
        struct addr literal;
        stop_resolving(state);
        state->peer = (struct sip_target){0};
        state->peer_count = 0;
        if (state->trunk.peer_host[0] == 0)
                return; /* a trunk for calls that come in */
        if (addr_parse_ip(slice_from(state->trunk.peer_host), &literal)) {
                resolve(state);
                return;
        }
        state->peers[0] = state->peer = target_of(&state->trunk, literal);
        state->peer_count = 1;
}

void sip_trunks_destroy(struct sip_trunks *trunks)
{
        if (!trunks)
                return;
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                stop_resolving(&trunks->states[i]);
                io_timer_stop(trunks->io, &trunks->states[i].turn_timer);
                sip_digest_destroy(trunks->states[i].digest);
        }
        free(trunks);
}

int sip_trunks_put(struct sip_trunks *trunks, const struct trunk *trunk)
{
        assert(trunk->id != 0);
        struct sip_trunk_state *state = slot_of(trunks, trunk->id);
        if (!state) {
                state = slot_of(trunks, 0);
                if (!state)
                        return ERR_FULL;
                *state = (struct sip_trunk_state){0};
                trunks->count++;
        }
        bool is_same_peer = state->trunk.id && state->trunk.transport == trunk->transport &&
                            peer_port(&state->trunk) == peer_port(trunk) &&
                            strcmp(state->trunk.peer_host, trunk->peer_host) == 0;
        state->trunk = *trunk;
        state->is_removed = false;
        state->io = trunks->io;
        state->trunks = trunks;
        sip_trunk_rate_start(state);
        if (!is_same_peer)
                start_resolving(state);
        tell(trunks, trunk->id);
        return 0;
}

struct sip_trunk_state *sip_trunks_state_any(const struct sip_trunks *trunks, uint32_t trunk_id)
{
        return trunk_id ? slot_of(trunks, trunk_id) : NULL;
}

int sip_trunks_set_password(struct sip_trunks *trunks, uint32_t trunk_id, struct slice password)
{
        struct sip_trunk_state *state = sip_trunks_find(trunks, trunk_id);
        struct sip_digest *digest = NULL;
        if (!state)
                return ERR_NOT_FOUND;
        if (password.len && state->trunk.username[0]) {
                if (state->digest &&
                    sip_digest_has(state->digest, slice_from(state->trunk.username), password,
                                   slice_from(state->trunk.realm)))
                        return 0; /* its nonce is still good */
                int err = sip_digest_create(slice_from(state->trunk.username), password,
                                            slice_from(state->trunk.realm), &digest);
                if (err)
                        return err;
        }
        bool is_changed = digest || state->digest;
        sip_digest_destroy(state->digest);
        state->digest = digest;
        state->password_changes += is_changed;
        if (is_changed)
                tell(trunks, trunk_id);
        return 0;
}

struct sip_digest *sip_trunks_digest(const struct sip_trunks *trunks, uint32_t trunk_id)
{
        const struct sip_trunk_state *state = slot_of(trunks, trunk_id);
        return state ? state->digest : NULL;
}

static void free_when_unused(struct sip_trunks *trunks, struct sip_trunk_state *state)
{
        if (!state->is_removed || state->dialogs > 0)
                return;
        stop_resolving(state);
        sip_trunk_rate_stop(state);
        sip_digest_destroy(state->digest);
        *state = (struct sip_trunk_state){0};
        trunks->count--;
}

void sip_trunks_remove(struct sip_trunks *trunks, uint32_t trunk_id)
{
        struct sip_trunk_state *state = sip_trunks_find(trunks, trunk_id);
        if (!state)
                return;
        state->is_removed = true;
        sip_trunk_rate_stop(state);
        tell(trunks, trunk_id);
        free_when_unused(trunks, state);
}

struct sip_trunk_state *sip_trunks_find(struct sip_trunks *trunks, uint32_t trunk_id)
{
        struct sip_trunk_state *state = trunk_id ? slot_of(trunks, trunk_id) : NULL;
        return state && !state->is_removed ? state : NULL;
}

const struct trunk *sip_trunks_find_any(const struct sip_trunks *trunks, uint32_t trunk_id)
{
        const struct sip_trunk_state *state = trunk_id ? slot_of(trunks, trunk_id) : NULL;
        return state ? &state->trunk : NULL;
}

bool sip_trunk_has(const struct sip_trunk_state *trunk, const struct sip_target *address)
{
        return trunk_has_source(&trunk->trunk, &address->addr) || is_peer(trunk, address);
}

struct sip_trunk_state *sip_trunks_match(struct sip_trunks *trunks, const struct sip_target *source)
{
        struct sip_trunk_state *by_peer = NULL;
        bool is_ambiguous = false;
        for (size_t i = 0, left = trunks->count; left; i++) {
                struct sip_trunk_state *state = &trunks->states[i];
                if (state->trunk.id == 0)
                        continue;
                left--;
                if (state->is_removed)
                        continue;
                if (trunk_has_source(&state->trunk, &source->addr))
                        return state;
                if (is_peer(state, source)) {
                        is_ambiguous = by_peer != NULL;
                        by_peer = state;
                }
        }
        return is_ambiguous ? NULL : by_peer;
}

bool sip_trunks_know(const struct sip_trunks *trunks, const struct sip_target *source)
{
        for (size_t i = 0, left = trunks->count; left; i++) {
                const struct sip_trunk_state *state = &trunks->states[i];
                if (state->trunk.id == 0)
                        continue;
                left--;
                if (sip_trunk_has(state, source))
                        return true;
        }
        return false;
}

void sip_trunks_open_dialog(struct sip_trunks *trunks, uint32_t trunk_id)
{
        struct sip_trunk_state *state = sip_trunks_find(trunks, trunk_id);
        assert(state);
        state->dialogs++;
}

void sip_trunks_close_dialog(struct sip_trunks *trunks, uint32_t trunk_id)
{
        struct sip_trunk_state *state = slot_of(trunks, trunk_id);
        assert(state);
        assert(state->dialogs > 0);
        state->dialogs--;
        free_when_unused(trunks, state);
}

bool sip_trunks_may_continue(const struct sip_trunks *trunks, uint32_t trunk_id,
                             const struct sip_target *source)
{
        const struct sip_trunk_state *state = slot_of(trunks, trunk_id);
        return state && sip_trunk_has(state, source);
}
