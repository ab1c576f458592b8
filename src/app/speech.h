/* SPDX-License-Identifier: Apache-2.0 */
/*
 * speech.h - a sentence as a sound: rendered once by a program of its own, kept as a WAV file.
 *
 * The program is run before any key is loaded, with a clean environment and nothing of ours open,
 * and is ended when it takes too long. It never runs while calls are served.
 */
#ifndef MASKLINE_APP_SPEECH_H
#define MASKLINE_APP_SPEECH_H

#include "media/sound.h"

struct speech_params {
        const char *command; /* run as: COMMAND -w FILE -v VOICE TEXT */
        const char *voice;
        const char *text;
        const char *data_dir; /* the file is sounds/<hash>.wav in it */
};

#define SPEECH_SECONDS_MAX 60

/*
 * Loads the sentence, rendering it first when there is no file of it. On failure `problem` (512
 * bytes) says what is missing: -ENOENT when the program is not installed.
 */
int speech_load(const struct speech_params *params, struct sound *out, char *problem) MUST_CHECK;

#endif
