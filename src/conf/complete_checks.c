/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_checks.c - what cannot run on the machine that was asked for is refused when it is defined, as libvirt does. */
#include "conf/completion.h"

/* ---- firmware ---- */

static bool is_uefi(const OsDef *os) {
        return os->firmware == FIRMWARE_EFI || os->loader_type == LOADER_PFLASH;
}

static int check_firmware(const Completion *completion, Error **err) {
        const DomainDef *def = completion->def;

        if (is_uefi(&def->os) && completion_is_x86(completion) && !def->features.acpi)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "UEFI requires ACPI on this architecture");
        if (def->has_genid && !completion_is_x86(completion))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "this QEMU does not support the 'genid' capability");
        return 0;
}

/* ---- controllers and disks ---- */

static int check_controllers(const Completion *completion, Error **err) {
        LIST_FOR(controller, &completion->def->controllers) {
                if (controller->type != CONTROLLER_IDE)
                        continue;
                if (completion->kind != MACHINE_I440FX && completion->kind != MACHINE_ISAPC)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "IDE controllers are unsupported for this QEMU binary or machine type");
                if (controller->index.value > 0)
                        return error_set(err, ERROR_INTERNAL, "Only 1 IDE controller is supported");
        }
        return 0;
}

static int check_scsi_disk(const Completion *completion, const DiskDef *disk, Error **err) {
        const DeviceAddress *address = &disk->info.address;
        const ControllerDef *controller = completion_find_controller(completion->def, CONTROLLER_SCSI, address->drive.controller);

        if (!controller || address->type != ADDRESS_DRIVE)
                return 0;
        if (controller->model == CONTROLLER_LSILOGIC && address->drive.target != 0)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "target must be 0 for controller model 'lsilogic'");
        if (controller->model == CONTROLLER_LSILOGIC && address->drive.unit > 7)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "unit must be less than or equal to 7 for controller model 'lsilogic'");
        return 0;
}

static int check_disks(const Completion *completion, Error **err) {
        LIST_FOR(disk, &completion->def->disks)
                if (disk->bus == DISK_BUS_SCSI && check_scsi_disk(completion, disk, err) < 0)
                        return -1;
        return 0;
}

/* ---- devices that this emulator or machine has not ---- */

static int check_sounds(const Completion *completion, Error **err) {
        static const struct {
                SoundModel model;
                const char *type, *what;
        } rows[] = {
                { SOUND_ICH9, "ich9-intel-hda", "ich9-intel-hda" },
                { SOUND_ICH6, "intel-hda", "intel-hda" },
                { SOUND_USB, "usb-audio", "usb-audio" },
                { SOUND_SB16, "sb16", "sb16" },
                { SOUND_ES1370, "ES1370", "ES1370" },
                { SOUND_AC97, "AC97", "AC97" },
        };

        LIST_FOR(sound, &completion->def->sounds)
                for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                        if (sound->model == rows[i].model && !completion_has_device(completion, rows[i].type))
                                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "The %s audio controller is not supported in this QEMU binary", rows[i].what);
        return 0;
}

static int check_inputs(const Completion *completion, Error **err) {
        LIST_FOR(input, &completion->def->inputs)
                if (input->type == INPUT_PASSTHROUGH && !completion_has_device(completion, "virtio-input-host-device"))
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "virtio-input-host is not supported by this QEMU binary");
        return 0;
}

static int check_iommu(const Completion *completion, Error **err) {
        const IommuDef *iommu = completion->def->iommu;

        if (iommu && iommu->model == IOMMU_INTEL && completion->kind != MACHINE_Q35)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "IOMMU device: 'intel' is only supported with Q35 machines");
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
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "chardev '%s' not supported without spice graphics", table_name(&char_type_table, source->type));
        return 0;
}

static int check_spice(const Completion *completion, Error **err) {
        const DomainDef *def = completion->def;

        LIST_FOR(graphics, &def->graphics)
                if (graphics->type == GRAPHICS_SPICE && graphics->tls_port.value > 0)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "spice TLS port set in XML configuration, but TLS for SPICE is not supported");
        if (has_spice(def))
                return 0;
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

int complete_checks(Completion *completion, Error **err) {
        static int (*const checks[])(const Completion *completion, Error **err) = {
                check_firmware, check_controllers, check_disks, check_sounds, check_inputs, check_iommu, check_spice,
        };

        for (size_t i = 0; i < N_ELEMENTS(checks); i++)
                if (checks[i](completion, err) < 0)
                        return -1;
        return 0;
}
