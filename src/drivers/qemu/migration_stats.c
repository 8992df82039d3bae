/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/migration_stats.h"

#include <errno.h>

/* name: libvirt's parameter (VIR_DOMAIN_JOB_*) and, unless in_cookie is false, the element in the cookie; where QEMU says it:
 * object ("" the answer itself) and key. Without a key the value is computed. */
static const struct {
        const char *name;
        const char *object, *key;
        bool in_cookie;
} rows[MIGRATION_STAT_MAX] = {
        [STAT_TIME_ELAPSED] = { "time_elapsed", NULL, NULL, true },
        [STAT_TIME_ELAPSED_NET] = { "time_elapsed_net", NULL, NULL, false },
        [STAT_DOWNTIME] = { "downtime", "", "downtime", true },
        [STAT_DOWNTIME_NET] = { "downtime_net", "", "downtime", false },
        [STAT_SETUP_TIME] = { "setup_time", "", "setup-time", true },
        [STAT_DATA_TOTAL] = { "data_total", NULL, NULL, false },
        [STAT_DATA_PROCESSED] = { "data_processed", NULL, NULL, false },
        [STAT_DATA_REMAINING] = { "data_remaining", NULL, NULL, false },
        [STAT_MEMORY_TOTAL] = { "memory_total", "ram", "total", true },
        [STAT_MEMORY_PROCESSED] = { "memory_processed", "ram", "transferred", true },
        [STAT_MEMORY_REMAINING] = { "memory_remaining", "ram", "remaining", true },
        [STAT_MEMORY_BPS] = { "memory_bps", NULL, NULL, true },
        [STAT_MEMORY_CONSTANT] = { "memory_constant", "ram", "duplicate", true },
        [STAT_MEMORY_NORMAL] = { "memory_normal", "ram", "normal", true },
        [STAT_MEMORY_NORMAL_BYTES] = { "memory_normal_bytes", "ram", "normal-bytes", true },
        [STAT_MEMORY_DIRTY_RATE] = { "memory_dirty_rate", "ram", "dirty-pages-rate", true },
        [STAT_MEMORY_ITERATION] = { "memory_iteration", "ram", "dirty-sync-count", true },
        [STAT_MEMORY_POSTCOPY_REQUESTS] = { "memory_postcopy_requests", "ram", "postcopy-requests", true },
        [STAT_MEMORY_PAGE_SIZE] = { "memory_page_size", "ram", "page-size", true },
        [STAT_DISK_TOTAL] = { "disk_total", "disk", "total", true },
        [STAT_DISK_PROCESSED] = { "disk_processed", "disk", "transferred", true },
        [STAT_DISK_REMAINING] = { "disk_remaining", "disk", "remaining", true },
        [STAT_AUTO_CONVERGE_THROTTLE] = { "auto_converge_throttle", "", "cpu-throttle-percentage", true },
};

void migration_stats_set(MigrationStats *stats, MigrationStat stat, uint64_t value) {
        stats->value[stat] = value;
        stats->set[stat] = true;
}

static void set_sum(MigrationStats *stats, MigrationStat sum, MigrationStat memory, MigrationStat disk) {
        if (stats->set[memory])
                migration_stats_set(stats, sum, stats->value[memory] + stats->value[disk]);
}

static void read_rate(MigrationStats *stats, json_object *ram) {
        json_object *mbps;

        if (ram && json_object_object_get_ex(ram, "mbps", &mbps) &&
            (json_object_is_type(mbps, json_type_double) || json_object_is_type(mbps, json_type_int)) && json_object_get_double(mbps) >= 0)
                migration_stats_set(stats, STAT_MEMORY_BPS, (uint64_t) (json_object_get_double(mbps) * 1000 * 1000 / 8));
}

void migration_stats_read(MigrationStats *stats, json_object *answer, uint64_t elapsed_msec) {
        for (int i = 0; i < MIGRATION_STAT_MAX; i++) {
                json_object *object = !rows[i].key ? NULL : *rows[i].object ? json_get_object(answer, rows[i].object) : answer;
                uint64_t value = object ? json_get_uint(object, rows[i].key, UINT64_MAX) : UINT64_MAX;

                if (value != UINT64_MAX)
                        migration_stats_set(stats, i, value);
        }
        if (!stats->set[STAT_DOWNTIME] && json_get_uint(answer, "expected-downtime", 0) > 0)
                migration_stats_set(stats, STAT_DOWNTIME, json_get_uint(answer, "expected-downtime", 0));
        read_rate(stats, json_get_object(answer, "ram"));
        for (int i = STAT_DISK_TOTAL; i <= STAT_DISK_REMAINING; i++)
                stats->set[i] = true;           /* no disk is copied: libvirt says 0, not nothing */
        set_sum(stats, STAT_DATA_TOTAL, STAT_MEMORY_TOTAL, STAT_DISK_TOTAL);
        set_sum(stats, STAT_DATA_PROCESSED, STAT_MEMORY_PROCESSED, STAT_DISK_PROCESSED);
        set_sum(stats, STAT_DATA_REMAINING, STAT_MEMORY_REMAINING, STAT_DISK_REMAINING);
        migration_stats_set(stats, STAT_TIME_ELAPSED, elapsed_msec);
        migration_stats_set(stats, STAT_TIME_ELAPSED_NET, elapsed_msec);
}

size_t migration_stats_params(const MigrationStats *stats, int operation, Param *params) {
        size_t n = 0;

        params[n++] = (Param) { .name = "operation", .type = PARAM_INT, .i = operation };
        for (int i = 0; i < MIGRATION_STAT_MAX; i++) {
                if (!stats->set[i])
                        continue;
                if (i == STAT_AUTO_CONVERGE_THROTTLE)
                        params[n++] = (Param) { .name = rows[i].name, .type = PARAM_INT, .i = (int64_t) stats->value[i] };
                else
                        params[n++] = (Param) { .name = rows[i].name, .type = PARAM_ULLONG, .u = stats->value[i] };
        }
        return n;
}

void migration_stats_format(const MigrationStats *stats, StrBuf *xml) {
        strbuf_add(xml, "  <statistics>\n");
        for (int i = 0; i < MIGRATION_STAT_MAX; i++)
                if (stats->set[i] && rows[i].in_cookie)
                        strbuf_addf(xml, "    <%s>%llu</%s>\n", rows[i].name, (unsigned long long) stats->value[i], rows[i].name);
        strbuf_add(xml, "  </statistics>\n");
}

static bool read_number(const char *text, uint64_t *ret) {
        char *end;

        if (*text < '0' || *text > '9')
                return false;
        errno = 0;
        *ret = strtoull(text, &end, 10);
        return errno == 0 && *end == 0;
}

void migration_stats_parse_child(MigrationStats *stats, const char *name, const char *text) {
        uint64_t value;

        for (int i = 0; i < MIGRATION_STAT_MAX; i++)
                if (rows[i].in_cookie && streq(rows[i].name, name) && read_number(text, &value))
                        migration_stats_set(stats, i, value);
        set_sum(stats, STAT_DATA_TOTAL, STAT_MEMORY_TOTAL, STAT_DISK_TOTAL);
        set_sum(stats, STAT_DATA_PROCESSED, STAT_MEMORY_PROCESSED, STAT_DISK_PROCESSED);
        set_sum(stats, STAT_DATA_REMAINING, STAT_MEMORY_REMAINING, STAT_DISK_REMAINING);
        if (stats->set[STAT_TIME_ELAPSED])
                migration_stats_set(stats, STAT_TIME_ELAPSED_NET, stats->value[STAT_TIME_ELAPSED]);
        if (stats->set[STAT_DOWNTIME])
                migration_stats_set(stats, STAT_DOWNTIME_NET, stats->value[STAT_DOWNTIME]);
}
