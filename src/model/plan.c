/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <vnuma/plan.h>

void vn_plan_drop(struct vn_plan *plan)
{
    vn_arena_drop(&plan->arena);
    memset(plan, 0, sizeof *plan);
}

const struct vn_placement *vn_plan_vm(const struct vn_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->n_vms; i++)
        if (!strcmp(plan->vms[i].name, name))
            return &plan->vms[i];
    return NULL;
}

const char *vn_resource_name(enum vn_resource resource)
{
    static const char *const names[] = {"cpus", "cores", "memory", "hugepages", "nodes", "shared cpus",
                                        "moved"};
    return names[resource];
}

const char *vn_verdict_name(enum vn_verdict verdict)
{
    static const char *const names[] = {"chosen", "next best", "possible", "other cell", "ruled out"};
    return names[verdict];
}

static const char *const kinds[] = {"define",  "vcpupin",     "emulatorpin", "iothreadpin",
                                    "nodeset", "move-memory", "save-restore", "setting"};

const char *vn_step_kind_name(enum vn_step_kind kind)
{
    return kinds[kind];
}

int vn_step_kind_parse(const char *name)
{
    for (size_t i = 0; i < VN_COUNT(kinds); i++)
        if (!strcmp(kinds[i], name))
            return (int)i;
    return -1;
}
