/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/sync_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/sync_writer_child.h"

typedef struct Request Request;
struct Request {
        Request *next;
        SyncWriterDone done;
        void *userdata;
        size_t len, n_sent;
        char bytes[];                   /* SyncWriterHead, name, data: as the child reads it */
};

struct SyncWriter {
        sd_event *loop;
        int dir_fd;
        const SyncWriterHook *hook;
        pid_t pid;                      /* 0: no child */
        int pidfd, socket;              /* -1: no child */
        bool broken;                    /* the child does not take or give any more; its end is near */
        bool closing;                   /* in sync_writer_free(): callbacks cannot queue more */
        sd_event_source *on_socket, *on_exit;
        Request *first, *last;          /* oldest unanswered first */
        Request *sending;               /* the first that is not sent whole */
        size_t n_requests, n_bytes;
};

static void drop_child(SyncWriter *writer) {
        writer->on_socket = sd_event_source_disable_unref(writer->on_socket);
        writer->on_exit = sd_event_source_disable_unref(writer->on_exit);
        close_fd(STEAL_FD(writer->socket));
        close_fd(STEAL_FD(writer->pidfd));
        writer->pid = 0;
        writer->broken = false;
}

static void update_interest(SyncWriter *writer) {
        if (writer->broken)
                sd_event_source_set_enabled(writer->on_socket, SD_EVENT_OFF);
        else
                sd_event_source_set_io_events(writer->on_socket, EPOLLIN | (writer->sending ? EPOLLOUT : 0));
}

static void send_queued(SyncWriter *writer) {
        while (writer->sending && !writer->broken) {
                Request *request = writer->sending;
                ssize_t n = send(writer->socket, request->bytes + request->n_sent, request->len - request->n_sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0) {
                        writer->broken = true;
                        break;
                }
                request->n_sent += n;
                if (request->n_sent == request->len)
                        writer->sending = request->next;
        }
        update_interest(writer);
}

static void answer_first(SyncWriter *writer, int r) {
        Request *request = writer->first;

        writer->first = request->next;
        if (!writer->first)
                writer->last = NULL;
        if (writer->sending == request)
                writer->sending = request->next;
        writer->n_requests--;
        writer->n_bytes -= request->len;
        request->done(request->userdata, r);
        free(request);
}

static void receive_answers(SyncWriter *writer) {
        while (!writer->broken) {
                int32_t answer;
                ssize_t n = recv(writer->socket, &answer, sizeof(answer), MSG_DONTWAIT | MSG_PEEK);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n <= 0 || !writer->first || writer->first == writer->sending) {
                        writer->broken = true;          /* its end, or an answer to no question: no second guess */
                        kill(writer->pid, SIGKILL);
                        return;
                }
                if (n < (ssize_t) sizeof(answer))
                        return;                         /* the rest comes */
                recv(writer->socket, &answer, sizeof(answer), MSG_DONTWAIT);
                answer_first(writer, answer);
        }
}

/* Only what is outstanding now fails: a callback that queues more gets a new child. */
static void child_is_gone(SyncWriter *writer) {
        siginfo_t info = {};
        size_t n;

        receive_answers(writer);
        n = writer->n_requests;
        waitid(P_PIDFD, writer->pidfd, &info, WEXITED | WNOHANG);
        drop_child(writer);
        for (Request *request = writer->first; request; request = request->next)
                request->n_sent = 0;
        writer->sending = NULL;
        while (n-- > 0)
                answer_first(writer, -EIO);
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        SyncWriter *writer = userdata;

        receive_answers(writer);
        send_queued(writer);
        return 0;
}

static int on_exit_of_child(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        child_is_gone(userdata);
        return 0;
}

static int watch_child(SyncWriter *writer) {
        int r;

        writer->pidfd = pidfd_open(writer->pid, 0);
        if (writer->pidfd < 0)
                return -errno;
        r = sd_event_add_io(writer->loop, &writer->on_socket, writer->socket, EPOLLIN, on_socket, writer);
        if (r < 0)
                return r;
        return sd_event_add_io(writer->loop, &writer->on_exit, writer->pidfd, EPOLLIN, on_exit_of_child, writer);
}

static int start_child(SyncWriter *writer) {
        int pair[2], r;
        pid_t parent = getpid(), pid;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        pid = fork();
        if (pid == 0)
                sync_writer_child(parent, pair[1], writer->dir_fd, writer->hook);
        r = pid < 0 ? -errno : 0;
        close(pair[1]);
        if (r < 0) {
                close(pair[0]);
                return r;
        }
        writer->pid = pid;
        writer->socket = pair[0];
        r = watch_child(writer);
        if (r < 0) {
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
                drop_child(writer);
        }
        return r;
}

int sync_writer_new(sd_event *loop, int dir_fd, const SyncWriterHook *hook, SyncWriter **ret) {
        CLEANUP(sync_writer_free) SyncWriter *writer = xnew(SyncWriter);
        int r;

        writer->loop = sd_event_ref(loop);
        writer->hook = hook;
        writer->pidfd = writer->socket = -1;
        writer->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
        if (writer->dir_fd < 0)
                return -errno;
        r = start_child(writer);
        if (r < 0)
                return r;
        *ret = STEAL(writer);
        return 0;
}

/* A child that has nothing to do sleeps in a read and ends at once; one that waits for a dead disk is not waited for. */
static void end_child(SyncWriter *writer) {
        siginfo_t info = {};

        if (!writer->pid)
                return;
        kill(writer->pid, SIGKILL);
        waitid(P_PIDFD, writer->pidfd, &info, WEXITED | (writer->n_requests > 0 ? WNOHANG : 0));
        drop_child(writer);
}

SyncWriter *sync_writer_free(SyncWriter *writer) {
        if (!writer)
                return NULL;
        writer->closing = true;
        end_child(writer);
        for (size_t n = writer->n_requests; n > 0; n--)
                answer_first(writer, -ECANCELED);
        close_fd(writer->dir_fd);
        sd_event_unref(writer->loop);
        free(writer);
        return NULL;
}

static int queue(SyncWriter *writer, SyncWriterHead head, const char *name, const void *data, SyncWriterDone done,
                 void *userdata) {
        size_t name_len = strlen(name), len = sizeof(head) + name_len + head.data_len;
        Request *request;
        int r;

        if (!fs_name_ok(name))
                return -EINVAL;
        if (writer->closing)
                return -ECANCELED;
        if (writer->n_requests >= SYNC_WRITER_MAX_REQUESTS || len > SYNC_WRITER_MAX_BYTES - writer->n_bytes)
                return -ENOBUFS;
        if (!writer->pid && (r = start_child(writer)) < 0)
                return r;
        head.name_len = name_len;
        request = xmalloc(sizeof(*request) + len);
        *request = (Request) { .done = done, .userdata = userdata, .len = len };
        memcpy(request->bytes, &head, sizeof(head));
        memcpy(request->bytes + sizeof(head), name, name_len);
        if (data)
                memcpy(request->bytes + sizeof(head) + name_len, data, head.data_len);
        if (writer->last)
                writer->last->next = request;
        else
                writer->first = request;
        writer->last = request;
        if (!writer->sending)
                writer->sending = request;
        writer->n_requests++;
        writer->n_bytes += len;
        send_queued(writer);
        return 0;
}

int sync_writer_replace(SyncWriter *writer, const char *name, const void *data, size_t len, mode_t mode, SyncWriterDone done,
                        void *userdata) {
        if (len > SYNC_WRITER_MAX_BYTES)
                return -ENOBUFS;
        return queue(writer, (SyncWriterHead) { .mode = mode, .data_len = len }, name, data, done, userdata);
}

int sync_writer_remove(SyncWriter *writer, const char *name, SyncWriterDone done, void *userdata) {
        return queue(writer, (SyncWriterHead) { .remove = 1 }, name, NULL, done, userdata);
}

size_t sync_writer_outstanding(const SyncWriter *writer) {
        return writer->n_requests;
}

pid_t sync_writer_pid(const SyncWriter *writer) {
        return writer->pid;
}

static uint64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int sync_writer_flush(SyncWriter *writer, uint64_t timeout_usec) {
        uint64_t until = now_usec() + timeout_usec;

        while (writer->n_requests > 0) {
                uint64_t now = now_usec();
                struct pollfd fds[2] = {
                        { .fd = writer->pidfd, .events = POLLIN },
                        { .fd = writer->broken ? -1 : writer->socket, .events = POLLIN | (writer->sending ? POLLOUT : 0) },
                };

                if (now >= until)
                        return -ETIMEDOUT;
                if (poll(fds, 2, (int) ((until - now + 999) / 1000)) < 0 && errno != EINTR)
                        return -errno;
                if (fds[0].revents) {
                        child_is_gone(writer);
                } else if (fds[1].revents) {
                        receive_answers(writer);
                        send_queued(writer);
                }
        }
        return 0;
}
