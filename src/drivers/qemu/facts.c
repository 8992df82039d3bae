/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "drivers/qemu/qemu_caps.h"
#include "policy/policy.h"
#include "util/fs.h"

#define MAX_KEPT 16             /* binaries in use at a time; the oldest goes */
#define MAX_PARAMETER 64

typedef struct Kept {
        QemuCaps *caps;
        PolicyHost *host;
} Kept;

struct FactsStore {
        char *root;
        Kept kept[MAX_KEPT];
        size_t n_kept;
};

FactsStore *facts_store_new(const char *sysfs_root) {
        FactsStore *store = xnew(FactsStore);

        store->root = xstrdup(sysfs_root && !streq(sysfs_root, "/") ? sysfs_root : "");
        return store;
}

static void kept_done(Kept *kept) {
        policy_host_free(kept->host);
        qemu_caps_unref(kept->caps);
}

FactsStore *facts_store_free(FactsStore *store) {
        if (!store)
                return NULL;
        for (size_t i = 0; i < store->n_kept; i++)
                kept_done(&store->kept[i]);
        free(store->root);
        free(store);
        return NULL;
}

/* ---- The VMM's part ---- */

static void add_sev(PolicyHost *host, const QemuCaps *caps) {
        json_object *sev = qemu_caps_sev(caps, NULL);

        host->sev_cbitpos = (unsigned) json_get_uint(sev, "cbitpos", 0);
        host->sev_reduced_phys_bits = (unsigned) json_get_uint(sev, "reduced-phys-bits", 0);
}

static void add_names(PolicyHost *host) {
        struct utsname names;

        if (uname(&names) < 0)
                return;
        host->name = xstrdup(names.nodename);
        host->host_arch = xstrdup(names.machine);
}

static PolicyHost *facts_of_caps(const QemuCaps *caps) {
        const QemuAccelCaps *kvm = qemu_caps_accel(caps, QEMU_ACCEL_KVM), *tcg = qemu_caps_accel(caps, QEMU_ACCEL_TCG);
        const char *const *objects = qemu_caps_confidential_objects(caps);
        PolicyHost *host = policy_host_new(qemu_caps_arch(caps));

        host->emulator = xstrdup(qemu_caps_binary(caps));
        host->version = qemu_caps_version(caps);
        host->kvm = kvm->usable ? FACT_YES : FACT_NO;
        host->cpu_kvm = kvm->cpu_host;
        host->cpu_tcg = tcg->cpu_host;
        host->objects_known = true;
        for (size_t i = 0; objects[i]; i++)
                policy_host_add_object(host, objects[i]);
        add_sev(host, caps);
        add_names(host);
        return host;
}

static PolicyHost *keep(FactsStore *store, QemuCaps *caps) {
        Kept *kept;

        for (size_t i = 0; i < store->n_kept; i++)
                if (store->kept[i].caps == caps)
                        return store->kept[i].host;
        if (store->n_kept == MAX_KEPT) {
                kept_done(&store->kept[0]);
                memmove(&store->kept[0], &store->kept[1], (MAX_KEPT - 1) * sizeof(Kept));
                store->n_kept--;
        }
        kept = &store->kept[store->n_kept++];
        *kept = (Kept) { .caps = qemu_caps_ref(caps), .host = facts_of_caps(caps) };
        return kept->host;
}

/* ---- The host's part ---- */

/* A module parameter is Y or N, or a number; absent, its module is not there. */
static Fact ask_parameter(const char *path) {
        CLEANUP(free) char *text = NULL;
        size_t len;
        int r = fs_read_at(AT_FDCWD, path, MAX_PARAMETER, &text, &len);

        if (r == -ENOENT || r == -ENOTDIR)
                return FACT_NO;
        if (r < 0 || len == 0)
                return FACT_UNKNOWN;
        return text[0] == 'N' || text[0] == 'n' || text[0] == '0' ? FACT_NO : FACT_YES;
}

static Fact ask_exists(const char *path) {
        return access(path, F_OK) == 0 ? FACT_YES : errno == ENOENT || errno == ENOTDIR ? FACT_NO : FACT_UNKNOWN;
}

#define KVM_CHECK_EXTENSION_CALL _IO(0xAE, 0x03)
#define KVM_CAP_PPC_SECURE_GUEST_NUMBER 173

static Fact ask_ppc_secure_guest(const char *kvm) {
        CLEANUP(close) int fd = open(kvm, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        struct utsname names;

        if (uname(&names) < 0 || strncmp(names.machine, "ppc64", 5) != 0 || fd < 0)
                return FACT_NO;
        return ioctl(fd, KVM_CHECK_EXTENSION_CALL, KVM_CAP_PPC_SECURE_GUEST_NUMBER) > 0 ? FACT_YES : FACT_NO;
}

/* Older kernels have the directory and not this file: then nobody can say. */
static Fact ask_prot_virt(FactsStore *store, const char *path) {
        CLEANUP(free) char *directory = xasprintf("%s/sys/firmware/uv", store->root);
        Fact file = ask_parameter(path);

        return file == FACT_NO && ask_exists(path) == FACT_NO && ask_exists(directory) == FACT_YES ? FACT_UNKNOWN : file;
}

static Fact ask_link(FactsStore *store, const char *name) {
        CLEANUP(free) char *path = xasprintf("%s%s", store->root, name);

        if (streq(name, "kvm-cap:ppc-secure-guest")) {
                free(path);
                path = xasprintf("%s/dev/kvm", store->root);
                return ask_ppc_secure_guest(path);
        }
        if (streq(name, "/sys/firmware/uv/prot_virt_host"))
                return ask_prot_virt(store, path);
        return strncmp(name, "/sys/module/", 12) == 0 ? ask_parameter(path) : ask_exists(path);
}

static void ask_links(FactsStore *store, PolicyHost *host, const char *technology) {
        const char *link;

        for (size_t i = 0; (link = policy_technology_link(technology, i)); i++)
                policy_host_add_link(host, link, ask_link(store, link));
}

const PolicyHost *facts_for(FactsStore *store, QemuCaps *caps, const char *technology) {
        PolicyHost *host = keep(store, caps);
        const char *name, *arch;

        if (!technology)
                return host;
        if (!streq(technology, FACTS_ALL_TECHNOLOGIES)) {
                ask_links(store, host, technology);
                return host;
        }
        for (size_t i = 0; (name = policy_technology_name(i, &arch)); i++)
                if (streq(arch, host->arch))
                        ask_links(store, host, name);
        return host;
}
