/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/op.h - an operation of several steps as a table, run on the loop, undone in reverse when a step fails.
 *
 * A step does its work and says OP_DONE, or starts something that answers later and says OP_WAIT; whoever answers calls
 * op_resume(), which only marks the operation ready: the next step runs in a later turn of the loop, so nothing
 * re-enters. A failed step and every step before it are undone, newest first. `finished` is called exactly once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>
#include "util/error.h"

#ifndef USEC_PER_SEC
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#endif

typedef struct Op Op;

typedef enum OpResult { OP_DONE, OP_WAIT, OP_FAILED } OpResult;

typedef struct OpStep {
        const char *name;                       /* in logs, job info and test traces */
        OpResult (*run)(Op *op, void *subject, Error **err);
        void (*undo)(void *subject);            /* never waits or fails; copes with a half-done run */
        uint64_t timeout_usec;                  /* 0: no deadline; steps that may say OP_WAIT have one */
} OpStep;

/* Where operations run. One per process; outlives every Op. */
typedef struct OpRunner {
        sd_event *loop;
        /* For tests: asked before each step; < 0 with *err set makes the step fail instead of running. May be NULL. */
        int (*before_step)(void *userdata, const char *op, const char *step, Error **err);
        /* For tests: told of each undo. May be NULL. */
        void (*on_undo)(void *userdata, const char *op, const char *step);
        void *userdata;
} OpRunner;

/* Starts in the next turn of the loop. name is the operation ("start"), what its object ("domain 'db1'"), both copied;
 * steps end with a zeroed row. finished gets the first error, or NULL; it owns neither the Op nor the error, and
 * the Op is freed after it. Never fails. */
Op *op_start(OpRunner *runner, const char *name, const char *what, const OpStep *steps, void *subject,
             void (*finished)(void *subject, Error *err));

/* Ends the wait of the current step: with err (copied) the step has failed. It may come before the step has said OP_WAIT, from
 * something that answers at once; a step whose answer has come says OP_WAIT all the same. Ignored when nothing waits. */
void op_resume(Op *op, const Error *err);

/* Fails the operation with err (copied), now waiting or not. A second call changes nothing. */
void op_cancel(Op *op, const Error *err);

/* For `finished`: the step that failed, "" when none had begun. Static text of the table. */
const char *op_failed_step(const Op *op);

/* The end of the daemon: the operation is dropped where it is, without undo and without a word to finished. */
void op_abandon(Op *op);

/* Something that belongs to the current wait: drop(held) is called before any next step, also on a time-out, so no late
 * answer finds a step that has moved on. Several may be held. */
void op_hold(Op *op, void *held, void (*drop)(void *held));

const char *op_name(const Op *op);
const char *op_step(const Op *op);              /* name of the step that runs or waits; "" before the first */
uint64_t op_started_usec(const Op *op);         /* CLOCK_MONOTONIC */
