/* SPDX-License-Identifier: MIT */
/* A command: argv[0] is its name; the result is the program's exit status. */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

struct option_table;

struct command {
    const char *name;
    const char *summary; /* for print_usage(): further lines are indented */
    int (*run)(int argc, char **argv);
    const struct option_table *const *table; /* NULL: it has no options */
};

int convert_run(int argc, char **argv);
int split_run(int argc, char **argv);
int replay_run(int argc, char **argv);
int inspect_run(int argc, char **argv);
int verify_run(int argc, char **argv);
int diff_run(int argc, char **argv);
int version_run(int argc, char **argv);

#endif
