#!/bin/bash
# The worked example's XML is accepted by a real libvirt: schema and define.
# shellcheck source=lib.sh
source "$HERE/lib.sh"

expect 0 -c demo: plan db32 --xml
# No KVM is needed to define; the name must be one of this test's.
vm=$(guest_name db32)
sed -e "s|<name>db32</name>|<name>$vm</name>|" -e '/<uuid>/d' out >db32.xml
virt-xml-validate db32.xml domain >/dev/null
if ! virsh -q define db32.xml 2>define.err; then
    # A machine whose libvirt offers no KVM refuses the type alone.
    sed "s/type=['\"]kvm['\"]/type='qemu'/" db32.xml >tcg.xml
    virsh -q define tcg.xml
fi
virsh dumpxml --inactive "$vm" >stored.xml
has stored.xml "<vcpupin vcpu='0' cpuset='2'/>"
has stored.xml "<vcpupin vcpu='1' cpuset='22'/>"
has stored.xml "<vcpupin vcpu='31' cpuset='39'/>"
has stored.xml "<memnode cellid='0' mode='strict' nodeset='0'/>"
has stored.xml "<memnode cellid='1' mode='strict' nodeset='1'/>"
has stored.xml "threads='2'"
