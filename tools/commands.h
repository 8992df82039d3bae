/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/commands.h - the table of wardsh's commands, and the functions its rows name. */
#pragma once
#include "shell.h"

extern const Command wardsh_commands[];

ExitCode cmd_list(Shell *shell, const Args *args);
ExitCode cmd_define(Shell *shell, const Args *args);
ExitCode cmd_start(Shell *shell, const Args *args);
ExitCode cmd_verb(Shell *shell, const Args *args);              /* destroy, suspend ...: a row of its own table each */
ExitCode cmd_dumpxml(Shell *shell, const Args *args);
ExitCode cmd_domstate(Shell *shell, const Args *args);
ExitCode cmd_dominfo(Shell *shell, const Args *args);
ExitCode cmd_autostart(Shell *shell, const Args *args);
ExitCode cmd_migrate(Shell *shell, const Args *args);
ExitCode cmd_explain(Shell *shell, const Args *args);
ExitCode cmd_lint(Shell *shell, const Args *args);
ExitCode cmd_diff(Shell *shell, const Args *args);
ExitCode cmd_why(Shell *shell, const Args *args);
ExitCode cmd_policy_show(Shell *shell, const Args *args);
ExitCode cmd_host_facts(Shell *shell, const Args *args);
ExitCode cmd_event(Shell *shell, const Args *args);
ExitCode cmd_uri(Shell *shell, const Args *args);
ExitCode cmd_version(Shell *shell, const Args *args);
ExitCode cmd_help(Shell *shell, const Args *args);
ExitCode cmd_complete(Shell *shell, const Args *args);
