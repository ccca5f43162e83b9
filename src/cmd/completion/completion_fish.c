/* SPDX-License-Identifier: MIT */
/* Completion for fish: a line for each command, and for each option of a command. */
#include "cmd/completion/completion.h"
#include <stdio.h>

static const char quote[] = "\\'"; /* in single quotes */

static void print_option(const struct option_row *row, const void *ctx)
{
    static const char *const arguments[] = {[COMPLETE_NOTHING] = "",
                                            [COMPLETE_ANY] = " -x",
                                            [COMPLETE_FILE] = " -r -F",
                                            [COMPLETE_DIRECTORY] = " -x -a '(__fish_complete_directories)'"};
    const struct command *command = ctx;
    char words[COMPLETION_WORDS];
    enum completion_value value = completion_value_of(row, words);
    printf("complete -c rdbferry -n '__fish_seen_subcommand_from %s'", command->name);
    if (row->letter)
        printf(" -s %c", row->letter);
    printf(" -l %s", row->name);
    if (value == COMPLETE_WORDS)
        printf(row->optional ? " -f -a '%s'" : " -x -a '%s'", words);
    else if (!row->optional)
        fputs(arguments[value], stdout);
    fputs(" -d '", stdout);
    completion_text(row->help, "\\", quote);
    puts("'");
}

void completion_fish(const struct command *commands, size_t count)
{
    puts("# Completion of rdbferry for fish; made by: rdbferry help --completion fish");
    for (size_t i = 0; i < count; i++) {
        printf("complete -c rdbferry -n __fish_use_subcommand -f -a %s -d '", commands[i].name);
        completion_text(commands[i].summary, "\\", quote);
        puts("'");
    }
    fputs("complete -c rdbferry -n '__fish_seen_subcommand_from help' -f -a '", stdout);
    for (size_t i = 0; i < count; i++)
        printf("%s ", commands[i].name);
    puts("rules'\n"
         "complete -c rdbferry -n '__fish_seen_subcommand_from help' -x -l completion -a 'bash zsh fish'");
    for (size_t i = 0; i < count; i++)
        if (commands[i].table)
            completion_each((*commands[i].table)->rows, print_option, &commands[i]);
}
