/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/capabilities_xml.c - virConnectGetCapabilities: this host, and what guests each installed QEMU runs.
 *
 * Clients (virt-install, virt-manager) look machine types up here, so every binary must have been probed. At most a few are
 * probed or read from the cache directory at once, each in its own turn of the loop; a binary's part of the answer is kept as
 * text, and what was read only for that is let go. */
#include <malloc.h>

#include "conf/domain_def.h"
#include "cpumodel/cpu_expand.h"
#include "drivers/qemu/capabilities.h"
#include "drivers/qemu/capabilities_host.h"
#include "drivers/qemu/qemu_arch.h"
#include "util/log.h"
#include "util/strbuf.h"

#define MAX_AT_ONCE 3

typedef struct CapsAsk CapsAsk;

typedef struct CapsPart {               /* one binary */
        CapsAsk *ask;
        char *binary;
        bool asked, own;                /* own: the host's own architecture, whose CPU is in the answer too */
} CapsPart;

struct CapsAsk {
        QemuCapsCache *cache;
        Reply *reply;
        sd_id128_t host_uuid;
        CapsPart *parts;
        size_t n_parts, n_running;
        char *host_cpu;                 /* from the host's own binary */
        sd_event_source *turn;
};

/* ---- <guest> ---- */

static void add_machine(StrBuf *xml, const QemuMachine *machine) {
        const char *deprecated = machine->deprecated ? " deprecated='yes'" : "";

        strbuf_addf(xml, "      <machine maxCpus='%u'%s>", machine->max_cpus, deprecated);
        strbuf_add_xml(xml, machine->name);
        strbuf_add(xml, "</machine>\n");
        if (!machine->alias)
                return;
        strbuf_add(xml, "      <machine canonical='");
        strbuf_add_xml(xml, machine->name);
        strbuf_addf(xml, "' maxCpus='%u'%s>", machine->max_cpus, deprecated);
        strbuf_add_xml(xml, machine->alias);
        strbuf_add(xml, "</machine>\n");
}

static void add_guest_features(StrBuf *xml, const char *arch) {
        strbuf_add(xml, "    <features>\n");
        if (streq(arch, "i686"))
                strbuf_add(xml, "      <pae/>\n      <nonpae/>\n");
        if (streq(arch, "i686") || streq(arch, "x86_64"))
                strbuf_add(xml, "      <acpi default='on' toggle='yes'/>\n      <apic default='on' toggle='no'/>\n");
        strbuf_add(xml, "      <cpuselection/>\n      <deviceboot/>\n      <disksnapshot default='off' toggle='no'/>\n    </features>\n");
}

static char *guest_xml(const QemuCaps *caps) {
        const QemuArch *arch = qemu_arch_by_name(qemu_caps_arch(caps));
        CLEANUP(strbuf_done) StrBuf xml = {};
        const QemuMachine *machines;
        size_t n;

        machines = qemu_caps_machines(caps, &n);
        strbuf_addf(&xml, "  <guest>\n    <os_type>hvm</os_type>\n    <arch name='%s'>\n      <wordsize>%u</wordsize>\n      <emulator>",
                    qemu_caps_arch(caps), arch ? arch->wordsize : 64);
        strbuf_add_xml(&xml, qemu_caps_binary(caps));
        strbuf_add(&xml, "</emulator>\n");
        for (size_t i = 0; i < n; i++)
                add_machine(&xml, &machines[i]);
        if (qemu_caps_accel(caps, QEMU_ACCEL_TCG)->usable)
                strbuf_add(&xml, "      <domain type='qemu'/>\n");
        if (qemu_caps_accel(caps, QEMU_ACCEL_KVM)->usable)
                strbuf_add(&xml, "      <domain type='kvm'/>\n");
        strbuf_add(&xml, "    </arch>\n");
        add_guest_features(&xml, qemu_caps_arch(caps));
        strbuf_add(&xml, "  </guest>\n\n");
        return strbuf_steal(&xml);
}

/* ---- <host><cpu>: model and features as KVM offers them ---- */

static char *host_cpu_xml(const QemuCaps *caps) {
        const CpuHost *host = qemu_caps_accel(caps, QEMU_ACCEL_KVM)->cpu_host;
        CpuDef host_model = { .mode = CPU_MODE_HOST_MODEL };
        CLEANUP(cpu_expansion_free) CpuExpansion *expansion = NULL;
        CLEANUP(strbuf_done) StrBuf xml = {};

        if (host)
                expansion = cpu_expand(&host_model, qemu_caps_arch(caps), host, &(CpuExpandOptions) { .strip = CPU_STRIP_NEVER });
        if (!expansion || !expansion->cpu || !expansion->cpu->model || expansion->n_problems)
                return NULL;
        strbuf_add(&xml, "      <model>");
        strbuf_add_xml(&xml, expansion->cpu->model);
        strbuf_add(&xml, "</model>\n");
        capabilities_add_host_cpu(&xml);
        LIST_FOR(feature, &expansion->cpu->features)
                if (feature->policy != CPU_POLICY_DISABLE)
                        strbuf_addf(&xml, "      <feature name='%s'/>\n", feature->name);
        return strbuf_steal(&xml);
}

/* ---- The whole ---- */

static char *whole_xml(const CapsAsk *ask) {
        CLEANUP(strbuf_done) StrBuf xml = {};

        strbuf_add(&xml, "<capabilities>\n\n");
        capabilities_add_host(&xml, ask->host_uuid, ask->host_cpu);
        for (size_t i = 0; i < ask->n_parts; i++) {
                const char *note = qemu_caps_cache_note(ask->cache, ask->parts[i].binary);

                if (note)
                        strbuf_add(&xml, note);
        }
        strbuf_add(&xml, "</capabilities>\n");
        return strbuf_steal(&xml);
}

static void ask_free(CapsAsk *ask) {
        for (size_t i = 0; i < ask->n_parts; i++)
                free(ask->parts[i].binary);
        free(ask->parts);
        free(ask->host_cpu);
        sd_event_source_disable_unref(ask->turn);
        free(ask);
}

/* The daemon ends: the last of its probes to be told answers. */
static void abandon(CapsAsk *ask, const Error *err) {
        sd_event_source_set_enabled(ask->turn, SD_EVENT_OFF);
        if (ask->n_running > 0)
                return;
        reply_fail(ask->reply, err);
        ask_free(ask);
}

static void on_caps(QemuCaps *caps, const Error *err, void *userdata) {
        CapsPart *part = userdata;
        CapsAsk *ask = part->ask;

        ask->n_running--;
        if (err && err->code == ERROR_OPERATION_ABORTED) {
                abandon(ask, err);
                return;
        }
        if (caps) {
                CLEANUP(free) char *text = guest_xml(caps);

                if (part->own)
                        ask->host_cpu = host_cpu_xml(caps);
                qemu_caps_cache_set_note(ask->cache, part->binary, text, part->own);
        } else {
                log_warning("capabilities without '%s': %s", part->binary, err->message);
        }
        sd_event_source_set_enabled(ask->turn, SD_EVENT_ONESHOT);
}

/* One binary per turn, so that reading many cache files does not hold the loop up. */
static int on_turn(sd_event_source *source, void *userdata) {
        CapsAsk *ask = userdata;
        CLEANUP(free) char *text = NULL;

        for (size_t i = 0; i < ask->n_parts; i++) {
                CapsPart *part = &ask->parts[i];

                if (part->asked)
                        continue;
                if (ask->n_running >= MAX_AT_ONCE)
                        return 0;
                part->asked = true;
                ask->n_running++;
                if (qemu_caps_cache_get(ask->cache, part->binary, on_caps, part))
                        sd_event_source_set_enabled(ask->turn, SD_EVENT_ONESHOT);
                return 0;
        }
        if (ask->n_running > 0)
                return 0;
        text = whole_xml(ask);
        reply_text(ask->reply, text);
        ask_free(ask);
        malloc_trim(0);                 /* a dozen binaries were in memory for a moment */
        return 0;
}

void qemu_capabilities_ask(QemuCapsCache *cache, sd_id128_t host_uuid, Reply *reply) {
        const char *const *binaries = qemu_caps_cache_binaries(cache), *own = qemu_caps_cache_default_binary(cache, NULL);
        CapsAsk *ask = xnew(CapsAsk);

        *ask = (CapsAsk) { .cache = cache, .reply = reply, .host_uuid = host_uuid };
        for (; *binaries; binaries++)
                *ARRAY_APPEND(ask->parts, ask->n_parts) = (CapsPart) { .binary = xstrdup(*binaries) };
        for (size_t i = 0; i < ask->n_parts; i++) {
                CapsPart *part = &ask->parts[i];

                part->ask = ask;
                part->own = streq(part->binary, own);
                part->asked = !part->own && qemu_caps_cache_note(cache, part->binary);
        }
        if (sd_event_add_defer(qemu_caps_cache_loop(cache), &ask->turn, on_turn, ask) < 0)
                abort();
}
