/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "cli/cli.h"

#define GROUP(name, heading) \
    static const struct cli_group name = {heading, name##_items, VN_COUNT(name##_items)}
#define EXAMPLES(name, ...) static const struct cli_example name[] = {__VA_ARGS__, {0}}

static const struct cli_option global_items[] = {
    {"connect", "URI", "the host: a libvirt URI, qemu-proc:, demo: or replay:FILE", 'c', 0},
    {"json", NULL, "JSON instead of text", 0, 0},
    {"color", "WHEN", "auto, always or never; NO_COLOR is honoured", 0, 0},
    {"config", "FILE", "policy file instead of /etc/vnuma/vnuma.conf", 0, 0},
    {"state", "DIR", "where the journal is kept; /var/lib/vnuma", 0, 0},
    {"quiet", NULL, "no progress and no remarks on stderr", 'q', 0},
    {"help", NULL, "help on the command", 'h', 0},
    {"version", NULL, "the version", 'V', 0},
    {"sysroot", "DIR", "a captured /sys and /proc tree as a host without VMs", 0, CLI_OPT_HIDDEN},
};
const struct cli_group cli_global_options = {"Global options", global_items, VN_COUNT(global_items)};

static const struct cli_option what_items[] = {
    {"all", NULL, "every VM may move, not only those named", 0, 0},
};
GROUP(what, "What to place");

static const struct cli_option paper_items[] = {
    {"new", "SPEC", "a VM that does not exist yet: name=web,vcpus=4,memory=8G[,cells=2][,KEY=VALUE]...", 0, 0},
    {"problem", "FILE", "a host and VMs on paper (vnuma.problem/1); '-' is stdin", 0, 0},
    {"check", "PLAN",
     "with --problem: is that plan (vnuma.plan/1, of any planner) valid, and its cost right? '-' is stdin", 0, 0},
};
GROUP(paper, "On paper");

static const struct cli_option policy_items[] = {
    {"cells", "CELLS", "guest nodes: auto, a number, or sizes as 16x16G,16x16G", 0, CLI_OPT_VM},
    {"policy", "POLICY", "dedicated (a CPU for each vCPU) or shared (vCPUs float over their node)", 0, CLI_OPT_VM},
    {"threads", "HOW", "prefer, require or isolate: what to do with thread siblings", 0, CLI_OPT_VM},
    {"emulator", "WHERE", "share (the VM's CPUs), isolate (one more CPU) or a CPU list", 0, CLI_OPT_VM},
    {"hugepages", "SIZE", "memory from huge pages of that size, or none", 0, CLI_OPT_VM},
    {"memory", "MODE", "strict, or preferred where a cell may take memory elsewhere", 0, CLI_OPT_VM},
    {"overcommit", "RATIO", "shared VMs: vCPUs for each CPU; 1.0", 0, CLI_OPT_VM},
    {"reserve", "CPUS", "CPUs for the host; no vCPU gets them", 0, 0},
    {"shared", "CPUS", "CPUs for floating VMs; no dedicated vCPU gets them", 0, 0},
};
GROUP(policy, "Policy (each for all, or as VM:VALUE)");

static const struct cli_option search_items[] = {
    {"metric", "NAME",
     "what distance is: slit (the firmware's table; default), or the latency, else the bandwidth, between nodes: "
     "hmat (as the firmware says) or measured", 0, 0},
    {"time-limit", "SECONDS", "for the search; 2", 0, 0},
    {"max-move", "SIZE", "never move more memory than that", 0, 0},
    {"count-cache", NULL, "page cache that the kernel would give back counts as free", 0, 0},
};
GROUP(search, "Search");

static const struct cli_option how_items[] = {
    {"via", "WAY", "live (default), or save-restore: strict memory with no reboot, with a pause", 0, 0},
    {"live", NULL, "what runs only", 0, 0},
    {"config", NULL, "the stored configuration only; --config=FILE is the policy file", 0, 0},
    {"no-move", NULL, "leave the memory where it is", 0, 0},
};
GROUP(how, "How it is carried out");

static const struct cli_option show_items[] = {
    {"xml", NULL, "print nothing but the resulting domain XML of one VM", 0, 0},
    {"explain", NULL, "a table: which nodes each cell could have, at what cost, and what rules the others out", 0, 0},
    {"output", "FILE", "save the plan as JSON, for 'vnuma apply FILE'", 'o', 0},
};
GROUP(show, "Output");

static const struct cli_option apply_group_items[] = {
    {"dry-run", NULL, "show the steps; change nothing", 0, 0},
    {"write", NULL, "replay: keep the changes in the file", 0, 0},
    {"wait", "SECONDS", "for another apply to end; 10", 0, 0},
    {"min-local", "PCT", "what verify takes as local enough afterwards; 95", 0, 0},
};
GROUP(apply_group, "Carrying out");

static const struct cli_option scope_items[] = {
    {"live", NULL, "what runs only", 0, 0},
    {"config", NULL, "the stored configuration only; --config=FILE is the policy file", 0, 0},
};
GROUP(scope, "Scope; without either both, where both exist");

static const struct cli_option pin_group_items[] = {
    {"emulator", "CPUS", "pin the emulator's threads", 0, 0},
    {"iothread", "N", "pin that IOThread", 0, 0},
    {"each", NULL, "the first vCPU to the first CPU, the second to the second, ...", 0, 0},
    {"from-plan", NULL, "all threads to where 'vnuma plan' would put them; memory and topology stay", 0, 0},
};
GROUP(pin_group, "What to pin");

static const struct cli_option numatune_group_items[] = {
    {"mode", "MODE", "strict, preferred, interleave, restrictive, or none to bind it no more", 0, 0},
    {"nodes", "NODES", "the nodes of the whole guest", 0, 0},
    {"cell", "CELL=NODES", "those of one cell; more than once", 0, 0},
    {"move", NULL, "move what is resident there now, too", 0, 0},
    {"force", NULL, "also where it does not fit", 0, 0},
};
GROUP(numatune_group, "What to change; without any of it, show");

static const struct cli_option vcpus_group_items[] = {
    {"max", "N", "how many it can ever have, from the next start", 0, 0},
    {"guest", NULL, "with a number: fail unless the guest's agent brings as many online; what goes, offline first; "
                    "without: show their interrupts too", 0, 0},
};
GROUP(vcpus_group, "What to change; without a number, show");

static const struct cli_option limit_cpu_group_items[] = {
    {"cpu", "CPU", "all of the VM together", 0, 0},
    {"vcpu", "CPU", "each vCPU", 0, 0},
    {"emulator", "CPU", "the emulator", 0, 0},
    {"iothread", "CPU", "each IOThread", 0, 0},
    {"shares", "N", "its weight where CPU time is short", 0, 0},
};
GROUP(limit_cpu_group, "CPU time, as 250% of one CPU or QUOTA/PERIOD in microseconds; 'none' takes a limit away");

static const struct cli_option limit_memory_group_items[] = {
    {"memory-hard", "SIZE", "beyond it the kernel ends the guest", 0, 0},
    {"memory-soft", "SIZE", "what it is taken back to where memory is short", 0, 0},
    {"memory-swap", "SIZE", "memory and swap together", 0, 0},
    {"force", NULL, "also less than the guest and QEMU need", 0, 0},
};
GROUP(limit_memory_group, "Memory");

static const struct cli_option limit_device_group_items[] = {
    {"disk", "DISK:WHAT=RATE,...", "read, write, total; read-iops, write-iops, total-iops; each with -max and "
                                   "-max-length for bursts; more than once", 0, 0},
    {"net", "IFACE:WHAT=RATE,...", "in, out; in-peak, in-burst, out-peak, out-burst; IFACE is a name or a MAC", 0, 0},
    {"blkio-weight", "N", "its weight where disks are busy", 0, 0},
};
GROUP(limit_device_group, "Disks and interfaces, as 200M/s, 200MB/s, 5000iops, 1Gbit");

static const struct cli_option balancing_group_items[] = {
    {"persist", NULL, "for every boot too (/etc/sysctl.d/90-vnuma.conf)", 0, 0},
};
GROUP(balancing_group, "Options");

static const struct cli_option verify_group_items[] = {
    {"min-local", "PCT", "least part of the memory on its own node; 95", 0, 0},
};
GROUP(verify_group, "Options");

static const struct cli_option undo_group_items[] = {
    {"memory", NULL, "move the memory back too", 0, 0},
    {"force", NULL, "also what somebody changed since", 0, 0},
    {"dry-run", NULL, "show what would be taken back; change nothing", 0, 0},
    {"write", NULL, "replay: keep the changes in the file", 0, 0},
    {"wait", "SECONDS", "for another apply to end; 10", 0, 0},
};
GROUP(undo_group, "Options");

static const struct cli_option history_group_items[] = {
    {"write", NULL, "replay: mend in the file what an interruption left", 0, 0},
    {"wait", "SECONDS", "for another apply to end; 0", 0, 0},
};
GROUP(history_group, "Options");

static const struct cli_option capture_group_items[] = {
    {"anonymize", NULL, "replace names, UUIDs, MACs, serials and paths, each always by the same", 0, 0},
};
GROUP(capture_group, "Options");

static const struct cli_option host_group_items[] = {
    {"svg", "FILE", "draw the host with the VMs on it; '-' is stdout", 0, 0},
};
GROUP(host_group, "Options");

static const struct cli_option cpu_look_items[] = {
    {"virttype", "TYPE", "for VMs of that type: kvm, or qemu (software emulation); what the host would take", 0, 0},
    {"all", NULL, "models: also those that cannot be used here, with what blocks them", 0, 0},
    {"vendor", "NAME", "models: of that vendor only, as Intel or AMD", 0, 0},
};
GROUP(cpu_look, "Looking (models, show, diff, host, baseline)");

static const struct cli_option cpu_set_items[] = {
    {"drop-features", NULL, "leave out the features that were named before", 0, 0},
    {"force", NULL, "store it although this host cannot give it", 0, 0},
    {"dry-run", NULL, "show the XML's change; change nothing", 0, 0},
    {"write", NULL, "replay: keep the changes in the file", 0, 0},
    {"wait", "SECONDS", "for another apply to end; 10", 0, 0},
};
GROUP(cpu_set, "Changing (set)");
static const struct cli_option stat_what_items[] = {
    {"process", "PID|TEXT", "processes: one by its id, or all with TEXT in their command line; more than once", 'p', 0},
    {"vms", NULL, "every VM that runs", 0, 0},
};
GROUP(stat_what, "What to look at; the counters of the host's nodes where nothing is named");

static const struct cli_option stat_how_items[] = {
    {"kinds", NULL, "Huge, Heap, Stack, Private of each, as for one process alone", 0, 0},
    {"sample", NULL, "an estimate with its bound, for what is too large to walk through", 0, 0},
    {"within", "POINTS", "the sample: how far off a node's part may be; 2", 0, 0},
    {"seed", "NUMBER", "the sample: the same pages of the same memory; from the clock", 0, 0},
    {"watch", "SECONDS", "the counters' rates, again and again until Ctrl-C; 1", 0, CLI_OPT_MAYBE},
    {"count", "N", "with --watch: so many times", 0, 0},
};
GROUP(stat_how, "How");

static const struct cli_option help_group_items[] = {
    {"man", NULL, "the manual page, as troff", 0, CLI_OPT_HIDDEN},
};
GROUP(help_group, "Options");

static const struct cli_group *const no_groups[] = {NULL};
static const struct cli_group *const host_groups[] = {&host_group, NULL};
static const struct cli_group *const stat_groups[] = {&stat_what, &stat_how, NULL};
static const struct cli_group *const plan_groups[] = {&what, &paper, &policy, &search, &how, &show, NULL};
static const struct cli_group *const apply_groups[] = {&what, &policy, &search, &how, &apply_group, NULL};
static const struct cli_group *const pin_groups[] = {&pin_group, &scope, &apply_group, NULL};
static const struct cli_group *const numatune_groups[] = {&numatune_group, &scope, &apply_group, NULL};
static const struct cli_group *const vcpus_groups[] = {&vcpus_group, &scope, &apply_group, NULL};
static const struct cli_group *const limit_groups[] = {&limit_cpu_group, &limit_memory_group, &limit_device_group,
                                                       &scope, &apply_group, NULL};
static const struct cli_group *const balancing_groups[] = {&balancing_group, &apply_group, NULL};
static const struct cli_group *const verify_groups[] = {&verify_group, NULL};
static const struct cli_group *const undo_groups[] = {&undo_group, NULL};
static const struct cli_group *const history_groups[] = {&history_group, NULL};
static const struct cli_group *const capture_groups[] = {&capture_group, NULL};
static const struct cli_group *const cpu_groups[] = {&cpu_look, &cpu_set, NULL};
static const struct cli_group *const help_groups[] = {&help_group, NULL};

EXAMPLES(host_examples, {"vnuma host", "this host"}, {"vnuma -c demo: host --svg host.svg", "a drawing of the example"});
EXAMPLES(stat_examples, {"vnuma stat", "the allocator's counters of each node"}, {"vnuma stat --watch=5", "their rates"},
         {"vnuma stat -p qemu", "every QEMU by node, as 'numastat -c qemu'"},
         {"vnuma stat -p 4711", "one process, as 'numastat -p 4711'"},
         {"vnuma -c demo: stat db32", "a VM, cell by node"}, {"vnuma stat --sample big", "a huge VM, at once"});
EXAMPLES(vm_examples, {"vnuma vm", "every VM in a line"}, {"vnuma -c demo: vm db32", "one VM, every thread"});
EXAMPLES(plan_examples, {"vnuma -c demo: plan db32", "where db32 should be"},
         {"vnuma plan db32 --emulator 0,20 --hugepages db32:1G", "with a policy of your own"},
         {"vnuma plan --new name=web,vcpus=4,memory=8G", "is there room for one more?"},
         {"vnuma plan db32 --xml | virsh define /dev/stdin", "by hand"},
         {"vnuma plan --problem cluster.json --json", "no host at all"},
         {"vnuma plan --check plan.json --problem cluster.json", "is somebody's plan valid?"});
EXAMPLES(apply_examples, {"vnuma -c demo: apply db32", "plan it and carry it out"},
         {"vnuma plan db32 -o db32.json; vnuma apply db32.json", "look first"},
         {"vnuma apply db32 --via save-restore", "strict memory at once, with a pause"});
EXAMPLES(pin_examples, {"vnuma pin db32 0-15 2-9,22-29", "sixteen vCPUs float over sixteen CPUs"},
         {"vnuma pin db32 0-15 2-9,22-29 --each", "one CPU each"},
         {"vnuma -c demo: pin db32 --emulator 0,20 --dry-run", "what would be done"},
         {"vnuma pin db32 all all", "let all vCPUs float"});
EXAMPLES(numatune_examples, {"vnuma -c demo: numatune db32", "how it is bound, and where it lies"},
         {"vnuma numatune web1 --nodes 1 --move", "to node 1, now and at every start"},
         {"vnuma numatune db32 --cell 0=0 --cell 1=1 --mode strict", "each cell on its node"});
EXAMPLES(vcpus_examples, {"vnuma -c demo: vcpus db32", "which are plugged, and where they belong"},
         {"vnuma vcpus web1 4", "four, now and at the next start; new ones pinned before they run"},
         {"vnuma vcpus web1 --max 16", "a reserve to plug from, after the next start"});
EXAMPLES(limit_examples, {"vnuma -c demo: limit db32", "every limit that it has or could have"},
         {"vnuma limit web1 --cpu 150% --memory-hard 6G", "a CPU and a half, now and at every start"},
         {"vnuma limit web1 --disk vda:read=200M/s,write=100M/s", "a disk"},
         {"vnuma limit web1 --disk vda:none --cpu none", "away again"});
EXAMPLES(balancing_examples, {"vnuma -c demo: balancing", "is it on, and for whom does it work?"},
         {"vnuma balancing off --persist", "now and at every boot"});
EXAMPLES(verify_examples, {"vnuma verify", "every VM"}, {"vnuma -c demo: verify db32 --min-local 90", "one VM"});
EXAMPLES(undo_examples, {"vnuma undo", "the newest apply"}, {"vnuma undo 7 --memory", "a certain one, with its memory"});
EXAMPLES(history_examples, {"vnuma history", "newest first"}, {"vnuma history 7", "the steps of one"});
EXAMPLES(capture_examples, {"vnuma capture --anonymize host.vnuma", "to mail"},
         {"vnuma -c replay:host.vnuma plan db32", "to plan for it elsewhere"});
EXAMPLES(cpu_examples, {"vnuma cpu models", "what this host can give"},
         {"vnuma cpu show EPYC", "a model's features, and what blocks it here"},
         {"vnuma cpu baseline a.xml qemu+ssh://root@kvm7/system", "a CPU for VMs that move between hosts"},
         {"vnuma -c demo: cpu set db32 host-model --dry-run", "the change in the XML"});
EXAMPLES(help_examples, {"vnuma help plan", "the same as 'vnuma plan --help'"});
EXAMPLES(no_examples, {NULL, NULL});
EXAMPLES(completion_examples, {"source <(vnuma completion)", "in ~/.bashrc"});

#define ANY SIZE_MAX

static const struct cli_command commands[] = {
    {"host", "", "Show the host: nodes, CPUs, memory, distances, devices, settings",
     "Which kind of machine it is (UMA, NUMA, how far apart) and what that means for VMs; nodes with their CPUs and memory, thread siblings, L3 domains, the distance table, devices with their nodes, and "
     "the kernel settings that matter to the placement of VMs.",
     0, host_groups, host_examples, "023", "vnuma.host/1", cmd_host},
    {"stat", "[VM]...", "Show memory by node: of VMs, of processes; or the nodes' counters",
     "With no name, what the kernel's allocator counted on each node, in pages since the host started. With -p, the "
     "memory of processes; with names of VMs or --vms, that of VMs, by cell where the guest has cells. The figures come "
     "from the memory cgroup where that counts what the process has resident, to 1 %; else from numa_maps, exactly.",
     ANY, stat_groups, stat_examples, "0234", "vnuma.stat/1", cmd_stat},
    {"vm", "[NAME]", "List the VMs, or show where one of them runs and where its memory is",
     "For each vCPU the CPU it ran on last, and where it may run: as libvirt has it, and as the kernel has it. For the "
     "memory, the part that is on the node where it should be.",
     1, no_groups, vm_examples, "023", "vnuma.vm/1", cmd_vm},
    {"plan", "[VM]...", "Propose a placement and explain it; change nothing",
     "Places the VMs named (with no name: every VM) beside those that stay, and shows where each cell goes and why, the "
     "change in the domain XML, and the steps with when each takes effect.",
     ANY, plan_groups, plan_examples, "01234", "vnuma.plan/1", cmd_plan},
    {"apply", "[VM... | PLAN.json]", "Carry out a plan; verify it; undo it on failure",
     "Plans for the VMs named, or takes a saved plan (a name that ends in .json or has a '/'). The old state is in the "
     "journal before the first change; a failing step takes the earlier ones back.",
     ANY, apply_groups, apply_examples, "0123456", "vnuma.applied/1", cmd_apply},
    {"verify", "[VM]...", "Is everything where the configuration says it is?",
     "Compares the configuration, libvirt's live view, the kernel's masks, the cpuset cgroups and where the pages are, "
     "and lists every difference with its evidence.",
     ANY, verify_groups, verify_examples, "0123", "vnuma.drift/1", cmd_verify},
    {"pin", "VM [VCPUS] [CPUS]", "Pin vCPUs, the emulator or an IOThread by hand, live and stored",
     "VCPUS is a list as 0-3,8 or 'all', also of vCPUs that are not plugged yet; CPUS a list or 'all'. All of it is one "
     "entry of the journal, which 'vnuma undo' takes back.",
     3, pin_groups, pin_examples, "0123456", "vnuma.applied/1", cmd_pin},
    {"numatune", "VM", "View and change which nodes a VM's memory comes from; move it",
     "What is stored holds from the next start. What runs takes other nodes in mode restrictive only (libvirt's rule); "
     "--move moves what is resident in any mode. What would not fit is refused with the figures: strict memory beyond "
     "its node's ends in an OOM kill.",
     1, numatune_groups, numatune_examples, "0123456", "vnuma.numatune/1", cmd_numatune},
    {"vcpus", "VM [N]", "View, plug and unplug vCPUs, each on its node before it runs",
     "A new vCPU gets the pin it has already, else a place on the node of its cell: a CPU of its own where the others "
     "have one, else where the others float. Then it is plugged, and brought online by the guest's agent, where one "
     "answers; what the guest says of it is shown: is it online, how many interrupts has it taken. Unplugging takes "
     "the guest's leave: what it did is read back.",
     2, vcpus_groups, vcpus_examples, "0123456", "vnuma.vcpus/1", cmd_vcpus},
    {"limit", "VM", "View and change what a VM may use: CPU, memory, disks, interfaces",
     "Without an option all limits are shown: as they are now, as they are stored, and what is used. Of a disk or an "
     "interface what is not named stays. What would end the guest or keep it from starting is refused.",
     1, limit_groups, limit_examples, "0123456", "vnuma.limit/1", cmd_limit},
    {"balancing", "[on | off | status]", "Automatic NUMA balancing: what it does for each VM; switch it",
     "The kernel unmaps pages now and then, sees by the faults which CPUs use them, and moves pages and tasks together. "
     "Work that is bound to its nodes pays for that and gains nothing. 'off' ends memory tiering too; 'on' leaves it as "
     "it is.",
     1, balancing_groups, balancing_examples, "0123456", "vnuma.balancing/1", cmd_balancing},
    {"undo", "[ID]", "Take back an apply: pins, nodeset, stored XML byte for byte",
     "The newest apply of this host that is in force, or the one with that number in 'vnuma history'.", 1, undo_groups,
     undo_examples, "023456", "vnuma.applied/1", cmd_undo},
    {"history", "[ID]", "List what was applied, newest first; or the steps of one",
     "Also finishes or takes back what a crash interrupted, and says so.", 1, history_groups, history_examples, "023",
     "vnuma.history/1", cmd_history},
    {"cpu", "models [PATTERN] | show MODEL [MODEL] | diff MODEL MODEL | host | check VM | baseline FILE-OR-URI... | "
     "set VM host-passthrough|host-model|MODEL", "CPU models: what there is, what the host gives, what a VM asks for",
     "models lists libvirt's CPU models and whether this host's QEMU can give them; show has one's features and what "
     "blocks it, with two models (or as diff) their difference; host tells this host's CPU; check holds a VM's <cpu> "
     "against the host and what the running guest got; baseline finds the CPU that several hosts can give, from "
     "libvirt URIs or from files that 'virsh domcapabilities' wrote; set stores another CPU for the next start.",
     ANY, cpu_groups, cpu_examples, "0123456",
     "vnuma.cpu-WHAT/1 (cpu-models, cpu-show, ...), that of set vnuma.applied/1", cmd_cpu},
    {"capture", "FILE", "Save everything a plan may depend on, to replay it anywhere",
     "One text file that can be read, compared, mailed and used as '-c replay:FILE'. '-' is stdout.", 1,
     capture_groups, capture_examples, "023", NULL, cmd_capture},
    {"completion", "", "Print the completion script for bash", "Completes commands, options and VM names.", 0,
     no_groups, completion_examples, "03", NULL, cmd_completion},
    {"help", "[COMMAND]", "Help, on everything or on one command", "The options, examples and exit statuses.", 1,
     help_groups, help_examples, "02", NULL, cmd_help},
    {"version", "", "Print the version", "The version, and the libvirt it was built with.", 0, no_groups, no_examples,
     "0", NULL, cmd_version},
};

const struct cli_command *cli_commands(size_t *ret_count)
{
    *ret_count = VN_COUNT(commands);
    return commands;
}

const struct cli_command *cli_command(const char *name)
{
    for (size_t i = 0; i < VN_COUNT(commands); i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return NULL;
}

bool cli_has_subcommands(const struct cli_command *command)
{
    return islower((unsigned char)command->args[0]);
}

const char *cli_form(const struct cli_command *command, const char **at, size_t *ret_len)
{
    const char *form = *at, *end = form && cli_has_subcommands(command) ? strstr(form, " | ") : NULL;

    if (!form)
        return NULL;
    *ret_len = end ? (size_t)(end - form) : strlen(form);
    *at = end ? end + 3 : NULL;
    return form;
}
