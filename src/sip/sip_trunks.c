/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_trunks.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"

#define WATCHERS_MAX 4

struct sip_trunks {
        struct io *io;
        struct sip_spoken spoken;
        uint32_t count; /* slots in use, the removed ones included */
        struct watcher {
                sip_trunks_watch_fn *fn; /* NULL: nobody */
                void *arg;
        } watchers[WATCHERS_MAX];
        struct sip_digest_mark *marks; /* not owned; NULL: none */
        struct sip_trunk_state states[TRUNKS_MAX];
};

int sip_trunks_create(struct io *io, struct sip_trunks **out)
{
        struct sip_trunks *trunks = calloc(1, sizeof *trunks);
        if (!trunks)
                return -ENOMEM;
        trunks->io = io;
        trunks->spoken = (struct sip_spoken){1u << SIP_UDP, 1u << SIP_UDP};
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

void sip_trunks_speak(struct sip_trunks *trunks, struct sip_spoken spoken)
{
        if (spoken.ip4 == trunks->spoken.ip4 && spoken.ip6 == trunks->spoken.ip6)
                return;
        trunks->spoken = spoken;
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                if (trunks->states[i].trunk.id)
                        sip_trunk_resolve(&trunks->states[i]);
        }
}

unsigned sip_trunks_spoken(const struct sip_trunks *trunks)
{
        return trunks->spoken.ip4 | trunks->spoken.ip6;
}

bool sip_trunks_speaks(const struct sip_trunks *trunks, enum sip_transport transport,
                       uint8_t family)
{
        unsigned transports = family == 6 ? trunks->spoken.ip6 : trunks->spoken.ip4;
        return transports & 1u << transport;
}

static struct watcher *watcher_of(struct sip_trunks *trunks, const void *arg)
{
        for (size_t i = 0; i < WATCHERS_MAX; i++) {
                if (trunks->watchers[i].arg == arg)
                        return &trunks->watchers[i];
        }
        return NULL;
}

void sip_trunks_watch(struct sip_trunks *trunks, sip_trunks_watch_fn *fn, void *arg)
{
        struct watcher *watcher = watcher_of(trunks, NULL);
        assert(arg);
        assert(watcher);
        *watcher = (struct watcher){fn, arg};
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                if (trunks->states[i].trunk.id)
                        fn(arg, trunks->states[i].trunk.id);
        }
}

void sip_trunks_unwatch(struct sip_trunks *trunks, const void *arg)
{
        struct watcher *watcher = watcher_of(trunks, arg);
        if (watcher)
                *watcher = (struct watcher){0};
}

void sip_trunks_tell(const struct sip_trunks *trunks, uint32_t trunk_id)
{
        for (size_t i = 0; i < WATCHERS_MAX; i++) {
                if (trunks->watchers[i].fn)
                        trunks->watchers[i].fn(trunks->watchers[i].arg, trunk_id);
        }
}

enum sip_transport sip_trunk_transport(const struct trunk *trunk)
{
        static const enum sip_transport transports[TRUNK_TRANSPORTS] = {
                [TRUNK_UDP] = SIP_UDP,
                [TRUNK_TCP] = SIP_TCP,
                [TRUNK_TLS] = SIP_TLS,
                [TRUNK_AUTO] = SIP_TRANSPORT_OTHER,
        };
        return transports[trunk->transport];
}

static void forget_secrets(struct sip_trunk_state *state)
{
        sip_digest_destroy(state->digest);
        secret_free(state->headers, TRUNK_HEADERS_BYTES);
}

void sip_trunks_destroy(struct sip_trunks *trunks)
{
        if (!trunks)
                return;
        for (size_t i = 0; i < TRUNKS_MAX; i++) {
                sip_trunk_stop_resolving(&trunks->states[i]);
                io_timer_stop(trunks->io, &trunks->states[i].turn_timer);
                forget_secrets(&trunks->states[i]);
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
                            state->trunk.peer_port == trunk->peer_port &&
                            strcmp(state->trunk.peer_host, trunk->peer_host) == 0 &&
                            sip_trunk_families(&state->trunk) == sip_trunk_families(trunk);
        state->trunk = *trunk;
        state->is_removed = false;
        state->io = trunks->io;
        state->trunks = trunks;
        sip_trunk_rate_start(state);
        if (!is_same_peer)
                sip_trunk_resolve(state);
        sip_trunks_tell(trunks, trunk->id);
        return 0;
}

struct sip_trunk_state *sip_trunks_state_any(const struct sip_trunks *trunks, uint32_t trunk_id)
{
        return trunk_id ? slot_of(trunks, trunk_id) : NULL;
}

/* Ids are given out one after the other: two of TRUNKS_MAX trunks rarely share a place. */
static void keep_count(const struct sip_trunks *trunks, struct sip_trunk_state *state)
{
        if (!trunks->marks || !state->digest)
                return;
        struct sip_digest_mark *mark = &trunks->marks[state->trunk.id % TRUNKS_MAX];
        if (mark->trunk_id != state->trunk.id)
                *mark = (struct sip_digest_mark){.trunk_id = state->trunk.id};
        sip_digest_keep_count(state->digest, mark);
}

void sip_trunks_keep_counts(struct sip_trunks *trunks, struct sip_digest_mark *marks)
{
        trunks->marks = marks;
        for (size_t i = 0; i < TRUNKS_MAX; i++)
                keep_count(trunks, &trunks->states[i]);
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
        keep_count(trunks, state);
        state->password_changes += is_changed;
        if (is_changed)
                sip_trunks_tell(trunks, trunk_id);
        return 0;
}

int sip_trunks_set_headers(struct sip_trunks *trunks, uint32_t trunk_id, struct slice lines)
{
        struct sip_trunk_state *state = sip_trunks_find(trunks, trunk_id);
        assert(lines.len <= TRUNK_HEADERS_BYTES);
        if (!state)
                return ERR_NOT_FOUND;
        if (!state->headers && lines.len) {
                state->headers = secret_alloc(TRUNK_HEADERS_BYTES);
                if (!state->headers)
                        return -ENOMEM;
        }
        state->headers_bytes = lines.len;
        if (lines.len)
                memcpy(state->headers, lines.p, lines.len);
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
        sip_trunk_stop_resolving(state);
        sip_trunk_rate_stop(state);
        forget_secrets(state);
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
        sip_trunks_tell(trunks, trunk_id);
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

/* Whoever connects to us does so from any port. `is_current`: not of before. */
static bool is_from_peer(const struct sip_trunk_state *state, const struct sip_target *source,
                         bool is_current)
{
        for (unsigned i = 0; i < state->peers.count; i++) {
                const struct sip_peer *peer = &state->peers.list[i];
                const struct addr *at = &peer->target.addr;
                bool is_it = source->transport == SIP_UDP ? addr_equal(at, &source->addr)
                                                          : addr_equal_ip(at, &source->addr);
                if (is_it && (peer->is_current || !is_current))
                        return true;
        }
        return false;
}

static bool is_from_source(const struct trunk *trunk, const struct sip_target *source)
{
        if (source->transport == SIP_UDP)
                return trunk_has_source(trunk, &source->addr);
        for (unsigned i = 0; i < trunk->source_count; i++) {
                if (addr_prefix_has(&trunk->sources[i].prefix, &source->addr))
                        return true;
        }
        return false;
}

/* Who has agreed on TLS must not be spoken for by a datagram that anybody can write. */
static bool speaks(const struct trunk *trunk, enum sip_transport transport)
{
        return trunk->transport != TRUNK_TLS || transport == SIP_TLS;
}

bool sip_trunk_has(const struct sip_trunk_state *trunk, const struct sip_target *address)
{
        return speaks(&trunk->trunk, address->transport) &&
               (is_from_source(&trunk->trunk, address) || is_from_peer(trunk, address, false));
}

/* How good a claim it has to what comes from there; 0: none. */
static unsigned claim_of(const struct sip_trunk_state *state, const struct sip_target *source)
{
        if (!speaks(&state->trunk, source->transport))
                return 0;
        unsigned by = is_from_source(&state->trunk, source) ? 4
                      : is_from_peer(state, source, true)   ? 2
                                                            : 0;
        bool is_usual = sip_trunk_transport(&state->trunk) == source->transport;
        /* On a connection the ports do not tell two trunks of one address apart, but this may. */
        return by + (by && source->transport != SIP_UDP && is_usual);
}

struct sip_trunk_state *sip_trunks_match(struct sip_trunks *trunks, const struct sip_target *source)
{
        struct sip_trunk_state *best = NULL;
        unsigned best_claim = 0;
        bool is_ambiguous = false;
        for (size_t i = 0, left = trunks->count; left; i++) {
                struct sip_trunk_state *state = &trunks->states[i];
                if (state->trunk.id == 0)
                        continue;
                left--;
                unsigned claim = state->is_removed ? 0 : claim_of(state, source);
                if (claim == 0 || claim < best_claim)
                        continue;
                is_ambiguous = claim == best_claim;
                best = state;
                best_claim = claim;
        }
        return is_ambiguous ? NULL : best;
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
