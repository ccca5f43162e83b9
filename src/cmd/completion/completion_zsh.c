/* SPDX-License-Identifier: MIT */
/* Completion for zsh: a function for each command, with an argument of _arguments for each option. */
#include "cmd/completion/completion.h"
#include <stdio.h>

static const char quote[] = "'\\''"; /* in single quotes */

/* "'*--to=[how]:HOW:(aof rdb)'". What is given twice is allowed: most options combine. */
static void print_option(const struct option_row *row, const void *ctx)
{
    static const char *const actions[] = {
        [COMPLETE_ANY] = "", [COMPLETE_FILE] = "_files", [COMPLETE_DIRECTORY] = "_files -/"};
    char words[COMPLETION_WORDS];
    enum completion_value value = completion_value_of(row, words);
    const char *sign = row->optional ? "=-" : value == COMPLETE_NOTHING ? "" : "=";
    (void)ctx;
    if (row->letter)
        printf("        '*'{-%c%s,--%s%s}'[", row->letter, *sign ? "+" : "", row->name, sign);
    else
        printf("        '*--%s%s[", row->name, sign);
    completion_text(row->help, "[]\\", quote);
    putchar(']');
    if (value != COMPLETE_NOTHING) {
        printf("%s", row->optional ? "::" : ":");
        completion_text(row->argument, ":\\", quote);
        printf(value == COMPLETE_WORDS ? ":(%s)" : ":%s", value == COMPLETE_WORDS ? words : actions[value]);
    }
    puts("' \\");
}

static void print_command(const struct command *command)
{
    printf("_rdbferry_%s() {\n    _arguments -s -S \\\n", command->name);
    completion_each((*command->table)->rows, print_option, NULL);
    puts("        '*:INPUT:_files'\n}\n");
}

void completion_zsh(const struct command *commands, size_t count)
{
    puts("#compdef rdbferry\n# Completion of rdbferry for zsh; made by: rdbferry help --completion zsh\n");
    for (size_t i = 0; i < count; i++)
        if (commands[i].table)
            print_command(&commands[i]);
    puts("_rdbferry_help() {\n"
         "    _arguments '--completion=[print a completion script]:SHELL:(bash zsh fish)' \\\n"
         "        '*:COMMAND:_rdbferry_commands'\n"
         "}\n\n"
         "_rdbferry_commands() {\n"
         "    local -a commands=(");
    for (size_t i = 0; i < count; i++) {
        printf("        '%s:", commands[i].name);
        completion_text(commands[i].summary, ":\\", quote);
        puts("'");
    }
    puts("    )\n"
         "    _describe command commands\n"
         "}\n\n"
         "_rdbferry() {\n"
         "    if ((CURRENT == 2)); then\n"
         "        _rdbferry_commands\n"
         "    else\n"
         "        shift words\n"
         "        ((CURRENT--))\n"
         "        if (($+functions[_rdbferry_$words[1]])); then\n"
         "            _rdbferry_$words[1]\n"
         "        fi\n"
         "    fi\n"
         "}\n\n"
         "if [[ $funcstack[1] == _rdbferry ]]; then\n"
         "    _rdbferry \"$@\"\n"
         "else\n"
         "    compdef _rdbferry rdbferry\n"
         "fi");
}
