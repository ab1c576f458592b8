/* SPDX-License-Identifier: Apache-2.0 */
#include "store/last_seen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/problem.h"

#define DAY_MS     INT64_C(86400000)
#define TEXT_BYTES 20 /* 19 digits, and a line's end: each time as long as the last */

static struct slice write_text(char text[TEXT_BYTES + 1], int64_t ms)
{
        snprintf(text, TEXT_BYTES + 1, "%019" PRId64 "\n", ms);
        return (struct slice){text, TEXT_BYTES};
}

/* What nobody can read says nothing. */
static int read_text(int fd, int64_t *ms)
{
        char text[TEXT_BYTES];
        uint64_t value;
        if (data_dir_read_at(fd, text, sizeof text, 0) ||
            slice_to_u64((struct slice){text, TEXT_BYTES - 1}, INT64_MAX, &value))
                return ERR_SYNTAX;
        *ms = (int64_t)value;
        return 0;
}

struct date {
        char text[16];
};

static struct date date_of(int64_t ms)
{
        struct date date = {"?"};
        struct tm tm;
        time_t seconds = (time_t)(ms / 1000);
        if (gmtime_r(&seconds, &tm))
                (void)strftime(date.text, sizeof date.text, "%Y-%m-%d", &tm);
        return date;
}

int last_seen_check(const struct data_dir *dir, int64_t now_ms, char *problem)
{
        int64_t last_ms = 0;
        int fd;
        int err = data_dir_open_file(dir, DATA_DIR_CLOCK, &fd, problem);
        if (err)
                return err == -ENOENT ? 0 : err;
        err = read_text(fd, &last_ms);
        close(fd);
        if (err) {
                log_warn("store: %s/" DATA_DIR_CLOCK " does not say when Maskline last ran here",
                         data_dir_path(dir));
                return 0;
        }
        if (now_ms - last_ms <= LAST_SEEN_AHEAD_MS)
                return 0;
        problem_put(
                problem,
                "The clock says %s, %" PRId64 " days after Maskline last ran here (%s), and "
                "sessions whose time is over by then would be erased. If the date is wrong, set "
                "the clock; if it is right, remove %s/" DATA_DIR_CLOCK " and start again.",
                date_of(now_ms).text, (now_ms - last_ms) / DAY_MS, date_of(last_ms).text,
                data_dir_path(dir));
        return ERR_CONFLICT;
}

int last_seen_write(const struct data_dir *dir, int64_t now_ms)
{
        char text[TEXT_BYTES + 1];
        const struct slice content = write_text(text, now_ms);
        int fd;
        int err = data_dir_open_file(dir, DATA_DIR_CLOCK, &fd, NULL);
        if (err == -ENOENT)
                return data_dir_create_file(dir, DATA_DIR_CLOCK, content, NULL);
        if (err)
                return err;
        err = data_dir_write_at(fd, content.p, content.len, 0);
        close(fd);
        return err;
}
