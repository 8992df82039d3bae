/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_check_devices.c - devices and combinations that QEMU or this machine has not: refused when they are defined. */
#include "conf/completion.h"

static int refuse_domain(Error **err, const char *text) {
        return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_CONFIG_UNSUPPORTED, "%s", text);
}

/* ---- controllers ---- */

static int check_ide(const Completion *completion, const ControllerDef *controller, Error **err) {
        if (completion->kind != MACHINE_I440FX && completion->kind != MACHINE_ISAPC)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "IDE controllers are unsupported for this QEMU binary or machine type");
        if (controller->index.value > 0)
                return error_set(err, ERROR_INTERNAL, "Only 1 IDE controller is supported");
        return 0;
}

static int check_usb(const Completion *completion, const ControllerDef *controller, Error **err) {
        const char *model = table_name(&controller_model_table, controller->model);
        size_t n = 0;

        LIST_FOR(other, &completion->def->controllers)
                n += other->type == CONTROLLER_USB;
        if (controller->model == CONTROLLER_USB_NONE && n > 1)
                return error_set(err, ERROR_XML_DETAIL, "Can't add another USB controller: USB is disabled for this domain");
        if (controller->ports.set && controller->model != CONTROLLER_NEC_XHCI && controller->model != CONTROLLER_QEMU_XHCI)
                return error_set_from(err, ERROR_FROM_QEMU, ERROR_CONFIG_UNSUPPORTED,
                                      "USB controller model '%s' does not support 'ports' attribute", model);
        if (controller->ports.set && controller->ports.value > 15)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "'%s' controller only supports up to '15' ports", model);
        return 0;
}

static int check_pci_node(const Completion *completion, const ControllerDef *controller, Error **err) {
        size_t n = completion->def->cpu ? completion->def->cpu->cells.n : 0;

        if (controller->numa_node.set && controller->numa_node.value >= n)
                return error_set_from(err, ERROR_FROM_QEMU, ERROR_XML,
                                      "%s with index %u is configured for a NUMA node (%u) not present in the domain's "
                                      "<cpu><numa> array (%zu)",
                                      table_name(&controller_model_table, controller->model), controller->index.value,
                                      controller->numa_node.value, n);
        return 0;
}

/* Controllers that the emulator may have been built without. */
static int check_built(const Completion *completion, const ControllerDef *controller, Error **err) {
        static const struct {
                ControllerType type;
                ControllerModel model;
                const char *device, *words;
        } rows[] = {
                { CONTROLLER_SATA, CONTROLLER_MODEL_UNSET, "ich9-ahci", "SATA is not supported with this QEMU binary" },
                { CONTROLLER_SCSI, CONTROLLER_LSILOGIC, "lsi53c895a",
                  "This QEMU doesn't support the LSI 53C895A SCSI controller" },
                { CONTROLLER_SCSI, CONTROLLER_LSISAS1078, "megasas",
                  "This QEMU doesn't support the LSI SAS1078 (MegaRAID) controller" },
                { CONTROLLER_SCSI, CONTROLLER_LSISAS1068, "mptsas1068",
                  "This QEMU doesn't support the LSI SAS1068 (MPT Fusion) controller" },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                if (rows[i].type == controller->type && rows[i].model == controller->model &&
                    !completion_has_device(completion, rows[i].device))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "%s", rows[i].words);
        return 0;
}

static bool has_iothread(const DomainDef *def, unsigned id) {
        LIST_FOR(iothread, &def->iothread_ids)
                if (iothread->id == id)
                        return true;
        return id <= def->iothreads && def->iothread_ids.n == 0;
}

static int check_controllers(const Completion *completion, Error **err) {
        LIST_FOR(controller, &completion->def->controllers) {
                int r;

                if (check_built(completion, controller, err) < 0)
                        return -1;
                if (controller->iothread && !has_iothread(completion->def, controller->iothread))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "controller iothread '%u' not defined in iothreadid",
                                         controller->iothread);
                r = 0;
                if (controller->type == CONTROLLER_IDE)
                        r = check_ide(completion, controller, err);
                else if (controller->type == CONTROLLER_USB)
                        r = check_usb(completion, controller, err);
                else if (controller->type == CONTROLLER_PCI)
                        r = check_pci_node(completion, controller, err);
                else if (controller->type == CONTROLLER_ISA || controller->type == CONTROLLER_XENBUS)
                        r = error_set(err, ERROR_CONFIG_UNSUPPORTED, "controller type '%s' is not supported by QEMU",
                                      table_name(&controller_type_table, controller->type));
                if (r < 0)
                        return -1;
        }
        return 0;
}

/* ---- disks ---- */

static int check_scsi_disk(const Completion *completion, const DiskDef *disk, Error **err) {
        const DeviceAddress *address = &disk->info.address;
        const ControllerDef *controller = completion_find_controller(completion->def, CONTROLLER_SCSI, address->drive.controller);

        if (!controller || address->type != ADDRESS_DRIVE || controller->model != CONTROLLER_LSILOGIC)
                return 0;
        if (address->drive.target != 0)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "target must be 0 for controller model 'lsilogic'");
        if (address->drive.unit > 7)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "unit must be less than or equal to 7 for controller model 'lsilogic'");
        return 0;
}

static int check_disk_address(const DiskDef *disk, Error **err) {
        const char *bus = table_name(&disk_bus_table, disk->bus);
        AddressType type = disk->info.address.type;
        const char *last = disk->target + strlen(disk->target) - 1;

        if (disk_target_index(disk->target) >= 0 && *last >= '0' && *last <= '9')
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "invalid disk target '%s', partitions can't appear in disk targets", disk->target);
        if (disk->bus == DISK_BUS_VIRTIO && (type == ADDRESS_DRIVE || type == ADDRESS_USB))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "virtio disk cannot have an address of type '%s'",
                                 table_name(&address_type_table, type));
        if ((disk->bus == DISK_BUS_IDE || disk->bus == DISK_BUS_SCSI || disk->bus == DISK_BUS_SATA ||
             disk->bus == DISK_BUS_FDC) &&
            type != ADDRESS_DRIVE)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_CONFIG_UNSUPPORTED,
                                      "Invalid address type '%s' for the disk '%s' with the bus type '%s'",
                                      table_name(&address_type_table, type), disk->target, bus);
        return 0;
}

static int check_disk(const Completion *completion, const DiskDef *disk, Error **err) {
        const char *bus = table_name(&disk_bus_table, disk->bus);

        if (check_disk_address(disk, err) < 0)
                return -1;
        if (disk->readonly && disk->device == DISK_DEVICE_DISK && (disk->bus == DISK_BUS_IDE || disk->bus == DISK_BUS_SATA))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "readonly %s disks are not supported", bus);

        if (disk->io == DISK_IO_NATIVE && disk->cache > DISK_CACHE_NONE && disk->cache != DISK_CACHE_DIRECTSYNC)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "io='native' needs either no disk cache or directsync cache mode");
        if (disk->device == DISK_DEVICE_CDROM && (disk->bus == DISK_BUS_VIRTIO || disk->bus == DISK_BUS_XEN))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "disk type of '%s' does not support ejectable media",
                                 disk->target);
        if (disk->geometry.trans && disk->bus != DISK_BUS_IDE)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "CHS translation mode can only be set for 'ide' bus not '%s'",
                                 bus);
        if (disk->device == DISK_DEVICE_LUN && disk->source.type != DISK_BLOCK && disk->source.type != DISK_VOLUME &&
            !(disk->source.type == DISK_NETWORK && disk->source.protocol == DISK_PROTOCOL_ISCSI))
                return refuse_domain(err, "disk device='lun' is only valid for block type disk source");
        if (disk->wwn && disk->bus != DISK_BUS_IDE && disk->bus != DISK_BUS_SCSI)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Only ide and scsi disk support wwn");
        if (disk->iothread && !has_iothread(completion->def, disk->iothread))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Disk iothread '%u' not defined in iothreadid", disk->iothread);
        return disk->bus == DISK_BUS_SCSI ? check_scsi_disk(completion, disk, err) : 0;
}

static int check_disks(const Completion *completion, Error **err) {
        LIST_FOR(disk, &completion->def->disks)
                if (check_disk(completion, disk, err) < 0)
                        return -1;
        return 0;
}

/* ---- devices that this emulator or machine has not ---- */

static bool has_audio(const DomainDef *def, unsigned id) {
        LIST_FOR(audio, &def->audios)
                if (audio->id == id)
                        return true;
        return false;
}

static int check_codecs(const Completion *completion, const SoundDef *sound, Error **err) {
        LIST_FOR(codec, &sound->codecs) {
                CLEANUP(free) char *device = xasprintf("hda-%s", codec);

                if (!completion_has_device(completion, device))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "%s not supported in this QEMU binary", device);
        }
        if (sound->audio && !has_audio(completion->def, sound->audio))
                return error_set(err, ERROR_XML, "no audio device with ID %u", sound->audio);
        return 0;
}

static int check_sounds(const Completion *completion, Error **err) {
        static const struct {
                SoundModel model;
                const char *type;
        } rows[] = {
                { SOUND_ICH9, "ich9-intel-hda" }, { SOUND_USB, "usb-audio" },
        };

        LIST_FOR(sound, &completion->def->sounds)
                if (check_codecs(completion, sound, err) < 0)
                        return -1;
        LIST_FOR(sound, &completion->def->sounds)
                for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                        if (sound->model == rows[i].model && !completion_has_device(completion, rows[i].type))
                                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                                 "The %s audio controller is not supported in this QEMU binary", rows[i].type);
        return 0;
}

static int check_inputs(const Completion *completion, Error **err) {
        LIST_FOR(input, &completion->def->inputs) {
                if (input->bus == INPUT_BUS_PS2 && completion->kind == MACHINE_S390)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "ps2 is not supported by this QEMU binary");
                if (input->type == INPUT_EVDEV && input->bus)
                        return refuse_domain(err, "input evdev doesn't support bus element");
                if (input->bus == INPUT_BUS_USB && input->type == INPUT_KEYBOARD && !completion_has_device(completion, "usb-kbd"))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "usb keyboard is not supported by this QEMU binary");
                if (input->bus == INPUT_BUS_XEN || input->bus == INPUT_BUS_PARALLELS)
                        return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_INTERNAL, "unsupported input bus %s",
                                              table_name(&input_bus_table, input->bus));
                const char *passthrough = completion->kind == MACHINE_S390 ? "virtio-input-host-ccw" : "virtio-input-host-pci";

                if (input->type == INPUT_PASSTHROUGH && !completion_has_device(completion, passthrough))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "virtio-input-host is not supported by this QEMU binary");
                if (input->type != INPUT_PASSTHROUGH && input->model && !streq(input->model, "virtio"))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                         "virtio (non-)transitional models are not supported for input type=%s",
                                         table_name(&input_type_table, input->type));
        }
        return 0;
}

static const struct {
        VideoType type;
        const char *device;             /* NULL: QEMU has none */
} video_rows[] = {
        { VIDEO_VGA, "VGA" },
        { VIDEO_CIRRUS, "cirrus-vga" },
        { VIDEO_VMVGA, "vmware-svga" },
        { VIDEO_QXL, "qxl" },
        { VIDEO_BOCHS, "bochs-display" },
        { VIDEO_RAMFB, "ramfb" },
        { VIDEO_GOP, NULL },
        { VIDEO_XEN, NULL },
        { VIDEO_VBOX, NULL },
        { VIDEO_PARALLELS, NULL },
};

static bool has_video(const Completion *completion, VideoType type) {
        for (size_t i = 0; i < N_ELEMENTS(video_rows); i++)
                if (video_rows[i].type == type)
                        return video_rows[i].device && completion_has_device(completion, video_rows[i].device);
        return true;
}

static int check_videos(const Completion *completion, Error **err) {
        LIST_FOR(video, &completion->def->videos) {
                if (!has_video(completion, video->type))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "domain configuration does not support video model '%s'",
                                         table_name(&video_type_table, video->type));
                if (video->rendernode && !streq(video->driver_name, "vhostuser"))
                        return refuse_domain(err, "unsupported rendernode accel attribute without 'vhostuser'");
        }
        return 0;
}

static int check_tpms(const Completion *completion, Error **err) {
        static const struct {
                TpmModel model;
                const char *type;
        } rows[] = { { TPM_TIS, "tpm-tis" }, { TPM_CRB, "tpm-crb" }, { TPM_SPAPR, "tpm-spapr" } };

        LIST_FOR(tpm, &completion->def->tpms)
                for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                        if (tpm->model == rows[i].model && !completion_has_device(completion, rows[i].type))
                                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                                 "The QEMU executable %s does not support TPM model %s",
                                                 completion->def->emulator, rows[i].type);
        return 0;
}

static int check_shmems(const Completion *completion, Error **err) {
        LIST_FOR(shmem, &completion->def->shmems)
                if (!completion_has_device(completion, shmem->model))
                        return streq(shmem->model, "ivshmem") ?
                                       error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                                 "ivshmem device is not supported with this QEMU binary") :
                                       error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                                 "shmem model '%s' is not supported by this QEMU binary", shmem->model);
        return 0;
}

/* Serial ports that exist on one kind of machine only. */
static int check_serial(const Completion *completion, const SerialDef *serial, Error **err) {
        bool here = true;

        if (serial->model == SERIAL_MODEL_ISA_SERIAL && serial->target != SERIAL_TARGET_ISA)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Target model 'isa-serial' requires target type 'isa-serial'");
        if (serial->target == SERIAL_TARGET_ISA_DEBUG && !completion_is_x86(completion))
                return refuse_domain(err, "isa-debug serial type only valid on x86 architecture");
        switch (serial->target) {
        case SERIAL_TARGET_ISA:
                here = completion->kind != MACHINE_S390;
                break;
        case SERIAL_TARGET_SPAPR_VIO:
                here = completion->kind == MACHINE_PSERIES;
                break;
        case SERIAL_TARGET_SCLP:
                here = completion->kind == MACHINE_S390;
                break;
        default:
                break;
        }
        if (!here)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "Serial device with target type '%s' and target model '%s' not compatible with guest "
                                 "architecture or machine type",
                                 table_name(&serial_target_table, serial->target),
                                 table_name(&serial_model_table, serial->model));
        if (serial->source.type == CHAR_UNIX && !serial->source.path)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_INTERNAL, "Missing source path attribute for char device");
        return 0;
}

static int check_serials(const Completion *completion, Error **err) {
        const DomainDef *def = completion->def;

        LIST_FOR(serial, &def->serials)
                if (check_serial(completion, serial, err) < 0)
                        return -1;
        if (def->parallels.n > 0 && !completion_is_x86(completion))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "parallel ports are not supported");
        LIST_FOR(console, &def->consoles)
                if ((console->target == CONSOLE_TARGET_SCLP || console->target == CONSOLE_TARGET_SCLPLM) &&
                    completion->kind != MACHINE_S390)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "%sconsole is not supported in this QEMU binary",
                                         table_name(&console_target_table, console->target));
        return 0;
}

static int check_graphics(const Completion *completion, Error **err) {
        LIST_FOR(graphics, &completion->def->graphics)
                if (graphics->type == GRAPHICS_RDP || graphics->type == GRAPHICS_DESKTOP)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "%s graphics are not supported with this QEMU",
                                         table_name(&graphics_type_table, graphics->type));
        return 0;
}

static int check_panics(const Completion *completion, Error **err) {
        LIST_FOR(panic, &completion->def->panics) {
                if (panic->model == PANIC_S390 && completion->kind != MACHINE_S390)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "only S390 guests support panic device of model 's390'");
                if (panic->model == PANIC_PSERIES && completion->kind != MACHINE_PSERIES)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                         "only pSeries guests support panic device of model 'pseries'");
                if ((panic->model == PANIC_HYPERV || panic->model == PANIC_ISA) && !completion_is_x86(completion))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                         "only i686 and x86_64 guests support panic device of model '%s'",
                                         table_name(&panic_model_table, panic->model));
        }
        return 0;
}

static int check_watchdogs(const Completion *completion, Error **err) {
        LIST_FOR(watchdog, &completion->def->watchdogs)
                if (watchdog->model == WATCHDOG_DIAG288 && completion->kind != MACHINE_S390)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                         "diag288 model of watchdog is allowed for s390 and s390x only");
        return 0;
}

static int check_iommu(const Completion *completion, Error **err) {
        const DomainDef *def = completion->def;
        const IommuDef *iommu = def->iommu;

        if (!iommu)
                return 0;
        if (iommu->intremap == TRISTATE_YES && !streq(def->features.ioapic, "qemu"))
                return refuse_domain(err, "IOMMU interrupt remapping requires split I/O APIC (ioapic driver='qemu')");
        if (iommu->model == IOMMU_SMMUV3)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "IOMMU device: 'smmuv3' is only supported with ARM Virt machines");
        if (iommu->model == IOMMU_INTEL && completion->kind != MACHINE_Q35)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "IOMMU device: 'intel' is only supported with Q35 machines");
        if (iommu->model == IOMMU_VIRTIO && completion->kind != MACHINE_Q35)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "IOMMU device: 'virtio' is only supported with Q35 and ARM Virt machines");
        if (iommu->model == IOMMU_VIRTIO && !def->features.acpi)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "IOMMU device: 'virtio' requires ACPI");
        return 0;
}

static int check_hostdevs(const Completion *completion, Error **err) {
        LIST_FOR(hostdev, &completion->def->hostdevs) {
                if (hostdev->type != HOSTDEV_MDEV)
                        continue;
                if (streq(hostdev->model, "vfio-ap") && !completion_has_device(completion, "vfio-ap"))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                         "VFIO AP device assignment is not supported by this version of QEMU");
                if (streq(hostdev->model, "vfio-ccw") && !completion_has_device(completion, "vfio-ccw"))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                         "VFIO CCW device assignment is not supported by this version of QEMU");
        }
        if (completion->def->redirdevs.n > 0 && !completion_has_device(completion, "usb-redir"))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "USB redirection is not supported by this version of QEMU");
        if (completion->def->hubs.n > 0 && !completion_has_device(completion, "usb-hub"))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "usb-hub not supported by QEMU binary");
        return 0;
}

static int check_singles(const Completion *completion, Error **err) {
        const DomainDef *def = completion->def;

        if (def->watchdogs.n > 1)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_INTERNAL, "only a single watchdog device is supported");
        if (def->memballoon && def->memballoon->model == MEMBALLOON_XEN)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "memory balloon model 'xen' is not supported by QEMU");
        if (def->nvram && completion->kind != MACHINE_PSERIES)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "nvram device is only supported for PPC64");
        return 0;
}

typedef struct InfoCheck {
        const Completion *completion;
        Error **err;
} InfoCheck;

static int check_info(const DeviceRef *device, void *userdata) {
        const InfoCheck *check = userdata;
        const DeviceInfo *info = device->info;
        Error **err = check->err;

        if (info && info->address.type == ADDRESS_CCW && check->completion->kind != MACHINE_S390)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "cannot use CCW address type for device '<%s>' using machine type '%s'", device->element,
                                 check->completion->def->os.machine);
        if (info && info->address.type == ADDRESS_PCI && (info->address.pci.zpci_uid.set || info->address.pci.zpci_fid.set) &&
            check->completion->kind != MACHINE_S390)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "This QEMU binary doesn't support zPCI");
        if (info && (info->rom_bar || info->rom_enabled || info->rom_file) && info->address.type != ADDRESS_PCI)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "ROM tuning is only supported for PCI devices");
        return 0;
}

/* ---- SPICE ---- */

static bool has_spice(const DomainDef *def) {
        LIST_FOR(graphics, &def->graphics)
                if (graphics->type == GRAPHICS_SPICE)
                        return true;
        return false;
}

static int check_source(const CharSource *source, Error **err) {
        if (source->type == CHAR_SPICEVMC || source->type == CHAR_SPICEPORT)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "chardev '%s' not supported without spice graphics",
                                 table_name(&char_type_table, source->type));
        return 0;
}

static int check_spice(const Completion *completion, Error **err) {
        const DomainDef *def = completion->def;

        LIST_FOR(graphics, &def->graphics)
                if (graphics->type == GRAPHICS_SPICE && graphics->tls_port.value > 0)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                         "spice TLS port set in XML configuration, but TLS for SPICE is not supported");
        if (has_spice(def))
                return 0;
        LIST_FOR(audio, &def->audios)
                if (audio->type == AUDIO_SPICE)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Spice audio is not supported without spice graphics");
        LIST_FOR(channel, &def->channels)
                if (check_source(&channel->source, err) < 0)
                        return -1;
        LIST_FOR(redirdev, &def->redirdevs)
                if (check_source(&redirdev->source, err) < 0)
                        return -1;
        LIST_FOR(smartcard, &def->smartcards)
                if (check_source(&smartcard->source, err) < 0)
                        return -1;
        return 0;
}

int check_devices(const Completion *completion, Error **err) {
        static int (*const checks[])(const Completion *completion, Error **err) = {
                check_controllers, check_disks,   check_sounds, check_inputs,    check_graphics,
                check_videos,      check_serials, check_panics, check_watchdogs, check_tpms,
                check_shmems,      check_singles, check_iommu,  check_hostdevs,  check_spice,
        };

        for (size_t i = 0; i < N_ELEMENTS(checks); i++)
                if (checks[i](completion, err) < 0)
                        return -1;
        return domain_def_each_device(completion->def, check_info, &(InfoCheck) { completion, err }) < 0 ? -1 : 0;
}
