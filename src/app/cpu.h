/* SPDX-License-Identifier: MIT */
#ifndef VN_APP_CPU_H
#define VN_APP_CPU_H

#include "app/app.h"
#include "codec/cpuxml.h"

/* Use cases of CPU models. All but vn_app_cpu_plan() need a host that knows of them: -VN_E_REFUSED on a replay. */

/** struct vn_cpu_row - a model that libvirt has a name for, or that the emulator offers. */
struct vn_cpu_row {
    const char *name, *vendor;        /* vendor "": none, or not known */
    bool offered;                     /* the emulator has it */
    bool deprecated;
    enum vn_cpu_usable usable;
    char **blockers;                  /* features, as libvirt spells them */
    size_t n_blockers;
    const struct vn_cpu_model *model; /* of cpu_map; NULL: not there */
};

/** struct vn_cpu_host - what a host can give to one kind of VM. Owns its arena. */
struct vn_cpu_host {
    struct vn_arena arena;
    struct vn_domcaps caps;
    struct vn_cpu_map map;  /* no models where it could not be read */
    struct vn_cpu_row *rows;
    size_t n_rows;
    char *no_map, *no_blockers; /* why that is not known; NULL: it is, or it was not needed */
};
void vn_cpu_host_drop(struct vn_cpu_host *host);
/** vn_cpu_host_row() - by name; NULL: nobody knows it. */
const struct vn_cpu_row *vn_cpu_host_row(const struct vn_cpu_host *host, const char *name);

/** vn_app_cpu_host() - everything about the host's models. */
VN_NODISCARD int vn_app_cpu_host(struct vn_app *app, const struct vn_cpu_target *target, struct vn_cpu_host *ret,
                                 struct vn_err *err);
/** vn_app_cpu_machine() - the CPU that the host itself has, of @arena. */
VN_NODISCARD int vn_app_cpu_machine(struct vn_app *app, struct vn_arena *arena, struct vn_cpu *ret,
                                    struct vn_err *err);

/** struct vn_cpu_answer - can the host give a certain <cpu>? */
struct vn_cpu_answer {
    bool can;
    char *why;       /* "" where it can */
    char **missing;  /* features; none where the reason is another one */
    size_t n_missing;
};
/** vn_app_cpu_can() - @doc: a <cpu> and its kind of VM, which is the one that @host was asked for. */
VN_NODISCARD int vn_app_cpu_can(struct vn_app *app, const struct vn_cpu_host *host, const struct vn_cpu_doc *doc,
                                struct vn_arena *arena, struct vn_cpu_answer *ret, struct vn_err *err);

/** vn_cpu_target_of() - the kind of VM that a domain is; "" is NULL there. */
struct vn_cpu_target vn_cpu_target_of(const struct vn_cpu_doc *doc);

/** struct vn_cpu_got - a running guest's CPU against what its stored configuration asks for. */
struct vn_cpu_got {
    char **refused; /* features that it asks for, or its model has, and libvirt found switched off */
    size_t n_refused;
    char **more;    /* features beyond what is asked for */
    size_t n_more;
};
/** vn_cpu_compare_got() - PURE. @live as libvirt expanded it; where it expanded nothing, nothing is found. */
VN_NODISCARD int vn_cpu_compare_got(const struct vn_cpu *asked, const struct vn_cpu *live, struct vn_arena *arena,
                                    struct vn_cpu_got *ret, struct vn_err *err);

/** struct vn_cpu_source_host - one of the hosts of a baseline. */
struct vn_cpu_source_host {
    const char *name;     /* the file or URI */
    struct vn_cpu_doc doc;
    char **features;      /* all it has, sorted */
    size_t n_features;
    char **lacks;         /* what another host has and this one does not */
    size_t n_lacks;
    char **beyond;        /* what it has beyond the baseline */
    size_t n_beyond;
};
/** struct vn_cpu_baseline - the CPU that every host can give. Owns its arena. */
struct vn_cpu_baseline {
    struct vn_arena arena;
    struct vn_cpu_host here; /* the host that was asked; names of features are of its cpu_map */
    struct vn_cpu_source_host *hosts;
    size_t n_hosts;
    struct vn_cpu_doc cpu;
    char **features; /* all of them, sorted */
    size_t n_features;
};
void vn_cpu_baseline_drop(struct vn_cpu_baseline *baseline);
/**
 * vn_app_cpu_baseline() - from baseline->hosts, whose name and doc are filled in and of baseline->arena.
 * Errors: -VN_E_REFUSED also: nothing is common to all; -VN_E_USAGE one names no model, -VN_E_ABSENT or one that is
 *         not known here
 */
VN_NODISCARD int vn_app_cpu_baseline(struct vn_app *app, const struct vn_cpu_target *target,
                                     struct vn_cpu_baseline *baseline, struct vn_err *err);

/** What is to be stored. */
struct vn_cpu_wish {
    const char *mode, *model; /* as vn_domxml_set_cpu() has them */
    bool drop_features;
};
/**
 * vn_app_cpu_plan() - the plan that stores another CPU for @vm, for vn_app_apply(); no step where it is stored already.
 * Errors: -VN_E_REFUSED nothing is stored of it (transient)
 */
VN_NODISCARD int vn_app_cpu_plan(const struct vn_vm *vm, const struct vn_cpu_wish *wish, struct vn_plan *ret,
                                 struct vn_err *err);
/** vn_app_cpu_verify() - is that stored now? Errors: -VN_E_IO it is not */
VN_NODISCARD int vn_app_cpu_verify(struct vn_app *app, const char *vm, const struct vn_cpu_wish *wish,
                                   struct vn_err *err);

#endif
