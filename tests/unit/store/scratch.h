/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch.h - a data directory for one test, and a look at the bytes of its files.
 */
#ifndef MASKLINE_TESTS_SCRATCH_H
#define MASKLINE_TESTS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../temporary.h"

struct scratch {
        char path[TEMPORARY_BYTES]; /* mode 0700 */
};

void scratch_make(struct scratch *s);
void scratch_remove(struct scratch *s); /* with everything in it */

/* The whole file, to be freed; NULL when it is not there. */
uint8_t *scratch_read(const struct scratch *s, const char *name, size_t *bytes);
void scratch_write(const struct scratch *s, const char *name, const void *bytes, size_t len);
bool scratch_try_write(const struct scratch *s, const char *name, const void *bytes, size_t len);
void scratch_remove_file(const struct scratch *s, const char *name);
unsigned scratch_mode(const struct scratch *s, const char *name);
void scratch_set_mode(const struct scratch *s, const char *name, unsigned mode);

/* Whether any file of the directory holds these bytes. */
bool scratch_holds(const struct scratch *s, const void *bytes, size_t len);

#endif
