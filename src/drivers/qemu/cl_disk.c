/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_disk.c - <disk>: the nodes that hold its bytes (-blockdev) and the device that the guest sees. */
#include <stdio.h>

#include "drivers/qemu/cl.h"

/* ---- Cache modes ---- */

typedef struct CacheMode {
        bool direct, no_flush, write_cache;
} CacheMode;

static const CacheMode cache_modes[DISK_CACHE_TYPE_MAX] = {
        [DISK_CACHE_NONE] = { .direct = true, .write_cache = true },
        [DISK_CACHE_WRITETHROUGH] = {},
        [DISK_CACHE_WRITEBACK] = { .write_cache = true },
        [DISK_CACHE_DIRECTSYNC] = { .direct = true },
        [DISK_CACHE_UNSAFE] = { .no_flush = true, .write_cache = true },
};

/* NULL: QEMU's default. Guests that share a disk must not have pages of it in the host's cache. */
static const CacheMode *cache_mode(const DiskDef *disk) {
        if (disk->cache != DISK_CACHE_UNSET && disk->cache != DISK_CACHE_DEFAULT)
                return &cache_modes[disk->cache];
        return disk->shareable && !disk->readonly ? &cache_modes[DISK_CACHE_NONE] : NULL;
}

static void add_cache(json_object *node, const DiskDef *disk) {
        const CacheMode *mode = cache_mode(disk);
        json_object *cache;

        if (!mode)
                return;
        cache = json_object_new_object();
        json_add_bool(cache, "direct", mode->direct);
        json_add_bool(cache, "no-flush", mode->no_flush);
        json_add(node, "cache", cache);
}

/* ---- Storage nodes ---- */

static json_object *host_json(const DiskHost *host) {
        json_object *json = json_object_new_object();

        if (host->transport == DISK_TRANSPORT_UNIX) {
                json_add_string(json, "type", "unix");
                json_add_string(json, "path", host->socket);
        } else {
                json_add_string(json, "type", "inet");
                json_add_string(json, "host", host->name);
                json_add_string(json, "port", host->port ? host->port : "10809");
        }
        return json;
}

static int add_network_storage(json_object *node, const DiskDef *disk, const DiskSource *source, Error **err) {
        if (source->protocol != DISK_PROTOCOL_NBD || cl_yes(source->tls))
                return cl_unsupported(err, "disk '%s': <source protocol='%s'%s>", disk->target,
                                      table_name(&disk_protocol_table, source->protocol), cl_yes(source->tls) ? " tls='yes'" : "");
        if (source->hosts.n != 1)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "protocol 'nbd' accepts only one host");
        json_add_string(node, "driver", "nbd");
        json_add(node, "server", host_json(source->hosts.items[0]));
        json_add_string(node, "export", source->name);
        return 0;
}

static int storage_node(const DiskDef *disk, const DiskSource *source, json_object **ret, Error **err) {
        CLEANUP(json_put) json_object *node = json_object_new_object();

        switch (source->type) {
        case DISK_FILE:
                json_add_string(node, "driver", "file");
                json_add_string(node, "filename", source->file);
                break;
        case DISK_BLOCK:
                json_add_string(node, "driver", disk->device == DISK_DEVICE_CDROM ? "host_cdrom" : "host_device");
                json_add_string(node, "filename", source->dev);
                break;
        case DISK_NETWORK:
                if (add_network_storage(node, disk, source, err) < 0)
                        return -1;
                break;
        default:
                return cl_unsupported(err, "disk '%s': <disk type='%s'>", disk->target, table_name(&disk_type_table, source->type));
        }
        if (disk->io == DISK_IO_NATIVE || disk->io == DISK_IO_THREADS || disk->io == DISK_IO_IO_URING)
                json_add_string(node, "aio", disk->io == DISK_IO_IO_URING ? "io_uring" : disk->io == DISK_IO_NATIVE ? "native" : "threads");
        *ret = STEAL(node);
        return 0;
}

/* ---- The chain ---- */

typedef struct Layer {
        const DiskSource *source;
        DiskFormat format;
        const DiskBacking *backing;     /* NULL: the image itself says; then QEMU opens what it names */
        unsigned number;                /* of the node names */
        bool read_only, top;
} Layer;

static unsigned chain_length(const DiskDef *disk) {
        unsigned n = 1;

        for (const DiskBacking *b = disk->backing; b && b->source.type; b = b->backing)
                n++;
        return n;
}

/* As libvirt counts: from the last disk on, down each chain. */
unsigned command_line_disk_number(const DomainDef *def, size_t index) {
        unsigned number = 1;

        for (size_t i = index + 1; i < def->disks.n; i++)
                number += chain_length(def->disks.items[i]);
        return number;
}

static int add_layer(Cl *cl, const DiskDef *disk, const Layer *layer, Error **err);

static int add_backing(Cl *cl, const DiskDef *disk, const DiskBacking *backing, unsigned number, Error **err) {
        Layer layer = { .source = &backing->source, .format = backing->format, .backing = backing->backing,
                        .number = number, .read_only = true };

        return add_layer(cl, disk, &layer, err);
}

static int add_layer(Cl *cl, const DiskDef *disk, const Layer *layer, Error **err) {
        CLEANUP(free) char *storage_name = xasprintf("libvirt-%u-storage", layer->number);
        CLEANUP(free) char *format_name = xasprintf("libvirt-%u-format", layer->number);
        CLEANUP(json_put) json_object *storage = NULL, *node = NULL;
        DiskFormat format = layer->format ? layer->format : DISK_FORMAT_RAW;

        if (layer->backing && layer->backing->source.type && add_backing(cl, disk, layer->backing, layer->number + 1, err) < 0)
                return -1;
        if (storage_node(disk, layer->source, &storage, err) < 0)
                return -1;
        json_add_string(storage, "node-name", storage_name);
        if (layer->top)
                add_cache(storage, disk);
        json_add_bool(storage, "auto-read-only", true);
        json_add_string(storage, "discard", "unmap");
        cl_add_json(cl, "-blockdev", STEAL(storage));

        node = json_object_new_object();
        json_add_string(node, "node-name", format_name);
        json_add_bool(node, "read-only", layer->read_only);
        if (layer->top && disk->discard)
                json_add_string(node, "discard", disk->discard == DISK_DISCARD_UNMAP ? "unmap" : "ignore");
        if (layer->top && disk->detect_zeroes)
                json_add_string(node, "detect-zeroes", table_name(&disk_zeroes_table, disk->detect_zeroes));
        if (layer->top)
                add_cache(node, disk);
        json_add_string(node, "driver", format == DISK_FORMAT_ISO ? "raw" : table_name(&disk_format_table, format));
        json_add_string(node, "file", storage_name);
        if (layer->backing && layer->backing->source.type) {
                CLEANUP(free) char *below = xasprintf("libvirt-%u-format", layer->number + 1);

                json_add_string(node, "backing", below);
        } else if (layer->backing && format != DISK_FORMAT_RAW && format != DISK_FORMAT_ISO) {
                json_object_object_add(node, "backing", NULL);          /* QEMU must not open what the image names */
        }
        cl_add_json(cl, "-blockdev", STEAL(node));
        return 0;
}

/* ---- What the guest sees ---- */

static const char *ide_suffix(const DiskDef *disk) {
        return disk->device == DISK_DEVICE_CDROM ? "cd" : "hd";
}

static char *device_type(const DiskDef *disk) {
        switch (disk->bus) {
        case DISK_BUS_VIRTIO:
                return cl_virtio_type("virtio-blk", &disk->info, disk->model > DISK_MODEL_VIRTIO ? table_name(&disk_model_table, disk->model) : NULL);
        case DISK_BUS_SCSI:
                return xasprintf("scsi-%s", disk->device == DISK_DEVICE_LUN ? "block" : ide_suffix(disk));
        case DISK_BUS_IDE: case DISK_BUS_SATA:
                return xasprintf("ide-%s", ide_suffix(disk));
        case DISK_BUS_USB:
                return xstrdup("usb-storage");
        case DISK_BUS_FDC:
                return xstrdup("floppy");
        default:
                return NULL;
        }
}

static int add_ide_place(const Cl *cl, json_object *device, const DiskDef *disk, Error **err) {
        bool sata = disk->bus == DISK_BUS_SATA;
        const char *alias = cl_controller_alias(cl, sata ? CONTROLLER_SATA : CONTROLLER_IDE, disk->info.address.drive.controller);
        CLEANUP(free) char *bus = alias ? xasprintf("%s.%u", alias, sata ? disk->info.address.drive.unit : disk->info.address.drive.bus) : NULL;

        if (!bus)
                return error_set(err, ERROR_XML, "Could not find %s controller with index %u required for device", sata ? "sata" : "ide",
                                 disk->info.address.drive.controller);
        json_add_string(device, "bus", bus);
        if (!sata)
                json_add_uint(device, "unit", disk->info.address.drive.unit);
        return 0;
}

static int add_scsi_place(const Cl *cl, json_object *device, const DiskDef *disk, Error **err) {
        const ControllerDef *controller = cl_controller(cl, CONTROLLER_SCSI, disk->info.address.drive.controller);
        CLEANUP(free) char *bus = NULL, *id = NULL;

        if (!controller || !controller->info.alias)
                return error_set(err, ERROR_XML, "Could not find scsi controller with index %u required for device",
                                 disk->info.address.drive.controller);
        bus = xasprintf("%s.0", controller->info.alias);
        json_add_string(device, "bus", bus);
        if (controller->model == CONTROLLER_LSILOGIC) {
                json_add_uint(device, "scsi-id", disk->info.address.drive.unit);
        } else {
                json_add_uint(device, "channel", disk->info.address.drive.bus);
                json_add_uint(device, "scsi-id", disk->info.address.drive.target);
                json_add_uint(device, "lun", disk->info.address.drive.unit);
        }
        if (disk->device != DISK_DEVICE_LUN) {
                id = xasprintf("drive-%s", disk->info.alias);
                json_add_string(device, "device_id", id);
        }
        return 0;
}

static int add_place(const Cl *cl, json_object *device, const DiskDef *disk, Error **err) {
        switch (disk->bus) {
        case DISK_BUS_IDE: case DISK_BUS_SATA:
                return add_ide_place(cl, device, disk, err);
        case DISK_BUS_SCSI:
                return add_scsi_place(cl, device, disk, err);
        case DISK_BUS_FDC:
                json_add_uint(device, "unit", disk->info.address.drive.unit);
                return 0;
        default:
                return cl_add_address(cl, device, &disk->info, err);
        }
}

static void add_virtio_options(const Cl *cl, json_object *device, const DiskDef *disk) {
        if (disk->iothread) {
                CLEANUP(free) char *iothread = xasprintf("iothread%u", disk->iothread);

                json_add_string(device, "iothread", iothread);
        }
        cl_json_bool(device, "ioeventfd", disk->ioeventfd);
        cl_json_bool(device, "event_idx", disk->event_idx);
        if (disk->queues)
                json_add_uint(device, "num-queues", disk->queues);
        if (disk->queue_size)
                json_add_uint(device, "queue-size", disk->queue_size);
        cl_add_virtio(cl, device, &disk->virtio);
}

static void add_errors(json_object *device, const DiskDef *disk) {
        DiskErrorPolicy write = disk->error_policy, read = disk->rerror_policy ? disk->rerror_policy : disk->error_policy;

        if (write)
                json_add_string(device, "werror", write == DISK_ERROR_ENOSPACE ? "enospc" : table_name(&disk_error_table, write));
        if (read && read != DISK_ERROR_ENOSPACE)
                json_add_string(device, "rerror", table_name(&disk_error_table, read));
}

static void add_geometry(json_object *device, const DiskDef *disk) {
        if (disk->geometry.cylinders) {
                json_add_uint(device, "cyls", disk->geometry.cylinders);
                json_add_uint(device, "heads", disk->geometry.heads);
                json_add_uint(device, "secs", disk->geometry.sectors);
                json_add_string(device, "bios-chs-trans", disk->geometry.trans);
        }
        if (disk->logical_block_size)
                json_add_uint(device, "logical_block_size", disk->logical_block_size);
        if (disk->physical_block_size)
                json_add_uint(device, "physical_block_size", disk->physical_block_size);
        if (disk->rotation_rate.set)
                json_add_uint(device, "rotation_rate", disk->rotation_rate.value);
}

static void add_identity(json_object *device, const DiskDef *disk) {
        json_add_string(device, "serial", disk->serial);
        json_add_string(device, "vendor", disk->vendor);
        json_add_string(device, "product", disk->product);
        if (disk->wwn)
                json_add_uint(device, "wwn", strtoull(disk->wwn, NULL, 16));
        if (disk->bus == DISK_BUS_USB)
                json_add_bool(device, "removable", cl_yes(disk->removable));
}

static int add_device(Cl *cl, const DiskDef *disk, const char *drive, Error **err) {
        CLEANUP(free) char *type = device_type(disk), *element = xasprintf("disk '%s'", disk->target);
        CLEANUP(json_put) json_object *device = NULL;
        unsigned boot = cl_boot_index(cl, DEVICE_DISK, disk);

        if (!type)
                return cl_unsupported(err, "disk '%s': <target bus='%s'>", disk->target, table_name(&disk_bus_table, disk->bus));
        if (cl_need_device(cl, type, element, err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", type);
        if (disk->bus == DISK_BUS_VIRTIO)
                add_virtio_options(cl, device, disk);
        if (add_place(cl, device, disk, err) < 0)
                return -1;
        if (disk->shareable)
                json_add_bool(device, "share-rw", true);
        json_add_string(device, "drive", drive);
        json_add_string(device, "id", disk->info.alias);
        if (boot)
                json_add_uint(device, "bootindex", boot);
        add_geometry(device, disk);
        if (cache_mode(disk) && disk->bus != DISK_BUS_FDC)
                json_add_string(device, "write-cache", cache_mode(disk)->write_cache ? "on" : "off");
        add_identity(device, disk);
        add_errors(device, disk);
        cl_add_info(device, &disk->info);
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

/* What a <disk> may say and QEMU would have to be told in other ways. */
static int check_disk(const DiskDef *disk, Error **err) {
        const char *element = disk->transient ? "transient" : disk->rawio ? "disk rawio" :
                              disk->sgio ? "disk sgio" : disk->backend_domain ? "backenddomain" :
                              disk->source.startup_policy > DISK_STARTUP_MANDATORY && disk->device == DISK_DEVICE_DISK ? "source startupPolicy" :
                              disk->source.fdgroup ? "source fdgroup" : NULL;

        return element ? cl_unsupported(err, "disk '%s': <%s>", disk->target, element) : 0;
}

static int add_disk(Cl *cl, const DiskDef *disk, size_t index, Error **err) {
        unsigned number = command_line_disk_number(cl->def, index);
        CLEANUP(free) char *drive = xasprintf("libvirt-%u-format", number);
        Layer layer = { .source = &disk->source, .format = disk->format, .backing = disk->backing, .number = number, .top = true,
                        .read_only = disk->readonly || disk->device == DISK_DEVICE_CDROM };
        bool empty = disk_source_is_empty(&disk->source);

        if (check_disk(disk, err) < 0)
                return -1;
        if (!empty && add_layer(cl, disk, &layer, err) < 0)
                return -1;
        if (!empty && cl_yes(disk->copy_on_read)) {
                json_object *filter = json_object_new_object();
                char *name = xasprintf("libvirt-CoR-%s", disk->target);

                json_add_string(filter, "driver", "copy-on-read");
                json_add_string(filter, "node-name", name);
                json_add_string(filter, "file", drive);
                json_add_string(filter, "discard", "unmap");
                cl_add_json(cl, "-blockdev", filter);
                free(drive);
                drive = name;
        }
        return add_device(cl, disk, empty ? NULL : drive, err);
}

int cl_chapter_disks(Cl *cl, Error **err) {
        for (size_t i = 0; i < cl->def->disks.n; i++)
                if (add_disk(cl, cl->def->disks.items[i], i, err) < 0)
                        return -1;
        return 0;
}
