/* SPDX-License-Identifier: MIT */
/* Puts the page together in memory, so that it is written completely or not at all. */
#include "cmd/page/page.h"
#include "cmd/page/page_files.h"
#include "cmd/run/files.h"
#include "cmd/run/paths.h"
#include "cmd/term/message.h"
#include "cmd/term/status.h"
#include <rdbferry/sink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- options ------------------------------------------------------------------------------------------ */

#define AT(member) .offset = offsetof(struct page_options, member)

const struct option_row page_rows[] = {
    {OPTION_STRING, 0, "html", "FILE", "also write the report as a web page", AT(path)},
    {OPTION_FLAG, 0, "force", .help = "with --html: replace an existing FILE", AT(force)},
    {.kind = OPTION_END},
};

static bool is_taken(const struct page_options *options)
{
    struct stat there;
    return !options->force && !is_dash(options->path) && stat(options->path, &there) == 0 &&
           S_ISREG(there.st_mode);
}

bool page_options_check(const struct page_options *options, const struct common_options *common,
                        const char *command, int *status)
{
    *status = STATUS_USAGE;
    if (!options->path)
        return !options->force || message_usage(command, "--force requires --html");
    if (common->report && same_path(options->path, common->report))
        return message_usage(command, "--html and --report name the same file");
    if (!inputs_differ_from(common, options->path, "the page", command))
        return false;
    *status = STATUS_OUTPUT;
    if (is_taken(options)) {
        message_error("%s: already exists; use --force to replace it", options->path);
        return false;
    }
    if (!save_check(options->path, "the page"))
        return false;
    remove_leftovers(options->path, NULL);
    return true;
}

/* --- the page ----------------------------------------------------------------------------------------- */

static void put_file(FILE *out, const struct page_file *file)
{
    fwrite(file->begin, 1, (size_t)(file->end - file->begin), out);
}

/* JSON as the content of a script element: what could end the element, or begin another, is in strings
 * only, where it can be escaped. */
static void put_data(FILE *out, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (strchr("<>&", data[i]) && data[i])
            fprintf(out, "\\u%04x", (unsigned char)data[i]);
        else
            putc(data[i], out);
    }
}

static bool put_json(FILE *out, void (*put)(struct json *json, const void *ctx), const void *ctx)
{
    char *data = NULL;
    size_t size = 0;
    struct json json = {.out = open_memstream(&data, &size), .one_line = true};
    if (!json.out)
        return false;
    put(&json, ctx);
    bool good = !ferror(json.out);
    good = fclose(json.out) == 0 && good;
    if (good)
        put_data(out, data, size);
    free(data);
    return good;
}

struct content {
    void (*put)(struct json *json, const void *ctx);
    const void *ctx;
};

static bool make_page(FILE *out, const void *ctx)
{
    const struct content *content = ctx;
    put_file(out, &page_head);
    fputs("<style>\n", out);
    put_file(out, &page_style);
    fputs("</style>\n", out);
    put_file(out, &page_body);
    fputs("<script type=\"application/json\" id=\"data\">", out);
    if (!put_json(out, content->put, content->ctx))
        return false;
    fputs("</script>\n<script>\n\"use strict\";\n(() => {\n", out);
    for (const struct page_file *script = page_scripts; script->begin; script++)
        put_file(out, script);
    fputs("})();\n</script>\n</body>\n</html>\n", out);
    return true;
}

bool page_save(const struct page_options *options, void (*put)(struct json *json, const void *ctx),
               const void *ctx)
{
    const struct content content = {put, ctx};
    return save_made(options->path, "the page", options->force ? RF_SAVE_IN_PLACE : RF_SAVE_NEW, make_page,
                     &content);
}
