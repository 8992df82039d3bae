/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/test-options.c - command lines, and the directories they end up with. */
#include "options.h"
#include "tap.h"

#define ARGV(...) ((char *[]) { (char *) "virtwardd", __VA_ARGS__, NULL })
#define PARSE(options, ...) options_parse(N_ELEMENTS(ARGV(__VA_ARGS__)) - 1, ARGV(__VA_ARGS__), (options))

static void quiet_stderr(void) {
        if (!freopen("/dev/null", "w", stderr))
                tap_fail(__FILE__, __LINE__, "cannot silence stderr");
}

static void xdg_environment(const char *runtime) {
        setenv("HOME", "/home/u", 1);
        unsetenv("XDG_CONFIG_HOME");
        unsetenv("XDG_STATE_HOME");
        unsetenv("XDG_CACHE_HOME");
        if (runtime)
                setenv("XDG_RUNTIME_DIR", runtime, 1);
        else
                unsetenv("XDG_RUNTIME_DIR");
}

static void test_system_directories(void) {
        CLEANUP(options_done) Options options = {};

        expect_int(PARSE(&options, (char *) "--system"), ==, OPTIONS_RUN);
        expect(options.system);
        expect_str(options.config_file, "/etc/virtward/virtwardd.conf");
        expect_str(options.policy_file, "/etc/virtward/policy.conf");
        expect_str(options.state_dir, "/var/lib/virtward");
        expect_str(options.runtime_dir, "/run/virtward");
}

static void test_session_directories(void) {
        CLEANUP(options_done) Options options = {};

        xdg_environment("/run/user/7");
        expect_int(PARSE(&options, (char *) "--session"), ==, OPTIONS_RUN);
        expect(!options.system);
        expect_str(options.config_file, "/home/u/.config/virtward/virtwardd.conf");
        expect_str(options.state_dir, "/home/u/.local/state/virtward");
        expect_str(options.runtime_dir, "/run/user/7/virtward");
}

static void test_session_without_a_runtime_directory(void) {
        CLEANUP(options_done) Options options = {};

        xdg_environment(NULL);
        expect_int(PARSE(&options, (char *) "--session"), ==, OPTIONS_RUN);
        expect_str(options.runtime_dir, "/home/u/.cache/virtward/run");
        options_done(&options);
        setenv("XDG_CACHE_HOME", "/cache", 1);
        expect_int(PARSE(&options, (char *) "--session"), ==, OPTIONS_RUN);
        expect_str(options.runtime_dir, "/cache/virtward/run");
}

static void test_relative_variables_are_ignored(void) {
        CLEANUP(options_done) Options options = {};

        xdg_environment("run");
        expect_int(PARSE(&options, (char *) "--session"), ==, OPTIONS_RUN);
        expect_str(options.runtime_dir, "/home/u/.cache/virtward/run");
}

static void test_given_paths_become_absolute(void) {
        CLEANUP(options_done) Options options = {};
        CLEANUP(free) char *here = getcwd(NULL, 0), *wanted = xasprintf("%s/x/policy.conf", here);

        expect_int(PARSE(&options, (char *) "--session", (char *) "--config", (char *) "x/v.conf", (char *) "--state-dir=/s",
                         (char *) "--runtime-dir", (char *) "/r", (char *) "--log-level", (char *) "debug"), ==, OPTIONS_RUN);
        expect(options.config_given && options.log_level_given);
        expect_int(options.log_level, ==, LOG_LEVEL_DEBUG);
        expect_str(options.policy_file, wanted);
        expect_str(options.state_dir, "/s");
        expect_str(options.runtime_dir, "/r");
}

static void test_wrong_command_lines(void) {
        CLEANUP(options_done) Options options = {};

        quiet_stderr();
        expect_int(PARSE(&options, (char *) "--sesion-dir"), ==, OPTIONS_WRONG);
        options_done(&options);
        expect_int(PARSE(&options, (char *) "extra"), ==, OPTIONS_WRONG);
        options_done(&options);
        expect_int(PARSE(&options, (char *) "--log-level=loud"), ==, OPTIONS_WRONG);
        options_done(&options);
        expect_int(PARSE(&options, (char *) "--config"), ==, OPTIONS_WRONG);
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "directories of the host", test_system_directories },
                { "directories of a user", test_session_directories },
                { "a session without a runtime directory", test_session_without_a_runtime_directory },
                { "relative variables are ignored", test_relative_variables_are_ignored },
                { "given paths become absolute", test_given_paths_become_absolute },
                { "wrong command lines", test_wrong_command_lines },
                {}
        });
}
