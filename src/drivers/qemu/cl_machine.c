/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_machine.c - firmware, -machine, -accel, the clock, booting. */
#include <stdio.h>
#include <time.h>

#include "drivers/qemu/cl.h"
#include "util/strbuf.h"

/* ---- Firmware ---- */

static void add_pflash_node(Cl *cl, unsigned unit, const char *path, const char *format, bool read_only) {
        json_object *storage = json_object_new_object(), *node = json_object_new_object();
        CLEANUP(free) char *storage_name = xasprintf("libvirt-pflash%u-storage", unit);
        CLEANUP(free) char *format_name = xasprintf("libvirt-pflash%u-format", unit);

        json_add_string(storage, "driver", "file");
        json_add_string(storage, "filename", path);
        json_add_string(storage, "node-name", storage_name);
        json_add_bool(storage, "auto-read-only", true);
        json_add_string(storage, "discard", "unmap");
        cl_add_json(cl, "-blockdev", storage);
        json_add_string(node, "node-name", format_name);
        json_add_bool(node, "read-only", read_only);
        json_add_string(node, "driver", format ? format : "raw");
        json_add_string(node, "file", storage_name);
        cl_add_json(cl, "-blockdev", node);
}

static bool has_pflash(const Cl *cl) {
        return cl->def->os.loader && cl->def->os.loader_type == LOADER_PFLASH;
}

int cl_chapter_firmware(Cl *cl, Error **err) {
        const OsDef *os = &cl->def->os;

        if (os->firmware == FIRMWARE_EFI && !os->loader)
                return cl_unsupported(err, "<os firmware='efi'> without <loader>");
        if (os->loader && !has_pflash(cl)) {
                cl_add(cl, "-bios", os->loader);
                return 0;
        }
        if (!os->loader)
                return 0;
        add_pflash_node(cl, 0, os->loader, os->loader_format, os->loader_readonly != TRISTATE_NO);
        if (os->nvram)
                add_pflash_node(cl, 1, os->nvram, os->nvram_format, false);
        if (cl_yes(os->loader_secure))
                cl_add(cl, "-global", "driver=cfi.pflash01,property=secure,value=on");
        return 0;
}

/* ---- -machine ---- */

static void add_state(StrBuf *text, const char *key, Tristate state) {
        if (state)
                strbuf_addf(text, ",%s=%s", key, state == TRISTATE_YES ? "on" : "off");
}

static void add_text(StrBuf *text, const char *key, const char *value) {
        CLEANUP(free) char *escaped = value ? cl_escape(value) : NULL;

        if (escaped)
                strbuf_addf(text, ",%s=%s", key, escaped);
}

static void add_x86_options(const Cl *cl, StrBuf *text) {
        const FeaturesDef *features = &cl->def->features;
        const ClockDef *clock = &cl->def->clock;

        add_state(text, "vmport", features->vmport);
        add_state(text, "smm", features->smm);
        if (features->ioapic)
                strbuf_addf(text, ",kernel_irqchip=%s", streq(features->ioapic, "qemu") ? "split" : "on");
        if (!features->acpi)
                strbuf_add(text, ",acpi=off");
        LIST_FOR(timer, &clock->timers)
                if (timer->name == TIMER_HPET && timer->present == TRISTATE_NO)
                        strbuf_add(text, ",hpet=off");
        LIST_FOR(sound, &cl->def->sounds)
                if (sound->model == SOUND_PCSPK) {
                        CLEANUP(free) char *audio = cl_audio_id(cl, sound->audio);

                        add_text(text, "pcspk-audiodev", audio);
                }
        if (cl_yes(cl->def->os.bios_useserial))
                strbuf_add(text, ",graphics=off");
}

static void add_ppc_options(const Cl *cl, StrBuf *text) {
        const FeaturesDef *features = &cl->def->features;
        const CpuDef *cpu = cl->params->cpu ? cl->params->cpu : cl->def->cpu;

        add_text(text, "resize-hpt", features->hpt_resizing);
        if (features->hpt_maxpagesize_kib)
                strbuf_addf(text, ",cap-hpt-max-page-size=%lluk", (unsigned long long) features->hpt_maxpagesize_kib);
        add_state(text, "cap-htm", features->htm);
        add_state(text, "cap-nested-hv", features->nested_hv);
        add_state(text, "cap-ccf-assist", features->ccf_assist);
        add_text(text, "cap-cfpc", features->cfpc);
        add_text(text, "cap-sbbc", features->sbbc);
        add_text(text, "cap-ibs", features->ibs);
        if (cpu && cpu->mode == CPU_MODE_HOST_MODEL)
                add_text(text, "max-cpu-compat", cpu->model);
}

static const char *boot_loadparm(const Cl *cl) {
        LIST_FOR(disk, &cl->def->disks)
                if (disk->info.loadparm && cl_boot_index(cl, DEVICE_DISK, disk) == 1)
                        return disk->info.loadparm;
        LIST_FOR(interface, &cl->def->interfaces)
                if (interface->info.loadparm && cl_boot_index(cl, DEVICE_INTERFACE, interface) == 1)
                        return interface->info.loadparm;
        return NULL;
}

int cl_chapter_machine(Cl *cl, Error **err) {
        const DomainDef *def = cl->def;
        CLEANUP(strbuf_done) StrBuf text = {};

        strbuf_addf(&text, "%s,usb=off", cl->machine->name);
        if (cl->x86)
                add_x86_options(cl, &text);
        if (cl->ppc)
                add_ppc_options(cl, &text);
        add_text(&text, "gic-version", def->features.gic_version);
        strbuf_addf(&text, ",dump-guest-core=%s", cl_yes(def->dump_core) && !cl_has_confidential(cl) ? "on" : "off");
        if (def->memory_backing.nosharepages)
                strbuf_add(&text, ",mem-merge=off");
        if (cl->machine->default_ram_id && !(def->cpu && def->cpu->cells.n))
                add_text(&text, "memory-backend", cl->machine->default_ram_id);
        if (has_pflash(cl))
                strbuf_addf(&text, ",pflash0=libvirt-pflash0-format%s", def->os.nvram ? ",pflash1=libvirt-pflash1-format" : "");
        if (cl_has_confidential(cl))
                strbuf_add(&text, ",confidential-guest-support=lsec0");
        if (cl->s390)
                add_text(&text, "loadparm", boot_loadparm(cl));
        cl_add(cl, "-machine", text.text);
        if (def->features.tcg_tb_cache_kib && !cl->kvm)
                cl_addf(cl, "-accel", "tcg,tb-size=%llu", (unsigned long long) def->features.tcg_tb_cache_kib / 1024);
        else if (cl_yes(def->features.kvm.dirty_ring) && cl->kvm)
                cl_addf(cl, "-accel", "kvm,dirty-ring-size=%u", def->features.kvm.dirty_ring_size);
        else
                cl_add(cl, "-accel", cl->kvm ? "kvm" : "tcg");
        return 0;
}

/* ---- Clock ---- */

/* <clock offset='variable'> and 'absolute': the date that the guest's clock shows when it starts. */
char *cl_rtc_base(const ClockDef *clock) {
        time_t now = clock->offset == CLOCK_ABSOLUTE ? (time_t) clock->start.value : time(NULL);
        char text[64];
        struct tm tm;

        if (clock->offset == CLOCK_LOCALTIME)
                return xstrdup("localtime");
        if (clock->offset != CLOCK_ABSOLUTE && (clock->offset != CLOCK_VARIABLE || streq(clock->adjustment, "reset")))
                return xstrdup("utc");
        if (clock->offset == CLOCK_VARIABLE) {
                now += clock->adjustment ? strtoll(clock->adjustment, NULL, 10) : 0;
                if (streq(clock->basis, "localtime")) {
                        localtime_r(&now, &tm);
                        now += tm.tm_gmtoff;
                }
        }
        gmtime_r(&now, &tm);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
        return xstrdup(text);
}

static int add_timer(Cl *cl, const TimerDef *timer, StrBuf *rtc, Error **err) {
        switch (timer->name) {
        case TIMER_RTC:
                if (streq(timer->track, "guest"))
                        strbuf_add(rtc, ",clock=vm");
                else if (streq(timer->track, "wall"))
                        strbuf_add(rtc, ",clock=host");
                if (timer->tickpolicy == TICK_CATCHUP)
                        strbuf_add(rtc, ",driftfix=slew");
                else if (timer->tickpolicy > TICK_CATCHUP)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "unsupported rtc tickpolicy '%s'",
                                         table_name(&tick_policy_table, timer->tickpolicy));
                return 0;
        case TIMER_PIT:
                if (timer->tickpolicy == TICK_DELAY || timer->tickpolicy == TICK_DISCARD)
                        cl_addf(cl, "-global", "kvm-pit.lost_tick_policy=%s", timer->tickpolicy == TICK_DELAY ? "delay" : "discard");
                else if (timer->tickpolicy == TICK_MERGE)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "unsupported pit tickpolicy 'merge'");
                return 0;
        default:                        /* hpet is the machine's, kvmclock, hypervclock and tsc are the CPU's */
                return 0;
        }
}

static void add_suspend(Cl *cl) {
        const char *device = cl->q35 ? "ICH9-LPC" : "PIIX4_PM";

        if ((cl->q35 || cl->pc) && cl->def->pm_suspend_to_mem)
                cl_addf(cl, "-global", "%s.disable_s3=%d", device, cl->def->pm_suspend_to_mem == TRISTATE_NO);
        if ((cl->q35 || cl->pc) && cl->def->pm_suspend_to_disk)
                cl_addf(cl, "-global", "%s.disable_s4=%d", device, cl->def->pm_suspend_to_disk == TRISTATE_NO);
}

int cl_chapter_clock(Cl *cl, Error **err) {
        const ClockDef *clock = &cl->def->clock;
        CLEANUP(free) char *base = cl_rtc_base(clock);
        CLEANUP(strbuf_done) StrBuf rtc = {};

        if (clock->offset == CLOCK_TIMEZONE) {
                *ARRAY_APPEND(cl->line->env, cl->line->n_env) = xasprintf("TZ=%s", clock->timezone ? clock->timezone : "UTC");
                free(base);
                base = xstrdup("localtime");
        }
        strbuf_addf(&rtc, "base=%s", base);
        LIST_FOR(timer, &clock->timers)
                if (add_timer(cl, timer, &rtc, err) < 0)
                        return -1;
        cl_add(cl, "-rtc", rtc.text);
        if (cl->def->features.smm_tseg_bytes)
                cl_addf(cl, "-global", "mch.extended-tseg-mbytes=%llu", (unsigned long long) cl->def->features.smm_tseg_bytes >> 20);
        add_suspend(cl);
        return 0;
}

/* ---- Boot ---- */

int cl_chapter_boot(Cl *cl, Error **err) {
        const OsDef *os = &cl->def->os;
        CLEANUP(strbuf_done) StrBuf boot = {};

        if (os->bootmenu)
                strbuf_addf(&boot, "menu=%s,", cl_yes(os->bootmenu) ? "on" : "off");
        if (os->bios_reboot_timeout.set)
                strbuf_addf(&boot, "reboot-timeout=%lld,", (long long) os->bios_reboot_timeout.value);
        if (os->bootmenu_timeout.set)
                strbuf_addf(&boot, "splash-time=%u,", os->bootmenu_timeout.value);
        strbuf_add(&boot, "strict=on");
        cl_add(cl, "-boot", boot.text);
        if (os->kernel)
                cl_add(cl, "-kernel", os->kernel);
        if (os->initrd)
                cl_add(cl, "-initrd", os->initrd);
        if (os->cmdline)
                cl_add(cl, "-append", os->cmdline);
        if (os->dtb)
                cl_add(cl, "-dtb", os->dtb);
        if (os->acpi_table) {
                CLEANUP(free) char *table = cl_escape(os->acpi_table);

                cl_addf(cl, "-acpitable", "sig=SLIC,file=%s", table);
        }
        if (os->smbios_mode && !streq(os->smbios_mode, "emulate"))
                return cl_unsupported(err, "<smbios mode='%s'>", os->smbios_mode);
        return 0;
}
