#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# signed.sh SUTURE: livepatches for a kernel that takes only signed modules. Suture signs one, the
# firmware of the guest has the certificate, as of a key that was enrolled on a machine, and the kernel
# reads it from there; what is signed by nobody or by somebody else stays out (cases/signed.sh, which is
# not a test by itself).
vm=$(realpath "$(dirname "$0")")
suture=$(realpath "$1")
PATH=$(dirname "$suture"):$PATH
. "$vm/host.sh"
need_guest
. "$vm/../create/tap.sh"

firmware=$("$vm/packages" firmware)/usr/share/OVMF || exit 1
kernel=$("$vm/packages" kernel)
module=$("$vm/build" "$vm/modules/convert" | grep /private.ko) || exit 1
files="--image $kernel/vmlinux --symvers $kernel/headers/Module.symvers"
cd "$work" || exit 1

# made_by NAME: a key, its certificate, and a livepatch signed with it.
made_by() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$1.key" \
		-out "$1.pem" && cp "$module" "$1.ko" &&
		# shellcheck disable=SC2086
		"$suture" convert $files --key "$1.key" --certificate "$1.pem" "$1.ko"
}

check "a livepatch is signed by the machine's owner" made_by owner
check "... and one by somebody else" made_by stranger
cp "$module" unsigned.ko
# shellcheck disable=SC2086
check "... and one by nobody" "$suture" convert $files unsigned.ko
openssl x509 -in owner.pem -outform DER -out owner.der
check "the firmware gets the owner's certificate" \
	"$vm/firmware-keys" "$firmware/OVMF_VARS_4M.fd" owner.der variables
[ $failed -eq 0 ] || finish

flash="-drive if=pflash,unit=0,format=raw,readonly=on,file=$firmware/OVMF_CODE_4M.fd"
flash="$flash -drive if=pflash,unit=1,format=raw,file=$work/variables"
guest -K -t 300 -q "$flash" -b suture \
	-f owner.ko -f stranger.ko -f unsigned.ko "$vm/cases/signed.sh" $number
