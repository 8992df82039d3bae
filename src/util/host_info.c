/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/host_info.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include "util/fs.h"

#define FILE_MAX (1024 * 1024)
#define CPUS_MAX 65536u

static int read_text(const char *path, char **ret) {
        size_t len;

        return fs_read_at(AT_FDCWD, path, FILE_MAX, ret, &len);
}

/* A number in a file of its own; fallback when there is none. */
static long read_number(const char *path, long fallback) {
        CLEANUP(free) char *text = NULL;

        return read_text(path, &text) < 0 ? fallback : strtol(text, NULL, 10);
}

/* "0-3,5" as the kernel writes it: calls each number; the highest + 1 is the result. */
static unsigned list_each(const char *list, void (*each)(unsigned number, void *userdata), void *userdata) {
        unsigned end = 0;

        for (const char *p = list; *p >= '0' && *p <= '9';) {
                char *after;
                unsigned long first = strtoul(p, &after, 10), last = first;

                if (*after == '-')
                        last = strtoul(after + 1, &after, 10);
                for (unsigned long n = first; n <= last && n < CPUS_MAX; n++) {
                        if (each)
                                each((unsigned) n, userdata);
                        end = (unsigned) n + 1;
                }
                p = *after == ',' ? after + 1 : "";
        }
        return end;
}

static unsigned list_end(const char *path, unsigned fallback) {
        CLEANUP(free) char *text = NULL;
        unsigned end = read_text(path, &text) < 0 ? 0 : list_each(text, NULL, NULL);

        return end ? end : fallback;
}

unsigned host_n_nodes(void) {
        return list_end("/sys/devices/system/node/online", 1);
}

/* ---- topology ---- */

typedef struct Topology {
        unsigned online;
        long sockets[64], cores[1024];  /* seen: package numbers, and core numbers of the first package */
        unsigned n_sockets, n_cores, n_threads;         /* n_threads: of the first package */
} Topology;

static void remember(long *seen, unsigned *n, unsigned max, long value) {
        for (unsigned i = 0; i < *n; i++)
                if (seen[i] == value)
                        return;
        if (*n < max)
                seen[(*n)++] = value;
}

static void topology_add(unsigned cpu, void *userdata) {
        Topology *topology = userdata;
        char path[96];
        long package;

        topology->online++;
        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/physical_package_id", cpu);
        package = read_number(path, 0);
        remember(topology->sockets, &topology->n_sockets, N_ELEMENTS(topology->sockets), package);
        if (package != topology->sockets[0])
                return;
        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/core_id", cpu);
        remember(topology->cores, &topology->n_cores, N_ELEMENTS(topology->cores), read_number(path, 0));
        topology->n_threads++;
}

/* What does not multiply to the number of CPUs is told as one flat level, as libvirt does. */
static void topology_tell(const Topology *topology, HostInfo *ret) {
        ret->cpus = topology->online;
        ret->nodes = host_n_nodes();
        ret->sockets = topology->n_sockets / ret->nodes ? topology->n_sockets / ret->nodes : 1;
        ret->cores = topology->n_cores ? topology->n_cores : 1;
        ret->threads = topology->n_threads / ret->cores ? topology->n_threads / ret->cores : 1;
        if (ret->nodes * ret->sockets * ret->cores * ret->threads == ret->cpus)
                return;
        ret->nodes = ret->sockets = ret->threads = 1;
        ret->cores = ret->cpus;
}

static unsigned cpu_mhz(void) {
        CLEANUP(free) char *text = NULL;
        const char *line = read_text("/proc/cpuinfo", &text) < 0 ? NULL : strstr(text, "cpu MHz");

        if (line)
                line = strchr(line, ':');
        return line ? (unsigned) strtoul(line + 1, NULL, 10) : 0;
}

int host_info_read(HostInfo *ret, Error **err) {
        CLEANUP(free) char *online = NULL;
        Topology topology = {};
        HostMemory memory;
        struct utsname names;
        int r = read_text("/sys/devices/system/cpu/online", &online);

        if (r < 0)
                return error_set_errno(err, -r, "cannot read which CPUs are online");
        if (host_memory(HOST_ALL, &memory, err) < 0)
                return -1;
        list_each(online, topology_add, &topology);
        uname(&names);
        *ret = (HostInfo) { .memory_kib = memory.total, .mhz = cpu_mhz() };
        snprintf(ret->model, sizeof(ret->model), "%.31s", names.machine);
        topology_tell(&topology, ret);
        return 0;
}

/* ---- CPUs ---- */

static void map_set(unsigned cpu, void *userdata) {
        HostCpuMap *map = userdata;

        if (cpu >= map->n_cpus)
                return;
        map->bits[cpu / 8] |= (uint8_t) (1u << cpu % 8);
        map->n_online++;
}

int host_cpu_map(HostCpuMap *ret, Error **err) {
        CLEANUP(free) char *online = NULL;
        int r = read_text("/sys/devices/system/cpu/online", &online);

        if (r < 0)
                return error_set_errno(err, -r, "cannot read which CPUs are online");
        *ret = (HostCpuMap) { .n_cpus = list_end("/sys/devices/system/cpu/present", 1) };
        ret->n_bytes = (ret->n_cpus + 7) / 8;
        ret->bits = xcalloc(ret->n_bytes, 1);
        list_each(online, map_set, ret);
        return 0;
}

int host_cpu_times(int cpu, HostCpuTimes *ret, Error **err) {
        uint64_t tick = UINT64_C(1000000000) / (uint64_t) sysconf(_SC_CLK_TCK);
        unsigned long long user, nice, system, idle, iowait, irq, softirq;
        CLEANUP(free) char *text = NULL;
        char name[32];
        const char *line;
        int r = read_text("/proc/stat", &text);

        if (r < 0)
                return error_set_errno(err, -r, "cannot read the times of the CPUs");
        snprintf(name, sizeof(name), cpu == HOST_ALL ? "cpu " : "\ncpu%d ", cpu);
        line = strstr(text, name);
        if (!line || cpu < HOST_ALL ||
            sscanf(line + strlen(name), "%llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &iowait, &irq,
                   &softirq) != 7)
                return error_set_from(err, ERROR_FROM_NONE, ERROR_INVALID_ARG, "Invalid cpuNum: there is no CPU %d", cpu);
        *ret = (HostCpuTimes) {
                .kernel = (system + irq + softirq) * tick,
                .user = (user + nice) * tick,
                .idle = idle * tick,
                .iowait = iowait * tick,
        };
        return 0;
}

int host_kvm_max_vcpus(int *ret, Error **err) {
        CLEANUP(close) int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
        int n;

        if (fd < 0)
                return error_set_errno(err, errno, "Unable to open /dev/kvm");
        n = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
        if (n <= 0)
                n = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_VCPUS);
        *ret = n > 0 ? n : 4;           /* what KVM's documentation says for kernels that do not tell */
        return 0;
}

/* ---- memory ---- */

static uint64_t memory_field(const char *text, const char *field) {
        const char *line = strstr(text, field);

        return line ? strtoull(line + strlen(field), NULL, 10) : 0;
}

int host_memory(int node, HostMemory *ret, Error **err) {
        CLEANUP(free) char *text = NULL;
        char path[96] = "/proc/meminfo";
        int r;

        if (node < HOST_ALL || node >= (int) host_n_nodes())
                return error_set_from(err, ERROR_FROM_NONE, ERROR_INVALID_ARG, "there is no NUMA node %d, the last one is %u",
                                      node, host_n_nodes() - 1);
        if (node != HOST_ALL)
                snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
        r = read_text(path, &text);
        if (r < 0 && node == 0)         /* a kernel without NUMA: all is node 0 */
                return host_memory(HOST_ALL, ret, err);
        if (r < 0)
                return error_set_errno(err, -r, "cannot read '%s'", path);
        *ret = (HostMemory) {
                .total = memory_field(text, "MemTotal:"),
                .free = memory_field(text, "MemFree:"),
                .buffers = memory_field(text, "Buffers:"),
                .cached = memory_field(text, "\nCached:"),
        };
        return 0;
}
