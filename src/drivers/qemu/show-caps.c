/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/show-caps.c - show-caps BINARY: what is known of it, as JSON; without the CPUs: for tests/data/caps. */
#include <stdio.h>

#include "drivers/qemu/qemu_caps_cache.h"

static void on_told(QemuCaps *caps, const Error *err, void *userdata) {
        json_object *json = caps ? qemu_caps_to_json(caps) : NULL;

        if (!caps)
                fprintf(stderr, "%s\n", err->message);
        json_object_object_foreach(json_get_object(json, "accels"), name, accel)
                if (name && accel)
                        json_object_object_del(accel, "cpu");
        json_object_object_del(json, "identity");
        printf("%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY));
        json_put(json);
        sd_event_exit(userdata, caps ? 0 : 1);
}

int main(int argc, char **argv) {
        sd_event *loop = NULL;
        QemuCapsCache *cache;
        int r;

        if (argc != 2 || sd_event_new(&loop) < 0)
                return 2;
        cache = qemu_caps_cache_new(loop, -1, NULL);
        qemu_caps_cache_get(cache, argv[1], on_told, loop);
        r = sd_event_loop(loop);
        qemu_caps_cache_free(cache);
        sd_event_unref(loop);
        return r;
}
