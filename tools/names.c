/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/names.c - libvirt's numbers of states, reasons and events in words. */
#include "names.h"
#include <stddef.h>

#define MAX_NAMES 16

static const char *const states[MAX_NAMES] = {
        "no state", "running", "idle", "paused", "in shutdown", "shut off", "crashed", "suspended",
};

/* By state. */
static const char *const reasons[MAX_NAMES][MAX_NAMES] = {
        { "unknown" },
        { "unknown", "booted", "migrated", "restored", "from snapshot", "unpaused", "migration canceled", "save canceled",
          "event wakeup", "crashed", "post-copy", "post-copy failed" },
        { "unknown" },
        { "unknown", "user", "migrating", "saving", "dumping", "I/O error", "watchdog", "from snapshot", "shutting down",
          "creating snapshot", "crashed", "starting up", "post-copy", "post-copy failed", "API error" },
        { "unknown", "user" },
        { "unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "daemon" },
        { "unknown", "panicked" },
        { "unknown" },
};

static const char *const lifecycles[MAX_NAMES] = {
        "defined", "undefined", "started", "suspended", "resumed", "stopped", "shutdown", "pmsuspended", "crashed",
};

/* By lifecycle event. */
static const char *const details[MAX_NAMES][MAX_NAMES] = {
        { "added", "updated", "renamed", "from snapshot" },
        { "removed", "renamed" },
        { "booted", "migrated", "restored", "from snapshot", "wakeup" },
        { "paused", "migrated", "I/O error", "watchdog", "restored", "from snapshot", "API error", "post-copy",
          "post-copy failed" },
        { "unpaused", "migrated", "from snapshot", "post-copy", "post-copy failed" },
        { "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot" },
        { "finished", "guest", "host" },
        { "memory", "disk" },
        { "panicked", "crashloaded" },
};

static const char *const watchdog_actions[MAX_NAMES] = {
        "none", "pause", "reset", "poweroff", "shutdown", "debug", "inject-nmi"
};

static const char *name_of(const char *const *names, int value) {
        return value >= 0 && value < MAX_NAMES && names[value] ? names[value] : "unknown";
}

static const char *second_name(const char *const names[MAX_NAMES][MAX_NAMES], int first, int second) {
        return first >= 0 && first < MAX_NAMES ? name_of(names[first], second) : "unknown";
}

const char *state_name(int state) {
        return name_of(states, state);
}

const char *state_reason_name(int state, int reason) {
        return second_name(reasons, state, reason);
}

const char *lifecycle_name(int event) {
        return name_of(lifecycles, event);
}

const char *lifecycle_detail_name(int event, int detail) {
        return second_name(details, event, detail);
}

const char *watchdog_action_name(int action) {
        return name_of(watchdog_actions, action);
}
