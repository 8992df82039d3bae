/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/test-ward-client.c - the private program's client against a scripted server: answers right, wrong and cut short. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "tap.h"
#include "util/strbuf.h"
#include "ward_client.h"

#define REMOTE 0x20008086

/* One answer: the words of its payload and then text (as an XDR string when words say so). */
typedef struct Answer {
        uint32_t status;
        uint32_t words[8];
        size_t n_words;
        const char *text;               /* length-prefixed and padded; NULL: none */
        uint32_t length;                /* in place of the true one; 0: the true one */
        size_t cut;                     /* bytes left out at the end, then the connection is closed */
        bool noise;                     /* a keepalive ping and a stale reply come first */
} Answer;

static const Answer no_auth = { .words = { 1, 0 }, .n_words = 2 }, opened = { .n_words = 0 };

static char dir[] = "/tmp/virtward-test-ward-XXXXXX";
static char path[64];
static pid_t server;

static void add_word(StrBuf *buf, uint32_t value) {
        value = htonl(value);
        strbuf_add_n(buf, &value, 4);
}

static void add_header(StrBuf *buf, uint32_t length, const uint32_t call[7], uint32_t type, uint32_t serial, uint32_t status) {
        add_word(buf, length);
        add_word(buf, ntohl(call[1]));
        add_word(buf, ntohl(call[2]));
        add_word(buf, ntohl(call[3]));
        add_word(buf, type);
        add_word(buf, serial);
        add_word(buf, status);
}

static void send_answer(int fd, const Answer *answer, const uint32_t call[7]) {
        StrBuf payload = {}, frame = {};

        for (size_t i = 0; i < answer->n_words; i++)
                add_word(&payload, answer->words[i]);
        if (answer->text) {
                add_word(&payload, (uint32_t) strlen(answer->text));
                strbuf_add(&payload, answer->text);
                strbuf_add_n(&payload, "\0\0\0", (4 - strlen(answer->text) % 4) % 4);
        }
        if (answer->noise) {
                const uint32_t ping[7] = { 0, htonl(0x6b656570), htonl(1), htonl(1) };

                add_header(&frame, 28, ping, 2, 0, 0);
                add_header(&frame, 28, call, 1, 999, 0);
        }
        add_header(&frame, answer->length ? answer->length : 28 + (uint32_t) payload.len, call, 1, ntohl(call[5]),
                   answer->status);
        strbuf_add_n(&frame, payload.text, payload.len);
        send(fd, frame.text, frame.len - answer->cut, MSG_NOSIGNAL);
        strbuf_done(&payload);
        strbuf_done(&frame);
}

static bool receive_call(int fd, uint32_t call[7]) {
        char rest[4096];
        size_t left;

        if (recv(fd, call, 28, MSG_WAITALL) != 28)
                return false;
        left = ntohl(call[0]) - 28;
        return left == 0 || recv(fd, rest, left, MSG_WAITALL) == (ssize_t) left;
}

__attribute__((noreturn))
static void serve(int listener, const Answer *const *answers) {
        int fd = accept(listener, NULL, NULL);
        uint32_t call[7];

        for (; *answers && receive_call(fd, call); answers++)
                send_answer(fd, *answers, call);
        if (*answers)
                _exit(1);
        shutdown(fd, SHUT_WR);
        while (recv(fd, call, sizeof(call), 0) > 0)
                ;
        _exit(0);
}

/* A server that gives these answers, one per call, and then hangs up. */
static void start_server(const Answer *const *answers) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path, path, strlen(path) + 1);
        unlink(path);
        expect(bind(listener, (struct sockaddr *) &address, sizeof(address)) == 0 && listen(listener, 1) == 0);
        server = fork();
        if (server == 0)
                serve(listener, answers);
        close(listener);
}

static void end_server(void) {
        if (server > 0) {
                kill(server, SIGKILL);
                waitpid(server, NULL, 0);
        }
        server = 0;
}

#define start(...) start_server((const Answer *const[]) { __VA_ARGS__, NULL })

static void test_call(void) {
        CLEANUP(ward_client_free) WardClient *client = NULL;
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *first = NULL, *second = NULL;

        start(&no_auth, &opened, &(Answer) { .text = "{\"a\":1}" }, &(Answer) { .text = "", .noise = true });
        expect_int(ward_client_open(path, "qemu:///session", &client, &err), ==, 0);
        expect_int(ward_client_call(client, WARD_PROC_EXPLAIN, "{}", &first, &err), ==, 0);
        expect_str(first, "{\"a\":1}");
        expect_int(ward_client_call(client, WARD_PROC_WHY, "{\"domain\":\"x\"}", &second, &err), ==, 0);
        expect_str(second, "");
        end_server();
}

static Error *open_error(void) {
        CLEANUP(ward_client_free) WardClient *client = NULL;
        Error *err = NULL;

        if (ward_client_open(path, "qemu:///session", &client, &err) == 0)
                error_set(&err, ERROR_INTERNAL, "it opened");
        end_server();
        return err;
}

static Error *call_error(void) {
        CLEANUP(ward_client_free) WardClient *client = NULL;
        CLEANUP(free) char *text = NULL;
        Error *err = NULL;

        if (ward_client_open(path, "qemu:///session", &client, &err) == 0 &&
            ward_client_call(client, WARD_PROC_WHY, "{}", &text, &err) == 0)
                error_set(&err, ERROR_INTERNAL, "it was answered");
        end_server();
        return err;
}

static void test_errors_of_the_daemon(void) {
        CLEANUP(error_free) Error *a = NULL, *b = NULL, *c = NULL;

        start(&no_auth, &opened,
              &(Answer){ .status = 1, .words = { 42, 10, 1 }, .n_words = 3, .text = "Domain not found: no 'x'" });
        a = call_error();
        expect_int(a->code, ==, 42);
        expect_int(a->domain, ==, 10);
        expect_str(a->message, "Domain not found: no 'x'");
        start(&no_auth, &opened,
              &(Answer){ .status = 1, .words = { 39, 7, 1 }, .n_words = 3, .text = "Cannot find program 1463898692 version 1" });
        b = call_error();
        expect_int(b->code, ==, ERROR_NO_SUPPORT);
        expect_contains(b->message, "not virtwardd");
        start(&no_auth, &(Answer) { .status = 1, .words = { 5, 0, 0 }, .n_words = 3 });
        c = open_error();
        expect_int(c->code, ==, 5);
        expect_contains(c->message, "gave no reason");
}

static void test_authentication(void) {
        CLEANUP(error_free) Error *polkit = NULL, *nothing = NULL, *lies = NULL;

        start(&(Answer) { .words = { 1, 2 }, .n_words = 2 });
        polkit = open_error();
        expect_int(polkit->code, ==, ERROR_AUTH_FAILED);
        start(&(Answer) { .n_words = 0 });
        nothing = open_error();
        expect_int(nothing->code, ==, ERROR_AUTH_FAILED);
        start(&(Answer) { .words = { 4000000000u, 2 }, .n_words = 2 });         /* more types promised than sent */
        lies = open_error();
        expect_int(lies->code, ==, ERROR_AUTH_FAILED);
}

static void test_broken_answers(void) {
        static const struct {
                Answer answer;
                const char *says;
        } cases[] = {
                { { .text = "{}", .cut = 2 }, "closed the connection" },
                { { .text = "{}", .cut = 30 }, "closed the connection" },
                { { .text = "{}", .length = 27 }, "not libvirt's protocol (length 27)" },
                { { .text = "{}", .length = 0x7fffffff }, "not libvirt's protocol" },
                { { .n_words = 0 }, "cut short" },
                { { .words = { 5 }, .n_words = 1 }, "cut short" },
                { { .words = { 0xffffffff, 0 }, .n_words = 2 }, "cut short" },
                { { .status = 1, .words = { 1 }, .n_words = 1 }, "gave no reason" },
                { { .status = 1, .words = { 1, 2, 1, 100 }, .n_words = 4 }, "gave no reason" },
        };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(error_free) Error *err = NULL;

                start(&no_auth, &opened, &cases[i].answer);
                err = call_error();
                expect_contains(err->message, cases[i].says);
        }
}

static void test_nobody_there(void) {
        CLEANUP(error_free) Error *gone = NULL, *long_path = NULL;
        CLEANUP(free) char *name = xmalloc(200);
        WardClient *client = NULL;

        unlink(path);
        gone = open_error();
        expect_int(gone->code, ==, ERROR_SYSTEM);
        expect_contains(gone->message, path);
        memset(name, 'x', 199);
        name[199] = '\0';
        expect_int(ward_client_open(name, "qemu:///session", &client, &long_path), ==, -1);
        expect_contains(long_path->message, "longer than a UNIX socket allows");
}

static void test_request_too_large(void) {
        CLEANUP(ward_client_free) WardClient *client = NULL;
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *request = xmalloc(WARD_STRING_MAX + 2), *text = NULL;

        memset(request, ' ', WARD_STRING_MAX + 1);
        request[WARD_STRING_MAX + 1] = '\0';
        start(&no_auth, &opened);
        expect_int(ward_client_open(path, "qemu:///session", &client, &err), ==, 0);
        expect_int(ward_client_call(client, WARD_PROC_EXPLAIN, request, &text, &err), ==, -1);
        expect_contains(err->message, "larger than");
        end_server();
}

int main(void) {
        int failed;

        if (!mkdtemp(dir))
                return 1;
        snprintf(path, sizeof(path), "%s/sock", dir);
        failed = tap_run((const TapTest[]) {
                { "two calls, and what else may come in between", test_call },
                { "an error of the daemon keeps its code, domain and message", test_errors_of_the_daemon },
                { "an authentication that cannot be done is said", test_authentication },
                { "answers that are cut short, over-long or not libvirt's", test_broken_answers },
                { "nobody listens", test_nobody_there },
                { "a request that is too large is not sent", test_request_too_large },
                {},
        });
        end_server();
        unlink(path);
        rmdir(dir);
        return failed;
}
