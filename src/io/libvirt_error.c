/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "io/libvirt_priv.h"

int vn_virt_code(int number)
{
    switch (number) {
    case VIR_ERR_NO_MEMORY:
        return VN_E_NOMEM;
    case VIR_ERR_NO_DOMAIN:
        return VN_E_ABSENT;
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
        return VN_E_ENV;
    case VIR_ERR_OPERATION_INVALID:
    case VIR_ERR_OPERATION_UNSUPPORTED:
    case VIR_ERR_CONFIG_UNSUPPORTED:
    case VIR_ERR_ARGUMENT_UNSUPPORTED:
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_XML_INVALID_SCHEMA:
    case VIR_ERR_XML_ERROR:
    case VIR_ERR_XML_DETAIL:
    case VIR_ERR_INVALID_ARG:
    case VIR_ERR_RESOURCE_BUSY:
    case VIR_ERR_AGENT_UNRESPONSIVE:
    case VIR_ERR_AGENT_UNSYNCED:
        return VN_E_REFUSED;
    default:
        return VN_E_IO;
    }
}

static const char *fix_for(int number)
{
    switch (number) {
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
        return "Run vnuma as root, or as a member of the group libvirt.";
    case VIR_ERR_AGENT_UNRESPONSIVE:
    case VIR_ERR_AGENT_UNSYNCED:
        return "Start qemu-guest-agent in the guest, and see that its XML has the channel 'org.qemu.guest_agent.0'.";
    case VIR_ERR_NO_DOMAIN:
        return "See 'vnuma vm' for the virtual machines that are there.";
    case VIR_ERR_OPERATION_TIMEOUT:
        return "Another operation holds this virtual machine: wait for it and try again.";
    default:
        return NULL;
    }
}

/* Messages hold names from outside: no control characters reach a terminal. */
static void clean(const char *from, char *to, size_t size)
{
    size_t at = 0;

    for (; *from && at + 1 < size; from++)
        to[at++] = iscntrl((unsigned char)*from) ? ' ' : *from;
    while (at && to[at - 1] == ' ')
        at--;
    to[at] = '\0';
}

int vn_virt_fail(struct vn_err *err, const char *fmt, ...)
{
    virErrorPtr last = virGetLastError();
    char message[256], doing[256];
    int number = last ? last->code : VIR_ERR_INTERNAL_ERROR, r;
    va_list args;

    clean(last && last->message ? last->message : "no reason given", message, sizeof message);
    va_start(args, fmt);
    (void)vsnprintf(doing, sizeof doing, fmt, args);
    va_end(args);
    r = vn_failf(err, vn_virt_code(number), fix_for(number), "libvirt says '%s'", message);
    return vn_err_ctx(err, r, "%s", doing);
}
