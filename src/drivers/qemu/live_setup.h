/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/live_setup.h - what a command line cannot say and QEMU is told before the guest runs: links that are down, passwords,
 * the balloon, limits of disks. */
#pragma once
#include "drivers/qemu/domain.h"

/* A step's run: OP_DONE when there is nothing to say. incoming: what travels with a migration is left out. */
OpResult live_setup(Op *op, Domain *domain, bool incoming, Error **err);
