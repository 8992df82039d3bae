/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/cleanup.h"

static LogLevel current_level = LOG_LEVEL_INFO;

void log_set_level(LogLevel level) {
        current_level = level;
}

LogLevel log_level(void) {
        return current_level;
}

void log_write(LogLevel level, const char *format, ...) {
        CLEANUP(free) char *text = NULL;
        char prefix[8] = "";
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                abort();
        va_end(ap);
        for (char *c = text; *c; c++)
                if ((unsigned char) *c < 0x20 || *c == 0x7f)
                        *c = ' ';
        if (getenv("JOURNAL_STREAM"))
                snprintf(prefix, sizeof(prefix), "<%d>", level);
        fprintf(stderr, "%s%s\n", prefix, text);
}
