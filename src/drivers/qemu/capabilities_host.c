/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/capabilities_host.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "drivers/qemu/qemu_arch.h"
#include "util/fs.h"
#include "util/host_info.h"

static long read_number(const char *path, long fallback) {
        CLEANUP(free) char *text = NULL;
        size_t len;

        return fs_read_at(AT_FDCWD, path, 4096, &text, &len) < 0 ? fallback : strtol(text, NULL, 0);
}

/* ---- The processor ---- */

static void cpuinfo_value(const char *cpuinfo, const char *key, char *ret, size_t size) {
        size_t n = strlen(key);

        ret[0] = 0;
        for (const char *line = cpuinfo; line && *line && *line != '\n'; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
                const char *colon = strchr(line, ':');

                if (strncmp(line, key, n) != 0 || !strchr("\t ", line[n]) || strspn(line + n, "\t ") != (size_t) (colon - line - n))
                        continue;
                snprintf(ret, size, "%.*s", (int) strcspn(colon + 2, "\n"), colon + 2);
                return;
        }
}

static void read_cpuinfo(char *ret, size_t size) {
        CLEANUP(close) int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, ret, size - 1);

        ret[n > 0 ? n : 0] = 0;
}

static void add_signature(StrBuf *xml, const char *cpuinfo) {
        char family[16], model[16], stepping[16];

        cpuinfo_value(cpuinfo, "cpu family", family, sizeof(family));
        cpuinfo_value(cpuinfo, "model", model, sizeof(model));
        cpuinfo_value(cpuinfo, "stepping", stepping, sizeof(stepping));
        if (*family && *model)
                strbuf_addf(xml, "      <signature family='%ld' model='%ld' stepping='%ld'/>\n", strtol(family, NULL, 10), strtol(model, NULL, 10),
                            strtol(stepping, NULL, 10));
}

void capabilities_add_host_cpu(StrBuf *xml) {
        char cpuinfo[8192], vendor[32], microcode[32];
        HostInfo info;

        read_cpuinfo(cpuinfo, sizeof(cpuinfo));
        cpuinfo_value(cpuinfo, "vendor_id", vendor, sizeof(vendor));
        cpuinfo_value(cpuinfo, "microcode", microcode, sizeof(microcode));
        if (*vendor)
                strbuf_addf(xml, "      <vendor>%s</vendor>\n", streq(vendor, "GenuineIntel") ? "Intel" : streq(vendor, "AuthenticAMD") ? "AMD" :
                            streq(vendor, "HygonGenuine") ? "Hygon" : "unknown");
        if (*microcode)
                strbuf_addf(xml, "      <microcode version='%ld'/>\n", strtol(microcode, NULL, 0));
        add_signature(xml, cpuinfo);
        if (host_info_read(&info, NULL) == 0)
                strbuf_addf(xml, "      <topology sockets='%u' dies='1' cores='%u' threads='%u'/>\n", info.sockets, info.cores, info.threads);
}

static int by_size(const void *a, const void *b) {
        const unsigned long *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

/* KiB, sorted; the base page first. */
static size_t page_sizes(unsigned long *ret, size_t max) {
        DIR *dir = opendir("/sys/kernel/mm/hugepages");
        struct dirent *entry;
        size_t n = 0;

        ret[n++] = (unsigned long) sysconf(_SC_PAGESIZE) / 1024;
        while (dir && (entry = readdir(dir)) && n < max)
                if (sscanf(entry->d_name, "hugepages-%lukB", &ret[n]) == 1)
                        n++;
        if (dir)
                closedir(dir);
        qsort(ret + 1, n - 1, sizeof(ret[0]), by_size);
        return n;
}

/* ---- NUMA ---- */

static void add_cell_pages(StrBuf *xml, unsigned node, uint64_t memory_kib) {
        unsigned long sizes[16];
        size_t n = page_sizes(sizes, N_ELEMENTS(sizes));
        uint64_t huge_kib = 0;

        for (size_t i = n; i-- > 1;) {
                CLEANUP(free) char *path = xasprintf("/sys/devices/system/node/node%u/hugepages/hugepages-%lukB/nr_hugepages", node, sizes[i]);

                huge_kib += (uint64_t) read_number(path, 0) * sizes[i];
        }
        strbuf_addf(xml, "          <pages unit='KiB' size='%lu'>%llu</pages>\n", sizes[0],
                    (unsigned long long) ((memory_kib > huge_kib ? memory_kib - huge_kib : 0) / sizes[0]));
        for (size_t i = 1; i < n; i++) {
                CLEANUP(free) char *path = xasprintf("/sys/devices/system/node/node%u/hugepages/hugepages-%lukB/nr_hugepages", node, sizes[i]);

                strbuf_addf(xml, "          <pages unit='KiB' size='%lu'>%ld</pages>\n", sizes[i], read_number(path, 0));
        }
}

static long topology_number(unsigned cpu, const char *name) {
        CLEANUP(free) char *path = xasprintf("/sys/devices/system/cpu/cpu%u/topology/%s", cpu, name);

        return read_number(path, 0);
}

static void add_cpu(StrBuf *xml, unsigned cpu) {
        CLEANUP(free) char *path = xasprintf("/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu), *siblings = NULL;
        size_t len;

        if (fs_read_at(AT_FDCWD, path, 4096, &siblings, &len) < 0)
                siblings = xasprintf("%u", cpu);
        siblings[strcspn(siblings, "\n")] = 0;
        strbuf_addf(xml, "            <cpu id='%u' socket_id='%ld' die_id='%ld' core_id='%ld' siblings='%s'/>\n", cpu,
                    topology_number(cpu, "physical_package_id"), topology_number(cpu, "die_id"), topology_number(cpu, "core_id"), siblings);
}

static bool node_has_cpu(unsigned node, unsigned n_nodes, unsigned cpu) {
        CLEANUP(free) char *path = xasprintf("/sys/devices/system/node/node%u/cpu%u", node, cpu);

        return n_nodes == 1 || access(path, F_OK) == 0;
}

static void add_cell(StrBuf *xml, unsigned node, unsigned n_nodes, const HostCpuMap *map) {
        HostMemory memory = {};
        unsigned n_cpus = 0;

        host_memory((int) node, &memory, NULL);
        strbuf_addf(xml, "        <cell id='%u'>\n          <memory unit='KiB'>%llu</memory>\n", node, (unsigned long long) memory.total);
        add_cell_pages(xml, node, memory.total);
        for (unsigned i = 0; i < map->n_cpus; i++)
                n_cpus += (map->bits[i / 8] & (1 << i % 8)) && node_has_cpu(node, n_nodes, i);
        strbuf_addf(xml, "          <cpus num='%u'>\n", n_cpus);
        for (unsigned i = 0; i < map->n_cpus; i++)
                if ((map->bits[i / 8] & (1 << i % 8)) && node_has_cpu(node, n_nodes, i))
                        add_cpu(xml, i);
        strbuf_add(xml, "          </cpus>\n        </cell>\n");
}

static void add_topology(StrBuf *xml) {
        unsigned n_nodes = host_n_nodes();
        HostCpuMap map;

        if (host_cpu_map(&map, NULL) < 0)
                return;
        strbuf_addf(xml, "    <topology>\n      <cells num='%u'>\n", n_nodes);
        for (unsigned i = 0; i < n_nodes; i++)
                add_cell(xml, i, n_nodes, &map);
        strbuf_add(xml, "      </cells>\n    </topology>\n");
        free(map.bits);
}

void capabilities_add_host(StrBuf *xml, sd_id128_t host_uuid, const char *cpu) {
        char uuid[SD_ID128_UUID_STRING_MAX];
        unsigned long sizes[16];
        size_t n = page_sizes(sizes, N_ELEMENTS(sizes));

        strbuf_addf(xml, "  <host>\n    <uuid>%s</uuid>\n    <cpu>\n      <arch>%s</arch>\n", sd_id128_to_uuid_string(host_uuid, uuid),
                    qemu_arch_of_host());
        if (cpu)
                strbuf_add(xml, cpu);
        else
                capabilities_add_host_cpu(xml);
        for (size_t i = 0; i < n; i++)
                strbuf_addf(xml, "      <pages unit='KiB' size='%lu'/>\n", sizes[i]);
        strbuf_add(xml, "    </cpu>\n    <power_management/>\n    <iommu support='no'/>\n    <migration_features>\n      <live/>\n"
                        "      <uri_transports>\n        <uri_transport>tcp</uri_transport>\n      </uri_transports>\n    </migration_features>\n");
        add_topology(xml);
        strbuf_add(xml, "    <secmodel>\n      <model>none</model>\n      <doi>0</doi>\n    </secmodel>\n  </host>\n\n");
}
