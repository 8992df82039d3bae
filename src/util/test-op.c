/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tap.h"

#include "util/op.h"
#include "util/strbuf.h"

typedef struct Story {
        OpRunner runner;
        StrBuf trace;
        Op *op;
        const char *fail_at;
        Error *err;
        bool finished;
        sd_event_source *later;
} Story;

static int before_step(void *userdata, const char *op, const char *step, Error **err) {
        Story *story = userdata;

        return streq(step, story->fail_at) ? error_set(err, ERROR_OPERATION_FAILED, "made to fail at %s", step) : 0;
}

static void on_undo(void *userdata, const char *op, const char *step) {
        strbuf_addf(&((Story *) userdata)->trace, "-%s ", step);
}

static OpResult run_first(Op *op, void *subject, Error **err) {
        strbuf_addf(&((Story *) subject)->trace, "+%s ", op_step(op));
        return OP_DONE;
}

static int on_later(sd_event_source *source, uint64_t usec, void *userdata) {
        op_resume(((Story *) userdata)->op, NULL);
        return 0;
}

static void drop_held(void *held) {
        strbuf_add(&((Story *) held)->trace, "drop ");
}

static OpResult run_wait(Op *op, void *subject, Error **err) {
        Story *story = subject;

        strbuf_addf(&story->trace, "+%s ", op_step(op));
        op_hold(op, story, drop_held);
        sd_event_add_time_relative(story->runner.loop, &story->later, CLOCK_MONOTONIC, 1000, 0, on_later, story);
        return OP_WAIT;
}

/* Whoever it asked has answered before it returns. */
static OpResult run_answered(Op *op, void *subject, Error **err) {
        op_hold(op, subject, drop_held);
        op_resume(op, NULL);
        return OP_WAIT;
}

static OpResult run_refused(Op *op, void *subject, Error **err) {
        CLEANUP(error_free) Error *answer = NULL;

        op_hold(op, subject, drop_held);
        error_set(&answer, ERROR_OPERATION_FAILED, "no");
        op_resume(op, answer);
        return OP_WAIT;
}

static OpResult run_forever(Op *op, void *subject, Error **err) {
        op_hold(op, subject, drop_held);
        return OP_WAIT;
}

static void undo_any(void *subject) {
}

static const OpStep steps[] = {
        { "first", run_first, undo_any, 0 },
        { "wait", run_wait, NULL, USEC_PER_SEC },
        { "last", run_first, undo_any, 0 },
        {},
};

static const OpStep endless[] = {
        { "first", run_first, undo_any, 0 },
        { "forever", run_forever, undo_any, 2000 },
        {},
};

static const OpStep at_once[] = {
        { "answered", run_answered, undo_any, USEC_PER_SEC },
        { "last", run_first, NULL, 0 },
        { "refused", run_refused, undo_any, USEC_PER_SEC },
        {},
};

static void on_finished(void *subject, Error *err) {
        Story *story = subject;

        expect(!story->finished);
        story->finished = true;
        story->err = error_copy(err);
        sd_event_exit(story->runner.loop, 0);
}

static void story_run(Story *story, const OpStep *table, bool cancel) {
        CLEANUP(error_free) Error *err = NULL;

        expect_int(sd_event_new(&story->runner.loop), >=, 0);
        story->runner.before_step = before_step;
        story->runner.on_undo = on_undo;
        story->runner.userdata = story;
        story->op = op_start(&story->runner, "test", "story", table, story, on_finished);
        expect_str(op_step(story->op), "");
        if (cancel) {
                error_set(&err, ERROR_OPERATION_ABORTED, "enough");
                while (!streq(op_step(story->op), "wait"))
                        sd_event_run(story->runner.loop, 0);
                op_cancel(story->op, err);
        }
        expect_int(sd_event_loop(story->runner.loop), ==, 0);
        expect(story->finished);
        sd_event_source_disable_unref(story->later);
        sd_event_unref(story->runner.loop);
}

static void story_end(Story *story) {
        error_free(story->err);
        strbuf_done(&story->trace);
}

static void test_done(void) {
        Story story = {};

        story_run(&story, steps, false);
        expect(story.err == NULL);
        expect_str(story.trace.text, "+first +wait drop +last ");
        story_end(&story);
}

/* One run per step, failing there: what had begun is undone, newest first, and nothing else runs. */
static void test_each_step_fails(void) {
        static const char *const wanted[][2] = {
                { "first", "-first " }, { "wait", "+first -first " }, { "last", "+first +wait drop -last -first " },
        };

        for (size_t i = 0; i < N_ELEMENTS(wanted); i++) {
                Story story = { .fail_at = wanted[i][0] };

                story_run(&story, steps, false);
                expect_str(story.trace.text, wanted[i][1]);
                expect_contains(story.err->message, wanted[i][0]);
                story_end(&story);
        }
}

static void test_deadline(void) {
        Story story = {};

        story_run(&story, endless, false);
        expect_str(story.trace.text, "+first drop -forever -first ");
        expect_str(story.err->message, "Timed out during operation: story: test: step 'forever' did not finish within 0.002 s");
        story_end(&story);
}

static void test_answered_at_once(void) {
        Story story = {};

        story_run(&story, at_once, false);
        expect_str(story.trace.text, "drop +last drop -refused -answered ");
        expect_str(story.err->message, "operation failed: no");
        story_end(&story);
}

static void test_cancel(void) {
        Story story = {};

        story_run(&story, steps, true);
        expect_str(story.trace.text, "+first +wait drop -first ");
        expect_str(story.err->message, "operation aborted: enough");
        story_end(&story);
}

/* The daemon ends: what was held is let go, nothing is undone, nobody is told. */
static void test_abandon(void) {
        Story story = {};

        expect_int(sd_event_new(&story.runner.loop), >=, 0);
        story.runner.on_undo = on_undo;
        story.runner.userdata = &story;
        story.op = op_start(&story.runner, "test", "story", endless, &story, on_finished);
        while (!streq(op_step(story.op), "forever"))
                sd_event_run(story.runner.loop, 0);
        op_abandon(story.op);
        expect(!story.finished);
        expect_str(story.trace.text, "+first drop ");
        sd_event_unref(story.runner.loop);
        story_end(&story);
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "steps run in order, a wait is resumed", test_done },
                { "each step made to fail: undo in reverse", test_each_step_fails },
                { "deadline", test_deadline },
                { "an answer that comes before the wait", test_answered_at_once },
                { "cancel", test_cancel },
                { "abandoned", test_abandon },
                {},
        });
}
