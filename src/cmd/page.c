/* SPDX-License-Identifier: MIT */
/* Headings, cells and bars of a text report. */
#include "page.h"
#include "terminal.h"
#include "text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { NAME_COLUMN = 20 };

static const int widths[] = {[PAGE_NUMBER] = 12, [PAGE_SIZE] = 10, [PAGE_SHARE] = 8};

/* The character encoding that the environment selects, as setlocale() would read it. */
static bool locale_has_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *value = NULL;

    for (size_t i = 0; i < sizeof names / sizeof *names && !(value && *value); i++)
        value = getenv(names[i]);
    return value && (strcasestr(value, "UTF-8") || strcasestr(value, "utf8"));
}

struct page page_begin(void)
{
    return (struct page){
        .colour = terminal_has_colour(STDOUT_FILENO),
        .blocks = terminal_at(STDOUT_FILENO) && locale_has_utf8(),
    };
}

static void put_title(const struct page_column *column)
{
    if (column->cell == PAGE_NAME)
        page_name(column->title);
    else if (column->cell == PAGE_TEXT)
        page_text(column->title);
    else
        printf("%*s", widths[column->cell], column->title);
}

void page_heading(const struct page *page, const char *title, const struct page_column *columns)
{
    bool beside = columns->cell == PAGE_NAME;

    columns += beside;
    printf("\n%s%-*s%s%s", page->colour ? "\033[1m" : "", beside && columns->cell ? NAME_COLUMN + 2 : 0,
           title, page->colour ? "\033[0m" : "", beside ? "" : "\n");
    for (; columns->cell; columns++)
        put_title(columns);
    page_end_line();
}

void page_name(const char *name)
{
    printf("  %-*s", NAME_COLUMN, name);
}

static void put_cell(enum page_cell cell, const char *text, bool is_estimate)
{
    char marked[64];

    snprintf(marked, sizeof marked, "%s%s", is_estimate ? "~" : "", text);
    printf("%*s", widths[cell], marked);
}

void page_number(uint64_t number, bool is_estimate)
{
    char text[32];

    snprintf(text, sizeof text, "%" PRIu64, number);
    put_cell(PAGE_NUMBER, text, is_estimate);
}

void page_size(uint64_t bytes, bool is_estimate)
{
    char text[SIZE_TEXT];

    put_cell(PAGE_SIZE, text_size(bytes, text), is_estimate);
}

void page_share(uint64_t part, uint64_t whole)
{
    char text[32];

    snprintf(text, sizeof text, "%.1f%%", whole ? 100.0 * (double)part / (double)whole : 0.0);
    put_cell(PAGE_SHARE, text, false);
}

void page_text(const char *text)
{
    printf("  %s", text);
}

/* In eighths of a character, or whole characters; a value above 0 is always visible. */
void page_bar(const struct page *page, uint64_t part, uint64_t whole, unsigned width)
{
    static const char *const blocks[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double share = whole ? (double)part / (double)whole : 0;
    unsigned eighths = (unsigned)(share * width * 8 + 0.5);

    if (part > 0)
        printf("  %s", page->colour ? "\033[36m" : "");
    if (part > 0 && eighths < (page->blocks ? 1 : 8))
        eighths = page->blocks ? 1 : 8;
    for (; eighths >= 8; eighths -= 8)
        fputs(page->blocks ? "█" : "#", stdout);
    fputs(page->blocks ? blocks[eighths] : "", stdout);
    if (part > 0 && page->colour)
        fputs("\033[0m", stdout);
    page_end_line();
}

void page_end_line(void)
{
    putchar('\n');
}
