/* SPDX-License-Identifier: MIT */
/* The progress line:
 *      43%  120 MB of 280 MB  1234567 keys  95 MB/s  0:02 left
 * without percentage, total and remaining time if the total is unknown. Fields that do not fit are left out.
 */
#include "cmd/term/progress.h"
#include "cmd/term/message.h"
#include "cmd/term/terminal.h"
#include "cmd/term/text.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_INTERVAL 10.0 /* seconds */
#define READ_AHEAD_MAX (UINT64_C(16) << 20)
#define STALLED_AFTER  3.0 /* seconds without any change */
#define ETA_AFTER      2.0 /* seconds of a phase; before, the speed is that of filling buffers */

/* --- updating ------------------------------------------------------------------------------------------ */

static double lines_interval(void)
{
    const char *test = getenv("RDBFERRY_TEST_PROGRESS_MS");
    return test ? strtod(test, NULL) / 1000 : LINES_INTERVAL;
}

void progress_start(struct progress *progress, uint64_t total, bool as_lines)
{
    double interval = lines_interval();
    *progress = (struct progress){.total = total,
                                  .as_lines = as_lines,
                                  .acked = PROGRESS_READ,
                                  .view = {.next_line = interval, .lines_interval = interval},
                                  .lock = PTHREAD_MUTEX_INITIALIZER};
    progress->view.samples[progress->view.count++] = (struct progress_sample){0};
    clock_gettime(CLOCK_MONOTONIC, &progress->start);
}

static uint64_t bytes_read(const struct progress *progress)
{
    uint64_t decoded, file = 0;
    if (progress->reader)
        rf_reader_position(progress->reader, &decoded, &file);
    return progress->done + file;
}

/* Without what has been read in advance; within a large value, about. */
static uint64_t bytes_used(const struct progress *progress)
{
    uint64_t acked = atomic_load_explicit(&progress->acked, memory_order_relaxed);
    uint64_t decoded, file, used = atomic_load_explicit(&progress->offset, memory_order_relaxed);
    if (acked != PROGRESS_READ)
        return acked;
    if (!progress->reader)
        return progress->done;
    rf_reader_position(progress->reader, &decoded, &file);
    if (decoded > READ_AHEAD_MAX && decoded - READ_AHEAD_MAX > used)
        used = decoded - READ_AHEAD_MAX;
    return progress->done +
           (used < decoded ? (uint64_t)((double)file * ((double)used / (double)decoded)) : file);
}

void progress_phase(struct progress *progress, const char *name, uint64_t total)
{
    pthread_mutex_lock(&progress->lock);
    progress->done_before += bytes_read(progress);
    progress->total_before += progress->total;
    progress->phase++;
    progress->name = name;
    progress->total = total;
    progress->reader = NULL;
    progress->done = 0;
    progress->note[0] = progress->waits_for[0] = '\0';
    atomic_store(&progress->phase_keys, 0);
    atomic_store(&progress->acked, PROGRESS_READ);
    pthread_mutex_unlock(&progress->lock);
}

bool progress_is_main(struct progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    bool is_main = progress->name == NULL;
    pthread_mutex_unlock(&progress->lock);
    return is_main;
}

void progress_enter(struct progress *progress, const rf_reader *reader)
{
    pthread_mutex_lock(&progress->lock);
    progress->reader = reader;
    atomic_store(&progress->offset, 0);
    pthread_mutex_unlock(&progress->lock);
}

void progress_leave(struct progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    progress->done = bytes_read(progress);
    progress->reader = NULL;
    pthread_mutex_unlock(&progress->lock);
}

void progress_note(struct progress *progress, const char *note)
{
    pthread_mutex_lock(&progress->lock);
    snprintf(progress->note, sizeof progress->note, "%s", note);
    pthread_mutex_unlock(&progress->lock);
}

void progress_waits_for(struct progress *progress, const char *text)
{
    pthread_mutex_lock(&progress->lock);
    snprintf(progress->waits_for, sizeof progress->waits_for, "%s", text);
    pthread_mutex_unlock(&progress->lock);
}

double progress_seconds(const struct progress *progress)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - progress->start.tv_sec) +
           (double)(now.tv_nsec - progress->start.tv_nsec) / 1e9;
}

void progress_bytes(struct progress *progress, uint64_t *done, uint64_t *total)
{
    pthread_mutex_lock(&progress->lock);
    *done = progress->done_before + bytes_read(progress);
    *total = progress->total_before + progress->total;
    pthread_mutex_unlock(&progress->lock);
}

/* --- the speed ----------------------------------------------------------------------------------------- */

/* What is shown, at one time. */
struct picture {
    double now, rate;
    unsigned phase;
    const char *name;
    uint64_t done, total, keys, commands;
    bool stalled, has_rate, is_warm;
    char note[sizeof((struct progress *)NULL)->note];
    char waits_for[sizeof((struct progress *)NULL)->waits_for];
};

static struct picture take_picture(struct progress *progress)
{
    struct picture p = {.now = progress_seconds(progress)};
    pthread_mutex_lock(&progress->lock);
    p.phase = progress->phase;
    p.name = progress->name;
    p.done = bytes_used(progress);
    p.total = progress->total;
    memcpy(p.note, progress->note, sizeof p.note);
    memcpy(p.waits_for, progress->waits_for, sizeof p.waits_for);
    pthread_mutex_unlock(&progress->lock);
    p.keys = atomic_load_explicit(p.name ? &progress->phase_keys : &progress->keys, memory_order_relaxed);
    p.commands = p.name ? 0 : atomic_load_explicit(&progress->commands, memory_order_relaxed);
    return p;
}

static void add_sample(struct progress_view *view, struct progress_sample sample)
{
    view->samples[(view->first + view->count) % PROGRESS_SAMPLES] = sample;
    if (view->count < PROGRESS_SAMPLES)
        view->count++;
    else
        view->first = (view->first + 1) % PROGRESS_SAMPLES;
}

/* The speed of the first second is that of filling buffers. */
static void forget_start(struct progress_view *view)
{
    if (view->is_warm || view->count < 3)
        return;
    view->is_warm = true;
    view->first++;
    view->count--;
}

static void measure_speed(struct progress *progress, struct picture *p)
{
    struct progress_view *view = &progress->view;
    if (view->phase != p->phase) {
        view->phase = p->phase;
        view->done = 0;
        view->first = view->count = 0;
        view->is_warm = false;
        view->seen_at = p->now;
        add_sample(view, (struct progress_sample){p->now, 0});
    }
    if (p->done < view->done)
        p->done = view->done;
    view->done = p->done;
    const struct progress_sample *oldest = &view->samples[view->first];
    const struct progress_sample *newest = &view->samples[(view->first + view->count - 1) % PROGRESS_SAMPLES];
    double seconds = p->now - oldest->at;
    p->rate = seconds > 0 && p->done > oldest->done ? (double)(p->done - oldest->done) / seconds : 0;
    p->has_rate = seconds > 0;
    if (p->now - newest->at >= 1) {
        add_sample(view, (struct progress_sample){p->now, p->done});
        forget_start(view);
    }
    p->is_warm = view->is_warm;
    uint64_t seen = p->done + p->keys + p->commands +
                    atomic_load_explicit(&progress->activity, memory_order_relaxed);
    if (seen != view->seen)
        view->seen_at = p->now;
    view->seen = seen;
    p->stalled = p->now - view->seen_at >= STALLED_AFTER;
}

/* --- the line ------------------------------------------------------------------------------------------ */

/* In the order of the line; those of the highest rank are left out first, and those of rank 0 never. */
enum {
    FIELD_NAME,
    FIELD_PERCENT,
    FIELD_DONE,
    FIELD_TOTAL,
    FIELD_KEYS,
    FIELD_COMMANDS,
    FIELD_RATE,
    FIELD_LEFT,
    FIELD_NOTE,
    FIELDS
};
static const int ranks[FIELDS] = {[FIELD_DONE] = 2,     [FIELD_TOTAL] = 3, [FIELD_KEYS] = 5,
                                  [FIELD_COMMANDS] = 4, [FIELD_RATE] = 1,  [FIELD_NOTE] = 6};
enum { RANK_MAX = 6, LINE_MAX_LENGTH = 512 };

struct line {
    char fields[FIELDS][160];
};

__attribute__((format(printf, 3, 4))) static void set(struct line *line, int field, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(line->fields[field], sizeof line->fields[field], format, args);
    va_end(args);
}

static void set_left(struct line *line, const struct picture *p)
{
    if (p->stalled && *p->waits_for) {
        set(line, FIELD_LEFT, "%s", p->waits_for);
    } else if (p->total > p->done && p->is_warm && p->rate > 0 && !p->stalled) {
        uint64_t left = (uint64_t)((double)(p->total - p->done) / p->rate);
        set(line, FIELD_LEFT, "%" PRIu64 ":%02" PRIu64 " left", left / 60, left % 60);
    }
}

static struct line make_line(const struct picture *p)
{
    struct line line = {0};
    char text[SIZE_TEXT];
    bool has_bytes = p->total > 0 || p->done > 0 || !p->name;
    if (p->name)
        set(&line, FIELD_NAME, "%s", p->name);
    if (p->total > 0) {
        double share = p->done < p->total ? (double)p->done / (double)p->total : 1;
        set(&line, FIELD_PERCENT, "%*d%%", p->name ? 0 : 3, (int)(100 * share));
        set(&line, FIELD_TOTAL, " of %s", text_size(p->total, text));
    }
    if (has_bytes)
        set(&line, FIELD_DONE, "%s", text_size(p->done, text));
    if (p->keys > 0 || !p->name)
        set(&line, FIELD_KEYS, "%" PRIu64 " key%s", p->keys, text_plural(p->keys));
    if (p->commands > 0)
        set(&line, FIELD_COMMANDS, "%" PRIu64 " command%s", p->commands, text_plural(p->commands));
    if (has_bytes && p->has_rate && !(p->stalled && *p->waits_for))
        set(&line, FIELD_RATE, "%s/s", text_size((uint64_t)p->rate, text));
    set_left(&line, p);
    set(&line, FIELD_NOTE, "%s", p->note);
    return line;
}

/* Joins the fields up to a rank. Returns the length. */
static size_t join(const struct line *line, int rank, char out[LINE_MAX_LENGTH])
{
    size_t length = 0;
    out[0] = '\0';
    for (int i = 0; i < FIELDS && length < LINE_MAX_LENGTH; i++)
        if (ranks[i] <= rank && line->fields[i][0])
            length += (size_t)snprintf(out + length, LINE_MAX_LENGTH - length, "%s%s",
                                       length > 0 && i != FIELD_TOTAL ? "  " : "", line->fields[i]);
    return length;
}

/* Leaves out the last part of the note. False: it is empty. */
static bool shorten_note(struct line *line)
{
    char *note = line->fields[FIELD_NOTE], *cut = NULL;
    for (char *at = strstr(note, "  "); at; at = strstr(at + 2, "  "))
        cut = at;
    if (!*note)
        return false;
    *(cut ? cut : note) = '\0';
    return true;
}

static void format_line(const struct picture *p, size_t width, char out[LINE_MAX_LENGTH])
{
    struct line line = make_line(p);
    int rank = RANK_MAX;
    while (join(&line, rank, out) > width && (shorten_note(&line) || rank > 0))
        rank -= line.fields[FIELD_NOTE][0] == '\0';
    out[width < LINE_MAX_LENGTH ? width : LINE_MAX_LENGTH - 1] = '\0';
}

void progress_show(struct progress *progress)
{
    struct progress_view *view = &progress->view;
    struct picture p = take_picture(progress);
    char line[LINE_MAX_LENGTH];
    measure_speed(progress, &p);
    if (!progress->as_lines) {
        format_line(&p, terminal_width(STDERR_FILENO) - 1, line);
        message_progress(line);
    } else if (p.now >= view->next_line) {
        view->next_line = p.now + view->lines_interval;
        format_line(&p, LINE_MAX_LENGTH, line);
        message_progress_line(line + strspn(line, " "));
    }
}
