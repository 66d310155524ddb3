//! Ranges of addresses.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses. Host bits are ignored, the two families never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    /// An address in it.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

impl Cidr {
    /// `10.0.0.0/8`, `2001:db8::/32`, or a bare address, which is a range of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()?
            }
            Some(_) => return None,
        };
        (prefix <= width).then_some(Self { address, prefix })
    }

    /// Its first and its last address.
    fn ends(&self) -> (IpAddr, IpAddr) {
        match self.address {
            IpAddr::V4(own) => {
                let rest = u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
                let bits = own.to_bits();
                let (first, last) = (bits & !rest, bits | rest);
                (IpAddr::V4(first.into()), IpAddr::V4(last.into()))
            }
            IpAddr::V6(own) => {
                let rest = u128::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
                let bits = own.to_bits();
                let (first, last) = (bits & !rest, bits | rest);
                (IpAddr::V6(first.into()), IpAddr::V6(last.into()))
            }
        }
    }

    /// Whether the address is in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Some ranges together, as ranges that neither meet nor touch, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranges(Vec<(IpAddr, IpAddr)>);

impl Ranges {
    pub(super) fn of<'a>(ranges: impl IntoIterator<Item = &'a Cidr>) -> Self {
        let mut all: Vec<(IpAddr, IpAddr)> = ranges.into_iter().map(Cidr::ends).collect();
        all.sort_unstable();
        let mut merged: Vec<(IpAddr, IpAddr)> = Vec::with_capacity(all.len());
        for (first, last) in all {
            match merged.last_mut() {
                Some((_, end)) if first <= *end || after(*end) == Some(first) => {
                    *end = last.max(*end);
                }
                Some(_) | None => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    fn contains(&self, address: IpAddr) -> bool {
        let behind = self.0.partition_point(|(first, _)| *first <= address);
        let before = behind.checked_sub(1).and_then(|at| self.0.get(at));
        before.is_some_and(|(_, last)| address <= *last)
    }
}

/// The next address of the same family.
fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(it) => Some(IpAddr::V4(it.to_bits().checked_add(1)?.into())),
        IpAddr::V6(it) => Some(IpAddr::V6(it.to_bits().checked_add(1)?.into())),
    }
}

/// One address for each way in which addresses lie in and out of these: every one begins at the first address of a
/// range, or right after the last.
pub(super) fn representatives(sets: &[Ranges]) -> Vec<IpAddr> {
    let mut addresses = BTreeSet::from([
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    ]);
    for (first, last) in sets.iter().flat_map(|it| &it.0) {
        addresses.insert(*first);
        addresses.extend(after(*last));
    }
    let mut known = BTreeSet::new();
    let new = |address: &IpAddr| {
        let within: Vec<bool> = sets.iter().map(|set| set.contains(*address)).collect();
        known.insert(within)
    };
    addresses.into_iter().filter(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(texts: &[&str]) -> Ranges {
        let ranges: Vec<Cidr> = texts.iter().filter_map(|it| Cidr::parse(it)).collect();
        assert_eq!(ranges.len(), texts.len());
        Ranges::of(&ranges)
    }

    #[test]
    fn ranges_are_joined() {
        assert_eq!(
            ranges(&["10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "::/0"]),
            ranges(&["::/1", "10.0.0.0/8", "8000::/1"])
        );
        assert_ne!(
            ranges(&["10.0.0.0/24"]),
            ranges(&["10.0.0.0/24", "10.0.2.0/24"])
        );
    }

    /// Many ranges of one condition are one question.
    #[test]
    fn addresses_of_each_kind() {
        let many: Vec<String> = (0..200).map(|n| format!("10.{n}.0.0/24")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let told = representatives(&[ranges(&many), ranges(&["10.0.0.0/25", "::1"])]);
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["0.0.0.0", "10.0.0.0", "10.0.0.128", "::1"]);
        let one = ranges(&["255.0.0.0/8", "0.0.0.0/0", "::/0"]);
        assert_eq!(representatives(&[one]).len(), 1);
    }

    /// As many as a document can hold, one apart from the other: one address in them, and one outside.
    #[test]
    fn many_ranges_cost_little() {
        let many: Vec<Cidr> = (0..20_000_u32)
            .map(|n| Cidr {
                address: IpAddr::V4((n << 9).into()),
                prefix: 24,
            })
            .collect();
        let all = Ranges::of(&many);
        assert_eq!(all.0.len(), 20_000);
        assert_eq!(representatives(&[all.clone(), all]).len(), 2);
        let twice = many.iter().chain(&many);
        let next_to_each_other = many.iter().map(|it| Cidr { prefix: 23, ..*it });
        let joined: Vec<Cidr> = twice.copied().chain(next_to_each_other).collect();
        assert_eq!(Ranges::of(&joined).0.len(), 1);
    }
}
