//! The rules of single sign-on: which paths a login may return to, and which role a person gets.

use contracts::Role;
use kernel::{Fault, FieldCode, FieldError};
use serde_json::Value;

/// Maximum length of the path that a login returns to.
const RETURN_PATH_LENGTH_MAX: usize = 1_000;

/// A path of this program, to which a browser is sent after a login. No value of it names another
/// host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnPath(String);

impl ReturnPath {
    /// The path from the query parameter `return_to`; the first page without the parameter.
    ///
    /// A browser removes tabs and line ends from an address, takes a backslash for a slash, and
    /// takes two slashes for the beginning of a host. So none of them is allowed.
    pub fn parse(text: Option<&str>) -> Result<Self, FieldError> {
        let text = text.unwrap_or("/");
        let is_local = text.starts_with('/') && !text.starts_with("//");
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if is_local && is_plain && text.len() <= RETURN_PATH_LENGTH_MAX {
            return Ok(Self(text.to_owned()));
        }
        let detail = "a path of this program, such as /tasks?status=open: it begins with one slash, has no backslash, \
                      and other letters than those of ASCII are percent-encoded";
        Err(FieldError::new("?return_to", Fault::new(FieldCode::ReturnPath, detail)))
    }

    /// The path with its query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which values of a claim give which role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleMapping {
    /// The claim: its name, or a JSON pointer that begins with a slash, such as
    /// `/realm_access/roles`.
    pub claim: String,
    /// The role of each value.
    pub roles: Vec<(String, Role)>,
}

impl RoleMapping {
    /// Whether the claims have the claim of the mapping.
    pub fn is_in(&self, claims: &Value) -> bool {
        self.find(claims).is_some_and(|value| !value.is_null())
    }

    /// The strongest role that a value of the claim gives.
    pub fn role_in(&self, claims: &Value) -> Option<Role> {
        let values = match self.find(claims) {
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(value)) => vec![value.as_str()],
            _ => Vec::new(),
        };
        let given = self.roles.iter().filter(|(value, _)| values.contains(&value.as_str())).map(|(_, role)| *role);
        given.max_by_key(|role| strength(*role))
    }

    fn find<'a>(&self, claims: &'a Value) -> Option<&'a Value> {
        if self.claim.starts_with('/') { claims.pointer(&self.claim) } else { claims.get(&self.claim) }
    }
}

/// Of two roles, the one with the higher number may do more.
const fn strength(role: Role) -> u8 {
    match role {
        Role::Worker => 0,
        Role::Accountant => 1,
        Role::Manager => 2,
        Role::Admin => 3,
    }
}

/// A person as the provider describes them, in claims that were verified.
#[derive(Debug)]
pub(crate) struct ProviderPerson {
    /// The provider's name for the person, which never changes.
    pub subject: String,
    /// The address, only if the provider has verified it.
    pub verified_email: Option<String>,
    /// The full name.
    pub name: Option<String>,
    /// The role that the claims give, if roles are mapped and the claims give one.
    pub mapped_role: Option<Role>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_login_returns_to_a_path_of_this_program_only() {
        for local in ["/", "/tasks", "/tasks?status=open&q=a%20b#top", "/a//b", "/%2F/x", "/@evil.example"] {
            assert_eq!(ReturnPath::parse(Some(local)).unwrap().as_str(), local);
        }
        assert_eq!(ReturnPath::parse(None).unwrap().as_str(), "/");
        for foreign in [
            "",
            "tasks",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " /tasks",
            "/tasks ",
            "https://evil.example/",
            "javascript:alert(1)",
            "/ü",
            "/a\r\nSet-Cookie: a=b",
            "/a\u{0}",
            &format!("/{}", "a".repeat(1_000)),
        ] {
            assert_eq!(ReturnPath::parse(Some(foreign)).unwrap_err().pointer, "?return_to", "{foreign:?}");
        }
    }

    fn mapping(claim: &str) -> RoleMapping {
        let roles = vec![
            ("staff".to_owned(), Role::Worker),
            ("chiefs".to_owned(), Role::Manager),
            ("books".to_owned(), Role::Accountant),
        ];
        RoleMapping { claim: claim.to_owned(), roles }
    }

    #[test]
    fn the_strongest_role_of_all_values_counts() {
        let role = |groups: Value| mapping("groups").role_in(&json!({ "groups": groups }));
        assert_eq!(role(json!(["staff", "chiefs", "books", "others"])), Some(Role::Manager));
        assert_eq!(role(json!(["books", "staff"])), Some(Role::Accountant));
        assert_eq!(role(json!("staff")), Some(Role::Worker));
        for none in [json!([]), json!(["others"]), json!("STAFF"), json!("staff chiefs"), json!({ "staff": true })] {
            assert_eq!(role(none.clone()), None, "{none}");
        }
        assert_eq!(mapping("groups").role_in(&json!({})), None);
    }

    #[test]
    fn a_claim_that_begins_with_a_slash_is_a_pointer() {
        let claims = json!({ "realm_access": { "roles": ["chiefs"] }, "https://example.org/roles": ["books"] });
        assert_eq!(mapping("/realm_access/roles").role_in(&claims), Some(Role::Manager));
        assert_eq!(mapping("https://example.org/roles").role_in(&claims), Some(Role::Accountant));
        assert!(!mapping("/realm_access/groups").is_in(&claims));
        assert!(!mapping("groups").is_in(&json!({ "groups": null })));
    }
}
