/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/process.h"

typedef struct Watch {
        sd_event *loop;
        ProcessExit how;
        bool exited;
} Watch;

static void on_exited(Process *process, const ProcessExit *how, void *userdata) {
        Watch *watch = userdata;

        watch->how = *how;
        watch->exited = true;
        sd_event_exit(watch->loop, 0);
}

static const char *const env[] = { "A=b", NULL };

static void run(ProcessSpec spec, Watch *watch, int signal) {
        CLEANUP(process_free) Process *process = NULL;

        spec.env = env;
        expect_int(sd_event_new(&watch->loop), >=, 0);
        expect_int(process_spawn(watch->loop, &spec, on_exited, watch, &process, NULL), ==, 0);
        expect(process_start_time(process) > 0);
        if (signal)
                expect_int(process_kill(process, signal), ==, 0);
        expect_int(sd_event_loop(watch->loop), ==, 0);
        expect(watch->exited);
        expect(watch->how.known);
        expect_int(process_kill(process, SIGTERM), ==, -ESRCH);
        sd_event_unref(watch->loop);
}

static void read_all(int fd, char *text, size_t size) {
        size_t len = 0;
        ssize_t n;

        while (len + 1 < size && (n = read(fd, text + len, size - len - 1)) > 0)
                len += n;
        text[len] = 0;
}

static void test_status(void) {
        static const char *const argv[] = { "/bin/sh", "-c", "exit 7", NULL };
        CLEANUP(free) char *text = NULL;
        Watch watch = {};

        run((ProcessSpec) { .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 }, &watch, 0);
        text = process_exit_text(&watch.how);
        expect_str(text, "exited with status 7");
}

static void test_signal(void) {
        static const char *const argv[] = { "/bin/sleep", "60", NULL };
        CLEANUP(free) char *text = NULL;
        Watch watch = {};

        run((ProcessSpec) { .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 }, &watch, SIGKILL);
        text = process_exit_text(&watch.how);
        expect_str(text, "was killed by signal 9 (Killed)");
}

/* The descriptors arrive at 3 and 4 in the order given, the environment is ours alone, and no other descriptor is open. */
static void test_descriptors(void) {
        static const char *const argv[] = { "/bin/sh", "-c", "echo $A; echo three >&3; echo four >&4; ls /proc/self/fd | wc -l", NULL };
        int a[2], b[2], out[2];
        Watch watch = {};
        char text[100];

        expect(pipe2(a, O_CLOEXEC) == 0 && pipe2(b, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
        run((ProcessSpec) { .argv = argv, .stdin_fd = -1, .stdout_fd = out[1], .stderr_fd = -1, .fds = (int[]) { b[1], a[1] }, .n_fds = 2 },
            &watch, 0);
        close(a[1]);
        close(b[1]);
        close(out[1]);
        read_all(b[0], text, sizeof(text));
        expect_str(text, "three\n");
        read_all(a[0], text, sizeof(text));
        expect_str(text, "four\n");
        read_all(out[0], text, sizeof(text));
        expect_str(text, "b\n6\n");             /* 0-4, and the directory that ls reads */
        close(a[0]);
        close(b[0]);
        close(out[0]);
}

static void test_cannot_execute(void) {
        static const char *const argv[] = { "/nonexistent/qemu", NULL };
        Watch watch = {};
        char text[200];
        int errors[2];

        expect_int(pipe2(errors, O_CLOEXEC), ==, 0);
        run((ProcessSpec) { .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = errors[1] }, &watch, 0);
        close(errors[1]);
        read_all(errors[0], text, sizeof(text));
        expect_str(text, "virtward: cannot execute '/nonexistent/qemu': No such file or directory\n");
        expect_int(watch.how.status, ==, 127);
        close(errors[0]);
}

static void test_adopt(void) {
        CLEANUP(process_free) Process *process = NULL, *wrong = NULL;
        Watch watch = {};
        uint64_t start;
        pid_t pid = fork();

        if (pid == 0) {
                pause();
                _exit(0);
        }
        expect_int(sd_event_new(&watch.loop), >=, 0);
        expect_int(process_adopt(watch.loop, pid, 1, on_exited, &watch, &wrong, NULL), ==, -1);
        {
                char path[64], line[1024], *field;
                FILE *f;

                snprintf(path, sizeof(path), "/proc/%d/stat", pid);
                f = fopen(path, "re");
                expect(f && fgets(line, sizeof(line), f));
                fclose(f);
                field = strrchr(line, ')');
                for (int i = 2; i < 22; i++)
                        field = strchr(field + 1, ' ');
                start = strtoull(field + 1, NULL, 10);
        }
        expect_int(process_adopt(watch.loop, pid, start, on_exited, &watch, &process, NULL), ==, 0);
        kill(pid, SIGKILL);
        expect_int(sd_event_loop(watch.loop), ==, 0);
        expect(watch.exited && !watch.how.known);
        waitpid(pid, NULL, 0);
        sd_event_unref(watch.loop);
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "exit status", test_status },
                { "signal", test_signal },
                { "descriptors and environment", test_descriptors },
                { "a program that cannot be executed says why on stderr", test_cannot_execute },
                { "adopted by pid and start time only", test_adopt },
                {},
        });
}
