/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tests/tap.h - a test program: named functions, run in order, reported as TAP; a failed expectation ends its function.
 *
 *      static void test_one(void) { expect_int(1 + 1, ==, 2); }
 *      int main(void) { return tap_run((const TapTest[]) { { "one", test_one }, {} }); }
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct TapTest {
        const char *name;
        void (*run)(void);
} TapTest;

static jmp_buf tap_escape;
static const char *tap_skip_reason = "";

__attribute__((unused, noreturn, format(printf, 3, 4)))
static void tap_fail(const char *file, int line, const char *format, ...) {
        va_list ap;

        printf("# %s:%d: ", file, line);
        va_start(ap, format);
        vprintf(format, ap);
        va_end(ap);
        printf("\n");
        longjmp(tap_escape, 1);
}

#define expect(condition)                                                                                              \
        do {                                                                                                           \
                if (!(condition))                                                                                      \
                        tap_fail(__FILE__, __LINE__, "not true: %s", #condition);                                      \
        } while (0)

#define expect_int(a, op, b)                                                                                           \
        do {                                                                                                           \
                long long _a = (long long) (a), _b = (long long) (b);                                                  \
                if (!(_a op _b))                                                                                       \
                        tap_fail(__FILE__, __LINE__, "%s is %lld, wanted %s %lld", #a, _a, #op, _b);                   \
        } while (0)

#define expect_str(a, b)                                                                                               \
        do {                                                                                                           \
                const char *_a = (a), *_b = (b);                                                                       \
                if (_a != _b && (!_a || !_b || strcmp(_a, _b) != 0))                                                   \
                        tap_fail(__FILE__, __LINE__, "%s is \"%s\", wanted \"%s\"", #a, _a ? _a : "(null)", _b ? _b : "(null)"); \
        } while (0)

#define expect_contains(text, part)                                                                                    \
        do {                                                                                                           \
                const char *_t = (text), *_p = (part);                                                                 \
                if (!_t || !strstr(_t, _p))                                                                            \
                        tap_fail(__FILE__, __LINE__, "%s is \"%s\", which lacks \"%s\"", #text, _t ? _t : "(null)", _p); \
        } while (0)

/* The test cannot be run here; the reason is printed. */
#define skip(reason)                                                                                                   \
        do {                                                                                                           \
                tap_skip_reason = (reason);                                                                            \
                longjmp(tap_escape, 2);                                                                                \
        } while (0)

__attribute__((unused)) static int tap_run(const TapTest *tests) {
        volatile int n = 0, failed = 0;

        setvbuf(stdout, NULL, _IOLBF, 0);
        while (tests[n].name)
                n++;
        printf("1..%d\n", n);
        for (volatile int i = 0; i < n; i++) {
                switch (setjmp(tap_escape)) {
                case 0:
                        tests[i].run();
                        printf("ok %d - %s\n", i + 1, tests[i].name);
                        break;
                case 1:
                        printf("not ok %d - %s\n", i + 1, tests[i].name);
                        failed++;
                        break;
                default:
                        printf("ok %d - %s # SKIP %s\n", i + 1, tests[i].name, tap_skip_reason);
                }
        }
        return failed ? 1 : 0;
}
