/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/completion.h - inside the completion passes: what they share, and each of them. Others use complete.h. */
#pragma once
#include "conf/complete.h"
#include "conf/domain_def.h"

typedef enum MachineKind {
        MACHINE_OTHER, MACHINE_Q35, MACHINE_I440FX, MACHINE_ISAPC, MACHINE_MICROVM, MACHINE_S390, MACHINE_PSERIES,
} MachineKind;

typedef struct Completion {
        DomainDef *def;
        const CompletionFacts *facts;
        const char *pass;               /* that runs now, for notes */
        MachineKind kind;               /* once the machine is known */
        CompletionMachine machine;
} Completion;

/* For `wardsh diff`: what this pass adds and why. */
void completion_note(const Completion *completion, const char *why, const char *what, ...) __attribute__((format(printf, 3, 4)));
bool completion_has_device(const Completion *completion, const char *type);
bool completion_is_x86(const Completion *completion);
/* As in many rows: a text that is only filled in where none is. */
void completion_default_text(char **text, const char *value);

ControllerDef *completion_find_controller(const DomainDef *def, ControllerType type, unsigned index);
/* At the end of the list, as libvirt does with what nobody asked for. */
ControllerDef *completion_add_controller(const Completion *completion, ControllerType type, unsigned index, ControllerModel model,
                                         const char *why);
/* The controller of that number, added when it is missing. */
ControllerDef *completion_need_controller(const Completion *completion, ControllerType type, unsigned index, const char *why);

/* "vda" is 0, "vdaa" 26, "hdb" 1; -1: not such a name. Partition numbers at the end are read over. */
int disk_target_index(const char *target);
bool disk_is_virtio(const DiskDef *disk);
bool interface_is_virtio(const InterfaceDef *interface);

/* A device whose guest side is virtio: it has an address of the machine's virtio bus. */
bool device_is_virtio(const DeviceRef *device);
bool address_wanted(const DeviceAddress *address, AddressType type);

/* The passes, in the order of complete.c. < 0: the definition is refused. */
int complete_machine(Completion *completion, Error **err);
int complete_identity(Completion *completion, Error **err);
int complete_resources(Completion *completion, Error **err);
int complete_order(Completion *completion, Error **err);
int complete_default_devices(Completion *completion, Error **err);
int complete_boot(Completion *completion, Error **err);
int complete_cpu(Completion *completion, Error **err);
int complete_disks(Completion *completion, Error **err);
int complete_devices(Completion *completion, Error **err);
int complete_controllers(Completion *completion, Error **err);
int complete_chardevs(Completion *completion, Error **err);
int complete_consoles(Completion *completion, Error **err);
int complete_implicit_controllers(Completion *completion, Error **err);
int complete_display(Completion *completion, Error **err);
int complete_virtio_serial(Completion *completion, Error **err);
int complete_spapr(Completion *completion, Error **err);
int complete_ccw(Completion *completion, Error **err);
int complete_pci(Completion *completion, Error **err);
int complete_usb(Completion *completion, Error **err);
int complete_memory_slots(Completion *completion, Error **err);
int complete_console_mirror(Completion *completion, Error **err);
int complete_checks(Completion *completion, Error **err);

int check_devices(const Completion *completion, Error **err);           /* part of complete_checks() */
