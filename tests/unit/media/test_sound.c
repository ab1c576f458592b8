/* SPDX-License-Identifier: Apache-2.0 */
#include "media/sound.h"

#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../temporary.h"
#include "../unit.h"
#include "media/tone.h"

#define INDIA "400*25/0.4,0/0.2,400*25/0.4,0/2.0"

static char path[TEMPORARY_BYTES];

static int make_path(void **state)
{
        (void)state;
        temporary_file(path, "sound");
        return 0;
}

static int remove_path(void **state)
{
        (void)state;
        temporary_remove(path);
        return 0;
}

/* How strong a frequency is: the amplitude of its sine (Goertzel). */
static double strength(const int16_t *samples, size_t count, double hz)
{
        double sine = 0, cosine = 0;
        for (size_t i = 0; i < count; i++) {
                sine += samples[i] * sin(2 * M_PI * hz * (double)i / 8000);
                cosine += samples[i] * cos(2 * M_PI * hz * (double)i / 8000);
        }
        return 2 * sqrt(sine * sine + cosine * cosine) / (double)count;
}

static bool is_silent(const int16_t *samples, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (samples[i])
                        return false;
        }
        return true;
}

static void indias_ringback_has_its_cadence(void **state)
{
        (void)state;
        struct sound sound;
        assert_int_equal(sound_make_tone(SLICE(INDIA), &sound), 0);
        const int16_t *at = sound.pcm.samples;
        assert_int_equal(sound.pcm.count, 24000);
        assert_true(strength(at, 3200, 400) > 2000);
        assert_true(strength(at, 3200, 375) > 800); /* the sidebands of the modulation */
        assert_true(strength(at, 3200, 425) > 800);
        assert_true(strength(at, 3200, 450) < 10);
        assert_true(is_silent(at + 3200, 1600));
        assert_true(strength(at + 4800, 3200, 400) > 2000);
        assert_true(is_silent(at + 8000, 16000));
        sound_free(&sound);
        assert_null(sound.pcm.samples);
        sound_free(&sound);
}

static void frequencies_add_up(void **state)
{
        (void)state;
        struct sound sound;
        assert_int_equal(sound_make_tone(SLICE("440+480/1"), &sound), 0);
        assert_int_equal(sound.pcm.count, 8000);
        double low = strength(sound.pcm.samples, 8000, 440);
        double high = strength(sound.pcm.samples, 8000, 480);
        assert_true(low > 2900 && low < 3100);
        assert_true(high > 2900 && high < 3100);
        sound_free(&sound);
}

static void a_tone_is_neither_faint_nor_clipped(void **state)
{
        (void)state;
        static const char *const plans[] = {"425/1", "400*25/1", "440+480/1", "350+440+480+620/1"};
        for (size_t p = 0; p < 4; p++) {
                struct sound sound;
                int peak = 0;
                assert_int_equal(sound_make_tone(slice_from(plans[p]), &sound), 0);
                for (size_t i = 0; i < sound.pcm.count; i++)
                        peak = abs(sound.pcm.samples[i]) > peak ? abs(sound.pcm.samples[i]) : peak;
                assert_in_range(peak, 3000, 6000);
                sound_free(&sound);
        }
}

static void a_plan_may_have_spaces_and_fractions(void **state)
{
        (void)state;
        struct tone tone;
        assert_int_equal(tone_parse(SLICE(" 425 / 0.125 , 0 / .5 , 350 + 440 / 1.001"), &tone), 0);
        assert_int_equal(tone.count, 3);
        assert_int_equal(tone.steps[0].samples, 1000);
        assert_int_equal(tone.steps[1].samples, 4000);
        assert_int_equal(tone.steps[1].count, 0);
        assert_int_equal(tone.steps[2].samples, 8008);
        assert_int_equal(tone.samples, 13008);
}

static void bad_plans_are_refused(void **state)
{
        (void)state;
        static const struct {
                const char *plan;
                int err;
        } cases[] = {
                {"", ERR_SYNTAX},
                {"425", ERR_SYNTAX},
                {"/1", ERR_SYNTAX},
                {"425/", ERR_SYNTAX},
                {"425/1,", ERR_SYNTAX},
                {",425/1", ERR_SYNTAX},
                {"425+/1", ERR_SYNTAX},
                {"+425/1", ERR_SYNTAX},
                {"400*/1", ERR_SYNTAX},
                {"400*25*3/1", ERR_SYNTAX},
                {"400*25+3/1", ERR_SYNTAX},
                {"x/1", ERR_SYNTAX},
                {"425/x", ERR_SYNTAX},
                {"425/1.", ERR_SYNTAX},
                {"425/-1", ERR_SYNTAX},
                {"425/1/2", ERR_SYNTAX},
                {"425/.", ERR_SYNTAX},
                {"1+2+3+4+5/1", ERR_SYNTAX},
                {"4000/1", ERR_RANGE},
                {"0+425/1", ERR_RANGE},
                {"400*0/1", ERR_RANGE},
                {"425/0", ERR_RANGE},
                {"425/0.0001", ERR_RANGE},
                {"425/61", ERR_RANGE},
                {"425/40,425/40", ERR_TOO_LARGE},
        };
        struct sound sound = {.memory = (int16_t *)path};
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                assert_int_equal(sound_make_tone(slice_from(cases[i].plan), &sound), cases[i].err);
                assert_ptr_equal(sound.memory, path);
        }

        char plan[TONE_STEPS_MAX * 8 + 8] = "1/0.1";
        for (int i = 1; i < TONE_STEPS_MAX; i++)
                strcat(plan, ",1/0.1");
        struct tone tone;
        assert_int_equal(tone_parse(slice_from(plan), &tone), 0);
        strcat(plan, ",1/0.1");
        assert_int_equal(tone_parse(slice_from(plan), &tone), ERR_TOO_LARGE);
}

/* A file of `channels` sines of 440 Hz, the second one silent. */
static void write_wav(int rate, int channels, double seconds, int format)
{
        SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
        SNDFILE *file = sf_open(path, SFM_WRITE, &info);
        assert_non_null(file);
        for (int i = 0; i < (int)(rate * seconds); i++) {
                float frame[2] = {0.5f * (float)sin(2 * M_PI * 440 * i / rate), 0};
                assert_int_equal(sf_writef_float(file, frame, 1), 1);
        }
        sf_close(file);
}

static void a_wav_is_read_as_it_is(void **state)
{
        (void)state;
        struct sound sound;
        write_wav(8000, 1, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
        assert_int_equal(sound_load(path, 10, &sound), 0);
        assert_in_range(sound.pcm.count, 7990, 8000);
        double level = strength(sound.pcm.samples + 1000, 6000, 440);
        assert_true(level > 16000 && level < 16800);
        sound_free(&sound);
}

static void other_rates_channels_and_codings_are_converted(void **state)
{
        (void)state;
        static const struct {
                int rate, channels, format;
                double level;
        } cases[] = {
                {44100, 2, SF_FORMAT_PCM_16, 8191},  {16000, 1, SF_FORMAT_PCM_24, 16383},
                {48000, 1, SF_FORMAT_FLOAT, 16383},  {8000, 2, SF_FORMAT_ALAW, 8191},
                {22050, 1, SF_FORMAT_PCM_16, 16383}, {8000, 1, SF_FORMAT_ULAW, 16383},
        };
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct sound sound;
                write_wav(cases[i].rate, cases[i].channels, 1, SF_FORMAT_WAV | cases[i].format);
                assert_int_equal(sound_load(path, 10, &sound), 0);
                assert_in_range(sound.pcm.count, 7900, 8001);
                double level = strength(sound.pcm.samples + 1000, 6000, 440);
                assert_true(level > cases[i].level * 0.95 && level < cases[i].level * 1.05);
                sound_free(&sound);
        }
}

static void a_wav_may_be_as_long_as_allowed_and_no_longer(void **state)
{
        (void)state;
        struct sound sound = {0};
        write_wav(8000, 1, 2, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
        assert_int_equal(sound_load(path, 2, &sound), 0);
        sound_free(&sound);
        assert_int_equal(sound_load(path, 1, &sound), ERR_TOO_LARGE);
        assert_null(sound.memory);
}

static void what_is_no_sound_is_refused(void **state)
{
        (void)state;
        struct sound sound = {0};
        assert_int_equal(sound_load("/nonexistent/prompt.wav", 10, &sound), -ENOENT);
        assert_int_equal(sound_load("/tmp", 10, &sound), ERR_SYNTAX);
        assert_int_equal(sound_load(path, 10, &sound), ERR_SYNTAX); /* empty */

        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs("this is no RIFF", file);
        fclose(file);
        assert_int_equal(sound_load(path, 10, &sound), ERR_SYNTAX);

        write_wav(8000, 1, 0, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
        assert_int_equal(sound_load(path, 10, &sound), ERR_SYNTAX);
        assert_null(sound.memory);
}

static void a_wav_cut_short_gives_what_is_there_or_nothing(void **state)
{
        (void)state;
        for (off_t bytes = 0; bytes < 360; bytes++) {
                struct sound sound = {0};
                write_wav(8000, 1, 0.02, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
                assert_int_equal(truncate(path, bytes), 0);
                int err = sound_load(path, 10, &sound);
                assert_true(err == 0 || err == ERR_SYNTAX);
                assert_true(sound.pcm.count <= 160);
                sound_free(&sound);
        }
}

int main(void)
{
#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, make_path, remove_path)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(indias_ringback_has_its_cadence),
                cmocka_unit_test(frequencies_add_up),
                cmocka_unit_test(a_tone_is_neither_faint_nor_clipped),
                cmocka_unit_test(a_plan_may_have_spaces_and_fractions),
                cmocka_unit_test(bad_plans_are_refused),
                FILE_TEST(a_wav_is_read_as_it_is),
                FILE_TEST(other_rates_channels_and_codings_are_converted),
                FILE_TEST(a_wav_may_be_as_long_as_allowed_and_no_longer),
                FILE_TEST(what_is_no_sound_is_refused),
                FILE_TEST(a_wav_cut_short_gives_what_is_there_or_nothing),
        };
        return RUN_TESTS(tests);
}
