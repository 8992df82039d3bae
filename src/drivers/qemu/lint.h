/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/lint.h - the verb `lint`: all that is wrong with a definition, without storing it. */
#pragma once
#include "drivers/driver.h"

/* {"xml"} -> {"verdict", "findings"} (docs/private-api.md). */
void qemu_lint(Driver *driver, const char *request, Reply *reply);
