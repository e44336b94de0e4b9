//! What the endpoints of all modules use: extractors, problem documents, permissions, pages, CSV
//! files, conditions, limits, and the context and the trace of a request.

pub mod accept;
mod answer;
pub mod auth;
mod conditions;
pub mod context;
pub mod cookies;
pub mod csv;
mod cursor;
mod date;
mod extractors;
pub mod idempotency;
pub mod paging;
mod person_limits;
pub mod problem;
mod problem_code;
mod program_version;
pub mod rate_limit;
pub mod trace;

pub use crate::db::consistency;
pub use answer::Answer;
pub use conditions::{EntityVersion, IfMatch};
pub use cursor::{Cursor, CursorKey, CursorKeys};
pub use date::CalendarDate;
pub use extractors::{BODY_LIMIT_BYTES, Body, NoBody, OptionalBody, Path, Query, read, shielded};
pub use idempotency::answered;
pub use person_limits::PersonLimits;
pub use problem::Problem;
pub use program_version::ProgramVersion;
