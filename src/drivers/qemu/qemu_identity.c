/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/qemu_identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "util/fs.h"
#include "util/strbuf.h"

/* Lines of the first processor that tell which it is; the rest of /proc/cpuinfo (MHz, bogomips) changes by itself. */
static const char *const cpu_keys[] = { "vendor_id", "cpu family", "model", "stepping", "microcode", "flags", "features", "processor 0", "cpu", "revision" };

static void add_cpu_line(StrBuf *text, const char *line, size_t len) {
        for (size_t i = 0; i < N_ELEMENTS(cpu_keys); i++) {
                size_t n = strlen(cpu_keys[i]);

                if (len > n && strncmp(line, cpu_keys[i], n) == 0 && strchr("\t :", line[n])) {
                        strbuf_add_n(text, line, len);
                        strbuf_add(text, "\n");
                        return;
                }
        }
}

static void add_cpu(StrBuf *text) {
        CLEANUP(close) int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
        char bytes[8192];
        ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes) - 1);
        char *end;

        if (n <= 0)
                return;
        bytes[n] = 0;
        end = strstr(bytes, "\n\n");
        if (end)
                *end = 0;
        for (char *line = bytes, *next; line; line = next) {
                next = strchr(line, '\n');
                add_cpu_line(text, line, next ? (size_t) (next - line) : strlen(line));
                if (next)
                        next++;
        }
}

static void add_module(StrBuf *text, const char *module) {
        CLEANUP(free) char *path = xasprintf("/sys/module/%s/parameters", module);
        struct dirent **entries = NULL;
        int n = scandir(path, &entries, NULL, alphasort);

        for (int i = 0; i < n; i++) {
                CLEANUP(free) char *file = xasprintf("%s/%s", path, entries[i]->d_name);
                CLEANUP(free) char *value = NULL;

                if (entries[i]->d_name[0] != '.' && fs_read_at(AT_FDCWD, file, 4096, &value, NULL) == 0)
                        strbuf_addf(text, "%s.%s=%s\n", module, entries[i]->d_name, value);
                free(entries[i]);
        }
        free(entries);
}

char *qemu_identity_of_host(void) {
        static const char *const modules[] = { "kvm", "kvm_intel", "kvm_amd", "kvm_hv", "kvm_pr" };
        CLEANUP(strbuf_done) StrBuf text = {};
        struct utsname host;

        if (uname(&host) == 0)
                strbuf_addf(&text, "kernel=%s %s %s\n", host.release, host.version, host.machine);
        add_cpu(&text);
        for (size_t i = 0; i < N_ELEMENTS(modules); i++)
                add_module(&text, modules[i]);
        return strbuf_steal(&text);
}

static long long nsec(struct timespec when) {
        return when.tv_sec * 1000000000LL + when.tv_nsec;
}

int qemu_identity(const char *host, const char *binary, char **ret, Error **err) {
        struct stat file, kvm = {};
        int kvm_errno;

        if (stat(binary, &file) < 0)
                return error_set_errno(err, errno, "Cannot check QEMU binary %s", binary);
        if (!S_ISREG(file.st_mode) || access(binary, X_OK) < 0)
                return error_set_errno(err, EACCES, "QEMU binary %s is not executable", binary);
        kvm_errno = stat("/dev/kvm", &kvm) < 0 || access("/dev/kvm", R_OK | W_OK) < 0 ? errno : 0;
        *ret = xasprintf("%sbinary=%s size=%lld mtime=%lld inode=%llu\nkvm=%d inode=%llu ctime=%lld\nuid=%u\n", host, binary,
                         (long long) file.st_size, nsec(file.st_mtim), (unsigned long long) file.st_ino, kvm_errno,
                         (unsigned long long) kvm.st_ino, nsec(kvm.st_ctim), (unsigned) geteuid());
        return 0;
}
