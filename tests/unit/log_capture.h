/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_capture.h - what the code under test writes to standard error, as text.
 */
#ifndef MASKLINE_TESTS_UNIT_LOG_CAPTURE_H
#define MASKLINE_TESTS_UNIT_LOG_CAPTURE_H

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "unit.h"

struct log_capture {
        FILE *file;
        int kept; /* the real one */
};

static inline void log_capture_begin(struct log_capture *capture, enum log_level level)
{
        capture->file = tmpfile();
        assert_non_null(capture->file);
        capture->kept = dup(STDERR_FILENO);
        assert_true(capture->kept >= 0);
        assert_true(dup2(fileno(capture->file), STDERR_FILENO) >= 0);
        log_set_level(level);
}

/* At most bytes - 1 of it. */
static inline void log_capture_end(struct log_capture *capture, char *out, size_t bytes)
{
        log_set_level(LOG_INFO);
        assert_true(dup2(capture->kept, STDERR_FILENO) >= 0);
        close(capture->kept);
        rewind(capture->file);
        out[fread(out, 1, bytes - 1, capture->file)] = '\0';
        fclose(capture->file);
}

#endif
