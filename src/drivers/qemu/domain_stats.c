/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/domain_stats.h"

#include <stdio.h>
#include <unistd.h>

#include "drivers/qemu/qemu_driver.h"
#include "util/strbuf.h"

/* libvirt's virDomainStatsTypes and virConnectGetAllDomainStatsFlags. */
enum { STATS_STATE = 1, STATS_CPU_TOTAL = 2, STATS_BALLOON = 4, STATS_VCPU = 8, STATS_INTERFACE = 16, STATS_BLOCK = 32 };
#define STATS_KNOWN 0x1ffu              /* also perf, iothread, memory bandwidth, dirty rate of 9.0: they have nothing to tell here */
#define STATS_LIST_FLAGS 0xffu         /* as ListFlags */
enum { STATS_NOWAIT = 1 << 29, STATS_BACKING = 1 << 30 };
#define STATS_ENFORCE (1u << 31)
#define STATS_FLAGS (STATS_LIST_FLAGS | STATS_NOWAIT | STATS_BACKING | STATS_ENFORCE)

typedef struct Record {                 /* one domain's parameters, with the texts they borrow */
        Domain *domain;
        Param *params;
        size_t n_params;
        char **texts;
        size_t n_texts;
} Record;

typedef struct Collection {
        unsigned stats, flags;
        Record *records;
        size_t n_records;
} Collection;

static Param *add(Record *record, ParamType type, const char *format, ...) __attribute__((format(printf, 3, 4)));
static Param *add(Record *record, ParamType type, const char *format, ...) {
        StrBuf name = {};
        Param *param = ARRAY_APPEND(record->params, record->n_params);
        va_list ap;

        va_start(ap, format);
        strbuf_addv(&name, format, ap);
        va_end(ap);
        param->name = *ARRAY_APPEND(record->texts, record->n_texts) = strbuf_steal(&name);
        param->type = type;
        return param;
}

static void add_int(Record *record, const char *name, int value) {
        add(record, PARAM_INT, "%s", name)->i = value;
}
static void add_u64(Record *record, const char *name, uint64_t value) {
        add(record, PARAM_ULLONG, "%s", name)->u = value;
}
static void add_uint(Record *record, const char *name, unsigned value) {
        add(record, PARAM_UINT, "%s", name)->u = value;
}

static void state_stats(Record *record) {
        add_int(record, "state.state", record->domain->view.state);
        add_int(record, "state.reason", record->domain->view.reason);
}

static void cpu_stats(Record *record) {
        if (record->domain->view.pid > 0)
                add_u64(record, "cpu.time", process_cpu_nsec((pid_t) record->domain->view.pid));
}

/* Resident pages of QEMU: the second number of /proc/PID/statm. */
static uint64_t resident_kib(int64_t pid) {
        unsigned long long resident = 0;
        char path[64];
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%lld/statm", (long long) pid);
        file = fopen(path, "re");
        if (!file)
                return 0;
        if (fscanf(file, "%*u %llu", &resident) != 1)
                resident = 0;
        fclose(file);
        return resident * (uint64_t) (sysconf(_SC_PAGESIZE) / 1024);
}

static void balloon_stats(Record *record) {
        const DomainView *view = &record->domain->view;

        add_u64(record, "balloon.current", view->memory_kib);
        add_u64(record, "balloon.maximum", view->max_memory_kib);
        if (view->pid > 0)
                add_u64(record, "balloon.rss", resident_kib(view->pid));
}

static void vcpu_stats(Record *record) {
        const DomainView *view = &record->domain->view;

        add_uint(record, "vcpu.current", view->n_vcpus);
        add_uint(record, "vcpu.maximum", view->max_vcpus);
        for (unsigned i = 0; view->active && i < view->n_vcpus; i++)
                add(record, PARAM_INT, "vcpu.%u.state", i)->i = 1;
}

static void interface_stats(Record *record) {
        const DomainDef *def = domain_live_def(record->domain);

        if (def)
                add_uint(record, "net.count", (unsigned) def->interfaces.n);
        for (size_t i = 0; def && i < def->interfaces.n; i++)
                if (def->interfaces.items[i]->target)
                        add(record, PARAM_STRING, "net.%zu.name", i)->s = def->interfaces.items[i]->target;
}

static void block_stats(Record *record) {
        const DomainDef *def = domain_live_def(record->domain);

        add_uint(record, "block.count", def ? (unsigned) def->disks.n : 0);
        for (size_t i = 0; def && i < def->disks.n; i++) {
                const DiskDef *disk = def->disks.items[i];
                const char *path = disk_source_path(&disk->source);

                if (disk->target)
                        add(record, PARAM_STRING, "block.%zu.name", i)->s = disk->target;
                if (path)
                        add(record, PARAM_STRING, "block.%zu.path", i)->s = path;
        }
}

static const struct {
        unsigned bit;
        void (*collect)(Record *record);
} groups[] = {
        { STATS_STATE, state_stats }, { STATS_CPU_TOTAL, cpu_stats }, { STATS_BALLOON, balloon_stats }, { STATS_VCPU, vcpu_stats },
        { STATS_INTERFACE, interface_stats }, { STATS_BLOCK, block_stats },
};

static bool collect(Domain *domain, void *userdata) {
        Collection *all = userdata;
        Record *record;

        if (!domain_view_listed(&domain->view, all->flags & STATS_LIST_FLAGS))
                return true;
        record = ARRAY_APPEND(all->records, all->n_records);
        record->domain = domain;
        for (size_t i = 0; i < N_ELEMENTS(groups); i++)
                if (all->stats & groups[i].bit)
                        groups[i].collect(record);
        return true;
}

static void collection_answer(const Collection *all, Reply *reply) {
        CLEANUP(free) DomainStats *items = xnew_n(DomainStats, all->n_records + 1);
        Result result = { .kind = RESULT_STATS, .stats = { .items = items, .n = all->n_records } };

        for (size_t i = 0; i < all->n_records; i++)
                items[i] = (DomainStats) { .domain = &all->records[i].domain->view, .params = all->records[i].params,
                                           .n_params = all->records[i].n_params };
        reply_give(reply, &result);
}

static void collection_done(Collection *all) {
        for (size_t i = 0; i < all->n_records; i++) {
                for (size_t j = 0; j < all->records[i].n_texts; j++)
                        free(all->records[i].texts[j]);
                free(all->records[i].texts);
                free(all->records[i].params);
        }
        free(all->records);
}

static int stats_check(unsigned stats, unsigned flags, Error **err) {
        if (flags_check(flags, STATS_FLAGS, "qemuConnectGetAllDomainStats", err) < 0)
                return -1;
        if (flags & STATS_ENFORCE && stats & ~STATS_KNOWN)
                return error_set(err, ERROR_ARGUMENT_UNSUPPORTED, "Stats types bits 0x%x are not supported by this daemon or QEMU", stats & ~STATS_KNOWN);
        return 0;
}

void qemu_stats(Driver *base, const sd_id128_t *uuids, size_t n_uuids, unsigned stats, unsigned flags, Reply *reply) {
        Collection all = { .stats = stats ? stats : STATS_KNOWN, .flags = flags };
        CLEANUP(error_free) Error *err = NULL;

        if (stats_check(stats, flags, &err) < 0) {
                reply_fail(reply, err);
                return;
        }
        if (n_uuids == 0)
                driver_each(qemu_driver(base), collect, &all);
        for (size_t i = 0; i < n_uuids; i++) {
                Domain *domain = driver_find_uuid(qemu_driver(base), uuids[i]);

                if (domain)                     /* one that has gone meanwhile is left out */
                        collect(domain, &all);
        }
        collection_answer(&all, reply);
        collection_done(&all);
}
