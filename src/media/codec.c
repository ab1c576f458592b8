/* SPDX-License-Identifier: Apache-2.0 */
#include "media/codec.h"

#include <spandsp/telephony.h>

#include <spandsp/bit_operations.h>
#include <spandsp/g711.h>

void codec_encode(enum sdp_codec codec, const int16_t *samples, size_t count, uint8_t *out)
{
        if (codec == SDP_PCMA) {
                for (size_t i = 0; i < count; i++)
                        out[i] = linear_to_alaw(samples[i]);
        } else {
                for (size_t i = 0; i < count; i++)
                        out[i] = linear_to_ulaw(samples[i]);
        }
}

void codec_recode(enum sdp_codec to, const uint8_t *in, size_t count, uint8_t *out)
{
        if (to == SDP_PCMA) {
                for (size_t i = 0; i < count; i++)
                        out[i] = ulaw_to_alaw(in[i]);
        } else {
                for (size_t i = 0; i < count; i++)
                        out[i] = alaw_to_ulaw(in[i]);
        }
}
