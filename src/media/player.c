/* SPDX-License-Identifier: Apache-2.0 */
#include "media/player.h"

#include <string.h>

void player_start(struct player *p, const struct media_sound *sound, unsigned times)
{
        *p = (struct player){
                .is_on = true,
                .is_endless = times == 0 && sound->count,
                .times_left = sound->count ? times : 0,
                .sound = *sound,
        };
}

/* Is there a sample left, in this round or another? */
static bool has_more(struct player *p)
{
        if (p->is_endless || p->times_left) {
                if (p->at < p->sound.count)
                        return true;
                p->at = 0;
                return p->is_endless || --p->times_left > 0;
        }
        return false;
}

bool player_frame(struct player *p, int16_t out[FRAME_SAMPLES])
{
        size_t filled = 0;
        while (filled < FRAME_SAMPLES && has_more(p)) {
                size_t left = p->sound.count - p->at;
                size_t count = left < FRAME_SAMPLES - filled ? left : FRAME_SAMPLES - filled;
                memcpy(out + filled, p->sound.samples + p->at, count * sizeof *out);
                p->at += count;
                filled += count;
        }
        if (filled == 0)
                p->is_on = false;
        memset(out + filled, 0, (FRAME_SAMPLES - filled) * sizeof *out);
        return filled > 0;
}
