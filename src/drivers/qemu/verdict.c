/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/verdict.c - the questions of explain.h put to the policy: the dry run and the real call meet here. */
#include "drivers/qemu/explain.h"

StartVerdict *start_verdict_free(StartVerdict *verdict) {
        if (!verdict)
                return NULL;
        policy_verdict_free(verdict->policy);
        cpu_expansion_free(verdict->cpu);
        free(verdict);
        return NULL;
}

StartVerdict *verdict_for_start(const StartQuestion *question) {
        PolicyIntent intent = policy_intent(question->def, question->settings, question->start_flag);
        StartVerdict *verdict = xnew(StartVerdict);
        PolicyFacts facts = {
                .operation = question->operation,
                .def = question->def,
                .host = question->host,
                .settings = question->settings,
                .start_flag = question->start_flag,
                .pin = question->pin,
        };

        verdict->cpu = policy_expand_cpu(question->def, question->host, question->settings, &intent);
        facts.cpu = verdict->cpu;
        verdict->policy = policy_check(&facts);
        return verdict;
}

PolicyVerdict *verdict_for_running(const RunningQuestion *question) {
        PolicyFacts facts = {
                .operation = question->operation,
                .def = question->def,
                .host = question->host,
                .settings = question->settings,
                .start_flag = question->start_flag,
                .running = true,
                .guaranteed = question->guaranteed,
                .blocked = question->blocked,
                .n_blocked = question->n_blocked,
        };

        return policy_check(&facts);
}
