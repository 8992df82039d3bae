/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/names.h - libvirt's numbers of states, reasons and events in words. */
#pragma once

/* Never NULL: "unknown" for a number that has no name here. */
const char *state_name(int state);
const char *state_reason_name(int state, int reason);
const char *lifecycle_name(int event);
const char *lifecycle_detail_name(int event, int detail);
const char *watchdog_action_name(int action);
