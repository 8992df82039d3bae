/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/device_ref.c - the devices of a definition, whatever they are, in the order in which they are printed. */
#include "conf/domain_def.h"

#define NO_INFO SIZE_MAX

typedef struct DeviceList {
        const char *element;
        size_t offset;          /* of the list, or of the pointer */
        size_t info;            /* of the DeviceInfo in the device's struct */
        bool single;
} DeviceList;

#define DEVICES(kind, name, field, F) [kind] = { name, offsetof(DomainDef, field), offsetof(F, info), false }
#define DEVICE(kind, name, field, F) [kind] = { name, offsetof(DomainDef, field), offsetof(F, info), true }
#define BARE_DEVICES(kind, name, field) [kind] = { name, offsetof(DomainDef, field), NO_INFO, false }

static const DeviceList device_lists[DEVICE_KIND_MAX] = {
        DEVICES(DEVICE_DISK, "disk", disks, DiskDef),
        DEVICES(DEVICE_CONTROLLER, "controller", controllers, ControllerDef),
        DEVICES(DEVICE_FILESYSTEM, "filesystem", filesystems, FilesystemDef),
        DEVICES(DEVICE_INTERFACE, "interface", interfaces, InterfaceDef),
        DEVICES(DEVICE_SMARTCARD, "smartcard", smartcards, SmartcardDef),
        DEVICES(DEVICE_SERIAL, "serial", serials, SerialDef),
        DEVICES(DEVICE_PARALLEL, "parallel", parallels, SerialDef),
        DEVICES(DEVICE_CONSOLE, "console", consoles, ConsoleDef),
        DEVICES(DEVICE_CHANNEL, "channel", channels, ChannelDef),
        DEVICES(DEVICE_INPUT, "input", inputs, InputDef),
        DEVICES(DEVICE_TPM, "tpm", tpms, TpmDef),
        BARE_DEVICES(DEVICE_GRAPHICS, "graphics", graphics),
        DEVICES(DEVICE_SOUND, "sound", sounds, SoundDef),
        BARE_DEVICES(DEVICE_AUDIO, "audio", audios),
        DEVICES(DEVICE_VIDEO, "video", videos, VideoDef),
        DEVICES(DEVICE_HOSTDEV, "hostdev", hostdevs, HostdevDef),
        DEVICES(DEVICE_REDIRDEV, "redirdev", redirdevs, RedirdevDef),
        DEVICES(DEVICE_HUB, "hub", hubs, HubDef),
        DEVICES(DEVICE_WATCHDOG, "watchdog", watchdogs, WatchdogDef),
        DEVICE(DEVICE_MEMBALLOON, "memballoon", memballoon, MemballoonDef),
        DEVICES(DEVICE_RNG, "rng", rngs, RngDef),
        DEVICE(DEVICE_NVRAM, "nvram", nvram, NvramDef),
        DEVICES(DEVICE_PANIC, "panic", panics, PanicDef),
        DEVICES(DEVICE_SHMEM, "shmem", shmems, ShmemDef),
        DEVICES(DEVICE_MEMORY, "memory", memories, MemoryDeviceDef),
        DEVICE(DEVICE_IOMMU, "iommu", iommu, IommuDef),
        DEVICE(DEVICE_VSOCK, "vsock", vsock, VsockDef),
};

static DeviceRef make_ref(DeviceKind kind, size_t index, void *def) {
        const DeviceList *list = &device_lists[kind];

        return (DeviceRef) {
                .kind = kind,
                .element = list->element,
                .index = index,
                .def = def,
                .info = list->info == NO_INFO ? NULL : (DeviceInfo *) ((char *) def + list->info),
        };
}

int domain_def_each_device(const DomainDef *def, int (*each)(const DeviceRef *device, void *userdata), void *userdata) {
        for (DeviceKind kind = 0; kind < DEVICE_KIND_MAX; kind++) {
                const void *field = (const char *) def + device_lists[kind].offset;
                const LIST_OF(void) *list = field;
                void *const *items = device_lists[kind].single ? field : (const void *) list->items;
                size_t n = device_lists[kind].single ? *items != NULL : list->n;

                for (size_t i = 0; i < n; i++) {
                        const DeviceRef ref = make_ref(kind, i, items[i]);
                        int r = each(&ref, userdata);

                        if (r != 0)
                                return r;
                }
        }
        return 0;
}

char *device_ref_path(const DeviceRef *device) {
        if (device_lists[device->kind].single)
                return xasprintf("/domain/devices/%s", device->element);
        return xasprintf("/domain/devices/%s[%zu]", device->element, device->index + 1);
}
