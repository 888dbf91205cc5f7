//! Addresses nobody browses from: the ranges of hosting companies.
//!
//! A short built-in list of blocks long announced by hosting networks, and what the operator adds; a live
//! deployment loads the providers' own published lists. Ranges that carry people's traffic (corporate gateways,
//! privacy relays, content networks) do not belong here. Looked up by binary search over sorted, merged ranges.

use std::net::IpAddr;

use ipnet::IpNet;

/// Blocks of Hetzner, OVH, `DigitalOcean`, Linode and Google Cloud in which servers are rented out.
const BUILT_IN: [&str; 34] = [
    "5.9.0.0/16",
    "78.46.0.0/15",
    "88.99.0.0/16",
    "95.216.0.0/16",
    "116.202.0.0/15",
    "136.243.0.0/16",
    "138.201.0.0/16",
    "144.76.0.0/16",
    "148.251.0.0/16",
    "176.9.0.0/16",
    "2a01:4f8::/32",
    "2a01:4f9::/32",
    "37.187.0.0/16",
    "51.38.0.0/16",
    "51.68.0.0/16",
    "51.75.0.0/16",
    "51.77.0.0/16",
    "54.36.0.0/16",
    "54.37.0.0/16",
    "91.121.0.0/16",
    "46.101.0.0/16",
    "104.131.0.0/16",
    "138.197.0.0/16",
    "139.59.0.0/16",
    "159.203.0.0/16",
    "167.99.0.0/16",
    "178.62.0.0/16",
    "188.166.0.0/16",
    "45.33.0.0/17",
    "45.79.0.0/16",
    "172.104.0.0/15",
    "34.64.0.0/10",
    "35.184.0.0/13",
    "35.192.0.0/12",
];

/// Sorted ranges of addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Datacentres {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl Datacentres {
    /// Takes the built-in ranges and others.
    pub(super) fn new(others: &[IpNet]) -> Self {
        let built_in = BUILT_IN.iter().filter_map(|text| text.parse().ok());
        let mut ranges = Self::default();
        for net in built_in.chain(others.iter().copied()) {
            match net {
                IpNet::V4(net) => ranges.v4.push((net.network().to_bits(), net.broadcast().to_bits())),
                IpNet::V6(net) => ranges.v6.push((net.network().to_bits(), net.broadcast().to_bits())),
            }
        }
        ranges.v4 = merged(ranges.v4);
        ranges.v6 = merged(ranges.v6);
        ranges
    }

    /// Tells whether an address is a hosting company's.
    pub(super) fn hold(&self, ip: IpAddr) -> bool {
        match ip.to_canonical() {
            IpAddr::V4(ip) => holds(&self.v4, ip.to_bits()),
            IpAddr::V6(ip) => holds(&self.v6, ip.to_bits()),
        }
    }
}

fn merged<T: Ord + Copy>(mut ranges: Vec<(T, T)>) -> Vec<(T, T)> {
    ranges.sort_unstable();
    let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

fn holds<T: Ord + Copy>(ranges: &[(T, T)], address: T) -> bool {
    let place = ranges.partition_point(|(first, _)| *first <= address);
    place > 0 && ranges[place - 1].1 >= address
}
