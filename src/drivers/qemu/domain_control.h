/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_control.h - the verbs on a running guest that are one or two words to QEMU. */
#pragma once
#include "drivers/qemu/domain.h"

void qemu_suspend(Driver *driver, sd_id128_t uuid, Reply *reply);
void qemu_resume(Driver *driver, sd_id128_t uuid, Reply *reply);
void qemu_reset(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
void qemu_shutdown(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
void qemu_reboot(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
void qemu_monitor_command(Driver *driver, sd_id128_t uuid, const char *command, unsigned flags, Reply *reply);

/* About the job that holds the domain; never queued behind it. */
void qemu_job_stats(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
void qemu_abort_job(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
