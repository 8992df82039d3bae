/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy_tech.c - the technologies of confidential guests: who decides, what blocks, what the host must have.
 *
 * Whether a technology migrates is a property of the VMM, not of the technology (R21): a row holds what is known, with its
 * source, and PolicyHost.migrates, which is probed or recorded per VMM, lifts it without a new release (R19, R29, R106). */
#include "policy/policy_rule.h"

#define SEV_SINCE "QEMU 2.12"
#define SEV_BLOCKER "SEV: Migration is not implemented"
#define SEV_DEVICE                                                                                                               \
        "let the user that QEMU runs as open it (group, device cgroup, label); it exists once the module kvm_amd has SEV "       \
        "enabled"
#define SEV_PARAMETER "enable SEV in the firmware and load the module with `kvm_amd sev=1`"
#define Q35_PC                                                                                                                   \
        { "pc-q35", "q35", "pc-i440fx", "pc" }

const PolicyTechnology policy_technologies[] = {
        { .tech = TECH_SEV,
          .name = "sev",
          .title = "AMD SEV",
          .arch = "x86_64",
          .object = "sev-guest",
          .decided_by = "vmm",
          .machines = Q35_PC,
          .machine_words = "q35 (or pc)",
          .blocker = SEV_BLOCKER,
          .mechanism = "none",
          .since = SEV_SINCE,
          .evidence = "QEMU 7.2 and 10.2 source; series of 2019 and 2021 never merged",
          .links = { { "/sys/module/kvm_amd/parameters/sev", SEV_PARAMETER }, { "/dev/sev", SEV_DEVICE } } },
        { .tech = TECH_SEV_ES,
          .name = "sev-es",
          .title = "AMD SEV-ES",
          .arch = "x86_64",
          .object = "sev-guest",
          .decided_by = "vmm",
          .machines = Q35_PC,
          .machine_words = "q35 (or pc)",
          .blocker = SEV_BLOCKER,
          .mechanism = "none",
          .since = "QEMU 6.0",
          .evidence = "QEMU 7.2 and 10.2 source",
          .links = { { "/sys/module/kvm_amd/parameters/sev", SEV_PARAMETER },
                     { "/sys/module/kvm_amd/parameters/sev_es",
                       "enable SEV-ES in the firmware and load the module with `kvm_amd sev_es=1`" },
                     { "/dev/sev", SEV_DEVICE } } },
        { .tech = TECH_SEV_SNP,
          .name = "sev-snp",
          .title = "AMD SEV-SNP",
          .arch = "x86_64",
          .object = "sev-snp-guest",
          .decided_by = "vmm",
          .machines = { "pc-q35", "q35" },
          .machine_words = "q35",
          .blocker = "SEV-SNP: Migration is not implemented",
          .mechanism = "none",
          .since = "QEMU 9.1",
          .evidence = "QEMU 10.2 source; mirror VM is a design only",
          .links = { { "/sys/module/kvm_amd/parameters/sev_snp",
                       "enable SNP in the firmware (with the RMP table) and load the module with `kvm_amd sev_snp=1`" },
                     { "/dev/sev", SEV_DEVICE } } },
        { .tech = TECH_TDX,
          .name = "tdx",
          .title = "Intel TDX",
          .arch = "x86_64",
          .object = "tdx-guest",
          .decided_by = "vmm",
          .machines = { "pc-q35", "q35" },
          .machine_words = "q35",
          .blocker = "none of its own in QEMU 10.1-10.2: only invtsc blocks, and not with an explicit TSC frequency",
          .mechanism = "none",
          .since = "QEMU 10.1",
          .evidence = "QEMU 10.2 source; no migration upstream",
          .links = { { "/sys/module/kvm_intel/parameters/tdx",
                       "enable TDX in the firmware and load the module with `kvm_intel tdx=1`" } } },
        { .tech = TECH_S390_PV,
          .name = "s390-pv",
          .title = "IBM Secure Execution",
          .arch = "s390x",
          .object = "s390-pv-guest",
          .decided_by = "guest",
          .securable = true,
          .machines = { "s390-ccw-virtio", "s390-ccw" },
          .machine_words = "s390-ccw-virtio",
          .blocker = "protected VMs are currently not migratable.",
          .mechanism = "none",
          .since = "QEMU 6.0",
          .evidence =
                  "QEMU 7.2 and 10.2 source; with -only-migratable a model with unpack is refused and the object needs unpack",
          .links = { { "/sys/firmware/uv", "boot the host with `prot_virt=1` on a machine that has the ultravisor" },
                     { "/sys/firmware/uv/prot_virt_host", "boot the host with `prot_virt=1`" } } },
        { .tech = TECH_PEF,
          .name = "pef",
          .title = "POWER PEF",
          .arch = "ppc64",
          .object = "pef-guest",
          .decided_by = "guest",
          .machines = { "pseries" },
          .machine_words = "pseries",
          .blocker = "PEF: Migration is not implemented",
          .mechanism = "none",
          .since = "QEMU 6.0",
          .evidence = "QEMU 7.2 and 10.2 source; present from machine init",
          .links = { { "kvm-cap:ppc-secure-guest", "run the host under an ultravisor (KVM_CAP_PPC_SECURE_GUEST)" } } },
};
const size_t policy_n_technologies = N_ELEMENTS(policy_technologies);

#define SEV_POLICY_ES 0x4

static const PolicyTech tech_of_type[LAUNCH_SECURITY_TYPE_MAX] = {
        [LAUNCH_SECURITY_SEV] = TECH_SEV, [LAUNCH_SECURITY_SEV_SNP] = TECH_SEV_SNP, [LAUNCH_SECURITY_S390_PV] = TECH_S390_PV,
        [LAUNCH_SECURITY_TDX] = TECH_TDX, [LAUNCH_SECURITY_PEF] = TECH_PEF,
};

const PolicyTechnology *policy_technology_of(const DomainDef *def) {
        const LaunchSecurityDef *security = def->launch_security;
        PolicyTech tech = security ? tech_of_type[security->type] : 0;

        if (tech == TECH_SEV && security->policy.set && (security->policy.value & SEV_POLICY_ES))
                tech = TECH_SEV_ES;
        for (size_t i = 0; i < policy_n_technologies; i++)
                if (policy_technologies[i].tech == tech)
                        return &policy_technologies[i];
        return NULL;
}

const char *policy_technology(const DomainDef *def) {
        const PolicyTechnology *tech = policy_technology_of(def);

        return tech ? tech->name : NULL;
}

const char *policy_technology_name(size_t i, const char **arch) {
        if (i >= policy_n_technologies)
                return NULL;
        if (arch)
                *arch = policy_technologies[i].arch;
        return policy_technologies[i].name;
}

const char *policy_technology_link(const char *technology, size_t n) {
        for (size_t i = 0; i < policy_n_technologies; i++)
                if (streq(policy_technologies[i].name, technology))
                        return n < N_ELEMENTS(policy_technologies[i].links) ? policy_technologies[i].links[n].name : NULL;
        return NULL;
}

const char *policy_secure_state(const DomainDef *def, bool running, bool observed_blocker) {
        const PolicyTechnology *tech = policy_technology_of(def);

        if (!tech)
                return observed_blocker ? "secure" : "no";
        if (streq(tech->decided_by, "vmm"))
                return running ? "secure" : "securable";
        return tech->securable && running && observed_blocker ? "secure" : "securable";
}

#define ALL_SECURE (TECH_SEV | TECH_SEV_ES | TECH_SEV_SNP | TECH_TDX | TECH_S390_PV | TECH_PEF)
#define RESET_SERIES 11000000 /* QEMU 11.0 */

const PolicyFence policy_fences[] = {
        { "WARD-SECURE-REBOOT", TECH_NOT_AFTER_LAUNCH, OP(REBOOT), SAY_NOTE, RESET_SERIES,
          "a reboot of a {tech} guest ends its VMM", "a VMM that can reset such guests (QEMU 11.0)",
          "nothing to do: with <on_reboot>restart</on_reboot> the guest is launched again", "R120",
          "QEMU 10.2 source: cpus are not resettable; 11.0 release note" },
        { "WARD-SECURE-DUMP", TECH_SEV | TECH_SEV_ES | TECH_S390_PV, OP(DUMP), SAY_WARN, 0,
          "a memory dump of a {tech} guest holds ciphertext", "a dump made inside the guest", "use the guest's own kdump", "R78",
          "QEMU 7.2 source" },
        { "WARD-SECURE-DUMP", TECH_SEV_SNP | TECH_TDX, OP(DUMP), SAY_REFUSE, 0,
          "memory of a {tech} guest cannot be dumped by the VMM", "a dump made inside the guest", "use the guest's own kdump",
          "R23 R78", "QEMU 10.2 source" },
        { "WARD-SECURE-PEEK", TECH_SEV | TECH_SEV_ES | TECH_SEV_SNP | TECH_TDX, OP(PEEK), SAY_REFUSE, 0,
          "memory and screen of a {tech} guest are not readable from outside", "data that the guest itself hands out",
          "ask the guest: its agent, its network, its serial console", "R23 R78", "QEMU 10.2 source" },
        { "WARD-SECURE-BALLOON", TECH_SEV | TECH_SEV_ES | TECH_SEV_SNP | TECH_TDX, OP(BALLOON), SAY_REFUSE, 0,
          "the VMM ignores the balloon of a {tech} guest: its memory is pinned", "memory that stays as it is",
          "change the definition and start the guest again", "R23", "QEMU 7.2 source: RAM discard inhibited" },
        { "WARD-SECURE-BALLOON", TECH_S390_PV, OP(BALLOON), SAY_WARN, 0, "once the guest is secure the VMM ignores its balloon",
          "memory that stays as it is", "change the definition and start the guest again", "R23",
          "QEMU 7.2 source: RAM discard disabled while protected" },
        { "WARD-SECURE-CPU-HOTPLUG", TECH_NOT_AFTER_LAUNCH, OP(CPU_HOTPLUG), SAY_REFUSE, 0,
          "no CPU can be added to a {tech} guest after its launch", "all CPUs present at launch",
          "change <vcpu> in the definition and start the guest again", "R23", "QEMU 10.2 source" },
        { "WARD-SECURE-PAUSE", TECH_PEF, OP(PAUSE), SAY_WARN, 0,
          "pausing a {tech} guest touches interrupt pages that it may have secured", "a test on this host first",
          "try it with a guest that you can lose", "R109", "discussion of 2020; not tried on hardware" },
        { "WARD-SECURE-MEMORY-HOTPLUG", TECH_SEV_SNP | TECH_TDX, OP(MEMORY_HOTPLUG), SAY_WARN, 0,
          "memory added to a {tech} guest must be accepted by the guest before it can use it", "all memory present at launch",
          "change <memory> in the definition and start the guest again", "R78", "general knowledge, not measured" },
        {}
};
