/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/options.c - getopt_long, and where things are when the command line does not say. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "config.h"
#include "util/table.h"

static const char help_text[] =
        "Usage: virtwardd [OPTION]...\n"
        "Virtualization daemon: runs QEMU guests for libvirt's clients and for wardsh.\n"
        "\n"
        "      --system           serve the host (default when run by root)\n"
        "      --session          serve one user (default for everybody else)\n"
        "      --config FILE      read FILE instead of virtwardd.conf; policy.conf is read beside it\n"
        "      --state-dir DIR    keep definitions and caches in DIR\n"
        "      --runtime-dir DIR  sockets virtward-sock and virtward-sock-ro, and live status, in DIR\n"
        "      --log-level LEVEL  error, warning, info (default) or debug; wins over the configuration\n"
        "      --check-config     say whether the configuration is right, and end\n"
        "      --version          print the version, and end\n"
        "      --help             print this text, and end\n"
        "\n"
        "                 --system               --session\n"
        "configuration    /etc/virtward          $XDG_CONFIG_HOME/virtward   (~/.config/virtward)\n"
        "state            /var/lib/virtward      $XDG_STATE_HOME/virtward    (~/.local/state/virtward)\n"
        "runtime          /run/virtward          $XDG_RUNTIME_DIR/virtward   (~/.cache/virtward/run)\n"
        "\n"
        "A client's URI:  qemu+unix:///session?socket=RUNTIME/virtward-sock  (system: qemu+unix:///system?...)\n"
        "Exit status: 0 ended as asked, 1 could not start or failed, 2 wrong command line.\n"
        "See virtwardd(8), virtwardd.conf(5), policy.conf(5), wardsh(1).\n";

enum {
        OPTION_SYSTEM = 256,
        OPTION_SESSION,
        OPTION_CONFIG,
        OPTION_STATE_DIR,
        OPTION_RUNTIME_DIR,
        OPTION_LOG_LEVEL,
        OPTION_CHECK_CONFIG,
        OPTION_VERSION,
        OPTION_HELP,
};

static const struct option option_rows[] = {
        { "system",       no_argument,       NULL, OPTION_SYSTEM },
        { "session",      no_argument,       NULL, OPTION_SESSION },
        { "config",       required_argument, NULL, OPTION_CONFIG },
        { "state-dir",    required_argument, NULL, OPTION_STATE_DIR },
        { "runtime-dir",  required_argument, NULL, OPTION_RUNTIME_DIR },
        { "log-level",    required_argument, NULL, OPTION_LOG_LEVEL },
        { "check-config", no_argument,       NULL, OPTION_CHECK_CONFIG },
        { "version",      no_argument,       NULL, OPTION_VERSION },
        { "help",         no_argument,       NULL, OPTION_HELP },
        {}
};

static OptionsResult wrong(const char *what, const char *value, const char *remedy) {
        fprintf(stderr, "virtwardd: %s '%s': %s\nTry 'virtwardd --help'.\n", what, value, remedy);
        return OPTIONS_WRONG;
}

/* An own copy of path, made absolute from the directory the daemon was started in. */
static char *path_absolute(const char *path) {
        CLEANUP(free) char *here = NULL;

        if (path[0] == '/')
                return xstrdup(path);
        here = getcwd(NULL, 0);
        return xasprintf("%s/%s", here ? here : "", path);
}

/* $VARIABLE/virtward, else $HOME/FALLBACK; a variable that is not an absolute path is ignored, as XDG says. */
static char *xdg_path(const char *variable, const char *fallback) {
        const char *value = getenv(variable), *home = getenv("HOME");

        if (value && value[0] == '/')
                return xasprintf("%s/virtward", value);
        return xasprintf("%s/%s", home && home[0] == '/' ? home : "", fallback);
}

static char *session_runtime_path(void) {
        const char *runtime = getenv("XDG_RUNTIME_DIR"), *cache = getenv("XDG_CACHE_HOME");

        if (cache && cache[0] == '/' && !(runtime && runtime[0] == '/'))
                return xasprintf("%s/virtward/run", cache);
        return xdg_path("XDG_RUNTIME_DIR", ".cache/virtward/run");
}

static char *config_path(bool system) {
        CLEANUP(free) char *dir = system ? xstrdup("/etc/virtward") : xdg_path("XDG_CONFIG_HOME", ".config/virtward");

        return xasprintf("%s/virtwardd.conf", dir);
}

static void options_complete(Options *options) {
        const char *slash;

        if (!options->config_file)
                options->config_file = config_path(options->system);
        if (!options->state_dir)
                options->state_dir = options->system ? xstrdup("/var/lib/virtward") : xdg_path("XDG_STATE_HOME", ".local/state/virtward");
        if (!options->runtime_dir)
                options->runtime_dir = options->system ? xstrdup("/run/virtward") : session_runtime_path();
        slash = strrchr(options->config_file, '/');
        options->policy_file = xasprintf("%.*s/policy.conf", (int) (slash - options->config_file), options->config_file);
}

static void set_path(char **path, const char *value) {
        free(*path);
        *path = path_absolute(value);
}

static OptionsResult option_set(int option, const char *value, Options *options) {
        int level;

        switch (option) {
        case OPTION_SYSTEM:
        case OPTION_SESSION:
                options->system = option == OPTION_SYSTEM;
                return OPTIONS_RUN;
        case OPTION_CONFIG:
                options->config_given = true;
                set_path(&options->config_file, value);
                return OPTIONS_RUN;
        case OPTION_STATE_DIR:
                set_path(&options->state_dir, value);
                return OPTIONS_RUN;
        case OPTION_RUNTIME_DIR:
                set_path(&options->runtime_dir, value);
                return OPTIONS_RUN;
        case OPTION_LOG_LEVEL:
                level = table_value(&log_level_table, value);
                if (level < 0)
                        return wrong("unknown log level", value, "use error, warning, info or debug");
                options->log_level_given = true;
                options->log_level = level;
                return OPTIONS_RUN;
        case OPTION_CHECK_CONFIG:
                options->check_config = true;
                return OPTIONS_RUN;
        case OPTION_VERSION:
                printf("virtwardd %s\n", VERSION);
                return OPTIONS_PRINTED;
        case OPTION_HELP:
                fputs(help_text, stdout);
                return OPTIONS_PRINTED;
        default:
                return OPTIONS_WRONG;           /* getopt_long() has said why */
        }
}

OptionsResult options_parse(int argc, char **argv, Options *ret) {
        int option;

        *ret = (Options) { .system = geteuid() == 0, .log_level = LOG_LEVEL_INFO };
        optind = 0;                             /* GNU: start afresh, tests call this more than once */
        while ((option = getopt_long(argc, argv, "", option_rows, NULL)) >= 0) {
                OptionsResult result = option_set(option, optarg, ret);

                if (result == OPTIONS_WRONG && option == '?')
                        fputs("Try 'virtwardd --help'.\n", stderr);
                if (result != OPTIONS_RUN)
                        return result;
        }
        if (optind < argc)
                return wrong("argument not understood", argv[optind], "virtwardd takes options only");
        options_complete(ret);
        return OPTIONS_RUN;
}

void options_done(Options *options) {
        free(options->config_file);
        free(options->policy_file);
        free(options->state_dir);
        free(options->runtime_dir);
        *options = (Options) {};
}
