/* SPDX-License-Identifier: MIT */
#ifndef VN_CODEC_ACPI_BYTES_H
#define VN_CODEC_ACPI_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <vnuma/err.h>

/* ACPI's numbers are little-endian and not aligned. The caller has looked at the length. */

static inline uint32_t acpi_u16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static inline uint32_t acpi_u32(const uint8_t *at)
{
    return acpi_u16(at) | acpi_u16(at + 2) << 16;
}

static inline uint64_t acpi_u64(const uint8_t *at)
{
    return acpi_u32(at) | (uint64_t)acpi_u32(at + 4) << 32;
}

enum { ACPI_LENGTH = 4, ACPI_REVISION = 8 };

/**
 * vn_acpi_table() - is this a table of that @signature whose parts begin at @head? *len becomes the length that it says.
 * Errors: -VN_E_FORMAT
 */
VN_NODISCARD int vn_acpi_table(const uint8_t *table, size_t *len, const char *signature, size_t head, struct vn_err *err);

#endif
