/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/main.c - from the command line to a running Manager, and the exit status. */
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "manager.h"
#include "options.h"
#include "util/log.h"

static int run(const Options *options, Config *config, Error **err) {
        CLEANUP(manager_free) Manager *manager = NULL;

        if (config_read(options, config, err) < 0)
                return -1;
        if (options->check_config) {
                printf("%s: ok\n%s: ok\n", options->config_file, options->policy_file);
                return 0;
        }
        log_set_level(config->log_level);
        if (manager_new(options, config, &manager, err) < 0)
                return -1;
        return manager_run(manager, err);
}

int main(int argc, char **argv) {
        CLEANUP(options_done) Options options = {};
        CLEANUP(config_done) Config config = {};
        CLEANUP(error_free) Error *err = NULL;

        switch (options_parse(argc, argv, &options)) {
        case OPTIONS_PRINTED:
                return EXIT_SUCCESS;
        case OPTIONS_WRONG:
                return 2;
        case OPTIONS_RUN:
                break;
        }
        if (run(&options, &config, &err) < 0) {
                log_error("virtwardd: %s", err->message);
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
