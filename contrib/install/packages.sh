# shellcheck shell=bash
# What jailpy and its tests need from the system, and how to get it: sourced by install.sh, which has say, fail,
# quietly, find_python and the variables python and dry_run.

# What each package manager calls the things that we need. A dash: it comes with something else. @: the Python's version.
packages='
# thing      apt               dnf                 apk             pacman           zypper
python       python3           python3             python3         python           python311
venv         python3-venv      -                   -               -                -
headers      python3-dev       python3-devel       python3-dev     -                python311-devel
libseccomp   libseccomp2       libseccomp          libseccomp      libseccomp       libseccomp2
compiler     gcc,libc6-dev     gcc                 gcc,musl-dev    gcc              gcc
libcap       libcap-dev        libcap-devel        libcap-dev      libcap           libcap-devel
libcap-lib   libcap2           libcap              libcap2         libcap           libcap2
testsuite    libpython@-testsuite  python3-test   python3-tests   python-tests     python311-testsuite
shellcheck   shellcheck        ShellCheck          shellcheck      shellcheck       ShellCheck
mandoc       mandoc            mandoc              mandoc          mandoc           mandoc
qemu         qemu-system-x86   qemu-system-x86-core  qemu-system-x86_64  qemu-system-x86  qemu-x86
debootstrap  debootstrap       debootstrap         debootstrap     debootstrap      debootstrap
mke2fs       e2fsprogs         e2fsprogs           e2fsprogs       e2fsprogs        e2fsprogs
busybox      busybox-static    busybox             busybox-static  busybox          busybox-static
cpio         cpio              cpio                cpio            cpio             cpio
depmod       kmod              kmod                kmod            kmod             kmod
strace       strace            strace              strace          strace           strace
bwrap        bubblewrap        bubblewrap          bubblewrap      bubblewrap       bubblewrap
zsh          zsh               zsh                 zsh             zsh              zsh
fish         fish              fish                fish            fish             fish
dbus-daemon  dbus              dbus-daemon         dbus            dbus             dbus-1
'
to_install_wheels=(python venv libseccomp libcap-lib)
to_run=(python venv libseccomp compiler headers libcap)
to_test=(testsuite shellcheck mandoc qemu debootstrap mke2fs busybox cpio depmod strace bwrap zsh fish dbus-daemon)

need_to_install_wheels() { need "${to_install_wheels[@]}"; }

need_to_run() { need "${to_run[@]}"; }

need_to_test() {
  need python # its version is in the name of a package
  need "${to_run[@]}" "${to_test[@]}"
}

have() { # does it work: asked of the thing itself, so that nobody is bothered for a package that is not needed
  case $1 in
    python) [ -n "$python" ] ;;
    venv) "$python" -I -c 'import ensurepip, venv' ;;
    headers) "$python" -I -c 'import os, sysconfig as s; os.stat(s.get_path("include") + "/Python.h")' ;;
    libseccomp) "$python" -I -c 'import ctypes; ctypes.CDLL("libseccomp.so.2")' ;;
    libcap-lib) "$python" -I -c 'import ctypes; ctypes.CDLL("libcap.so.2")' ;;
    compiler) echo '#include <stdlib.h>' | gcc -E - ;;
    libcap) echo '#include <sys/capability.h>' | gcc -E - ;;
    testsuite) "$python" -I -c 'import test.test_json' ;;
    qemu) PATH=$PATH:/usr/sbin:/sbin command -v qemu-system-x86_64 ;;
    *) PATH=$PATH:/usr/sbin:/sbin command -v "$1" ;;
  esac >/dev/null 2>&1
}

package_manager() {
  local manager
  for manager in apt dnf apk pacman zypper; do
    command -v "${manager/apt/apt-get}" >/dev/null && echo "$manager" && return
  done
  fail "something is missing that no known package manager can install here:$*" "known: apt, dnf, apk, pacman, zypper"
}

package_names() { # of the manager $1, for the things that follow
  local manager=$1 thing column
  shift
  column=$(echo "$packages" | awk -v m="$manager" '/^# thing/ {for (i = 3; i <= NF; i++) if ($i == m) print i - 1}')
  for thing; do
    echo "$packages" | awk -v t="$thing" -v c="$column" '$1 == t && $c != "-" {gsub(",", " ", $c); print $c}'
  done | sed "s/@/$(python_version)/" | tr '\n' ' '
}

python_version() { if [ -n "$python" ]; then "$python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])'; else echo 3; fi; }

install_command() { # the line that installs the packages $2 with the manager $1
  case $1 in
    apt) echo "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $2" ;;
    dnf) echo "dnf install -y $2" ;;
    apk) echo "apk add $2" ;;
    pacman) echo "pacman -Sy --noconfirm --needed $2" ;;
    zypper) echo "zypper --non-interactive install $2" ;;
  esac
}

missing() {
  local thing
  for thing; do have "$thing" || echo "$thing"; done
}

need() { # install of these things what does not work
  local things manager names line
  find_python
  mapfile -t things < <(missing "$@")
  [ ${#things[@]} -gt 0 ] || return 0
  manager=$(package_manager "${things[@]/#/ }") || exit
  names=$(package_names "$manager" "${things[@]}")
  names=${names% }
  line=$(install_command "$manager" "$names")
  if [ -n "$dry_run" ]; then
    echo "would do: $line" >&2
    return
  fi
  as_root "$line" "$names" || fail "the system packages could not be installed" "$line"
  find_python
  mapfile -t things < <(missing "$@")
  [ ${#things[@]} = 0 ] || fail "still missing after the system packages were installed: ${things[*]}" \
    "jailpy needs Python 3.11 or newer, libseccomp, and gcc with the headers of Python and libcap"
}

as_root() { # run the shell line $1, which installs $2; ask for a password only where one can be typed
  local how
  if [ "$(id -u)" = 0 ]; then
    how=(quietly)
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    how=(quietly sudo -n)
  elif command -v sudo >/dev/null && [ -t 0 ] && [ -t 2 ]; then
    how=(sudo)
  else
    fail "an administrator must run this line once, as root:" "$1"
  fi
  say "installing system packages: $2"
  "${how[@]}" sh -c "$1" >&2
}
