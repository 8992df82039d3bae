/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/devices.h - the smaller devices: controllers, input, balloon, rng, watchdog, panic, TPM, host devices, file systems ... */
#pragma once
#include "conf/chardev.h"

typedef enum ControllerType {
        CONTROLLER_TYPE_UNSET, CONTROLLER_IDE, CONTROLLER_FDC, CONTROLLER_SCSI, CONTROLLER_SATA,
        CONTROLLER_VIRTIO_SERIAL, CONTROLLER_CCID, CONTROLLER_USB, CONTROLLER_PCI, CONTROLLER_XENBUS, CONTROLLER_ISA,
        CONTROLLER_TYPE_MAX,
} ControllerType;
/* All models of all types in one table: which may go with which type is checked after the parse. */
typedef enum ControllerModel {
        CONTROLLER_MODEL_UNSET,
        /* pci */
        CONTROLLER_PCI_ROOT, CONTROLLER_PCIE_ROOT, CONTROLLER_PCI_BRIDGE, CONTROLLER_DMI_TO_PCI_BRIDGE,
        CONTROLLER_PCIE_TO_PCI_BRIDGE,
        CONTROLLER_PCIE_ROOT_PORT, CONTROLLER_PCIE_SWITCH_UPSTREAM_PORT, CONTROLLER_PCIE_SWITCH_DOWNSTREAM_PORT,
        CONTROLLER_PCI_EXPANDER_BUS,
        CONTROLLER_PCIE_EXPANDER_BUS,
        /* scsi */
        CONTROLLER_SCSI_AUTO, CONTROLLER_BUSLOGIC, CONTROLLER_LSILOGIC, CONTROLLER_LSISAS1068, CONTROLLER_VMPVSCSI,
        CONTROLLER_IBMVSCSI,
        CONTROLLER_VIRTIO_SCSI, CONTROLLER_LSISAS1078, CONTROLLER_NCR53C90, CONTROLLER_DC390, CONTROLLER_AM53C974,
        /* usb */
        CONTROLLER_USB_NONE, CONTROLLER_PIIX3_UHCI, CONTROLLER_PIIX4_UHCI, CONTROLLER_EHCI, CONTROLLER_ICH9_EHCI1,
        CONTROLLER_ICH9_UHCI1,
        CONTROLLER_ICH9_UHCI2, CONTROLLER_ICH9_UHCI3, CONTROLLER_VT82C686B_UHCI, CONTROLLER_PCI_OHCI, CONTROLLER_NEC_XHCI,
        CONTROLLER_QUSB1,
        CONTROLLER_QUSB2, CONTROLLER_QEMU_XHCI,
        /* ide */
        CONTROLLER_PIIX3, CONTROLLER_PIIX4, CONTROLLER_ICH6,
        /* virtio-serial, and virtio-scsi's other names */
        CONTROLLER_VIRTIO, CONTROLLER_VIRTIO_TRANSITIONAL, CONTROLLER_VIRTIO_NON_TRANSITIONAL,
        CONTROLLER_MODEL_TYPE_MAX
} ControllerModel;
typedef enum PciModelName {             /* <model name=> of PCI controllers: the device that implements the model */
        PCI_MODEL_NAME_UNSET, PCI_MODEL_PCI_BRIDGE, PCI_MODEL_I82801B11_BRIDGE, PCI_MODEL_IOH3420, PCI_MODEL_X3130_UPSTREAM,
        PCI_MODEL_XIO3130_DOWNSTREAM, PCI_MODEL_PXB, PCI_MODEL_PXB_PCIE, PCI_MODEL_PCIE_ROOT_PORT,
        PCI_MODEL_SPAPR_PCI_HOST_BRIDGE,
        PCI_MODEL_PCIE_PCI_BRIDGE, PCI_MODEL_NAME_TYPE_MAX
} PciModelName;

typedef struct ControllerDef {
        ControllerType type;
        OptUint index;
        ControllerModel model;
        OptUint ports, vectors;         /* ports: usb, virtio-serial */
        OptInt max_grant_frames, max_event_channels;    /* xenbus */
        unsigned queues, cmd_per_lun, max_sectors, iothread;
        Tristate ioeventfd;
        VirtioOptions virtio;
        PciModelName pci_model_name;
        OptUint chassis_nr, chassis, port, bus_nr, target_index, numa_node;
        Tristate hotplug;
        OptU64 pcihole64_kib;
        DeviceInfo info;
} ControllerDef;

typedef enum InputType {
        INPUT_TYPE_UNSET, INPUT_MOUSE, INPUT_TABLET, INPUT_KEYBOARD, INPUT_PASSTHROUGH, INPUT_EVDEV, INPUT_TYPE_MAX,
} InputType;
typedef enum InputBus {
        INPUT_BUS_UNSET, INPUT_BUS_PS2, INPUT_BUS_USB, INPUT_BUS_XEN, INPUT_BUS_PARALLELS, INPUT_BUS_VIRTIO,
        INPUT_BUS_NONE, INPUT_BUS_TYPE_MAX,
} InputBus;

typedef struct InputDef {
        InputType type;
        InputBus bus;
        char *model;                    /* "virtio", "virtio-transitional", "virtio-non-transitional" */
        char *evdev;                    /* passthrough: <source evdev=>, evdev: <source dev=> */
        char *grab, *grab_toggle;
        Tristate repeat;
        VirtioOptions virtio;
        DeviceInfo info;
} InputDef;

typedef enum MemballoonModel {
        MEMBALLOON_UNSET, MEMBALLOON_VIRTIO, MEMBALLOON_XEN, MEMBALLOON_NONE, MEMBALLOON_VIRTIO_TRANSITIONAL,
        MEMBALLOON_VIRTIO_NON_TRANSITIONAL, MEMBALLOON_TYPE_MAX,
} MemballoonModel;
typedef struct MemballoonDef {
        MemballoonModel model;
        Tristate autodeflate, free_page_reporting;
        unsigned stats_period;
        VirtioOptions virtio;
        DeviceInfo info;
} MemballoonDef;

typedef enum RngBackend { RNG_BACKEND_UNSET, RNG_RANDOM, RNG_EGD, RNG_BUILTIN, RNG_BACKEND_TYPE_MAX } RngBackend;
typedef struct RngDef {
        char *model;                    /* "virtio", "virtio-transitional", "virtio-non-transitional" */
        unsigned rate_bytes, rate_period;
        RngBackend backend;
        char *device;                   /* random: NULL is /dev/urandom */
        CharSource egd;
        VirtioOptions virtio;
        DeviceInfo info;
} RngDef;

typedef enum WatchdogModel {
        WATCHDOG_MODEL_UNSET, WATCHDOG_I6300ESB, WATCHDOG_IB700, WATCHDOG_DIAG288, WATCHDOG_ITCO,
        WATCHDOG_MODEL_TYPE_MAX,
} WatchdogModel;
typedef enum WatchdogAction {
        WATCHDOG_ACTION_UNSET, WATCHDOG_RESET, WATCHDOG_SHUTDOWN, WATCHDOG_POWEROFF, WATCHDOG_PAUSE, WATCHDOG_DUMP,
        WATCHDOG_NONE, WATCHDOG_INJECT_NMI, WATCHDOG_ACTION_TYPE_MAX,
} WatchdogAction;
typedef struct WatchdogDef {
        WatchdogModel model;
        WatchdogAction action;
        DeviceInfo info;
} WatchdogDef;

typedef enum PanicModel {
        PANIC_MODEL_UNSET, PANIC_ISA, PANIC_PSERIES, PANIC_HYPERV, PANIC_S390, PANIC_PVPANIC, PANIC_MODEL_TYPE_MAX,
} PanicModel;
typedef struct PanicDef {
        PanicModel model;
        DeviceInfo info;
} PanicDef;

typedef enum TpmModel { TPM_MODEL_UNSET, TPM_TIS, TPM_CRB, TPM_SPAPR, TPM_SPAPR_PROXY, TPM_MODEL_TYPE_MAX } TpmModel;
typedef enum TpmBackend { TPM_BACKEND_UNSET, TPM_PASSTHROUGH, TPM_EMULATOR, TPM_EXTERNAL, TPM_BACKEND_TYPE_MAX } TpmBackend;
typedef struct TpmDef {
        TpmModel model;
        TpmBackend backend;
        char *version;                  /* "1.2", "2.0" */
        Tristate persistent_state;
        char *device;                   /* passthrough */
        char *encryption_secret;
        CharSource source;              /* external */
        bool pcr_sha1, pcr_sha256, pcr_sha384, pcr_sha512;
        DeviceInfo info;
} TpmDef;

typedef struct HubDef {
        char *type;                     /* "usb" */
        DeviceInfo info;
} HubDef;

typedef struct VsockDef {
        char *model;
        Tristate auto_cid;
        unsigned cid;                   /* 0: none given */
        VirtioOptions virtio;
        DeviceInfo info;
} VsockDef;

typedef enum IommuModel { IOMMU_MODEL_UNSET, IOMMU_INTEL, IOMMU_SMMUV3, IOMMU_VIRTIO, IOMMU_MODEL_TYPE_MAX } IommuModel;
typedef struct IommuDef {
        IommuModel model;
        Tristate intremap, caching_mode, eim, iotlb;
        unsigned aw_bits;
        DeviceInfo info;
} IommuDef;

typedef struct NvramDef {               /* <devices><nvram>: pseries */
        DeviceInfo info;
} NvramDef;

typedef enum HostdevType {
        HOSTDEV_TYPE_UNSET, HOSTDEV_USB, HOSTDEV_PCI, HOSTDEV_SCSI, HOSTDEV_SCSI_HOST, HOSTDEV_MDEV, HOSTDEV_TYPE_MAX,
} HostdevType;
typedef struct HostdevDef {
        char *mode;                     /* "subsystem" */
        HostdevType type;
        Tristate managed;
        char *model;                    /* mdev: "vfio-pci", "vfio-ccw", "vfio-ap"; scsi_host: "virtio" ... */
        Tristate display, ramfb;        /* mdev */
        char *driver;                   /* pci: "vfio" */
        Tristate write_filtering;
        PciAddress pci;
        OptUint usb_vendor, usb_product, usb_bus, usb_device;
        char *usb_startup_policy, *usb_guest_reset;
        char *mdev_uuid;
        char *protocol, *wwpn;          /* scsi_host: "vhost" */
        char *adapter;                  /* scsi: "scsi_host0" */
        unsigned scsi_bus, scsi_target;
        OptU64 scsi_unit;
        char *rawio, *sgio;
        bool readonly, shareable;
        char *teaming, *teaming_persistent;
        DeviceInfo info;
} HostdevDef;

typedef enum FilesystemDriver {
        FS_DRIVER_UNSET, FS_DRIVER_PATH, FS_DRIVER_HANDLE, FS_DRIVER_LOOP, FS_DRIVER_NBD, FS_DRIVER_PLOOP,
        FS_DRIVER_VIRTIOFS, FS_DRIVER_TYPE_MAX,
} FilesystemDriver;
typedef struct FilesystemDef {
        char *type;                     /* "mount" */
        char *accessmode, *model, *multidevs;
        unsigned fmode, dmode;          /* octal in XML */
        FilesystemDriver driver;        /* UNSET: 9p */
        char *driver_format, *wrpolicy;
        unsigned queue;
        VirtioOptions virtio;
        char *source_dir, *source_socket;
        char *target;
        char *binary;
        Tristate xattr, lock_posix, lock_flock;
        char *cache_mode, *sandbox_mode;
        OptUint thread_pool;
        bool readonly;
        DeviceInfo info;
} FilesystemDef;

typedef struct ShmemDef {
        char *name, *role;
        char *model;                    /* "ivshmem", "ivshmem-plain", "ivshmem-doorbell" */
        uint64_t size_bytes;
        bool has_server, has_msi;
        char *server;
        OptUint msi_vectors;
        Tristate msi, msi_ioeventfd;
        DeviceInfo info;
} ShmemDef;

typedef enum MemoryModel {
        MEMORY_MODEL_UNSET, MEMORY_DIMM, MEMORY_NVDIMM, MEMORY_VIRTIO_PMEM, MEMORY_VIRTIO_MEM, MEMORY_SGX_EPC,
        MEMORY_MODEL_TYPE_MAX,
} MemoryModel;
typedef struct MemoryDeviceDef {        /* <devices><memory> */
        MemoryModel model;
        char *access;
        Tristate discard;
        sd_id128_t uuid;
        CpuSet *nodemask;
        uint64_t pagesize_kib;
        char *path;
        uint64_t alignsize_kib;
        bool pmem;
        uint64_t size_kib;
        OptUint node;
        uint64_t label_kib, block_kib, current_kib;
        OptU64 requested_kib;
        bool readonly;
        DeviceInfo info;
} MemoryDeviceDef;

typedef struct LeaseDef {
        char *lockspace, *key, *target_path;
        OptU64 target_offset;
} LeaseDef;

extern const EnumTable controller_type_table, controller_model_table, pci_model_name_table, input_type_table, input_bus_table,
        memballoon_model_table, rng_backend_table, watchdog_model_table, watchdog_action_table, panic_model_table,
        tpm_model_table,
        tpm_backend_table, iommu_model_table, hostdev_type_table, filesystem_driver_table, memory_model_table;
