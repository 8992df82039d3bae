/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/json_keys.h - which members a JSON object may have: for documents that people write or keep. */
#pragma once
#include "util/json.h"

typedef struct JsonKey {
        const char *name;
        enum json_type type;
        bool required;
} JsonKey;

/* Refuses what is no object, a member that no row names (with the nearest that one does), one of another type, and one that is
 * required and absent; where is the place in the document ("facts.cpu"). keys end with a zeroed row. ERROR_INVALID_ARG. */
int json_check_keys(json_object *object, const char *where, const JsonKey *keys, Error **err);
