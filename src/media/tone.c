/* SPDX-License-Identifier: Apache-2.0 */
#include "media/tone.h"

#include <math.h>
#include <string.h>

#define HZ_MAX 3999 /* below half the rate */

/* About -11 dBm0 in all: E.180 recommends -10 +- 5 where a tone is sent from. */
#define AMPLITUDE 6000.0

/* How deep one frequency modulates the other. */
#define DEPTH 0.85

/* "0.4", "2", "1.25", ".5" into samples. */
static int parse_seconds(struct slice text, uint32_t *samples)
{
        struct slice fraction;
        struct slice whole = slice_split(text, '.', &fraction);
        bool has_point = whole.len != text.len;
        uint32_t seconds = 0, thousandths = 0;
        if (has_point && fraction.len == 0)
                return ERR_SYNTAX;
        if (fraction.len > 3)
                return ERR_RANGE;

        int err = whole.len || !has_point ? slice_to_u32(whole, TONE_SECONDS_MAX, &seconds) : 0;
        if (!err && has_point)
                err = slice_to_u32(fraction, 999, &thousandths);
        if (err)
                return err;
        for (size_t i = fraction.len; i < 3; i++)
                thousandths *= 10;

        uint32_t count = seconds * TONE_RATE + thousandths * (TONE_RATE / 1000);
        if (count == 0)
                return ERR_RANGE;
        *samples = count;
        return 0;
}

/* Takes the part before `separator`; true when another one has to follow. */
static bool take_part(struct slice *rest, char separator, struct slice *part)
{
        *part = slice_trim(slice_split(*rest, separator, rest));
        return rest->p != NULL;
}

static int add_frequency(struct tone_step *step, struct slice text)
{
        uint32_t hz = 0;
        int err = slice_to_u32(text, HZ_MAX, &hz);
        if (err)
                return err;
        if (step->count == (step->is_modulated ? 2 : TONE_FREQUENCIES_MAX))
                return ERR_SYNTAX;
        step->hz[step->count++] = (uint16_t)hz;
        return 0;
}

static int parse_frequencies(struct slice text, struct tone_step *step)
{
        step->is_modulated = text.len && memchr(text.p, '*', text.len);
        bool has_more = true;
        while (has_more) {
                struct slice word;
                has_more = take_part(&text, step->is_modulated ? '*' : '+', &word);
                int err = add_frequency(step, word);
                if (err)
                        return err;
        }

        if (step->count == 1 && step->hz[0] == 0) {
                step->count = 0;
                return 0;
        }
        for (int i = 0; i < step->count; i++) {
                if (step->hz[i] == 0)
                        return ERR_RANGE;
        }
        return 0;
}

static int parse_step(struct slice text, struct tone_step *out)
{
        struct tone_step step = {0};
        struct slice seconds;
        struct slice frequencies = slice_trim(slice_split(text, '/', &seconds));
        int err = parse_frequencies(frequencies, &step);
        if (!err)
                err = parse_seconds(slice_trim(seconds), &step.samples);
        if (err)
                return err;
        *out = step;
        return 0;
}

int tone_parse(struct slice plan, struct tone *out)
{
        struct tone tone = {0};
        bool has_more = true;
        while (has_more) {
                struct slice text;
                has_more = take_part(&plan, ',', &text);
                if (tone.count == TONE_STEPS_MAX)
                        return ERR_TOO_LARGE;
                struct tone_step *step = &tone.steps[tone.count++];
                int err = parse_step(text, step);
                if (err)
                        return err;
                tone.samples += step->samples;
                if (tone.samples > TONE_SECONDS_MAX * TONE_RATE)
                        return ERR_TOO_LARGE;
        }
        *out = tone;
        return 0;
}

static double wave(uint16_t hz, uint32_t i)
{
        return sin(2 * M_PI * hz * i / TONE_RATE);
}

/* Between -1 and 1. */
static double sample_at(const struct tone_step *step, uint32_t i)
{
        if (step->count == 0)
                return 0;
        if (step->is_modulated)
                return wave(step->hz[0], i) * (1 + DEPTH * wave(step->hz[1], i)) / (1 + DEPTH);

        double sum = 0;
        for (int f = 0; f < step->count; f++)
                sum += wave(step->hz[f], i);
        return sum / step->count;
}

void tone_render(const struct tone *tone, int16_t *out)
{
        for (int s = 0; s < tone->count; s++) {
                const struct tone_step *step = &tone->steps[s];
                for (uint32_t i = 0; i < step->samples; i++)
                        *out++ = (int16_t)lround(AMPLITUDE * sample_at(step, i));
        }
}
