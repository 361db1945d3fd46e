/* SPDX-License-Identifier: MIT */
#ifndef VN_IO_FILES_H
#define VN_IO_FILES_H

#include <vnuma/arena.h>
#include <vnuma/buf.h>
#include <vnuma/err.h>

/* Small kernel files, all of them below one root ("" is the machine itself), and files kept. */

enum { VN_FILE_MAX = 1 << 20 };

/**
 * vn_file_read() - the bytes of @root/@rel, NUL-terminated; more than @max is an error.
 * @rel has no leading slash. ret_text is replaced.
 * Errors: -VN_E_ABSENT no such file (or the process it belongs to is gone), -VN_E_ENV no
 *         permission, -VN_E_FORMAT too large, -VN_E_IO
 */
VN_NODISCARD int vn_file_read(const char *root, const char *rel, size_t max, struct vn_buf *ret_text,
                              struct vn_err *err);

/** vn_file_readf() - the same with a formatted path and VN_FILE_MAX. */
VN_NODISCARD int vn_file_readf(const char *root, struct vn_buf *ret_text, struct vn_err *err, const char *fmt, ...)
    VN_PRINTF(4, 5);

/**
 * vn_file_glance() - the same of a file that the kernel gives in one piece (not a list such as maps): what comes with
 * the first read is all, unless it fills the room. A read less, where many files are read.
 */
VN_NODISCARD int vn_file_glance(struct vn_buf *ret_text, struct vn_err *err, const char *fmt, ...) VN_PRINTF(3, 4);

/**
 * vn_file_put() - write @text into a file that is there, in one write(2), as kernel files want it.
 * Errors: as vn_file_read(); -VN_E_REFUSED the kernel does not take the value
 */
VN_NODISCARD int vn_file_put(const char *root, const char *rel, const char *text, struct vn_err *err);

/**
 * vn_file_replace() - the file at @path replaced at once, or not at all, and on the disk; its owner and permissions
 * kept, @mode where it is new.
 * Errors: -VN_E_ENV names the path
 */
VN_NODISCARD int vn_file_replace(const char *path, unsigned mode, const char *bytes, size_t len, struct vn_err *err);

/**
 * vn_dir_numbers() - the N of each entry "@prefix N @suffix" of a directory, ascending; other
 * entries are passed over.
 * Errors: as vn_file_read()
 */
VN_NODISCARD int vn_dir_numbers(const char *root, const char *rel, const char *prefix, const char *suffix,
                                struct vn_arena *arena, unsigned **ret, size_t *ret_count, struct vn_err *err);

/** vn_text_trim() - cuts blanks and newlines off the end, in place; returns where the text begins. */
char *vn_text_trim(char *text);

#endif
