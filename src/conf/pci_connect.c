/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/pci_connect.h"

#define CONVENTIONAL (PCI_CONNECT_DEVICE | PCI_CONNECT_HOTPLUG)

static unsigned express(const Completion *completion) {
        return (completion->kind == MACHINE_Q35 ? PCI_CONNECT_EXPRESS : PCI_CONNECT_DEVICE) | PCI_CONNECT_HOTPLUG;
}

/* model is "virtio", "virtio-transitional" (a device for conventional slots) or "virtio-non-transitional"; NULL: virtio. */
static unsigned virtio(const Completion *completion, const char *model) {
        return streq(model, "virtio-transitional") ? CONVENTIONAL : express(completion);
}

/* libvirt takes a model that it does not know for an Express device. */
static unsigned interface_connect(const Completion *completion, const InterfaceDef *interface) {
        static const char *const conventional[] = { "rtl8139",  "e1000",   "vmxnet3", "Am79C970A",
                                                    "Am79C973", "82540EM", "82545EM", "82543GC" };
        static const char *const no_pci[] = { "usb-net", "spapr-vlan", "lan9118", "smc91c111", "xen-pvdevice", "netfront" };

        if (interface->type == INTERFACE_HOSTDEV)
                return express(completion);
        if (interface_is_virtio(interface))
                return virtio(completion, interface->model);
        for (size_t i = 0; i < N_ELEMENTS(no_pci); i++)
                if (streq(interface->model, no_pci[i]))
                        return 0;
        for (size_t i = 0; i < N_ELEMENTS(conventional); i++)
                if (streq(interface->model, conventional[i]))
                        return CONVENTIONAL;
        return express(completion);
}

static unsigned usb_connect(const Completion *completion, ControllerModel model) {
        if (model == CONTROLLER_NEC_XHCI || model == CONTROLLER_QEMU_XHCI)
                return express(completion);
        return model == CONTROLLER_USB_NONE || model == CONTROLLER_QUSB1 || model == CONTROLLER_QUSB2 ? 0 : CONVENTIONAL;
}

static unsigned scsi_connect(const Completion *completion, ControllerModel model) {
        switch (model) {
        case CONTROLLER_VIRTIO_SCSI:
        case CONTROLLER_VIRTIO_NON_TRANSITIONAL:
                return express(completion);
        case CONTROLLER_IBMVSCSI:
        case CONTROLLER_MODEL_UNSET:
                return 0;
        default:
                return CONVENTIONAL;
        }
}

static unsigned controller_connect(const Completion *completion, const ControllerDef *controller) {
        switch (controller->type) {
        case CONTROLLER_PCI:
                return pci_model_connect(controller->model);
        case CONTROLLER_USB:
                return usb_connect(completion, controller->model);
        case CONTROLLER_SCSI:
                return scsi_connect(completion, controller->model);
        case CONTROLLER_VIRTIO_SERIAL:
                return controller->model == CONTROLLER_VIRTIO_TRANSITIONAL ? CONVENTIONAL : express(completion);
        case CONTROLLER_SATA:
        case CONTROLLER_IDE:
                return CONVENTIONAL;
        default:
                return 0;
        }
}

static unsigned video_connect(const Completion *completion, const VideoDef *video) {
        switch (video->type) {
        case VIDEO_NONE:
        case VIDEO_RAMFB:
                return 0;
        case VIDEO_VIRTIO:
        case VIDEO_BOCHS:
                return express(completion);
        default:
                return CONVENTIONAL;
        }
}

static unsigned hostdev_connect(const Completion *completion, const HostdevDef *hostdev) {
        if (hostdev->type == HOSTDEV_PCI || (hostdev->type == HOSTDEV_MDEV && streq(hostdev->model, "vfio-pci")))
                return express(completion);
        return hostdev->type == HOSTDEV_SCSI_HOST ? virtio(completion, hostdev->model) : 0;
}

static const char *disk_model(const DiskDef *disk) {
        return disk->model == DISK_MODEL_VIRTIO_TRANSITIONAL ? "virtio-transitional" : NULL;
}

static unsigned sound_connect(const SoundDef *sound) {
        switch (sound->model) {
        case SOUND_ES1370:
        case SOUND_AC97:
        case SOUND_ICH6:
        case SOUND_ICH9:
                return CONVENTIONAL;
        default:
                return 0;
        }
}

unsigned device_pci_connect(const Completion *completion, const DeviceRef *device) {
        switch (device->kind) {
        case DEVICE_DISK: {
                const DiskDef *disk = device->def;
                return disk_is_virtio(disk) ? virtio(completion, disk_model(disk)) : 0;
        }
        case DEVICE_CONTROLLER:
                return controller_connect(completion, device->def);
        case DEVICE_FILESYSTEM:
                return virtio(completion, ((const FilesystemDef *) device->def)->model);
        case DEVICE_INTERFACE:
                return interface_connect(completion, device->def);
        case DEVICE_SOUND:
                return sound_connect(device->def);
        case DEVICE_VIDEO:
                return video_connect(completion, device->def);
        case DEVICE_HOSTDEV:
                return hostdev_connect(completion, device->def);
        case DEVICE_SHMEM:
                return CONVENTIONAL;
        case DEVICE_INPUT: {
                const InputDef *input = device->def;
                return input->bus == INPUT_BUS_VIRTIO ? virtio(completion, input->model) : 0;
        }
        case DEVICE_MEMBALLOON: {
                MemballoonModel model = ((const MemballoonDef *) device->def)->model;
                return model == MEMBALLOON_VIRTIO_TRANSITIONAL ? CONVENTIONAL :
                       model == MEMBALLOON_NONE                ? 0 :
                                                                 express(completion);
        }
        case DEVICE_RNG:
                return virtio(completion, ((const RngDef *) device->def)->model);
        case DEVICE_VSOCK:
                return virtio(completion, ((const VsockDef *) device->def)->model);
        case DEVICE_WATCHDOG:
                return ((const WatchdogDef *) device->def)->model == WATCHDOG_I6300ESB ? CONVENTIONAL : 0;
        case DEVICE_SERIAL:
                return ((const SerialDef *) device->def)->target == SERIAL_TARGET_PCI ? CONVENTIONAL : 0;
        case DEVICE_PANIC:
                return ((const PanicDef *) device->def)->model == PANIC_PVPANIC ? CONVENTIONAL : 0;
        case DEVICE_MEMORY: {
                MemoryModel model = ((const MemoryDeviceDef *) device->def)->model;
                return model == MEMORY_VIRTIO_PMEM || model == MEMORY_VIRTIO_MEM ? express(completion) : 0;
        }
        case DEVICE_IOMMU:
                return ((const IommuDef *) device->def)->model == IOMMU_VIRTIO ? express(completion) & ~PCI_CONNECT_HOTPLUG : 0;
        default:
                return 0;
        }
}
