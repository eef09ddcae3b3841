//! Networks of addresses, by which an operator names proxies: where they come and go, as in
//! Kubernetes, there is no list of single addresses.

use std::net::IpAddr;
use std::str::FromStr;

/// All addresses that begin with the same bits: `10.244.0.0/16`. Of a single one, all bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    pub fn contains(self, address: IpAddr) -> bool {
        let (width, own) = number(self.address);
        let (other_width, other) = number(address.to_canonical());
        // Of no bits at all a shift would be by the whole width, which overflows.
        width == other_width && (own ^ other).checked_shr(width - self.bits).unwrap_or(0) == 0
    }
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "an address is written like 10.0.0.5 or fd00::5, a network like 10.0.0.0/8";
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| FORM)?;
        let (width, _) = number(address);
        let bits = bits.map_or(Ok(width), str::parse).map_err(|_| FORM)?;
        if bits > width {
            return Err(FORM);
        }
        Ok(Self { address, bits })
    }
}

/// How many bits an address has, and what they say.
fn number(address: IpAddr) -> (u32, u128) {
    match address {
        IpAddr::V4(address) => (32, u32::from(address).into()),
        IpAddr::V6(address) => (128, address.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        for (network, inside, outside) in [
            ("10.0.0.5", "10.0.0.5", "10.0.0.4"),
            ("10.244.0.0/16", "10.244.255.1", "10.245.0.0"),
            ("10.244.7.9/16", "10.244.0.1", "10.243.255.255"),
            ("192.0.2.128/25", "192.0.2.128", "192.0.2.127"),
            ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
            ("fd00::/8", "fdff::1", "fc00::1"),
            ("fd00::5", "fd00::5", "fd00::6"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
        ] {
            let parsed: Network = network.parse().expect(network);
            assert!(parsed.contains(inside.parse().expect(inside)), "{network} {inside}");
            assert!(!parsed.contains(outside.parse().expect(outside)), "{network} {outside}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in
            ["", "proxy", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "::/129", "/8"]
        {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
