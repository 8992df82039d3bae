/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_checks.c - what cannot be on the machine that was asked for is refused when it is defined, as libvirt does: the
 * machine, its firmware, features and boot order. Devices are in complete_check_devices.c. */
#include "conf/completion.h"

/* ---- firmware ---- */

static bool is_uefi(const OsDef *os) {
        return os->firmware == FIRMWARE_EFI || os->loader_type == LOADER_PFLASH;
}

static int check_firmware(const Completion *completion, Error **err) {
        const DomainDef *def = completion->def;

        if (is_uefi(&def->os) && completion_is_x86(completion) && !def->features.acpi)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "UEFI requires ACPI on this architecture");
        if (def->os.loader_secure == TRISTATE_YES && completion->kind != MACHINE_Q35)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Secure boot is supported with q35 machine types only");
        if (def->os.loader_secure == TRISTATE_YES && def->features.smm != TRISTATE_YES)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Secure boot requires SMM feature enabled");
        if (def->os.bios_useserial == TRISTATE_YES && def->serials.n == 0)
                return error_set_from(err, ERROR_FROM_QEMU, ERROR_XML, "need at least one serial port to use BIOS serial output");
        if (def->has_genid && !completion_is_x86(completion))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "this QEMU does not support the 'genid' capability");
        return 0;
}

/* ---- features ---- */

static int unsupported_feature(const Completion *completion, const char *feature, Error **err) {
        return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                         "The '%s' feature is not supported for architecture '%s' or machine type '%s'", feature,
                         completion->def->os.arch, completion->def->os.machine);
}

static int check_features(const Completion *completion, Error **err) {
        const FeaturesDef *features = &completion->def->features;
        bool x86 = completion_is_x86(completion), pseries = completion->kind == MACHINE_PSERIES;
        const struct {
                const char *name;
                bool asked, here;
        } rows[] = {
                { "smm", features->smm == TRISTATE_YES, x86 },
                { "ioapic", features->ioapic != NULL, x86 },
                { "vmport", features->vmport != TRISTATE_UNSET, x86 },
                { "hyperv", features->has_hyperv, x86 },
                { "gic", features->gic, false },
                { "htm", features->htm != TRISTATE_UNSET, pseries },
                { "hpt", features->hpt_resizing || features->hpt_maxpagesize_kib, pseries },
                { "nested-hv", features->nested_hv != TRISTATE_UNSET, pseries },
                { "ccf-assist", features->ccf_assist != TRISTATE_UNSET, pseries },
                { "cfpc", features->cfpc != NULL, pseries },
                { "sbbc", features->sbbc != NULL, pseries },
                { "ibs", features->ibs != NULL, pseries },
        };

        if (features->apic_eoi && !x86)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "The 'eoi' attribute of the 'apic' feature is not supported for architecture '%s' or "
                                 "machine type '%s'",
                                 completion->def->os.arch, completion->def->os.machine);
        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                if (rows[i].asked && !rows[i].here)
                        return unsupported_feature(completion, rows[i].name, err);
        return 0;
}

static int check_cpu(const Completion *completion, Error **err) {
        const CpuDef *cpu = completion->def->cpu;

        if (cpu && cpu->cache_mode && !completion_is_x86(completion))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "CPU cache specification is not supported for '%s' architecture",
                                 completion->def->os.arch);
        return 0;
}

/* ---- what happens at the end ---- */

static int check_lifecycle(const Completion *completion, Error **err) {
        const DomainDef *def = completion->def;

        if (def->on_reboot == ACTION_PRESERVE || def->on_poweroff == ACTION_PRESERVE)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "qemu driver doesn't support the 'preserve' action for 'on_reboot'/'on_poweroff'");
        if (def->on_reboot == ACTION_RENAME_RESTART || def->on_poweroff == ACTION_RENAME_RESTART ||
            def->on_crash == ACTION_RENAME_RESTART)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "qemu driver doesn't support the 'rename-restart' action for "
                                 "'on_reboot'/'on_poweroff'/'on_crash'");
        if (def->on_poweroff == ACTION_RESTART && def->on_reboot == ACTION_DESTROY)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "qemu driver doesn't support 'onReboot' set to 'destroy and 'onPoweroff' set to 'reboot'");
        return 0;
}

/* ---- boot order and aliases: each once ---- */

typedef struct Seen {
        const DomainDef *def;
        const DeviceRef *device;
        Error **err;
} Seen;

static int same_order(const DeviceRef *other, void *userdata) {
        const Seen *seen = userdata;

        return other->info && other->info != seen->device->info && other->info->boot_order == seen->device->info->boot_order;
}

static int check_boot_order(const DeviceRef *device, void *userdata) {
        const Seen *seen = userdata;

        if (!device->info || device->info->boot_order == 0)
                return 0;
        if (seen->def->os.boot.n > 0)
                return error_set_from(seen->err, ERROR_FROM_DOMAIN, ERROR_CONFIG_UNSUPPORTED,
                                      "per-device boot elements cannot be used together with os/boot elements");
        if (domain_def_each_device(seen->def, same_order, &(Seen) { .device = device }))
                return error_set_from(seen->err, ERROR_FROM_DOMAIN, ERROR_CONFIG_UNSUPPORTED,
                                      "boot order '%u' used for more than one device", device->info->boot_order);
        return 0;
}

static int same_alias(const DeviceRef *other, void *userdata) {
        const Seen *seen = userdata;

        return other->info && other->info != seen->device->info && other->info->alias &&
               streq(other->info->alias, seen->device->info->alias);
}

static int check_alias(const DeviceRef *device, void *userdata) {
        const Seen *seen = userdata;

        if (device->info && device->info->alias && domain_def_each_device(seen->def, same_alias, &(Seen) { .device = device }))
                return error_set_from(seen->err, ERROR_FROM_DOMAIN, ERROR_CONFIG_UNSUPPORTED, "non unique alias detected: %s",
                                      device->info->alias);
        return 0;
}

static int check_unique(const Completion *completion, Error **err) {
        Seen seen = { .def = completion->def, .err = err };

        if (domain_def_each_device(completion->def, check_boot_order, &seen) < 0)
                return -1;
        return domain_def_each_device(completion->def, check_alias, &seen) < 0 ? -1 : 0;
}

int complete_checks(Completion *completion, Error **err) {
        static int (*const checks[])(const Completion *completion, Error **err) = {
                check_firmware, check_features, check_cpu, check_lifecycle, check_unique, check_devices,
        };

        for (size_t i = 0; i < N_ELEMENTS(checks); i++)
                if (checks[i](completion, err) < 0)
                        return -1;
        return 0;
}
