/* SPDX-License-Identifier: MIT */
#ifndef VNUMA_ERR_H
#define VNUMA_ERR_H

#include <vnuma/defs.h>

/* Every function that can fail returns 0 or the negative of one of these. */
enum vn_code {
    VN_OK = 0,
    VN_E_NOMEM,       /* an allocation failed */
    VN_E_SYNTAX,      /* text that is not in the format asked for */
    VN_E_RANGE,       /* a number outside its limits */
    VN_E_FORMAT,      /* a kernel file, XML or JSON document of an unexpected shape */
    VN_E_USAGE,       /* the caller (a person) asked for something that makes no sense */
    VN_E_ENV,         /* no connection, no permission, a missing service */
    VN_E_ABSENT,      /* the VM, file or entry named is not there */
    VN_E_REFUSED,     /* possible to ask, not possible to do; nothing was changed */
    VN_E_STALE,       /* the host changed since it was observed; nothing was changed */
    VN_E_BUSY,        /* another vnuma holds the lock */
    VN_E_IO,          /* a read, write or call failed for a reason of its own */
    VN_E_UNDONE,      /* an apply failed and was undone */
    VN_E_PARTIAL,     /* an apply failed and could not be fully undone */
};

/**
 * struct vn_err - what went wrong, owned by the caller; nothing in it is allocated.
 * A message reads: context: cause: where 'got'. fix
 */
struct vn_err {
    int code;
    char where[192];   /* the file, element or call */
    char got[128];     /* the offending value, quoted in the message */
    char cause[384];   /* what is wrong, a whole phrase */
    char fix[320];     /* what to do about it, a whole sentence or "" */
    char context[320]; /* what was being done, outermost first */
};

/* The designated fields of VN_FAIL(). */
struct vn_err_parts {
    const char *where, *got, *cause, *fix;
};

/**
 * vn_err_set() - fill @err (which may be NULL) and return -@code.
 */
int vn_err_set(struct vn_err *err, int code, struct vn_err_parts parts);

/** VN_FAIL(err, VN_E_X, .where = .., .got = .., .cause = .., .fix = ..): return this. */
#define VN_FAIL(err, code, ...) \
    vn_err_set((err), (code), (struct vn_err_parts){__VA_ARGS__})

/**
 * vn_failf() - VN_FAIL with a formatted cause; @fix may be NULL.
 * Returns -@code.
 */
int vn_failf(struct vn_err *err, int code, const char *fix, const char *fmt, ...) VN_PRINTF(4, 5);

/**
 * vn_err_ctx() - put what was being done before what @err already says; returns @r unchanged.
 */
int vn_err_ctx(struct vn_err *err, int r, const char *fmt, ...) VN_PRINTF(3, 4);

/** vn_nomem() - the one error for a failed allocation; returns -VN_E_NOMEM. */
int vn_nomem(struct vn_err *err);

/**
 * vn_err_text() - one or two sentences for a person, NUL-terminated, cut at @size.
 * Returns @out.
 */
char *vn_err_text(const struct vn_err *err, char *out, unsigned long size);

/** vn_code_name() - a short stable name such as "refused"; "unknown" for others. */
const char *vn_code_name(int code);

#endif
