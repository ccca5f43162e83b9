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

enum { NAME_COLUMN = 18, GAP = 2, SHORTEST_BAR = 3, SHORTEST_TEXT = 16 };

static const int widths[] = {
    [TABLE_NUMBER] = 10, [TABLE_SIZE] = 10, [TABLE_SHARE] = 8, [TABLE_DURATION] = 12};

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
    bool limited;
    size_t width = terminal_columns(STDOUT_FILENO, &limited);
    return (struct table){
        .colour = terminal_has_colour(STDOUT_FILENO),
        .blocks = terminal_at(STDOUT_FILENO) && locale_has_utf8(),
        .width = width,
        .limited = limited,
    };
}

/* --- widths ------------------------------------------------------------------------------------------- */

/* What these columns take, without a text. */
static size_t width_of(const struct table_column *columns)
{
    size_t width = 0;
    for (; columns->cell && columns->cell != TABLE_TEXT; columns++)
        width += columns->cell == TABLE_NAME ? GAP + NAME_COLUMN : (size_t)widths[columns->cell];
    return width + GAP;
}

unsigned table_bar_width(const struct table *table, const struct table_column *columns)
{
    size_t used = width_of(columns);
    size_t left = table->width > used ? table->width - used : 0;
    return left < SHORTEST_BAR ? 0 : left < TABLE_BAR ? (unsigned)left : TABLE_BAR;
}

size_t table_text_size(const struct table *table, const struct table_column *columns, size_t most)
{
    size_t used = width_of(columns);
    size_t left = table->width > used + SHORTEST_TEXT ? table->width - used : SHORTEST_TEXT;
    left += CHARACTER_TEXT; /* text_readable() keeps room for it, which it does not need */
    return table->limited && left < most ? left : most;
}

/* --- lines -------------------------------------------------------------------------------------------- */

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
    printf("\n%s%-*s%s%s", table->colour ? "\033[1m" : "", extras && columns->cell ? NAME_COLUMN + GAP : 0,
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
    snprintf(text, sizeof text, "%.1f%%", text_percent(part, total));
    put_cell(TABLE_SHARE, text, false);
}

void table_duration(uint64_t seconds)
{
    char text[DURATION_TEXT];
    bool is_known = seconds != UINT64_MAX;
    put_cell(TABLE_DURATION, is_known ? text_duration(seconds, text) : "-", is_known);
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
    part = width > 0 ? part : 0;
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
