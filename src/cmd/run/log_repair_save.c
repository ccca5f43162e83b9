/* SPDX-License-Identifier: MIT */
/* Saves the damaged bytes of logs beside the output:
 *
 *     #damaged <offset> <length> <path>\n<bytes>\n      for each stretch */
#include "base/fail.h"
#include "cmd/run/log_repair.h"
#include "cmd/run/session.h"
#include "cmd/term/message.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static rf_code cannot_write(const char *path, rf_error *error)
{
    rf_code code = errno == EEXIST ? RF_E_EXISTS : RF_E_WRITE;
    return fail_errno(error, code, "cannot write the damaged bytes to '%s'", path);
}

static rf_code copy(int from, uint64_t offset, uint64_t length, FILE *out, rf_error *error)
{
    char block[64 * 1024];
    while (length > 0) {
        ssize_t n = pread(from, block, length < sizeof block ? (size_t)length : sizeof block, (off_t)offset);
        if (n <= 0)
            return fail_errno(error, RF_E_READ, "cannot read the damaged bytes");
        fwrite(block, 1, (size_t)n, out);
        offset += (uint64_t)n;
        length -= (uint64_t)n;
    }
    return RF_OK;
}

static rf_code save_one(const struct session *session, const struct log_damage *damage, FILE *out,
                        rf_error *error)
{
    const struct input *input = &session->inputs[damage->input];
    int held = rf_files_descriptor(&session->options->inputs, damage->input);
    int from = held >= 0 ? held : open(input->path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return fail_errno(error, RF_E_READ, "cannot read the damaged bytes");
    fprintf(out, "#damaged %" PRIu64 " %" PRIu64 " %s\n", damage->offset, damage->length, input->path);
    rf_code code = copy(from, damage->offset, damage->length, out, error);
    putc('\n', out);
    if (held < 0)
        close(from);
    return code;
}

/* Offsets in a compressed file are not those of its bytes. */
static bool is_compressed(const struct session *session)
{
    for (size_t i = 0; i < session->log.repair.count; i++)
        if (*session->inputs[session->log.repair.damages[i].input].layers)
            return true;
    return false;
}

static rf_code save_all(const struct session *session, const char *path, rf_error *error)
{
    rf_code code = RF_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot_write(path, error);
    FILE *out = fdopen(fd, "w");
    for (size_t i = 0; out && i < session->log.repair.count && code == RF_OK; i++)
        code = save_one(session, &session->log.repair.damages[i], out, error);
    bool written = out && fflush(out) == 0 && fsync(fd) == 0;
    if (code == RF_OK && !written)
        code = cannot_write(path, error);
    if (out)
        fclose(out);
    else
        close(fd);
    if (code != RF_OK)
        unlink(path);
    return code;
}

rf_code log_repair_save(struct session *session, const char *output, rf_error *error)
{
    struct log_repair *repair = &session->log.repair;
    const char *why_not = !output                  ? "there is no output file"
                          : is_dash(output)        ? "the output is stdout"
                          : is_compressed(session) ? "an input is compressed"
                                                   : NULL;
    char *path;
    if (repair->count == 0)
        return RF_OK;
    if (why_not) {
        message_warning("the damaged bytes are not saved: %s", why_not);
        return RF_OK;
    }
    size_t length = strlen(output);
    while (length > 1 && output[length - 1] == '/')
        length--;
    if (asprintf(&path, "%.*s.damaged", (int)length, output) < 0)
        return fail(error, RF_E_MEMORY, "out of memory");
    rf_code code = save_all(session, path, error);
    if (code == RF_OK)
        repair->saved_as = path;
    else
        free(path);
    if (code == RF_OK)
        message_summary("the damaged bytes are in %s", path);
    return code;
}

void log_repair_discard(struct log_repair *repair)
{
    if (repair->saved_as)
        unlink(repair->saved_as);
}
