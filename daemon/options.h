/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/options.h - virtwardd's command line, completed with the directories of the mode (host or user). */
#pragma once
#include <stdbool.h>
#include "util/error.h"
#include "util/log.h"

typedef struct Options {
        bool system;                    /* serves the host; else one user (a session) */
        bool check_config;              /* read the configuration, say whether it is right, end */
        bool log_level_given;
        LogLevel log_level;
        bool config_given;              /* --config: the file must exist */
        char *config_file;              /* virtwardd.conf */
        char *policy_file;              /* policy.conf, beside it */
        char *state_dir;                /* definitions and caches: kept over a reboot */
        char *runtime_dir;              /* sockets and live status: gone after a reboot */
} Options;

typedef enum OptionsResult {
        OPTIONS_RUN,
        OPTIONS_PRINTED,                /* --help, --version: all is said */
        OPTIONS_WRONG,                  /* the reason was printed on stderr */
} OptionsResult;

/* All paths are absolute afterwards. The result is owned by the caller, whatever is returned: options_done(). */
OptionsResult options_parse(int argc, char **argv, Options *ret);
void options_done(Options *options);
static inline void options_done_p(Options *options) {
        options_done(options);
}
