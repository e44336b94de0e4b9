//! The order of a list of items that have an id and a name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The order of a list of items that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListOrder {
    /// The item that was created first comes first. This is the order of the ids.
    #[default]
    Created,
    /// By name, without regard to upper and lower case.
    Name,
}

/// The position of an item in such a list: the values by which the list is sorted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ListPosition<I> {
    /// In the order of the ids.
    Created(I),
    /// In the order of the names.
    Name(String, I),
}

impl ListOrder {
    /// The position of an item in a list of this order.
    pub fn position<I>(self, id: I, name: &str) -> ListPosition<I> {
        match self {
            Self::Created => ListPosition::Created(id),
            Self::Name => ListPosition::Name(name.to_owned(), id),
        }
    }
}

impl<I: Copy> ListPosition<I> {
    /// The id of the item.
    pub const fn id(&self) -> I {
        match self {
            Self::Created(id) | Self::Name(_, id) => *id,
        }
    }

    /// The name of the item, if the list is sorted by it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Created(_) => None,
            Self::Name(name, _) => Some(name),
        }
    }
}
