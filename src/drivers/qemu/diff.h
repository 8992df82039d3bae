/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/diff.h - the verb `diff`: what completion, or a start, has made of what was asked. */
#pragma once
#include "drivers/driver.h"

/* {"domain"} or {"xml"} -> {"domain", "passes"} (docs/private-api.md). */
void qemu_diff(Driver *driver, const char *request, Reply *reply);
