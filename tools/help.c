/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/help.c - what the table of commands says: finding one, help texts, completion. */
#include <ctype.h>
#include "output.h"
#include "shell.h"
#include "util/table.h"

#define HELP_WIDTH 100
#define MAX_COMMANDS 64

const OptionRow shell_options[] = {
        { "connect", 'c', .value = "URI", .help = "session, system, or any libvirt URI" },
        { "socket", 's', .value = "PATH", .help = "the daemon's UNIX socket" },
        { "json", 'j', .help = "results and errors as JSON" },
        { "verbose", 'v', .help = "say on stderr what is done" },
        { "no-start", .help = "do not start a session daemon" },
        { "help", 'h', .help = "help, also after a command" },
        { "version", 'V', .help = "the version of wardsh" },
        {}
};

/* How many of words the name takes; 0: it is another name. */
static size_t name_matches(const char *name, const char *const *words, size_t n_words) {
        size_t n = 0;

        for (;;) {
                size_t len = strcspn(name, " ");

                if (n == n_words || strlen(words[n]) != len || strncmp(words[n], name, len) != 0)
                        return 0;
                n++;
                if (!name[len])
                        return n;
                name += len + 1;
        }
}

const Command *command_find(const Command *commands, const char *const *words, size_t n_words, size_t *ret_n) {
        for (const Command *command = commands; command->name; command++) {
                size_t n = name_matches(command->name, words, n_words);

                if (n > 0) {
                        *ret_n = n;
                        return command;
                }
        }
        return NULL;
}

void command_arg_counts(const Command *command, size_t *ret_min, size_t *ret_max) {
        size_t min = 0, max = 0;

        for (const char *at = command->args; *at; at += strcspn(at, " "), at += *at == ' ') {
                if (*at != '[')
                        min++;
                max++;
        }
        *ret_min = min;
        *ret_max = strstr(command->args, "...") ? ARGS_MAX_WORDS : max;
}

const char *command_nearest(const Command *commands, const char *word) {
        const char *names[MAX_COMMANDS];
        size_t n = 0;

        for (const Command *command = commands; command->name && n < MAX_COMMANDS; command++)
                if (!command->hidden)
                        names[n++] = command->name;
        return nearest_name(word, names, n);
}

/* "-m, --migratable[=LEVEL]"; the caller frees. */
static char *option_title(const OptionRow *row) {
        StrBuf out = {};

        if (row->letter)
                strbuf_addf(&out, "-%c, ", row->letter);
        strbuf_addf(&out, "--%s", row->name);
        if (row->value)
                strbuf_addf(&out, row->bare ? "[=%s]" : "=%s", row->value);
        return strbuf_steal(&out);
}

static void add_pair(StrBuf *out, size_t column, const char *title, const char *text) {
        size_t len = strlen(title);

        strbuf_addf(out, "  %-*s  ", (int) column, title);
        text_add_wrapped(out, text, 4 + (len > column ? len : column), HELP_WIDTH);
}

static void add_options(const OptionRow *rows, StrBuf *out) {
        for (; rows->name; rows++) {
                CLEANUP(free) char *title = option_title(rows);
                CLEANUP(free) char *text = rows->choices ? xasprintf("%s (%s)", rows->help, rows->choices) : xstrdup(rows->help);

                add_pair(out, 24, title, text);
        }
}

void help_add_overview(const Command *commands, StrBuf *out) {
        strbuf_add(out, "usage: wardsh [OPTION...] COMMAND [ARGUMENT...]\n\nCommands:\n");
        for (const Command *command = commands; command->name; command++) {
                CLEANUP(free) char *title = xasprintf("%s%s%s", command->name, command->args[0] ? " " : "", command->args);

                if (!command->hidden)
                        add_pair(out, 24, title, command->help);
        }
        strbuf_add(out, "\nOptions of every command:\n");
        add_options(shell_options, out);
        strbuf_add(out, "\n`wardsh help COMMAND' tells a command's own options. Exit status: 0 done, 1 failed, 2 wrong usage, 3 "
                        "refused (explain).\n");
}

void help_add_command(const Command *command, StrBuf *out) {
        strbuf_addf(out, "usage: wardsh %s%s%s%s\n", command->name, command->options->name ? " [OPTION...]" : "",
                    command->args[0] ? " " : "", command->args);
        text_add_wrapped(out, command->help, 0, HELP_WIDTH);
        if (command->details) {
                strbuf_add(out, "\n");
                text_add_wrapped(out, command->details, 0, HELP_WIDTH);
        }
        if (command->options->name) {
                strbuf_add(out, "\nOptions:\n");
                add_options(command->options, out);
        }
}

static json_object *options_json(const OptionRow *rows) {
        json_object *list = json_object_new_array();

        for (; rows->name; rows++) {
                json_object *object = json_object_new_object();

                json_add_string(object, "name", rows->name);
                json_add_string(object, "letter", rows->letter ? (char[]) { rows->letter, '\0' } : NULL);
                json_add_string(object, "value", rows->value);
                json_add_string(object, "bare", rows->bare);
                json_add_string(object, "choices", rows->choices);
                json_add_string(object, "help", rows->help);
                json_object_array_add(list, object);
        }
        return list;
}

json_object *help_json(const Command *commands) {
        json_object *help = json_object_new_object(), *list = json_object_new_array();

        for (const Command *command = commands; command->name; command++) {
                json_object *object;

                if (command->hidden)
                        continue;
                object = json_object_new_object();
                json_add_string(object, "name", command->name);
                json_add_string(object, "args", command->args);
                json_add_string(object, "help", command->help);
                json_add(object, "options", options_json(command->options));
                json_object_array_add(list, object);
        }
        json_add(help, "commands", list);
        json_add(help, "options", options_json(shell_options));
        return help;
}

/* ---- completion ---- */

static void add_candidate(StrBuf *out, const char *prefix, const char *text, size_t len) {
        if (strncmp(text, prefix, strlen(prefix)) == 0)
                strbuf_addf(out, "%.*s\n", (int) len, text);
}

static void add_option_candidates(const OptionRow *rows, const char *prefix, StrBuf *out) {
        for (; rows->name; rows++) {
                CLEANUP(free) char *text = xasprintf("--%s%s", rows->name, rows->value && !rows->bare ? "=" : "");

                add_candidate(out, prefix, text, strlen(text));
        }
}

static void add_choices(const OptionRow *rows, const char *option, StrBuf *out) {
        size_t len = strcspn(option + 2, "=");

        for (; rows->name; rows++) {
                if (strlen(rows->name) != len || strncmp(rows->name, option + 2, len) != 0)
                        continue;
                for (const char *at = rows->choices; at && *at; at += strcspn(at, "|"), at += *at == '|') {
                        CLEANUP(free) char *text = xasprintf("--%s=%.*s", rows->name, (int) strcspn(at, "|"), at);

                        add_candidate(out, option, text, strlen(text));
                }
                if (!rows->choices)
                        strbuf_add(out, "@file\n");
        }
}

/* The names' next words, each once: after "explain" that is "start" and "migrate". */
static void add_name_candidates(const Command *commands, const char *const *words, size_t n_before, const char *prefix,
                                StrBuf *out) {
        const char *last = "";

        for (const Command *command = commands; command->name; command++) {
                const char *at = command->name;
                size_t len, n = 0;

                while (n < n_before && at && strncmp(at, words[n], strlen(words[n])) == 0 && at[strlen(words[n])] == ' ')
                        at += strlen(words[n++]) + 1;
                len = strcspn(at, " ");
                if (n < n_before || command->hidden || (strncmp(last, at, len) == 0 && (last[len] == ' ' || !last[len])))
                        continue;
                add_candidate(out, prefix, at, len);
                last = at;
        }
}

static void add_argument_candidates(const Command *command, size_t index, StrBuf *out) {
        const char *at = command->args;

        while (index > 0 && *at) {
                at += strcspn(at, " ");
                at += *at == ' ';
                index--;
        }
        at += *at == '[';
        if (strncmp(at, "DOM", 3) == 0)
                strbuf_add(out, "@domain\n");
        if (strncmp(at, "FILE", 4) == 0 || strncmp(at, "DOM|FILE", 8) == 0)
                strbuf_add(out, "@file\n");
}

void help_add_candidates(const Command *commands, const char *const *words, size_t n_words, StrBuf *out) {
        const char *plain[ARGS_MAX_WORDS] = { NULL }, *current = n_words > 0 ? words[n_words - 1] : "";
        const Command *command;
        size_t n_plain = 0, n_name = 0;

        for (size_t i = 0; i + 1 < n_words && n_plain < ARGS_MAX_WORDS; i++) {
                if (words[i][0] != '-')
                        plain[n_plain++] = words[i];
                else if (strcmp(words[i], "-c") == 0 || strcmp(words[i], "-s") == 0)
                        i++;            /* its value */
        }
        command = command_find(commands, plain, n_plain, &n_name);
        if (strncmp(current, "--", 2) == 0 && strchr(current, '=')) {
                add_choices(shell_options, current, out);
                if (command)
                        add_choices(command->options, current, out);
        } else if (current[0] == '-') {
                if (command)
                        add_option_candidates(command->options, current, out);
                add_option_candidates(shell_options, current, out);
        } else if (!command || strcmp(command->name, "help") == 0) {
                size_t skip = command ? 1 : 0;

                add_name_candidates(commands, plain + skip, n_plain - skip, current, out);
        } else {
                add_argument_candidates(command, n_plain - n_name, out);
        }
}
