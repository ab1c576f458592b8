/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - one line per fact, to standard error: level, subject first, facts after, lower case.
 *
 * A real number never reaches a log: number_hint() is the only form in which one is named. Text
 * from the network is passed through log_text(), which makes it short and printable.
 */
#ifndef MASKLINE_BASE_LOG_H
#define MASKLINE_BASE_LOG_H

#include "base/slice.h"

enum log_level {
        LOG_ERROR,
        LOG_WARN,
        LOG_INFO,
        LOG_DEBUG,
};

void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
        do {                                                                                       \
                if (log_is_on(LOG_DEBUG))                                                          \
                        log_write(LOG_DEBUG, __VA_ARGS__);                                         \
        } while (0)

struct log_text {
        char text[48];
};

/*
 * A short printable form of foreign text. Any run of five or more digits becomes "#", since it may
 * be a telephone number.
 */
struct log_text log_text(struct slice s);

#endif
