//! The version of the program, for endpoints that name it.

/// The version of this process. The gateway provides it.
#[derive(Debug, Clone, Copy)]
pub struct ProgramVersion(pub &'static str);
