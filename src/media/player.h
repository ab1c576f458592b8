/* SPDX-License-Identifier: Apache-2.0 */
/*
 * player.h - a sound cut into frames of 20 ms, so many times or without end.
 */
#ifndef MASKLINE_MEDIA_PLAYER_H
#define MASKLINE_MEDIA_PLAYER_H

#include "media/media.h"

#define FRAME_MS      20
#define FRAME_SAMPLES 160

struct player {
        bool is_on;
        bool is_endless;
        unsigned times_left;
        struct media_sound sound;
        size_t at;
};

void player_start(struct player *p, const struct media_sound *sound, unsigned times);

/*
 * The next frame; the last one is filled up with silence, one in between with the beginning of the
 * next round. False, and off, when nothing was left.
 */
bool player_frame(struct player *p, int16_t out[FRAME_SAMPLES]) MUST_CHECK;

#endif
