/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/test-sync-writer.c - what is acknowledged is on the disk; a crash or error at any call leaves the old or the new file. */
#include "util/sync_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#include "tap.h"
#include "util/fs.h"

/* Shared with the child: the n-th call asked about (from 0) fails with r, or kills the child when r is 0. */
typedef struct Fault {
        int at, r, n_calls, n_dir_syncs;
} Fault;

static int fault_before(const char *call, void *userdata) {
        Fault *fault = userdata;

        if (streq(call, "fsync-dir"))
                fault->n_dir_syncs++;
        if (fault->n_calls++ != fault->at)
                return 0;
        if (fault->r == 0)
                raise(SIGKILL);
        return fault->r;
}

typedef struct Scene {
        char path[64];
        int dir_fd;
        sd_event *loop;
        Fault *fault;
        SyncWriterHook hook;
        SyncWriter *writer;
        int n_answers, answers[1024];
} Scene;

static void scene_open(Scene *scene) {
        *scene = (Scene) { .dir_fd = -1 };
        snprintf(scene->path, sizeof(scene->path), "/tmp/test-sync-writer-XXXXXX");
        expect(mkdtemp(scene->path) != NULL);
        scene->dir_fd = open(scene->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        scene->fault = mmap(NULL, sizeof(Fault), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        *scene->fault = (Fault) { .at = -1 };
        scene->hook = (SyncWriterHook) { .before = fault_before, .userdata = scene->fault };
        expect_int(sd_event_new(&scene->loop), ==, 0);
        expect_int(sync_writer_new(scene->loop, scene->dir_fd, &scene->hook, &scene->writer), ==, 0);
}

static int count_files(Scene *scene, bool remove) {
        DIR *dir = opendir(scene->path);
        int n = 0;

        for (struct dirent *entry; (entry = readdir(dir));) {
                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;
                n++;
                if (remove)
                        unlinkat(dirfd(dir), entry->d_name, 0);
        }
        closedir(dir);
        return n;
}

static void scene_close(Scene *scene) {
        scene->writer = sync_writer_free(scene->writer);
        count_files(scene, true);
        expect_int(rmdir(scene->path), ==, 0);
        close(scene->dir_fd);
        sd_event_unref(scene->loop);
        munmap(scene->fault, sizeof(Fault));
}

static void on_done(void *userdata, int r) {
        Scene *scene = userdata;

        scene->answers[scene->n_answers++] = r;
}

static void put(Scene *scene, const char *name, const char *text) {
        expect_int(sync_writer_replace(scene->writer, name, text, strlen(text), 0600, on_done, scene), ==, 0);
}

static void run_until(Scene *scene, int n_answers) {
        for (int turn = 0; turn < 1000 && scene->n_answers < n_answers; turn++)
                sd_event_run(scene->loop, 10000);
        expect_int(scene->n_answers, ==, n_answers);
}

static char *content(Scene *scene, const char *name) {
        char *text = NULL;

        return fs_read_at(scene->dir_fd, name, 1 << 20, &text, NULL) < 0 ? xstrdup("absent") : text;
}

static void check_content(Scene *scene, const char *name, const char *want) {
        CLEANUP(free) char *text = content(scene, name);

        expect_str(text, want);
}

static void test_replace_and_remove(void) {
        Scene scene;

        scene_open(&scene);
        put(&scene, "a", "one");
        expect_int(sync_writer_outstanding(scene.writer), ==, 1);
        run_until(&scene, 1);
        check_content(&scene, "a", "one");
        put(&scene, "a", "two");
        put(&scene, "empty", "");
        run_until(&scene, 3);
        check_content(&scene, "a", "two");
        check_content(&scene, "empty", "");
        expect_int(sync_writer_remove(scene.writer, "a", on_done, &scene), ==, 0);
        expect_int(sync_writer_remove(scene.writer, "never", on_done, &scene), ==, 0);
        run_until(&scene, 5);
        for (int i = 0; i < 4; i++)
                expect_int(scene.answers[i], ==, 0);
        expect_int(scene.answers[4], ==, -ENOENT);
        check_content(&scene, "a", "absent");
        expect_int(count_files(&scene, false), ==, 1);
        scene_close(&scene);
}

static void test_order_of_one_name(void) {
        Scene scene;

        scene_open(&scene);
        for (int i = 0; i < 40; i++) {
                char text[16];

                snprintf(text, sizeof(text), "%d", i);
                put(&scene, "a", text);
                if (i % 3 == 0)
                        expect_int(sync_writer_remove(scene.writer, "a", on_done, &scene), ==, 0);
        }
        expect_int(sync_writer_flush(scene.writer, 10000000), ==, 0);
        expect_int(scene.n_answers, ==, 54);
        for (int i = 0; i < 54; i++)
                expect_int(scene.answers[i], ==, 0);
        check_content(&scene, "a", "absent");
        expect_int(count_files(&scene, false), ==, 0);
        scene_close(&scene);
}

static void test_queued_requests_share_the_directory_sync(void) {
        Scene scene;

        scene_open(&scene);
        kill(sync_writer_pid(scene.writer), SIGSTOP);
        for (int i = 0; i < 100; i++) {
                char name[16];

                snprintf(name, sizeof(name), "n%d", i);
                put(&scene, name, "text");
        }
        kill(sync_writer_pid(scene.writer), SIGCONT);
        run_until(&scene, 100);
        expect_int(count_files(&scene, false), ==, 100);
        expect(scene.fault->n_dir_syncs <= 3);
        scene_close(&scene);
}

/* A large file goes through the socket in pieces; the loop does not wait for the reader. */
static void test_large_file(void) {
        CLEANUP(free) char *text = xmalloc(4 << 20);
        CLEANUP(free) char *back = NULL;
        size_t len;
        Scene scene;

        for (size_t i = 0; i < 4 << 20; i++)
                text[i] = (char) ('a' + i % 23);
        scene_open(&scene);
        expect_int(sync_writer_replace(scene.writer, "big", text, 4 << 20, 0600, on_done, &scene), ==, 0);
        run_until(&scene, 1);
        expect_int(scene.answers[0], ==, 0);
        expect_int(fs_read_at(scene.dir_fd, "big", 8 << 20, &back, &len), ==, 0);
        expect_int(len, ==, 4 << 20);
        expect(memcmp(text, back, len) == 0);
        scene_close(&scene);
}

static void on_dropped(void *userdata, int r) {
}

static void test_bounds(void) {
        Scene scene;
        int n = 0;

        scene_open(&scene);
        expect_int(sync_writer_replace(scene.writer, "../a", "", 0, 0600, on_done, &scene), ==, -EINVAL);
        expect_int(sync_writer_remove(scene.writer, "", on_done, &scene), ==, -EINVAL);
        expect_int(sync_writer_replace(scene.writer, "a", "", (size_t) SYNC_WRITER_MAX_BYTES + 1, 0600, on_done, &scene), ==, -ENOBUFS);
        kill(sync_writer_pid(scene.writer), SIGSTOP);
        while (n < 10000 && sync_writer_remove(scene.writer, "a", on_dropped, &scene) == 0)
                n++;
        expect_int(n, ==, SYNC_WRITER_MAX_REQUESTS);
        expect_int(sync_writer_flush(scene.writer, 20000), ==, -ETIMEDOUT);
        scene_close(&scene);
}

/* Each call of a change killed or failed in turn: the file is the old or the new one, and is the new one when 0 was said. */
static void fault_at_every_call(int r, bool remove) {
        for (int at = 0; at < 20; at++) {
                CLEANUP(free) char *text = NULL;
                bool was_reached;
                Scene scene;

                scene_open(&scene);
                put(&scene, "a", "old");
                run_until(&scene, 1);
                *scene.fault = (Fault) { .at = at, .r = r };
                if (remove)
                        expect_int(sync_writer_remove(scene.writer, "a", on_done, &scene), ==, 0);
                else
                        put(&scene, "a", "new");
                run_until(&scene, 2);
                was_reached = scene.fault->n_calls > at;
                text = content(&scene, "a");
                expect(streq(text, "old") || streq(text, remove ? "absent" : "new"));
                if (scene.answers[1] == 0)
                        expect_str(text, remove ? "absent" : "new");
                if (was_reached && r == 0)
                        expect_int(scene.answers[1], ==, -EIO);
                if (was_reached && r < 0 && at < (remove ? 1 : 4)) {
                        expect_int(scene.answers[1], ==, r);
                        expect_str(text, "old");
                        expect_int(count_files(&scene, false), ==, 1);       /* nothing left behind */
                }
                *scene.fault = (Fault) { .at = -1 };
                put(&scene, "a", "next");                               /* served again, by another child if need be */
                run_until(&scene, 3);
                expect_int(scene.answers[2], ==, 0);
                check_content(&scene, "a", "next");
                scene_close(&scene);
                if (!was_reached) {
                        expect_int(at, ==, remove ? 3 : 6);                  /* every call has had its turn */
                        return;
                }
        }
        expect(!"the calls come to an end");
}

static void test_killed_at_every_call(void) {
        fault_at_every_call(0, false);
        fault_at_every_call(0, true);
}

static void test_error_at_every_call(void) {
        fault_at_every_call(-ENOSPC, false);
        fault_at_every_call(-EIO, true);
}

/* One request of a batch that fails does not take the others along. */
static void test_failure_of_one_in_a_batch(void) {
        Scene scene;

        scene_open(&scene);
        kill(sync_writer_pid(scene.writer), SIGSTOP);
        put(&scene, "a", "A");
        put(&scene, "b", "B");
        put(&scene, "c", "C");
        *scene.fault = (Fault) { .at = 3, .r = -ENOSPC };       /* open, write of a; open, write of b */
        kill(sync_writer_pid(scene.writer), SIGCONT);
        run_until(&scene, 3);
        expect_int(scene.answers[0], ==, 0);
        expect_int(scene.answers[1], ==, -ENOSPC);
        expect_int(scene.answers[2], ==, 0);
        check_content(&scene, "b", "absent");
        check_content(&scene, "c", "C");
        scene_close(&scene);
}

static void test_killed_from_outside(void) {
        pid_t first;
        Scene scene;

        scene_open(&scene);
        first = sync_writer_pid(scene.writer);
        kill(first, SIGKILL);
        for (int turn = 0; turn < 100 && sync_writer_pid(scene.writer); turn++)
                sd_event_run(scene.loop, 10000);
        expect_int(sync_writer_pid(scene.writer), ==, 0);
        put(&scene, "a", "one");
        expect(sync_writer_pid(scene.writer) != first);
        run_until(&scene, 1);
        expect_int(scene.answers[0], ==, 0);
        check_content(&scene, "a", "one");
        scene_close(&scene);
}

static void queue_again(void *userdata, int r) {
        Scene *scene = userdata;

        on_done(scene, r);
        expect_int(sync_writer_replace(scene->writer, "again", "x", 1, 0600, on_done, scene), ==, 0);
}

/* A callback that is told of the death asks anew: that request is another child's and does not fail with the dead one. */
static void test_retry_from_the_callback(void) {
        Scene scene;

        scene_open(&scene);
        kill(sync_writer_pid(scene.writer), SIGSTOP);
        expect_int(sync_writer_replace(scene.writer, "a", "x", 1, 0600, queue_again, &scene), ==, 0);
        kill(sync_writer_pid(scene.writer), SIGKILL);
        run_until(&scene, 2);
        expect_int(scene.answers[0], ==, -EIO);
        expect_int(scene.answers[1], ==, 0);
        check_content(&scene, "again", "x");
        scene_close(&scene);
}

static void test_free_answers_what_is_outstanding(void) {
        Scene scene;

        scene_open(&scene);
        kill(sync_writer_pid(scene.writer), SIGSTOP);
        put(&scene, "a", "x");
        scene.writer = sync_writer_free(scene.writer);
        expect_int(scene.n_answers, ==, 1);
        expect_int(scene.answers[0], ==, -ECANCELED);
        scene_close(&scene);
}

int main(void) {
        static const TapTest tests[] = {
                { "replace and remove", test_replace_and_remove },
                { "requests for one name keep their order", test_order_of_one_name },
                { "queued requests share the directory's sync", test_queued_requests_share_the_directory_sync },
                { "a large file", test_large_file },
                { "names, sizes and the queue are bounded", test_bounds },
                { "the child killed at every call", test_killed_at_every_call },
                { "an error at every call", test_error_at_every_call },
                { "one failure in a batch", test_failure_of_one_in_a_batch },
                { "killed from outside, started again", test_killed_from_outside },
                { "asking again from the callback", test_retry_from_the_callback },
                { "free answers what is outstanding", test_free_answers_what_is_outstanding },
                {},
        };

        return tap_run(tests);
}
