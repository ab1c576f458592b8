/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sound.h - tones made by rule and prompts read from WAV files.
 */
#ifndef MASKLINE_MEDIA_SOUND_H
#define MASKLINE_MEDIA_SOUND_H

#include "media/media.h"

/* Owns its samples. */
struct sound {
        struct media_sound pcm;
        int16_t *memory; /* owned */
};

/*
 * One cadence of a tone plan such as "400*25/0.4,0/0.2,400*25/0.4,0/2.0": frequencies in Hz,
 * "+" sums, "*" modulates, "/" gives seconds. India's ringback is that one. ERR_SYNTAX, ERR_RANGE
 * for a frequency or time out of bounds, ERR_TOO_LARGE past a minute, -ENOMEM.
 */
int sound_make_tone(struct slice plan, struct sound *out) MUST_CHECK;

/*
 * Any WAV that libsndfile reads, mixed to mono, resampled to 8,000 Hz. ERR_TOO_LARGE when it is
 * longer than `seconds_max`, ERR_SYNTAX when it is no sound or empty, -ENOENT and so on.
 */
int sound_load(const char *path, unsigned seconds_max, struct sound *out) MUST_CHECK;

void sound_free(struct sound *sound); /* one that is all zero is fine */

#endif
