/* SPDX-License-Identifier: Apache-2.0 */
#include "app/prompts.h"

#include "app/speech.h"
#include "base/log.h"

/* The special information tone (ITU-T E.180), three times: understood where no words are. */
#define TONES_FOR_WORDS                                                                            \
        "950/0.33,1400/0.33,1800/0.33,0/1.0,950/0.33,1400/0.33,1800/0.33,0/1.0,"                   \
        "950/0.33,1400/0.33,1800/0.33,0/1.0"

/* As a call box warns whose time runs out (ITU-T E.180): two beeps. */
#define WARNING_TONE "1400/0.2,0/0.2,1400/0.2,0/0.4"

static int open_refusal(const struct config *config, const char *data_dir, struct sound *out)
{
        char problem[512];
        const struct speech_params params = {
                .command = config->speech_command,
                .voice = config->refusal_voice,
                .text = config->refusal_text,
                .data_dir = data_dir,
        };
        if (speech_load(&params, out, problem) == 0)
                return 0;
        log_warn("announcement: %s; refused callers hear tones instead of words", problem);
        return sound_make_tone(SLICE(TONES_FOR_WORDS), out);
}

int prompts_open(const struct config *config, const char *data_dir, struct prompts *out)
{
        *out = (struct prompts){0};
        int err = 0;
        if (config->early_media == EARLY_MEDIA_RINGBACK)
                err = sound_make_tone(slice_from(config->ringback_tone), &out->ringback);
        if (!err)
                err = sound_make_tone(SLICE(WARNING_TONE), &out->warning);
        if (!err)
                err = open_refusal(config, data_dir, &out->refusal);
        if (err)
                prompts_close(out);
        return err;
}

void prompts_close(struct prompts *prompts)
{
        sound_free(&prompts->ringback);
        sound_free(&prompts->warning);
        sound_free(&prompts->refusal);
        *prompts = (struct prompts){0};
}
