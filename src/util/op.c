/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/op.h"

#include <assert.h>
#include <time.h>

#include "util/log.h"

typedef struct Held {
        void *object;
        void (*drop)(void *object);
} Held;

struct Op {
        OpRunner *runner;
        sd_event_source *turn;          /* defer source: every turn of the operation begins here */
        sd_event_source *deadline;
        char *name;
        char *what;
        const OpStep *steps;
        size_t n_entered;               /* steps begun; the last of them may be waiting */
        const char *failed_step;
        bool waiting;
        bool running;                   /* a step's function is on the stack */
        bool answered;                  /* ... and its answer has come already */
        void *subject;
        void (*finished)(void *subject, Error *err);
        Error *err;                     /* the first one; set: undo is due */
        uint64_t started_usec;
        Held *held;
        size_t n_held;
};

static void op_drop_held(Op *op) {
        while (op->n_held > 0) {
                Held *held = &op->held[--op->n_held];

                held->drop(held->object);
        }
}

static void op_free(Op *op) {
        op_drop_held(op);
        sd_event_source_disable_unref(op->turn);
        sd_event_source_disable_unref(op->deadline);
        error_free(op->err);
        free(op->held);
        free(op->what);
        free(op->name);
        free(op);
}

static void op_ready(Op *op) {
        op->waiting = false;
        sd_event_source_set_enabled(op->turn, SD_EVENT_ONESHOT);
        if (op->deadline)
                sd_event_source_set_enabled(op->deadline, SD_EVENT_OFF);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Op *op = userdata;
        const OpStep *step = &op->steps[op->n_entered - 1];

        if (!op->err)
                error_set(&op->err, ERROR_OPERATION_TIMEOUT, "%s: %s: step '%s' did not finish within %g s", op->what, op->name,
                          step->name, (double) step->timeout_usec / USEC_PER_SEC);
        op_ready(op);
        return 0;
}

static void op_arm_deadline(Op *op, uint64_t timeout_usec) {
        uint64_t now;

        sd_event_now(op->runner->loop, CLOCK_MONOTONIC, &now);
        if (!op->deadline) {
                if (sd_event_add_time(op->runner->loop, &op->deadline, CLOCK_MONOTONIC, now + timeout_usec, 0, on_deadline, op) < 0)
                        abort();
        } else {
                sd_event_source_set_time(op->deadline, now + timeout_usec);
                sd_event_source_set_enabled(op->deadline, SD_EVENT_ONESHOT);
        }
}

static OpResult op_run_step(Op *op, const OpStep *step) {
        OpRunner *runner = op->runner;
        OpResult result;

        log_debug("%s: %s: %s", op->what, op->name, step->name);
        if (runner->before_step && runner->before_step(runner->userdata, op->name, step->name, &op->err) < 0)
                return OP_FAILED;
        op->running = true;
        result = step->run(op, op->subject, &op->err);
        op->running = false;
        assert((result == OP_FAILED) == !!op->err || (op->answered && result == OP_WAIT));
        return result;
}

static void op_undo_all(Op *op) {
        while (op->n_entered > 0) {
                const OpStep *step = &op->steps[--op->n_entered];

                if (!step->undo)
                        continue;
                if (op->runner->on_undo)
                        op->runner->on_undo(op->runner->userdata, op->name, step->name);
                step->undo(op->subject);
        }
}

static int op_turn(sd_event_source *source, void *userdata) {
        Op *op = userdata;

        op_drop_held(op);
        while (!op->err && op->steps[op->n_entered].name) {
                const OpStep *step = &op->steps[op->n_entered++];

                op->answered = false;
                if (op_run_step(op, step) != OP_WAIT)
                        continue;
                if (op->answered) {
                        op_drop_held(op);
                        continue;
                }
                op->waiting = true;
                if (step->timeout_usec)
                        op_arm_deadline(op, step->timeout_usec);
                return 0;
        }
        if (op->err) {
                op->failed_step = op_step(op);
                log_debug("%s: %s: failed: %s", op->what, op->name, op->err->message);
                op_undo_all(op);
        }
        op->finished(op->subject, op->err);
        op_free(op);
        return 0;
}

Op *op_start(OpRunner *runner, const char *name, const char *what, const OpStep *steps, void *subject,
             void (*finished)(void *subject, Error *err)) {
        Op *op = xnew(Op);
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        op->runner = runner;
        op->name = xstrdup(name);
        op->what = xstrdup(what);
        op->steps = steps;
        op->subject = subject;
        op->finished = finished;
        op->started_usec = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
        if (sd_event_add_defer(runner->loop, &op->turn, op_turn, op) < 0)
                abort();
        return op;
}

void op_resume(Op *op, const Error *err) {
        if (err && !op->err && (op->waiting || op->running))
                op->err = error_copy(err);
        if (op->running)
                op->answered = true;
        else if (op->waiting)
                op_ready(op);
}

void op_cancel(Op *op, const Error *err) {
        if (!op->err)
                op->err = error_copy(err);
        op_ready(op);
}

const char *op_failed_step(const Op *op) {
        return op->failed_step ? op->failed_step : "";
}

void op_abandon(Op *op) {
        op_free(op);
}

void op_hold(Op *op, void *held, void (*drop)(void *held)) {
        *ARRAY_APPEND(op->held, op->n_held) = (Held) { .object = held, .drop = drop };
}

const char *op_name(const Op *op) {
        return op->name;
}

const char *op_step(const Op *op) {
        return op->n_entered > 0 && op->steps[op->n_entered - 1].name ? op->steps[op->n_entered - 1].name : "";
}

uint64_t op_started_usec(const Op *op) {
        return op->started_usec;
}
