//! The facts that identity publishes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Fact, PersonId, Role, Secret};

/// People were created or updated. Each entry is the complete state of a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeopleChanged {
    /// The people.
    pub people: Vec<PersonState>,
}

/// The state of a person as of `version`. A subscriber ignores a lower version that arrives later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PersonState {
    /// The person.
    pub person_id: PersonId,
    /// Higher with each change of this person, from 1. A replay raises it to the time in
    /// milliseconds.
    pub version: i64,
    /// The person's name.
    pub name: String,
    /// The address for mail and for the login.
    pub email: String,
    /// The person's role.
    pub role: Role,
    /// Whether the person can log in.
    pub active: bool,
    /// `en` or `ru`; `None`: the default language of the installation.
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

/// The address of a person was changed. `PeopleChanged` carries the person's new state; this fact
/// also has the old address, so that both can be informed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddressChanged {
    /// The person.
    pub person_id: PersonId,
    /// The address before the change.
    pub old_email: String,
    /// The address after the change.
    pub new_email: String,
    /// When it was changed.
    pub changed_at: DateTime<Utc>,
}

impl Fact for AddressChanged {
    const TYPE: &'static str = "piecework.identity.address_changed.v1";
    const SOURCE: &'static str = "/piecework/identity";

    fn weight(&self) -> usize {
        1
    }
}

/// A one-time link was created that is to be mailed to its person. With the token the
/// person's password is set, once and until the link expires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PasswordLinkCreated {
    /// The person.
    pub person_id: PersonId,
    /// Why the person gets the link.
    pub purpose: LinkPurpose,
    /// The person's address at that time.
    pub email: String,
    /// The token of the link.
    pub token: Secret,
    /// When the link was created.
    pub created_at: DateTime<Utc>,
    /// From this moment on the link is refused.
    pub expires_at: DateTime<Utc>,
}

/// Why a person gets a link to set a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// An admin has invited the person.
    Invitation,
    /// The person's password was forgotten.
    PasswordReset,
}

impl Fact for PasswordLinkCreated {
    const TYPE: &'static str = "piecework.identity.password_link_created.v1";
    const SOURCE: &'static str = "/piecework/identity";

    fn weight(&self) -> usize {
        1
    }
}
