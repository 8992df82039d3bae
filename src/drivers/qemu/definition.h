/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/definition.h - from a client's XML to a completed definition: parsed, its emulator probed, completed for it. */
#pragma once
#include "conf/complete.h"
#include "drivers/qemu/qemu_driver.h"

typedef struct Definition Definition;

/* def (taken over by ready) or err (borrowed). Told at once when the emulator is known already, else from the loop. */
typedef void (*DefinitionReady)(QemuDriver *driver, DomainDef *def, const Error *err, void *userdata);
void definition_prepare(QemuDriver *driver, const char *xml, DefinitionReady ready, void *userdata);

/* The driver ends: all that are under way are told err. */
void definitions_abandon(QemuDriver *driver, const Error *err);

/* For conf/complete.h; borrows both. nvram_dir: where UEFI variables go; NULL: their path stays open. */
CompletionFacts definition_facts(const QemuCaps *caps, const char *nvram_dir);
