/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tests/fake-driver/fake_driver.h - a Driver whose domains are rows in memory: for tests of the edges, without QEMU.
 *
 * Domains named NAME are defined from any XML with a <name>; a <uuid> is taken or made up. Starting is setting a state. Verbs
 * answer at once, save those named by hold: their replies are kept until fake_driver_release(). */
#pragma once
#include "drivers/driver.h"

typedef struct FakeDriver FakeDriver;

FakeDriver *fake_driver_new(void);
FakeDriver *fake_driver_free(FakeDriver *fake);
DEFINE_CLEANUP(FakeDriver, fake_driver_free)
Driver *fake_driver(FakeDriver *fake);

/* Defines a domain; its UUID ends with the number of the domain. */
const DomainView *fake_driver_add(FakeDriver *fake, const char *name, bool running);

/* From now on `capabilities` and `reset` are answered by fake_driver_release() only. */
void fake_driver_hold(FakeDriver *fake);
size_t fake_driver_n_held(const FakeDriver *fake);
void fake_driver_release(FakeDriver *fake);

/* What the edge said: clients that have gone, and the arguments of the last migration call as text. */
size_t fake_driver_n_gone(const FakeDriver *fake);
const char *fake_driver_last_migration(const FakeDriver *fake);

void fake_driver_emit(FakeDriver *fake, const DomainEvent *event);
void fake_driver_emit_monitor(FakeDriver *fake, const DomainView *domain, const char *name, const char *details);
