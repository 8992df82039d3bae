/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/domain_def.h - a domain's definition: libvirt's domain XML as types, and back.
 *
 * Parsing reads what stands there and nothing more: no machine alias, address, controller or uuid is invented (only
 * defaults that a row of the table names are filled in). conf/complete.h does the rest. Printing is libvirt's layout.
 * Everything unknown, misplaced or malformed is refused with element, line, column, value and what is allowed. */
#pragma once
#include "conf/cpu_def.h"
#include "conf/devices.h"
#include "conf/disk.h"
#include "conf/display.h"
#include "conf/interface.h"
#include "conf/launch_security.h"
#include "conf/os.h"
#include "conf/tuning.h"
#include "util/error.h"
#include "util/strbuf.h"

typedef enum VirtType {
        VIRT_TYPE_UNSET, VIRT_QEMU, VIRT_KQEMU, VIRT_KVM, VIRT_XEN, VIRT_LXC, VIRT_UML, VIRT_OPENVZ, VIRT_TEST,
        VIRT_VMWARE, VIRT_HYPERV, VIRT_VBOX, VIRT_PHYP, VIRT_PARALLELS, VIRT_BHYVE, VIRT_VZ, VIRT_HVF, VIRT_TYPE_MAX,
} VirtType;
typedef enum LifecycleAction {          /* on_poweroff, on_reboot, on_crash, on_lockfailure */
        ACTION_UNSET, ACTION_DESTROY, ACTION_RESTART, ACTION_RENAME_RESTART, ACTION_PRESERVE, ACTION_COREDUMP_DESTROY,
        ACTION_COREDUMP_RESTART,
        ACTION_TYPE_MAX
} LifecycleAction;

typedef enum DomainIntent { INTENT_UNSET, INTENT_REQUIRED, INTENT_PREFERRED, INTENT_NO, INTENT_TYPE_MAX } DomainIntent;

typedef struct MetadataItem {           /* one child of <metadata>, whole, as it was written */
        char *uri;
        char *xml;
} MetadataItem;

typedef struct Seclabel {
        char *type, *model;
        Tristate relabel;
        char *label, *imagelabel, *baselabel;
} Seclabel;

typedef struct QemuArg {
        char *value;
} QemuArg;
typedef struct QemuEnv {
        char *name, *value;
} QemuEnv;
typedef struct QemuCapability {
        char *name;
} QemuCapability;
typedef struct QemuNamespace {          /* xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' */
        LIST_OF(QemuArg) args;
        LIST_OF(QemuEnv) env;
        LIST_OF(QemuCapability) add, del;
        char *deprecation;
} QemuNamespace;

typedef struct DomainDef DomainDef;
struct DomainDef {
        VirtType virt_type;
        OptUint id;                             /* live only */
        char *name;
        sd_id128_t uuid;                        /* null: to be completed */
        bool has_genid;
        sd_id128_t genid;                       /* null though has_genid: to be completed */
        char *title, *description;
        LIST_OF(MetadataItem) metadata;
        DomainIntent intent;                    /* from <ward:policy migratable=> in the metadata; never printed by itself */

        uint64_t max_memory_kib;                /* <maxMemory>: the ceiling for memory devices */
        unsigned memory_slots;
        uint64_t memory_kib;                    /* <memory> */
        Tristate dump_core;
        OptU64 current_memory_kib;              /* <currentMemory> */
        MemoryBackingDef memory_backing;
        MemTuneDef mem_tune;
        BlkioTuneDef blkio_tune;
        unsigned vcpus;                         /* <vcpu>: maximum */
        unsigned current_vcpus;                 /* 0: all */
        char *vcpu_placement;                   /* "static", "auto" */
        CpuSet *vcpu_set;
        LIST_OF(VcpuDef) vcpu_list;
        unsigned iothreads;
        LIST_OF(IothreadDef) iothread_ids;
        CpuTuneDef cpu_tune;
        NumaTuneDef numa_tune;
        char *resource_partition, *fibrechannel_appid;

        OsDef os;
        FeaturesDef features;
        CpuDef *cpu;                            /* NULL: none asked for */
        ClockDef clock;
        LifecycleAction on_poweroff, on_reboot, on_crash;
        char *on_lockfailure;
        Tristate pm_suspend_to_mem, pm_suspend_to_disk;

        char *emulator;                         /* NULL: to be completed */
        LIST_OF(DiskDef) disks;
        LIST_OF(ControllerDef) controllers;
        LIST_OF(LeaseDef) leases;
        LIST_OF(FilesystemDef) filesystems;
        LIST_OF(InterfaceDef) interfaces;
        LIST_OF(SmartcardDef) smartcards;
        LIST_OF(SerialDef) serials, parallels;
        LIST_OF(ConsoleDef) consoles;
        LIST_OF(ChannelDef) channels;
        LIST_OF(InputDef) inputs;
        LIST_OF(TpmDef) tpms;
        LIST_OF(GraphicsDef) graphics;
        LIST_OF(SoundDef) sounds;
        LIST_OF(AudioDef) audios;
        LIST_OF(VideoDef) videos;
        LIST_OF(HostdevDef) hostdevs;
        LIST_OF(RedirdevDef) redirdevs;
        LIST_OF(HubDef) hubs;
        LIST_OF(WatchdogDef) watchdogs;
        MemballoonDef *memballoon;              /* NULL: to be completed; model NONE: none */
        LIST_OF(RngDef) rngs;
        NvramDef *nvram;
        LIST_OF(PanicDef) panics;
        LIST_OF(ShmemDef) shmems;
        LIST_OF(MemoryDeviceDef) memories;
        IommuDef *iommu;
        VsockDef *vsock;

        LIST_OF(Seclabel) seclabels;
        LaunchSecurityDef *launch_security;     /* NULL: none */
        QemuNamespace qemu;
};

extern const EnumTable virt_type_table, lifecycle_action_table, intent_table;

/* ---- Text to definition and back ---- */

typedef enum DomainParseFlags {
        DOMAIN_PARSE_INACTIVE = 1 << 0,         /* what only a running domain has (id, generated aliases, ...) is read over, as
                                                 * libvirt does when a live XML is defined again */
} DomainParseFlags;

typedef enum DomainFormatFlags {                /* the first two are libvirt's virDomainXMLFlags */
        DOMAIN_FORMAT_SECURE = 1 << 0,          /* with passwords */
        DOMAIN_FORMAT_INACTIVE = 1 << 1,        /* without what only a running domain has */
} DomainFormatFlags;

/* Errors: ERROR_XML_DETAIL not well-formed, ERROR_XML wrong value or missing part, ERROR_CONFIG_UNSUPPORTED for what virtward
 * knows but cannot do. */
int domain_def_parse(const char *xml, size_t len, unsigned flags, DomainDef **ret, Error **err);

/* All that keeps text from being a definition, as far as it can be told without an emulator: an array of {"line", "column", "path",
 * "code", "what", "meant"}, of which "what" (and "code", an ErrorCode) are always there. Empty: it is one. The caller frees. */
struct json_object *domain_def_lint(const char *xml, size_t len);

/* All leaves in which two printed definitions differ: an array of {"path", "from", "to"}; a side that has it not is absent. Devices
 * that only say more are recognised, wherever they stand. The caller frees. */
struct json_object *domain_def_changes(const char *from, const char *to);

char *domain_def_format(const DomainDef *def, unsigned flags);          /* the caller frees */
DomainDef *domain_def_free(DomainDef *def);                             /* NULL is fine; returns NULL */
DEFINE_CLEANUP(DomainDef, domain_def_free)
DomainDef *domain_def_copy(const DomainDef *def);

/* Where two definitions differ first, as an XPath ("/domain/devices/disk[2]/target/@bus") with both values, or NULL when
 * they are equal. abi_only: only what the guest can see counts (no host path, alias, title ...). The caller frees. */
char *domain_def_difference(const DomainDef *a, const DomainDef *b, bool abi_only);
bool domain_def_equal(const DomainDef *a, const DomainDef *b);

#define DOMAIN_NAME_MAX 200     /* bytes: it becomes part of file, scope and process names */

/* A name that may be a domain's: not empty, "." or "..", no '/' and no line end. */
int domain_name_check(const char *name, Error **err);

/* ---- Parts ---- */

/* Frees one device taken out of a list, or a <cpu>. All take NULL. */
void cpu_def_free(CpuDef *cpu);
CpuDef *cpu_def_copy(const CpuDef *cpu);
int cpu_def_parse(const char *xml, size_t len, CpuDef **ret, Error **err);      /* a <cpu> by itself */
char *cpu_def_format(const CpuDef *cpu);

/* ---- Devices, whatever they are ---- */

typedef enum DeviceKind {
        DEVICE_DISK, DEVICE_CONTROLLER, DEVICE_FILESYSTEM, DEVICE_INTERFACE, DEVICE_SMARTCARD, DEVICE_SERIAL,
        DEVICE_PARALLEL, DEVICE_CONSOLE, DEVICE_CHANNEL, DEVICE_INPUT, DEVICE_TPM, DEVICE_GRAPHICS, DEVICE_SOUND,
        DEVICE_AUDIO, DEVICE_VIDEO, DEVICE_HOSTDEV, DEVICE_REDIRDEV, DEVICE_HUB, DEVICE_WATCHDOG, DEVICE_MEMBALLOON,
        DEVICE_RNG, DEVICE_NVRAM, DEVICE_PANIC, DEVICE_SHMEM, DEVICE_MEMORY, DEVICE_IOMMU, DEVICE_VSOCK,
        DEVICE_KIND_MAX,
} DeviceKind;

typedef struct DeviceRef {
        DeviceKind kind;
        const char *element;            /* "disk" */
        size_t index;                   /* among its kind, from 0 */
        void *def;                      /* DiskDef * ... as kind says; borrowed */
        DeviceInfo *info;               /* NULL for graphics and audio, which have none */
} DeviceRef;

/* Calls each in the order in which devices are printed, until one returns other than 0, which is then returned. The list must
 * not change meanwhile. */
int domain_def_each_device(const DomainDef *def, int (*each)(const DeviceRef *device, void *userdata), void *userdata);

/* "/domain/devices/disk[2]" (from 1, as in XPath); the caller frees. */
char *device_ref_path(const DeviceRef *device);

/* ---- Metadata ---- */

#define WARD_POLICY_URI "https://virtward.org/xmlns/policy/1"
#define QEMU_NAMESPACE_URI "http://libvirt.org/schemas/domain/qemu/1.0"

/* The element of that namespace, as written; NULL: none. Borrowed. */
const char *domain_def_metadata(const DomainDef *def, const char *uri);
/* The same without that namespace's prefix and declaration: what virDomainGetMetadata() answers. The caller frees. */
char *domain_def_metadata_bare(const DomainDef *def, const char *uri);

/* Puts xml (one element; NULL removes) for uri, replacing what was there; key becomes the prefix of the namespace, as with
 * virDomainSetMetadata(). Also checks and reads the ward:policy intent. */
int domain_def_set_metadata(DomainDef *def, const char *xml, const char *key, const char *uri, Error **err);
