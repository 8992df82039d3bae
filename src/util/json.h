/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/json.h - json-c with types checked: its own getters coerce ("12abc" is 12), these do not. */
#pragma once
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include "util/error.h"

typedef struct json_object json_object;

static inline void json_put_p(json_object **object) {
        json_object_put(*object);
}
#define json_put json_object_put        /* CLEANUP(json_put) json_object *o = NULL; */

/* One document, nesting at most 64, UTF-8 checked, nothing after it; text[len] is NUL. what names the source in the error. */
int json_parse(const char *text, size_t len, const char *what, json_object **ret, Error **err);

/* The member when it is there and of that type, else the fallback (NULL for the borrowed ones). */
const char *json_get_string(json_object *object, const char *key);
bool json_get_bool(json_object *object, const char *key, bool fallback);
int64_t json_get_int(json_object *object, const char *key, int64_t fallback);
uint64_t json_get_uint(json_object *object, const char *key, uint64_t fallback);
json_object *json_get_object(json_object *object, const char *key);
json_object *json_get_array(json_object *object, const char *key);

/* Adding: the value may be NULL for a string, which is then left out. */
void json_add_string(json_object *object, const char *key, const char *value);
void json_add_bool(json_object *object, const char *key, bool value);
void json_add_int(json_object *object, const char *key, int64_t value);
void json_add_uint(json_object *object, const char *key, uint64_t value);
void json_add(json_object *object, const char *key, json_object *value);        /* takes value over */
void json_append_string(json_object *array, const char *value);

/* Compact text, owned by the caller. */
char *json_text(json_object *object);
