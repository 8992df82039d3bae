/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl.h - what the files of the command line share: the argument list being built, and names of parts of the guest. */
#pragma once
#include "conf/domain_def.h"
#include "drivers/qemu/command_line.h"
#include "drivers/qemu/qemu_caps.h"
#include "util/json.h"

typedef struct Cl {
        const DomainDef *def;
        const QemuCaps *caps;
        const CommandLineParams *params;
        const QemuMachine *machine;
        CommandLine *line;
        bool x86, s390, ppc, pc, q35;
        bool kvm;
} Cl;

/* ---- Adding ---- */

void cl_add(Cl *cl, const char *option, const char *value);             /* value NULL: the option has none */
void cl_addf(Cl *cl, const char *option, const char *format, ...) __attribute__((format(printf, 3, 4)));
void cl_add_json(Cl *cl, const char *option, json_object *json);        /* takes json over */
int cl_add_fd(Cl *cl, int fd);                                          /* takes fd over; its number in QEMU */

/* In the older key=value syntax a comma ends a value unless it is doubled. The caller frees. */
char *cl_escape(const char *text);
#define cl_yes(tristate) ((tristate) == TRISTATE_YES)
/* Adds a boolean or "on"/"off" text when the definition says it. */
void cl_json_bool(json_object *json, const char *key, Tristate value);
void cl_json_onoff(json_object *json, const char *key, Tristate value);

/* ERROR_CONFIG_UNSUPPORTED for something that this command line cannot say yet; always -1. */
int cl_unsupported(Error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The binary has that device type, else an error that names the element. */
int cl_need_device(const Cl *cl, const char *type, const char *element, Error **err);

/* ---- Devices ---- */

json_object *cl_device(const char *driver, const DeviceInfo *info);     /* {"driver":..., "id": alias} */
/* "bus", "addr", "devno", "port" ... of the device's address. */
int cl_add_address(const Cl *cl, json_object *device, const DeviceInfo *info, Error **err);
/* bootindex from <boot order=>; rom; acpi-index. */
void cl_add_info(json_object *device, const DeviceInfo *info);
/* "virtio-blk" becomes "virtio-blk-pci", "virtio-blk-ccw" ...; model: "virtio-transitional" or so, or NULL. The caller frees. */
char *cl_virtio_type(const char *base, const DeviceInfo *info, const char *model);
void cl_add_virtio(const Cl *cl, json_object *device, const VirtioOptions *options);
/* The controller's alias; NULL: there is none of that type and index. */
const char *cl_controller_alias(const Cl *cl, ControllerType type, unsigned index);
const ControllerDef *cl_controller(const Cl *cl, ControllerType type, unsigned index);
/* Position in <os><boot dev=> (from 1) when this is the device that it means, else <boot order=>, else 0. */
unsigned cl_boot_index(const Cl *cl, DeviceKind kind, const void *device);

/* ---- Chapters, in the order of the table in command_line.c ---- */

int cl_chapter_firmware(Cl *cl, Error **err);
int cl_chapter_machine(Cl *cl, Error **err);
int cl_chapter_cpu(Cl *cl, Error **err);
int cl_chapter_memory(Cl *cl, Error **err);
int cl_chapter_clock(Cl *cl, Error **err);
int cl_chapter_boot(Cl *cl, Error **err);
int cl_chapter_controllers(Cl *cl, Error **err);
int cl_chapter_hubs(Cl *cl, Error **err);
int cl_chapter_disks(Cl *cl, Error **err);
int cl_chapter_filesystems(Cl *cl, Error **err);
int cl_chapter_interfaces(Cl *cl, Error **err);
int cl_chapter_chardevs(Cl *cl, Error **err);
int cl_chapter_inputs(Cl *cl, Error **err);
int cl_chapter_graphics(Cl *cl, Error **err);
int cl_chapter_sounds(Cl *cl, Error **err);
int cl_chapter_misc(Cl *cl, Error **err);
int cl_chapter_hostdevs(Cl *cl, Error **err);
int cl_chapter_security(Cl *cl, Error **err);

/* ---- Shared between chapters ---- */

char *cl_rtc_base(const ClockDef *clock);
/* "-chardev" for source with that id; log says the element in errors. */
int cl_add_chardev(Cl *cl, const CharSource *source, const char *id, const char *element, Error **err);
/* "audio1" of <audio id=>, 0: the first; NULL: there is none. The caller frees. */
char *cl_audio_id(const Cl *cl, unsigned id);
bool cl_has_confidential(const Cl *cl);                                 /* <launchSecurity> */
