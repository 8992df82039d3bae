/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/session_start.h - the user's own daemon, started when it is needed and waited for until it says that it is ready. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include "util/error.h"

/* Does somebody listen there? */
bool session_is_up(const char *socket_path);

/* Starts `virtwardd --session` in a session of its own; it stays when we end. Its stderr goes to virtwardd.log in runtime_dir.
 * Returns when it has said READY=1, or when it ended because another one was quicker. *ret_pid: its process, or 0 then. */
int session_start(const char *runtime_dir, const char *socket_path, pid_t *ret_pid, Error **err);
