/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/test-host-info.c - what the kernel counts, against what libc counts. */
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include "tap.h"
#include "util/host_info.h"

static void test_info(void) {
        struct utsname names;
        struct sysinfo system;
        HostInfo info = {};

        uname(&names);
        sysinfo(&system);
        expect_int(host_info_read(&info, NULL), ==, 0);
        expect_str(info.model, names.machine);
        expect_int(info.cpus, ==, get_nprocs());
        expect_int(info.nodes * info.sockets * info.cores * info.threads, ==, info.cpus);
        expect_int(info.memory_kib, ==, system.totalram * system.mem_unit / 1024);
}

static void test_cpu_map(void) {
        HostCpuMap map = {};
        unsigned n = 0;

        expect_int(host_cpu_map(&map, NULL), ==, 0);
        expect_int(map.n_cpus, ==, get_nprocs_conf());
        expect_int(map.n_online, ==, get_nprocs());
        expect_int(map.n_bytes, ==, (map.n_cpus + 7) / 8);
        for (unsigned cpu = 0; cpu < map.n_cpus; cpu++)
                n += map.bits[cpu / 8] >> cpu % 8 & 1;
        expect_int(n, ==, map.n_online);
        free(map.bits);
}

static void test_cpu_times(void) {
        HostCpuTimes all = {}, first = {};

        expect_int(host_cpu_times(0, &first, NULL), ==, 0);
        expect_int(host_cpu_times(HOST_ALL, &all, NULL), ==, 0);
        expect(first.user > 0 && first.idle > 0);
        expect(all.user >= first.user && all.kernel >= first.kernel);
}

static void test_memory(void) {
        HostMemory all = {}, node = {};

        expect_int(host_memory(HOST_ALL, &all, NULL), ==, 0);
        expect(all.total > all.free && all.free > 0 && all.cached > 0);
        expect_int(host_n_nodes(), >=, 1);
        expect_int(host_memory(0, &node, NULL), ==, 0);
        expect(node.total > 0 && node.total <= all.total);
}

static void test_what_is_not_there(void) {
        static const int cpus[] = { 70000, -2, INT32_MIN };

        for (size_t i = 0; i < N_ELEMENTS(cpus); i++) {
                CLEANUP(error_free) Error *no_cpu = NULL, *no_node = NULL;
                HostCpuTimes times;
                HostMemory memory;

                expect_int(host_cpu_times(cpus[i], &times, &no_cpu), ==, -1);
                expect_int(no_cpu->code, ==, ERROR_INVALID_ARG);
                expect_int(host_memory(cpus[i], &memory, &no_node), ==, -1);
                expect_int(no_node->code, ==, ERROR_INVALID_ARG);
        }
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "the host as a whole", test_info },
                { "the map of CPUs", test_cpu_map },
                { "CPU times", test_cpu_times },
                { "memory", test_memory },
                { "CPUs and nodes that are not there", test_what_is_not_there },
                {}
        });
}
