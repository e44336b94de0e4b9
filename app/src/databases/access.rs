//! What a process does with a database.

/// What a process does with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseAccess {
    /// The process never connects.
    None,
    /// The process hosts no module whose schema is there. A role that may only read is enough.
    Read,
    /// The process migrates and writes the schemas of its modules.
    ReadWrite,
}
