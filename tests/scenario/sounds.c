/* SPDX-License-Identifier: Apache-2.0 */
#include "sounds.h"

#include <assert.h>
#include <spandsp.h>
#include <string.h>

#define SECOND        8000
#define SAMPLES_MAX   (2 * SECOND)
#define PAYLOAD_LEAST 80

static const struct {
        const char *name;
        int16_t level;
        size_t count;
} rows[SOUNDS] = {
        [SOUND_AGENT] = {"agent", 2000, SECOND},
        [SOUND_CUSTOMER] = {"customer", 5000, SECOND},
        [SOUND_STRANGER] = {"stranger", 11000, SECOND},
        [SOUND_RINGBACK] = {"ringback", 20000, SECOND},
        [SOUND_ANNOUNCEMENT] = {"announcement", 26000, 2 * SECOND},
        [SOUND_WARNING] = {"warning", 15000, SECOND},
        [SOUND_OTHER] = {"something else", 0, SECOND},
};

const char *sound_name(enum sound sound)
{
        return rows[sound].name;
}

struct media_sound sound_samples(enum sound sound)
{
        static int16_t samples[SOUNDS][SAMPLES_MAX];
        for (size_t i = 0; i < rows[sound].count; i++)
                samples[sound][i] = rows[sound].level;
        return (struct media_sound){samples[sound], rows[sound].count};
}

void sound_encode(enum sound sound, enum sdp_codec codec, uint8_t out[SOUND_PAYLOAD_BYTES])
{
        int16_t level = rows[sound].level;
        memset(out, codec == SDP_PCMA ? linear_to_alaw(level) : linear_to_ulaw(level),
               SOUND_PAYLOAD_BYTES);
}

static bool near(int16_t sample, int level)
{
        return sample > level - level / 8 && sample < level + level / 8;
}

bool sound_recognise(struct slice payload, enum sdp_codec codec, enum sound *out)
{
        if (payload.len < PAYLOAD_LEAST)
                return false;
        uint8_t code = (uint8_t)payload.p[payload.len / 2];
        int16_t sample = codec == SDP_PCMA ? alaw_to_linear(code) : ulaw_to_linear(code);
        for (*out = SOUND_AGENT; *out < SOUND_OTHER; (*out)++) {
                if (near(sample, rows[*out].level))
                        break;
        }
        return true;
}
