//! The scopes of an API token: what its requests may do, as far as the role of its person allows
//! it.

use std::fmt;

use crate::permission;

/// The scope of requests that change nothing.
const READ: &str = "read";
/// The scope of all requests.
const WRITE: &str = "write";

/// A set of scopes: `read`, `write` and names of permissions.
///
/// `read` allows every request that changes nothing, `write` allows every request, and the name of
/// a permission allows the requests that require it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u64);

/// The text names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is read, write or the name of a permission, such as use_tasks")]
pub struct UnknownScope;

impl Scopes {
    /// No scope: it allows nothing.
    pub const NONE: Self = Self(0);

    /// Every name of a scope.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        [READ, WRITE].into_iter().chain(permission::ALL.iter().map(|(name, _)| *name))
    }

    /// The set with one more scope.
    ///
    /// # Errors
    /// The text names no scope.
    pub fn with(self, name: &str) -> Result<Self, UnknownScope> {
        Ok(Self(self.0 | Self::bit(name).ok_or(UnknownScope)?))
    }

    /// The names of the set.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        Self::all_names().filter(|name| self.has(name)).collect()
    }

    /// Whether a request that requires this permission is allowed.
    #[must_use]
    pub fn allow(self, permission: &str, changes_something: bool) -> bool {
        self.has(WRITE) || !changes_something && self.has(READ) || self.has(permission)
    }

    fn has(self, name: &str) -> bool {
        Self::bit(name).is_some_and(|bit| self.0 & bit != 0)
    }

    /// The bit of a scope, which depends on its place among all scopes. Only names are stored.
    fn bit(name: &str) -> Option<u64> {
        Self::all_names().position(|known| known == name).map(|place| 1 << place)
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(names: &[&str]) -> Scopes {
        names.iter().fold(Scopes::NONE, |scopes, name| scopes.with(name).unwrap())
    }

    #[test]
    fn read_allows_what_changes_nothing_and_write_everything() {
        for (permission, _) in permission::ALL {
            assert!(scopes(&["read"]).allow(permission, false) && !scopes(&["read"]).allow(permission, true));
            assert!(scopes(&["write"]).allow(permission, false) && scopes(&["write"]).allow(permission, true));
            assert!(!Scopes::NONE.allow(permission, false));
        }
    }

    #[test]
    fn a_permission_allows_its_own_requests_only() {
        for (scope, _) in permission::ALL {
            for (permission, _) in permission::ALL {
                for changes_something in [false, true] {
                    assert_eq!(scopes(&[scope]).allow(permission, changes_something), scope == permission);
                }
            }
        }
    }

    #[test]
    fn a_set_has_the_names_that_were_added() {
        assert_eq!(scopes(&["use_tasks", "read", "read"]).names(), ["read", "use_tasks"]);
        assert_eq!(format!("{:?}", scopes(&["write"])), r#"["write"]"#);
        assert_eq!(Scopes::NONE.with("READ"), Err(UnknownScope));
        assert_eq!(Scopes::all_names().count(), permission::ALL.len() + 2, "and `read` and `write`");
    }
}
