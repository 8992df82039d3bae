/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/net_vsock.h - the host's end of a <vsock>: /dev/vhost-vsock, told which number (CID) the guest has. */
#pragma once
#include "util/error.h"

/* The descriptor, < 0 with *err. */
int net_vsock_open(unsigned cid, Error **err);
/* A number that no guest of this host has now: 3 is the first. */
int net_vsock_choose(unsigned *ret_cid, Error **err);
