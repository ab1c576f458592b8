/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prompts.h - what callers hear that no telephone says: ringback and the announcement.
 */
#ifndef MASKLINE_APP_PROMPTS_H
#define MASKLINE_APP_PROMPTS_H

#include "app/config.h"
#include "media/sound.h"

struct prompts {
        struct sound ringback; /* empty: none is played */
        struct sound warning;  /* before a call is cut */
        struct sound refusal;
};

/*
 * Without a speech program the announcement is a tone sequence, and a warning says what to
 * install.
 */
int prompts_open(const struct config *config, const char *data_dir, struct prompts *out) MUST_CHECK;
void prompts_close(struct prompts *prompts);

#endif
