/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/disk.h - <disk>: where its bytes come from (DiskSource) and what the guest sees (DiskDef). */
#pragma once
#include "conf/device_info.h"

typedef enum DiskType {
        DISK_TYPE_UNSET, DISK_FILE, DISK_BLOCK, DISK_DIR, DISK_NETWORK, DISK_VOLUME, DISK_NVME, DISK_VHOST_USER,
        DISK_TYPE_MAX,
} DiskType;
typedef enum DiskDevice {
        DISK_DEVICE_UNSET, DISK_DEVICE_DISK, DISK_DEVICE_CDROM, DISK_DEVICE_FLOPPY, DISK_DEVICE_LUN,
        DISK_DEVICE_TYPE_MAX,
} DiskDevice;
typedef enum DiskBus {
        DISK_BUS_UNSET, DISK_BUS_IDE, DISK_BUS_FDC, DISK_BUS_SCSI, DISK_BUS_VIRTIO, DISK_BUS_XEN, DISK_BUS_USB,
        DISK_BUS_UML, DISK_BUS_SATA, DISK_BUS_SD, DISK_BUS_TYPE_MAX,
} DiskBus;
typedef enum DiskModel {
        DISK_MODEL_UNSET, DISK_MODEL_VIRTIO, DISK_MODEL_VIRTIO_TRANSITIONAL, DISK_MODEL_VIRTIO_NON_TRANSITIONAL,
        DISK_MODEL_TYPE_MAX,
} DiskModel;
typedef enum DiskCache {
        DISK_CACHE_UNSET, DISK_CACHE_DEFAULT, DISK_CACHE_NONE, DISK_CACHE_WRITETHROUGH, DISK_CACHE_WRITEBACK,
        DISK_CACHE_DIRECTSYNC, DISK_CACHE_UNSAFE, DISK_CACHE_TYPE_MAX,
} DiskCache;
typedef enum DiskIo { DISK_IO_UNSET, DISK_IO_THREADS, DISK_IO_NATIVE, DISK_IO_IO_URING, DISK_IO_TYPE_MAX } DiskIo;
typedef enum DiskErrorPolicy {
        DISK_ERROR_UNSET, DISK_ERROR_STOP, DISK_ERROR_REPORT, DISK_ERROR_IGNORE, DISK_ERROR_ENOSPACE,
        DISK_ERROR_TYPE_MAX,
} DiskErrorPolicy;
typedef enum DiskDiscard { DISK_DISCARD_UNSET, DISK_DISCARD_UNMAP, DISK_DISCARD_IGNORE, DISK_DISCARD_TYPE_MAX } DiskDiscard;
typedef enum DiskDetectZeroes {
        DISK_ZEROES_UNSET, DISK_ZEROES_OFF, DISK_ZEROES_ON, DISK_ZEROES_UNMAP, DISK_ZEROES_TYPE_MAX,
} DiskDetectZeroes;
typedef enum DiskTray { DISK_TRAY_UNSET, DISK_TRAY_CLOSED, DISK_TRAY_OPEN, DISK_TRAY_TYPE_MAX } DiskTray;
typedef enum DiskStartup {
        DISK_STARTUP_UNSET, DISK_STARTUP_MANDATORY, DISK_STARTUP_REQUISITE, DISK_STARTUP_OPTIONAL,
        DISK_STARTUP_TYPE_MAX,
} DiskStartup;
typedef enum DiskSnapshot {
        DISK_SNAPSHOT_UNSET, DISK_SNAPSHOT_NO, DISK_SNAPSHOT_INTERNAL, DISK_SNAPSHOT_EXTERNAL, DISK_SNAPSHOT_MANUAL,
        DISK_SNAPSHOT_TYPE_MAX,
} DiskSnapshot;
typedef enum DiskProtocol {
        DISK_PROTOCOL_UNSET, DISK_PROTOCOL_NBD, DISK_PROTOCOL_RBD, DISK_PROTOCOL_SHEEPDOG, DISK_PROTOCOL_GLUSTER,
        DISK_PROTOCOL_ISCSI, DISK_PROTOCOL_HTTP, DISK_PROTOCOL_HTTPS, DISK_PROTOCOL_FTP, DISK_PROTOCOL_FTPS,
        DISK_PROTOCOL_TFTP, DISK_PROTOCOL_SSH, DISK_PROTOCOL_VXHS, DISK_PROTOCOL_NFS, DISK_PROTOCOL_TYPE_MAX,
} DiskProtocol;
typedef enum DiskTransport {
        DISK_TRANSPORT_UNSET, DISK_TRANSPORT_TCP, DISK_TRANSPORT_UNIX, DISK_TRANSPORT_RDMA, DISK_TRANSPORT_TYPE_MAX,
} DiskTransport;
typedef enum DiskFormat {       /* <driver type=>, <format type=> */
        DISK_FORMAT_UNSET, DISK_FORMAT_RAW, DISK_FORMAT_DIR, DISK_FORMAT_BOCHS, DISK_FORMAT_CLOOP, DISK_FORMAT_DMG,
        DISK_FORMAT_ISO,
        DISK_FORMAT_VPC, DISK_FORMAT_VDI, DISK_FORMAT_FAT, DISK_FORMAT_VHD, DISK_FORMAT_PLOOP, DISK_FORMAT_COW, DISK_FORMAT_QCOW,
        DISK_FORMAT_QCOW2, DISK_FORMAT_QED, DISK_FORMAT_VMDK, DISK_FORMAT_LUKS, DISK_FORMAT_TYPE_MAX
} DiskFormat;

typedef struct DiskHost {
        DiskTransport transport;
        char *name, *port, *socket;
} DiskHost;

/* <source> and the type that says how to read it. Shared by disks, backing stores and mirrors. */
typedef struct DiskSource {
        DiskType type;
        char *file, *fdgroup;           /* file */
        char *dev;                      /* block */
        char *dir;                      /* dir (vfat) */
        DiskProtocol protocol;          /* network */
        char *name;                     /* network: export, image, volume/path */
        char *query;                    /* network: http, https */
        Tristate tls;
        char *tls_hostname;
        LIST_OF(DiskHost) hosts;
        Tristate ssl_verify;
        OptU64 readahead, timeout;
        char *pool, *volume, *volume_mode;      /* volume */
        char *source_type;              /* nvme: "pci", vhostuser: "unix" */
        char *vhost_path;               /* vhostuser */
        Tristate nvme_managed;          /* nvme */
        OptU64 nvme_namespace;
        PciAddress nvme_address;
        DiskStartup startup_policy;
        OptUint index;                  /* live only */
} DiskSource;

typedef struct DiskBacking DiskBacking;
struct DiskBacking {                    /* <backingStore>; source.type UNSET: <backingStore/>, the end of the chain */
        DiskSource source;
        OptUint index;
        DiskFormat format;
        DiskBacking *backing;
};

typedef struct DiskTune {               /* <iotune>; bytes and requests per second */
        uint64_t total_bytes_sec, read_bytes_sec, write_bytes_sec, total_iops_sec, read_iops_sec, write_iops_sec;
        uint64_t total_bytes_sec_max, read_bytes_sec_max, write_bytes_sec_max, total_iops_sec_max, read_iops_sec_max,
        write_iops_sec_max;
        uint64_t size_iops_sec;
        char *group_name;
        uint64_t total_bytes_sec_max_length, read_bytes_sec_max_length, write_bytes_sec_max_length;
        uint64_t total_iops_sec_max_length, read_iops_sec_max_length, write_iops_sec_max_length;
} DiskTune;

typedef struct DiskGeometry {
        unsigned cylinders, heads, sectors;
        char *trans;                    /* "none", "auto", "lba" */
} DiskGeometry;

typedef struct DiskDef {
        DiskSource source;              /* source.type: the disk's type */
        DiskDevice device;
        DiskModel model;
        Tristate rawio;
        char *sgio;
        DiskSnapshot snapshot;
        char *driver_name;              /* "qemu" */
        DiskFormat format;
        DiskCache cache;
        DiskErrorPolicy error_policy, rerror_policy;
        DiskIo io;
        Tristate ioeventfd, event_idx, copy_on_read;
        DiskDiscard discard;
        unsigned iothread;
        DiskDetectZeroes detect_zeroes;
        unsigned queues, queue_size;
        VirtioOptions virtio;
        DiskBacking *backing;
        char *backend_domain;
        DiskGeometry geometry;
        unsigned logical_block_size, physical_block_size;
        char *target;                   /* "vda" */
        DiskBus bus;
        DiskTray tray;
        Tristate removable;
        OptUint rotation_rate;
        DiskTune tune;
        bool readonly, shareable, transient;
        Tristate transient_share_backing;
        char *serial, *wwn, *vendor, *product;
        DeviceInfo info;
} DiskDef;

extern const EnumTable disk_type_table, disk_device_table, disk_bus_table, disk_model_table, disk_cache_table, disk_io_table,
        disk_error_table, disk_discard_table, disk_zeroes_table, disk_format_table, disk_protocol_table, disk_transport_table;

/* No medium: a cdrom or floppy without a source. */
bool disk_source_is_empty(const DiskSource *source);
/* The local path of a file, block or dir source, else NULL. */
const char *disk_source_path(const DiskSource *source);
