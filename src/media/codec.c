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

void codec_tables_init(struct codec_tables *tables)
{
        for (int value = 0; value < 256; value++) {
                tables->from_other_law[SDP_PCMA][value] = ulaw_to_alaw((uint8_t)value);
                tables->from_other_law[SDP_PCMU][value] = alaw_to_ulaw((uint8_t)value);
        }
}

void codec_recode(const struct codec_tables *tables, enum sdp_codec to, const uint8_t *in,
                  size_t count, uint8_t *out)
{
        const uint8_t *table = tables->from_other_law[to];
        for (size_t i = 0; i < count; i++)
                out[i] = table[in[i]];
}
