/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/sync_writer_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/fs.h"

#define BATCH_MAX 256
#define BATCH_MAX_BYTES (16 * 1024 * 1024)

typedef struct Job {
        SyncWriterHead head;
        char *name, *temp, *data;
        int fd, r;
} Job;

typedef struct Child {
        int socket, dir_fd;
        const SyncWriterHook *hook;
        Job jobs[BATCH_MAX];
        int n_jobs;
} Child;

static int before(const Child *child, const char *call) {
        return child->hook ? child->hook->before(call, child->hook->userdata) : 0;
}

static bool read_exactly(int fd, void *bytes, size_t len) {
        for (char *at = bytes; len > 0;) {
                ssize_t n = read(fd, at, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return false;
                at += n;
                len -= n;
        }
        return true;
}

static void read_job(Child *child) {
        Job *job = &child->jobs[child->n_jobs++];

        *job = (Job) { .fd = -1 };
        if (!read_exactly(child->socket, &job->head, sizeof(job->head)))
                _exit(0);                       /* the daemon has let go of us: all that was asked is answered */
        job->name = xmalloc((size_t) job->head.name_len + 1);
        job->data = xmalloc((size_t) job->head.data_len + 1);
        job->name[job->head.name_len] = 0;
        if (!read_exactly(child->socket, job->name, job->head.name_len) ||
            !read_exactly(child->socket, job->data, job->head.data_len))
                _exit(1);
}

/* Waits for one request and takes along what else is there: these share the syncs. */
static void read_batch(Child *child) {
        struct pollfd more = { .fd = child->socket, .events = POLLIN };
        size_t bytes = 0;

        child->n_jobs = 0;
        do {
                read_job(child);
                bytes += child->jobs[child->n_jobs - 1].head.data_len;
        } while (child->n_jobs < BATCH_MAX && bytes < BATCH_MAX_BYTES && poll(&more, 1, 0) > 0 && (more.revents & POLLIN));
}

static int write_data(const Child *child, Job *job) {
        size_t done = 0;
        int r;

        job->fd = openat(child->dir_fd, job->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, job->head.mode);
        if (job->fd < 0)
                return -errno;
        while (done < job->head.data_len) {
                ssize_t n;

                r = before(child, "write");
                if (r < 0)
                        return r;
                n = write(job->fd, job->data + done, job->head.data_len - done);
                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0)
                        done += n;
        }
        if (child->n_jobs > 1)                  /* the disk begins while the others are still written */
                sync_file_range(job->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        return 0;
}

static void write_temp(const Child *child, Job *job, int index) {
        if (job->head.remove)
                return;
        job->temp = xasprintf(FS_TEMP_PREFIX "%s.%d", job->name, index);
        job->r = before(child, "open");
        if (job->r == 0)
                job->r = write_data(child, job);
}

static void sync_temp(const Child *child, Job *job) {
        if (job->fd < 0)
                return;
        if (job->r == 0)
                job->r = before(child, "fsync");
        if (job->r == 0 && fsync(job->fd) < 0)
                job->r = -errno;
        if (close(job->fd) < 0 && job->r == 0)
                job->r = -errno;
}

/* A change that is already renamed when a later one of the same name fails stays: it was asked for, and is whole. */
static void apply(const Child *child, Job *job) {
        if (job->r == 0)
                job->r = before(child, job->head.remove ? "unlink" : "rename");
        if (job->r == 0 && job->head.remove && unlinkat(child->dir_fd, job->name, 0) < 0)
                job->r = -errno;
        if (job->r == 0 && job->temp && renameat(child->dir_fd, job->temp, child->dir_fd, job->name) < 0)
                job->r = -errno;
        if (job->r < 0 && job->temp)
                unlinkat(child->dir_fd, job->temp, 0);
}

static void sync_directory(Child *child) {
        int r, n_changed = 0;

        for (int i = 0; i < child->n_jobs; i++)
                n_changed += child->jobs[i].r == 0;
        if (n_changed == 0)
                return;
        r = before(child, "fsync-dir");
        if (r == 0 && fsync(child->dir_fd) < 0)
                r = -errno;
        for (int i = 0; i < child->n_jobs; i++)
                if (child->jobs[i].r == 0)
                        child->jobs[i].r = r;
}

static void answer(const Child *child) {
        int32_t answers[BATCH_MAX];
        size_t len = child->n_jobs * sizeof(answers[0]), done = 0;

        for (int i = 0; i < child->n_jobs; i++)
                answers[i] = child->jobs[i].r;
        before(child, "answer");
        while (done < len) {
                ssize_t n = send(child->socket, (char *) answers + done, len - done, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        _exit(1);
                done += n;
        }
}

static void serve(Child *child) {
        for (;;) {
                read_batch(child);
                for (int i = 0; i < child->n_jobs; i++)
                        write_temp(child, &child->jobs[i], i);
                for (int i = 0; i < child->n_jobs; i++)
                        sync_temp(child, &child->jobs[i]);
                for (int i = 0; i < child->n_jobs; i++)
                        apply(child, &child->jobs[i]);
                sync_directory(child);
                answer(child);
                for (int i = 0; i < child->n_jobs; i++) {
                        free(child->jobs[i].name);
                        free(child->jobs[i].temp);
                        free(child->jobs[i].data);
                }
        }
}

/* A terminal's or a service manager's signal to the whole group must not take the writer before the daemon's last flush;
 * it ends with the daemon in any case. SIGPIPE and SIGXFSZ are told as errors. */
static void set_signals(pid_t parent) {
        static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ };
        sigset_t none;

        for (int s = 1; s < _NSIG; s++)
                signal(s, SIG_DFL);
        for (size_t i = 0; i < N_ELEMENTS(ignored); i++)
                signal(ignored[i], SIG_IGN);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(0);
}

void sync_writer_child(pid_t parent, int socket, int dir_fd, const SyncWriterHook *hook) {
        Child child = { .hook = hook };

        prctl(PR_SET_NAME, "virtward-writer");
        set_signals(parent);
        child.socket = fcntl(socket, F_DUPFD, 16);
        child.dir_fd = fcntl(dir_fd, F_DUPFD, 16);
        if (child.socket < 0 || child.dir_fd < 0 || dup2(child.socket, 3) < 0 || dup2(child.dir_fd, 4) < 0)
                _exit(1);
        close_range(5, ~0U, 0);
        child.socket = 3;
        child.dir_fd = 4;
        serve(&child);
        _exit(0);
}
