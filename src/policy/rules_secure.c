/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/rules_secure.c - rules about <launchSecurity>: may it start here, what contradicts it, does it migrate. */
#include "policy/policy_rule.h"

#define SECURITY "/domain/launchSecurity"
#define SECURITY_TYPE SECURITY "/@type"

/* ---- Migratability ---- */

static void find_technology(PolicyCheck *check, const PolicyRule *rule) {
        Effect effect;

        if (!check->tech || check->tech_migrates)
                return;
        effect = check->tech->securable ? EFFECT_UNKNOWN : EFFECT_BLOCKS;
        if (check->verdict->intent.required)
                effect = EFFECT_BLOCKS;
        if (check->facts->running && check->tech->securable)
                return; /* the VMM's answer holds: a guest that never turned secure migrates (R4) */
        policy_found_effect(check, rule, effect, xstrdup(SECURITY_TYPE), check->tech->name, check->tech->blocker, NULL);
}

#define SEV_NO_SEND 0x8u
#define SNP_MIGRATION_ALLOWED (UINT64_C(1) << 18)
#define SNP_DEFAULT_POLICY UINT64_C(0x30000)

static void find_no_send(PolicyCheck *check, const PolicyRule *rule) {
        bool sev = check->tech && (check->tech->tech & (TECH_SEV | TECH_SEV_ES));

        if (sev && check->def->launch_security->policy.set && (check->def->launch_security->policy.value & SEV_NO_SEND))
                policy_found(check, rule, xstrdup(SECURITY "/policy"), "bit 3 (no send) is set", "bit 3 clear", NULL);
}

static void find_snp_migration(PolicyCheck *check, const PolicyRule *rule) {
        const OptU64 *policy;

        if (!check->tech || check->tech->tech != TECH_SEV_SNP)
                return;
        policy = &check->def->launch_security->policy;
        if (!((policy->set ? policy->value : SNP_DEFAULT_POLICY) & SNP_MIGRATION_ALLOWED))
                policy_found(check, rule, xstrdup(SECURITY "/policy"), "bit 18 (migration agent allowed) is clear", "bit 18 set",
                             NULL);
}

#define SEV_ONLY_DOMAIN 0x10u
#define SEV_ONLY_SEV 0x20u
#define SEV_MINIMUM_FIRMWARE 0xffff0000u

static void find_target_bits(PolicyCheck *check, const PolicyRule *rule) {
        uint64_t policy = check->tech ? check->def->launch_security->policy.value : 0;

        if (check->tech && (check->tech->tech & (TECH_SEV | TECH_SEV_ES)) &&
            (policy & (SEV_ONLY_DOMAIN | SEV_ONLY_SEV | SEV_MINIMUM_FIRMWARE)))
                policy_found(check, rule, xstrdup(SECURITY "/policy"), NULL, NULL, NULL);
}

/* ---- Can it start here? ---- */

static void find_arch(PolicyCheck *check, const PolicyRule *rule) {
        if (check->tech && !streq(check->tech->arch, check->def->os.arch))
                policy_found(check, rule, xstrdup(SECURITY_TYPE), check->tech->arch, check->def->os.arch, NULL);
}

static void find_host_arch(PolicyCheck *check, const PolicyRule *rule) {
        if (!streq(check->facts->host->arch, check->def->os.arch))
                policy_found(check, rule, xstrdup("/domain/os/type/@arch"), check->def->os.arch, check->facts->host->arch, NULL);
}

static void find_accel(PolicyCheck *check, const PolicyRule *rule) {
        if (check->tech && !check->kvm)
                policy_found(check, rule, xstrdup("/domain/@type"), table_name(&virt_type_table, (int) check->def->virt_type),
                             NULL, NULL);
}

static bool machine_fits(const PolicyTechnology *tech, const char *machine) {
        for (size_t i = 0; i < N_ELEMENTS(tech->machines) && tech->machines[i]; i++) {
                size_t n = strlen(tech->machines[i]);

                if (strncmp(machine, tech->machines[i], n) == 0 && (machine[n] == '\0' || machine[n] == '-'))
                        return true;
        }
        return false;
}

static void find_machine(PolicyCheck *check, const PolicyRule *rule) {
        const char *machine = check->def->os.machine;

        if (check->tech && machine && streq(check->tech->arch, check->def->os.arch) && !machine_fits(check->tech, machine))
                policy_found(check, rule, xstrdup("/domain/os/type/@machine"), machine, check->tech->machine_words, NULL);
}

static void find_object(PolicyCheck *check, const PolicyRule *rule) {
        const PolicyHost *host = check->facts->host;

        if (check->tech && host->objects_known && !policy_host_has_object(host, check->tech->object))
                policy_found(check, rule, xstrdup(SECURITY_TYPE), check->tech->object,
                             host->emulator ? host->emulator : "the emulator", check->tech->since);
}

static void find_links(PolicyCheck *check, const PolicyRule *rule, Fact state) {
        if (!check->tech || !streq(check->tech->arch, check->def->os.arch))
                return;
        for (size_t i = 0; i < N_ELEMENTS(check->tech->links) && check->tech->links[i].name; i++)
                if (policy_host_link(check->facts->host, check->tech->links[i].name) == state)
                        policy_found(check, rule, xstrdup(SECURITY_TYPE), check->tech->links[i].name,
                                     check->tech->links[i].remedy, NULL);
}

static void find_missing_link(PolicyCheck *check, const PolicyRule *rule) {
        find_links(check, rule, FACT_NO);
}

static void find_unknown_link(PolicyCheck *check, const PolicyRule *rule) {
        find_links(check, rule, FACT_UNKNOWN);
}

static void find_no_kvm(PolicyCheck *check, const PolicyRule *rule) {
        if (check->kvm && check->facts->host->kvm == FACT_NO)
                policy_found(check, rule, xstrdup("/domain/@type"),
                             check->facts->host->emulator ? check->facts->host->emulator : "the emulator", NULL, NULL);
}

/* ---- Contradictions inside the definition ---- */

#define SNP_RESERVED_ONE (UINT64_C(1) << 17)

static void find_snp_policy(PolicyCheck *check, const PolicyRule *rule) {
        const OptU64 *policy = check->tech ? &check->def->launch_security->policy : NULL;

        if (policy && check->tech->tech == TECH_SEV_SNP && policy->set && !(policy->value & SNP_RESERVED_ONE))
                policy_found(check, rule, xstrdup(SECURITY "/policy"), NULL, NULL, NULL);
}

static void find_smm(PolicyCheck *check, const PolicyRule *rule) {
        if (check->tech && (check->tech->tech & (TECH_SEV_SNP | TECH_TDX)) && check->def->features.smm == TRISTATE_YES)
                policy_found(check, rule, xstrdup("/domain/features/smm/@state"), NULL, NULL, NULL);
}

static void find_pflash(PolicyCheck *check, const PolicyRule *rule) {
        if (check->tech && (check->tech->tech & (TECH_SEV_SNP | TECH_TDX)) && check->def->os.loader_type == LOADER_PFLASH)
                policy_found(check, rule, xstrdup("/domain/os/loader/@type"), NULL, NULL, NULL);
}

static void find_no_firmware(PolicyCheck *check, const PolicyRule *rule) {
        const OsDef *os = &check->def->os;

        if (check->tech && streq(check->tech->arch, "x86_64") && !os->loader && os->firmware != FIRMWARE_EFI)
                policy_found(check, rule, xstrdup("/domain/os"), NULL, NULL, NULL);
}

static void find_tdx_cpu(PolicyCheck *check, const PolicyRule *rule) {
        const CpuDef *cpu = check->def->cpu;
        bool own = cpu && (cpu->mode == CPU_MODE_HOST_PASSTHROUGH || cpu->mode == CPU_MODE_MAXIMUM);

        if (check->tech && check->tech->tech == TECH_TDX && !own)
                policy_found(check, rule, xstrdup(cpu ? "/domain/cpu/@mode" : "/domain/cpu"),
                             cpu ? table_name(&cpu_mode_table, cpu->mode ? (int) cpu->mode : CPU_MODE_CUSTOM) : "default", NULL,
                             NULL);
}

static void find_no_unpack(PolicyCheck *check, const PolicyRule *rule) {
        const CpuExpansion *cpu = check->facts->cpu;

        if (!check->tech || check->tech->tech != TECH_S390_PV || !cpu || cpu->has_secure || cpu->n_problems || !check->cpu_host)
                return;
        if (cpu->secure_disabled)
                policy_found(check, rule, xstrdup("/domain/cpu/feature[@name='unpack']/@policy"),
                             "is taken out by the definition", "remove the <feature name='unpack'> that disables it", NULL);
        else
                policy_found(check, rule, xstrdup("/domain/cpu"), "is not in it",
                             "use <cpu mode='host-model'> on a host that has the facility", NULL);
}

static void find_hugepages(PolicyCheck *check, const PolicyRule *rule) {
        if (check->tech && check->tech->tech == TECH_S390_PV && check->def->memory_backing.hugepages)
                policy_found(check, rule, xstrdup("/domain/memoryBacking/hugepages"), NULL, NULL, NULL);
}

#define SEV_EXTRA_KIB (256 * 1024)

static void find_memory_lock(PolicyCheck *check, const PolicyRule *rule) {
        const DomainDef *def = check->def;
        uint64_t limit = def->mem_tune.hard_limit;

        if (!check->tech || !(check->tech->tech & (TECH_SEV | TECH_SEV_ES)))
                return;
        if (limit && limit < def->memory_kib + SEV_EXTRA_KIB && !def->memory_backing.locked)
                policy_found(check, rule, xstrdup("/domain/memtune/hard_limit"), NULL, NULL, NULL);
}

/* ---- Devices in a secure guest ---- */

typedef struct VirtioSeat {
        DeviceKind kind;
        const VirtioOptions *(*options)(const void *device);
} VirtioSeat;

#define VIRTIO_OF(name, type)                                                                                                    \
        static const VirtioOptions *name##_virtio(const void *device) {                                                          \
                return &((const type *) device)->virtio;                                                                         \
        }
VIRTIO_OF(disk, DiskDef)
VIRTIO_OF(controller, ControllerDef)
VIRTIO_OF(interface, InterfaceDef)
VIRTIO_OF(filesystem, FilesystemDef)
VIRTIO_OF(input, InputDef)
VIRTIO_OF(video, VideoDef)
VIRTIO_OF(memballoon, MemballoonDef)
VIRTIO_OF(rng, RngDef)
VIRTIO_OF(vsock, VsockDef)

static const VirtioSeat virtio_seats[] = {
        { DEVICE_DISK, disk_virtio },   { DEVICE_CONTROLLER, controller_virtio }, { DEVICE_INTERFACE, interface_virtio },
        { DEVICE_INPUT, input_virtio }, { DEVICE_FILESYSTEM, filesystem_virtio }, { DEVICE_VIDEO, video_virtio },
        { DEVICE_RNG, rng_virtio },     { DEVICE_MEMBALLOON, memballoon_virtio }, { DEVICE_VSOCK, vsock_virtio },
};

typedef struct DeviceSearch {
        PolicyCheck *check;
        const PolicyRule *rule;
} DeviceSearch;

static int check_iommu_off(const DeviceRef *device, void *userdata) {
        DeviceSearch *search = userdata;

        for (size_t i = 0; i < N_ELEMENTS(virtio_seats); i++)
                if (virtio_seats[i].kind == device->kind && virtio_seats[i].options(device->def)->iommu == TRISTATE_NO) {
                        CLEANUP(free) char *path = device_ref_path(device);

                        policy_found(search->check, search->rule, xasprintf("%s/driver/@iommu", path), device->element, NULL,
                                     NULL);
                }
        return 0;
}

static void find_iommu_off(PolicyCheck *check, const PolicyRule *rule) {
        DeviceSearch search = { check, rule };

        if (check->tech)
                domain_def_each_device(check->def, check_iommu_off, &search);
}

/* In a confidential guest QEMU makes every virtio device a modern one: an explicit transitional one contradicts it. */
static const char *transitional_attribute(const DeviceRef *device) {
        const char *model = NULL;

        switch (device->kind) {
        case DEVICE_DISK:
                return ((DiskDef *) device->def)->model == DISK_MODEL_VIRTIO_TRANSITIONAL ? "/@model" : NULL;
        case DEVICE_CONTROLLER:
                return ((ControllerDef *) device->def)->model == CONTROLLER_VIRTIO_TRANSITIONAL ? "/@model" : NULL;
        case DEVICE_MEMBALLOON:
                return ((MemballoonDef *) device->def)->model == MEMBALLOON_VIRTIO_TRANSITIONAL ? "/@model" : NULL;
        case DEVICE_INTERFACE:
                return streq(((InterfaceDef *) device->def)->model, "virtio-transitional") ? "/model/@type" : NULL;
        case DEVICE_RNG:
                model = ((RngDef *) device->def)->model;
                break;
        case DEVICE_FILESYSTEM:
                model = ((FilesystemDef *) device->def)->model;
                break;
        case DEVICE_INPUT:
                model = ((InputDef *) device->def)->model;
                break;
        case DEVICE_VSOCK:
                model = ((VsockDef *) device->def)->model;
                break;
        default:
                break;
        }
        return streq(model, "virtio-transitional") ? "/@model" : NULL;
}

static int check_transitional(const DeviceRef *device, void *userdata) {
        const char *attribute = transitional_attribute(device);
        DeviceSearch *search = userdata;
        CLEANUP(free) char *path = NULL;

        if (!attribute)
                return 0;
        path = device_ref_path(device);
        policy_found(search->check, search->rule, xasprintf("%s%s", path, attribute), device->element, NULL, NULL);
        return 0;
}

static void find_transitional(PolicyCheck *check, const PolicyRule *rule) {
        DeviceSearch search = { check, rule };

        if (check->tech)
                domain_def_each_device(check->def, check_transitional, &search);
}

static void find_virtio_mem(PolicyCheck *check, const PolicyRule *rule) {
        for (size_t i = 0; check->tech && i < check->def->memories.n; i++)
                if (check->def->memories.items[i]->model == MEMORY_VIRTIO_MEM)
                        policy_found(check, rule, xasprintf("/domain/devices/memory[%zu]/@model", i + 1), NULL, NULL, NULL);
}

static void find_balloon(PolicyCheck *check, const PolicyRule *rule) {
        const MemballoonDef *balloon = check->def->memballoon;

        if (check->tech && check->tech->tech != TECH_PEF && balloon && balloon->model != MEMBALLOON_UNSET &&
            balloon->model != MEMBALLOON_NONE)
                policy_found(check, rule, xstrdup("/domain/devices/memballoon"), NULL, NULL, NULL);
}

static void find_pv_hostdev(PolicyCheck *check, const PolicyRule *rule) {
        if (!check->tech || check->tech->tech != TECH_S390_PV)
                return;
        for (size_t i = 0; i < check->def->hostdevs.n; i++)
                if (!streq(check->def->hostdevs.items[i]->model, "vfio-ap"))
                        policy_found(check, rule, xasprintf("/domain/devices/hostdev[%zu]", i + 1), NULL, NULL, NULL);
}

static void find_reboot(PolicyCheck *check, const PolicyRule *rule) {
        if (check->tech && (check->tech->tech & TECH_NOT_AFTER_LAUNCH) && check->facts->host->version < 11000000)
                policy_found(check, rule, xstrdup("/domain/on_reboot"), NULL, NULL, NULL);
}

static void find_securable(PolicyCheck *check, const PolicyRule *rule) {
        if (check->tech && streq(check->tech->decided_by, "guest"))
                policy_found(check, rule, xstrdup(SECURITY_TYPE), NULL, NULL, NULL);
}

#define BOTH(say) .start = (say), .required = (say)

const PolicyRule policy_rules_secure[] = {
        { .code = "WARD-SECURE-MIGRATE",
          .start = SAY_WARN,
          .required = SAY_REFUSE,
          .move = SAY_REFUSE,
          .hotplug = true,
          .source = POLICY_FROM_POLICY,
          .effect = EFFECT_BLOCKS,
          .find = find_technology,
          .what = "<launchSecurity type='{1}'> asks for an {tech} guest, which this VMM cannot migrate (\"{2}\"){demand}",
          .want = "an ordinary guest, or a VMM that can migrate {tech} guests",
          .remedy = "nothing is needed to run it here; to have a guest that can be migrated, remove <launchSecurity>",
          .remedy_required = "remove <launchSecurity>, or start it without requiring migratability: it cannot have both",
          .requirements = "R1 R9 R13 R18 R23 R28 R90 R113 R114 R115",
          .evidence = "see the technology",
          .lifted_by = "vmm.migrates: the technology, probed or recorded for that VMM" },
        { .code = "WARD-TENANT-NO-SEND",
          .start = SAY_NOTE,
          .required = SAY_REFUSE,
          .move = SAY_REFUSE,
          .move_ops = OP(MIGRATE_OUT),
          .effect = EFFECT_BLOCKS,
          .find = find_no_send,
          .error = ERROR_OPERATION_INVALID,
          .what = "the guest owner forbids migration: in the SEV policy {1}{demand}",
          .want = "a SEV policy with {2}",
          .remedy = "ask the guest's owner; neither the host nor its administrator can overrule it",
          .requirements = "R86 R87 R90",
          .evidence = "AMD SEV API: policy bit 3" },
        { .code = "WARD-TENANT-NO-AGENT",
          .start = SAY_NOTE,
          .required = SAY_REFUSE,
          .move = SAY_REFUSE,
          .move_ops = OP(MIGRATE_OUT),
          .effect = EFFECT_BLOCKS,
          .find = find_snp_migration,
          .error = ERROR_OPERATION_INVALID,
          .what = "the guest owner does not allow migration: in the SNP policy {1}{demand}",
          .want = "an SNP policy with {2}",
          .remedy = "ask the guest's owner; neither the host nor its administrator can overrule it",
          .requirements = "R86 R87 R90",
          .evidence = "AMD SNP ABI: policy bit 18" },
        { .code = "WARD-TENANT-TARGET",
          BOTH(SAY_NOTE),
          .find = find_target_bits,
          .what = "the guest owner restricts where the guest may go: policy bits 4, 5 or 16-31",
          .want = "a target that satisfies them",
          .remedy = "compare the target's platform and firmware version before moving it",
          .requirements = "R86",
          .evidence = "AMD SEV API: policy bits 4, 5, 16-31" },

        { .code = "WARD-SECURE-ARCH",
          BOTH(SAY_REFUSE),
          .find = find_arch,
          .what = "{tech} exists on {1} only, and this is a guest of {2}",
          .want = "a guest of {1}",
          .remedy = "remove <launchSecurity>, or use the type that this architecture has",
          .requirements = "R23 R42 R119",
          .evidence = "QEMU 7.2 aborts or ignores it" },
        { .code = "WARD-SECURE-ACCEL",
          BOTH(SAY_REFUSE),
          .find = find_accel,
          .what = "{tech} needs KVM, and <domain type='{1}'> asks for emulation",
          .want = "<domain type='kvm'>",
          .remedy = "use type='kvm' on a host that has {tech}, or remove <launchSecurity>",
          .requirements = "R23 R97 R119",
          .evidence = "measured on QEMU 7.2: SIGABRT with sev-guest under TCG, exit 1 with pef-guest" },
        { .code = "WARD-SECURE-MACHINE",
          BOTH(SAY_REFUSE),
          .find = find_machine,
          .what = "{tech} does not work with machine '{1}'",
          .want = "machine {2}",
          .remedy = "change <type machine=''>, or remove <launchSecurity>",
          .requirements = "R23 R119",
          .evidence = "measured on QEMU 7.2: assertion with pef-guest on powernv" },
        { .code = "WARD-SECURE-VMM",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_VMM,
          .find = find_object,
          .what = "{2} has no object '{1}', so it cannot launch an {tech} guest",
          .want = "a QEMU with {1} ({3} or newer, built for it)",
          .remedy = "choose another <emulator>, or remove <launchSecurity>",
          .requirements = "R80 R97 R118 R121",
          .evidence = "qom-list-types implements=confidential-guest-support",
          .lifted_by = "qom-list-types" },
        { .code = "WARD-SECURE-HOST",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_HOST,
          .find = find_missing_link,
          .what = "this host is not ready for {tech}: {1} is missing or off",
          .want = "{1} present and on",
          .remedy = "{2}",
          .requirements = "R97 R98 R99 R105",
          .evidence = "host files; sysfs names from general knowledge",
          .lifted_by = "the link itself" },
        { .code = "WARD-SECURE-HOST-UNKNOWN",
          BOTH(SAY_NOTE),
          .source = POLICY_FROM_HOST,
          .find = find_unknown_link,
          .what = "whether this host is ready for {tech} could not be asked: {1}",
          .want = "{1} present and on",
          .remedy = "if the start fails: {2}",
          .requirements = "R97 R98" },
        { .code = "WARD-HOST-ARCH",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_HOST,
          .find = find_host_arch,
          .what = "this is a guest of {1}, and the facts are of a VMM for {2}",
          .want = "a VMM for {1}",
          .remedy = "ask with the facts of a host that runs such guests",
          .requirements = "R97 R98",
          .evidence = "the binary's target" },
        { .code = "WARD-HOST-KVM",
          BOTH(SAY_REFUSE),
          .source = POLICY_FROM_HOST,
          .find = find_no_kvm,
          .what = "<domain type='kvm'>: {1} cannot use KVM here",
          .want = "/dev/kvm that the user QEMU runs as may open",
          .remedy = "load the kvm module and give access to /dev/kvm, or use <domain type='qemu'>",
          .requirements = "R97 R98",
          .evidence = "asked of the binary" },

        { .code = "WARD-SNP-POLICY",
          BOTH(SAY_REFUSE),
          .find = find_snp_policy,
          .what = "SNP policy bit 17 is clear; it must be one",
          .want = "a policy with 0x20000",
          .remedy = "set bit 17 in <policy>",
          .requirements = "R23",
          .evidence = "AMD SNP ABI" },
        { .code = "WARD-SECURE-SMM",
          BOTH(SAY_REFUSE),
          .find = find_smm,
          .what = "{tech} guests have no SMM, and <smm state='on'> asks for it",
          .want = "no <smm>, or state='off'",
          .remedy = "remove <smm> and use a firmware without SMM",
          .requirements = "R23",
          .evidence = "QEMU 10.2 source: SEV-SNP does not support SMM; TDX VM doesn't support SMM" },
        { .code = "WARD-SECURE-PFLASH",
          BOTH(SAY_REFUSE),
          .find = find_pflash,
          .what = "{tech} guests have no read-only memory, so the firmware cannot be pflash",
          .want = "<loader type='rom'>",
          .remedy = "use <loader type='rom'> with a firmware built for {tech}",
          .requirements = "R23",
          .evidence = "QEMU 10.2 source" },
        { .code = "WARD-SECURE-FIRMWARE",
          BOTH(SAY_WARN),
          .find = find_no_firmware,
          .what = "an {tech} guest needs UEFI firmware built for it, and none is named",
          .want = "<os firmware='efi'> or <loader>",
          .remedy = "name the firmware",
          .requirements = "R105",
          .evidence = "OVMF firmware descriptors" },
        { .code = "WARD-TDX-CPU",
          BOTH(SAY_REFUSE),
          .find = find_tdx_cpu,
          .what = "TDX guests have the host's CPU, and this one asks for '{1}'",
          .want = "<cpu mode='host-passthrough'>",
          .remedy = "use <cpu mode='host-passthrough'>",
          .requirements = "R23",
          .evidence = "QEMU 10.2 source: Named cpu model is not supported for TDX yet" },
        { .code = "WARD-SE-CPU",
          BOTH(SAY_REFUSE),
          .find = find_no_unpack,
          .what = "Secure Execution needs the CPU facility 'unpack', which {1}",
          .want = "a CPU with 'unpack'",
          .remedy = "{2}",
          .requirements = "R23 R84 R97 R121",
          .evidence = "QEMU 7.2 source: CPU model does not support Protected Virtualization" },
        { .code = "WARD-SE-HUGEPAGES",
          BOTH(SAY_REFUSE),
          .find = find_hugepages,
          .what = "Secure Execution guests cannot be backed by huge pages",
          .want = "ordinary pages",
          .remedy = "remove <hugepages>",
          .requirements = "R23",
          .evidence = "QEMU manual" },
        { .code = "WARD-SEV-MEMLOCK",
          BOTH(SAY_WARN),
          .find = find_memory_lock,
          .what = "<hard_limit> is too small: all memory of a SEV guest is pinned, and QEMU needs some of its own",
          .want = "<hard_limit> of at least memory plus 256 MiB",
          .remedy = "raise <hard_limit>, or use <memoryBacking><locked/>",
          .requirements = "R105",
          .evidence = "QEMU manual; libvirt does not compute it" },
        { .code = "WARD-VIRTIO-IOMMU-OFF",
          BOTH(SAY_REFUSE),
          .hotplug = true,
          .find = find_iommu_off,
          .what = "driver iommu='off' puts the {1} inside the guest's secured memory, where the host cannot serve it",
          .want = "no iommu attribute: it is set by itself for {tech}",
          .remedy = "remove iommu='off'",
          .requirements = "R23 R55 R63 R65",
          .evidence = "QEMU 6.0+ sets iommu_platform on every virtio device" },
        { .code = "WARD-VIRTIO-TRANSITIONAL",
          BOTH(SAY_REFUSE),
          .hotplug = true,
          .find = find_transitional,
          .what = "a transitional virtio {1} offers the legacy interface, which cannot work in an {tech} guest",
          .want = "model 'virtio' or 'virtio-non-transitional'",
          .remedy = "change the model",
          .requirements = "R22 R23 R66",
          .evidence = "QEMU 6.0+ switches legacy off" },
        { .code = "WARD-SECURE-VIRTIO-MEM",
          BOTH(SAY_REFUSE),
          .hotplug = true,
          .find = find_virtio_mem,
          .what = "virtio-mem gives memory back to the host, which {tech} forbids",
          .want = "no virtio-mem device",
          .remedy = "remove it and give the guest its memory at launch",
          .requirements = "R23",
          .evidence = "QEMU 7.2 source: RAM discard" },
        { .code = "WARD-SECURE-BALLOON-IDLE",
          BOTH(SAY_NOTE),
          .find = find_balloon,
          .what = "the balloon of an {tech} guest does nothing: QEMU ignores it",
          .want = "<memballoon model='none'>",
          .remedy = "nothing to do, unless you count on ballooning",
          .requirements = "R48 R105",
          .evidence = "QEMU 7.2 source" },
        { .code = "WARD-SE-HOSTDEV",
          BOTH(SAY_REFUSE),
          .hotplug = true,
          .find = find_pv_hostdev,
          .what = "a Secure Execution guest cannot have a host device (only crypto adapters, vfio-ap)",
          .want = "no such <hostdev>",
          .remedy = "remove it, or remove <launchSecurity>",
          .requirements = "R23",
          .evidence = "QEMU manual" },
        { .code = "WARD-SECURE-RELAUNCH",
          BOTH(SAY_NOTE),
          .find = find_reboot,
          .what = "a reboot of this guest ends its VMM, because before QEMU 11.0 an {tech} guest cannot be reset",
          .want = "QEMU 11.0 or newer",
          .remedy = "nothing to do: on_reboot='restart' launches it again",
          .requirements = "R120",
          .until = "11.0",
          .evidence = "QEMU 10.2 source, 11.0 release note" },
        { .code = "WARD-SECURABLE",
          BOTH(SAY_NOTE),
          .find = find_securable,
          .what = "<launchSecurity> makes this guest securable: whether it becomes secure is decided inside the guest",
          .want = "a look at what was observed while it runs",
          .remedy = "nothing to do",
          .requirements = "R3 R15 R20 R96 R104" },
        {}
};
