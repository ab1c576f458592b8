/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

static _Atomic int log_level = LOG_INFO;

static const char *const level_names[] = {
        [LOG_ERROR] = "error",
        [LOG_WARN] = "warn",
        [LOG_INFO] = "info",
        [LOG_DEBUG] = "debug",
};

void log_set_level(enum log_level level)
{
        atomic_store(&log_level, (int)level);
}

bool log_is_on(enum log_level level)
{
        return (int)level <= atomic_load(&log_level);
}

void log_write(enum log_level level, const char *format, ...)
{
        if (!log_is_on(level))
                return;

        char line[1024];
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        struct tm utc;
        gmtime_r(&now.tv_sec, &utc);
        size_t at = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
        at += (size_t)snprintf(line + at, sizeof line - at, ".%03ldZ %s ", now.tv_nsec / 1000000,
                               level_names[level]);

        va_list args;
        va_start(args, format);
        int n = vsnprintf(line + at, sizeof line - at - 1, format, args);
        va_end(args);
        if (n < 0)
                return;
        at += (size_t)n < sizeof line - at - 1 ? (size_t)n : sizeof line - at - 2;

        line[at++] = '\n';
        /* One write per line, so that lines of several threads do not mix. */
        if (write(STDERR_FILENO, line, at) < 0)
                return;
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

struct log_text log_text(struct slice s)
{
        struct log_text out;
        struct buf b;
        buf_init(&b, out.text, sizeof out.text - 4);

        size_t i = 0;
        while (i < s.len && buf_ok(&b)) {
                size_t run = 0;
                while (i + run < s.len && is_digit(s.p[i + run]))
                        run++;
                if (run >= 5) {
                        buf_put_char(&b, '#');
                        i += run;
                        continue;
                }
                if (run == 0)
                        run = 1;
                for (size_t end = i + run; i < end; i++) {
                        char c = s.p[i];
                        buf_put_char(&b, c >= ' ' && c < 0x7f ? c : '.');
                }
        }

        size_t len = b.len;
        if (!buf_ok(&b)) {
                for (int dots = 0; dots < 3; dots++)
                        out.text[len++] = '.';
        }
        out.text[len] = '\0';
        return out;
}
