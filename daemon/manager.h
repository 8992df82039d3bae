/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/manager.h - one running daemon: its loop, directories, driver, and the edges that serve it. */
#pragma once
#include "util/error.h"

typedef struct Config Config;
typedef struct Manager Manager;
typedef struct Options Options;

/* Takes the directories, makes the sockets and reads the definitions; answers nobody yet. options and config are borrowed
 * and outlive the Manager. */
int manager_new(const Options *options, const Config *config, Manager **ret, Error **err);

/* Serves until SIGTERM or SIGINT. */
int manager_run(Manager *manager, Error **err);

/* Guests go on running. NULL is fine; returns NULL. */
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free)
