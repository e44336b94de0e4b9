//! What identity tells: who the people are.

use serde::{Deserialize, Serialize};

use crate::{Fact, PersonId, Role};

/// People were added or changed; each entry is the person's whole state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeopleChanged {
    pub people: Vec<PersonState>,
}

/// A person as of `version`; a lower version that arrives later is old news.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PersonState {
    pub person_id: PersonId,
    /// Counts the changes of this person, from 1.
    pub version: i64,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub active: bool,
    /// `en` or `ru`; without one the installation's default holds.
    #[serde(default)]
    pub language: Option<String>,
}

impl Fact for PeopleChanged {
    const TYPE: &'static str = "piecework.identity.people_changed.v1";
    const SOURCE: &'static str = "/piecework/identity";

    fn weight(&self) -> usize {
        self.people.len()
    }
}
