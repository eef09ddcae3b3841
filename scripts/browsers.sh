#!/bin/sh
# Gets the browsers that the web client's tests drive, from the system's packages: Chromium, Firefox,
# and WebKit by its driver, with a screen for what has to have one. Says nothing where all are there.
set -eu

say() {
    echo "starling: $*" >&2
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Packages whose program is missing. Where somebody has a program from elsewhere, it is used.
missing_packages() {
    while read -r program package; do
        have "$program" || echo "$package"
    done <<-END
		chromium chromium
		firefox-esr firefox-esr
		WebKitWebDriver webkit2gtk-driver
		Xvfb xvfb
	END
}

missing=$(missing_packages | tr '\n' ' ')
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! have apt-get; then
    say "The web client's tests need browsers that are not installed. Get them with:"
    say "    Debian:  sudo apt-get install --no-install-recommends $missing"
    exit 1
fi
say "Installing $missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null
