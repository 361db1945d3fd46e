/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_PLANNER_H
#define VNUMA_PLANNER_H

#include <vnuma/plan.h>
#include <vnuma/problem.h>
#include <vnuma/snapshot.h>

/* PURE: structs in, structs out. The same input gives the same plan, byte for byte. */

/** What distance is: the firmware's table, the firmware's latencies and bandwidths, or measured ones. */
enum vn_metric { VN_METRIC_SLIT, VN_METRIC_HMAT, VN_METRIC_MEASURED };

struct vn_vm_override {
    char *name; /* NULL: every VM to be placed */
    struct vn_vm_policy policy;
};

/** struct vn_plan_query - what to plan on a snapshot. Borrowed pointers. */
struct vn_plan_query {
    const char *const *names; /* VMs to place; n_names 0: every VM (not only with all) */
    size_t n_names;
    bool all;                 /* every VM may move, not only those named */
    const struct vn_request *fresh; /* --new: a VM that does not exist yet; NULL: none */
    const struct vn_vm_override *overrides; /* from options, in order */
    size_t n_overrides;
    const struct vn_cpuset *reserve, *shared; /* NULL: the snapshot's */
    enum vn_metric metric;
    bool count_cache;         /* reclaimable page cache counts as free */
};

/** vn_metric_parse() - "slit", "hmat" or "measured"; -VN_E_USAGE. */
VN_NODISCARD int vn_metric_parse(const char *name, enum vn_metric *ret, struct vn_err *err);

/**
 * vn_problem_set_metric() - what the problem's host counts as distance from now on: 10 times the latency over that of
 * the node's own memory; where latencies are not all known, 10 times the node's own bandwidth over that to the other
 * node. The distances themselves stay: they are what guests are told.
 * Errors: -VN_E_REFUSED the host does not know enough of that metric; the message says what is missing. -VN_E_NOMEM
 */
VN_NODISCARD int vn_problem_set_metric(struct vn_problem *problem, enum vn_metric metric, struct vn_err *err);

struct vn_planner_opts {
    uint64_t max_move_kib; /* 0: no limit */
    unsigned time_limit_ms; /* 0: the default, 2000 */
    bool choices;           /* fill in the choices of each placed cell */
};

/**
 * vn_problem_from_snapshot() - the problem to solve for a query.
 * VMs not asked for stay and take the CPUs they are pinned to one by one (stored pins of VMs that
 * are off count too); their memory is what is missing from free_kib.
 * Errors: -VN_E_ABSENT no such VM; -VN_E_USAGE a policy that contradicts the VM; those of the metric.
 */
VN_NODISCARD int vn_problem_from_snapshot(const struct vn_snapshot *snapshot, const struct vn_plan_query *query,
                                          struct vn_problem *ret_problem, struct vn_err *err);

/**
 * vn_planner_solve() - place what is movable. A VM that does not fit is data (unplaced), no error.
 * ret_plan has no steps.
 * Errors: -VN_E_FORMAT (vn_host_check), -VN_E_USAGE (a request that contradicts itself), -VN_E_NOMEM
 */
VN_NODISCARD int vn_planner_solve(const struct vn_problem *problem, const struct vn_planner_opts *opts,
                                  struct vn_plan *ret_plan, struct vn_err *err);

/**
 * vn_planner_steps() - the ordered steps from where the VMs are to where the plan puts them; none
 * for what is there already. Steps that carry XML have xml_before set and xml_after NULL: the
 * caller fills it in (codec edits XML, this room may not).
 * @save_restore: re-place running guests by save and restore instead of live moves
 */
VN_NODISCARD int vn_planner_steps(const struct vn_snapshot *snapshot, bool save_restore, struct vn_plan *plan,
                                  struct vn_err *err);

/** struct vn_broken - a rule that a plan does not keep. */
struct vn_broken {
    const char *rule; /* request, cpus, emulator, threads, shared, topology, overcommit, memory, cost */
    char *vm;         /* NULL: of the plan or the host as a whole */
    char *what;       /* a sentence */
};
/** struct vn_check - what an independent look at a plan found. Owns its arena. */
struct vn_check {
    struct vn_arena arena;
    struct vn_broken *broken; /* in the order they were found; the first of each VM and rule */
    size_t n_broken;
    bool costed;              /* false: a placement is not of the VM's shape, and so costs nothing that can be told */
    struct vn_cost cost;      /* of the placements, whatever the plan says */
};
void vn_check_drop(struct vn_check *check);

/**
 * vn_planner_check_all() - an independent look at a plan, whoever made it: every rule of the problem held?
 * Shares no code with the search. How good the plan is, is not looked at.
 * @said: the cost that has to be that of the placements; NULL: the plan says none
 * Errors: -VN_E_FORMAT (vn_host_check), -VN_E_NOMEM
 */
VN_NODISCARD int vn_planner_check_all(const struct vn_problem *problem, const struct vn_plan *plan,
                                      const struct vn_cost *said, struct vn_check *ret, struct vn_err *err);

/**
 * vn_planner_check() - the same in short.
 * Returns 0, or -VN_E_REFUSED with the first broken rule in @err.
 */
VN_NODISCARD int vn_planner_check(const struct vn_problem *problem, const struct vn_plan *plan, struct vn_err *err);

/**
 * vn_planner_draw() - the nodes as text, a line a core: whose vCPU sits on which CPU.
 * Returns a string of @arena's, or NULL.
 */
char *vn_planner_draw(const struct vn_problem *problem, const struct vn_plan *plan, struct vn_arena *arena);

#endif
