/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/elements.h"

#include <errno.h>

NAMES(boot_dev_table, BOOT_DEV_TYPE_MAX, "boot device", "", "fd", "hd", "cdrom", "network");
NAMES(firmware_table, FIRMWARE_TYPE_MAX, "firmware", "", "bios", "efi");
NAMES(loader_type_table, LOADER_TYPE_MAX, "loader type", "", "rom", "pflash");
NAMES(clock_offset_table, CLOCK_OFFSET_TYPE_MAX, "clock offset", "", "utc", "localtime", "variable", "timezone", "absolute");
NAMES(timer_name_table, TIMER_NAME_TYPE_MAX, "timer name", "", "platform", "pit", "rtc", "hpet", "tsc", "kvmclock", "hypervclock",
      "armvtimer");
NAMES(tick_policy_table, TICK_POLICY_TYPE_MAX, "timer tickpolicy", "", "delay", "catchup", "merge", "discard");
WORDS_OF(firmware_feature_words, "firmware feature", "enrolled-keys", "secure-boot");
WORDS_OF(smbios_words, "smbios mode", "emulate", "host", "sysinfo");
WORDS_OF(firmware_format_words, "firmware format", "raw", "qcow2");
WORDS_OF(acpi_table_words, "ACPI table type", "slic");
WORDS_OF(gic_words, "gic version", "host", "2", "3");
WORDS_OF(ioapic_words, "ioapic driver", "qemu", "kvm");
WORDS_OF(hpt_words, "hpt resizing", "enabled", "disabled", "required");
WORDS_OF(mitigation_words, "mitigation", "broken", "workaround", "fixed");
WORDS_OF(ibs_words, "ibs", "broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na");
WORDS_OF(msrs_words, "unknown msrs", "ignore", "fault");
WORDS_OF(hyperv_words, "hyperv mode", "custom", "passthrough");
WORDS_OF(basis_words, "clock basis", "utc", "localtime");
WORDS_OF(track_words, "timer track", "boot", "guest", "wall", "realtime");
WORDS_OF(timer_mode_words, "timer mode", "auto", "native", "emulate", "paravirt", "smpsafe");

/* ---- os ---- */

static const Row boot_rows[] = {
        ENUM("@dev", OsBoot, dev, boot_dev_table, .flags = ROW_REQUIRED),
        {}
};
static const Element boot_element = { sizeof(OsBoot), boot_rows };

static const Row firmware_feature_rows[] = {
        YESNO("@enabled", FirmwareFeature, enabled, .flags = ROW_REQUIRED),
        WORD("@name", FirmwareFeature, name, firmware_feature_words, .flags = ROW_REQUIRED),
        {}
};
static const Element firmware_feature_element = { sizeof(FirmwareFeature), firmware_feature_rows };

static const Row os_rows[] = {
        ENUM("@firmware", OsDef, firmware, firmware_table),
        STRING("type@arch", OsDef, arch),
        STRING("type@machine", OsDef, machine),
        STRING("type", OsDef, type, .flags = ROW_REQUIRED),
        LIST("firmware/feature", OsDef, firmware_features, firmware_feature_element),
        UNSUPPORTED("init"),
        UNSUPPORTED("initarg"),
        UNSUPPORTED("initenv"),
        UNSUPPORTED("initdir"),
        UNSUPPORTED("inituser"),
        UNSUPPORTED("initgroup"),
        YESNO("loader@readonly", OsDef, loader_readonly),
        YESNO("loader@secure", OsDef, loader_secure),
        ENUM("loader@type", OsDef, loader_type, loader_type_table),
        YESNO("loader@stateless", OsDef, loader_stateless),
        WORD("loader@format", OsDef, loader_format, firmware_format_words, .since = 9002000),
        STRING("loader", OsDef, loader, .flags = ROW_HOST),
        FLAG("nvram", OsDef, has_nvram),
        STRING("nvram@template", OsDef, nvram_template, .flags = ROW_HOST),
        WORD("nvram@format", OsDef, nvram_format, firmware_format_words, .since = 9002000),
        STRING("nvram", OsDef, nvram, .flags = ROW_HOST),
        STRING("kernel", OsDef, kernel, .flags = ROW_HOST),
        STRING("initrd", OsDef, initrd, .flags = ROW_HOST),
        STRING("cmdline", OsDef, cmdline),
        STRING("dtb", OsDef, dtb, .flags = ROW_HOST),
        UNSUPPORTED("root"),
        WORD("acpi/table@type", OsDef, acpi_table_type, acpi_table_words, .flags = ROW_REQUIRED),
        STRING("acpi/table", OsDef, acpi_table, .flags = ROW_HOST),
        LIST("boot", OsDef, boot, boot_element),
        YESNO("bootmenu@enable", OsDef, bootmenu),
        OPTUINT("bootmenu@timeout", OsDef, bootmenu_timeout),
        YESNO("bios@useserial", OsDef, bios_useserial),
        OPTINT("bios@rebootTimeout", OsDef, bios_reboot_timeout),
        WORD("smbios@mode", OsDef, smbios_mode, smbios_words, .flags = ROW_REQUIRED),
        {}
};

static int check_os(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const OsDef *os = object;

        if (!streq(os->type, "hvm")) {
                CLEANUP(free) char *subject = xasprintf("os type '%s'", os->type);

                return element_refuse(parser, element_child(node, "type"), NULL, ERROR_CONFIG_UNSUPPORTED, subject, err,
                                      "QEMU guests are of type 'hvm'");
        }
        if (os->bootmenu_timeout.value > 65535)
                return element_refuse(parser, element_child(node, "bootmenu"), "timeout", ERROR_XML, "bootmenu timeout", err,
                                      "it must be from 0 to 65535 milliseconds");
        if (os->bios_reboot_timeout.set && (os->bios_reboot_timeout.value < -1 || os->bios_reboot_timeout.value > 65535))
                return element_refuse(parser, element_child(node, "bios"), "rebootTimeout", ERROR_XML, "bios rebootTimeout", err,
                                      "it must be from -1 to 65535");
        if (os->loader_stateless == TRISTATE_YES && os->has_nvram)
                return element_refuse(parser, element_child(node, "nvram"), NULL, ERROR_XML, "<nvram>", err,
                                      "a stateless loader has no variable store");
        return 0;
}

const Element os_element = { sizeof(OsDef), os_rows, check_os };

/* ---- features ---- */

/* libvirt prints the size of the TSEG in the largest unit that divides it. */
static unsigned size_exponent(uint64_t bytes) {
        unsigned exponent = 0;

        for (; bytes && bytes % 1024 == 0 && exponent < 6; bytes /= 1024)
                exponent++;
        return exponent;
}

static const char *pretty_unit(const void *field) {
        static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

        return units[size_exponent(*(const uint64_t *) field)];
}

static int read_pretty(const Row *row, const char *text, const char *unit, void *field) {
        return row_bytes.read(row, text, unit, field);
}

static bool print_pretty(const Row *row, const void *field, StrBuf *text) {
        uint64_t bytes = *(const uint64_t *) field;

        if (bytes)
                strbuf_addf(text, "%llu", (unsigned long long) (bytes >> 10 * size_exponent(bytes)));
        return bytes;
}

static const RowType row_pretty_bytes = {
        .storage = STORE_PLAIN, .size = sizeof(uint64_t), .unit = "bytes", .unit_of = pretty_unit, .want = "a size with its unit",
        .read = read_pretty, .print = print_pretty,
};

#define F_STATE(path, field) ONOFF(path "@state", FeaturesDef, field)
#define F_HYPERV(path, field) ONOFF("hyperv/" path "@state", FeaturesDef, hyperv.field, .flags = ROW_REQUIRED)
#define F_KVM(path, field) ONOFF("kvm/" path "@state", FeaturesDef, kvm.field, .flags = ROW_REQUIRED)

static const Row features_rows[] = {
        FLAG("acpi", FeaturesDef, acpi),
        FLAG("apic", FeaturesDef, apic),
        ONOFF("apic@eoi", FeaturesDef, apic_eoi),
        FLAG("pae", FeaturesDef, pae),
        F_STATE("hap", hap),
        FLAG("viridian", FeaturesDef, viridian),
        FLAG("privnet", FeaturesDef, privnet),
        FLAG("hyperv", FeaturesDef, has_hyperv),
        WORD("hyperv@mode", FeaturesDef, hyperv_mode, hyperv_words),
        F_HYPERV("relaxed", relaxed),
        F_HYPERV("vapic", vapic),
        F_HYPERV("spinlocks", spinlocks),
        UINT("hyperv/spinlocks@retries", FeaturesDef, hyperv.spinlock_retries),
        F_HYPERV("vpindex", vpindex),
        F_HYPERV("runtime", runtime),
        F_HYPERV("synic", synic),
        F_HYPERV("stimer", stimer),
        ONOFF("hyperv/stimer/direct@state", FeaturesDef, hyperv.stimer_direct, .flags = ROW_REQUIRED),
        F_HYPERV("reset", reset),
        F_HYPERV("vendor_id", vendor_id),
        STRING("hyperv/vendor_id@value", FeaturesDef, hyperv.vendor),
        F_HYPERV("frequencies", frequencies),
        F_HYPERV("reenlightenment", reenlightenment),
        F_HYPERV("tlbflush", tlbflush),
        F_HYPERV("ipi", ipi),
        F_HYPERV("evmcs", evmcs),
        F_HYPERV("avic", avic),
        ONOFF("hyperv/emsr_bitmap@state", FeaturesDef, hyperv.emsr_bitmap, .flags = ROW_REQUIRED, .since = 10007000),
        ONOFF("hyperv/xmm_input@state", FeaturesDef, hyperv.xmm_input, .flags = ROW_REQUIRED, .since = 10007000),
        FLAG("kvm", FeaturesDef, has_kvm),
        F_KVM("hidden", hidden),
        F_KVM("hint-dedicated", hint_dedicated),
        F_KVM("poll-control", poll_control),
        F_KVM("pv-ipi", pv_ipi),
        F_KVM("dirty-ring", dirty_ring),
        UINT("kvm/dirty-ring@size", FeaturesDef, kvm.dirty_ring_size),
        F_STATE("pvspinlock", pvspinlock),
        UNSUPPORTED("capabilities"),
        F_STATE("pmu", pmu),
        F_STATE("vmport", vmport),
        FLAG("gic", FeaturesDef, gic),
        WORD("gic@version", FeaturesDef, gic_version, gic_words),
        F_STATE("smm", smm),
        { "smm/tseg", &row_pretty_bytes, FIELD_IS(FeaturesDef, smm_tseg_bytes, uint64_t) },
        WORD("ioapic@driver", FeaturesDef, ioapic, ioapic_words, .flags = ROW_REQUIRED),
        WORD("hpt@resizing", FeaturesDef, hpt_resizing, hpt_words),
        KIB("hpt/maxpagesize", FeaturesDef, hpt_maxpagesize_kib),
        F_STATE("vmcoreinfo", vmcoreinfo),
        ONOFF("htm@state", FeaturesDef, htm, .flags = ROW_REQUIRED),
        ONOFF("nested-hv@state", FeaturesDef, nested_hv, .flags = ROW_REQUIRED),
        WORD("msrs@unknown", FeaturesDef, msrs_unknown, msrs_words, .flags = ROW_REQUIRED),
        ONOFF("ccf-assist@state", FeaturesDef, ccf_assist, .flags = ROW_REQUIRED),
        UNSUPPORTED("xen"),
        WORD("cfpc@value", FeaturesDef, cfpc, mitigation_words, .flags = ROW_REQUIRED),
        WORD("sbbc@value", FeaturesDef, sbbc, mitigation_words, .flags = ROW_REQUIRED),
        WORD("ibs@value", FeaturesDef, ibs, ibs_words, .flags = ROW_REQUIRED),
        KIB("tcg/tb-cache", FeaturesDef, tcg_tb_cache_kib),
        ONOFF("async-teardown@enabled", FeaturesDef, async_teardown, .since = 9006000),
        F_STATE("ras", ras),
        {}
};

typedef struct ImpliedState {
        const char *element;
        size_t state;
} ImpliedState;

/* <pmu/> says "on". */
static const ImpliedState implied_states[] = {
        { "hap", offsetof(FeaturesDef, hap) },
        { "pmu", offsetof(FeaturesDef, pmu) },
        { "vmport", offsetof(FeaturesDef, vmport) },
        { "pvspinlock", offsetof(FeaturesDef, pvspinlock) },
        { "smm", offsetof(FeaturesDef, smm) },
        { "vmcoreinfo", offsetof(FeaturesDef, vmcoreinfo) },
};

static int check_features(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        FeaturesDef *features = object;
        const xmlNode *hyperv = element_child(node, "hyperv"), *spinlocks = hyperv ? element_child(hyperv, "spinlocks") : NULL;

        for (size_t i = 0; i < N_ELEMENTS(implied_states); i++) {
                Tristate *state = (Tristate *) ((char *) object + implied_states[i].state);

                if (!*state && element_child(node, implied_states[i].element))
                        *state = TRISTATE_YES;
        }
        if (features->has_hyperv && !features->hyperv_mode)
                features->hyperv_mode = xstrdup("custom");
        if (features->hyperv.spinlocks == TRISTATE_YES && features->hyperv.spinlock_retries < 0xfff &&
            element_attribute(spinlocks, "retries"))
                return element_refuse(parser, spinlocks, "retries", ERROR_XML, "HyperV spinlock retry count", err,
                                      "it must be at least 4095");
        if (features->hyperv.vendor && (strlen(features->hyperv.vendor) > 12 || strchr(features->hyperv.vendor, ',')))
                return element_refuse(parser, element_child(hyperv, "vendor_id"), "value", ERROR_XML, "HyperV vendor_id value",
                                      err, "it must be at most 12 characters without a comma");
        return 0;
}

const Element features_element = { sizeof(FeaturesDef), features_rows, check_features };

/* ---- clock ---- */

static const Row timer_rows[] = {
        ENUM("@name", TimerDef, name, timer_name_table, .flags = ROW_REQUIRED),
        YESNO("@present", TimerDef, present),
        ENUM("@tickpolicy", TimerDef, tickpolicy, tick_policy_table),
        WORD("@track", TimerDef, track, track_words),
        U64("@frequency", TimerDef, frequency),
        WORD("@mode", TimerDef, mode, timer_mode_words),
        UINT("catchup@threshold", TimerDef, catchup_threshold),
        UINT("catchup@slew", TimerDef, catchup_slew),
        UINT("catchup@limit", TimerDef, catchup_limit),
        {}
};
static const Element timer_element = { sizeof(TimerDef), timer_rows };

#define OF_OFFSETS(mask) WHEN(ClockDef, offset, (mask))

static const Row clock_rows[] = {
        ENUM("@offset", ClockDef, offset, clock_offset_table, .fallback = CLOCK_UTC),
        STRING("@adjustment", ClockDef, adjustment,
             OF_OFFSETS(BIT(CLOCK_UTC) | BIT(CLOCK_LOCALTIME) | BIT(CLOCK_VARIABLE) | BIT(CLOCK_OFFSET_UNSET))),
        WORD("@basis", ClockDef, basis, basis_words, OF_OFFSETS(BIT(CLOCK_VARIABLE))),
        STRING("@timezone", ClockDef, timezone, OF_OFFSETS(BIT(CLOCK_TIMEZONE)), .flags = ROW_REQUIRED),
        OPTU64("@start", ClockDef, start, OF_OFFSETS(BIT(CLOCK_ABSOLUTE)), .flags = ROW_REQUIRED),
        LIST("timer", ClockDef, timers, timer_element),
        {}
};

static int check_clock(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const ClockDef *clock = object;
        OptInt seconds = {};

        if (!clock->adjustment || streq(clock->adjustment, "reset") ||
            row_opt_int.read(NULL, clock->adjustment, NULL, &seconds) == 0)
                return 0;
        return element_refuse(parser, node, "adjustment", ERROR_XML, "clock adjustment", err,
                              "it must be 'reset' or a number of seconds");
}

const Element clock_element = { sizeof(ClockDef), clock_rows, check_clock };
