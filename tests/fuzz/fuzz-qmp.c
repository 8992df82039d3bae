/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz-qmp - whatever a broken QEMU may write to its monitor: no crash, no leak, each call answered exactly once. */
#include <assert.h>
#include <stdint.h>
#include <sys/socket.h>

#include "drivers/qemu/qmp_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Story {
        QmpClient *client;
        unsigned n_answers;
} Story;

static void on_event(void *userdata, const char *name, json_object *data, int64_t sec, unsigned usec) {
        assert(name);
}

static void on_closed(void *userdata, const Error *reason) {
        assert(reason->message);
}

static void on_done(json_object *result, const Error *err, void *userdata) {
        ((Story *) userdata)->n_answers++;
        assert(!result || !err);
}

static const QmpHandlers handlers = { .event = on_event, .closed = on_closed };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        CLEANUP(close) int qemu = -1;
        sd_event *loop = NULL;
        Story story = {};
        int fds[2], n_calls = 0;

        if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
                return 0;
        qemu = fds[1];
        sd_event_new(&loop);
        qmp_client_new(loop, fds[0], "fuzz", &handlers, &story, &story.client, NULL);
        for (size_t sent = 0; sent < size;) {
                size_t n = 1 + data[sent] % 64 * 16;    /* in pieces that the data decides */

                n = n > size - sent ? size - sent : n;
                if (n_calls < 8 && qmp_client_call(story.client, "query-status", NULL, on_done, &story, NULL))
                        n_calls++;
                if (send(qemu, data + sent, n, MSG_NOSIGNAL) < 0)
                        break;
                while (sd_event_run(loop, 0) > 0)
                        ;
                sent += n;
        }
        qmp_client_free(story.client);
        assert(story.n_answers == (unsigned) n_calls);
        sd_event_unref(loop);
        return 0;
}
