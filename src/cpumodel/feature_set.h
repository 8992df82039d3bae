/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/feature_set.h - a set of CPU feature names, kept sorted; names are libvirt's ("lahf_lm"), see cpu_features.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "util/cleanup.h"

typedef struct CpuFeatureSet {          /* a zeroed one is empty */
        char **names;                   /* sorted by strcmp(), no doubles; owned */
        size_t n;
} CpuFeatureSet;

void cpu_feature_set_done(CpuFeatureSet *set);          /* empties it */
void cpu_feature_set_add(CpuFeatureSet *set, const char *name);         /* copied; present already: nothing happens */
void cpu_feature_set_remove(CpuFeatureSet *set, const char *name);
bool cpu_feature_set_has(const CpuFeatureSet *set, const char *name);
void cpu_feature_set_copy(CpuFeatureSet *to, const CpuFeatureSet *from);        /* to must be empty */

/* How many names are in a and not in b. */
size_t cpu_feature_set_count_missing(const CpuFeatureSet *a, const CpuFeatureSet *b);
