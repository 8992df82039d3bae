/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/qemu_binaries.h"

#include <dirent.h>
#include <sys/stat.h>

#include "drivers/qemu/qemu_arch.h"
#include "drivers/qemu/qemu_caps_cache.h"

#define PREFIX "qemu-system-"

typedef struct SearchDir {
        char *path;
        struct timespec mtime;
        ino_t inode;
} SearchDir;

struct QemuBinaries {
        SearchDir *dirs;
        size_t n_dirs;
        bool read;
        char **paths;                   /* NULL-terminated */
        size_t n_paths;
};

static void add_dirs(QemuBinaries *binaries, const char *path) {
        CLEANUP(free) char *copy = xstrdup(path);
        char *rest = NULL;

        for (char *dir = strtok_r(copy, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
                bool known = *dir != '/';

                for (size_t i = 0; i < binaries->n_dirs; i++)
                        known = known || streq(binaries->dirs[i].path, dir);
                if (!known)
                        *ARRAY_APPEND(binaries->dirs, binaries->n_dirs) = (SearchDir) { .path = xstrdup(dir) };
        }
}

QemuBinaries *qemu_binaries_new(const char *search_path) {
        QemuBinaries *binaries = xnew(QemuBinaries);
        const char *path = getenv("PATH");

        if (search_path) {
                add_dirs(binaries, search_path);
                return binaries;
        }
        add_dirs(binaries, path ? path : "");
        add_dirs(binaries, "/usr/local/bin:/usr/bin:/bin:/usr/libexec");
        return binaries;
}

static void clear_paths(QemuBinaries *binaries) {
        for (size_t i = 0; i < binaries->n_paths; i++)
                free(binaries->paths[i]);
        free(binaries->paths);
        binaries->paths = NULL;
        binaries->n_paths = 0;
}

QemuBinaries *qemu_binaries_free(QemuBinaries *binaries) {
        if (!binaries)
                return NULL;
        clear_paths(binaries);
        for (size_t i = 0; i < binaries->n_dirs; i++)
                free(binaries->dirs[i].path);
        free(binaries->dirs);
        free(binaries);
        return NULL;
}

const char *qemu_caps_binary_arch(const char *binary) {
        const char *slash = strrchr(binary, '/'), *name = slash ? slash + 1 : binary;
        const QemuArch *arch;

        if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
                return NULL;
        arch = qemu_arch_by_target(name + strlen(PREFIX));
        return arch ? arch->arch : NULL;
}

static const char *base_name(const char *path) {
        return strrchr(path, '/') + 1;
}

static bool have_name(const QemuBinaries *binaries, const char *name) {
        for (size_t i = 0; i < binaries->n_paths; i++)
                if (streq(base_name(binaries->paths[i]), name))
                        return true;
        return false;
}

static void read_dir(QemuBinaries *binaries, const char *path) {
        DIR *dir = opendir(path);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                CLEANUP(free) char *file = NULL;

                if (!qemu_caps_binary_arch(entry->d_name) || have_name(binaries, entry->d_name))
                        continue;
                file = xasprintf("%s/%s", path, entry->d_name);
                if (access(file, X_OK) == 0)
                        *ARRAY_APPEND(binaries->paths, binaries->n_paths) = STEAL(file);
        }
        if (dir)
                closedir(dir);
}

static bool dirs_changed(QemuBinaries *binaries) {
        bool changed = !binaries->read;

        for (size_t i = 0; i < binaries->n_dirs; i++) {
                SearchDir *dir = &binaries->dirs[i];
                struct stat st = {};

                if (stat(dir->path, &st) == 0 && st.st_ino == dir->inode && memcmp(&st.st_mtim, &dir->mtime, sizeof(dir->mtime)) == 0)
                        continue;
                changed = changed || dir->inode != st.st_ino || memcmp(&st.st_mtim, &dir->mtime, sizeof(dir->mtime)) != 0;
                dir->inode = st.st_ino;
                dir->mtime = st.st_mtim;
        }
        return changed;
}

static int by_name(const void *a, const void *b) {
        return strcmp(base_name(*(char *const *) a), base_name(*(char *const *) b));
}

const char *const *qemu_binaries_list(QemuBinaries *binaries) {
        if (dirs_changed(binaries)) {
                binaries->read = true;
                clear_paths(binaries);
                for (size_t i = 0; i < binaries->n_dirs; i++)
                        read_dir(binaries, binaries->dirs[i].path);
                if (binaries->n_paths)
                        qsort(binaries->paths, binaries->n_paths, sizeof(char *), by_name);
                *ARRAY_APPEND(binaries->paths, binaries->n_paths) = NULL;
                binaries->n_paths--;
        }
        return (const char *const *) binaries->paths;
}

static const char *find_arch(QemuBinaries *binaries, const char *arch) {
        const char *const *paths = qemu_binaries_list(binaries);

        for (size_t i = 0; paths[i]; i++)
                if (streq(qemu_caps_binary_arch(paths[i]), arch))
                        return paths[i];
        return NULL;
}

const char *qemu_binaries_default(QemuBinaries *binaries, const char *arch) {
        const char *found = find_arch(binaries, arch ? arch : qemu_arch_of_host());

        /* A 64-bit PC runs 32-bit systems as well. */
        return found || !streq(arch, "i686") ? found : find_arch(binaries, "x86_64");
}
