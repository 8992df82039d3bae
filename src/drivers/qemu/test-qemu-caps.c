/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real binaries where they are installed, and scripts that behave badly. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "drivers/qemu/qemu_arch.h"
#include "drivers/qemu/qemu_caps_cache.h"
#include "drivers/qemu/net_tap.h"
#include "drivers/qemu/net_vsock.h"
#include "util/fs.h"
#include "tap.h"

#define X86 "/usr/bin/qemu-system-x86_64"
#define S390X "/usr/bin/qemu-system-s390x"
#define PPC64 "/usr/bin/qemu-system-ppc64"

static char dir_path[64];
static int dir_fd = -1;

static void make_dir(void) {
        snprintf(dir_path, sizeof(dir_path), "/tmp/test-qemu-caps-XXXXXX");
        expect(mkdtemp(dir_path) != NULL);
        dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        expect(dir_fd >= 0);
}

static void remove_dir(void) {
        pid_t pid = fork();

        if (pid == 0) {
                execl("/bin/rm", "rm", "-r", dir_path, NULL);
                _exit(127);
        }
        waitpid(pid, NULL, 0);
        close_fd(dir_fd);
}

static char *write_script(const char *name, const char *text) {
        expect_int(fs_replace_at(dir_fd, name, text, strlen(text), 0755, false), ==, 0);
        return xasprintf("%s/%s", dir_path, name);
}

typedef struct Told {
        unsigned n, failed;
        QemuCaps *caps;
        Error *err;
        sd_event *loop;
        unsigned wanted;
} Told;

static void on_told(QemuCaps *caps, const Error *err, void *userdata) {
        Told *told = userdata;

        told->n++;
        if (caps) {
                qemu_caps_unref(told->caps);
                told->caps = qemu_caps_ref(caps);
        } else {
                told->failed++;
                error_free(told->err);
                told->err = error_copy(err);
        }
        if (told->n == told->wanted)
                sd_event_exit(told->loop, 0);
}

static void told_done(Told *told) {
        qemu_caps_unref(told->caps);
        error_free(told->err);
        *told = (Told) {};
}

static QemuCaps *probe(const char *binary) {
        sd_event *loop = NULL;
        QemuCapsCache *cache;
        Told told = { .wanted = 1 };

        if (access(binary, X_OK) < 0)
                skip("that QEMU is not installed");
        expect(sd_event_new(&loop) >= 0);
        told.loop = loop;
        cache = qemu_caps_cache_new(loop, -1, NULL);
        if (qemu_caps_cache_get(cache, binary, on_told, &told))
                sd_event_loop(loop);
        qemu_caps_cache_free(cache);
        sd_event_unref(loop);
        if (told.err)
                printf("# %s\n", told.err->message);
        expect(told.caps != NULL);
        return told.caps;
}

static void test_x86(void) {
        CLEANUP(qemu_caps_unref) QemuCaps *caps = probe(X86);
        const QemuAccelCaps *tcg = qemu_caps_accel(caps, QEMU_ACCEL_TCG), *kvm = qemu_caps_accel(caps, QEMU_ACCEL_KVM);
        const CpuModelFacts *haswell;

        expect_str(qemu_caps_arch(caps), "x86_64");
        expect_int(qemu_caps_version(caps), >=, 6000000);
        expect(qemu_caps_has_command(caps, "query-cpu-model-expansion"));
        expect(!qemu_caps_has_command(caps, "no-such-command"));
        expect(qemu_caps_has_device(caps, "virtio-blk-pci"));
        expect(!qemu_caps_has_device(caps, "virtio-blk-ccw"));
        expect(qemu_caps_has_object(caps, "rng-random"));
        expect(qemu_caps_has_machine_property(caps, "confidential-guest-support"));
        expect(qemu_caps_has_migration_capability(caps, "pause-before-switchover"));
        expect_str(qemu_caps_default_machine(caps)->alias, "pc");
        expect_str(qemu_caps_find_machine(caps, "q35")->default_cpu, "qemu64");
        expect_str(qemu_caps_find_machine(caps, "q35")->default_ram_id, "pc.ram");
        expect(!qemu_caps_find_machine(caps, "none"));
        expect(tcg->usable && tcg->cpu_host->can_expand);
        haswell = cpu_host_find_model(tcg->cpu_host, "Haswell");
        expect(haswell != NULL);
        expect_int(haswell->features.n, >, 30);
        expect(cpu_feature_set_has(&haswell->features, "avx2") && !cpu_feature_set_has(&haswell->features, "avx512f"));
        expect(cpu_feature_set_has(&tcg->cpu_host->host_migratable, "sse3") || cpu_feature_set_has(&tcg->cpu_host->host_migratable, "pni"));
        for (size_t i = 0; i < tcg->cpu_host->host_full.n; i++)
                expect(strncmp(tcg->cpu_host->host_full.names[i], "kvm", 3) != 0);
        expect(kvm->usable || kvm->reason);
        printf("# kvm: %s\n", kvm->usable ? "usable" : kvm->reason);
}

static void test_s390x(void) {
        CLEANUP(qemu_caps_unref) QemuCaps *caps = probe(S390X);
        const CpuHost *cpu = qemu_caps_accel(caps, QEMU_ACCEL_TCG)->cpu_host;

        expect_str(qemu_caps_arch(caps), "s390x");
        expect_str(qemu_caps_default_machine(caps)->alias, "s390-ccw-virtio");
        expect(cpu->host_model && strstr(cpu->host_model, "-base"));
        expect(!cpu_feature_set_has(&cpu->host_full, "unpack"));
        expect(cpu_feature_set_has(&cpu->known, "unpack"));
        expect(!qemu_caps_has_confidential_object(caps, "sev-guest"));
}

static void test_ppc64(void) {
        CLEANUP(qemu_caps_unref) QemuCaps *caps = probe(PPC64);
        const CpuHost *cpu = qemu_caps_accel(caps, QEMU_ACCEL_TCG)->cpu_host;

        expect_str(qemu_caps_default_machine(caps)->alias, "pseries");
        expect(!cpu->can_expand);
        expect(qemu_caps_has_confidential_object(caps, "pef-guest"));
        expect(cpu_host_find_model(cpu, "POWER9") != NULL);
}

static void test_ppc64le(void) {
        CLEANUP(qemu_caps_unref) QemuCaps *caps = probe(PPC64 "le");

        expect_str(qemu_caps_arch(caps), "ppc64le");
        expect_str(qemu_caps_target(caps), "ppc64");
        expect_str(qemu_caps_default_machine(caps)->alias, "pseries");
        expect(cpu_host_find_model(qemu_caps_accel(caps, QEMU_ACCEL_TCG)->cpu_host, "POWER9") != NULL);
}

static uint64_t now_usec(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

/* One probe for all who ask; then nothing is started any more, also in a new process with the same directory. */
static void test_cached(void) {
        sd_event *loop = NULL;
        QemuCapsCache *cache;
        Told told = { .wanted = 3 };
        uint64_t start, probed, from_disk, from_memory;
        QemuCapsRequest *cancelled;

        if (access(X86, X_OK) < 0)
                skip("that QEMU is not installed");
        make_dir();
        expect(sd_event_new(&loop) >= 0);
        told.loop = loop;
        cache = qemu_caps_cache_new(loop, dir_fd, NULL);
        expect(!qemu_caps_cache_peek(cache, X86));
        start = now_usec();
        for (int i = 0; i < 3; i++)
                expect(qemu_caps_cache_get(cache, X86, on_told, &told));
        cancelled = qemu_caps_cache_get(cache, X86, on_told, &told);
        qemu_caps_request_cancel(cancelled);
        sd_event_loop(loop);
        probed = now_usec() - start;
        expect_int(told.n, ==, 3);
        expect_int(told.failed, ==, 0);
        expect(told.caps == qemu_caps_cache_peek(cache, X86));
        qemu_caps_cache_free(cache);

        cache = qemu_caps_cache_new(loop, dir_fd, NULL);
        start = now_usec();
        expect(qemu_caps_cache_peek(cache, X86) != NULL);
        from_disk = now_usec() - start;
        start = now_usec();
        expect(!qemu_caps_cache_get(cache, X86, on_told, &told));
        from_memory = now_usec() - start;
        expect_int(told.n, ==, 4);
        expect_int(qemu_caps_version(told.caps), ==, qemu_caps_version(qemu_caps_cache_peek(cache, X86)));
        printf("# probed in %lu us, read in %lu us, known in %lu us\n", (unsigned long) probed, (unsigned long) from_disk,
               (unsigned long) from_memory);
        told_done(&told);
        qemu_caps_cache_free(cache);
        sd_event_unref(loop);
        remove_dir();
}

static void probe_into_dir(void) {
        sd_event *loop = NULL;
        QemuCapsCache *cache;
        Told told = { .wanted = 1 };

        expect(sd_event_new(&loop) >= 0);
        told.loop = loop;
        cache = qemu_caps_cache_new(loop, dir_fd, NULL);
        expect(qemu_caps_cache_get(cache, S390X, on_told, &told));
        sd_event_loop(loop);
        expect(told.caps != NULL);
        told_done(&told);
        qemu_caps_cache_free(cache);
        sd_event_unref(loop);
}

/* Of the only file in the directory. */
static void read_cache_file(char *ret_name, size_t size, char **ret, size_t *ret_len) {
        DIR *dir = opendir(dir_path);
        struct dirent *entry;

        *ret = NULL;
        while (dir && (entry = readdir(dir)))
                if (entry->d_name[0] != '.') {
                        snprintf(ret_name, size, "%s", entry->d_name);
                        expect_int(fs_read_at(dir_fd, entry->d_name, 16 << 20, ret, ret_len), ==, 0);
                }
        if (dir)
                closedir(dir);
        expect(*ret != NULL);
}

/* A cache file that ends in the middle is ignored, and written anew. */
static void test_broken_file(void) {
        CLEANUP(free) char *text = NULL, *again = NULL;
        char name[256];
        size_t len = 0, len_again = 0;

        if (access(S390X, X_OK) < 0)
                skip("that QEMU is not installed");
        make_dir();
        probe_into_dir();
        read_cache_file(name, sizeof(name), &text, &len);
        expect_int(fs_replace_at(dir_fd, name, text, len / 2, 0600, false), ==, 0);
        probe_into_dir();
        read_cache_file(name, sizeof(name), &again, &len_again);
        expect_int(len_again, ==, len);
        remove_dir();
}

/* A binary that is another file than the one that was probed is probed again. */
static void test_changed_binary(void) {
        static const char script[] = "#!/bin/sh\nexec " S390X " \"$@\"\n";
        sd_event *loop = NULL;
        QemuCapsCache *cache;
        CLEANUP(free) char *path = NULL;
        Told told = { .wanted = 1 };

        if (access(S390X, X_OK) < 0)
                skip("that QEMU is not installed");
        make_dir();
        free(write_script("qemu-system-s390x", script));
        path = xasprintf("%s/qemu-system-s390x", dir_path);
        expect(sd_event_new(&loop) >= 0);
        told.loop = loop;
        cache = qemu_caps_cache_new(loop, -1, dir_path);
        expect(qemu_caps_cache_get(cache, path, on_told, &told));
        sd_event_loop(loop);
        expect(told.caps && qemu_caps_cache_peek(cache, path) == told.caps);
        expect_str(qemu_caps_binary(told.caps), path);
        if (streq(qemu_arch_of_host(), "x86_64"))
                expect_str(qemu_caps_accel(told.caps, QEMU_ACCEL_KVM)->reason, "KVM on this x86_64 host runs no s390x guests");
        expect_int(qemu_caps_n_refs(told.caps), ==, 2);

        free(write_script("qemu-system-s390x", script));
        expect(!qemu_caps_cache_peek(cache, path));
        expect_int(qemu_caps_n_refs(told.caps), ==, 1);         /* who holds the older one keeps it */
        told_done(&told);
        qemu_caps_cache_free(cache);
        sd_event_unref(loop);
        remove_dir();
}

static void expect_failure(const char *script, const char *message) {
        sd_event *loop = NULL;
        CLEANUP(qemu_caps_cache_free) QemuCapsCache *cache = NULL;
        CLEANUP(free) char *path = write_script("qemu-system-sh4", script);
        Told told = { .wanted = 1 };

        expect(sd_event_new(&loop) >= 0);
        told.loop = loop;
        cache = qemu_caps_cache_new(loop, -1, dir_path);
        if (qemu_caps_cache_get(cache, path, on_told, &told))
                sd_event_loop(loop);
        expect_int(told.failed, ==, 1);
        expect_contains(told.err->message, path);
        expect_contains(told.err->message, message);
        told_done(&told);
        cache = qemu_caps_cache_free(cache);
        sd_event_unref(loop);
}

static void test_bad_binaries(void) {
        make_dir();
        expect_failure("#!/bin/sh\necho 'libpixman: no such library' >&2\nexit 3\n", "libpixman: no such library");
        expect_failure("#!/bin/sh\nexit 3\n", "cannot probe");
        expect_failure("#!/bin/sh\necho '{\"QMP\":[]}' >&3; sleep 1\n", "cannot probe");
        expect_failure("#!/bin/sh\nprintf 'garbage\\n' >&3; sleep 1\n", "cannot probe");
        expect_failure("#!/no/such/interpreter\n", "execute");
        remove_dir();
}

static void test_absent(void) {
        sd_event *loop = NULL;
        QemuCapsCache *cache;
        Told told = { .wanted = 1 };

        expect(sd_event_new(&loop) >= 0);
        told.loop = loop;
        cache = qemu_caps_cache_new(loop, -1, NULL);
        expect(!qemu_caps_cache_get(cache, "/nonexistent/qemu", on_told, &told));
        expect_int(told.err->code, ==, ERROR_SYSTEM);
        expect_str(told.err->message, "Cannot check QEMU binary /nonexistent/qemu: No such file or directory");
        told_done(&told);
        told.wanted = 1;
        expect(!qemu_caps_cache_get(cache, "/etc/passwd", on_told, &told));
        expect_contains(told.err->message, "/etc/passwd is not executable");
        told_done(&told);
        qemu_caps_cache_free(cache);
        sd_event_unref(loop);
}

static void test_binaries(void) {
        sd_event *loop = NULL;
        QemuCapsCache *cache;
        CLEANUP(free) char *x86 = NULL, *other = NULL;

        make_dir();
        expect(sd_event_new(&loop) >= 0);
        cache = qemu_caps_cache_new(loop, -1, dir_path);
        expect(!qemu_caps_cache_binaries(cache)[0]);
        expect(!qemu_caps_cache_default_binary(cache, "x86_64"));
        x86 = write_script("qemu-system-x86_64", "");
        other = write_script("qemu-system-x86_64-microvm", "");
        expect_str(qemu_caps_cache_binaries(cache)[0], x86);
        expect(!qemu_caps_cache_binaries(cache)[1]);
        expect_str(qemu_caps_cache_default_binary(cache, "x86_64"), x86);
        expect_str(qemu_caps_cache_default_binary(cache, "i686"), x86);
        expect(!qemu_caps_cache_default_binary(cache, "s390x"));
        expect_str(qemu_caps_binary_arch("/usr/bin/qemu-system-i386"), "i686");
        expect(!qemu_caps_binary_arch("/usr/libexec/qemu-kvm"));
        qemu_caps_cache_free(cache);
        sd_event_unref(loop);
        remove_dir();
}

/* A client can name any program as an emulator: it gets no more rights than a guest. */
static void test_user(void) {
        sd_event *loop = NULL;
        QemuCapsCache *cache;
        CLEANUP(free) char *path = NULL;
        Told told = { .wanted = 1 };

        if (geteuid() != 0)
                skip("only root can change the user");
        make_dir();
        expect_int(fchmod(dir_fd, 0755), ==, 0);
        path = write_script("qemu-system-sh4", "#!/bin/sh\necho uid $(id -u) $(id -g) $(id -G) >&2\n");
        expect(sd_event_new(&loop) >= 0);
        told.loop = loop;
        cache = qemu_caps_cache_new(loop, -1, dir_path);
        qemu_caps_cache_set_user(cache, 65534, 65533);
        expect(qemu_caps_cache_get(cache, path, on_told, &told));
        sd_event_loop(loop);
        expect_contains(told.err->message, "uid 65534 65533 65533");
        told_done(&told);
        qemu_caps_cache_free(cache);
        sd_event_unref(loop);
        remove_dir();
}

static void test_absent_vsock(void) {
        CLEANUP(error_free) Error *err = NULL;
        unsigned cid = 0;

        if (access("/dev/vhost-vsock", F_OK) == 0)
                skip("this host has vhost-vsock");
        expect_int(net_vsock_choose(&cid, &err), <, 0);
        expect_contains(err->message, "unable to open vhost-vsock device");
        expect_int(cid, ==, 0);
}

static void test_absent_bridge(void) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *name = NULL;

        expect_int(net_tap_open(&name, "no-such-br", "52:54:00:00:00:01", true, &err), <, 0);
        expect_int(err->code, ==, ERROR_SYSTEM);
        expect_contains(err->message, "Cannot use bridge 'no-such-br'");
        expect(!name);
        err = error_free(err);
        expect_int(net_tap_open(&name, "../../etc", "52:54:00:00:00:01", true, &err), <, 0);
        expect_contains(err->message, "cannot be the name of a bridge");
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "x86_64", test_x86 },
                { "s390x", test_s390x },
                { "ppc64", test_ppc64 },
                { "ppc64le is ppc64 by another name", test_ppc64le },
                { "one probe for all, then none", test_cached },
                { "a broken cache file is written anew", test_broken_file },
                { "a changed binary is probed again", test_changed_binary },
                { "binaries that fail say why", test_bad_binaries },
                { "absent binaries", test_absent },
                { "probes run as the guests' user", test_user },
                { "installed binaries", test_binaries },
                { "a bridge that is not there", test_absent_bridge },
                { "no vsock on this host", test_absent_vsock },
                {},
        });
}
