/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/pci_connect.h - what kind of PCI slot each device needs on this machine. */
#pragma once
#include "conf/completion.h"
#include "conf/pci_topology.h"

/* PciConnect bits; 0: not a PCI device. */
unsigned device_pci_connect(const Completion *completion, const DeviceRef *device);
