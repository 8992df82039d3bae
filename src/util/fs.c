/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int fs_open_dir_at(int dir_fd, const char *name, mode_t mode, int *ret_fd) {
        int fd;

        if (mkdirat(dir_fd, name, mode) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

int fs_open_dir(const char *path, mode_t mode, int *ret_fd) {
        CLEANUP(free) char *part = xstrdup(path);

        for (char *slash = part; *slash && (slash = strchr(slash + 1, '/'));) {
                *slash = 0;
                if (mkdir(part, 0755) < 0 && errno != EEXIST)
                        return -errno;
                *slash = '/';
        }
        return fs_open_dir_at(AT_FDCWD, path, mode, ret_fd);
}

int fs_read_at(int dir_fd, const char *name, size_t max, char **ret, size_t *ret_len) {
        CLEANUP(close) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        CLEANUP(free) char *text = NULL;
        size_t len = 0, size = 0;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        for (;;) {
                ssize_t n;

                if (len + 1 >= size) {
                        size = size ? 2 * size : (size_t) st.st_size + 2;
                        if (size > max + 2)
                                size = max + 2;
                        text = xrealloc(text, size, 1);
                }
                n = read(fd, text + len, size - len - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                len += n;
                if (len > max)
                        return -EFBIG;
        }
        text[len] = 0;
        *ret = STEAL(text);
        if (ret_len)
                *ret_len = len;
        return 0;
}

static int write_all(int fd, const char *data, size_t len) {
        while (len > 0) {
                ssize_t n = write(fd, data, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                data += n;
                len -= n;
        }
        return 0;
}

static int write_temp(int dir_fd, const char *temp, const void *data, size_t len, mode_t mode, bool durable) {
        CLEANUP(close) int fd = openat(dir_fd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
        int r;

        if (fd < 0)
                return -errno;
        r = write_all(fd, data, len);
        if (r == 0 && durable && fsync(fd) < 0)
                r = -errno;
        if (close(STEAL_FD(fd)) < 0 && r == 0)
                r = -errno;
        return r;
}

int fs_replace_at(int dir_fd, const char *name, const void *data, size_t len, mode_t mode, bool durable) {
        CLEANUP(free) char *temp = xasprintf(FS_TEMP_PREFIX "%s", name);
        int r = write_temp(dir_fd, temp, data, len, mode, durable);

        if (r == 0 && renameat(dir_fd, temp, dir_fd, name) < 0)
                r = -errno;
        if (r < 0) {
                unlinkat(dir_fd, temp, 0);
                return r;
        }
        return durable && fsync(dir_fd) < 0 ? -errno : 0;
}

bool fs_name_ok(const char *name) {
        if (!*name || streq(name, ".") || streq(name, "..") || strlen(name) > 200)
                return false;
        for (const char *c = name; *c; c++)
                if (*c == '/' || (unsigned char) *c < 0x20 || *c == 0x7f)
                        return false;
        return true;
}
