/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/qemu_probe.h - asks one QEMU binary, with one accelerator, what it can do. All questions are sent at once. */
#pragma once
#include <systemd/sd-event.h>
#include "drivers/qemu/qemu_caps.h"

typedef struct QemuProbe QemuProbe;

typedef struct QemuProbeAnswer {
        json_object *common;            /* the form of qemu_caps_to_json() without "accels"; NULL on failure */
        CpuHost *cpu_host;
        Error *err;                     /* its detail is what the binary printed, else what went wrong; NULL: all is there */
} QemuProbeAnswer;

/* Told once, from the loop, when the process has ended; the answer (contents may be stolen) holds for the call. */
typedef void (*QemuProbeDone)(QemuProbe *probe, QemuProbeAnswer *answer, void *userdata);

int qemu_probe_new(sd_event *loop, const char *binary, QemuAccel accel, QemuProbeDone done, void *userdata, QemuProbe **ret, Error **err);
QemuProbe *qemu_probe_free(QemuProbe *probe);           /* kills it when it still runs; NULL is fine; returns NULL */
DEFINE_CLEANUP(QemuProbe, qemu_probe_free)
