# shellcheck shell=bash
# A bare Debian 12 in a directory: what scripts/fresh and the lab's build share. Sourced, by
# scripts that need root; they have a function 'fail'.
#
#   debian_cache                   prints the directory that keeps what is costly to make
#   debian_base [refresh]          prints the packed base system, made if need be
#   debian_unpack DIR              unpacks that into DIR; packages then come from where
#                                  this machine's apt gets them
#   debian_inside DIR WORK CMD...  becomes CMD, run in DIR with WORK as its directory
#
# DEBIAN_MIRROR=URL names another mirror for the base system. VNUMA_CACHE names the
# cache, else ~/.cache/vnuma.

readonly DEBIAN_SUITE=bookworm

debian_cache() {
    echo "${VNUMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vnuma}"
}

# The first mirror from which apt gets the suite itself (not its updates).
debian_mirror() {
    local found
    # shellcheck disable=SC2016 # apt expands these
    found=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
        'Created-By: Packages' | awk -v suite="$DEBIAN_SUITE" '$2 == suite { print $1; exit }')}
    [[ -n $found ]] || fail "apt here knows no mirror of $DEBIAN_SUITE: set DEBIAN_MIRROR to one"
    echo "$found"
}

# debootstrap downloads by wget, which knows nothing of apt's proxy.
debian_use_apt_proxy() {
    local proxy=
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [[ -z $proxy || $proxy == DIRECT ]] || export http_proxy=$proxy
}

# From the cache it takes seconds. A month on, it would be out of date.
debian_base() {
    local cache packed scratch
    cache=$(debian_cache)
    packed=$cache/base-$DEBIAN_SUITE.tar.gz
    if [[ -z ${1-} && -n $(find "$packed" -mtime -30 2>/dev/null) ]]; then
        echo "$packed"
        return
    fi
    mkdir -p "$cache"
    scratch=$(mktemp -d "$cache/making-base.XXXXXX")
    debian_use_apt_proxy
    # Certificates are for mirrors by https, which minbase could not reach.
    debootstrap --variant=minbase --include=ca-certificates "$DEBIAN_SUITE" "$scratch/root" \
        "$(debian_mirror)" >"$scratch/log" 2>&1 || {
        tail -n 20 "$scratch/log" >&2
        fail "debootstrap failed; '$scratch' is left to look at"
    }
    rm -f "$scratch"/root/var/cache/apt/archives/*.deb
    tar -C "$scratch/root" -czf "$scratch/packed" .
    mv "$scratch/packed" "$packed"
    rm -rf --one-file-system "$scratch"
    echo "$packed"
}

# What apt and the network need to work as they do here: mirrors, keys, proxies,
# names, certificates. Sources that are switched off by another suffix stay out.
debian_copy_network() {
    local root=$1 path
    rm -f "$root/etc/apt/sources.list" # debootstrap's; copied next if there is one here
    for path in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} \
        /etc/apt/{apt.conf,apt.conf.d,auth.conf,auth.conf.d,preferences,preferences.d} \
        /etc/apt/{keyrings,trusted.gpg,trusted.gpg.d} /usr/share/keyrings \
        /etc/resolv.conf /etc/hosts /etc/ssl/certs /usr/local/share/ca-certificates; do
        [[ -e $path ]] || continue
        rm -rf "${root:?}$path"
        mkdir -p "$root${path%/*}"
        # -L on the command line only: resolv.conf is often a link into /run.
        cp -RH --preserve=mode "$path" "$root$path"
    done
}

debian_unpack() {
    local packed
    packed=$(debian_base "${2-}")
    tar -C "$1" -xzf "$packed"
    debian_copy_network "$1"
}

# Mounts and processes are its own, and end with it.
debian_inside() {
    # shellcheck disable=SC2016 # expanded by the shell inside
    exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child sh -euc '
        root=$1 inside=$2
        shift 2
        # A mount of its own: programs inside change how "/" propagates.
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount --rbind /sys "$root/sys"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/run"
        exec chroot "$root" /usr/bin/env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            sh -c "cd \"\$0\" && \"\$@\"; exit \$?" "$inside" "$@" # stays, to reap
    ' sh "$@"
}
