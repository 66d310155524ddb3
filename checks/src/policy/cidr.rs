//! Ranges of addresses.

use std::net::IpAddr;

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

    /// Its first address, and the one after its last.
    pub(super) fn edges(&self) -> (IpAddr, Option<IpAddr>) {
        match self.address {
            IpAddr::V4(own) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                let first = own.to_bits() & mask;
                let after = (first | !mask)
                    .checked_add(1)
                    .map(|bits| IpAddr::V4(bits.into()));
                (IpAddr::V4(first.into()), after)
            }
            IpAddr::V6(own) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                let first = own.to_bits() & mask;
                let after = (first | !mask)
                    .checked_add(1)
                    .map(|bits| IpAddr::V6(bits.into()));
                (IpAddr::V6(first.into()), after)
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
