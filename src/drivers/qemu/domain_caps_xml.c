/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_caps_xml.c - virConnectGetDomainCapabilities: what a guest of one binary, machine and accelerator may be made of. */
#include "conf/domain_def.h"
#include "cpumodel/cpu_expand.h"
#include "drivers/qemu/capabilities.h"
#include "drivers/qemu/qemu_arch.h"
#include "util/strbuf.h"

typedef struct Report {
        StrBuf xml;
        const QemuCaps *caps;
        const QemuMachine *machine;
        const CpuHost *cpu;             /* NULL: not probed */
        bool kvm, x86, s390, ppc;
        bool pseries, pc;
} Report;

/* ---- Pieces of text ---- */

#define MAX_VALUES 32

typedef struct Values {                 /* of an <enum>; borrowed */
        const char *items[MAX_VALUES];
        size_t n;
} Values;

static void value_if(Values *values, bool present, const char *value) {
        if (present && values->n < MAX_VALUES)
                values->items[values->n++] = value;
}

static void add_enum(Report *report, int indent, const char *name, const Values *values) {
        strbuf_addf(&report->xml, "%*s<enum name='%s'%s>\n", indent, "", name, values->n ? "" : "/");
        for (size_t i = 0; i < values->n; i++) {
                strbuf_addf(&report->xml, "%*s  <value>", indent, "");
                strbuf_add_xml(&report->xml, values->items[i]);
                strbuf_add(&report->xml, "</value>\n");
        }
        if (values->n)
                strbuf_addf(&report->xml, "%*s</enum>\n", indent, "");
}

/* "<tag supported='yes'>" to be closed, or "<tag supported='no'/>". */
static bool open_element(Report *report, int indent, const char *tag, bool supported) {
        strbuf_addf(&report->xml, "%*s<%s supported='%s'%s>\n", indent, "", tag, supported ? "yes" : "no", supported ? "" : "/");
        return supported;
}

static void close_element(Report *report, int indent, const char *tag) {
        strbuf_addf(&report->xml, "%*s</%s>\n", indent, "", tag);
}

static void add_flag(Report *report, int indent, const char *tag, bool supported) {
        strbuf_addf(&report->xml, "%*s<%s supported='%s'/>\n", indent, "", tag, supported ? "yes" : "no");
}

static bool has_device(const Report *report, const char *type) {
        return qemu_caps_has_device(report->caps, type);
}

/* ---- <os> ---- */

static void add_os(Report *report) {
        static const char *const x86_loaders[] = { "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_CODE_4M.fd" };
        Values none = {}, types = { { "rom", "pflash" }, 2 }, readonly = { { "yes", "no" }, 2 }, secure = { { "no" }, 1 };

        open_element(report, 2, "os", true);
        add_enum(report, 4, "firmware", &none);
        open_element(report, 4, "loader", true);
        for (size_t i = 0; report->x86 && i < N_ELEMENTS(x86_loaders); i++)
                if (access(x86_loaders[i], R_OK) == 0)
                        strbuf_addf(&report->xml, "      <value>%s</value>\n", x86_loaders[i]);
        add_enum(report, 6, "type", &types);
        add_enum(report, 6, "readonly", &readonly);
        add_enum(report, 6, "secure", &secure);
        close_element(report, 4, "loader");
        close_element(report, 2, "os");
}

/* ---- <cpu> ---- */

static void add_mode_with_migratable(Report *report, const char *mode, const char *enum_name, bool supported, bool can_be_migratable) {
        Values migratable = { { "off" }, 1 };

        strbuf_addf(&report->xml, "    <mode name='%s' supported='%s'%s>\n", mode, supported ? "yes" : "no", supported ? "" : "/");
        if (!supported)
                return;
        if (can_be_migratable)
                migratable = (Values) { { "on", "off" }, 2 };
        add_enum(report, 6, enum_name, &migratable);
        strbuf_add(&report->xml, "    </mode>\n");
}

static const char *vendor_of(const Report *report, const CpuModelFacts *model) {
        return report->ppc ? "IBM" : model && model->vendor ? model->vendor : "unknown";
}

/* As a start of a host-model guest would get it, had nobody asked for anything. */
static CpuExpansion *expand_host_model(const Report *report) {
        CpuDef host_model = { .mode = CPU_MODE_HOST_MODEL };
        CpuExpandOptions options = { .strip = CPU_STRIP_NEVER };

        if (!report->cpu || !report->cpu->can_expand || (report->s390 && !report->kvm))
                return NULL;
        return cpu_expand(&host_model, qemu_caps_arch(report->caps), report->cpu, &options);
}

static void add_host_model(Report *report) {
        CLEANUP(cpu_expansion_free) CpuExpansion *expansion = expand_host_model(report);
        const CpuDef *cpu = expansion && expansion->n_problems == 0 ? expansion->cpu : NULL;
        const CpuModelFacts *model = cpu && cpu->model ? cpu_host_find_model(report->cpu, cpu->model) : NULL;

        if (!cpu || !cpu->model) {
                strbuf_add(&report->xml, "    <mode name='host-model' supported='no'/>\n");
                return;
        }
        strbuf_add(&report->xml, "    <mode name='host-model' supported='yes'>\n      <model fallback='forbid'>");
        strbuf_add_xml(&report->xml, cpu->model);
        strbuf_add(&report->xml, "</model>\n");
        if (report->x86 && model && model->vendor)
                strbuf_addf(&report->xml, "      <vendor>%s</vendor>\n", model->vendor);
        LIST_FOR(feature, &cpu->features)
                strbuf_addf(&report->xml, "      <feature policy='%s' name='%s'/>\n",
                            feature->policy == CPU_POLICY_DISABLE ? "disable" : "require", feature->name);
        strbuf_add(&report->xml, "    </mode>\n");
}

/* libvirt knows the unversioned names; "Haswell-v4" and such are QEMU's alone. */
static bool is_listed(const Report *report, const CpuModelFacts *model) {
        const char *dash = strrchr(model->name, '-');
        size_t len = strlen(model->name);

        if (report->ppc)
                return streq(model->name, "POWER10") || (strncmp(model->name, "POWER", 5) == 0 && len == 6 && model->name[5] >= '7');
        if (streq(model->name, "host") || (report->x86 && (streq(model->name, "max") || streq(model->name, "base"))))
                return false;
        return !report->x86 || !dash || dash[1] != 'v' || !dash[2] || dash[2 + strspn(dash + 2, "0123456789")];
}

static void add_custom(Report *report) {
        bool supported = report->cpu && report->cpu->n_models > 0;

        strbuf_addf(&report->xml, "    <mode name='custom' supported='%s'%s>\n", supported ? "yes" : "no", supported ? "" : "/");
        if (!supported)
                return;
        for (size_t i = 0; i < report->cpu->n_models; i++) {
                const CpuModelFacts *model = &report->cpu->models[i];
                const char *usable = report->ppc ? "unknown" : model->usable ? "yes" : "no";

                if (!is_listed(report, model))
                        continue;
                strbuf_addf(&report->xml, "      <model usable='%s'%s vendor='%s'>", usable, model->deprecated ? " deprecated='yes'" : "",
                            vendor_of(report, model));
                strbuf_add_xml(&report->xml, model->name);
                strbuf_add(&report->xml, "</model>\n");
        }
        strbuf_add(&report->xml, "    </mode>\n");
}

static void add_cpu(Report *report) {
        bool has_max = report->cpu && cpu_host_find_model(report->cpu, "max");

        strbuf_add(&report->xml, "  <cpu>\n");
        add_mode_with_migratable(report, "host-passthrough", "hostPassthroughMigratable", report->kvm, report->x86);
        add_mode_with_migratable(report, "maximum", "maximumMigratable", has_max, report->x86 || report->s390);
        add_host_model(report);
        add_custom(report);
        strbuf_add(&report->xml, "  </cpu>\n");
}

/* ---- <devices>: what this command line can say, and only that ---- */

static void add_disk(Report *report) {
        Values devices = {}, buses = {}, models = {};

        value_if(&devices, true, "disk");
        value_if(&devices, true, "cdrom");
        value_if(&devices, !report->pseries, "floppy");
        value_if(&devices, true, "lun");
        value_if(&buses, report->pc, "ide");
        value_if(&buses, !report->pseries, "fdc");
        value_if(&buses, true, "scsi");
        value_if(&buses, true, "virtio");
        value_if(&buses, has_device(report, "usb-storage"), "usb");
        value_if(&buses, has_device(report, "ich9-ahci"), "sata");
        value_if(&models, true, "virtio");
        value_if(&models, has_device(report, "virtio-blk-pci-transitional"), "virtio-transitional");
        value_if(&models, has_device(report, "virtio-blk-pci-non-transitional"), "virtio-non-transitional");
        open_element(report, 4, "disk", true);
        add_enum(report, 6, "diskDevice", &devices);
        add_enum(report, 6, "bus", &buses);
        add_enum(report, 6, "model", &models);
        close_element(report, 4, "disk");
}

static void add_display(Report *report) {
        Values graphics = {}, videos = {};

        value_if(&graphics, qemu_caps_has_command(report->caps, "query-vnc"), "vnc");
        value_if(&graphics, qemu_caps_has_command(report->caps, "query-spice"), "spice");
        value_if(&graphics, true, "egl-headless");
        open_element(report, 4, "graphics", true);
        add_enum(report, 6, "type", &graphics);
        close_element(report, 4, "graphics");

        value_if(&videos, has_device(report, "VGA"), "vga");
        value_if(&videos, has_device(report, "cirrus-vga"), "cirrus");
        value_if(&videos, has_device(report, "vmware-svga"), "vmvga");
        value_if(&videos, has_device(report, "qxl"), "qxl");
        value_if(&videos, has_device(report, "virtio-gpu-pci") || has_device(report, "virtio-gpu-ccw"), "virtio");
        value_if(&videos, true, "none");
        value_if(&videos, has_device(report, "bochs-display"), "bochs");
        value_if(&videos, has_device(report, "ramfb"), "ramfb");
        open_element(report, 4, "video", true);
        add_enum(report, 6, "modelType", &videos);
        close_element(report, 4, "video");
}

static void add_hostdev(Report *report) {
        Values modes = { { "subsystem" }, 1 }, policies = { { "default", "mandatory", "requisite", "optional" }, 4 }, types = {}, none = {};

        value_if(&types, has_device(report, "usb-host"), "usb");
        value_if(&types, has_device(report, "vfio-pci"), "pci");
        open_element(report, 4, "hostdev", true);
        add_enum(report, 6, "mode", &modes);
        add_enum(report, 6, "startupPolicy", &policies);
        add_enum(report, 6, "subsysType", &types);
        add_enum(report, 6, "capsType", &none);
        add_enum(report, 6, "pciBackend", &none);
        close_element(report, 4, "hostdev");
}

static void add_rng(Report *report) {
        Values models = {}, backends = {};
        bool supported = has_device(report, "virtio-rng-pci") || has_device(report, "virtio-rng-ccw");

        value_if(&models, true, "virtio");
        value_if(&models, has_device(report, "virtio-rng-pci-transitional"), "virtio-transitional");
        value_if(&models, has_device(report, "virtio-rng-pci-non-transitional"), "virtio-non-transitional");
        value_if(&backends, qemu_caps_has_object(report->caps, "rng-random"), "random");
        value_if(&backends, qemu_caps_has_object(report->caps, "rng-egd"), "egd");
        value_if(&backends, qemu_caps_has_object(report->caps, "rng-builtin"), "builtin");
        if (!open_element(report, 4, "rng", supported))
                return;
        add_enum(report, 6, "model", &models);
        add_enum(report, 6, "backendModel", &backends);
        close_element(report, 4, "rng");
}

static bool in_list(const char *const *list, const char *name) {
        while (*list && !streq(*list, name))
                list++;
        return *list;
}

static void add_tpm(Report *report) {
        bool passthrough = in_list(qemu_caps_tpm_backends(report->caps), "passthrough");
        Values models = {}, backends = { { "passthrough" }, 1 };

        value_if(&models, has_device(report, "tpm-tis"), "tpm-tis");
        value_if(&models, has_device(report, "tpm-crb"), "tpm-crb");
        value_if(&models, has_device(report, "tpm-spapr"), "tpm-spapr");
        if (!open_element(report, 4, "tpm", passthrough && models.n))
                return;
        add_enum(report, 6, "model", &models);
        add_enum(report, 6, "backendModel", &backends);
        close_element(report, 4, "tpm");
}

static void add_devices(Report *report) {
        Values drivers = { { "path" }, 1 }, channels = { { "pty", "unix" }, 2 };

        value_if(&channels, qemu_caps_has_command(report->caps, "query-spice"), "spicevmc");
        open_element(report, 2, "memoryBacking", true);
        add_enum(report, 4, "sourceType", &(Values) { { "file", "anonymous", "memfd" }, 2 + qemu_caps_has_object(report->caps, "memory-backend-memfd") });
        close_element(report, 2, "memoryBacking");
        strbuf_add(&report->xml, "  <devices>\n");
        add_disk(report);
        add_display(report);
        add_hostdev(report);
        add_rng(report);
        open_element(report, 4, "filesystem", true);
        add_enum(report, 6, "driverType", &drivers);
        close_element(report, 4, "filesystem");
        add_tpm(report);
        if (open_element(report, 4, "redirdev", has_device(report, "usb-redir"))) {
                add_enum(report, 6, "bus", &(Values) { { "usb" }, 1 });
                close_element(report, 4, "redirdev");
        }
        open_element(report, 4, "channel", true);
        add_enum(report, 6, "type", &channels);
        close_element(report, 4, "channel");
        strbuf_add(&report->xml, "  </devices>\n");
}

/* ---- <features> ---- */

static bool sev_works(const Report *report) {
        return report->kvm && qemu_caps_has_confidential_object(report->caps, "sev-guest") && qemu_caps_sev(report->caps, NULL);
}

static void add_sev(Report *report) {
        json_object *sev = qemu_caps_sev(report->caps, NULL);
        const char *id;

        if (!open_element(report, 4, "sev", sev_works(report)))
                return;
        strbuf_addf(&report->xml, "      <cbitpos>%llu</cbitpos>\n      <reducedPhysBits>%llu</reducedPhysBits>\n",
                    (unsigned long long) json_get_uint(sev, "cbitpos", 0), (unsigned long long) json_get_uint(sev, "reduced-phys-bits", 0));
        strbuf_add(&report->xml, "      <maxGuests>0</maxGuests>\n      <maxESGuests>0</maxESGuests>\n");
        id = json_get_string(sev, "cpu0-id");
        if (id) {
                strbuf_add(&report->xml, "      <cpu0Id>");
                strbuf_add_xml(&report->xml, id);
                strbuf_add(&report->xml, "</cpu0Id>\n");
        }
        close_element(report, 4, "sev");
}

static void add_hyperv(Report *report) {
        static const struct {
                const char *name, *property;
                bool tcg;
        } rows[] = {
                { "relaxed", "hv-relaxed" }, { "vapic", "hv-vapic" }, { "spinlocks", "hv-spinlocks", true }, { "vpindex", "hv-vpindex" },
                { "runtime", "hv-runtime" }, { "synic", "hv-synic" }, { "stimer", "hv-stimer" }, { "reset", "hv-reset" },
                { "vendor_id", "hv-vendor-id", true }, { "frequencies", "hv-frequencies" }, { "reenlightenment", "hv-reenlightenment" },
                { "tlbflush", "hv-tlbflush" }, { "ipi", "hv-ipi" }, { "evmcs", "hv-evmcs" }, { "avic", "hv-avic" },
        };
        Values features = {};

        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                value_if(&features, rows[i].tcg || (report->kvm && cpu_feature_set_has(&report->cpu->known, rows[i].property)), rows[i].name);
        open_element(report, 4, "hyperv", true);
        add_enum(report, 6, "features", &features);
        close_element(report, 4, "hyperv");
}

/* A technology is listed when the binary really implements its object, for KVM guests: the objects need it (R80). */
static void add_launch_security(Report *report) {
        Values types = {};

        value_if(&types, sev_works(report), "sev");
        value_if(&types, report->kvm && qemu_caps_has_confidential_object(report->caps, "sev-snp-guest"), "sev-snp");
        value_if(&types, report->kvm && qemu_caps_has_confidential_object(report->caps, "s390-pv-guest"), "s390-pv");
        value_if(&types, report->kvm && qemu_caps_has_confidential_object(report->caps, "tdx-guest"), "tdx");
        value_if(&types, report->kvm && qemu_caps_has_confidential_object(report->caps, "pef-guest"), "pef");
        if (!open_element(report, 4, "launchSecurity", types.n))
                return;
        add_enum(report, 6, "sectype", &types);
        close_element(report, 4, "launchSecurity");
}

static void add_features(Report *report) {
        strbuf_add(&report->xml, "  <features>\n");
        add_flag(report, 4, "gic", false);
        add_flag(report, 4, "vmcoreinfo", has_device(report, "vmcoreinfo") && report->x86);
        add_flag(report, 4, "genid", has_device(report, "vmgenid") && report->x86);
        add_flag(report, 4, "backingStoreInput", true);
        add_flag(report, 4, "backup", false);
        if (report->s390)
                add_flag(report, 4, "s390-pv", report->kvm && qemu_caps_has_confidential_object(report->caps, "s390-pv-guest"));
        add_sev(report);
        add_flag(report, 4, "sgx", false);
        if (report->x86)
                add_hyperv(report);
        add_launch_security(report);
        strbuf_add(&report->xml, "  </features>\n");
}

char *qemu_domain_capabilities_xml(const QemuCaps *caps, const QemuMachine *machine, QemuAccel accel) {
        const char *arch = qemu_caps_arch(caps);
        Report report = { .caps = caps, .machine = machine, .cpu = qemu_caps_accel(caps, accel)->cpu_host, .kvm = accel == QEMU_ACCEL_KVM };

        report.x86 = streq(arch, "x86_64") || streq(arch, "i686");
        report.s390 = streq(arch, "s390x");
        report.ppc = strncmp(arch, "ppc64", 5) == 0;
        report.pseries = report.ppc && strncmp(machine->name, "pseries", 7) == 0;
        report.pc = report.x86 && (strncmp(machine->name, "pc-i440fx", 9) == 0 || streq(machine->name, "isapc"));
        strbuf_add(&report.xml, "<domainCapabilities>\n  <path>");
        strbuf_add_xml(&report.xml, qemu_caps_binary(caps));
        strbuf_addf(&report.xml, "</path>\n  <domain>%s</domain>\n  <machine>", report.kvm ? "kvm" : "qemu");
        strbuf_add_xml(&report.xml, machine->name);
        strbuf_addf(&report.xml, "</machine>\n  <arch>%s</arch>\n", arch);
        if (machine->max_cpus)
                strbuf_addf(&report.xml, "  <vcpu max='%u'/>\n", machine->max_cpus);
        add_flag(&report, 2, "iothreads", qemu_caps_has_object(caps, "iothread"));
        add_os(&report);
        add_cpu(&report);
        add_devices(&report);
        add_features(&report);
        strbuf_add(&report.xml, "</domainCapabilities>\n");
        return strbuf_steal(&report.xml);
}

/* ---- The verb ---- */

typedef struct DomainCapsAsk {
        char *arch, *machine, *virttype;
        Reply *reply;
} DomainCapsAsk;

static void ask_free(DomainCapsAsk *ask) {
        free(ask->arch);
        free(ask->machine);
        free(ask->virttype);
        free(ask);
}

static int choose_accel(const QemuCaps *caps, const char *virttype, QemuAccel *ret, Error **err) {
        *ret = !virttype ? qemu_caps_best_accel(caps) : streq(virttype, "kvm") ? QEMU_ACCEL_KVM : QEMU_ACCEL_TCG;
        if ((virttype && !streq(virttype, "kvm") && !streq(virttype, "qemu")) || !qemu_caps_accel(caps, *ret)->usable)
                return error_set(err, ERROR_INVALID_ARG, "the accel '%s' is not supported by '%s' on this host", *ret == QEMU_ACCEL_KVM ? "kvm" : "tcg",
                                 qemu_caps_binary(caps));
        return 0;
}

static char *answer(const DomainCapsAsk *ask, const QemuCaps *caps, Error **err) {
        const QemuMachine *machine;
        QemuAccel accel;

        if (ask->arch && !streq(ask->arch, qemu_caps_arch(caps))) {
                error_set(err, ERROR_INVALID_ARG, "architecture from emulator '%s' doesn't match given architecture '%s'",
                          qemu_caps_arch(caps), ask->arch);
                return NULL;
        }
        machine = ask->machine ? qemu_caps_find_machine(caps, ask->machine) : qemu_caps_default_machine(caps);
        if (!machine) {
                error_set(err, ERROR_INVALID_ARG, "the machine '%s' is not supported by emulator '%s'", ask->machine ? ask->machine : "",
                          qemu_caps_binary(caps));
                return NULL;
        }
        if (choose_accel(caps, ask->virttype, &accel, err) < 0)
                return NULL;
        return qemu_domain_capabilities_xml(caps, machine, accel);
}

static void on_caps(QemuCaps *caps, const Error *err, void *userdata) {
        DomainCapsAsk *ask = userdata;
        CLEANUP(error_free) Error *refusal = NULL;
        CLEANUP(free) char *text = caps ? answer(ask, caps, &refusal) : NULL;

        if (text)
                reply_text(ask->reply, text);
        else
                reply_fail(ask->reply, caps ? refusal : err);
        ask_free(ask);
}

static int check_arguments(QemuCapsCache *cache, const char **emulator, const char *arch, const char *virttype, Error **err) {
        if (virttype && table_value(&virt_type_table, virttype) <= 0)
                return error_set(err, ERROR_INVALID_ARG, "unknown virttype: %s", virttype);
        if (arch && !qemu_arch_by_name(arch))
                return error_set(err, ERROR_INVALID_ARG, "unknown architecture: %s", arch);
        if (!*emulator)
                *emulator = qemu_caps_cache_default_binary(cache, arch);
        if (!*emulator)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "unable to find any emulator to serve '%s' architecture",
                                 arch ? arch : qemu_arch_of_host());
        return 0;
}

void qemu_domain_capabilities_ask(QemuCapsCache *cache, const char *emulator, const char *arch, const char *machine, const char *virttype,
                                  Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        DomainCapsAsk *ask;

        if (check_arguments(cache, &emulator, arch, virttype, &err) < 0) {
                reply_fail(reply, err);
                return;
        }
        ask = xnew(DomainCapsAsk);
        *ask = (DomainCapsAsk) { .arch = xstrdup(arch), .machine = xstrdup(machine), .virttype = xstrdup(virttype), .reply = reply };
        qemu_caps_cache_get(cache, emulator, on_caps, ask);
}
