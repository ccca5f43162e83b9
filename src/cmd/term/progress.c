/* SPDX-License-Identifier: MIT */
/* The progress line:
 *      43%  120 MB of 280 MB  1234567 keys  95 MB/s  0:02 left
 * without percentage, total and remaining time if the total is unknown. */
#include "cmd/term/progress.h"
#include "cmd/term/message.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void progress_start(struct progress *progress, uint64_t total)
{
    *progress = (struct progress){.total = total, .lock = PTHREAD_MUTEX_INITIALIZER};
    clock_gettime(CLOCK_MONOTONIC, &progress->start);
}

static uint64_t bytes_done(const struct progress *progress)
{
    uint64_t decoded, file = 0;
    if (progress->reader)
        rf_reader_position(progress->reader, &decoded, &file);
    return progress->done + file;
}

void progress_enter(struct progress *progress, const rf_reader *reader)
{
    pthread_mutex_lock(&progress->lock);
    progress->reader = reader;
    pthread_mutex_unlock(&progress->lock);
}

void progress_leave(struct progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    progress->done = bytes_done(progress);
    progress->reader = NULL;
    pthread_mutex_unlock(&progress->lock);
}

void progress_extend(struct progress *progress, uint64_t bytes)
{
    pthread_mutex_lock(&progress->lock);
    if (progress->total)
        progress->total += bytes;
    pthread_mutex_unlock(&progress->lock);
}

void progress_note(struct progress *progress, const char *note)
{
    pthread_mutex_lock(&progress->lock);
    snprintf(progress->note, sizeof progress->note, "%s", note);
    pthread_mutex_unlock(&progress->lock);
}

double progress_seconds(const struct progress *progress)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - progress->start.tv_sec) +
           (double)(now.tv_nsec - progress->start.tv_nsec) / 1e9;
}

/* Appends like snprintf, up to the end of the buffer. */
__attribute__((format(printf, 3, 4))) static void append(char *line, size_t size, const char *format, ...)
{
    size_t length = strlen(line);
    va_list args;

    va_start(args, format);
    vsnprintf(line + length, size - length, format, args);
    va_end(args);
}

void progress_bytes(struct progress *progress, uint64_t *done, uint64_t *total)
{
    pthread_mutex_lock(&progress->lock);
    *done = bytes_done(progress);
    *total = progress->total;
    pthread_mutex_unlock(&progress->lock);
}

void progress_draw(struct progress *progress)
{
    uint64_t keys = atomic_load_explicit(&progress->keys, memory_order_relaxed);
    uint64_t commands = atomic_load_explicit(&progress->commands, memory_order_relaxed);
    uint64_t total, done;
    double rate;
    char line[160 + sizeof progress->note] = "", note[sizeof progress->note], text[SIZE_TEXT];
    progress_bytes(progress, &done, &total);
    pthread_mutex_lock(&progress->lock);
    memcpy(note, progress->note, sizeof note);
    pthread_mutex_unlock(&progress->lock);
    rate = (double)done / progress_seconds(progress);
    if (total)
        append(line, sizeof line, "%3.0f%%  ", 100.0 * (double)done / (double)total);
    append(line, sizeof line, "%s", text_size(done, text));
    if (total)
        append(line, sizeof line, " of %s", text_size(total, text));
    append(line, sizeof line, "  %" PRIu64 " keys", keys);
    if (commands)
        append(line, sizeof line, "  %" PRIu64 " commands", commands);
    append(line, sizeof line, "  %s/s", text_size((uint64_t)rate, text));
    if (total > done && done) {
        uint64_t left = (uint64_t)((double)(total - done) / rate);
        append(line, sizeof line, "  %" PRIu64 ":%02" PRIu64 " left", left / 60, left % 60);
    }
    append(line, sizeof line, "%s%s", *note ? "  " : "", note);
    message_progress(line);
}
