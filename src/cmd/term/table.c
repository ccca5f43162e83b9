/* SPDX-License-Identifier: MIT */
/* Headings, cells and bars of a text report. */
#include "cmd/term/table.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { NAME_COLUMN = 20 };

static const int widths[] = {[TABLE_NUMBER] = 12, [TABLE_SIZE] = 10, [TABLE_SHARE] = 8};

/* The character encoding that the environment selects, as setlocale() would read it. */
static bool locale_has_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *value = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !(value && *value); i++)
        value = getenv(names[i]);
    return value && (strcasestr(value, "UTF-8") || strcasestr(value, "utf8"));
}

struct table table_begin(void)
{
    return (struct table){
        .colour = terminal_has_colour(STDOUT_FILENO),
        .blocks = terminal_at(STDOUT_FILENO) && locale_has_utf8(),
    };
}

static void put_title(const struct table_column *column)
{
    if (column->cell == TABLE_NAME)
        table_name(column->title);
    else if (column->cell == TABLE_TEXT)
        table_text(column->title);
    else
        printf("%*s", widths[column->cell], column->title);
}

void table_heading(const struct table *table, const char *title, const struct table_column *columns)
{
    bool extras = columns->cell == TABLE_NAME;
    columns += extras;
    printf("\n%s%-*s%s%s", table->colour ? "\033[1m" : "", extras && columns->cell ? NAME_COLUMN + 2 : 0,
           title, table->colour ? "\033[0m" : "", extras ? "" : "\n");
    for (; columns->cell; columns++)
        put_title(columns);
    table_end_line();
}

void table_name(const char *name)
{
    printf("  %-*s", NAME_COLUMN, name);
}

static void put_cell(enum table_cell cell, const char *text, bool is_estimate)
{
    char marked[64];
    snprintf(marked, sizeof marked, "%s%s", is_estimate ? "~" : "", text);
    printf("%*s", widths[cell], marked);
}

void table_number(uint64_t number, bool is_estimate)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, number);
    put_cell(TABLE_NUMBER, text, is_estimate);
}

void table_size(uint64_t bytes, bool is_estimate)
{
    char text[SIZE_TEXT];
    put_cell(TABLE_SIZE, text_size(bytes, text), is_estimate);
}

void table_share(uint64_t part, uint64_t total)
{
    char text[32];
    snprintf(text, sizeof text, "%.1f%%", total ? 100.0 * (double)part / (double)total : 0.0);
    put_cell(TABLE_SHARE, text, false);
}

void table_text(const char *text)
{
    printf("  %s", text);
}

/* In eighths of a character, or whole characters; a value above 0 is always visible. */
void table_bar(const struct table *table, uint64_t part, uint64_t total, unsigned width)
{
    static const char *const blocks[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double share = total ? (double)part / (double)total : 0;
    unsigned eighths = (unsigned)(share * width * 8 + 0.5);
    if (part > 0)
        printf("  %s", table->colour ? "\033[36m" : "");
    if (part > 0 && eighths < (table->blocks ? 1 : 8))
        eighths = table->blocks ? 1 : 8;
    for (; eighths >= 8; eighths -= 8)
        fputs(table->blocks ? "█" : "#", stdout);
    fputs(table->blocks ? blocks[eighths] : "", stdout);
    if (part > 0 && table->colour)
        fputs("\033[0m", stdout);
    table_end_line();
}

void table_end_line(void)
{
    putchar('\n');
}
