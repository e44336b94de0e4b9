//! A position in the write-ahead log of a PostgreSQL cluster.

use std::fmt;
use std::str::FromStr;

/// A log sequence number. Of two positions in one timeline of a cluster's log, the later is the
/// greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Lsn(u64);

/// A position in the log of a primary, written as `2:0/16B3748`. The first timeline is left out, as
/// in `0/16B3748`.
///
/// A promotion begins a higher timeline at an earlier position. So the position of a later timeline
/// is the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The timeline of the primary.
    pub timeline: u32,
    /// The position in that timeline.
    pub lsn: Lsn,
}

/// The text is not two hexadecimal numbers with a slash between them, perhaps after the number of a
/// timeline.
#[derive(Debug, thiserror::Error)]
#[error("is no position in a log, such as 0/16B3748")]
pub struct InvalidPosition;

impl Position {
    /// The position of a commit whose position is not known. No replica reaches it.
    pub(super) const fn unknown(timeline: u32) -> Self {
        Self { timeline, lsn: Lsn(u64::MAX) }
    }

    pub(super) const fn is_unknown(self) -> bool {
        self.lsn.0 == u64::MAX
    }
}

impl FromStr for Lsn {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (high, low) = text.split_once('/').ok_or(InvalidPosition)?;
        Ok(Self(u64::from(half(high)?) << 32 | u64::from(half(low)?)))
    }
}

fn half(text: &str) -> Result<u32, InvalidPosition> {
    let plain = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(text, 16).ok().filter(|_| plain).ok_or(InvalidPosition)
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (timeline, lsn) = text.split_once(':').unwrap_or(("1", text));
        let plain = timeline.bytes().all(|byte| byte.is_ascii_digit()) && !timeline.starts_with('0');
        let timeline = timeline.parse().ok().filter(|_| plain).ok_or(InvalidPosition)?;
        Ok(Self { timeline, lsn: lsn.parse()? })
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.timeline > 1 {
            write!(formatter, "{}:", self.timeline)?;
        }
        self.lsn.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_lsn_is_read_as_postgresql_writes_it() {
        for text in ["0/0", "0/16B3748", "16/B374D848", "FFFFFFFF/FFFFFFFF"] {
            assert_eq!(text.parse::<Lsn>().unwrap().to_string(), text);
        }
        for text in ["", "/", "0", "0/", "0/+1", "0/1/2", "0/100000000", "x/1", "0/ 1"] {
            assert!(text.parse::<Lsn>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_position_is_read_as_it_is_written() {
        for text in ["0/16B3748", "2:0/16B3748", "4294967295:FFFFFFFF/FFFFFFFF"] {
            assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        }
        for text in ["", ":0/1", "0:0/1", "02:0/1", "+2:0/1", "4294967296:0/1", "2:", "2", "2:0", "2:2:0/1"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_timeline_is_the_most_significant_part_of_a_position_and_then_the_first_half() {
        let ordered = ["0/FFFFFFFF", "1/0", "2:0/1", "2:1/0", "10:0/0"].map(|text| text.parse::<Position>().unwrap());
        assert!(ordered.is_sorted(), "{ordered:?}");
    }
}
