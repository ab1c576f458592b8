/* SPDX-License-Identifier: Apache-2.0 */
#include "media/leg.h"
#include "media/media_saved.h"

bool media_leg_save(const struct media *media, struct media_leg handle, struct media_leg_state *out)
{
        const struct leg *leg = leg_find(media, handle.h);
        if (!leg)
                return false;
        *out = (struct media_leg_state){
                .port = leg->ports->port,
                .is_set = leg->is_set,
                .pinned = leg->source.pinned,
        };
        if (leg->is_set) {
                out->remote = leg->remote;
                out->local = leg->local;
        }
        return media_leg_stats(media, handle, &out->stats);
}

static void go_on(struct leg *leg, const struct media_leg_state *state)
{
        leg->source.pinned = state->pinned;
        leg->stats = state->stats;
        /* These two are the receiver's, and come out of it again. */
        leg->stats.lost_in = leg->stats.jitter_ms_x10 = 0;
        leg->receiver.lost_before = state->stats.lost_in;
        leg->receiver.jitter_x16 = state->stats.jitter_ms_x10 * MEDIA_CLOCK_PER_MS * 16 / 10;
}

int media_leg_restore(struct media *media, struct handle user, const struct media_leg_state *state,
                      const struct addr_prefix *sources, uint8_t source_count,
                      struct media_leg *out)
{
        struct media_leg handle;
        int err = leg_open_at(media, user, state->port, &handle);
        if (err)
                return err;
        if (state->is_set) {
                const struct media_stream stream = {
                        .remote = state->remote,
                        .local = state->local,
                        .sources = sources,
                        .source_count = source_count,
                };
                media_leg_set(media, handle, &stream);
        }
        go_on(leg_find(media, handle.h), state);
        *out = handle;
        return 0;
}
