/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/identity.c - host UUID, users and groups. */
#include "identity.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>

#include "util/fs.h"

#define HOST_UUID_NAME "host_uuid"
#define HOST_UUID_MAX 64

static int uuid_make(int state_fd, sd_id128_t *ret, Error **err) {
        char text[SD_ID128_UUID_STRING_MAX];
        sd_id128_t uuid;
        int r = sd_id128_randomize(&uuid);

        if (r < 0)
                return error_set_errno(err, -r, "cannot make a host UUID");
        sd_id128_to_uuid_string(uuid, text);
        r = fs_replace_at(state_fd, HOST_UUID_NAME, text, strlen(text), 0644, true);
        if (r < 0)
                return error_set_errno(err, -r, "cannot keep the host UUID in the state directory");
        *ret = uuid;
        return 0;
}

int identity_host_uuid(const char *configured, int state_fd, sd_id128_t *ret, Error **err) {
        CLEANUP(free) char *text = NULL;
        size_t len;
        int r;

        if (configured)                 /* was checked when it was read */
                return sd_id128_from_string(configured, ret) < 0 ? error_set(err, ERROR_INTERNAL, "host_uuid '%s'", configured) : 0;
        r = fs_read_at(state_fd, HOST_UUID_NAME, HOST_UUID_MAX, &text, &len);
        if (r == -ENOENT)
                return uuid_make(state_fd, ret, err);
        if (r < 0)
                return error_set_errno(err, -r, "cannot read 'host_uuid' in the state directory");
        text[strcspn(text, "\n")] = 0;
        if (sd_id128_from_string(text, ret) < 0)
                return error_set(err, ERROR_OPERATION_FAILED, "'host_uuid' in the state directory holds '%s', which is not a UUID: correct it, or "
                                 "remove it to get a new one", text);
        return 0;
}

char *identity_host_name(const char *configured) {
        char name[HOST_NAME_MAX + 1] = "";

        if (configured)
                return xstrdup(configured);
        gethostname(name, HOST_NAME_MAX);
        return xstrdup(*name ? name : "localhost");
}

static const struct passwd *default_user(void) {
        static const char *const names[] = { "virtward-qemu", "libvirt-qemu", "qemu", "nobody" };

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                const struct passwd *entry = getpwnam(names[i]);

                if (entry)
                        return entry;
        }
        return NULL;
}

int identity_group(const char *name, gid_t *ret, Error **err) {
        const struct group *entry;

        if (!name) {
                *ret = (gid_t) -1;
                return 0;
        }
        entry = getgrnam(name);
        if (!entry)
                return error_set(err, ERROR_OPERATION_FAILED, "there is no group '%s' on this host", name);
        *ret = entry->gr_gid;
        return 0;
}

int identity_qemu_user(const char *user, const char *group, QemuUser *ret, Error **err) {
        const struct passwd *entry = user ? getpwnam(user) : default_user();
        const struct group *kvm;
        QemuUser found;

        if (!entry)
                return error_set(err, ERROR_OPERATION_FAILED, "there is no user '%s' on this host for guests to run as: set qemu_user",
                                 user ? user : "nobody");
        found = (QemuUser) { .uid = entry->pw_uid, .gid = entry->pw_gid };
        kvm = group || user ? NULL : getgrnam("kvm");
        if (kvm)
                found.gid = kvm->gr_gid;
        if (group && identity_group(group, &found.gid, err) < 0)
                return -1;
        *ret = found;
        return 0;
}
