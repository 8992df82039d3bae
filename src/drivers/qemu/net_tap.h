/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/net_tap.h - tap interfaces of the host, made and put into a bridge. A few short ioctls; needs CAP_NET_ADMIN. */
#pragma once
#include <stdbool.h>
#include "util/error.h"

/* The descriptor, < 0 with *err. *name (may hold NULL: "vnet0" or the next free) becomes the name it got, allocated. bridge NULL: none. mac
 * is the guest's; the tap gets its own. */
int net_tap_open(char **name, const char *bridge, const char *mac, bool vnet_hdr, Error **err);
