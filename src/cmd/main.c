/* SPDX-License-Identifier: MIT */
/* The program: finds the command and runs it. Exit statuses and streams are described in rdbferry(1). */
#include "cmd/command.h"
#include "cmd/options/rules_help.h"
#include "cmd/options/url_guard.h"
#include "cmd/run/signals.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include "cmd/term/terminal.h"
#include <rdbferry/version.h>
#include <stdio.h>
#include <string.h>

static int help_run(int argc, char **argv);
static int version_run(int argc, char **argv);

static const struct command commands[] = {
    {"convert", "convert RDB or AOF data to an RDB, an AOF, an AOF directory or JSON lines", convert_run},
    {"split", "write one output per shard of a cluster", split_run},
    {"replay", "load RDB or AOF data into a running server or cluster", replay_run},
    {"verify", "check data: intact, as expected, equal to other data", verify_run},
    {"diff", "list the keys that differ between two data sets", diff_run},
    {"inspect", "show what is in RDB or AOF data and how much server memory it needs", inspect_run},
    {"help", "show this list, the options of a command (help COMMAND) or the rules (help rules)", help_run},
    {"version", "show the version of the program", version_run},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static int version_run(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("rdbferry " RDBFERRY_VERSION);
    return STATUS_DONE;
}

static int dispatch(int argc, char **argv)
{
    const char *name = argc > 0 ? argv[0] : "";
    if (strcmp(name, "--version") == 0)
        name = "version";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc, argv);
    char shown[256];
    if (*name)
        message_usage(NULL, "unknown command '%s'", url_shown(name, shown, sizeof shown));
    else
        message_usage(NULL, "missing COMMAND");
    return STATUS_USAGE;
}

static int help_run(int argc, char **argv)
{
    char option[] = "--help";
    if (argc > 1 && strcmp(argv[1], "rules") == 0) {
        rules_help_print();
        return STATUS_DONE;
    }
    if (argc > 1 && strcmp(argv[1], "help") != 0 && strcmp(argv[1], option) != 0)
        return dispatch(2, (char *[]){argv[1], option, NULL});
    puts("usage: rdbferry COMMAND [ARGUMENT]...\n\nMigrates Redis and Valkey data from snapshots.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-10s%s\n", commands[i].name, commands[i].summary);
    return STATUS_DONE;
}

int main(int argc, char **argv)
{
    signals_start();
    streams_start();
    int status = streams_end(dispatch(argc - 1, argv + 1));
    if (status > STATUS_SIGNAL)
        die_of_signal(status - STATUS_SIGNAL);
    return status;
}
