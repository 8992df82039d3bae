/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_drive.c - disks: order, bus from the target's name, driver, and the drive address that the name stands for. */
#include "conf/completion.h"

int disk_target_index(const char *target) {
        static const char *const prefixes[] = { "fd", "hd", "vd", "sd", "xvd", "ubd" };
        const char *c = NULL;
        int index = 0;

        for (size_t i = 0; i < N_ELEMENTS(prefixes) && !c; i++)
                if (target && strncmp(target, prefixes[i], strlen(prefixes[i])) == 0)
                        c = target + strlen(prefixes[i]);
        if (!c || *c < 'a' || *c > 'z')
                return -1;
        for (; *c >= 'a' && *c <= 'z'; c++) {
                if (index > 1000000)
                        return -1;
                index = index * 26 + (*c - 'a') + 1;
        }
        for (const char *digit = c; *digit; digit++)
                if (*digit < '0' || *digit > '9' || (digit == c && *digit == '0' && digit[1]))
                        return -1;
        return index - 1;
}

bool disk_is_virtio(const DiskDef *disk) {
        return disk->bus == DISK_BUS_VIRTIO;
}

static DiskBus bus_of_target(const char *target) {
        static const struct {
                const char *prefix;
                DiskBus bus;
        } rows[] = { { "hd", DISK_BUS_IDE },
                     { "sd", DISK_BUS_SCSI },
                     { "vd", DISK_BUS_VIRTIO },
                     { "xvd", DISK_BUS_XEN },
                     { "ubd", DISK_BUS_UML } };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                if (target && strncmp(target, rows[i].prefix, strlen(rows[i].prefix)) == 0)
                        return rows[i].bus;
        return DISK_BUS_UNSET;
}

/* How many units a controller has, by bus: what "sdh" means. */
static const struct DriveRow {
        DiskBus bus;
        unsigned units, buses;
} drive_rows[] = {
        { DISK_BUS_SCSI, 7, 1 },
        { DISK_BUS_IDE, 2, 2 },
        { DISK_BUS_SATA, 6, 1 },
        { DISK_BUS_FDC, 2, 1 },
};

static int drive_address(const Completion *completion, DiskDef *disk, Error **err) {
        int index = disk_target_index(disk->target);
        DeviceAddress *address = &disk->info.address;

        if (address->type)
                return 0;
        if (index < 0)
                return error_set(err, ERROR_XML, "Unknown disk name '%s' and no address specified", disk->target);
        for (size_t i = 0; i < N_ELEMENTS(drive_rows); i++) {
                const struct DriveRow *row = &drive_rows[i];

                if (row->bus != disk->bus)
                        continue;
                address->type = ADDRESS_DRIVE;
                address->drive.controller = index / (row->units * row->buses);
                address->drive.bus = index % (row->units * row->buses) / row->units;
                address->drive.unit = index % row->units;
                completion_note(completion, "what its name stands for", "disk '%s': drive %u:%u:%u", disk->target,
                                address->drive.controller, address->drive.bus, address->drive.unit);
        }
        return 0;
}

static void default_ports(DiskSource *source) {
        static const struct {
                DiskProtocol protocol;
                const char *port;
        } rows[] = {
                { DISK_PROTOCOL_NBD, "10809" },  { DISK_PROTOCOL_SHEEPDOG, "7000" }, { DISK_PROTOCOL_GLUSTER, "24007" },
                { DISK_PROTOCOL_ISCSI, "3260" }, { DISK_PROTOCOL_HTTP, "80" },       { DISK_PROTOCOL_HTTPS, "443" },
                { DISK_PROTOCOL_FTP, "21" },     { DISK_PROTOCOL_FTPS, "990" },      { DISK_PROTOCOL_TFTP, "69" },
                { DISK_PROTOCOL_SSH, "22" },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                LIST_FOR(host, &source->hosts)
                        if (source->type == DISK_NETWORK && source->protocol == rows[i].protocol &&
                            host->transport != DISK_TRANSPORT_UNIX)
                                completion_default_text(&host->port, rows[i].port);
}

static int complete_disk(Completion *completion, DiskDef *disk, Error **err) {
        if (!disk->source.type)
                disk->source.type = DISK_FILE;
        if (!disk->device)
                disk->device = DISK_DEVICE_DISK;
        if (!disk->bus && disk->device == DISK_DEVICE_FLOPPY)
                disk->bus = DISK_BUS_FDC;
        if (!disk->bus)
                disk->bus = bus_of_target(disk->target);
        if (disk->device == DISK_DEVICE_CDROM)
                disk->readonly = true;
        if (disk->readonly && disk->snapshot == DISK_SNAPSHOT_NO)       /* goes without saying */
                disk->snapshot = DISK_SNAPSHOT_UNSET;
        if (disk->cache == DISK_CACHE_DEFAULT)
                disk->cache = DISK_CACHE_UNSET;
        if (disk->source.type == DISK_BLOCK && !disk->source.dev)
                disk->source.type = DISK_FILE;
        default_ports(&disk->source);
        if (streq(disk->source.file, "")) {                             /* an empty drive */
                free(disk->source.file);
                disk->source.file = NULL;
        }
        if (disk->source.type != DISK_VHOST_USER) {
                completion_default_text(&disk->driver_name, "qemu");
                if (!disk->format && disk->source.type != DISK_VOLUME)
                        disk->format = DISK_FORMAT_RAW;
        }
        return drive_address(completion, disk, err);
}

static bool same_drive(const DiskDef *a, const DiskDef *b) {
        const DeviceAddress *x = &a->info.address, *y = &b->info.address;

        return a->bus == b->bus && x->type == ADDRESS_DRIVE && y->type == ADDRESS_DRIVE &&
               x->drive.controller == y->drive.controller && x->drive.bus == y->drive.bus && x->drive.target == y->drive.target &&
               x->drive.unit == y->drive.unit;
}

static const char *source_name(const DiskDef *disk) {
        const char *path = disk_source_path(&disk->source);

        return path ? path : "none";
}

static int check_pair(const DiskDef *a, const DiskDef *b, Error **err) {
        if (streq(a->target, b->target))
                return error_set(err, ERROR_XML, "target '%s' duplicated for disk sources '%s' and '%s'", a->target,
                                 source_name(b), source_name(a));
        if (same_drive(a, b))
                return error_set(err, ERROR_XML,
                                 "Found duplicate drive address for disk with target name '%s' controller='%u' bus='%u' "
                                 "target='%u' unit='%u'",
                                 b->target, b->info.address.drive.controller, b->info.address.drive.bus,
                                 b->info.address.drive.target, b->info.address.drive.unit);
        return 0;
}

int complete_disks(Completion *completion, Error **err) {
        DomainDef *def = completion->def;

        LIST_FOR(disk, &def->disks)
                if (complete_disk(completion, disk, err) < 0)
                        return -1;
        for (size_t i = 0; i < def->disks.n; i++)
                for (size_t j = 0; j < i; j++)
                        if (check_pair(def->disks.items[i], def->disks.items[j], err) < 0)
                                return -1;
        return 0;
}
