/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/rules_device.c - which devices a VMM does not migrate, and the rules that name them.
 *
 * A row here is what QEMU 7.2 answered under -only-migratable (measured) or what its source says where a device could not be
 * tried. A probed fact of the binary in use (PolicyHost.devices) overrides its row, either way. */
#include "policy/policy_rule.h"

typedef const PolicyCheck Check;

/* ---- What a row is about ---- */

static bool is_hostdev_pci(Check *check, const void *device) {
        const HostdevDef *hostdev = device;

        return hostdev->type == HOSTDEV_PCI && !hostdev->teaming;
}
static bool is_hostdev_usb(Check *check, const void *device) {
        return ((const HostdevDef *) device)->type == HOSTDEV_USB;
}
static bool is_hostdev_mdev(Check *check, const void *device) {
        return ((const HostdevDef *) device)->type == HOSTDEV_MDEV;
}
static bool is_hostdev_scsi_host(Check *check, const void *device) {
        return ((const HostdevDef *) device)->type == HOSTDEV_SCSI_HOST;
}
static bool is_hostdev_scsi(Check *check, const void *device) {
        return ((const HostdevDef *) device)->type == HOSTDEV_SCSI;
}
static bool is_interface_hostdev(Check *check, const void *device) {
        const InterfaceDef *interface = device;

        return interface->type == INTERFACE_HOSTDEV && !interface->teaming;
}
static bool is_interface_vdpa(Check *check, const void *device) {
        return ((const InterfaceDef *) device)->type == INTERFACE_VDPA;
}
static bool is_interface_vhostuser(Check *check, const void *device) {
        return ((const InterfaceDef *) device)->type == INTERFACE_VHOSTUSER;
}
static bool is_interface_usb(Check *check, const void *device) {
        return streq(((const InterfaceDef *) device)->model, "usb-net");
}
static bool is_interface_rocker(Check *check, const void *device) {
        return streq(((const InterfaceDef *) device)->model, "rocker");
}
static bool is_virtiofs(Check *check, const void *device) {
        return ((const FilesystemDef *) device)->driver == FS_DRIVER_VIRTIOFS;
}
static bool is_9p(Check *check, const void *device) {
        const FilesystemDef *filesystem = device;

        return streq(filesystem->type ? filesystem->type : "mount", "mount") && filesystem->driver != FS_DRIVER_VIRTIOFS;
}
static bool is_shmem_peer(Check *check, const void *device) {
        return !streq(((const ShmemDef *) device)->role, "master");
}
static bool is_input_passthrough(Check *check, const void *device) {
        return ((const InputDef *) device)->type == INPUT_PASSTHROUGH;
}
static bool is_usb_sound(Check *check, const void *device) {
        return ((const SoundDef *) device)->model == SOUND_USB;
}
static bool is_usb_serial(Check *check, const void *device) {
        const SerialDef *serial = device;

        return serial->model == SERIAL_MODEL_USB_SERIAL || (!serial->model && serial->target == SERIAL_TARGET_USB);
}
static bool is_vdagent(Check *check, const void *device) {
        return ((const ChannelDef *) device)->source.type == CHAR_QEMU_VDAGENT;
}
static bool is_3d(Check *check, const void *device) {
        return ((const VideoDef *) device)->accel3d == TRISTATE_YES;
}
static bool is_blob(Check *check, const void *device) {
        return ((const VideoDef *) device)->blob == TRISTATE_YES;
}
static bool is_tpm_passthrough(Check *check, const void *device) {
        return ((const TpmDef *) device)->backend == TPM_PASSTHROUGH;
}
static bool is_sgx(Check *check, const void *device) {
        return ((const MemoryDeviceDef *) device)->model == MEMORY_SGX_EPC;
}
static bool is_nvme_source(Check *check, const void *device) {
        return ((const DiskDef *) device)->source.type == DISK_NVME;
}
static bool is_disk_vhostuser(Check *check, const void *device) {
        return ((const DiskDef *) device)->source.type == DISK_VHOST_USER;
}
static bool is_writable_vvfat(Check *check, const void *device) {
        const DiskDef *disk = device;

        return disk->source.type == DISK_DIR && !disk->readonly;
}
static bool is_spapr_proxy(Check *check, const void *device) {
        return ((const TpmDef *) device)->model == TPM_SPAPR_PROXY;
}

#define ONLY_MIGRATABLE "measured on QEMU 7.2 with -only-migratable"
#define LIBVIRT "libvirt 9.0 refuses to migrate it"
#define SOURCE "QEMU 7.2 source"
#define BOUND "it is a piece of this host"

const PolicyDeviceRow policy_device_rows[] = {
        { DEVICE_HOSTDEV, is_hostdev_pci, "host PCI device", "vfio-pci", "/@type", EFFECT_BLOCKS, true, BOUND, 0,
          SOURCE ": VFIO device doesn't support migration" },
        { DEVICE_HOSTDEV, is_hostdev_usb, "host USB device", "usb-host", "/@type", EFFECT_BLOCKS, false, BOUND, 0, LIBVIRT },
        { DEVICE_HOSTDEV, is_hostdev_mdev, "mediated host device", NULL, "/@type", EFFECT_BLOCKS, true, BOUND, 0,
          ONLY_MIGRATABLE " (vfio-ccw); " SOURCE " (vfio-pci, vfio-ap)" },
        { DEVICE_HOSTDEV, is_hostdev_scsi_host, "vhost-scsi host adapter", "vhost-scsi-pci", "/@type", EFFECT_BLOCKS, true,
          "vhost-scsi does not support migration in all cases", 0, SOURCE },
        { DEVICE_HOSTDEV, is_hostdev_scsi, "host SCSI device", NULL, "/@type", EFFECT_UNKNOWN, false,
          "the target must see the same device, which nobody can ask from here", 0, LIBVIRT },
        { DEVICE_INTERFACE, is_interface_hostdev, "network card of the host", "vfio-pci", "/@type", EFFECT_BLOCKS, true, BOUND, 0,
          SOURCE ": VFIO device doesn't support migration" },
        { DEVICE_INTERFACE, is_interface_vdpa, "vDPA network card", NULL, "/@type", EFFECT_BLOCKS, true,
          "the vDPA device cannot log the memory that it writes", 0, SOURCE },
        { DEVICE_INTERFACE, is_interface_vhostuser, "vhost-user network card", NULL, "/@type", EFFECT_UNKNOWN, true,
          "it depends on the process behind it (VHOST_USER_PROTOCOL_F_LOG_SHMFD)", 0, SOURCE },
        { DEVICE_INTERFACE, is_interface_usb, "USB network card", "usb-net", "/model/@type", EFFECT_BLOCKS, true,
          "QEMU does not save its state", 0, ONLY_MIGRATABLE },
        { DEVICE_INTERFACE, is_interface_rocker, "rocker switch", "rocker", "/model/@type", EFFECT_BLOCKS, true,
          "QEMU does not save its state", 0, ONLY_MIGRATABLE },
        { DEVICE_FILESYSTEM, is_virtiofs, "virtiofs file system", "vhost-user-fs-device", "/driver/@type", EFFECT_BLOCKS, true,
          "QEMU does not save its state", 8002000, ONLY_MIGRATABLE },
        { DEVICE_FILESYSTEM, is_9p, "9p file system", NULL, "", EFFECT_NONE, true,
          "while the guest has it mounted the guest cannot be migrated; with required migratability the mount is refused in the "
          "guest",
          0, ONLY_MIGRATABLE ": the device is accepted" },
        { DEVICE_SHMEM, is_shmem_peer, "shared memory device", "ivshmem-plain", "/@role", EFFECT_BLOCKS, true,
          "a peer's memory belongs to another; only role='master' migrates", 0, ONLY_MIGRATABLE },
        { DEVICE_INPUT, is_input_passthrough, "host input device", "virtio-input-host-device", "/@type", EFFECT_BLOCKS, true,
          "QEMU does not save its state", 0, ONLY_MIGRATABLE },
        { DEVICE_SOUND, is_usb_sound, "USB sound card", "usb-audio", "/@model", EFFECT_BLOCKS, true,
          "QEMU does not save its state", 0, ONLY_MIGRATABLE },
        { DEVICE_SERIAL, is_usb_serial, "USB serial port", "usb-serial", "/target/@type", EFFECT_BLOCKS, true,
          "QEMU does not save its state", 0, ONLY_MIGRATABLE },
        { DEVICE_CHANNEL, is_vdagent, "vdagent channel served by QEMU", NULL, "/@type", EFFECT_BLOCKS, true,
          "The vdagent chardev doesn't yet support migration", 0, ONLY_MIGRATABLE },
        { DEVICE_VIDEO, is_3d, "video card with 3D acceleration", "virtio-gpu-gl-device", "/model/acceleration/@accel3d",
          EFFECT_BLOCKS, true, "virgl is not yet migratable", 0, SOURCE },
        { DEVICE_VIDEO, is_blob, "video card with blob resources", NULL, "/model/@blob", EFFECT_BLOCKS, false,
          "QEMU before 8.1 loses its resources", 8001000, "QEMU 8.0 blocks it; general knowledge" },
        { DEVICE_TPM, is_tpm_passthrough, "TPM of the host", NULL, "/backend/@type", EFFECT_BLOCKS, false, BOUND, 0,
          "general knowledge" },
        { DEVICE_TPM, is_spapr_proxy, "TPM proxy of the host", "spapr-tpm-proxy", "/@model", EFFECT_BLOCKS, false, BOUND, 0,
          "general knowledge" },
        { DEVICE_MEMORY, is_sgx, "SGX enclave memory", NULL, "/@model", EFFECT_BLOCKS, false,
          "enclave pages cannot leave the processor", 0, "general knowledge" },
        { DEVICE_DISK, is_nvme_source, "NVMe drive of the host", NULL, "/@type", EFFECT_BLOCKS, false, BOUND, 0,
          "general knowledge" },
        { DEVICE_DISK, is_disk_vhostuser, "vhost-user disk", NULL, "/@type", EFFECT_UNKNOWN, true,
          "it depends on the process behind it (VHOST_USER_PROTOCOL_F_LOG_SHMFD)", 0, SOURCE },
        { DEVICE_DISK, is_writable_vvfat, "writable directory shown as a disk", NULL, "/@type", EFFECT_BLOCKS, true,
          "the format behind it does not support live migration", 0, ONLY_MIGRATABLE },
};
const size_t policy_n_device_rows = N_ELEMENTS(policy_device_rows);

/* ---- Finders ---- */

typedef struct DeviceSearch {
        PolicyCheck *check;
        const PolicyRule *rule;
        Effect effect;
} DeviceSearch;

static Effect row_effect(const PolicyCheck *check, const PolicyDeviceRow *row) {
        unsigned version = check->facts->host->version;
        Fact probed = row->model ? policy_host_device(check->facts->host, row->model) : FACT_UNKNOWN;

        if (probed != FACT_UNKNOWN)
                return probed == FACT_NO ? EFFECT_BLOCKS : EFFECT_NONE;
        return row->until && version >= row->until ? EFFECT_UNKNOWN : row->effect;
}

static int check_device(const DeviceRef *device, void *userdata) {
        DeviceSearch *search = userdata;
        CLEANUP(free) char *path = NULL;

        for (size_t i = 0; i < policy_n_device_rows; i++) {
                const PolicyDeviceRow *row = &policy_device_rows[i];

                if (row->kind != device->kind || !row->match(search->check, device->def))
                        continue;
                if (row_effect(search->check, row) != search->effect || (!search->effect && row->effect))
                        continue; /* another rule's, or lifted by a probe */
                if (search->check->facts->running && row->vmm_tells && search->check->facts->operation != POLICY_HOTPLUG)
                        continue; /* a running VMM's own list is the truth */
                free(path);
                path = device_ref_path(device);
                policy_found(search->check, search->rule, xasprintf("%s%s", path, row->attribute), row->name,
                             device->info && device->info->alias ? device->info->alias : path, row->why);
        }
        return 0;
}

static void find_devices(PolicyCheck *check, const PolicyRule *rule) {
        DeviceSearch search = { check, rule, rule->effect };

        domain_def_each_device(check->def, check_device, &search);
}

/* Formats whose driver adds a blocker when an image is opened, wherever in the chain. */
static const struct {
        DiskFormat format;
        const char *name;
} blocking_formats[] = {
        { DISK_FORMAT_VDI, "vdi" }, { DISK_FORMAT_VMDK, "vmdk" }, { DISK_FORMAT_VPC, "vpc" },
        { DISK_FORMAT_VHD, "vhd" }, { DISK_FORMAT_QCOW, "qcow" }, { DISK_FORMAT_PLOOP, "ploop" },
};

static const char *blocking_format(DiskFormat format) {
        for (size_t i = 0; i < N_ELEMENTS(blocking_formats); i++)
                if (blocking_formats[i].format == format)
                        return blocking_formats[i].name;
        return NULL;
}

static void find_formats(PolicyCheck *check, const PolicyRule *rule) {
        if (check->facts->running && check->facts->operation != POLICY_HOTPLUG)
                return;
        for (size_t i = 0; i < check->def->disks.n; i++) {
                const DiskDef *disk = check->def->disks.items[i];
                const char *format = disk_source_is_empty(&disk->source) ? NULL : blocking_format(disk->format);

                if (format)
                        policy_found(check, rule, xasprintf("/domain/devices/disk[%zu]/driver/@type", i + 1), format,
                                     disk->target, NULL);
                for (const DiskBacking *backing = disk->backing; backing; backing = backing->backing) {
                        format = blocking_format(backing->format);
                        if (format)
                                policy_found(check, rule,
                                             xasprintf("/domain/devices/disk[%zu]//backingStore/format/@type", i + 1), format,
                                             disk->target, NULL);
                }
        }
}

/* Every PCI device of an s390x guest gets a zpci device, and QEMU does not migrate those. */
static int check_zpci(const DeviceRef *device, void *userdata) {
        DeviceSearch *search = userdata;
        CLEANUP(free) char *path = NULL;

        if (!device->info || device->info->address.type != ADDRESS_PCI || device->kind == DEVICE_HOSTDEV)
                return 0;
        path = device_ref_path(device);
        policy_found(search->check, search->rule, xasprintf("%s/address/@type", path), device->element, NULL, NULL);
        return 0;
}

static void find_zpci(PolicyCheck *check, const PolicyRule *rule) {
        DeviceSearch search = { check, rule, rule->effect };

        if (!streq(check->def->os.arch, "s390x") || policy_host_device(check->facts->host, "zpci") == FACT_YES ||
            check->facts->running)
                return;
        domain_def_each_device(check->def, check_zpci, &search);
}

static void find_arguments(PolicyCheck *check, const PolicyRule *rule) {
        if (check->def->qemu.args.n && !check->facts->running)
                policy_found(check, rule, xstrdup("/domain/qemu:commandline"), NULL, NULL, NULL);
}

#define BLOCKS                                                                                                                   \
        .start = SAY_WARN, .required = SAY_REFUSE, .move = SAY_REFUSE, .hotplug = true, .source = POLICY_FROM_VMM,               \
        .effect = EFFECT_BLOCKS

const PolicyRule policy_rules_device[] = {
        { .code = "WARD-DEVICE",
          BLOCKS,
          .find = find_devices,
          .what = "{1} ({2}) cannot be migrated: {3}{demand}",
          .want = "devices that the VMM migrates",
          .remedy = "nothing is needed to run it here; for a guest that can be migrated remove it",
          .remedy_required = "remove the device, or start the guest without requiring migratability",
          .requirements = "R9 R10 R23 R32 R53",
          .evidence = "see the devices",
          .lifted_by = "vmm.devices: the model, as asked of that binary" },
        { .code = "WARD-DEVICE-UNKNOWN",
          .start = SAY_NOTE,
          .required = SAY_WARN,
          .hotplug = true,
          .source = POLICY_FROM_VMM,
          .effect = EFFECT_UNKNOWN,
          .find = find_devices,
          .what = "whether {1} ({2}) can be migrated is not known beforehand: {3}",
          .want = "devices that the VMM migrates",
          .remedy = "with required migratability the VMM decides when it opens the device",
          .requirements = "R10 R15",
          .evidence = "see the devices" },
        { .code = "WARD-DEVICE-NOTE",
          .start = SAY_NOTE,
          .required = SAY_NOTE,
          .effect = EFFECT_NONE,
          .find = find_devices,
          .what = "{1} ({2}): {3}",
          .want = "nothing",
          .remedy = "nothing to do",
          .requirements = "R5 R25",
          .evidence = "see the devices" },
        { .code = "WARD-DISK-FORMAT",
          BLOCKS,
          .find = find_formats,
          .what = "disk '{2}': the format '{1}' does not support live migration{demand}",
          .want = "raw or qcow2",
          .remedy = "nothing is needed to run it here; to migrate, convert the image (`qemu-img convert -O qcow2`)",
          .remedy_required =
                  "convert the image (`qemu-img convert -O qcow2`), or start the guest without requiring migratability",
          .requirements = "R9 R10 R23",
          .evidence = ONLY_MIGRATABLE ": qcow, vdi, vmdk, vpc, parallels; QEMU 7.2 crashes for vhdx",
          .lifted_by = "query-migrate" },
        { .code = "WARD-S390-PCI",
          BLOCKS,
          .find = find_zpci,
          .what = "the {1} is on the PCI bus: on s390x that makes a zpci device, which cannot be migrated{demand}",
          .want = "an address of type 'ccw'",
          .remedy = "nothing is needed to run it here; to migrate, use <address type='ccw'/>",
          .remedy_required = "use <address type='ccw'/>, or start the guest without requiring migratability",
          .requirements = "R9 R10 R23",
          .evidence = ONLY_MIGRATABLE ": Device zpci is not migratable",
          .lifted_by = "vmm.devices: zpci" },
        { .code = "WARD-QEMU-ARGUMENTS",
          .start = SAY_WARN,
          .required = SAY_WARN,
          .effect = EFFECT_UNKNOWN,
          .find = find_arguments,
          .what = "<qemu:commandline> adds arguments that nobody checks",
          .want = "the same said in elements that virtward knows",
          .remedy = "with required migratability the VMM itself refuses what does not migrate",
          .requirements = "R15 R105" },
        {}
};
