/* SPDX-License-Identifier: MIT */
/* Completion for bash: for each command the names of its options, and for each option that takes an argument
 * what to complete: "@file", "@directory", "@any" or a list of words. */
#include "cmd/completion/completion.h"
#include <stdio.h>

static void print_name(const struct option_row *row, const void *ctx)
{
    (void)ctx;
    printf(" --%s", row->name);
}

static void print_value(const struct option_row *row, const void *ctx)
{
    static const char *const marks[] = {
        [COMPLETE_ANY] = "@any", [COMPLETE_FILE] = "@file", [COMPLETE_DIRECTORY] = "@directory"};
    char words[COMPLETION_WORDS];
    enum completion_value value = completion_value_of(row, words);
    (void)ctx;
    if (value == COMPLETE_NOTHING)
        return;
    if (row->letter)
        printf("        -%c | --%s)", row->letter, row->name);
    else
        printf("        --%s)", row->name);
    printf(" values='%s' ;;\n", value == COMPLETE_WORDS ? words : marks[value]);
}

static void print_command(const struct command *command)
{
    const struct option_row *rows = (*command->table)->rows;
    printf("    %s)\n        options='", command->name);
    completion_each(rows, print_name, NULL);
    fputs("'\n        case $prev in\n", stdout);
    completion_each(rows, print_value, NULL);
    fputs("        esac\n        ;;\n", stdout);
}

void completion_bash(const struct command *commands, size_t count)
{
    fputs("# Completion of rdbferry for bash; made by: rdbferry help --completion bash\n\n"
          "_rdbferry() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} options='' values=''\n"
          "    local commands='",
          stdout);
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i > 0 ? " " : "", commands[i].name);
    fputs("'\n"
          "    # bash splits --option=value into three words.\n"
          "    if [[ $cur == = ]]; then\n"
          "        cur=''\n"
          "    elif [[ $prev == = ]]; then\n"
          "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
          "    fi\n"
          "    case $((COMP_CWORD > 1)):${COMP_WORDS[1]} in\n"
          "    0:*) values=\"$commands --help --version\" ;;\n"
          "    1:help)\n"
          "        values=\"$commands rules --completion\"\n"
          "        [[ $prev != --completion ]] || values='bash zsh fish'\n"
          "        ;;\n"
          "    esac\n"
          "    case ${COMP_WORDS[1]} in\n",
          stdout);
    for (size_t i = 0; i < count; i++)
        if (commands[i].table)
            print_command(&commands[i]);
    fputs("    esac\n"
          "    COMPREPLY=()\n"
          "    [[ -n $values || $cur != -* ]] || values=$options\n"
          "    case $values in\n"
          "    @any) ;;\n"
          "    @directory) compopt -o dirnames ;;\n"
          "    '' | @file) compopt -o default ;;\n"
          "    *) mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$cur\") ;;\n"
          "    esac\n"
          "}\n"
          "complete -F _rdbferry rdbferry\n",
          stdout);
}
