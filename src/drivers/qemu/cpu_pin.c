/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/cpu_pin.h"

#include <stdio.h>
#include <unistd.h>

#include "util/fs.h"
#include "util/log.h"

static const char *const pin_texts[] = { [CPU_PIN_NONE] = "", [CPU_PIN_WITH_SECURE] = "with", [CPU_PIN_WITHOUT_SECURE] = "without" };

static void pin_name(sd_id128_t uuid, char name[64]) {
        snprintf(name, 64, SD_ID128_UUID_FORMAT_STR, SD_ID128_FORMAT_VAL(uuid));
}

CpuPin cpu_pin_read(const QemuDriver *driver, sd_id128_t uuid) {
        CLEANUP(free) char *text = NULL;
        char name[64];
        size_t len;

        pin_name(uuid, name);
        if (fs_read_at(driver->pins_fd, name, 64, &text, &len) < 0)
                return CPU_PIN_NONE;
        for (size_t i = 1; i < N_ELEMENTS(pin_texts); i++)
                if (streq(text, pin_texts[i]))
                        return (CpuPin) i;
        return CPU_PIN_NONE;
}

static bool was_stripped(const CpuExpansion *cpu) {
        for (size_t i = 0; i < cpu->n_changes; i++)
                if (cpu->changes[i].kind == CPU_CHANGE_STRIPPED)
                        return true;
        return false;
}

static void on_written(void *userdata, int r) {
        if (r < 0)
                log_error("cannot write down which CPU a guest was first started with: %s", strerror(-r));
}

/* The writing child is there only on hosts where it is needed. */
static void pin_write(QemuDriver *driver, sd_id128_t uuid, const char *text) {
        char name[64];
        int r = driver->pin_writer ? 0 : sync_writer_new(driver->runner->loop, driver->pins_fd, NULL, &driver->pin_writer);

        pin_name(uuid, name);
        if (r >= 0)
                r = sync_writer_replace(driver->pin_writer, name, text, strlen(text), 0600, on_written, NULL);
        if (r < 0)
                on_written(NULL, r);
}

void cpu_pin_record(Domain *domain, const CpuExpansion *cpu) {
        QemuDriver *driver = domain->driver;

        if (!domain->persistent || !cpu || !cpu->implicit || (!cpu->has_secure && !was_stripped(cpu)) ||
            cpu_pin_read(driver, domain->uuid) != CPU_PIN_NONE)
                return;
        pin_write(driver, domain->uuid, pin_texts[cpu->has_secure ? CPU_PIN_WITH_SECURE : CPU_PIN_WITHOUT_SECURE]);
}

void cpu_pin_forget(QemuDriver *driver, sd_id128_t uuid) {
        char name[64];

        pin_name(uuid, name);
        unlinkat(driver->pins_fd, name, 0);
}
