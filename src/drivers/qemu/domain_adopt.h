/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_adopt.h - guests of an earlier daemon are found again, and what it left half done is finished or undone. */
#pragma once
#include "drivers/qemu/qemu_driver.h"

/* Reads every status file. A guest whose process is there is active when this returns, in the state it was last seen in; its
 * monitor is opened again by a job of its own, all at the same time. One whose process has gone is told as stopped. */
void domains_adopt(QemuDriver *driver);
