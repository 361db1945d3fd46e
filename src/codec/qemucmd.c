/* SPDX-License-Identifier: MIT */
#include "codec/qemucmd_parts.h"

#include <string.h>
#include <vnuma/units.h>

/* The walk through the arguments. */

#define DEFAULT_KIB (UINT64_C(128) << 10) /* without -m */
#define MIB (UINT64_C(1) << 20)

static int set_text(struct vn_qemu_line *line, char **to, const char *value)
{
    *to = vn_arena_strdup(line->arena, value ? value : "");
    return *to ? 0 : vn_nomem(line->err);
}

/* Length of the UTF-8 character that a name may hold, as XML allows it; 0: none is here. */
static size_t good_char(const unsigned char *at)
{
    size_t len = at[0] < 0x80 ? 1 : at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc2 ? 2 : 0;

    if (len == 1)
        return at[0] >= 0x20 && at[0] != 0x7f;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] >= 0x90) || at[0] >= 0xf5)
        return 0;
    return len == 3 && at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe ? 0 : len; /* U+FFFE, U+FFFF */
}

/* A name that a screen and XML can show. */
static int set_name(struct vn_qemu_line *line, char **to, const char *value)
{
    int r = set_text(line, to, value);

    for (char *at = r == 0 ? *to : NULL; at && *at;) {
        size_t len = good_char((const unsigned char *)at);

        if (!len)
            *at = '?';
        at += len ? len : 1;
    }
    return r;
}

static int props_of(struct vn_qemu_line *line, const char *text, const char *implied, struct vn_qemu_props *ret)
{
    return vn_qemu_props_parse(text, implied, line->arena, ret, line->err);
}

/* ---- one option each ---- */

static int on_name(struct vn_qemu_line *line, const char *text)
{
    struct vn_qemu_props props;
    int r = props_of(line, text, "guest", &props);

    if (r < 0)
        return r;
    line->cmd->debug_threads = vn_qemu_prop_on(&props, "debug-threads");
    return set_name(line, &line->cmd->name, vn_qemu_prop(&props, "guest"));
}

static int on_uuid(struct vn_qemu_line *line, const char *text)
{
    return set_name(line, &line->cmd->uuid, text);
}

static int on_id(struct vn_qemu_line *line, const char *text)
{
    return set_name(line, &line->cmd->vmid, text);
}

static int on_readconfig(struct vn_qemu_line *line, const char *text)
{
    return set_name(line, &line->cmd->readconfig, text);
}

static int on_mem_path(struct vn_qemu_line *line, const char *text)
{
    return set_text(line, &line->cmd->mem_path, text);
}

static int on_smp(struct vn_qemu_line *line, const char *text)
{
    return props_of(line, text, "cpus", &line->smp);
}

static int on_memory(struct vn_qemu_line *line, const char *text)
{
    struct vn_qemu_props props;
    int r = props_of(line, text, "size", &props);

    if (r == 0)
        r = vn_qemu_prop_kib(&props, "size", MIB, &line->cmd->memory_kib, line->err);
    return r < 0 ? vn_err_ctx(line->err, r, "cannot understand -m") : 0;
}

/* Several -machine options add up. */
static int on_machine(struct vn_qemu_line *line, const char *text)
{
    struct vn_qemu_props props;
    const char *accel;
    int r = props_of(line, text, "type", &props);

    for (size_t i = 0; r == 0 && i < props.count; i++) {
        struct vn_qemu_prop *item =
            vn_arena_grow(line->arena, &line->machine.items, &line->machine.count, sizeof *item);

        if (!item)
            return vn_nomem(line->err);
        *item = props.items[i];
    }
    if (r < 0)
        return r;
    accel = vn_qemu_prop(&line->machine, "accel"); /* "kvm:tcg": the first that works */
    line->cmd->kvm |= accel && !strncmp(accel, "kvm", 3);
    accel = vn_qemu_prop(&line->machine, "type");
    line->cmd->no_machine = accel && !strcmp(accel, "none");
    return 0;
}

static int on_accel(struct vn_qemu_line *line, const char *text)
{
    line->cmd->kvm |= !strncmp(text, "kvm", 3) || !strncmp(text, "accel=kvm", 9);
    return 0;
}

static int on_numa(struct vn_qemu_line *line, const char *text)
{
    struct vn_qemu_props *props = vn_arena_grow(line->arena, &line->numa, &line->n_numa, sizeof *props);

    return props ? props_of(line, text, "type", props) : vn_nomem(line->err);
}

static int add_text(struct vn_qemu_line *line, char ***items, size_t *count, const char *text)
{
    char **item = vn_arena_grow(line->arena, items, count, sizeof *item);

    if (item)
        *item = vn_arena_strdup(line->arena, text);
    return item && *item ? 0 : vn_nomem(line->err);
}

/* Is it "0000:3b:00.0": slots end at 1f, functions at 7? */
static bool is_address(const char *text)
{
    static const char shape[] = "xxxx:xx:sx.f";

    if (strlen(text) != sizeof shape - 1)
        return false;
    for (size_t i = 0; shape[i]; i++) {
        const char *chars = shape[i] == 'x' ? "0123456789abcdef" : shape[i] == 's' ? "01" : "01234567";

        if (shape[i] == ':' || shape[i] == '.' ? text[i] != shape[i] : !strchr(chars, text[i]))
            return false;
    }
    return true;
}

/* "3b:00.0" or "0000:3b:00.0"; another form is no address of the host's. */
static int add_device(struct vn_qemu_line *line, const char *host)
{
    const char *full = strlen(host) == sizeof "xx:xx.x" - 1 ? vn_arena_printf(line->arena, "0000:%s", host) : host;

    if (!full)
        return vn_nomem(line->err);
    return is_address(full) ? add_text(line, &line->cmd->devices, &line->cmd->n_devices, full) : 0;
}

static int on_device(struct vn_qemu_line *line, const char *text)
{
    static const char sysfs[] = "/sys/bus/pci/devices/";
    struct vn_qemu_props props;
    const char *driver, *host, *dir;
    int r = props_of(line, text, "driver", &props);

    if (r < 0)
        return r;
    driver = vn_qemu_prop(&props, "driver");
    host = vn_qemu_prop(&props, "host");
    dir = vn_qemu_prop(&props, "sysfsdev");
    if (!driver || strncmp(driver, "vfio-pci", 8) != 0)
        return 0;
    if (!host && dir && !strncmp(dir, sysfs, sizeof sysfs - 1))
        host = dir + sizeof sysfs - 1;
    return host ? add_device(line, host) : 0;
}

/* ---- QMP ---- */

static int on_chardev(struct vn_qemu_line *line, const char *text)
{
    struct vn_qemu_props props;
    struct vn_qemu_chardev *item;
    const char *id, *path;
    int r = props_of(line, text, "backend", &props);

    if (r < 0)
        return r;
    id = vn_qemu_prop(&props, "id");
    path = vn_qemu_prop(&props, "path");
    if (!id)
        return 0;
    line->cmd->libvirt |= !strcmp(id, "charmonitor"); /* libvirt's own monitor */
    item = vn_arena_grow(line->arena, &line->chardevs, &line->n_chardevs, sizeof *item);
    if (!item)
        return vn_nomem(line->err);
    item->id = vn_arena_strdup(line->arena, id);
    item->path = vn_arena_strdup(line->arena, path ? path : "");
    return item->id && item->path ? 0 : vn_nomem(line->err);
}

static int on_mon(struct vn_qemu_line *line, const char *text)
{
    struct vn_qemu_props props;
    const char *mode, *chardev;
    int r = props_of(line, text, "chardev", &props);

    if (r < 0)
        return r;
    mode = vn_qemu_prop(&props, "mode");
    chardev = vn_qemu_prop(&props, "chardev");
    if (!mode || !chardev || strcmp(mode, "control") != 0)
        return 0;
    return add_text(line, &line->monitors, &line->n_monitors, chardev);
}

/* "unix:PATH,server=on", or "chardev:ID"; others are not UNIX sockets. */
static int on_qmp(struct vn_qemu_line *line, const char *text)
{
    struct vn_qemu_props props;
    int r;

    if (!strncmp(text, "chardev:", 8))
        return add_text(line, &line->monitors, &line->n_monitors, text + 8);
    if (strncmp(text, "unix:", 5) != 0)
        return 0;
    r = props_of(line, text + 5, "path", &props);
    if (r < 0 || !vn_qemu_prop(&props, "path"))
        return r;
    return add_text(line, &line->cmd->sockets, &line->cmd->n_sockets, vn_qemu_prop(&props, "path"));
}

static int join_monitors(struct vn_qemu_line *line)
{
    int r = 0;

    for (size_t m = 0; m < line->n_monitors; m++)
        for (size_t c = 0; r == 0 && c < line->n_chardevs; c++)
            if (!strcmp(line->monitors[m], line->chardevs[c].id) && *line->chardevs[c].path)
                r = add_text(line, &line->cmd->sockets, &line->cmd->n_sockets, line->chardevs[c].path);
    return r;
}

/* ---- all of them ---- */

static const struct option {
    const char *name;
    int (*read)(struct vn_qemu_line *line, const char *text);
} options[] = {
    {"M", on_machine},         {"accel", on_accel},     {"chardev", on_chardev}, {"device", on_device},
    {"id", on_id},             {"m", on_memory},        {"machine", on_machine}, {"mem-path", on_mem_path},
    {"mon", on_mon},           {"name", on_name},       {"numa", on_numa},       {"object", vn_qemucmd_object},
    {"qmp", on_qmp},           {"qmp-pretty", on_qmp},  {"readconfig", on_readconfig},
    {"smp", on_smp},           {"uuid", on_uuid},
};

/* Those that take no argument: every other one has the next word for its own. */
static const char *const flags[] = {
    "S", "alt-grab", "async-teardown", "ctrl-grab", "curses", "daemonize", "enable-fips", "enable-hax", "enable-kvm",
    "enable-sync-profile", "full-screen", "h", "help", "mem-prealloc", "no-acpi", "no-fd-bootchk", "no-frame",
    "no-hpet", "no-kvm", "no-kvm-irqchip", "no-kvm-pit", "no-kvm-pit-reinjection", "no-quit", "no-reboot",
    "no-shutdown", "no-user-config", "nodefaults", "nodefconfig", "nographic", "old-param", "one-insn-per-tb",
    "only-migratable", "portrait", "preconfig", "rtc-td-hack", "s", "sdl", "semihosting", "singlestep", "snapshot",
    "tdf", "usb", "version", "win2k-hack", "xen-attach", "xen-domid-restrict",
};

static bool is_flag(struct vn_qemu_cmd *cmd, const char *name)
{
    cmd->kvm |= !strcmp(name, "enable-kvm");
    cmd->mem_prealloc |= !strcmp(name, "mem-prealloc");
    for (size_t i = 0; i < VN_COUNT(flags); i++)
        if (!strcmp(name, flags[i]))
            return true;
    return false;
}

static int read_option(struct vn_qemu_line *line, const char *name, const char *value)
{
    for (size_t i = 0; i < VN_COUNT(options); i++)
        if (!strcmp(name, options[i].name))
            return options[i].read(line, value);
    return 0;
}

/* The argument after @at, or @end. */
static const char *next(const char *at, const char *end)
{
    const char *nul = memchr(at, '\0', (size_t)(end - at));

    return nul ? nul + 1 : end;
}

static int walk(struct vn_qemu_line *line, const char *args, const char *end)
{
    int r = set_text(line, &line->cmd->program, args);

    for (const char *at = next(args, end); r == 0 && at < end; at = next(at, end)) {
        const char *name = at[0] == '-' ? at + 1 + (at[1] == '-') : NULL;

        if (!name || is_flag(line->cmd, name)) /* a word alone is a disk's image */
            continue;
        at = next(at, end);
        if (at < end)
            r = read_option(line, name, at);
    }
    return r;
}

/* "iothread7" -> 7; 0: another form. */
static unsigned number_of(const char *id)
{
    uint64_t number = 0;

    if (strncmp(id, "iothread", 8) != 0 || vn_uint_parse(id + 8, 4096, &number, NULL) < 0)
        return 0;
    return (unsigned)number;
}

static int number_iothreads(struct vn_qemu_line *line)
{
    struct vn_qemu_cmd *cmd = line->cmd;
    unsigned *numbers = vn_arena_array(line->arena, cmd->n_iothreads, sizeof *numbers);
    bool own = true;

    if (!numbers)
        return vn_nomem(line->err);
    for (size_t i = 0; i < cmd->n_iothreads; i++) {
        numbers[i] = number_of(cmd->iothreads[i]);
        own = own && numbers[i];
        for (size_t j = 0; j < i; j++)
            own = own && numbers[j] != numbers[i];
    }
    for (size_t i = 0; !own && i < cmd->n_iothreads; i++)
        numbers[i] = (unsigned)i + 1;
    cmd->iothread_numbers = numbers;
    return 0;
}

/* What an option refers to may stand behind it: these are read last. */
static int finish(struct vn_qemu_line *line)
{
    int r = vn_qemucmd_smp(line);

    if (r == 0)
        r = vn_qemucmd_numa(line);
    if (r == 0)
        r = join_monitors(line);
    if (r == 0 && !line->cmd->memory_kib)
        line->cmd->memory_kib = DEFAULT_KIB;
    return r < 0 ? r : number_iothreads(line);
}

int vn_qemucmd_parse(const char *args, size_t len, struct vn_arena *arena, struct vn_qemu_cmd *ret, struct vn_err *err)
{
    struct vn_qemu_cmd cmd = {.memory_backend = -1};
    struct vn_qemu_line line = {.arena = arena, .err = err, .cmd = &cmd};
    char **const texts[] = {&cmd.name, &cmd.uuid, &cmd.vmid, &cmd.readconfig, &cmd.mem_path};
    char *copy;
    int r = 0;

    if (len > VN_QEMUCMD_MAX)
        return VN_FAIL(err, VN_E_FORMAT, .cause = "a command line of more than 4 MiB");
    copy = vn_arena_strndup(arena, args, 0); /* "" */
    for (size_t i = 0; i < VN_COUNT(texts); i++)
        *texts[i] = copy;
    copy = vn_arena_alloc(arena, len + 1); /* ends with a NUL in any case */
    if (!copy || !cmd.name)
        return vn_nomem(err);
    if (len)
        memcpy(copy, args, len);
    r = walk(&line, copy, copy + len + (len && args[len - 1]));
    if (r == 0)
        r = finish(&line);
    if (r == 0)
        *ret = cmd;
    return r;
}
