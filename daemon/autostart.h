/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/autostart.h - guests marked autostart are started once per boot of the host, not at each start of the daemon. */
#pragma once
#include <stdbool.h>

/* True the first time it is asked since the machine was booted; a note in the runtime directory remembers. */
bool autostart_is_due(int runtime_fd);
