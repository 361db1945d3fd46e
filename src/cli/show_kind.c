/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <vnuma/units.h>

#include "cli/show_host.h"

/* "2.1 times as far": what the firmware's table means, where a node's own memory is 10. */
static double times(unsigned distance)
{
    return (double)distance / 10;
}

static const char *in_words(unsigned distance)
{
    return distance <= 12 ? "hardly farther"
         : distance <= 16 ? "a little farther"
         : distance <= 22 ? "about twice as far"
         : distance <= 34 ? "about three times as far" : "very far";
}

static const char *nodes_text(struct vn_doc *doc, const struct vn_nodeset *set)
{
    const char *text = vn_nodeset_text(&doc->arena, set);

    return text ? text : "";
}

static void say_far(struct vn_doc *doc, struct vn_val *object, const struct vn_host_shape *shape, unsigned count)
{
    if (shape->near == shape->far)
        vn_doc_say(doc, object, "NUMA: %u nodes with CPUs. The firmware puts another node's memory %.1f times as far as a "
                                "node's own: %s.", count, times(shape->far), in_words(shape->far));
    else
        vn_doc_say(doc, object, "NUMA: %u nodes with CPUs. The firmware puts the nearest other node's memory %.1f times as "
                                "far as a node's own (%s), the farthest %.1f times (%s).", count, times(shape->near),
                   in_words(shape->near), times(shape->far), in_words(shape->far));
}

/* What the nodes have in common: the least CPUs and memory, which is what a guest can count on. */
static void say_home(struct vn_doc *doc, struct vn_val *object, const struct vn_host *host,
                     const struct vn_host_shape *shape)
{
    uint64_t memory_kib = UINT64_MAX;
    unsigned cpus = VN_CPU_MAX;
    char size[32];

    for (size_t i = 0; i < host->n_nodes; i++) {
        const struct vn_node *node = &host->nodes[i];

        struct vn_cpuset usable = node->cpus;

        if (node->id < 0 || !vn_nodeset_has(&shape->full, (unsigned)node->id))
            continue;
        vn_cpuset_sub(&usable, &host->reserved);
        memory_kib = node->memory_kib < memory_kib ? node->memory_kib : memory_kib;
        cpus = vn_cpuset_count(&usable) < cpus ? vn_cpuset_count(&usable) : cpus;
    }
    if (vn_nodeset_count(&shape->full) > 1)
        vn_doc_say(doc, object, "A guest of at most %u vCPU%s and %s belongs on one node whole; a larger one is cut into "
                              "cells, each on a node of its own.", cpus, cpus == 1 ? "" : "s",
                   vn_size_format(memory_kib, size, sizeof size));
}

static void say_groups(struct vn_doc *doc, struct vn_val *object, const struct vn_host_shape *shape)
{
    if (shape->groups == 1)
        vn_doc_say(doc, object, "The nodes are so near that they are most likely parts of one package (SNC, NPS): a guest on "
                              "several of them loses little.");
    else if (shape->groups && shape->one_package)
        vn_doc_say(doc, object, "The nodes come in %zu groups, most likely the packages, of several nodes each (SNC, NPS): a "
                              "guest of several cells belongs in one group.", shape->groups);
    else if (shape->groups)
        vn_doc_say(doc, object, "The nodes come in %zu groups of near ones: a guest of several cells belongs in one group.",
                   shape->groups);
}

static void say_odd(struct vn_doc *doc, struct vn_val *object, const struct vn_host_shape *shape)
{
    bool many = vn_nodeset_count(&shape->memory_only) > 1;

    if (!vn_nodeset_empty(&shape->memory_only))
        vn_doc_say(doc, object, "Node%s %s ha%s memory and no CPUs: no vCPU can be near it, and no cell is at home there.",
                   many ? "s" : "", nodes_text(doc, &shape->memory_only), many ? "ve" : "s");
    many = vn_nodeset_count(&shape->cpus_only) > 1;
    if (!vn_nodeset_empty(&shape->cpus_only))
        vn_doc_say(doc, object, "Node%s %s ha%s CPUs and no memory: what runs there has its memory on another node.",
                   many ? "s" : "", nodes_text(doc, &shape->cpus_only), many ? "ve" : "s");
}

void cli_show_kind(struct vn_doc *doc, struct vn_val *object, const struct vn_host *host)
{
    struct vn_host_shape shape;
    unsigned with_cpus;

    vn_host_shape(host, &shape);
    with_cpus = vn_nodeset_count(&shape.full) + vn_nodeset_count(&shape.cpus_only);
    if (with_cpus < 2 && vn_nodeset_empty(&shape.memory_only))
        vn_doc_say(doc, object, "UMA (SMP): one memory, equally far from every CPU. On which CPUs a guest runs decides what "
                              "caches and cores it shares, not how far its memory is.");
    else if (with_cpus < 2)
        vn_doc_say(doc, object, "NUMA: one node has all the CPUs, and there is memory beside it.");
    else
        say_far(doc, object, &shape, with_cpus);
    say_home(doc, object, host, &shape);
    say_groups(doc, object, &shape);
    say_odd(doc, object, &shape);
    if (shape.l3 > 1)
        vn_doc_say(doc, object, "A node has up to %zu L3 domains: vCPUs that share data belong in one, and a cell in few.",
                   shape.l3);
}
