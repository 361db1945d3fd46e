/* SPDX-License-Identifier: MIT */
#ifndef VN_VIEW_SVG_LAYOUT_H
#define VN_VIEW_SVG_LAYOUT_H

#include <vnuma/snapshot.h>

/* Private to the view: where everything of the drawing is. Pixels from the top left. */

struct svg_box {
    double x, y, w, h;
};
/* A CPU: a thread of a core, drawn below its siblings. */
struct svg_cpu {
    struct svg_box box;
    unsigned cpu;
};
struct svg_node {
    struct svg_box box, memory; /* memory: the bar at its foot */
    struct svg_box *cores;
    size_t n_cores;
    struct svg_cpu *cpus;
    size_t n_cpus;
};
struct svg_layout {
    double width, height;
    struct svg_node *nodes;  /* as the host's */
    struct svg_box legend;   /* a line for each VM, and one for the marks */
    size_t legend_columns;
};

#define SVG_LEGEND_LINE 24.0
#define SVG_HEADER 40.0

/** vn_svg_layout() - PURE: 0 or -VN_E_NOMEM; everything is of @arena. */
VN_NODISCARD int vn_svg_layout(const struct vn_snapshot *snapshot, struct vn_arena *arena, struct svg_layout *ret);

#endif
