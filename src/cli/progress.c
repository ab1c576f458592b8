/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AGAIN_MS      100  /* on a terminal */
#define AGAIN_FILE_MS 5000 /* in a file */
#define FIRST_MS      1    /* never 0: that is "not yet" */
#define PAUSE_MS      200

static int64_t now_ms(void)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + FIRST_MS;
}

void progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total)
{
        bool is_terminal = isatty(STDERR_FILENO);
        int64_t now = now_ms();
        int64_t again_ms = is_terminal ? AGAIN_MS : AGAIN_FILE_MS;
        if (progress->is_quiet || (progress->shown_ms && now - progress->shown_ms < again_ms))
                return;
        /* What is over at once is not worth a line in a file. */
        if (!progress->shown_ms && !is_terminal) {
                progress->shown_ms = now;
                return;
        }
        progress->shown_ms = now;
        fputs(is_terminal ? "\r\033[K" : "", stderr);
        if (total)
                fprintf(stderr, "%s: %" PRIu64 " of %" PRIu64 " (%u %%)", what, done, total,
                        (unsigned)((double)done * 100 / (double)total));
        else
                fprintf(stderr, "%s: %" PRIu64, what, done);
        fputs(is_terminal ? "" : "\n", stderr);
        fflush(stderr);
        progress->is_open = is_terminal;
}

void progress_end(struct progress *progress)
{
        if (progress->is_open)
                fputs("\r\033[K", stderr);
        progress->is_open = false;
}

void progress_pause(void)
{
        const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
        nanosleep(&pause, NULL);
}
