/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/wire_param.h - typed parameters: the wire's to the driver's and back. Both sides borrow names and strings. */
#pragma once
#include <stddef.h>
#include "drivers/driver.h"
#include "rpc/remote.h"

void wire_params_fill(const Param *params, size_t n, WireParam *ret);
void wire_params_read(const WireParam *params, size_t n, Param *ret);
