/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/log.h - one line per fact on stderr, with syslog's <N> prefix when stderr is the journal. */
#pragma once

typedef enum LogLevel { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 } LogLevel;

void log_set_level(LogLevel level);             /* the only global state of the program; starts at INFO */
LogLevel log_level(void);

/* Control characters in the text are escaped, so no stranger's bytes start a line of their own. */
void log_write(LogLevel level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_at(level, ...)                                                                                             \
        do {                                                                                                           \
                if ((level) <= log_level())                                                                            \
                        log_write((level), __VA_ARGS__);                                                               \
        } while (0)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
