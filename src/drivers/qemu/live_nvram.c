/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/live_nvram.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

#include "util/fs.h"

#define NVRAM_MAX (64 * 1024 * 1024)

/* What Debian's and most others' packages put beside the code; a definition may name another template. */
static const struct {
        const char *code, *variables;
} templates[] = {
        { "OVMF_CODE.fd", "OVMF_VARS.fd" },
        { "OVMF_CODE.secboot.fd", "OVMF_VARS.fd" },
        { "OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd" },
        { "OVMF_CODE_4M.ms.fd", "OVMF_VARS_4M.ms.fd" },
        { "OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.fd" },
        { "AAVMF_CODE.fd", "AAVMF_VARS.fd" },
};

static char *template_of(const OsDef *os) {
        const char *slash = os->loader ? strrchr(os->loader, '/') : NULL;

        if (os->nvram_template)
                return xstrdup(os->nvram_template);
        for (size_t i = 0; slash && i < N_ELEMENTS(templates); i++)
                if (streq(slash + 1, templates[i].code))
                        return xasprintf("%.*s/%s", (int) (slash - os->loader), os->loader, templates[i].variables);
        return NULL;
}

bool live_nvram_exists(const DomainDef *def) {
        return def->os.nvram && access(def->os.nvram, F_OK) == 0;
}

static int copy_to(const char *path, const char *data, size_t len, uid_t uid, gid_t gid) {
        CLEANUP(free) char *for_directory = xstrdup(path), *for_name = xstrdup(path);
        CLEANUP(close) int dir_fd = -1;
        int r = fs_open_dir(dirname(for_directory), 0700, &dir_fd);

        if (r >= 0)
                r = fs_replace_at(dir_fd, basename(for_name), data, len, 0600, false);
        if (r >= 0 && uid != (uid_t) -1 && fchownat(dir_fd, basename(for_name), uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
                r = -errno;
        return r;
}

int live_nvram_make(const DomainDef *def, uid_t uid, gid_t gid, bool *ret_made, Error **err) {
        CLEANUP(free) char *template = NULL, *data = NULL;
        size_t len;
        int r;

        if (!def->os.nvram || live_nvram_exists(def))
                return 0;
        template = template_of(&def->os);
        if (!template)
                return error_set(err, ERROR_OPERATION_FAILED, "unable to find any master var store for loader: %s; name one in <nvram template=...>",
                                 def->os.loader ? def->os.loader : "(none)");
        r = fs_read_at(AT_FDCWD, template, NVRAM_MAX, &data, &len);
        if (r < 0)
                return error_set_errno(err, -r, "cannot read the template of the UEFI variables '%s'", template);
        r = copy_to(def->os.nvram, data, len, uid, gid);
        if (r < 0)
                return error_set_errno(err, -r, "cannot make the UEFI variables '%s'", def->os.nvram);
        *ret_made = true;
        return 0;
}
