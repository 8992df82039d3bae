/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/autostart.c - the note holds the boot's id, because a session's runtime directory may survive a reboot. */
#include "autostart.h"

#include <systemd/sd-id128.h>

#include "util/fs.h"
#include "util/log.h"

#define NOTE_NAME "autostarted"

bool autostart_is_due(int runtime_fd) {
        CLEANUP(free) char *known = NULL;
        char boot[SD_ID128_STRING_MAX];
        sd_id128_t id;
        size_t len;
        int r = sd_id128_get_boot(&id);

        if (r < 0) {
                log_warning("virtwardd: no guest is autostarted: the boot's id cannot be read: %s", strerror(-r));
                return false;
        }
        sd_id128_to_string(id, boot);
        if (fs_read_at(runtime_fd, NOTE_NAME, SD_ID128_STRING_MAX, &known, &len) == 0 && streq(known, boot))
                return false;
        r = fs_replace_at(runtime_fd, NOTE_NAME, boot, strlen(boot), 0600, false);
        if (r < 0)
                log_warning("virtwardd: guests will be autostarted again with the next start: cannot write '" NOTE_NAME "': %s", strerror(-r));
        return true;
}
