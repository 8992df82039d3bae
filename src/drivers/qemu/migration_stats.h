/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/migration_stats.h - how far a migration is, from query-migrate to libvirt's job statistics and cookie. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "drivers/driver.h"
#include "util/json.h"
#include "util/strbuf.h"

typedef enum MigrationStat {
        STAT_TIME_ELAPSED, STAT_TIME_ELAPSED_NET, STAT_DOWNTIME, STAT_DOWNTIME_NET, STAT_SETUP_TIME,    /* ms */
        STAT_DATA_TOTAL, STAT_DATA_PROCESSED, STAT_DATA_REMAINING,                                      /* bytes */
        STAT_MEMORY_TOTAL, STAT_MEMORY_PROCESSED, STAT_MEMORY_REMAINING, STAT_MEMORY_BPS,
        STAT_MEMORY_CONSTANT, STAT_MEMORY_NORMAL, STAT_MEMORY_NORMAL_BYTES, STAT_MEMORY_DIRTY_RATE,     /* pages, bytes, pages/s */
        STAT_MEMORY_ITERATION, STAT_MEMORY_POSTCOPY_REQUESTS, STAT_MEMORY_PAGE_SIZE,
        STAT_DISK_TOTAL, STAT_DISK_PROCESSED, STAT_DISK_REMAINING, STAT_AUTO_CONVERGE_THROTTLE,
        MIGRATION_STAT_MAX,
} MigrationStat;

typedef struct MigrationStats {
        uint64_t value[MIGRATION_STAT_MAX];
        bool set[MIGRATION_STAT_MAX];
} MigrationStats;

enum { JOB_OPERATION_MIGRATION_IN = 4, JOB_OPERATION_MIGRATION_OUT = 5 };       /* libvirt's virDomainJobOperation */
enum { JOB_NONE, JOB_BOUNDED, JOB_UNBOUNDED, JOB_COMPLETED, JOB_FAILED, JOB_CANCELLED };        /* virDomainJobType */

void migration_stats_set(MigrationStats *stats, MigrationStat stat, uint64_t value);

/* Takes over what query-migrate's answer says; what it does not say stays as it was. elapsed_msec: since the job began. */
void migration_stats_read(MigrationStats *stats, json_object *answer, uint64_t elapsed_msec);

/* libvirt's typed parameters, "operation" first; at most MIGRATION_STAT_MAX + 1 of them. Returns their number. */
size_t migration_stats_params(const MigrationStats *stats, int operation, Param *params);

/* The cookie's <statistics> element, two spaces deep; and back: one child of it. An unknown name is read over. */
void migration_stats_format(const MigrationStats *stats, StrBuf *xml);
void migration_stats_parse_child(MigrationStats *stats, const char *name, const char *text);
