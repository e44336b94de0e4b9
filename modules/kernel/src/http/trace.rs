//! The W3C trace context of a request: `traceparent`, which the events that it causes carry.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;

use contracts::{Causes, Event};

use crate::Ambient;

/// Length of `00-<trace id>-<parent id>-<flags>`.
const TRACEPARENT_LENGTH: usize = 55;
/// The places of the hyphens in a traceparent.
const HYPHENS: [usize; 3] = [2, 35, 52];
/// Maximum number of further requests that an event names: those of a full batch of commands.
const FURTHER_MAX: usize = 255;

tokio::task_local! {
    static CURRENT: TraceContext;
    /// Further requests that the current work is for, as an event names them.
    static FURTHER: Option<String>;
}

/// A valid traceparent of version 00.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceContext([u8; TRACEPARENT_LENGTH]);

impl TraceContext {
    /// Reads the header of a request. None if it is not valid, and then a new trace begins.
    ///
    /// A header of a later version is read as version 00: the beginning of both has the same
    /// fields.
    #[must_use]
    pub fn from_header(header: &str) -> Option<Self> {
        let bytes = header.as_bytes();
        let mut traceparent: [u8; TRACEPARENT_LENGTH] = *bytes.first_chunk()?;
        let version = &traceparent[..2];
        let is_allowed_end = match bytes.get(TRACEPARENT_LENGTH) {
            None => true,
            Some(next) => version != b"00" && *next == b'-',
        };
        let is_well_formed = traceparent.iter().enumerate().all(|(place, byte)| match HYPHENS.contains(&place) {
            true => *byte == b'-',
            false => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
        let is_zero = |id: &[u8]| id.iter().all(|byte| *byte == b'0');
        let has_ids = !is_zero(&traceparent[3..35]) && !is_zero(&traceparent[36..52]);
        if !(is_allowed_end && is_well_formed && has_ids && version != b"ff") {
            return None;
        }
        traceparent[..2].copy_from_slice(b"00");
        Some(Self(traceparent))
    }

    /// The beginning of a trace that is not sampled.
    #[must_use]
    pub fn new(ambient: &Ambient) -> Self {
        let mut random = [0_u8; 24];
        ambient.fill(&mut random);
        // An id of zeros is not valid.
        random[15] |= 1;
        random[23] |= 1;
        let mut traceparent = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let places = (3..35).step_by(2).chain((36..52).step_by(2));
        for (byte, place) in random.iter().zip(places) {
            traceparent[place] = hex_digit(byte >> 4);
            traceparent[place + 1] = hex_digit(byte & 15);
        }
        Self(traceparent)
    }

    /// The context of the current request; none outside of a request.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|context| *context).ok()
    }

    /// The id of the trace, in hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        self.digits(3, 35)
    }

    /// The id of the span that the next spans belong to, in hexadecimal digits.
    pub(crate) fn parent_id(&self) -> &str {
        self.digits(36, 52)
    }

    /// Whether the spans of the trace are recorded.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        // The last bit of the flags, in hexadecimal digits.
        matches!(self.0[TRACEPARENT_LENGTH - 1], b'1' | b'3' | b'5' | b'7' | b'9' | b'b' | b'd' | b'f')
    }

    fn digits(&self, start: usize, end: usize) -> &str {
        std::str::from_utf8(&self.0[start..end]).unwrap_or_default()
    }

    /// Runs `work` as part of the request that has this context.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TraceContext({self})")
    }
}

/// Runs `work` as part of the request that has this context, if there is one.
pub(crate) async fn scope<T>(context: Option<TraceContext>, work: impl Future<Output = T>) -> T {
    match context {
        Some(context) => context.scope(work).await,
        None => work.await,
    }
}

/// Runs `work` for several requests. What it publishes belongs to the traces of all that are
/// sampled, and its log lines to the first of these. If none is sampled, both belong to the trace
/// of the first request.
pub(crate) async fn scope_all<T>(
    requests: impl Iterator<Item = TraceContext> + Clone,
    work: impl Future<Output = T>,
) -> T {
    let sampled = requests.clone().filter(TraceContext::is_sampled);
    let Some(first) = sampled.clone().next().or_else(|| requests.clone().next()) else { return work.await };
    let further: BTreeSet<TraceContext> = sampled.filter(|context| *context != first).collect();
    let further: Vec<String> = further.iter().take(FURTHER_MAX).map(ToString::to_string).collect();
    let further = (!further.is_empty()).then(|| further.join(","));
    FURTHER.scope(further, first.scope(work)).await
}

/// What an event says of the requests that the current work is for.
pub(crate) fn current_causes() -> Causes {
    let traceparent = TraceContext::current().map(|context| context.to_string());
    Causes { traceparent, traceparents: FURTHER.try_with(Clone::clone).ok().flatten() }
}

/// The requests that caused an event. What is not valid is left out.
pub(crate) fn causes_of(event: &Event) -> impl Iterator<Item = TraceContext> {
    let further = event.traceparents.iter().flat_map(|further| further.split(','));
    event.traceparent.as_deref().into_iter().chain(further).filter_map(TraceContext::from_header)
}

const fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_valid_header_is_kept() {
        assert_eq!(TraceContext::from_header(VALID).unwrap().to_string(), VALID);
        let later = VALID.replacen("00", "cc", 1) + "-more";
        assert_eq!(TraceContext::from_header(&later).unwrap().to_string(), VALID);
    }

    #[test]
    fn an_invalid_header_is_ignored() {
        let zero_trace = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
        let zero_parent = format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", "0".repeat(16));
        let version_ff = VALID.replacen("00", "ff", 1);
        let upper_case = VALID.to_uppercase();
        let longer = format!("{VALID}-00");
        let unseparated = VALID.replacen("00", "cc", 1) + "0";
        for invalid in ["", "00", &VALID[1..], &VALID[..54], &zero_trace, &zero_parent, &version_ff, &upper_case] {
            assert_eq!(TraceContext::from_header(invalid), None, "{invalid}");
        }
        for invalid in [longer, unseparated, VALID.replace('-', "_"), VALID.replacen('-', "é", 1)] {
            assert_eq!(TraceContext::from_header(&invalid), None, "{invalid}");
        }
    }

    #[test]
    fn a_context_knows_its_ids_and_whether_it_is_sampled() {
        let context = TraceContext::from_header(VALID).unwrap();
        assert_eq!((context.trace_id(), context.parent_id()), ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"));
        for (flags, expected) in [("00", false), ("01", true), ("02", false), ("0f", true), ("fe", false)] {
            let header = format!("{}{flags}", &VALID[..53]);
            assert_eq!(TraceContext::from_header(&header).unwrap().is_sampled(), expected, "{flags}");
        }
    }

    #[test]
    fn a_new_context_is_valid_and_its_own() {
        let ambient = Ambient::manual(DateTime::UNIX_EPOCH, 1);
        let (first, second) = (TraceContext::new(&ambient), TraceContext::new(&ambient));
        assert_ne!(first, second);
        assert_eq!(TraceContext::from_header(&first.to_string()), Some(first));
    }
}
