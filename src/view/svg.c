/* SPDX-License-Identifier: MIT */
#include "view/svg.h"

#include <stdio.h>
#include <string.h>
#include <vnuma/units.h>

#include "view/svg_layout.h"

/* Told apart also by those who see few colours (after Okabe and Ito), then lighter ones. */
static const char *const palette[] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00",
                                      "#8c6bb1", "#66a61e", "#a6761d", "#e7298a", "#4d7f7f", "#b8860b"};
#define DOT 5.0

/* Who is on each CPU. */
struct seat {
    int owner;      /* VM whose vCPU is pinned here alone; -1 */
    unsigned vcpu;
    int visitor;    /* VM a floating vCPU of which ran here last; -1 */
    unsigned visits;
};
struct drawing {
    struct vn_buf *out;
    const struct vn_snapshot *snapshot;
    struct svg_layout layout;
    struct seat *seats; /* VN_CPU_MAX */
};

static const char *colour(size_t vm)
{
    return palette[vm % VN_COUNT(palette)];
}

static void escaped(struct vn_buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '<')
            vn_buf_str(out, "&lt;");
        else if (c == '&')
            vn_buf_str(out, "&amp;");
        else if (c == '>')
            vn_buf_str(out, "&gt;");
        else
            vn_buf_add(out, c < 0x20 || c >= 0x7f ? "?" : text, 1);
    }
}

static void rect(struct vn_buf *out, const struct svg_box *box, const char *class, const char *fill)
{
    vn_buf_fmt(out, "<rect class='%s' x='%.1f' y='%.1f' width='%.1f' height='%.1f'", class, box->x, box->y, box->w,
               box->h);
    if (fill)
        vn_buf_fmt(out, " style='fill:%s'", fill);
    vn_buf_str(out, "/>\n");
}

static void label(struct vn_buf *out, double x, double y, const char *class, const char *text)
{
    vn_buf_fmt(out, "<text class='%s' x='%.1f' y='%.1f'>", class, x, y);
    escaped(out, text);
    vn_buf_str(out, "</text>\n");
}

static void seat_vcpu(struct drawing *d, size_t vm, unsigned vcpu, const struct vn_cpuset *pin, int cpu)
{
    int only = pin && vn_cpuset_count(pin) == 1 ? vn_cpuset_next(pin, 0) : -1;

    if (only >= 0) {
        d->seats[only].owner = (int)vm;
        d->seats[only].vcpu = vcpu;
    } else if (cpu >= 0 && cpu < VN_CPU_MAX) {
        d->seats[cpu].visitor = (int)vm;
        d->seats[cpu].visits++;
    }
}

static void seat_all(struct drawing *d)
{
    for (size_t i = 0; i < VN_CPU_MAX; i++)
        d->seats[i] = (struct seat){.owner = -1, .visitor = -1};
    for (size_t i = 0; i < d->snapshot->n_vms; i++) {
        const struct vn_vm *vm = &d->snapshot->vms[i];
        const struct vn_domain *domain = vn_vm_domain(vm);

        for (size_t v = 0; v < vm->n_vcpus; v++) {
            const struct vn_thread *thread = &vm->vcpus[v];
            const struct vn_cpuset *pin = thread->known & VN_THREAD_ALLOWED      ? &thread->allowed
                                          : thread->known & VN_THREAD_CONFIGURED ? &thread->configured
                                                                                 : NULL;
            if (thread->online)
                seat_vcpu(d, i, thread->id, pin, thread->cpu);
        }
        for (unsigned v = 0; !vm->n_vcpus && domain && v < domain->vcpus; v++)
            seat_vcpu(d, i, v, vn_domain_pin(domain, v), -1);
    }
}

static const char *kind_of(const struct vn_host *host, unsigned cpu)
{
    if (vn_cpuset_has(&host->reserved, cpu))
        return "reserved";
    if (vn_cpuset_has(&host->shared, cpu))
        return "shared";
    return vn_cpuset_has(&host->isolated, cpu) ? "isolated" : "cpu";
}

static void draw_cpu(struct drawing *d, const struct svg_cpu *at)
{
    const struct seat *seat = &d->seats[at->cpu];
    const struct svg_box *box = &at->box;
    char text[32];

    rect(d->out, box, kind_of(&d->snapshot->host, at->cpu), seat->owner >= 0 ? colour((size_t)seat->owner) : NULL);
    (void)snprintf(text, sizeof text, "%u", at->cpu);
    label(d->out, box->x + 4, box->y + 11, seat->owner >= 0 ? "number taken" : "number", text);
    if (seat->owner >= 0) {
        (void)snprintf(text, sizeof text, "v%u", seat->vcpu);
        label(d->out, box->x + box->w - 4, box->y + box->h - 5, "vcpu", text);
    }
    if (seat->visitor >= 0) {
        vn_buf_fmt(d->out, "<circle class='dot' cx='%.1f' cy='%.1f' r='%.1f' style='fill:%s'/>\n",
                   box->x + box->w - 9, box->y + box->h / 2, DOT, colour((size_t)seat->visitor));
        if (seat->visits > 1) {
            (void)snprintf(text, sizeof text, "%u", seat->visits);
            label(d->out, box->x + box->w - 17, box->y + box->h / 2 + 4, "visits", text);
        }
    }
}

static void segment(struct drawing *d, const struct svg_box *bar, double *from, double part, const char *class,
                    const char *fill)
{
    struct svg_box box = {bar->x + *from * bar->w, bar->y, part * bar->w, bar->h};

    if (*from + part > 1)
        box.w = (1 - *from) * bar->w;
    if (box.w <= 0)
        return;
    rect(d->out, &box, class, fill);
    *from += part;
}

static void draw_memory(struct drawing *d, size_t i)
{
    const struct vn_node *node = &d->snapshot->host.nodes[i];
    const struct svg_box *bar = &d->layout.nodes[i].memory;
    double from = 0, total = (double)node->memory_kib;
    uint64_t guests = 0, used = node->memory_kib - node->free_kib;
    char free_text[32], all[32], text[128];

    if (!node->memory_kib) {
        label(d->out, bar->x, bar->y + 15, "small", "no memory");
        return;
    }
    rect(d->out, bar, "free", NULL);
    for (size_t v = 0; v < d->snapshot->n_vms; v++) {
        const struct vn_vm *vm = &d->snapshot->vms[v];
        uint64_t kib = vm->node_kib ? vm->node_kib[i] : 0;

        segment(d, bar, &from, (double)kib / total, "memory", colour(v));
        guests += kib;
    }
    if (used > guests)
        segment(d, bar, &from, (double)(used - guests) / total, "other", NULL);
    (void)snprintf(text, sizeof text, "%s of %s free", vn_size_format(node->free_kib, free_text, sizeof free_text),
                   vn_size_format(node->memory_kib, all, sizeof all));
    label(d->out, bar->x, bar->y + bar->h + 15, "small", text);
}

static void draw_node(struct drawing *d, size_t i)
{
    const struct svg_node *at = &d->layout.nodes[i];
    const struct vn_node *node = &d->snapshot->host.nodes[i];
    char text[96];

    rect(d->out, &at->box, "node", NULL);
    (void)snprintf(text, sizeof text, "Node %d", node->id);
    label(d->out, at->box.x + 16, at->box.y + 26, "heading", text);
    if (at->n_cpus)
        (void)snprintf(text, sizeof text, "%zu CPUs on %zu cores", at->n_cpus, at->n_cores);
    else
        (void)snprintf(text, sizeof text, "no CPUs");
    label(d->out, at->box.x + at->box.w - 16, at->box.y + 26, "small end", text);
    for (size_t k = 0; k < at->n_cpus; k++)
        draw_cpu(d, &at->cpus[k]);
    for (size_t k = 0; k < at->n_cores; k++)
        rect(d->out, &at->cores[k], "core", NULL);
    draw_memory(d, i);
}

static void draw_legend(struct drawing *d)
{
    static const struct {
        const char *class, *text;
    } marks[] = {{"reserved", "for the host"}, {"shared", "for floating VMs"}, {"cpu", "free"},
                 {"other", "memory of others"}};
    const struct svg_box *legend = &d->layout.legend;
    double column = legend->w / (double)d->layout.legend_columns, x = legend->x, y = legend->y;
    char text[256], size[32];

    for (size_t i = 0; i < VN_COUNT(marks); i++) {
        struct svg_box box = {x, y, 16, 16};

        rect(d->out, &box, marks[i].class, NULL);
        label(d->out, x + 22, y + 13, "small", marks[i].text);
        x += 46 + 7.5 * (double)strlen(marks[i].text);
    }
    vn_buf_fmt(d->out, "<circle class='dot' cx='%.1f' cy='%.1f' r='%.1f' style='fill:#666'/>\n", x + 8, y + 8, DOT);
    label(d->out, x + 22, y + 13, "small", "floats, ran here last");
    for (size_t i = 0; i < d->snapshot->n_vms; i++) {
        const struct vn_domain *domain = vn_vm_domain(&d->snapshot->vms[i]);
        struct svg_box box = {legend->x + (double)(i % d->layout.legend_columns) * column,
                              y + (double)(i / d->layout.legend_columns + 1) * SVG_LEGEND_LINE, 16, 16};

        rect(d->out, &box, "cpu", colour(i));
        (void)snprintf(text, sizeof text, "%.100s: %u vCPUs, %s", d->snapshot->vms[i].name, domain ? domain->vcpus : 0,
                       vn_size_format(domain ? domain->memory_kib : 0, size, sizeof size));
        label(d->out, box.x + 22, box.y + 13, "small", text);
    }
}

static const char style[] =
    "<style>"
    "text{font-family:'DejaVu Sans',Helvetica,Arial,sans-serif;fill:#222}"
    ".title{font-size:22px;font-weight:bold}.heading{font-size:17px;font-weight:bold}"
    ".small{font-size:13px;fill:#444}.end{text-anchor:end}"
    ".number{font-size:9.5px;fill:#555}.taken{fill:#fff}.vcpu{font-size:11px;fill:#fff;text-anchor:end;font-weight:bold}"
    ".visits{font-size:9.5px;text-anchor:end;fill:#555}.dot{stroke:#fff;stroke-width:1}"
    ".page{fill:#fff}.node{fill:#f6f7f9;stroke:#9aa3ad;rx:8px}"
    ".cpu{fill:#fff;stroke:#c9ced4}.reserved{fill:#b9bec5;stroke:#c9ced4}.shared{fill:#fff3c9;stroke:#c9ced4}"
    ".isolated{fill:#eaf4ff;stroke:#c9ced4}.core{fill:none;stroke:#6b7480;stroke-width:1.4;rx:2px}"
    ".free{fill:#fff;stroke:#9aa3ad}.memory{stroke:#fff;stroke-width:.5}.other{fill:#b9bec5;stroke:#9aa3ad}"
    "</style>\n";

static void draw(struct drawing *d)
{
    const struct vn_host *host = &d->snapshot->host;
    struct svg_box page = {0, 0, d->layout.width, d->layout.height};
    char text[256];

    vn_buf_fmt(d->out, "<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%.0f' viewBox='0 0 %.0f %.0f'>\n",
               page.w, page.h, page.w, page.h);
    vn_buf_str(d->out, style);
    rect(d->out, &page, "page", NULL);
    (void)snprintf(text, sizeof text, "%.150s: %zu node%s, %zu VM%s", host->hostname && *host->hostname ? host->hostname : "host",
                   host->n_nodes, host->n_nodes == 1 ? "" : "s", d->snapshot->n_vms, d->snapshot->n_vms == 1 ? "" : "s");
    label(d->out, 24, 44, "title", text);
    for (size_t i = 0; i < host->n_nodes; i++)
        draw_node(d, i);
    draw_legend(d);
    vn_buf_str(d->out, "</svg>\n");
}

int vn_svg_host(const struct vn_snapshot *snapshot, struct vn_buf *ret, struct vn_err *err)
{
    VN_AUTO(vn_arena) arena = {0};
    struct drawing d = {.out = ret, .snapshot = snapshot};

    d.seats = vn_arena_array(&arena, VN_CPU_MAX, sizeof *d.seats);
    if (!d.seats || vn_svg_layout(snapshot, &arena, &d.layout) < 0)
        return vn_nomem(err);
    seat_all(&d);
    draw(&d);
    return ret->failed ? vn_nomem(err) : 0;
}
