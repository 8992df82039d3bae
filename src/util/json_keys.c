/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/json_keys.c - see json_keys.h. */
#include "util/json_keys.h"

#include "util/table.h"

#define MAX_KEYS 64

static const JsonKey *find_key(const JsonKey *keys, const char *name) {
        for (; keys->name; keys++)
                if (streq(keys->name, name))
                        return keys;
        return NULL;
}

static int unknown_key(const char *where, const JsonKey *keys, const char *name, Error **err) {
        const char *names[MAX_KEYS], *near;
        size_t n = 0;

        for (; keys->name && n < MAX_KEYS; keys++)
                names[n++] = keys->name;
        near = nearest_name(name, names, n);
        if (near)
                return error_set(err, ERROR_INVALID_ARG, "%s: unknown member '%s'; did you mean '%s'?", where, name, near);
        return error_set(err, ERROR_INVALID_ARG, "%s: unknown member '%s'", where, name);
}

int json_check_keys(json_object *object, const char *where, const JsonKey *keys, Error **err) {
        if (!json_object_is_type(object, json_type_object))
                return error_set(err, ERROR_INVALID_ARG, "%s: an object is wanted", where);
        json_object_object_foreach(object, name, value) {
                const JsonKey *key = find_key(keys, name);

                if (!key)
                        return unknown_key(where, keys, name, err);
                if (!json_object_is_type(value, key->type))
                        return error_set(err, ERROR_INVALID_ARG, "%s.%s: %s is wanted, not %s", where, name,
                                         json_type_to_name(key->type), json_type_to_name(json_object_get_type(value)));
        }
        for (; keys->name; keys++)
                if (keys->required && !json_object_object_get_ex(object, keys->name, NULL))
                        return error_set(err, ERROR_INVALID_ARG, "%s: member '%s' is missing", where, keys->name);
        return 0;
}
