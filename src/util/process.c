/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct Process {
        pid_t pid;
        int pidfd;
        uint64_t start_time;
        bool ours;                      /* our child: its status can be collected */
        bool collected;
        sd_event_source *source;
        void (*exited)(Process *process, const ProcessExit *how, void *userdata);
        void *userdata;
};

/* Numbered fields (from 1, rising) of /proc/PID/stat, counted behind the command name, which may hold anything; 0 when
 * the process is gone. */
static void stat_fields(pid_t pid, const int *numbers, size_t n_numbers, uint64_t *ret) {
        char path[64], text[1024] = "", *field;
        CLEANUP(close) int fd = -1;
        int at = 2;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
                text[0] = 0;
        field = strrchr(text, ')');
        for (size_t i = 0; i < n_numbers; i++) {
                for (; field && at < numbers[i]; at++)
                        field = strchr(field + 1, ' ');
                ret[i] = field ? strtoull(field + 1, NULL, 10) : 0;
        }
}

static uint64_t stat_field(pid_t pid, int number) {
        uint64_t value;

        stat_fields(pid, &number, 1, &value);
        return value;
}

uint64_t process_cpu_nsec(pid_t pid) {
        static const int user_and_system[] = { 14, 15 };
        uint64_t ticks[2];

        stat_fields(pid, user_and_system, 2, ticks);
        return (ticks[0] + ticks[1]) * (UINT64_C(1000000000) / (uint64_t) sysconf(_SC_CLK_TCK));
}

static void child_fail(const char *what, const char *name) {
        fprintf(stderr, "virtward: cannot %s '%s': %s\n", what, name, strerror(errno));
        fflush(stderr);
        _exit(127);
}

#define MAX_FDS 64

/* Puts the descriptors at 0, 1, 2, 3 ...: first as copies above all targets, then onto them. */
static void child_place_fds(const ProcessSpec *spec) {
        int copies[3 + MAX_FDS], total = 3 + (int) spec->n_fds;

        for (int i = 0; i < total; i++) {
                int from = i == 0 ? spec->stdin_fd : i == 1 ? spec->stdout_fd : i == 2 ? spec->stderr_fd : spec->fds[i - 3];

                if (from < 0)
                        from = open("/dev/null", O_RDWR);
                copies[i] = fcntl(from, F_DUPFD, total);
                if (copies[i] < 0)
                        _exit(127);
        }
        for (int i = 0; i < total; i++)
                if (dup2(copies[i], i) < 0)
                        _exit(127);
        close_range(total, ~0U, 0);
}

static void child_set_limit(int resource, uint64_t value) {
        struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

        if (setrlimit(resource, &limit) < 0)
                child_fail("set a resource limit for", "the process");
}

/* A blocked or ignored signal would be inherited: a QEMU started with SIGTERM blocked outlives SIGTERM. */
static void child_reset_signals(void) {
        sigset_t none;

        for (int s = 1; s < _NSIG; s++)
                signal(s, SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) child_exec(const ProcessSpec *spec, pid_t parent) {
        child_place_fds(spec);
        setsid();
        child_reset_signals();
        if (chdir(spec->directory ? spec->directory : "/") < 0)
                child_fail("change to directory", spec->directory);
        if (spec->no_core_dump)
                child_set_limit(RLIMIT_CORE, 0);
        if (spec->memory_lock_bytes)
                child_set_limit(RLIMIT_MEMLOCK, spec->memory_lock_bytes);
        if (spec->change_user && (setgroups(0, NULL) < 0 || setresgid(spec->gid, spec->gid, spec->gid) < 0 ||
                                  setresuid(spec->uid, spec->uid, spec->uid) < 0))
                child_fail("drop privileges for", spec->argv[0]);
        /* After the change of user, which would undo it. */
        if (spec->dies_with_us) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (getppid() != parent)
                        _exit(127);
        }
        execve(spec->argv[0], (char *const *) spec->argv, (char *const *) spec->env);
        child_fail("execute", spec->argv[0]);
        _exit(127);
}

static void process_collect(Process *process, ProcessExit *how) {
        siginfo_t info = {};

        *how = (ProcessExit) {};
        if (!process->ours || waitid(P_PIDFD, process->pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
                return;
        process->collected = true;
        how->known = true;
        if (info.si_code == CLD_EXITED)
                how->status = info.si_status;
        else
                how->signal = info.si_status;
}

static int on_pidfd(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Process *process = userdata;
        ProcessExit how;

        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        process_collect(process, &how);
        process->exited(process, &how, process->userdata);
        return 0;
}

/* An io source on the pidfd, not a child source: the same for our children and for adopted processes (sd-event 252 ends
 * the loop with ECHILD for a child source whose process is not a child). */
static Process *process_watch(sd_event *loop, pid_t pid, int pidfd, void (*exited)(Process *, const ProcessExit *, void *), void *userdata) {
        Process *process = xnew(Process);

        process->pid = pid;
        process->pidfd = pidfd;
        process->start_time = stat_field(pid, 22);
        process->exited = exited;
        process->userdata = userdata;
        if (sd_event_add_io(loop, &process->source, pidfd, EPOLLIN, on_pidfd, process) < 0)
                abort();
        return process;
}

int process_spawn(sd_event *loop, const ProcessSpec *spec, void (*exited)(Process *process, const ProcessExit *how, void *userdata),
                  void *userdata, Process **ret, Error **err) {
        pid_t parent = getpid(), pid;
        int pidfd;

        if (spec->n_fds > MAX_FDS)
                return error_set(err, ERROR_INTERNAL, "cannot hand %zu descriptors to '%s'", spec->n_fds, spec->argv[0]);
        pid = fork();
        if (pid < 0)
                return error_set_errno(err, errno, "cannot start '%s'", spec->argv[0]);
        if (pid == 0)
                child_exec(spec, parent);
        pidfd = pidfd_open(pid, 0);
        if (pidfd < 0) {
                error_set_errno(err, errno, "cannot watch '%s'", spec->argv[0]);
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
                return -1;
        }
        *ret = process_watch(loop, pid, pidfd, exited, userdata);
        (*ret)->ours = true;
        return 0;
}

int process_adopt(sd_event *loop, pid_t pid, uint64_t start_time,
                  void (*exited)(Process *process, const ProcessExit *how, void *userdata), void *userdata, Process **ret, Error **err) {
        CLEANUP(close) int pidfd = pid > 1 ? pidfd_open(pid, 0) : -1;

        /* Opened first, compared second: the descriptor pins the pid. */
        if (pidfd < 0 || stat_field(pid, 22) != start_time)
                return error_set(err, ERROR_OPERATION_FAILED, "process %d is gone", (int) pid);
        *ret = process_watch(loop, pid, STEAL_FD(pidfd), exited, userdata);
        return 0;
}

Process *process_free(Process *process) {
        ProcessExit how;

        if (!process)
                return NULL;
        if (!process->collected)
                process_collect(process, &how);         /* one that is still alive is collected by init when we end */
        sd_event_source_disable_unref(process->source);
        close_fd(process->pidfd);
        free(process);
        return NULL;
}

pid_t process_pid(const Process *process) {
        return process->pid;
}

uint64_t process_start_time(const Process *process) {
        return process->start_time;
}

int process_kill(Process *process, int signal) {
        return pidfd_send_signal(process->pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

char *process_exit_text(const ProcessExit *how) {
        if (!how->known)
                return xstrdup("ended");
        if (how->signal)
                return xasprintf("was killed by signal %d (%s)", how->signal, strsignal(how->signal));
        return xasprintf("exited with status %d", how->status);
}
