/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/domain_job.h"

#include <assert.h>
#include <time.h>

#include "drivers/qemu/qemu_driver.h"
#include "util/log.h"

static uint64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

void domain_job_answer(DomainJob *job, const Result *result, const Error *err) {
        Reply *reply = STEAL(job->reply);

        if (!reply)
                return;
        if (err)
                reply_fail(reply, err);
        else if (result)
                reply_give(reply, result);
        else
                reply_none(reply);
}

static void job_refuse(DomainJob *job, const Error *err) {
        domain_job_answer(job, NULL, err);
        job->type->free(job);
}

static void job_begin(Domain *domain, DomainJob *job) {
        domain->job = job;
        job->since_usec = now_usec();
        job->type->begin(job);
}

/* A QEMU that is ending is of no use to anybody: what comes next waits until it has gone. */
static bool may_begin(const Domain *domain) {
        return !domain->job && !(domain->live && domain->live->end_known);
}

void domain_job_ask(Domain *domain, DomainJob *job) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *holder = NULL;
        DomainJob **end = &domain->waiting;

        job->domain = domain;
        if (may_begin(domain)) {
                job_begin(domain, job);
                return;
        }
        if (domain->n_waiting >= DOMAIN_MAX_WAITING) {
                holder = domain->job ? domain_job_text(domain->job) : xstrdup("its end");
                error_set(&err, ERROR_OPERATION_TIMEOUT, "cannot acquire state change lock of domain '%s': %s holds it and %d calls wait already",
                          domain->name, holder, DOMAIN_MAX_WAITING);
                job_refuse(job, err);
                return;
        }
        while (*end)
                end = &(*end)->next;
        *end = job;
        domain->n_waiting++;
}

static void on_steps_done(void *subject, Error *err) {
        DomainJob *job = subject;
        const Op *op = STEAL(job->op);

        job->failed_step = err ? op_failed_step(op) : NULL;
        job->steps_done(job, err);
}

void domain_job_run(DomainJob *job, const OpStep *steps, void (*done)(DomainJob *job, Error *err)) {
        CLEANUP(free) char *what = domain_what(job->domain);

        assert(!job->op && job->domain->job == job);
        job->steps_done = done;
        job->op = op_start(job->domain->driver->runner, job->type->name, what, steps, job, on_steps_done);
}

static DomainJob *take_waiting(Domain *domain) {
        DomainJob *job = domain->waiting;

        if (job) {
                domain->waiting = STEAL(job->next);
                domain->n_waiting--;
        }
        return job;
}

void domain_job_end(DomainJob *job, const Result *result, const Error *err) {
        Domain *domain = job->domain;

        assert(domain->job == job && !job->op);
        domain_job_answer(job, result, err);
        domain->job = NULL;
        job->type->free(job);
        domain_jobs_next(domain);
}

void domain_jobs_next(Domain *domain) {
        DomainJob *next;

        if (domain_drop_unused(domain) || !may_begin(domain))
                return;
        next = take_waiting(domain);
        if (next)
                job_begin(domain, next);
}

void domain_jobs_refuse(Domain *domain, const Error *err) {
        for (DomainJob *job; (job = take_waiting(domain));)
                job_refuse(job, err);
}

void domain_jobs_abandon(Domain *domain, const Error *err) {
        DomainJob *job = STEAL(domain->job);

        domain_jobs_refuse(domain, err);
        if (!job)
                return;
        if (job->op)
                op_abandon(STEAL(job->op));
        job_refuse(job, err);
}

void domain_job_lose(Domain *domain, const Error *why) {
        DomainJob *job = domain->job;

        if (!job)
                return;
        if (job->op)
                op_cancel(job->op, why);
        else if (job->type->lost)
                job->type->lost(job, why);
}

char *domain_job_text(const DomainJob *job) {
        return job->op ? xasprintf("%s: %s", job->type->name, op_step(job->op)) : xstrdup(job->type->name);
}
