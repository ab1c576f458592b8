/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harden.h - what the process may do and leave behind: dumps, open files.
 */
#ifndef MASKLINE_APP_HARDEN_H
#define MASKLINE_APP_HARDEN_H

#include <stdbool.h>
#include <stdint.h>

#include "app/config.h"

/* No core dump, no debugger of the same user, nothing of us in /proc for other users. */
void harden_forbid_dumps(void);
/* The opposite; cores up to the hard limit. */
void harden_allow_dumps(void);

/* Open files that this configuration may need at once. */
uint32_t harden_files_needed(const struct config *config);

/*
 * Raises the soft limit to the hard one. ERR_RANGE when that is less than `needed`: `problem`
 * (512 bytes) says what to do.
 */
int harden_raise_file_limit(uint32_t needed, char *problem) MUST_CHECK;

#endif
