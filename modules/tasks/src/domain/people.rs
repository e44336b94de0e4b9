//! People as the tasks module knows them.

use contracts::PersonId;

/// The state of a person as of `version`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub person_id: PersonId,
    /// Increases with each change of the person. A lower version that arrives later is ignored.
    pub version: i64,
    /// The name that tasks show.
    pub name: String,
    /// The e-mail address, by which an import names a task's creator.
    pub email: String,
    /// Whether a draw may choose the person: active, and neither manager nor admin.
    pub is_assignable: bool,
}
