/* SPDX-License-Identifier: MIT */
/* Inputs that are not files but live servers: opened by their provider, or captured in a temporary file. */
#include "aof/provided_files.h"
#include "aof/file_list.h"
#include "base/fail.h"
#include "io/anon_file.h"
#include "io/source.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

rf_code files_add_provided(rf_files *files, const char *name, struct files_provider provider, rf_error *error)
{
    return file_list_add(files, strdup(name), (struct rf_file){.fd = -1, .size = -1, .provider = provider},
                         error);
}

void *files_provided(const rf_files *files, size_t number, void (*free_ctx)(void *ctx))
{
    const struct files_provider *provider = &files->found[number].provider;
    return provider->free == free_ctx ? provider->ctx : NULL;
}

bool rf_files_is_live(const rf_files *files, size_t number)
{
    return files->found[number].provider.ctx != NULL;
}

rf_server rf_files_server(const rf_files *files, size_t number)
{
    return files->found[number].provider.server;
}

rf_code file_list_open_provided(struct rf_file *input_file, const char *path, rf_source **out,
                                rf_error *error)
{
    if (input_file->provided && !input_file->provider.repeatable)
        return fail(error, RF_E_ARGUMENT, "%s cannot be read twice", path);
    TRY(input_file->provider.open(input_file->provider.ctx, out, error));
    input_file->provided = true;
    return RF_OK;
}

static rf_code copy_source(rf_source *source, int fd, int64_t *size, rf_error *error)
{
    enum { BLOCK = 512 * 1024 };
    uint8_t *block = malloc(BLOCK);
    size_t n = 1;
    rf_code code = block ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
    for (*size = 0; code == RF_OK && n > 0; *size += (int64_t)n) {
        code = source_read(source, block, BLOCK, &n, error);
        if (code == RF_OK)
            code = anon_file_write(fd, (rf_slice){block, n}, error);
    }
    free(block);
    return code;
}

/* *begun: it could be opened. What has arrived before an error is of no use. */
static rf_code try_capture(const struct rf_file *input_file, bool *begun, int *fd, int64_t *size,
                           rf_error *error)
{
    rf_source *source;
    *begun = false;
    TRY(input_file->provider.open(input_file->provider.ctx, &source, error));
    *begun = true;
    rf_code code = anon_file_open(fd, error);
    if (code == RF_OK) {
        code = copy_source(source, *fd, size, error);
        if (code != RF_OK)
            close(*fd);
    }
    rf_source_close(source);
    return code;
}

rf_code rf_files_capture(const rf_files *files, size_t number, rf_error *error)
{
    enum { CAPTURE_TRIES = 3 };
    struct rf_file *input_file = &files->found[number];
    int fd = -1;
    int64_t size = 0;
    bool begun = true;
    rf_code code = RF_E_UNAVAILABLE;
    if (!input_file->provider.ctx || input_file->provider.repeatable || input_file->fd >= 0)
        return RF_OK;
    for (int i = 0; i < CAPTURE_TRIES && begun && code == RF_E_UNAVAILABLE; i++)
        code = try_capture(input_file, &begun, &fd, &size, error);
    TRY(code);
    input_file->fd = fd;
    input_file->size = size;
    return RF_OK;
}

void rf_files_release(const rf_files *files, size_t number)
{
    struct rf_file *input_file = &files->found[number];
    if (!input_file->provider.ctx || input_file->fd < 0)
        return;
    close(input_file->fd);
    input_file->fd = -1;
}
