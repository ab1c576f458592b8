/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tone.h - a tone plan as text, read into steps and made into samples (ITU-T E.180, Q.35).
 */
#ifndef MASKLINE_MEDIA_TONE_H
#define MASKLINE_MEDIA_TONE_H

#include "base/slice.h"

#define TONE_RATE            8000
#define TONE_STEPS_MAX       32
#define TONE_FREQUENCIES_MAX 4
#define TONE_SECONDS_MAX     60

struct tone_step {
        uint16_t hz[TONE_FREQUENCIES_MAX]; /* summed; or the first one modulated by the second */
        uint8_t count;                     /* 0: silence */
        bool is_modulated;
        uint32_t samples;
};

struct tone {
        struct tone_step steps[TONE_STEPS_MAX];
        uint8_t count;
        uint32_t samples; /* of all steps */
};

/* ERR_SYNTAX, ERR_RANGE (a frequency or a time out of bounds), ERR_TOO_LARGE. */
int tone_parse(struct slice plan, struct tone *out) MUST_CHECK;

/* `out` has room for tone->samples. */
void tone_render(const struct tone *tone, int16_t *out);

#endif
