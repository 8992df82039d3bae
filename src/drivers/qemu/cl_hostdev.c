/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_hostdev.c - <filesystem> and <hostdev>: parts of the host handed to the guest. */
#include <stdio.h>

#include "drivers/qemu/cl.h"
#include "util/strbuf.h"

/* ---- Shared directories ---- */

static void add_9p_backend(Cl *cl, const FilesystemDef *fs, const char *id) {
        CLEANUP(free) char *path = cl_escape(fs->source_dir ? fs->source_dir : "");
        const char *mode = fs->accessmode ? fs->accessmode : "passthrough";
        CLEANUP(strbuf_done) StrBuf text = {};

        strbuf_addf(&text, "local,security_model=%s", streq(mode, "mapped") ? "mapped" : streq(mode, "squash") ? "none" : "passthrough");
        if (streq(fs->wrpolicy, "immediate"))
                strbuf_add(&text, ",writeout=immediate");
        strbuf_addf(&text, ",id=%s,path=%s", id, path);
        if (fs->readonly)
                strbuf_add(&text, ",readonly=on");
        if (fs->fmode)
                strbuf_addf(&text, ",fmode=%04o", fs->fmode);
        if (fs->dmode)
                strbuf_addf(&text, ",dmode=%04o", fs->dmode);
        if (fs->multidevs)
                strbuf_addf(&text, ",multidevs=%s", fs->multidevs);
        cl_add(cl, "-fsdev", text.text);
}

static int add_filesystem(Cl *cl, const FilesystemDef *fs, Error **err) {
        CLEANUP(free) char *id = xasprintf("fsdev-%s", fs->info.alias);
        CLEANUP(free) char *driver = cl_virtio_type("virtio-9p", &fs->info, streq(fs->model, "virtio") ? NULL : fs->model);
        CLEANUP(json_put) json_object *device = NULL;

        if (fs->driver > FS_DRIVER_PATH || (fs->type && !streq(fs->type, "mount")))
                return cl_unsupported(err, "<filesystem> with <driver type='%s'>", table_name(&filesystem_driver_table, fs->driver));
        if (cl_need_device(cl, driver, "<filesystem>", err) < 0)
                return -1;
        add_9p_backend(cl, fs, id);
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        cl_add_virtio(cl, device, &fs->virtio);
        json_add_string(device, "id", fs->info.alias);
        json_add_string(device, "fsdev", id);
        json_add_string(device, "mount_tag", fs->target);
        if (cl_add_address(cl, device, &fs->info, err) < 0)
                return -1;
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

int cl_chapter_filesystems(Cl *cl, Error **err) {
        LIST_FOR(fs, &cl->def->filesystems)
                if (add_filesystem(cl, fs, err) < 0)
                        return -1;
        return 0;
}

/* ---- Host devices ---- */

static json_object *new_vfio(const HostdevDef *hostdev) {
        CLEANUP(free) char *address = xasprintf("%04x:%02x:%02x.%x", hostdev->pci.domain, hostdev->pci.bus, hostdev->pci.slot,
                                                hostdev->pci.function);
        json_object *device = json_object_new_object();

        json_add_string(device, "driver", "vfio-pci");
        json_add_string(device, "host", address);
        json_add_string(device, "id", hostdev->info.alias);
        return device;
}

static json_object *new_mdev(const HostdevDef *hostdev) {
        CLEANUP(free) char *path = xasprintf("/sys/bus/mdev/devices/%s", hostdev->mdev_uuid);
        json_object *device = json_object_new_object();

        json_add_string(device, "driver", hostdev->model);
        json_add_string(device, "id", hostdev->info.alias);
        json_add_string(device, "sysfsdev", path);
        cl_json_onoff(device, "display", hostdev->display);
        return device;
}

static json_object *new_usb(const HostdevDef *hostdev) {
        json_object *device = json_object_new_object();

        json_add_string(device, "driver", "usb-host");
        if (hostdev->usb_bus.set && hostdev->usb_device.set) {
                CLEANUP(free) char *path = xasprintf("/dev/bus/usb/%03u/%03u", hostdev->usb_bus.value, hostdev->usb_device.value);

                json_add_string(device, "hostdevice", path);
        } else {
                json_add_uint(device, "vendorid", hostdev->usb_vendor.value);
                json_add_uint(device, "productid", hostdev->usb_product.value);
        }
        json_add_string(device, "id", hostdev->info.alias);
        return device;
}

static int add_hostdev(Cl *cl, const HostdevDef *hostdev, Error **err) {
        CLEANUP(json_put) json_object *device = NULL;

        switch (hostdev->type) {
        case HOSTDEV_PCI:
                if (cl_yes(hostdev->managed))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "hostdev %04x:%02x:%02x.%x: managed='yes' is not supported by this "
                                         "version of virtward: bind the device to vfio-pci and say managed='no'", hostdev->pci.domain,
                                         hostdev->pci.bus, hostdev->pci.slot, hostdev->pci.function);
                device = new_vfio(hostdev);
                break;
        case HOSTDEV_MDEV:
                device = new_mdev(hostdev);
                break;
        case HOSTDEV_USB:
                device = new_usb(hostdev);
                break;
        default:
                return cl_unsupported(err, "<hostdev type='%s'>", table_name(&hostdev_type_table, hostdev->type));
        }
        if (hostdev->info.boot_order)
                json_add_uint(device, "bootindex", hostdev->info.boot_order);
        if (cl_add_address(cl, device, &hostdev->info, err) < 0)
                return -1;
        cl_add_info(device, &hostdev->info);
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

int cl_chapter_hostdevs(Cl *cl, Error **err) {
        LIST_FOR(hostdev, &cl->def->hostdevs)
                if (add_hostdev(cl, hostdev, err) < 0)
                        return -1;
        return 0;
}
