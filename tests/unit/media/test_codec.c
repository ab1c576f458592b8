/* SPDX-License-Identifier: Apache-2.0 */
#include "media/codec.h"

#include <stdlib.h>

#include "../unit.h"

static struct codec_tables tables;

/* G.711 decoders, written from the recommendation for this test. */
static int decode_ulaw(uint8_t value)
{
        value = (uint8_t)~value;
        int magnitude = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4);
        return value & 0x80 ? 0x84 - magnitude : magnitude - 0x84;
}

static int decode_alaw(uint8_t value)
{
        value ^= 0x55;
        int segment = (value & 0x70) >> 4, magnitude = (value & 0x0f) << 4 | 8;
        if (segment)
                magnitude = (magnitude + 0x100) << (segment - 1);
        return value & 0x80 ? magnitude : -magnitude;
}

static int decode(enum sdp_codec codec, uint8_t value)
{
        return codec == SDP_PCMA ? decode_alaw(value) : decode_ulaw(value);
}

/* No other code word is nearer to the sample by more than half a step of rounding. */
static void every_sample_gets_a_near_code(void **state)
{
        (void)state;
        for (int codec = 0; codec < SDP_CODECS; codec++) {
                for (int sample = INT16_MIN; sample <= INT16_MAX; sample += 7) {
                        uint8_t code;
                        int16_t in = (int16_t)sample;
                        codec_encode((enum sdp_codec)codec, &in, 1, &code);
                        int off = abs(decode((enum sdp_codec)codec, code) - sample);
                        int step = abs(sample) / 16 + 16;
                        assert_in_range(off, 0, step);
                }
        }
}

static void recoding_stays_near(void **state)
{
        (void)state;
        for (int i = 0; i < 256; i++) {
                uint8_t from = (uint8_t)i, to;
                codec_recode(&tables, SDP_PCMA, &from, 1, &to);
                int linear = decode_ulaw(from);
                assert_in_range(abs(decode_alaw(to) - linear), 0, abs(linear) / 16 + 16);
                codec_recode(&tables, SDP_PCMU, &from, 1, &to);
                linear = decode_alaw(from);
                assert_in_range(abs(decode_ulaw(to) - linear), 0, abs(linear) / 16 + 16);
        }
}

/* What has been there and back once is not changed by going again: two of us in a row do no harm. */
static void a_second_round_trip_changes_nothing(void **state)
{
        (void)state;
        for (int i = 0; i < 256; i++) {
                uint8_t alaw = (uint8_t)i, ulaw, back, again;
                codec_recode(&tables, SDP_PCMU, &alaw, 1, &ulaw);
                codec_recode(&tables, SDP_PCMA, &ulaw, 1, &back);
                codec_recode(&tables, SDP_PCMU, &back, 1, &again);
                codec_recode(&tables, SDP_PCMA, &again, 1, &again);
                assert_int_equal(again, back);
        }
}

int main(void)
{
        codec_tables_init(&tables);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_sample_gets_a_near_code),
                cmocka_unit_test(recoding_stays_near),
                cmocka_unit_test(a_second_round_trip_changes_nothing),
        };
        return RUN_TESTS(tests);
}
