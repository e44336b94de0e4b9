//! Cursors: the position in a list at which the next page begins. A cursor is signed, and valid for
//! one list, its filters and one caller only.

use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::auth::Identified;
use super::problem::Problem;

/// Length of a signature: HMAC-SHA-256, truncated.
const SIGNATURE_BYTES: usize = 16;
/// Distinguishes the signatures of this format from others that the same key could make.
const FORMAT: &str = "cursor 1";

/// A key that signs cursors. All processes of an installation have the same keys.
pub type CursorKey = [u8; 32];

/// A source of keys.
type LoadKeys = Arc<dyn Fn() -> Vec<CursorKey> + Send + Sync>;

/// The current keys: the first one signs, all verify. The gateway provides them.
#[derive(Clone)]
pub struct CursorKeys(LoadKeys);

impl CursorKeys {
    /// `load` returns the keys at the time of its call.
    pub fn new(load: impl Fn() -> Vec<CursorKey> + Send + Sync + 'static) -> Self {
        Self(Arc::new(load))
    }
}

/// An opaque text. Only a list can make one, so that each cursor is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

/// Signs and verifies the cursors of one request.
pub(super) struct CursorSigner {
    keys: Vec<CursorKey>,
    scope: Vec<u8>,
}

impl CursorSigner {
    /// A cursor is valid for the path, the filters in any order, and the caller with the present
    /// role.
    ///
    /// # Errors
    /// 503: this process has no keys yet.
    pub fn new(request: &HttpRequest, mut filters: Vec<(String, String)>) -> Result<Self, Problem> {
        let keys = request.app_data::<CursorKeys>().map(|keys| (keys.0)()).unwrap_or_default();
        if keys.is_empty() {
            return Err(Problem::unavailable("database_unavailable", "the signing keys are not loaded yet"));
        }
        let (person, role) = match request.extensions().get::<Identified>() {
            Some(Identified::Caller(caller)) => (caller.person_id.to_string(), caller.role.as_str()),
            _ => (String::new(), ""),
        };
        filters.sort();
        let filters = filters.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        let mut scope = Vec::new();
        for part in [FORMAT, request.path(), &person, role].into_iter().chain(filters) {
            // The length makes the parts unambiguous.
            scope.extend(part.len().to_le_bytes());
            scope.extend(part.as_bytes());
        }
        Ok(Self { keys, scope })
    }

    /// The cursor of a position.
    pub fn sign(&self, position: &impl Serialize) -> Cursor {
        let position = serde_json::to_vec(position).unwrap_or_default();
        let key = self.keys.first().copied().unwrap_or_default();
        let signature = self.mac(&key, &position).map(|mac| mac.finalize().into_bytes());
        let signature = signature.unwrap_or_default();
        let signature = signature.get(..SIGNATURE_BYTES).unwrap_or_default();
        Cursor(URL_SAFE_NO_PAD.encode([signature, &position].concat()))
    }

    /// The position of a cursor.
    ///
    /// # Errors
    /// 400: the cursor was changed, or belongs to another list, other filters or another caller.
    pub fn verify<K: DeserializeOwned>(&self, cursor: &str) -> Result<K, Problem> {
        self.position(cursor).ok_or_else(|| {
            Problem::malformed("?cursor", "not a cursor that this list gave out for these filters and this caller")
        })
    }

    fn position<K: DeserializeOwned>(&self, cursor: &str) -> Option<K> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (signature, position) = bytes.split_at_checked(SIGNATURE_BYTES)?;
        let is_signed_with =
            |key: &CursorKey| self.mac(key, position).is_some_and(|mac| mac.verify_truncated_left(signature).is_ok());
        if self.keys.iter().any(is_signed_with) { serde_json::from_slice(position).ok() } else { None }
    }

    fn mac(&self, key: &CursorKey, position: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        mac.update(&self.scope);
        mac.update(position);
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use contracts::{Carrier, Id, Role};

    use super::super::auth::{Caller, Credential};
    use super::*;

    fn signer(key: u8, path: &str, filters: &[(&str, &str)], person: u128, role: Role) -> CursorSigner {
        let request =
            TestRequest::with_uri(path).app_data(CursorKeys::new(move || vec![[key; 32], [1; 32]])).to_http_request();
        let id = uuid::Uuid::from_u128(person);
        let credential = Credential::Session { session_id: Id::from(id), carrier: Carrier::Bearer };
        let caller = Caller { person_id: Id::from(id), role, credential };
        request.extensions_mut().insert(Identified::Caller(caller));
        let filters = filters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        CursorSigner::new(&request, filters).unwrap()
    }

    #[test]
    fn a_cursor_is_valid_for_its_list_its_filters_and_its_caller_only() {
        let filters = [("status", "open"), ("q", "door")];
        let ours = signer(1, "/tasks", &filters, 7, Role::Worker);
        let Cursor(cursor) = ours.sign(&(5_i64, "x"));
        let position = |signer: &CursorSigner| signer.position::<(i64, String)>(&cursor);
        assert_eq!(position(&ours), Some((5, "x".to_owned())));
        let swapped = [filters[1], filters[0]];
        assert!(position(&signer(1, "/tasks?x=1", &swapped, 7, Role::Worker)).is_some(), "the order is free");
        assert!(position(&signer(2, "/tasks", &filters, 7, Role::Worker)).is_some(), "an older key verifies");
        for other in [
            signer(1, "/people", &filters, 7, Role::Worker),
            signer(1, "/tasks", &filters[..1], 7, Role::Worker),
            signer(1, "/tasks", &[("status", "opendoor"), ("q", "")], 7, Role::Worker),
            signer(1, "/tasks", &filters, 8, Role::Worker),
            signer(1, "/tasks", &filters, 7, Role::Admin),
        ] {
            assert_eq!(position(&other), None);
        }
    }

    #[test]
    fn a_changed_cursor_is_refused() {
        let signer = signer(1, "/tasks", &[], 7, Role::Worker);
        let Cursor(cursor) = signer.sign(&5_i64);
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert_eq!(signer.position::<i64>(&URL_SAFE_NO_PAD.encode(changed)), None, "{place}");
        }
        for invalid in ["", "5", &cursor[1..], &URL_SAFE_NO_PAD.encode("5"), &format!("{cursor}A")] {
            assert_eq!(signer.position::<i64>(invalid), None, "{invalid}");
        }
    }
}
