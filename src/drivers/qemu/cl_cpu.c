/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_cpu.c - -cpu with what other elements want of it, -smp, iothreads. */
#include <stdio.h>

#include "cpumodel/cpu_expand.h"
#include "drivers/qemu/cl.h"
#include "util/strbuf.h"

/* ---- What <clock> and <features> say about the CPU ---- */

static void add_timers(const Cl *cl, StrBuf *text) {
        LIST_FOR(timer, &cl->def->clock.timers) {
                if (timer->name == TIMER_KVMCLOCK && timer->present)
                        strbuf_addf(text, ",kvmclock=%s", cl_yes(timer->present) ? "on" : "off");
                else if (timer->name == TIMER_HYPERVCLOCK && cl_yes(timer->present))
                        strbuf_add(text, ",hv-time=on");
                else if (timer->name == TIMER_TSC && timer->frequency)
                        strbuf_addf(text, ",tsc-frequency=%llu", (unsigned long long) timer->frequency);
        }
}

static void add_hyperv(const Cl *cl, StrBuf *text) {
        const FeaturesDef *f = &cl->def->features;
        const struct {
                const char *name;
                Tristate state;
        } rows[] = {
                { "hv-relaxed", f->hyperv.relaxed }, { "hv-vapic", f->hyperv.vapic }, { "hv-vpindex", f->hyperv.vpindex },
                { "hv-runtime", f->hyperv.runtime }, { "hv-synic", f->hyperv.synic }, { "hv-stimer", f->hyperv.stimer },
                { "hv-stimer-direct", f->hyperv.stimer_direct }, { "hv-reset", f->hyperv.reset }, { "hv-frequencies", f->hyperv.frequencies },
                { "hv-reenlightenment", f->hyperv.reenlightenment }, { "hv-tlbflush", f->hyperv.tlbflush }, { "hv-ipi", f->hyperv.ipi },
                { "hv-evmcs", f->hyperv.evmcs }, { "hv-avic", f->hyperv.avic }, { "hv-emsr-bitmap", f->hyperv.emsr_bitmap },
                { "hv-xmm-input", f->hyperv.xmm_input },
        };

        if (!f->has_hyperv)
                return;
        if (streq(f->hyperv_mode, "passthrough")) {
                strbuf_add(text, ",hv-passthrough=on");
                return;
        }
        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                if (cl_yes(rows[i].state))
                        strbuf_addf(text, ",%s=on", rows[i].name);
        if (cl_yes(f->hyperv.spinlocks))
                strbuf_addf(text, ",hv-spinlocks=0x%x", f->hyperv.spinlock_retries);
        if (cl_yes(f->hyperv.vendor_id) && f->hyperv.vendor) {
                CLEANUP(free) char *vendor = cl_escape(f->hyperv.vendor);

                strbuf_addf(text, ",hv-vendor-id=%s", vendor);
        }
}

static void add_feature_elements(const Cl *cl, StrBuf *text) {
        const FeaturesDef *f = &cl->def->features;

        if (f->apic_eoi)
                strbuf_addf(text, ",kvm-pv-eoi=%s", cl_yes(f->apic_eoi) ? "on" : "off");
        if (f->pvspinlock)
                strbuf_addf(text, ",kvm-pv-unhalt=%s", f->pvspinlock == TRISTATE_NO ? "off" : "on");
        if (cl_yes(f->kvm.hidden))
                strbuf_add(text, ",kvm=off");
        if (cl_yes(f->kvm.hint_dedicated))
                strbuf_add(text, ",kvm-hint-dedicated=on");
        if (cl_yes(f->kvm.poll_control))
                strbuf_add(text, ",kvm-poll-control=on");
        if (cl_yes(f->kvm.pv_ipi))
                strbuf_add(text, ",kvm-pv-ipi=on");
        if (f->pmu)
                strbuf_addf(text, ",pmu=%s", f->pmu == TRISTATE_NO ? "off" : "on");
        LIST_FOR(panic, &cl->def->panics)
                if (panic->model == PANIC_HYPERV)
                        strbuf_add(text, ",hv-crash");
}

/* A name with a comma or '=' in it would become an option of its own. */
static int check_names(const CpuDef *cpu, Error **err) {
        const char *bad = cpu && cpu->model && strpbrk(cpu->model, ",=") ? cpu->model : NULL;

        for (size_t i = 0; cpu && !bad && i < cpu->features.n; i++)
                if (strpbrk(cpu->features.items[i]->name, ",="))
                        bad = cpu->features.items[i]->name;
        return bad ? error_set(err, ERROR_CONFIG_UNSUPPORTED, "'%s' cannot be the name of a CPU model or feature", bad) : 0;
}

static int add_cpu(Cl *cl, Error **err) {
        const CpuDef *cpu = cl->params->cpu ? cl->params->cpu : cl->def->cpu;
        CLEANUP(free) char *argument = NULL;
        CLEANUP(strbuf_done) StrBuf extra = {};

        if (cpu && cpu->mode == CPU_MODE_HOST_MODEL && !cl->ppc)
                return error_set(err, ERROR_INTERNAL, "the CPU of domain '%s' was not expanded", cl->def->name);
        if (check_names(cpu, err) < 0)
                return -1;
        argument = cpu_qemu_argument(cpu, qemu_caps_arch(cl->caps));
        if (!argument)
                argument = xstrdup(cl->machine->default_cpu);
        if (cl->x86) {
                add_timers(cl, &extra);
                add_feature_elements(cl, &extra);
                add_hyperv(cl, &extra);
        }
        if (argument)
                cl_addf(cl, "-cpu", "%s%s", argument, extra.text ? extra.text : "");
        return 0;
}

/* ---- -smp ---- */

static void add_smp(Cl *cl) {
        const DomainDef *def = cl->def;
        const CpuDef *cpu = def->cpu;
        unsigned current = def->current_vcpus ? def->current_vcpus : def->vcpus;
        CLEANUP(strbuf_done) StrBuf text = {};

        strbuf_addf(&text, "%u", current);
        if (current != def->vcpus)
                strbuf_addf(&text, ",maxcpus=%u", def->vcpus);
        if (cpu && cpu->sockets) {
                strbuf_addf(&text, ",sockets=%u", cpu->sockets);
                strbuf_addf(&text, ",dies=%u", cpu->dies ? cpu->dies : 1);
                if (cpu->clusters > 1)
                        strbuf_addf(&text, ",clusters=%u", cpu->clusters);
                strbuf_addf(&text, ",cores=%u,threads=%u", cpu->cores, cpu->threads);
        } else {
                strbuf_addf(&text, ",sockets=%u,cores=1,threads=1", def->vcpus);
        }
        cl_add(cl, "-smp", text.text);
}

static void add_iothread(Cl *cl, unsigned id) {
        json_object *iothread = json_object_new_object();
        CLEANUP(free) char *alias = xasprintf("iothread%u", id);

        json_add_string(iothread, "qom-type", "iothread");
        json_add_string(iothread, "id", alias);
        cl_add_json(cl, "-object", iothread);
}

static void add_iothreads(Cl *cl) {
        for (unsigned i = 1; i <= cl->def->iothreads && cl->def->iothread_ids.n == 0; i++)
                add_iothread(cl, i);
        LIST_FOR(iothread, &cl->def->iothread_ids)
                add_iothread(cl, iothread->id);
}

int cl_chapter_cpu(Cl *cl, Error **err) {
        if (add_cpu(cl, err) < 0)
                return -1;
        add_smp(cl);
        add_iothreads(cl);
        return 0;
}
