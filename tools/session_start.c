/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/session_start.c - the user's own daemon, started when it is needed and waited for until it says that it is ready. */
#include "session_start.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include "util/fs.h"

#define READY_MSEC 30000
#define LOG_NAME "virtwardd.log"
#define LOG_MAX (256 * 1024)

extern char **environ;

bool session_is_up(const char *socket_path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        CLEANUP(close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || strlen(socket_path) >= sizeof(address.sun_path))
                return false;
        memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
        return connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0;
}

static char *executable_in(const char *dir, size_t len, const char *rest) {
        char *path = xasprintf("%.*s/%s", (int) len, dir, rest);

        if (access(path, X_OK) == 0)
                return path;
        free(path);
        return NULL;
}

/* Beside wardsh in the build tree, then where packages put it, then in PATH. The caller frees; NULL: nowhere. */
static char *find_daemon(void) {
        static const char *const installed[] = { "/usr/sbin", "/usr/local/sbin", "/usr/libexec/virtward" };
        const char *path = getenv("PATH");
        char self[PATH_MAX], *found = NULL;
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        if (n > 0) {
                self[n] = '\0';
                *strrchr(self, '/') = '\0';
                found = executable_in(self, strlen(self), "../daemon/virtwardd");
        }
        for (size_t i = 0; !found && i < N_ELEMENTS(installed); i++)
                found = executable_in(installed[i], strlen(installed[i]), "virtwardd");
        while (!found && path && *path) {
                size_t len = strcspn(path, ":");

                found = len > 0 ? executable_in(path, len, "virtwardd") : NULL;
                path += len + (path[len] ? 1 : 0);
        }
        return found;
}

/* A datagram socket with a name that the kernel picks; *ret_name is how NOTIFY_SOCKET writes it. */
static int open_notify(int *ret_fd, char **ret_name, Error **err) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        socklen_t len = sizeof(address);
        CLEANUP(close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(sa_family_t)) < 0 ||
            getsockname(fd, (struct sockaddr *) &address, &len) < 0)
                return error_set_errno(err, errno, "cannot make a socket for the daemon's readiness");
        *ret_name = xasprintf("@%.*s", (int) (len - offsetof(struct sockaddr_un, sun_path) - 1), address.sun_path + 1);
        *ret_fd = STEAL_FD(fd);
        return 0;
}

/* Our environment with NOTIFY_SOCKET replaced. The strings but the last are borrowed. */
static char **notify_environ(char *notify) {
        size_t n = 0, kept = 0;
        char **env;

        while (environ[n])
                n++;
        env = xnew_n(char *, n + 2);
        for (size_t i = 0; i < n; i++)
                if (strncmp(environ[i], "NOTIFY_SOCKET=", 14) != 0)
                        env[kept++] = environ[i];
        env[kept] = notify;
        return env;
}

/* It outlives us and whoever called us: no descriptor, terminal, directory or signal mask of theirs goes with it. */
static int spawn_daemon(const char *program, const char *notify_name, int log_fd, pid_t *ret, Error **err) {
        char *argv[] = { (char *) program, (char *) "--session", NULL };
        CLEANUP(free) char *notify = xasprintf("NOTIFY_SOCKET=%s", notify_name);
        CLEANUP(free) char **env = notify_environ(notify);
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attr;
        sigset_t none, all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
        posix_spawn_file_actions_adddup2(&files, log_fd, 1);
        posix_spawn_file_actions_adddup2(&files, log_fd, 2);
        posix_spawn_file_actions_addclosefrom_np(&files, 3);
        posix_spawn_file_actions_addchdir_np(&files, "/");
        posix_spawnattr_init(&attr);
        posix_spawnattr_setsigmask(&attr, &none);
        posix_spawnattr_setsigdefault(&attr, &all);
        posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        r = posix_spawn(ret, program, &files, &attr, argv, env);
        posix_spawnattr_destroy(&attr);
        posix_spawn_file_actions_destroy(&files);
        return r == 0 ? 0 : error_set_errno(err, r, "cannot run %s", program);
}

static bool says_ready(int notify_fd) {
        char text[512];
        ssize_t n = recv(notify_fd, text, sizeof(text) - 1, 0);

        if (n <= 0)
                return false;
        text[n] = '\0';
        return strncmp(text, "READY=1", 7) == 0 || strstr(text, "\nREADY=1");
}

/* What the daemon wrote since from; the caller frees. */
static char *log_since(int log_fd, off_t from) {
        char text[2048];
        ssize_t n = pread(log_fd, text, sizeof(text), from);

        while (n > 0 && text[n - 1] == '\n')
                n--;
        return n > 0 ? xstrndup(text, (size_t) n) : xstrdup("it wrote nothing");
}

static long long now_msec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* 1: ready; 0: it has ended; -ETIMEDOUT. */
static int wait_ready(int notify_fd, int pidfd) {
        struct pollfd fds[] = { { .fd = notify_fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
        long long deadline = now_msec() + READY_MSEC, left;

        while ((left = deadline - now_msec()) > 0) {
                if (poll(fds, 2, (int) left) < 0 && errno != EINTR)
                        return -errno;
                if ((fds[0].revents & POLLIN) && says_ready(notify_fd))
                        return 1;
                if (fds[1].revents & POLLIN)
                        return 0;
        }
        return -ETIMEDOUT;
}

static int open_log(const char *runtime_dir, int *ret, Error **err) {
        CLEANUP(close) int dir = -1, fd = -1;
        struct stat st;
        int r = fs_open_dir(runtime_dir, 0700, &dir);

        if (r < 0)
                return error_set_errno(err, -r, "cannot make the directory %s", runtime_dir);
        fd = openat(dir, LOG_NAME, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_set_errno(err, errno, "cannot write %s/%s", runtime_dir, LOG_NAME);
        if (st.st_size > LOG_MAX && ftruncate(fd, 0) < 0)
                return error_set_errno(err, errno, "cannot empty %s/%s", runtime_dir, LOG_NAME);
        *ret = STEAL_FD(fd);
        return 0;
}

static int await_daemon(const char *program, pid_t pid, int notify_fd, int log_fd, off_t log_from, const char *socket_path,
                        pid_t *ret_pid, Error **err) {
        CLEANUP(close) int pidfd = pidfd_open(pid, 0);
        CLEANUP(free) char *said = NULL;
        int r = pidfd < 0 ? -errno : wait_ready(notify_fd, pidfd);

        if (r == 1) {
                *ret_pid = pid;
                return 0;
        }
        if (r < 0)
                return error_set_errno(err, -r, "%s (process %d) is not ready", program, pid);
        waitpid(pid, NULL, 0);
        *ret_pid = 0;
        if (session_is_up(socket_path))         /* another one was quicker and holds the lock */
                return 0;
        said = log_since(log_fd, log_from);
        return error_set(err, ERROR_OPERATION_FAILED, "%s --session ended at once: %s", program, said);
}

int session_start(const char *runtime_dir, const char *socket_path, pid_t *ret_pid, Error **err) {
        CLEANUP(free) char *program = find_daemon(), *notify_name = NULL;
        CLEANUP(close) int notify_fd = -1, log_fd = -1;
        off_t log_from;
        pid_t pid;

        if (!program)
                return error_set(err, ERROR_OPERATION_FAILED, "virtwardd is not found beside wardsh, in /usr/sbin, or in PATH");
        if (open_notify(&notify_fd, &notify_name, err) < 0 || open_log(runtime_dir, &log_fd, err) < 0)
                return -1;
        log_from = lseek(log_fd, 0, SEEK_END);
        if (spawn_daemon(program, notify_name, log_fd, &pid, err) < 0)
                return -1;
        return await_daemon(program, pid, notify_fd, log_fd, log_from, socket_path, ret_pid, err);
}
