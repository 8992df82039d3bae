/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/hostdev.c - what the host lends to a guest: <hostdev> and <filesystem>. */
#include "conf/elements.h"

NAMES(hostdev_type_table, HOSTDEV_TYPE_MAX, "hostdev type", "", "usb", "pci", "scsi", "scsi_host", "mdev");
NAMES(filesystem_driver_table, FS_DRIVER_TYPE_MAX, "filesystem driver", "", "path", "handle", "loop", "nbd", "ploop", "virtiofs");
VIRTIO_MODEL_WORDS;
WORDS_OF(mode_words, "hostdev mode", "subsystem", "capabilities");
WORDS_OF(model_words, "hostdev model", "vfio-pci", "vfio-ccw", "vfio-ap", "virtio", "virtio-transitional",
         "virtio-non-transitional");
WORDS_OF(driver_words, "hostdev driver", "kvm", "vfio", "xen");
WORDS_OF(startup_words, "startupPolicy", "mandatory", "requisite", "optional");
WORDS_OF(reset_words, "guestReset", "off", "uninitialized", "on");
WORDS_OF(protocol_words, "hostdev protocol", "vhost");
WORDS_OF(yes_no_words, "rawio", "yes", "no");
WORDS_OF(sgio_words, "sgio", "filtered", "unfiltered");
WORDS_OF(teaming_words, "teaming type", "persistent", "transient");
WORDS_OF(fs_type_words, "filesystem type", "mount");
WORDS_OF(accessmode_words, "filesystem accessmode", "passthrough", "mapped", "squash");
WORDS_OF(multidevs_words, "filesystem multidevs", "default", "remap", "forbid", "warn");
WORDS_OF(fs_format_words, "filesystem format", "raw", "qcow2");
WORDS_OF(wrpolicy_words, "filesystem wrpolicy", "immediate");
WORDS_OF(fs_cache_words, "filesystem cache mode", "none", "always");
WORDS_OF(sandbox_words, "filesystem sandbox mode", "namespace", "chroot");

#define OF_TYPE(name) WHEN(HostdevDef, type, BIT(HOSTDEV_##name))

static const Row hostdev_rows[] = {
        WORD("@mode", HostdevDef, mode, mode_words),
        ENUM("@type", HostdevDef, type, hostdev_type_table, .flags = ROW_REQUIRED),
        YESNO("@managed", HostdevDef, managed, .fallback = TRISTATE_NO, .flags = ROW_HOST),
        WORD("@sgio", HostdevDef, sgio, sgio_words, OF_TYPE(SCSI)),
        WORD("@rawio", HostdevDef, rawio, yes_no_words, OF_TYPE(SCSI)),
        WORD("@model", HostdevDef, model, model_words, WHEN(HostdevDef, type, BIT(HOSTDEV_MDEV) | BIT(HOSTDEV_SCSI_HOST))),
        ONOFF("@display", HostdevDef, display, OF_TYPE(MDEV)),
        ONOFF("@ramfb", HostdevDef, ramfb, OF_TYPE(MDEV)),
        WORD("driver@name", HostdevDef, driver, driver_words, OF_TYPE(PCI), .flags = ROW_HOST),
        YESNO("source@writeFiltering", HostdevDef, write_filtering, OF_TYPE(PCI), .flags = ROW_HOST),
        WORD("source@startupPolicy", HostdevDef, usb_startup_policy, startup_words, OF_TYPE(USB), .flags = ROW_HOST),
        WORD("source@guestReset", HostdevDef, usb_guest_reset, reset_words, OF_TYPE(USB)),
        WORD("source@protocol", HostdevDef, protocol, protocol_words, OF_TYPE(SCSI_HOST), .flags = ROW_REQUIRED | ROW_HOST),
        STRING("source@wwpn", HostdevDef, wwpn, OF_TYPE(SCSI_HOST), .flags = ROW_REQUIRED | ROW_HOST),
        OPTHEX("source/vendor@id", HostdevDef, usb_vendor, 4, OF_TYPE(USB), .flags = ROW_HOST),
        OPTHEX("source/product@id", HostdevDef, usb_product, 4, OF_TYPE(USB), .flags = ROW_HOST),
        STRING("source/adapter@name", HostdevDef, adapter, OF_TYPE(SCSI), .flags = ROW_HOST),
        STRUCT("source/address", HostdevDef, pci, pci_address_element, OF_TYPE(PCI), .flags = ROW_HOST),
        OPTUINT("source/address@bus", HostdevDef, usb_bus, OF_TYPE(USB), .flags = ROW_HOST),
        OPTUINT("source/address@device", HostdevDef, usb_device, OF_TYPE(USB), .flags = ROW_HOST),
        STRING("source/address@uuid", HostdevDef, mdev_uuid, OF_TYPE(MDEV), .flags = ROW_REQUIRED | ROW_HOST),
        DEC("source/address@bus", HostdevDef, scsi_bus, OF_TYPE(SCSI), .flags = ROW_HOST),
        DEC("source/address@target", HostdevDef, scsi_target, OF_TYPE(SCSI), .flags = ROW_HOST),
        OPTU64("source/address@unit", HostdevDef, scsi_unit, OF_TYPE(SCSI), .flags = ROW_HOST),
        WORD("teaming@type", HostdevDef, teaming, teaming_words, .flags = ROW_REQUIRED),
        STRING("teaming@persistent", HostdevDef, teaming_persistent),
        FLAG("readonly", HostdevDef, readonly),
        FLAG("shareable", HostdevDef, shareable),
        INCLUDE("", HostdevDef, info, device_info_element),
        {}
};

static int check_hostdev(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        HostdevDef *hostdev = object;
        const xmlNode *source = element_child(node, "source");
        bool has_address = source && element_child(source, "address");
        CLEANUP(free) char *subject = xasprintf("<hostdev type='%s'>", table_name(&hostdev_type_table, hostdev->type));

        if (!hostdev->mode)
                hostdev->mode = xstrdup("subsystem");
        if (!streq(hostdev->mode, "subsystem"))
                return element_refuse(parser, node, "mode", ERROR_CONFIG_UNSUPPORTED, "hostdev mode", err,
                                      "QEMU guests know only 'subsystem'");
        if (!source)
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "element <source> is missing");
        if (hostdev->type == HOSTDEV_USB && !has_address && !(hostdev->usb_vendor.set && hostdev->usb_product.set))
                return element_refuse(parser, source, NULL, ERROR_XML, subject, err,
                                      "its <source> needs <vendor> and <product>, or <address>");
        if ((hostdev->type == HOSTDEV_PCI || hostdev->type == HOSTDEV_MDEV || hostdev->type == HOSTDEV_SCSI) && !has_address)
                return element_refuse(parser, source, NULL, ERROR_XML, subject, err, "element <address> of <source> is missing");
        if (hostdev->type == HOSTDEV_MDEV && !hostdev->model)
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "attribute 'model' is missing");
        return 0;
}
const Element hostdev_element = { sizeof(HostdevDef), hostdev_rows, check_hostdev };

/* ---- filesystem ---- */

static const Row filesystem_rows[] = {
        WORD("@type", FilesystemDef, type, fs_type_words),
        WORD("@accessmode", FilesystemDef, accessmode, accessmode_words),
        WORD("@model", FilesystemDef, model, virtio_model_words),
        WORD("@multidevs", FilesystemDef, multidevs, multidevs_words),
        OCTAL("@fmode", FilesystemDef, fmode),
        OCTAL("@dmode", FilesystemDef, dmode),
        ENUM("driver@type", FilesystemDef, driver, filesystem_driver_table),
        WORD("driver@format", FilesystemDef, driver_format, fs_format_words),
        WORD("driver@wrpolicy", FilesystemDef, wrpolicy, wrpolicy_words),
        UINT("driver@queue", FilesystemDef, queue),
        VIRTIO_ROWS(FilesystemDef),
        STRING("binary@path", FilesystemDef, binary, .flags = ROW_HOST),
        ONOFF("binary@xattr", FilesystemDef, xattr, .flags = ROW_HOST),
        WORD("binary/cache@mode", FilesystemDef, cache_mode, fs_cache_words, .flags = ROW_HOST),
        WORD("binary/sandbox@mode", FilesystemDef, sandbox_mode, sandbox_words, .flags = ROW_HOST),
        ONOFF("binary/lock@posix", FilesystemDef, lock_posix, .flags = ROW_HOST),
        ONOFF("binary/lock@flock", FilesystemDef, lock_flock, .flags = ROW_HOST),
        OPTUINT("binary/thread_pool@size", FilesystemDef, thread_pool, .flags = ROW_HOST),
        STRING("source@dir", FilesystemDef, source_dir, .flags = ROW_HOST),
        STRING("source@socket", FilesystemDef, source_socket, .flags = ROW_HOST),
        STRING("target@dir", FilesystemDef, target, .flags = ROW_REQUIRED),
        FLAG("readonly", FilesystemDef, readonly),
        UNSUPPORTED("space_hard_limit"),
        UNSUPPORTED("space_soft_limit"),
        INCLUDE("", FilesystemDef, info, device_info_element),
        {}
};

static int check_filesystem(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        FilesystemDef *fs = object;

        if (!fs->type)
                fs->type = xstrdup("mount");
        if (!fs->source_dir && !fs->source_socket)
                return element_refuse(parser, node, NULL, ERROR_XML, "<filesystem>", err, "its <source dir=> is missing");
        if (!fs->target)
                return element_refuse(parser, node, NULL, ERROR_XML, "<filesystem>", err, "its <target dir=> is missing");
        return 0;
}
const Element filesystem_element = { sizeof(FilesystemDef), filesystem_rows, check_filesystem };
