/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_FINDING_H
#define VNUMA_FINDING_H

#include <vnuma/arena.h>
#include <stddef.h>

enum vn_severity { VN_SEV_INFO, VN_SEV_WARNING, VN_SEV_ERROR };
const char *vn_severity_name(enum vn_severity severity);

struct vn_evidence {
    char *what, *value, *source; /* source: the file or call the value came from */
};
struct vn_finding {
    const char *rule; /* stable id, such as "pin-lost" */
    enum vn_severity severity;
    char *subject;    /* "db32 vCPU 3" */
    struct vn_evidence *evidence;
    size_t n_evidence;
    char *why, *fix;  /* fix: the command that mends it */
};

/** struct vn_findings - a growing list. Owns its arena. */
struct vn_findings {
    struct vn_arena arena;
    struct vn_finding *items;
    size_t count;
};
void vn_findings_drop(struct vn_findings *findings);

/** vn_findings_add() - a new one; strings are copied. NULL when out of memory. */
struct vn_finding *vn_findings_add(struct vn_findings *findings, const char *rule, enum vn_severity severity,
                                   const char *subject, const char *why, const char *fix);
/** vn_finding_evidence() - 0 or -VN_E_NOMEM; strings are copied. */
VN_NODISCARD int vn_finding_evidence(struct vn_findings *findings, struct vn_finding *finding, const char *what,
                                     const char *value, const char *source);

#endif
