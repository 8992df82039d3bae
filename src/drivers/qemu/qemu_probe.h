/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/qemu_probe.h - asks one QEMU binary, with one accelerator, what it can do. All questions are sent at once. */
#pragma once
#include <sys/types.h>
#include <systemd/sd-event.h>
#include "drivers/qemu/qemu_caps.h"

typedef struct QemuProbe QemuProbe;

/* Whom a probe runs as: a client names the binary, so not as root when guests do not run as root either. */
typedef struct QemuProbeUser {
        bool change;
        uid_t uid;
        gid_t gid;
} QemuProbeUser;

typedef struct QemuProbeAnswer {
        json_object *common;            /* the form of qemu_caps_to_json() without "accels"; NULL on failure */
        CpuHost *cpu_host;
        Error *err;                     /* its detail is what the binary printed, else what went wrong; NULL: all is there */
} QemuProbeAnswer;

/* Told once, from the loop, when the process has ended; the answer (contents may be stolen) holds for the call. */
typedef void (*QemuProbeDone)(QemuProbe *probe, QemuProbeAnswer *answer, void *userdata);

int qemu_probe_new(sd_event *loop, const char *binary, QemuAccel accel, const QemuProbeUser *user, QemuProbeDone done, void *userdata,
                   QemuProbe **ret, Error **err);
QemuProbe *qemu_probe_free(QemuProbe *probe);           /* kills it when it still runs; NULL is fine; returns NULL */
DEFINE_CLEANUP(QemuProbe, qemu_probe_free)
