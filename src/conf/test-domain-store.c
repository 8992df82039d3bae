/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/test-domain-store.c - definitions survive crashes, full disks and editors; names and UUIDs never collide. */
#include "conf/domain_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

#include "conf/definition_file.h"
#include "tap.h"
#include "util/fs.h"
#include "util/log.h"

typedef struct Fault {          /* shared with the writer: its n-th call fails with r, or kills it when r is 0 */
        int at, r, n_calls;
} Fault;

typedef struct Scene {
        char path[64];
        int dir_fd;
        sd_event *loop;
        Fault *fault;
        SyncWriterHook hook;
        DomainStore *store;
        int n_answers;
        bool ok[256];
        char last_error[512];
} Scene;

static int fault_before(const char *call, void *userdata) {
        Fault *fault = userdata;

        if (fault->n_calls++ != fault->at)
                return 0;
        if (fault->r == 0)
                raise(SIGKILL);
        return fault->r;
}

static sd_id128_t uuid_of(unsigned n) {
        sd_id128_t uuid = { .bytes = { 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x42, 0x22, 0x82, 0x22 } };

        for (int i = 0; i < 4; i++)
                uuid.bytes[15 - i] = (uint8_t) (n >> (8 * i));
        return uuid;
}

static DomainFacts facts_of(unsigned n, const char *name) {
        return (DomainFacts){
                .uuid = uuid_of(n), .name = name, .max_memory_kib = 4194304, .memory_kib = 2097152, .n_vcpus = 2, .max_vcpus = 4
        };
}

static void scene_reopen(Scene *scene) {
        CLEANUP(error_free) Error *err = NULL;

        scene->store = domain_store_free(scene->store);
        domain_store_open(scene->loop, scene->dir_fd, &scene->hook, &scene->store, &err);
        expect_str(err ? err->message : NULL, NULL);
}

static void scene_open_at(Scene *scene, const char *path) {
        *scene = (Scene) { .dir_fd = -1 };
        snprintf(scene->path, sizeof(scene->path), "%s", path);
        log_set_level(LOG_LEVEL_ERROR - 1);
        scene->dir_fd = open(scene->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        expect_int(scene->dir_fd, >=, 0);
        scene->fault = mmap(NULL, sizeof(Fault), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        *scene->fault = (Fault) { .at = -1 };
        scene->hook = (SyncWriterHook) { .before = fault_before, .userdata = scene->fault };
        expect_int(sd_event_new(&scene->loop), >=, 0);
        scene_reopen(scene);
}

static void scene_open(Scene *scene) {
        char path[] = "/tmp/test-domain-store-XXXXXX";

        expect(mkdtemp(path) != NULL);
        scene_open_at(scene, path);
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
        domain_store_free(scene->store);
        count_files(scene, true);
        rmdir(scene->path);
        close(scene->dir_fd);
        sd_event_unref(scene->loop);
        munmap(scene->fault, sizeof(Fault));
}

static void on_done(const StoredDomain *domain, const Error *err, void *userdata) {
        Scene *scene = userdata;

        snprintf(scene->last_error, sizeof(scene->last_error), "%s", err ? err->message : "");
        scene->ok[scene->n_answers++ % 256] = !err;
}

static int put_soon(Scene *scene, unsigned n, const char *name, const char *xml, Error **err) {
        DomainFacts facts = facts_of(n, name);

        return domain_store_put(scene->store, &facts, xml, on_done, scene, err);
}

static void wait_for(Scene *scene, int n_answers) {
        for (int turn = 0; turn < 1000 && scene->n_answers < n_answers; turn++)
                sd_event_run(scene->loop, 10000);
        expect_int(scene->n_answers, ==, n_answers);
}

static bool put(Scene *scene, unsigned n, const char *name, const char *xml) {
        int before = scene->n_answers;

        expect_int(put_soon(scene, n, name, xml, NULL), ==, 0);
        wait_for(scene, before + 1);
        return scene->ok[before % 256];
}

static const char *xml_of(Scene *scene, unsigned n) {
        const StoredDomain *domain = domain_store_find_uuid(scene->store, uuid_of(n));

        return domain ? domain->xml : NULL;
}

static void test_put_find_remove(void) {
        const StoredDomain *domain;
        Scene scene;

        scene_open(&scene);
        expect_int(put_soon(&scene, 1, "db1", "<domain/>", NULL), ==, 0);
        expect(domain_store_find_name(scene.store, "db1") == NULL);     /* not before the disk has it */
        expect_int(domain_store_count(scene.store), ==, 0);
        wait_for(&scene, 1);
        expect(scene.ok[0]);
        for (int reopened = 0; reopened < 2; reopened++, scene_reopen(&scene)) {
                domain = domain_store_find_name(scene.store, "db1");
                expect(domain && domain == domain_store_find_uuid(scene.store, uuid_of(1)));
                expect_str(domain->xml, "<domain/>");
                expect_int(domain->xml_len, ==, 9);
                expect_int(domain->facts.max_memory_kib, ==, 4194304);
                expect_int(domain->facts.memory_kib, ==, 2097152);
                expect_int(domain->facts.n_vcpus, ==, 2);
                expect_int(domain->facts.max_vcpus, ==, 4);
                expect_int(domain_store_count(scene.store), ==, 1);
        }
        expect_int(domain_store_remove(scene.store, uuid_of(1), on_done, &scene, NULL), ==, 0);
        expect(xml_of(&scene, 1) != NULL);
        wait_for(&scene, 2);
        expect(scene.ok[1] && !xml_of(&scene, 1) && !domain_store_find_name(scene.store, "db1"));
        expect_int(count_files(&scene, false), ==, 0);
        scene_close(&scene);
}

static void test_names_and_titles_survive(void) {
        static const char *const names[] = { "a--b", "-", "--", "it's", "100%", "%2d", "\xc3\xa4 b", "x -->", "tab\there" };
        Scene scene;

        scene_open(&scene);
        for (unsigned i = 0; i < N_ELEMENTS(names); i++) {
                DomainFacts facts = facts_of(i, names[i]);

                facts.title = names[N_ELEMENTS(names) - 1 - i];
                facts.policy_required = i % 2;
                facts.autostart = i % 3 == 0;
                expect_int(domain_store_put(scene.store, &facts, "<domain/>\n", on_done, &scene, NULL), ==, 0);
        }
        wait_for(&scene, N_ELEMENTS(names));
        scene_reopen(&scene);
        for (unsigned i = 0; i < N_ELEMENTS(names); i++) {
                const StoredDomain *domain = domain_store_find_name(scene.store, names[i]);

                expect(domain != NULL);
                expect_str(domain->facts.title, names[N_ELEMENTS(names) - 1 - i]);
                expect_int(domain->facts.policy_required, ==, i % 2);
                expect_int(domain->facts.autostart, ==, i % 3 == 0);
        }
        scene_close(&scene);
}

/* libvirt 9.0's code, domain and words. */
static void test_collisions(void) {
        Scene scene;

        scene_open(&scene);
        for (int stored = 0; stored < 2; stored++) {
                Error *err = NULL;

                if (!stored)                    /* also against what is only on its way */
                        expect_int(put_soon(&scene, 1, "x", "<a/>", NULL), ==, 0);
                expect_int(put_soon(&scene, 2, "x", "<b/>", &err), <, 0);
                expect_str(err->message,
                           "operation failed: domain 'x' already exists with uuid 11111111-2222-4222-8222-000000000001");
                expect_int(err->domain, ==, ERROR_FROM_DOMAIN);
                err = error_free(err);
                expect_int(put_soon(&scene, 1, "y", "<b/>", &err), <, 0);
                expect_str(err->message,
                           "operation failed: domain 'x' is already defined with uuid 11111111-2222-4222-8222-000000000001");
                error_free(err);
                wait_for(&scene, 1);
        }
        expect_int(domain_store_remove(scene.store, uuid_of(1), on_done, &scene, NULL), ==, 0);
        expect_int(put_soon(&scene, 2, "x", "<b/>", NULL), <, 0);       /* the name is free when the disk says so */
        wait_for(&scene, 2);
        expect(put(&scene, 2, "x", "<b/>"));
        scene_close(&scene);
}

static void test_changes_of_one_domain_keep_order(void) {
        Scene scene;

        scene_open(&scene);
        expect_int(put_soon(&scene, 1, "x", "<a/>", NULL), ==, 0);
        expect_int(put_soon(&scene, 1, "x", "<b/>", NULL), ==, 0);
        expect_int(domain_store_set_autostart(scene.store, uuid_of(1), true, on_done, &scene, NULL), ==, 0);
        expect_int(put_soon(&scene, 1, "x", "<c/>", NULL), ==, 0);      /* keeps the autostart that it finds */
        wait_for(&scene, 4);
        expect_str(xml_of(&scene, 1), "<c/>");
        expect(domain_store_find_uuid(scene.store, uuid_of(1))->facts.autostart);
        expect_int(domain_store_remove(scene.store, uuid_of(1), on_done, &scene, NULL), ==, 0);
        expect_int(domain_store_remove(scene.store, uuid_of(1), on_done, &scene, NULL), ==, 0);
        expect_int(put_soon(&scene, 1, "x", "<d/>", NULL), ==, 0);
        wait_for(&scene, 7);
        expect(scene.ok[4] && !scene.ok[5] && scene.ok[6]);
        expect_str(xml_of(&scene, 1), "<d/>");
        expect(!domain_store_find_uuid(scene.store, uuid_of(1))->facts.autostart);
        scene_reopen(&scene);
        expect_str(xml_of(&scene, 1), "<d/>");
        scene_close(&scene);
}

static void test_absent(void) {
        CLEANUP(error_free) Error *err = NULL;
        Scene scene;

        scene_open(&scene);
        expect_int(domain_store_remove(scene.store, uuid_of(9), on_done, &scene, &err), <, 0);
        expect_int(err->code, ==, ERROR_NO_DOMAIN);
        expect_int(domain_store_set_autostart(scene.store, uuid_of(9), true, on_done, &scene, NULL), <, 0);
        expect(domain_store_find_name(scene.store, "x") == NULL);
        scene_close(&scene);
}

/* The disk refuses at every call in turn: the error is told and memory and disk keep the old definition. */
static void test_full_disk(void) {
        for (int at = 0; at < 4; at++) {
                Scene scene;

                scene_open(&scene);
                expect(put(&scene, 1, "x", "<old/>"));
                *scene.fault = (Fault) { .at = at, .r = -ENOSPC };
                expect(!put(&scene, 1, "x", "<new/>"));
                expect_str(scene.last_error, "cannot store the definition of domain 'x': No space left on device");
                expect_str(xml_of(&scene, 1), "<old/>");
                *scene.fault = (Fault) { .at = at, .r = -ENOSPC };
                expect(!put(&scene, 2, "y", "<new/>"));         /* a new one: its name is free again */
                *scene.fault = (Fault) { .at = -1 };
                expect(put(&scene, 3, "y", "<new/>"));
                scene_reopen(&scene);
                expect_str(xml_of(&scene, 1), "<old/>");
                expect(!xml_of(&scene, 2));
                expect_int(count_files(&scene, false), ==, 2);
                scene_close(&scene);
        }
}

/* An autostart that follows a failed put does not bring that put to the disk after all. */
static void test_failed_put_stays_failed(void) {
        Scene scene;

        scene_open(&scene);
        expect(put(&scene, 1, "x", "<old/>"));
        *scene.fault = (Fault) { .at = 1, .r = -EIO };
        expect_int(put_soon(&scene, 1, "x", "<new/>", NULL), ==, 0);
        expect_int(domain_store_set_autostart(scene.store, uuid_of(1), true, on_done, &scene, NULL), ==, 0);
        wait_for(&scene, 3);
        expect(!scene.ok[1] && scene.ok[2]);
        scene_reopen(&scene);
        expect_str(xml_of(&scene, 1), "<old/>");
        expect(domain_store_find_uuid(scene.store, uuid_of(1))->facts.autostart);
        scene_close(&scene);
}

/* The writer killed before each of its calls, the daemon starting anew on what is there. */
static void test_killed_at_every_call(void) {
        for (int at = 0; at < 6; at++) {
                bool said;
                Scene scene;

                scene_open(&scene);
                expect(put(&scene, 1, "x", "<old/>"));
                *scene.fault = (Fault) { .at = at };
                said = put(&scene, 1, "x", "<new/>");
                expect(!said);
                scene_reopen(&scene);
                expect(streq(xml_of(&scene, 1), "<old/>") || streq(xml_of(&scene, 1), "<new/>"));
                expect_str(xml_of(&scene, 1), at < 4 ? "<old/>" : "<new/>");
                expect_int(count_files(&scene, false), ==, 1);  /* leftovers are gone */
                scene_close(&scene);
        }
}

static void write_file(Scene *scene, const char *name, const char *text, size_t len) {
        expect_int(fs_replace_at(scene->dir_fd, name, text, len, 0600, false), ==, 0);
}

/* A torn temporary file of every length, and a definition file of every length: never a wrong definition. */
static void test_torn_files(void) {
        static const char file[] = "11111111-2222-4222-8222-000000000001.xml";
        DomainFacts facts = facts_of(1, "x");
        CLEANUP(free) StoredDomain *domain = definition_new(&facts, "<new/>", 6);
        CLEANUP(free) char *text = NULL;
        CLEANUP(free) char *left = NULL;
        size_t len;
        Scene scene;

        text = definition_write(domain, &len);
        scene_open(&scene);
        expect(put(&scene, 1, "x", "<old/>"));
        for (size_t n = 0; n <= len; n++) {
                write_file(&scene, FS_TEMP_PREFIX "11111111-2222-4222-8222-000000000001.xml.0", text, n);
                scene_reopen(&scene);
                expect_str(xml_of(&scene, 1), "<old/>");
                expect_int(count_files(&scene, false), ==, 1);
        }
        for (size_t n = 0; n <= len; n++) {
                write_file(&scene, file, text, n);
                scene_reopen(&scene);
                expect_str(xml_of(&scene, 1), n == len ? "<new/>" : NULL);
                expect_int(fs_read_at(scene.dir_fd, file, 1 << 20, &left, NULL), ==, 0);
                expect_int(strlen(left), ==, n);                /* left alone */
                free(STEAL(left));
        }
        scene_close(&scene);
}

static void test_edited_by_hand(void) {
        CLEANUP(free) char *text = NULL;
        size_t len;
        Scene scene;

        scene_open(&scene);
        expect(put(&scene, 1, "x", "<domain/>"));
        expect(put(&scene, 2, "y", "<domain/>"));
        expect_int(fs_read_at(scene.dir_fd, "11111111-2222-4222-8222-000000000001.xml", 1 << 20, &text, &len), ==, 0);
        write_file(&scene, "22222222-2222-4222-8222-000000000001.xml", text, len);      /* a copy: its UUID is not its name */
        for (size_t i = 0; i < len; i++) {
                text[i] ^= 1;
                write_file(&scene, "11111111-2222-4222-8222-000000000001.xml", text, len);
                text[i] ^= 1;
                scene_reopen(&scene);
                expect_str(xml_of(&scene, 1), NULL);
                expect_str(xml_of(&scene, 2), "<domain/>");
                expect_int(count_files(&scene, false), ==, 3);
        }
        write_file(&scene, "notes.txt", "x", 1);
        write_file(&scene, "11111111-2222-4222-8222-000000000001.xml", text, len);
        scene_reopen(&scene);
        expect_int(domain_store_count(scene.store), ==, 2);
        expect_int(count_files(&scene, false), ==, 4);
        scene_close(&scene);
}

static void test_two_daemons(void) {
        CLEANUP(error_free) Error *err = NULL;
        DomainStore *other = NULL;
        Scene scene;

        scene_open(&scene);
        expect_int(domain_store_open(scene.loop, scene.dir_fd, NULL, &other, &err), <, 0);
        expect(strstr(err->message, "in use by another virtwardd") != NULL);
        scene_close(&scene);
}

static void put_again(const StoredDomain *domain, const Error *err, void *userdata) {
        Scene *scene = userdata;

        on_done(domain, err, userdata);
        expect_int(put_soon(scene, 1, "x", "<again/>", NULL), ==, 0);
        expect_int(domain_store_remove(scene->store, uuid_of(1), on_done, scene, NULL), ==, 0);
}

static void test_changes_from_a_callback(void) {
        DomainFacts facts = facts_of(1, "x");
        Scene scene;

        scene_open(&scene);
        *scene.fault = (Fault) { .at = 0, .r = -ENOSPC };
        expect_int(domain_store_put(scene.store, &facts, "<a/>", put_again, &scene, NULL), ==, 0);
        wait_for(&scene, 3);
        expect(!scene.ok[0] && scene.ok[1] && scene.ok[2]);
        expect_int(domain_store_count(scene.store), ==, 0);
        scene_close(&scene);
}

static void test_free_answers_all(void) {
        Scene scene;

        scene_open(&scene);
        for (int i = 0; i < 5; i++)
                expect_int(put_soon(&scene, 1, "x", "<a/>", NULL), ==, 0);
        scene.store = domain_store_free(scene.store);
        expect_int(scene.n_answers, ==, 5);
        scene_close(&scene);
}

static void test_flush(void) {
        Scene scene;

        scene_open(&scene);
        for (int i = 0; i < 5; i++)
                expect_int(put_soon(&scene, 1, "x", i == 4 ? "<last/>" : "<a/>", NULL), ==, 0);
        expect_int(domain_store_flush(scene.store, 10000000), ==, 0);
        expect_int(scene.n_answers, ==, 5);
        expect_str(xml_of(&scene, 1), "<last/>");
        scene_close(&scene);
}

static void test_churn(void) {
        Scene scene;

        scene_open(&scene);
        for (int round = 0; round < 60; round++) {
                char names[10][16];
                int before = scene.n_answers;

                for (int i = 0; i < 10; i++) {
                        snprintf(names[i], sizeof(names[i]), "n%d-%d", round, i);
                        expect_int(put_soon(&scene, round * 100 + i, names[i], "<a/>", NULL), ==, 0);
                        expect_int(domain_store_remove(scene.store, uuid_of(round * 100 + i), on_done, &scene, NULL), ==, 0);
                }
                wait_for(&scene, before + 20);
        }
        expect_int(domain_store_count(scene.store), ==, 0);
        expect(put(&scene, 1, "x", "<a/>"));
        expect_str(xml_of(&scene, 1), "<a/>");
        scene_close(&scene);
}

/* In a child with a mount namespace of its own: a real full file system. 77: not allowed here. */
static int on_a_full_tmpfs(void) {
        char path[] = "/tmp/test-domain-store-full-XXXXXX";
        CLEANUP(free) char *big = xcalloc(1, 300 * 1024);
        Scene scene;

        if (!mkdtemp(path) || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("none", path, "tmpfs", 0, "size=256k") < 0) {
                rmdir(path);
                return 77;
        }
        memset(big, 'x', 300 * 1024 - 1);
        scene_open_at(&scene, path);
        if (!put(&scene, 1, "x", "<old/>") || put(&scene, 1, "x", big))
                return 1;
        if (!streq(scene.last_error, "cannot store the definition of domain 'x': No space left on device"))
                return 2;
        if (!streq(xml_of(&scene, 1), "<old/>") || count_files(&scene, false) != 1 || !put(&scene, 1, "x", "<next/>"))
                return 3;
        umount2(path, MNT_DETACH);
        scene_close(&scene);
        return 0;
}

static void test_real_full_file_system(void) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(on_a_full_tmpfs());
        waitpid(pid, &status, 0);
        if (WEXITSTATUS(status) == 77)
                skip("no mount namespace may be made here");
        expect_int(status, ==, 0);
}

int main(void) {
        static const TapTest tests[] = {
                { "put, find, remove", test_put_find_remove },
                { "names and titles survive the first line", test_names_and_titles_survive },
                { "names and UUIDs do not collide", test_collisions },
                { "changes of one domain keep their order", test_changes_of_one_domain_keep_order },
                { "absent domains", test_absent },
                { "an error at every call", test_full_disk },
                { "a failed put stays failed", test_failed_put_stays_failed },
                { "the writer killed at every call", test_killed_at_every_call },
                { "files torn at every byte", test_torn_files },
                { "edited by hand: left alone", test_edited_by_hand },
                { "two daemons on one directory", test_two_daemons },
                { "changes from a callback", test_changes_from_a_callback },
                { "free answers all", test_free_answers_all },
                { "flush", test_flush },
                { "names come and go", test_churn },
                { "a real full file system", test_real_full_file_system },
                {},
        };

        return tap_run(tests);
}
