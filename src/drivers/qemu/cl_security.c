/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_security.c - <launchSecurity>: the object that makes a guest confidential. Whether it may start was decided before. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/qemu/cl.h"

typedef struct SecurityType {
        const char *qom_type;
        const char *words;              /* libvirt 9.0's for the first ones */
} SecurityType;

static const SecurityType types[LAUNCH_SECURITY_TYPE_MAX] = {
        [LAUNCH_SECURITY_SEV] = { "sev-guest", "SEV launch security" },
        [LAUNCH_SECURITY_SEV_SNP] = { "sev-snp-guest", "'sev-snp' launch security" },
        [LAUNCH_SECURITY_S390_PV] = { "s390-pv-guest", "S390 PV launch security" },
        [LAUNCH_SECURITY_TDX] = { "tdx-guest", "'tdx' launch security" },
        [LAUNCH_SECURITY_PEF] = { "pef-guest", "'pef' launch security" },
};

/* A text that QEMU reads as a file: an anonymous one, so nothing of it reaches a disk or another process. */
static int add_file(Cl *cl, json_object *object, const char *key, const char *text, Error **err) {
        CLEANUP(close) int fd = -1;
        CLEANUP(free) char *path = NULL;
        size_t len = text ? strlen(text) : 0;

        if (!text)
                return 0;
        fd = memfd_create("launch-security", MFD_CLOEXEC);
        if (fd < 0 || write(fd, text, len) != (ssize_t) len || lseek(fd, 0, SEEK_SET) < 0)
                return error_set_errno(err, errno, "cannot hand '%s' to QEMU", key);
        path = xasprintf("/dev/fd/%d", cl_add_fd(cl, STEAL_FD(fd)));
        json_add_string(object, key, path);
        return 0;
}

static void add_host_values(const Cl *cl, json_object *object) {
        const LaunchSecurityDef *security = cl->def->launch_security;
        json_object *host = qemu_caps_sev(cl->caps, NULL);

        json_add_uint(object, "cbitpos", security->cbitpos.set ? security->cbitpos.value : json_get_uint(host, "cbitpos", 0));
        json_add_uint(object, "reduced-phys-bits", security->reduced_phys_bits.set ? security->reduced_phys_bits.value :
                                                   json_get_uint(host, "reduced-phys-bits", 0));
}

static int add_sev(Cl *cl, json_object *object, Error **err) {
        const LaunchSecurityDef *security = cl->def->launch_security;

        add_host_values(cl, object);
        json_add_uint(object, "policy", security->policy.value);
        if (add_file(cl, object, "dh-cert-file", security->dh_cert, err) < 0 || add_file(cl, object, "session-file", security->session, err) < 0)
                return -1;
        cl_json_bool(object, "kernel-hashes", security->kernel_hashes);
        return 0;
}

static void add_snp(Cl *cl, json_object *object) {
        const LaunchSecurityDef *security = cl->def->launch_security;

        add_host_values(cl, object);
        cl_json_bool(object, "kernel-hashes", security->kernel_hashes);
        if (security->policy.set)
                json_add_uint(object, "policy", security->policy.value);
        json_add_string(object, "guest-visible-workarounds", security->guest_visible_workarounds);
        json_add_string(object, "id-block", security->id_block);
        json_add_string(object, "id-auth", security->id_auth);
        cl_json_bool(object, "author-key-enabled", security->author_key);
        if (security->vcek)
                json_add_bool(object, "vcek-disabled", security->vcek == TRISTATE_NO);
        json_add_string(object, "host-data", security->host_data);
}

static void add_tdx(Cl *cl, json_object *object) {
        const LaunchSecurityDef *security = cl->def->launch_security;

        if (security->policy.set)
                json_add_uint(object, "attributes", security->policy.value);
        json_add_string(object, "mrconfigid", security->mr_config_id);
        json_add_string(object, "mrowner", security->mr_owner);
        json_add_string(object, "mrownerconfig", security->mr_owner_config);
        if (security->quote_generation_service) {
                json_object *address = json_object_new_object();

                json_add_string(address, "type", "unix");
                json_add_string(address, "path", security->quote_generation_path ? security->quote_generation_path : "/var/run/tdx-qgs/qgs.socket");
                json_add(object, "quote-generation-socket", address);
        }
}

int cl_chapter_security(Cl *cl, Error **err) {
        const LaunchSecurityDef *security = cl->def->launch_security;
        CLEANUP(json_put) json_object *object = NULL;
        const SecurityType *type;

        if (!security)
                return 0;
        type = &types[security->type];
        if (!qemu_caps_has_confidential_object(cl->caps, type->qom_type))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "%s is not supported with this QEMU binary", type->words);
        object = json_object_new_object();
        json_add_string(object, "qom-type", type->qom_type);
        json_add_string(object, "id", "lsec0");
        if (security->type == LAUNCH_SECURITY_SEV && add_sev(cl, object, err) < 0)
                return -1;
        if (security->type == LAUNCH_SECURITY_SEV_SNP)
                add_snp(cl, object);
        if (security->type == LAUNCH_SECURITY_TDX)
                add_tdx(cl, object);
        cl_add_json(cl, "-object", STEAL(object));
        return 0;
}
