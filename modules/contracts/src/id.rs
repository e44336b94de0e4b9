//! Typed ids: UUIDs whose type names what they identify.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// The UUID of a `T`. Ids of different kinds cannot be compared or exchanged.
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

/// The kinds of ids. They have no values.
pub mod kind {
    /// A person with an account.
    pub enum Person {}
    /// A task.
    pub enum Task {}
    /// A transfer in the ledger.
    pub enum Transfer {}
    /// A run: one execution of a reassign.
    pub enum Reassignment {}
    /// An event.
    pub enum Event {}
    /// A session: one login.
    pub enum Session {}
    /// A personal API token.
    pub enum ApiToken {}
}

/// The id of a person.
pub type PersonId = Id<kind::Person>;
/// The id of a task.
pub type TaskId = Id<kind::Task>;
/// The id of a transfer.
pub type TransferId = Id<kind::Transfer>;
/// The id of a run.
pub type ReassignmentId = Id<kind::Reassignment>;
/// The id of an event.
pub type EventId = Id<kind::Event>;
/// The id of a session.
pub type SessionId = Id<kind::Session>;
/// The id of a personal API token.
pub type ApiTokenId = Id<kind::ApiToken>;

impl<T> Id<T> {
    /// The UUID without its kind, as a database stores it.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<T> From<Uuid> for Id<T> {
    fn from(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }
}

impl<T> FromStr for Id<T> {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Uuid>().map(Self::from)
    }
}

// These impls are written out because a derive would require the same trait of `T`.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::from)
    }
}

impl<T> PartialSchema for Id<T> {
    fn schema() -> RefOr<Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))).into()
    }
}

impl<T> ToSchema for Id<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
}
