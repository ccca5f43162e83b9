/* SPDX-License-Identifier: MIT */
/* The program: finds the command and runs it. Exit statuses and streams are described in rdbferry(1). */
#include "cmd/command.h"
#include "cmd/completion/completion.h"
#include "cmd/convert/convert_options.h"
#include "cmd/diff/diff_options.h"
#include "cmd/inspect/inspect_options.h"
#include "cmd/options/rules_help.h"
#include "cmd/options/similar.h"
#include "cmd/options/url_guard.h"
#include "cmd/replay/replay_options.h"
#include "cmd/run/ownership.h"
#include "cmd/run/signals.h"
#include "cmd/split/split_options.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include "cmd/term/terminal.h"
#include "cmd/verify/verify_options.h"
#include <rdbferry/target.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int help_run(int argc, char **argv);

static const struct command commands[] = {
    {"convert", "convert RDB or AOF data to an RDB, AOF, AOF directory or JSON lines", convert_run,
     &convert_options_table},
    {"split", "write one output per shard of a cluster", split_run, &split_options_table},
    {"replay", "load RDB or AOF data into a running server or cluster", replay_run, &replay_options_table},
    {"verify", "check data: intact, as expected, equal to other data", verify_run, &verify_options_table},
    {"diff", "list the keys that differ between two data sets", diff_run, &diff_options_table},
    {"inspect", "show what is in RDB or AOF data and how much server memory it needs", inspect_run,
     &inspect_options_table},
    {"help",
     "show this list, a command's options (help COMMAND), the rules\n            (help rules) or a script "
     "that completes commands in a shell\n            (help --completion bash, zsh or fish)",
     help_run, NULL},
    {"version", "show the version of the program, of formats and of libraries", version_run, NULL},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_usage(FILE *out)
{
    fputs("usage: rdbferry COMMAND [ARGUMENT]...\n\nMigrates Redis and Valkey data from snapshots.\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].summary);
}

/* --- what was meant instead of a command -------------------------------------------------------------- */

static const char *similar_command(const char *name)
{
    static const struct {
        const char *name, *meant;
    } others[] = {
        {"load", "replay"},     {"restore", "replay"}, {"import", "replay"},  {"migrate", "replay"},
        {"sync", "replay"},     {"write", "replay"},   {"check", "verify"},   {"validate", "verify"},
        {"compare", "diff"},    {"info", "inspect"},   {"stats", "inspect"},  {"memory", "inspect"},
        {"analyze", "inspect"}, {"show", "inspect"},   {"export", "convert"}, {"dump", "convert"},
        {"shard", "split"},     {"usage", "help"},     {"-V", "version"},     {"-v", "version"},
    };
    size_t length = strlen(name);
    struct similar similar = similar_begin(name, length, similar_limit(length));
    const char *meant = NULL;
    for (size_t i = 0; i < COMMANDS; i++)
        if (similar_consider(&similar, commands[i].name))
            meant = commands[i].name;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i].name, name) == 0)
            meant = others[i].meant;
    return meant;
}

/* The command that these arguments are for: one that they name or, by their kinds, the likely one. */
static const char *likely_command(int argc, char **argv, const char *likely)
{
    for (int i = 0; i < argc; i++) {
        const struct command *named = find_command(argv[i]);
        if (named && access(argv[i], F_OK) != 0)
            return named->name;
        if (rf_target_is_url(argv[i]))
            likely = "replay";
        else if (strcmp(argv[i], "-o") == 0 || strncmp(argv[i], "--output", 8) == 0)
            likely = "convert";
    }
    return likely;
}

/* Arguments may contain passwords: only the first is shown. */
static bool report_unknown(int argc, char **argv)
{
    const char *name = argv[0], *meant = similar_command(name);
    char shown[256];
    url_shown(name, shown, sizeof shown);
    if (meant)
        return message_usage(NULL, "unknown command '%s'; did you mean '%s'?", shown, meant);
    if (*name == '-' && name[1])
        return message_usage(NULL, "the option '%.*s' must follow a command: rdbferry %s %.*s ...",
                             (int)strcspn(name, "="), name, likely_command(argc, argv, "COMMAND"),
                             (int)strcspn(name, "="), name);
    if (rf_target_is_url(name))
        return message_usage(NULL, "missing COMMAND before '%s'; did you mean 'rdbferry replay INPUT... %s'?",
                             shown, shown);
    if (strcmp(name, "-") == 0 || access(name, F_OK) == 0)
        return message_usage(NULL, "missing COMMAND before '%s'; did you mean 'rdbferry %s %s%s'?", shown,
                             likely_command(argc, argv, "inspect"), shown, argc > 1 ? " ..." : "");
    return message_usage(NULL, "unknown command '%s'", shown);
}

static int dispatch(int argc, char **argv)
{
    static const char *const names[][2] = {{"--version", "version"}, {"--help", "help"}, {"-h", "help"}};
    if (argc == 0 || !*argv[0]) {
        message_error("missing COMMAND");
        print_usage(stderr);
        return STATUS_USAGE;
    }
    const char *name = argv[0];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i][0], name) == 0)
            name = names[i][1];
    const struct command *command = find_command(name);
    if (command)
        return command->run(argc, argv);
    report_unknown(argc, argv);
    return STATUS_USAGE;
}

/* The argument of --completion, "" if that is missing; NULL: this is not the option. */
static const char *completion_shell(int argc, char **argv)
{
    static const char name[] = "--completion";
    const size_t length = strlen(name);
    if (argc < 2 || strncmp(argv[1], name, length) != 0)
        return NULL;
    if (argv[1][length] == '=')
        return argv[1] + length + 1;
    if (argv[1][length])
        return NULL;
    return argc > 2 ? argv[2] : "";
}

static int help_run(int argc, char **argv)
{
    char option[] = "--help";
    if (argc > 1 && strcmp(argv[1], "rules") == 0) {
        rules_help_print();
        return STATUS_DONE;
    }
    const char *shell = completion_shell(argc, argv);
    if (shell)
        return completion_print(shell, commands, COMMANDS);
    if (argc > 1 && strcmp(argv[1], "help") != 0 && strcmp(argv[1], option) != 0)
        return dispatch(2, (char *[]){argv[1], option, NULL});
    print_usage(stdout);
    return STATUS_DONE;
}

int main(int argc, char **argv)
{
    signals_start();
    streams_start();
    int status = dispatch(argc - 1, argv + 1);
    ownership_summarize();
    status = streams_end(status);
    if (status > STATUS_SIGNAL)
        die_of_signal(status - STATUS_SIGNAL);
    return status;
}
