/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/feature_set.c - sorted names; sets have a few hundred members and are built once, read often. */
#include "cpumodel/feature_set.h"

void cpu_feature_set_done(CpuFeatureSet *set) {
        for (size_t i = 0; i < set->n; i++)
                free(set->names[i]);
        free(set->names);
        *set = (CpuFeatureSet) {};
}

/* Where name is, or belongs. */
static size_t position(const CpuFeatureSet *set, const char *name, bool *ret_found) {
        size_t low = 0, high = set->n;

        while (low < high) {
                size_t middle = (low + high) / 2;
                int order = strcmp(name, set->names[middle]);

                if (order == 0) {
                        *ret_found = true;
                        return middle;
                }
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        *ret_found = false;
        return low;
}

void cpu_feature_set_add(CpuFeatureSet *set, const char *name) {
        bool found;
        size_t at = position(set, name, &found);

        if (found)
                return;
        (void) ARRAY_APPEND(set->names, set->n);
        memmove(&set->names[at + 1], &set->names[at], (set->n - 1 - at) * sizeof(char *));
        set->names[at] = xstrdup(name);
}

void cpu_feature_set_remove(CpuFeatureSet *set, const char *name) {
        bool found;
        size_t at = position(set, name, &found);

        if (!found)
                return;
        free(set->names[at]);
        set->n--;
        memmove(&set->names[at], &set->names[at + 1], (set->n - at) * sizeof(char *));
}

bool cpu_feature_set_has(const CpuFeatureSet *set, const char *name) {
        bool found;

        position(set, name, &found);
        return found;
}

void cpu_feature_set_copy(CpuFeatureSet *to, const CpuFeatureSet *from) {
        to->names = xnew_n(char *, from->n + 1);
        to->n = from->n;
        for (size_t i = 0; i < from->n; i++)
                to->names[i] = xstrdup(from->names[i]);
}

size_t cpu_feature_set_count_missing(const CpuFeatureSet *a, const CpuFeatureSet *b) {
        size_t missing = 0;

        for (size_t i = 0, j = 0; i < a->n; i++) {
                while (j < b->n && strcmp(b->names[j], a->names[i]) < 0)
                        j++;
                missing += j == b->n || strcmp(b->names[j], a->names[i]) != 0;
        }
        return missing;
}
