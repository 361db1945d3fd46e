# SPDX-License-Identifier: MIT
"""The machines that the lab can be: nodes with CPUs and memory, distances, kind of CPU."""
from dataclasses import dataclass, field

# QEMU emulates AMD's SVM with nested paging, so that the lab has a real /dev/kvm ...
KVM = "max,svm=on"
# ... but gives AMD CPUs no thread siblings: those need Intel, which has no kvm-amd.
SMT = "max,vendor=GenuineIntel"


@dataclass(frozen=True)
class Shape:
    """cpus and mib: one figure a node; 0 for none. distances: None for 10 and 21."""
    what: str
    cpus: tuple
    mib: tuple
    distances: tuple = None
    threads: int = 1
    cpu: str = KVM
    slow: bool = field(default=False)

    @property
    def guests(self):
        """The type of libvirt domains that run here."""
        return "kvm" if self.cpu == KVM else "qemu"

    def distance(self, a, b):
        if self.distances:
            return self.distances[a][b]
        return 10 if a == b else 21

    def qemu(self):
        """The arguments that make QEMU such a machine."""
        total, sockets = sum(self.cpus), sum(1 for n in self.cpus if n)
        cores = total // sockets // self.threads
        args = ["-cpu", self.cpu, "-m", f"{sum(self.mib)}M", "-smp",
                f"{total},sockets={sockets},cores={cores},threads={self.threads}"]
        first = 0
        for node, (cpus, mib) in enumerate(zip(self.cpus, self.mib)):
            text = f"node,nodeid={node}"
            if cpus:
                text += f",cpus={first}-{first + cpus - 1}"
                first += cpus
            if mib:
                args += ["-object", f"memory-backend-ram,size={mib}M,id=memory{node}"]
                text += f",memdev=memory{node}"
            args += ["-numa", text]
        for a in range(len(self.cpus)):
            for b in range(len(self.cpus)):
                args += ["-numa", f"dist,src={a},dst={b},val={self.distance(a, b)}"]
        return args


SHAPES = {
    "2x4": Shape("2 nodes of 4 CPUs, KVM; the default", (4, 4), (1536, 1536)),
    "4x2": Shape("4 nodes of 2 CPUs in a ring, KVM", (2, 2, 2, 2), (1024,) * 4,
                 ((10, 16, 28, 16), (16, 10, 16, 28), (28, 16, 10, 16), (16, 28, 16, 10))),
    "memory-only": Shape("2 nodes of 2 CPUs and a third with memory only, KVM", (2, 2, 0), (1024, 1024, 1536),
                         ((10, 21, 17), (21, 10, 28), (17, 28, 10))),
    "asymmetric": Shape("3 nodes of 2 CPUs, farther one way than the other, KVM", (2, 2, 2), (1024,) * 3,
                        ((10, 15, 30), (20, 10, 15), (25, 35, 10))),
    "memoryless": Shape("2 nodes of 2 CPUs and a third with CPUs only, KVM", (2, 2, 2), (1536, 1536, 0),
                        ((10, 21, 21), (21, 10, 16), (21, 16, 10))),
    "smt": Shape("2 nodes of 2 cores with 2 threads each; no KVM, guests are emulated", (4, 4), (1536, 1536),
                 threads=2, cpu=SMT),
    "2x20": Shape("2 nodes of 20 CPUs, KVM; minutes to boot the first time", (20, 20), (3072, 3072), slow=True),
}
