/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/elements.h"

NAMES(disk_type_table, DISK_TYPE_MAX, "disk type", "", "file", "block", "dir", "network", "volume", "nvme", "vhostuser");
NAMES(disk_device_table, DISK_DEVICE_TYPE_MAX, "disk device", "", "disk", "cdrom", "floppy", "lun");
NAMES(disk_bus_table, DISK_BUS_TYPE_MAX, "disk bus", "", "ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd");
NAMES(disk_model_table, DISK_MODEL_TYPE_MAX, "disk model", "", "virtio", "virtio-transitional", "virtio-non-transitional");
NAMES(disk_cache_table, DISK_CACHE_TYPE_MAX, "disk cache mode", "", "default", "none", "writethrough", "writeback", "directsync",
      "unsafe");
NAMES(disk_io_table, DISK_IO_TYPE_MAX, "disk io mode", "", "threads", "native", "io_uring");
NAMES(disk_error_table, DISK_ERROR_TYPE_MAX, "disk error policy", "", "stop", "report", "ignore", "enospace");
NAMES(disk_discard_table, DISK_DISCARD_TYPE_MAX, "disk discard mode", "", "unmap", "ignore");
NAMES(disk_zeroes_table, DISK_ZEROES_TYPE_MAX, "disk detect_zeroes mode", "", "off", "on", "unmap");
NAMES(disk_format_table, DISK_FORMAT_TYPE_MAX, "disk format", "", "raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi",
      "fat", "vhd", "ploop", "cow", "qcow", "qcow2", "qed", "vmdk", "luks");
NAMES(disk_protocol_table, DISK_PROTOCOL_TYPE_MAX, "disk protocol", "", "nbd", "rbd", "sheepdog", "gluster", "iscsi", "http",
      "https", "ftp", "ftps", "tftp", "ssh", "vxhs", "nfs");
NAMES(disk_transport_table, DISK_TRANSPORT_TYPE_MAX, "host transport", "", "tcp", "unix", "rdma");
NAMES(disk_tray_table, DISK_TRAY_TYPE_MAX, "disk tray", "", "closed", "open");
NAMES(disk_startup_table, DISK_STARTUP_TYPE_MAX, "startupPolicy", "", "mandatory", "requisite", "optional");
NAMES(disk_snapshot_table, DISK_SNAPSHOT_TYPE_MAX, "disk snapshot mode", "", "no", "internal", "external", "manual");
WORDS_OF(volume_mode_words, "volume mode", "host", "direct");
WORDS_OF(trans_words, "geometry translation", "none", "auto", "lba");
WORDS_OF(source_type_words, "source type", "pci", "unix");
WORDS_OF(sgio_words, "disk sgio", "filtered", "unfiltered");

/* ---- <source> ---- */

static const Row host_rows[] = {
        ENUM("@transport", DiskHost, transport, disk_transport_table),
        STRING("@name", DiskHost, name),
        STRING("@port", DiskHost, port),
        STRING("@socket", DiskHost, socket),
        {}
};

static int check_host(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const DiskHost *host = object;

        if (host->transport == DISK_TRANSPORT_UNIX && !host->socket)
                return element_refuse(parser, node, NULL, ERROR_XML, "<host transport='unix'>", err,
                                      "attribute 'socket' is missing");
        if (host->transport != DISK_TRANSPORT_UNIX && host->socket)
                return element_refuse(parser, node, "socket", ERROR_XML, "attribute 'socket' of <host>", err,
                                      "only allowed with transport 'unix'");
        if (host->transport != DISK_TRANSPORT_UNIX && !host->name)
                return element_refuse(parser, node, NULL, ERROR_XML, "<host>", err, "attribute 'name' is missing");
        return 0;
}

static const Element host_element = { sizeof(DiskHost), host_rows, check_host };

#define OF_TYPE(name) WHEN_OF(DiskSource, type, BIT(DISK_##name), disk_type_table), .flags = ROW_HOST
#define ANY_SOURCE WHEN(DiskSource, type, ~BIT(DISK_TYPE_UNSET)), .flags = ROW_HOST

static const Row source_rows[] = {
        STRING("source@file", DiskSource, file, OF_TYPE(FILE)),
        STRING("source@fdgroup", DiskSource, fdgroup, OF_TYPE(FILE)),
        STRING("source@dev", DiskSource, dev, OF_TYPE(BLOCK)),
        STRING("source@dir", DiskSource, dir, OF_TYPE(DIR)),
        ENUM("source@protocol", DiskSource, protocol, disk_protocol_table, WHEN(DiskSource, type, BIT(DISK_NETWORK)),
             .flags = ROW_HOST | ROW_REQUIRED),
        STRING("source@name", DiskSource, name, OF_TYPE(NETWORK)),
        STRING("source@query", DiskSource, query, OF_TYPE(NETWORK)),
        YESNO("source@tls", DiskSource, tls, OF_TYPE(NETWORK)),
        STRING("source@tlsHostname", DiskSource, tls_hostname, OF_TYPE(NETWORK)),
        STRING("source@pool", DiskSource, pool, OF_TYPE(VOLUME)),
        STRING("source@volume", DiskSource, volume, OF_TYPE(VOLUME)),
        WORD("source@mode", DiskSource, volume_mode, volume_mode_words, OF_TYPE(VOLUME)),
        WORD("source@type", DiskSource, source_type, source_type_words, WHEN(DiskSource, type,
             BIT(DISK_NVME) | BIT(DISK_VHOST_USER)),
             .flags = ROW_HOST),
        STRING("source@path", DiskSource, vhost_path, OF_TYPE(VHOST_USER)),
        YESNO("source@managed", DiskSource, nvme_managed, OF_TYPE(NVME)),
        OPTU64("source@namespace", DiskSource, nvme_namespace, OF_TYPE(NVME)),
        ENUM("source@startupPolicy", DiskSource, startup_policy, disk_startup_table, ANY_SOURCE),
        OPTUINT("source@index", DiskSource, index, .flags = ROW_LIVE),
        STRUCT("source/address", DiskSource, nvme_address, pci_address_element, OF_TYPE(NVME)),
        LIST("source/host", DiskSource, hosts, host_element, OF_TYPE(NETWORK)),
        YESNO("source/ssl@verify", DiskSource, ssl_verify, OF_TYPE(NETWORK)),
        OPTU64("source/readahead@size", DiskSource, readahead, OF_TYPE(NETWORK)),
        OPTU64("source/timeout@seconds", DiskSource, timeout, OF_TYPE(NETWORK)),
        UNSUPPORTED("source/snapshot"),
        UNSUPPORTED("source/config"),
        UNSUPPORTED("source/cookies"),
        UNSUPPORTED("source/slices"),
        UNSUPPORTED("source/auth"),
        UNSUPPORTED("source/encryption"),
        UNSUPPORTED("source/reservations"),
        UNSUPPORTED("source/initiator"),
        UNSUPPORTED("source/identity"),
        UNSUPPORTED("source/seclabel"),
        UNSUPPORTED("source/privateData"),
        {}
};

static const Element source_element = { sizeof(DiskSource), source_rows };

bool disk_source_is_empty(const DiskSource *source) {
        switch (source->type) {
        case DISK_NETWORK:
                return source->protocol == DISK_PROTOCOL_UNSET;
        case DISK_VOLUME:
                return !source->volume;
        case DISK_NVME:
                return !source->nvme_namespace.set;
        case DISK_VHOST_USER:
                return !source->vhost_path;
        default:
                return !disk_source_path(source);
        }
}

const char *disk_source_path(const DiskSource *source) {
        const char *path = source->type == DISK_FILE ? source->file : source->type == DISK_BLOCK ? source->dev :
                           source->type == DISK_DIR ? source->dir : NULL;

        return path && *path ? path : NULL;
}

/* ---- <backingStore>: a source like the disk's, and so on down ---- */

static const Element backing_element;

static const Row backing_rows[] = {
        ENUM("@type", DiskBacking, source.type, disk_type_table, .flags = ROW_HOST),
        OPTUINT("@index", DiskBacking, index, .flags = ROW_LIVE),
        ENUM("format@type", DiskBacking, format, disk_format_table, .flags = ROW_HOST),
        UNSUPPORTED("format/metadata_cache"),
        INCLUDE("", DiskBacking, source, source_element),
        POINTER("backingStore", DiskBacking, backing, backing_element, .flags = ROW_HOST),
        {}
};

static int check_backing(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const DiskBacking *backing = object;

        if (backing->source.type && (!backing->format || disk_source_is_empty(&backing->source)))
                return element_refuse(parser, node, NULL, ERROR_XML, "<backingStore>", err,
                                      "it needs <format type=> and <source>");
        if (!backing->source.type && element_child(node, "source"))
                return element_refuse(parser, node, NULL, ERROR_XML, "<backingStore>", err, "attribute 'type' is missing");
        return 0;
}

static const Element backing_element = { sizeof(DiskBacking), backing_rows, check_backing };

/* ---- <disk> ---- */

#define TUNE(name) U64("iotune/" #name, DiskDef, tune.name, .flags = ROW_HOST)

static const Row disk_rows[] = {
        ENUM("@type", DiskDef, source.type, disk_type_table, .fallback = DISK_FILE, .flags = ROW_HOST),
        ENUM("@device", DiskDef, device, disk_device_table, .fallback = DISK_DEVICE_DISK),
        ENUM("@model", DiskDef, model, disk_model_table),
        YESNO("@rawio", DiskDef, rawio),
        WORD("@sgio", DiskDef, sgio, sgio_words),
        ENUM("@snapshot", DiskDef, snapshot, disk_snapshot_table, .flags = ROW_HOST),
        STRING("driver@name", DiskDef, driver_name, .flags = ROW_HOST),
        ENUM("driver@type", DiskDef, format, disk_format_table, .flags = ROW_HOST),
        ENUM("driver@cache", DiskDef, cache, disk_cache_table, .flags = ROW_HOST),
        ENUM("driver@error_policy", DiskDef, error_policy, disk_error_table, .flags = ROW_HOST),
        ENUM("driver@rerror_policy", DiskDef, rerror_policy, disk_error_table, .flags = ROW_HOST),
        ENUM("driver@io", DiskDef, io, disk_io_table, .flags = ROW_HOST),
        ONOFF("driver@ioeventfd", DiskDef, ioeventfd),
        ONOFF("driver@event_idx", DiskDef, event_idx),
        ONOFF("driver@copy_on_read", DiskDef, copy_on_read, .flags = ROW_HOST),
        ENUM("driver@discard", DiskDef, discard, disk_discard_table, .flags = ROW_HOST),
        UINT("driver@iothread", DiskDef, iothread, .flags = ROW_HOST),
        ENUM("driver@detect_zeroes", DiskDef, detect_zeroes, disk_zeroes_table, .flags = ROW_HOST),
        UINT("driver@queues", DiskDef, queues),
        UINT("driver@queue_size", DiskDef, queue_size),
        VIRTIO_ROWS(DiskDef),
        UNSUPPORTED("driver/metadata_cache"),
        UNSUPPORTED("auth"),
        INCLUDE("", DiskDef, source, source_element),
        POINTER("backingStore", DiskDef, backing, backing_element, .flags = ROW_HOST),
        STRING("backenddomain@name", DiskDef, backend_domain),
        UINT("geometry@cyls", DiskDef, geometry.cylinders),
        UINT("geometry@heads", DiskDef, geometry.heads),
        UINT("geometry@secs", DiskDef, geometry.sectors),
        WORD("geometry@trans", DiskDef, geometry.trans, trans_words),
        UINT("blockio@logical_block_size", DiskDef, logical_block_size),
        UINT("blockio@physical_block_size", DiskDef, physical_block_size),
        UNSUPPORTED("mirror"),
        STRING("target@dev", DiskDef, target, .flags = ROW_REQUIRED),
        ENUM("target@bus", DiskDef, bus, disk_bus_table),
        ENUM("target@tray", DiskDef, tray, disk_tray_table),
        ONOFF("target@removable", DiskDef, removable),
        OPTUINT("target@rotation_rate", DiskDef, rotation_rate),
        TUNE(total_bytes_sec), TUNE(read_bytes_sec), TUNE(write_bytes_sec),
        TUNE(total_iops_sec), TUNE(read_iops_sec), TUNE(write_iops_sec),
        TUNE(total_bytes_sec_max), TUNE(read_bytes_sec_max), TUNE(write_bytes_sec_max),
        TUNE(total_iops_sec_max), TUNE(read_iops_sec_max), TUNE(write_iops_sec_max),
        TUNE(size_iops_sec),
        STRING("iotune/group_name", DiskDef, tune.group_name, .flags = ROW_HOST),
        TUNE(total_bytes_sec_max_length), TUNE(read_bytes_sec_max_length), TUNE(write_bytes_sec_max_length),
        TUNE(total_iops_sec_max_length), TUNE(read_iops_sec_max_length), TUNE(write_iops_sec_max_length),
        FLAG("readonly", DiskDef, readonly),
        FLAG("shareable", DiskDef, shareable),
        FLAG("transient", DiskDef, transient),
        YESNO("transient@shareBacking", DiskDef, transient_share_backing),
        STRING("serial", DiskDef, serial),
        STRING("wwn", DiskDef, wwn),
        STRING("vendor", DiskDef, vendor),
        STRING("product", DiskDef, product),
        UNSUPPORTED("encryption"),
        UNSUPPORTED("privateData"),
        INCLUDE("", DiskDef, info, device_info_element),
        {}
};

static bool is_hex(const char *text, size_t len) {
        return strlen(text) == len && strspn(text, "0123456789abcdefABCDEF") == len;
}

static bool is_printable(const char *text, size_t max) {
        for (const char *p = text; *p; p++)
                if (*p < 0x20 || *p > 0x7e)
                        return false;
        return strlen(text) <= max;
}

/* What a guest reads from the disk: libvirt's limits. */
static int check_identity(const Parser *parser, const xmlNode *node, const DiskDef *disk, Error **err) {
        if (disk->wwn && !is_hex(disk->wwn, 16))
                return element_refuse(parser, element_child(node, "wwn"), NULL, ERROR_XML, "malformed wwn", err,
                                      "it must be 16 hexadecimal digits");
        if (disk->vendor && !is_printable(disk->vendor, 8))
                return element_refuse(parser, element_child(node, "vendor"), NULL, ERROR_XML, "disk vendor", err,
                                      "it must be at most 8 printable characters");
        if (disk->product && !is_printable(disk->product, 16))
                return element_refuse(parser, element_child(node, "product"), NULL, ERROR_XML, "disk product", err,
                                      "it must be at most 16 printable characters");
        if (disk->serial && strcspn(disk->serial, "\r\n") != strlen(disk->serial))
                return element_refuse(parser, element_child(node, "serial"), NULL, ERROR_XML, "disk serial", err,
                                      "it must be one line");
        return 0;
}

static int check_disk(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const DiskDef *disk = object;
        bool may_be_empty = disk->device == DISK_DEVICE_CDROM || disk->device == DISK_DEVICE_FLOPPY;

        if (!element_child(node, "target"))
                return element_refuse(parser, node, NULL, ERROR_XML, "<disk>", err, "element <target> is missing");
        if (disk_source_is_empty(&disk->source) && !may_be_empty)
                return element_refuse(parser, node, NULL, ERROR_XML, "<disk>", err,
                                      "its <source> is missing; only a cdrom or floppy may be empty");
        if (disk->source.type == DISK_VOLUME)
                return element_refuse(parser, node, "type", ERROR_CONFIG_UNSUPPORTED, "disk type 'volume'", err,
                                      "virtward has no storage pools yet; name the file or block device");
        return check_identity(parser, node, disk, err);
}

const Element disk_element = { sizeof(DiskDef), disk_rows, check_disk };
