/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <vnuma/units.h>

#define PATIENCE_MS 1000
#define REDRAW_MS 100
#define BAR 24u

static int64_t steady_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void amounts(char *out, size_t size, uint64_t done, uint64_t total, const char *unit, int64_t ms)
{
    char a[32], b[32], c[32];

    if (!strcmp(unit, "KiB")) {
        uint64_t rate = ms > 0 ? done * 1000 / (uint64_t)ms : 0;

        (void)snprintf(out, size, "%s of %s  %s/s", vn_size_format(done, a, sizeof a),
                       vn_size_format(total, b, sizeof b), vn_size_format(rate, c, sizeof c));
    } else {
        (void)snprintf(out, size, "%" PRIu64 " of %" PRIu64 " %s", done, total, unit);
    }
}

static void draw(struct cli_progress *self, uint64_t done, uint64_t total, const char *unit, int64_t now)
{
    char bar[BAR + 1], text[128], left[32] = "";
    int64_t ms = now - self->began;
    size_t full = total ? (size_t)((double)(done > total ? total : done) / (double)total * BAR) : 0;

    memset(bar, '.', BAR);
    memset(bar, '#', full);
    bar[BAR] = '\0';
    amounts(text, sizeof text, done, total, unit, ms);
    if (done && done < total) {
        uint64_t seconds = (uint64_t)((double)ms / (double)done * (double)(total - done) / 1000) + 1;

        (void)snprintf(left, sizeof left, "  %" PRIu64 ":%02" PRIu64 " left", seconds / 60, seconds % 60);
    }
    if (total)
        (void)fprintf(stderr, "\r\033[K%s  [%s]  %s%s", self->what, bar, text, left);
    else
        (void)fprintf(stderr, "\r\033[K%s  %" PRId64 " s", self->what, ms / 1000);
    (void)fflush(stderr);
    self->shown = true;
    self->drawn = now;
}

static void update(void *arg, const char *what, uint64_t done, uint64_t total, const char *unit)
{
    struct cli_progress *self = arg;
    int64_t now = steady_ms();

    if (strncmp(self->what, what, sizeof self->what - 1)) {
        cli_progress_clear(self);
        (void)snprintf(self->what, sizeof self->what, "%s", what);
        self->began = now;
    }
    if (now - self->began < PATIENCE_MS || now - self->drawn < REDRAW_MS)
        return;
    draw(self, done, total, unit ? unit : "", now);
}

struct vn_progress cli_progress_port(struct cli_progress *self)
{
    return (struct vn_progress){update, self};
}

void cli_progress_clear(struct cli_progress *self)
{
    if (self->shown)
        (void)fputs("\r\033[K", stderr);
    self->shown = false;
}
