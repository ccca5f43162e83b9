/* SPDX-License-Identifier: MIT */
/* What the completion scripts of all shells have in common. */
#include "cmd/completion/completion.h"
#include "cmd/options/output_options.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <rdbferry/entry.h>
#include <rdbferry/version.h>
#include <stdio.h>
#include <string.h>

static void add_word(char words[COMPLETION_WORDS], const char *word)
{
    size_t used = strlen(words);
    snprintf(words + used, COMPLETION_WORDS - used, "%s%s", used ? " " : "", word);
}

static void add_releases(char words[COMPLETION_WORDS])
{
    const rf_server oldest = output_options_min_version(&(struct output_options){0});
    rf_server release;
    for (size_t i = 0; rf_server_release(i, &release); i++) {
        char text[32];
        if (!rf_server_at_least(release, oldest))
            continue;
        rf_server_format(release, text, sizeof text);
        *strchr(text, ' ') = '-';
        add_word(words, text);
    }
}

static void add_types(char words[COMPLETION_WORDS])
{
    for (int type = 0; type < RF_TYPE_COUNT; type++)
        add_word(words, rf_type_name((rf_type)type));
}

enum completion_value completion_value_of(const struct option_row *row, char words[COMPLETION_WORDS])
{
    static const struct {
        const char *argument;
        enum completion_value value;
    } kinds[] = {
        {"FILE", COMPLETE_FILE},     {"OUT", COMPLETE_FILE},       {"PATH", COMPLETE_FILE},
        {"FILE|URL", COMPLETE_FILE}, {"INPUT|URL", COMPLETE_FILE}, {"DIR", COMPLETE_DIRECTORY},
    };
    *words = '\0';
    if (!row->argument)
        return COMPLETE_NOTHING;
    for (const struct option_choice *choice = row->choices; choice && choice->name; choice++)
        add_word(words, choice->name);
    if (row->kind == OPTION_SERVER)
        add_releases(words);
    if (strcmp(row->name, "type") == 0 || strcmp(row->name, "no-type") == 0)
        add_types(words);
    if (*words)
        return COMPLETE_WORDS;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(row->argument, kinds[i].argument) == 0)
            return kinds[i].value;
    return COMPLETE_ANY;
}

void completion_each(const struct option_row *rows,
                     void (*on_option)(const struct option_row *row, const void *ctx), const void *ctx)
{
    for (const struct option_row *row = rows; row->kind != OPTION_END; row++) {
        if (row->kind == OPTION_INCLUDE)
            completion_each(row->include, on_option, ctx);
        else if (row->kind != OPTION_HEADING)
            on_option(row, ctx);
    }
}

static void print_character(char c, const char *special, const char *quote)
{
    if (c == '\'')
        fputs(quote, stdout);
    else
        printf("%s%c", strchr(special, c) ? "\\" : "", c);
}

void completion_text(const char *text, const char *special, const char *quote)
{
    static const char space[] = " \n";
    bool is_first = true;
    for (const char *word = text; *(word += strspn(word, space)); is_first = false) {
        if (!is_first)
            putchar(' ');
        for (; !strchr(space, *word); word++)
            print_character(*word, special, quote);
    }
}

int completion_print(const char *shell, const struct command *commands, size_t count)
{
    static const struct {
        const char *name;
        void (*print)(const struct command *commands, size_t count);
    } shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].print(commands, count);
            return STATUS_DONE;
        }
    }
    message_usage(NULL, "option '--completion': invalid argument '%s'; expected one of bash, zsh, fish",
                  shell);
    return STATUS_USAGE;
}
