/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/qemu_binaries.h - which qemu-system-* programs are installed; nothing is started to find out. */
#pragma once
#include "util/cleanup.h"

typedef struct QemuBinaries QemuBinaries;

QemuBinaries *qemu_binaries_new(const char *search_path);       /* as for qemu_caps_cache_new() */
QemuBinaries *qemu_binaries_free(QemuBinaries *binaries);
const char *const *qemu_binaries_list(QemuBinaries *binaries);          /* as qemu_caps_cache_binaries() */
const char *qemu_binaries_default(QemuBinaries *binaries, const char *arch);    /* as qemu_caps_cache_default_binary() */
