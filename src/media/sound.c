/* SPDX-License-Identifier: Apache-2.0 */
#include "media/sound.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdlib.h>
#include <unistd.h>

#include "media/tone.h"

#define CHANNELS_MAX 8
#define RATE_MIN     1000
#define RATE_MAX     192000

static int take_samples(size_t count, struct sound *out)
{
        int16_t *memory = calloc(count, sizeof *memory);
        if (!memory)
                return -ENOMEM;
        *out = (struct sound){.pcm = {memory, count}, .memory = memory};
        return 0;
}

int sound_make_tone(struct slice plan, struct sound *out)
{
        struct tone tone;
        int err = tone_parse(plan, &tone);
        if (!err)
                err = take_samples(tone.samples, out);
        if (err)
                return err;
        tone_render(&tone, out->memory);
        return 0;
}

static int check_info(const SF_INFO *info, unsigned seconds_max)
{
        if (info->channels < 1 || info->channels > CHANNELS_MAX || info->samplerate < RATE_MIN ||
            info->samplerate > RATE_MAX || info->frames < 1)
                return ERR_SYNTAX;
        sf_count_t frames_max = (sf_count_t)seconds_max * info->samplerate;
        return info->frames > frames_max ? ERR_TOO_LARGE : 0;
}

/* Reads every frame, mixed to one channel. */
static int read_mono(SNDFILE *file, const SF_INFO *info, float *mono)
{
        float frame[CHANNELS_MAX];
        for (sf_count_t i = 0; i < info->frames; i++) {
                if (sf_readf_float(file, frame, 1) != 1)
                        return ERR_SYNTAX;
                float sum = 0;
                for (int channel = 0; channel < info->channels; channel++)
                        sum += frame[channel];
                mono[i] = sum / (float)info->channels;
        }
        return 0;
}

static int16_t to_sample(float value)
{
        float scaled = value * 32767.0f;
        if (scaled > INT16_MAX)
                return INT16_MAX;
        return scaled < INT16_MIN ? INT16_MIN : (int16_t)lrintf(scaled);
}

/* Of `mono`, at 8,000 Hz. */
static int resample(float *mono, const SF_INFO *info, struct sound *out)
{
        double ratio = (double)TONE_RATE / info->samplerate;
        long room = (long)((double)info->frames * ratio) + 1;
        float *resampled = calloc((size_t)room, sizeof *resampled);
        if (!resampled)
                return -ENOMEM;

        SRC_DATA data = {
                .data_in = mono,
                .data_out = resampled,
                .input_frames = info->frames,
                .output_frames = room,
                .src_ratio = ratio,
        };
        int err = src_simple(&data, SRC_SINC_MEDIUM_QUALITY, 1) ? ERR_SYNTAX : 0;
        if (!err && data.output_frames_gen < 1)
                err = ERR_SYNTAX;
        if (!err)
                err = take_samples((size_t)data.output_frames_gen, out);
        for (long i = 0; !err && i < data.output_frames_gen; i++)
                out->memory[i] = to_sample(resampled[i]);
        free(resampled);
        return err;
}

static int load(SNDFILE *file, const SF_INFO *info, struct sound *out)
{
        float *mono = calloc((size_t)info->frames, sizeof *mono);
        if (!mono)
                return -ENOMEM;
        int err = read_mono(file, info, mono);
        if (!err)
                err = resample(mono, info, out);
        free(mono);
        return err;
}

int sound_load(const char *path, unsigned seconds_max, struct sound *out)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        SF_INFO info = {0};
        SNDFILE *file = sf_open_fd(fd, SFM_READ, &info, SF_FALSE);
        int err = file ? check_info(&info, seconds_max) : ERR_SYNTAX;
        if (!err)
                err = load(file, &info, out);
        if (file)
                sf_close(file);
        close(fd);
        return err;
}

void sound_free(struct sound *sound)
{
        free(sound->memory);
        *sound = (struct sound){0};
}
