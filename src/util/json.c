/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/json.h"

#include <limits.h>

#define MAX_DEPTH 64

int json_parse(const char *text, size_t len, const char *what, json_object **ret, Error **err) {
        json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
        json_object *object;
        enum json_tokener_error failure;

        if (!tokener)
                abort();
        if (len >= INT_MAX) {
                json_tokener_free(tokener);
                return error_set(err, ERROR_INVALID_ARG, "%s: JSON of %zu bytes is too long", what, len);
        }
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        /* One byte more than the text, its NUL: a number at the very end is otherwise still open. */
        object = json_tokener_parse_ex(tokener, text, (int) len + 1);
        failure = json_tokener_get_error(tokener);
        if (failure != json_tokener_success || !object) {
                json_object_put(object);
                error_set(err, ERROR_INVALID_ARG, "%s: not valid JSON at byte %zu: %s", what, json_tokener_get_parse_end(tokener),
                          failure != json_tokener_success ? json_tokener_error_desc(failure) : "null document");
                json_tokener_free(tokener);
                return -1;
        }
        json_tokener_free(tokener);
        *ret = object;
        return 0;
}

static json_object *member(json_object *object, const char *key, enum json_type type) {
        json_object *value;

        if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, key, &value))
                return NULL;
        return json_object_is_type(value, type) ? value : NULL;
}

const char *json_get_string(json_object *object, const char *key) {
        json_object *value = member(object, key, json_type_string);

        return value ? json_object_get_string(value) : NULL;
}

bool json_get_bool(json_object *object, const char *key, bool fallback) {
        json_object *value = member(object, key, json_type_boolean);

        return value ? json_object_get_boolean(value) : fallback;
}

int64_t json_get_int(json_object *object, const char *key, int64_t fallback) {
        json_object *value = member(object, key, json_type_int);

        return value ? json_object_get_int64(value) : fallback;
}

uint64_t json_get_uint(json_object *object, const char *key, uint64_t fallback) {
        json_object *value = member(object, key, json_type_int);

        return value && json_object_get_int64(value) >= 0 ? json_object_get_uint64(value) : fallback;
}

json_object *json_get_object(json_object *object, const char *key) {
        return member(object, key, json_type_object);
}

json_object *json_get_array(json_object *object, const char *key) {
        return member(object, key, json_type_array);
}

static json_object *check(json_object *object) {
        if (!object)
                abort();
        return object;
}

void json_add(json_object *object, const char *key, json_object *value) {
        if (json_object_object_add(object, key, value) < 0)
                abort();
}

void json_add_string(json_object *object, const char *key, const char *value) {
        if (value)
                json_add(object, key, check(json_object_new_string(value)));
}

void json_add_bool(json_object *object, const char *key, bool value) {
        json_add(object, key, check(json_object_new_boolean(value)));
}

void json_add_int(json_object *object, const char *key, int64_t value) {
        json_add(object, key, check(json_object_new_int64(value)));
}

void json_add_uint(json_object *object, const char *key, uint64_t value) {
        json_add(object, key, check(json_object_new_uint64(value)));
}

void json_append_string(json_object *array, const char *value) {
        if (json_object_array_add(array, check(json_object_new_string(value))) < 0)
                abort();
}

char *json_text(json_object *object) {
        return xstrdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}
