/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/process.h - other programs: started with a typed description, watched through a pidfd, never waited for.
 *
 * A process outlives its Process: process_free() only stops watching. One that this daemon did not start (found again
 * after a restart) is adopted by pid and start time and watched in the same way; its exit status is then unknown. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>
#include "util/error.h"

typedef struct Process Process;

typedef struct ProcessSpec {
        const char *const *argv;        /* argv[0] is the absolute path that is executed; NULL-terminated */
        const char *const *env;         /* the whole environment; NULL-terminated */
        const int *fds;                 /* become 3, 4, 5 ... in the child; all others are closed */
        size_t n_fds;
        int stdin_fd, stdout_fd, stderr_fd;     /* -1: /dev/null */
        const char *directory;          /* NULL: / */
        bool change_user;               /* then uid, gid and no supplementary groups; needs root */
        uid_t uid;
        gid_t gid;
        bool no_core_dump;              /* guest memory must not reach a core file (R78) */
        uint64_t memory_lock_bytes;     /* RLIMIT_MEMLOCK; 0: as inherited */
        bool dies_with_us;              /* helpers: SIGKILL when the daemon ends. Guests never have it. */
} ProcessSpec;

typedef struct ProcessExit {
        bool known;             /* false: an adopted process, nobody can say */
        int status;             /* exit status when it exited */
        int signal;             /* the signal that ended it, or 0 */
} ProcessExit;

/* Starts it in a session of its own, with no signal blocked or ignored. A failure to execute is not reported here but as
 * exit status 127 with the reason on its stderr: the loop does not wait for exec. exited is called once, from the
 * loop; it may free the Process. */
int process_spawn(sd_event *loop, const ProcessSpec *spec, void (*exited)(Process *process, const ProcessExit *how, void *userdata),
                  void *userdata, Process **ret, Error **err);

/* start_time as from process_start_time(): a recycled pid is not adopted. Error when it is gone. */
int process_adopt(sd_event *loop, pid_t pid, uint64_t start_time,
                  void (*exited)(Process *process, const ProcessExit *how, void *userdata), void *userdata, Process **ret, Error **err);

Process *process_free(Process *process);        /* stops watching; NULL is fine; returns NULL */
DEFINE_CLEANUP(Process, process_free)

pid_t process_pid(const Process *process);
uint64_t process_start_time(const Process *process);    /* clock ticks after boot: field 22 of /proc/PID/stat */
int process_kill(Process *process, int signal);         /* through the pidfd: never another process. -errno */
uint64_t process_cpu_nsec(pid_t pid);                   /* user + system time of all threads so far; 0 when it is gone */

/* "exited with status 1", "was killed by signal 9 (Killed)"; the caller frees. */
char *process_exit_text(const ProcessExit *how);
