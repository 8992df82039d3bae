/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted QEMU at the other end of a socketpair: the test writes QEMU's lines and reads the daemon's. */
#include "tap.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/qemu/qmp_client.h"
#include "util/strbuf.h"

#define GREETING "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, \"capabilities\": [\"oob\"]}}\r\n"
#define CAPABLE "{\"return\": {}, \"id\": 1}\r\n"

typedef struct Story {
        sd_event *loop;
        QmpClient *client;
        int qemu;                       /* QEMU's end */
        StrBuf trace;
        bool free_in_event;
} Story;

static void on_event(void *userdata, const char *name, json_object *data, int64_t sec, unsigned usec) {
        Story *story = userdata;

        strbuf_addf(&story->trace, "event %s %lld.%06u %s;", name, (long long) sec, usec, data ? json_object_get_string(data) : "-");
        if (story->free_in_event)
                story->client = qmp_client_free(story->client);
}

static void on_closed(void *userdata, const Error *reason) {
        Story *story = userdata;

        strbuf_addf(&story->trace, "closed: %s;", reason->message);
        story->client = qmp_client_free(story->client);
}

static void on_done(json_object *result, const Error *err, void *userdata) {
        Story *story = userdata;

        strbuf_addf(&story->trace, "done %s;", err ? err->message : json_object_get_string(result));
}

static const QmpHandlers handlers = { .event = on_event, .closed = on_closed };

static void story_begin(Story *story) {
        int fds[2];

        memset(story, 0, sizeof(*story));
        expect_int(sd_event_new(&story->loop), >=, 0);
        expect_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
        story->qemu = fds[1];
        expect_int(qmp_client_new(story->loop, fds[0], "domain 'db1'", &handlers, story, &story->client, NULL), ==, 0);
}

static void story_end(Story *story) {
        qmp_client_free(story->client);
        sd_event_unref(story->loop);
        close_fd(story->qemu);
        strbuf_done(&story->trace);
}

static void turn(Story *story) {
        while (sd_event_run(story->loop, 0) > 0)
                ;
}

static void says(Story *story, const char *bytes) {
        expect_int(write(story->qemu, bytes, strlen(bytes)), ==, strlen(bytes));
        turn(story);
}

static QmpCall *call(Story *story, const char *command, json_object *arguments) {
        return qmp_client_call(story->client, command, arguments, on_done, story, NULL);
}

static char *heard(Story *story) {
        static char text[65536];
        ssize_t n = read(story->qemu, text, sizeof(text) - 1);

        text[n > 0 ? n : 0] = 0;
        return text;
}

static void test_calls(void) {
        Story story;
        json_object *arguments = json_object_new_object();

        story_begin(&story);
        json_add_string(arguments, "id", "disk0");
        call(&story, "query-status", NULL);
        call(&story, "device_del", arguments);
        expect_str(heard(&story), "{\"execute\":\"qmp_capabilities\",\"id\":1}\n{\"execute\":\"query-status\",\"id\":2}\n"
                                  "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"disk0\"},\"id\":3}\n");
        says(&story, GREETING CAPABLE);
        expect_str(story.trace.text, NULL);
        expect(qmp_client_greeting(story.client) != NULL);
        says(&story, "{\"return\": {\"status\": \"paused\"}, \"id\": 2}\n{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"no disk0\"}, \"id\": 3}\n");
        expect_str(story.trace.text, "done { \"status\": \"paused\" };done device not found: unable to execute QEMU command 'device_del': no disk0;");
        expect_contains(qmp_client_last_sent(story.client), "device_del");
        expect_contains(qmp_client_last_received(story.client), "no disk0");
        story_end(&story);
}

/* QEMU's bytes come as they come: one at a time, or many messages at once. */
static void test_pieces(void) {
        static const char text[] = GREETING CAPABLE
                "{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 12, \"microseconds\": 345}}\r\n{\"return\": [1, \"\\u00e4\"], \"id\": 2}\r\n";
        Story story;

        story_begin(&story);
        call(&story, "x", NULL);
        for (size_t i = 0; i < strlen(text); i++) {
                char one[2] = { text[i], 0 };

                says(&story, one);
        }
        expect_str(story.trace.text, "event STOP 12.000345 -;done [ 1, \"ä\" ];");
        story_end(&story);
}

static void test_cancel(void) {
        Story story;

        story_begin(&story);
        qmp_call_cancel(call(&story, "one", NULL));
        call(&story, "two", NULL);
        says(&story, GREETING CAPABLE "{\"return\": {}, \"id\": 2}{\"return\": {}, \"id\": 3}");
        expect_str(story.trace.text, "done { };");
        story_end(&story);
}

/* Each outstanding call once, then the owner, who frees the client in it. */
static void test_lost(void) {
        Story story;

        story_begin(&story);
        says(&story, GREETING CAPABLE);
        call(&story, "one", NULL);
        call(&story, "two", NULL);
        close_fd(STEAL_FD(story.qemu));
        turn(&story);
        expect_str(story.trace.text, "done operation failed: the monitor of domain 'db1' was lost: QEMU closed it;"
                                     "done operation failed: the monitor of domain 'db1' was lost: QEMU closed it;"
                                     "closed: operation failed: the monitor of domain 'db1' was lost: QEMU closed it;");
        expect(story.client == NULL);
        story_end(&story);
}

static void test_free_in_event(void) {
        Story story;

        story_begin(&story);
        story.free_in_event = true;
        call(&story, "one", NULL);
        says(&story, GREETING CAPABLE "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true}}{\"return\": {}, \"id\": 2}");
        expect_str(story.trace.text, "event SHUTDOWN 0.000000 { \"guest\": true };done operation failed: the monitor of domain 'db1' was closed;");
        story_end(&story);
}

/* The process is gone before the loop saw its last words: they are taken, then the end is told. */
static void test_drain(void) {
        Story story;

        story_begin(&story);
        expect_int(write(story.qemu, GREETING CAPABLE "{\"event\": \"SHUTDOWN\"}", strlen(GREETING CAPABLE) + 21), >, 0);
        qmp_client_drain(story.client);
        expect_contains(story.trace.text, "event SHUTDOWN 0.000000 -;closed: operation failed: the monitor of domain 'db1' was lost: QEMU has ended;");
        expect(story.client == NULL);
        story_end(&story);
}

static void test_secrets(void) {
        json_object *arguments = json_object_new_object();
        Story story;

        story_begin(&story);
        json_add_string(arguments, "password", "hunter2");
        call(&story, "set_password", arguments);
        expect(!strstr(qmp_client_last_sent(story.client), "hunter2"));
        story_end(&story);
}

static void test_too_many_calls(void) {
        CLEANUP(error_free) Error *err = NULL;
        Story story;

        story_begin(&story);
        for (int i = 1; i < QMP_MAX_CALLS; i++)
                expect(call(&story, "x", NULL) != NULL);
        expect(qmp_client_call(story.client, "x", json_object_new_object(), on_done, &story, &err) == NULL);
        expect_contains(err->message, "does not answer");
        story_end(&story);
}

static void expect_closed_by(const char *bytes, const char *reason) {
        Story story;

        story_begin(&story);
        says(&story, bytes);
        expect_contains(story.trace.text, "closed: operation failed: the monitor of domain 'db1' was lost: ");
        expect_contains(story.trace.text, reason);
        story_end(&story);
}

static void test_bad_input(void) {
        CLEANUP(free) char *deep = xmalloc(10001);

        memset(deep, '[', 10000);
        deep[10000] = 0;
        expect_closed_by(deep, "nesting");
        expect_closed_by("}", "not JSON");
        expect_closed_by("12 ", "not a JSON object");
        expect_closed_by("{\"QMP\": {\"x\": \"\xff\xfe\"}}", "not JSON");
        expect_closed_by("{\"return\": {}}", "greeting");
        expect_closed_by(GREETING CAPABLE "{\"return\": {}, \"id\": 77}", "answer to nothing");
        expect_closed_by(GREETING CAPABLE "{\"id\": 1}", "answer to nothing");
        expect_closed_by(GREETING "{\"id\": 1}", "answer to nothing");
        expect_closed_by(GREETING "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 1}", "was lost: no");
}

static void test_huge_message(void) {
        CLEANUP(free) char *part = xmalloc(65537);
        Story story;

        story_begin(&story);
        says(&story, "{\"QMP\": \"");
        memset(part, 'a', 65536);
        part[65536] = 0;
        for (int i = 0; i <= QMP_MAX_MESSAGE / 65536 && story.client; i++) {
                if (write(story.qemu, part, 65536) < 0)
                        break;
                turn(&story);
        }
        expect_contains(story.trace.text, "more than 16 MiB");
        story_end(&story);
}

static void test_error_text(void) {
        CLEANUP(error_free) Error *err = NULL;

        error_set(&err, ERROR_INTERNAL, "unable to execute QEMU command 'cont': because: it is");
        expect_str(qmp_error_text(err), "because: it is");
        err = error_free(err);
        error_set(&err, ERROR_INTERNAL, "other");
        expect_str(qmp_error_text(err), "internal error: other");
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "calls are pipelined behind qmp_capabilities and matched", test_calls },
                { "messages in pieces, events with their stamp", test_pieces },
                { "a cancelled call is not told", test_cancel },
                { "a lost monitor fails every call once", test_lost },
                { "the owner may free the client in an event", test_free_in_event },
                { "the last words of a QEMU that ended", test_drain },
                { "secrets are not kept", test_secrets },
                { "too many calls", test_too_many_calls },
                { "bad input closes", test_bad_input },
                { "a huge message closes", test_huge_message },
                { "QEMU's own words", test_error_text },
                {},
        });
}
