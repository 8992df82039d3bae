/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/directory.c - flock() on a file in the directory. Helpers forked from the daemon hold the lock with it, so nobody takes
 * a directory over while something still writes there; programs that are executed (guests) do not. */
#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "util/fs.h"

#define LOCK_NAME "virtwardd.lock"
#define LOCK_TRIES 60
#define LOCK_PAUSE_NSEC (50 * 1000 * 1000)

static int directory_check(int fd, const char *path, const char *what, Error **err) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_set_errno(err, errno, "cannot examine the %s '%s'", what, path);
        if (st.st_uid != geteuid())
                return error_set(err, ERROR_OPERATION_FAILED, "the %s '%s' belongs to user %u, but virtwardd runs as user %u: choose another "
                                 "directory, or chown it", what, path, (unsigned) st.st_uid, (unsigned) geteuid());
        if (st.st_mode & 022)
                return error_set(err, ERROR_OPERATION_FAILED, "others may write to the %s '%s' (mode %04o): chmod go-w it", what, path,
                                 (unsigned) st.st_mode & 07777);
        return 0;
}

/* The pid that the lock's holder wrote, or 0. */
static pid_t lock_holder(int lock_fd) {
        char text[32] = "";
        long pid;

        if (pread(lock_fd, text, sizeof(text) - 1, 0) <= 0)
                return 0;
        pid = strtol(text, NULL, 10);
        return pid > 1 && (kill((pid_t) pid, 0) == 0 || errno == EPERM) ? (pid_t) pid : 0;
}

static int lock_take(int lock_fd, const char *path, const char *what, Error **err) {
        for (int i = 0; i < LOCK_TRIES; i++) {
                pid_t holder;

                if (flock(lock_fd, LOCK_EX | LOCK_NB) == 0)
                        return 0;
                if (errno != EWOULDBLOCK)
                        return error_set_errno(err, errno, "cannot lock the %s '%s'", what, path);
                holder = lock_holder(lock_fd);
                if (holder > 0)
                        return error_set(err, ERROR_OPERATION_FAILED, "another virtwardd (pid %d) uses the %s '%s': stop it, or choose another "
                                         "directory", (int) holder, what, path);
                nanosleep(&(struct timespec) { .tv_nsec = LOCK_PAUSE_NSEC }, NULL);
        }
        return error_set(err, ERROR_OPERATION_FAILED, "a helper of an earlier virtwardd still uses the %s '%s'", what, path);
}

static int directory_lock(Directory *directory, const char *what, Error **err) {
        CLEANUP(close) int fd = openat(directory->fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        char text[32];

        if (fd < 0)
                return error_set_errno(err, errno, "cannot make '%s/" LOCK_NAME "'", directory->path);
        if (lock_take(fd, directory->path, what, err) < 0)
                return -1;
        snprintf(text, sizeof(text), "%d\n", (int) getpid());
        if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0)
                return error_set_errno(err, errno, "cannot write '%s/" LOCK_NAME "'", directory->path);
        directory->lock_fd = STEAL_FD(fd);
        return 0;
}

int directory_open(const char *path, const char *what, mode_t mode, Directory *ret, Error **err) {
        int r;

        *ret = (Directory) DIRECTORY_EMPTY;
        ret->path = xstrdup(path);
        r = fs_open_dir(path, mode, &ret->fd);
        if (r < 0)
                return error_set_errno(err, -r, "cannot open the %s '%s'", what, path);
        if (directory_check(ret->fd, path, what, err) < 0)
                return -1;
        return directory_lock(ret, what, err);
}

void directory_close(Directory *directory) {
        close_fd(directory->lock_fd);
        close_fd(directory->fd);
        free(directory->path);
        *directory = (Directory) DIRECTORY_EMPTY;
}
