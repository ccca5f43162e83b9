/* SPDX-License-Identifier: MIT */
/* Has the assembler include the files. The paths are relative to the directory in which the compiler runs;
 * the Makefile names the files as dependencies. */
#include "cmd/page/page_files.h"
#include <stddef.h>

/* clang-format off */
#define EMBED(symbol, path)                           \
    __asm__(".pushsection .rodata\n"                  \
            ".hidden " #symbol ", " #symbol "_end\n"  \
            ".global " #symbol ", " #symbol "_end\n"  \
            #symbol ":\n"                             \
            ".incbin \"src/cmd/page/" path "\"\n"     \
            #symbol "_end:\n"                         \
            ".popsection\n");                         \
    extern const char symbol[], symbol##_end[]
/* clang-format on */

#define FILE_OF(symbol)      \
    {                        \
        symbol, symbol##_end \
    }

EMBED(page_head_html, "head.html");
EMBED(page_style_css, "style.css");
EMBED(page_body_html, "body.html");
EMBED(page_text_js, "text.js");
EMBED(page_table_js, "table.js");
EMBED(page_charts_js, "charts.js");
EMBED(page_treemap_js, "treemap.js");
EMBED(page_inspect_js, "inspect.js");
EMBED(page_diff_js, "diff.js");
EMBED(page_main_js, "main.js");

const struct page_file page_head = FILE_OF(page_head_html);
const struct page_file page_style = FILE_OF(page_style_css);
const struct page_file page_body = FILE_OF(page_body_html);
const struct page_file page_scripts[] = {
    FILE_OF(page_text_js),    FILE_OF(page_table_js), FILE_OF(page_charts_js), FILE_OF(page_treemap_js),
    FILE_OF(page_inspect_js), FILE_OF(page_diff_js),  FILE_OF(page_main_js),   {NULL, NULL},
};
