//! `Idempotency-Key`: a command that is sent again with the same key is carried out once, and its
//! answer is given again.
//!
//! The gateway makes a [`KeyedRequest`] of a request with a key. The handler renders its answer in
//! [`answered`], so that the transaction of the effect can store it. A stored answer interrupts the
//! command as [`DbError::Repeated`], and the gateway sends it in place of that error.

use std::any::Any;
use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use contracts::PersonId;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::answer::Answer;
use super::problem::Problem;
use crate::db::{DbError, Repetition};

/// The header with the key, of a request.
pub const KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Marks an answer that was given before.
pub const REPLAYED_HEADER: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The name of the header in problems and in the API document.
pub const KEY_HEADER_NAME: &str = "Idempotency-Key";
/// Maximum length of a key.
const KEY_LENGTH_MAX: usize = 255;

tokio::task_local! {
    /// The current request, if it has a key.
    static REQUEST: Arc<KeyedRequest>;
    /// The command of the current request, if the request has a key.
    static COMMAND: KeyedCommand;
}

/// The parameter of each route that takes a key.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyKey {
    /// A random value of 1 to 255 visible ASCII characters, such as a UUID. A request that is sent
    /// again with the same key and the same body takes effect once. Its answer is kept for seven
    /// days and given again with `Idempotency-Replayed: true`.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    #[expect(dead_code, reason = "it describes the header; the gateway reads it")]
    key: Option<String>,
}

/// The keyed requests that this process is processing. Clones share the set.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<[u8; 32]>>>);

/// The place of one request in [`InFlight`], until it is dropped.
struct InFlightPlace {
    in_flight: InFlight,
    key_hash: [u8; 32],
}

/// A request with a key. It stays in flight until its command has ended, also if the client hangs
/// up before.
pub struct KeyedRequest {
    key_hash: [u8; 32],
    fingerprint: [u8; 32],
    stored: OnceLock<StoredAnswer>,
    _place: InFlightPlace,
}

/// The answer to an earlier request with the same key.
pub(crate) struct StoredAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// None if the body contained a secret.
    pub body: Option<Vec<u8>>,
}

/// Renders the result of a command; none if it is of another type.
type Render = dyn Fn(&dyn Any) -> Option<Answer> + Send + Sync;

/// A request with a key, and how its handler renders the answer.
#[derive(Clone)]
pub(crate) struct KeyedCommand {
    request: Arc<KeyedRequest>,
    render: Arc<Render>,
}

impl InFlight {
    fn take(&self, key_hash: [u8; 32]) -> Option<InFlightPlace> {
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key_hash);
        is_new.then(|| InFlightPlace { in_flight: self.clone(), key_hash })
    }
}

impl Drop for InFlightPlace {
    fn drop(&mut self) {
        self.in_flight.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key_hash);
    }
}

impl KeyedRequest {
    /// The request of a person to a route with a key. Only hashes are kept. The key is part of the
    /// fingerprint, so that a password in a body cannot be guessed from it.
    ///
    /// # Errors
    /// 409: this process is processing a request with the same key.
    pub fn new(
        in_flight: &InFlight,
        person_id: PersonId,
        method: &str,
        path: &str,
        key: &str,
        body: &[u8],
    ) -> Result<Arc<Self>, Problem> {
        // None of the parts but the body contains a line break.
        let key_hash = Sha256::digest(format!("{person_id}\n{method}\n{path}\n{key}")).into();
        let fingerprint = Sha256::new().chain_update(key).chain_update("\n").chain_update(body).finalize().into();
        let place = in_flight.take(key_hash).ok_or_else(|| Problem::repeated(Repetition::InFlight))?;
        Ok(Arc::new(Self { key_hash, fingerprint, stored: OnceLock::new(), _place: place }))
    }

    /// Runs `work` as part of this request.
    pub async fn scope<T>(self: Arc<Self>, work: impl Future<Output = T>) -> T {
        REQUEST.scope(self, work).await
    }

    /// The answer to an earlier request, if it has interrupted the command. It is 409 if that
    /// answer contained a secret.
    #[must_use]
    pub fn replay(&self) -> Option<HttpResponse> {
        let StoredAnswer { status, headers, body } = self.stored.get()?;
        let Some(body) = body else {
            let location = headers.iter().find(|(name, _)| name == "location").map(|(_, path)| path);
            let problem = Problem::new(
                409,
                "idempotency_answer_secret",
                "the request took effect before; its answer contained a secret, which is not kept",
            );
            let problem = match location {
                Some(path) => problem.with_current(&serde_json::json!({ "location": path })),
                None => problem,
            };
            return Some(problem.error_response());
        };
        let mut response = HttpResponse::from(Answer::stored(*status, headers.clone(), body.clone()));
        response.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
        Some(response)
    }

    /// SHA-256 of the person, the method, the path and the key.
    pub(crate) const fn key_hash(&self) -> &[u8; 32] {
        &self.key_hash
    }

    /// SHA-256 of the key and the body.
    pub(crate) const fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// The key of the advisory lock that the transaction of the command holds.
    pub(crate) fn lock_key(&self) -> i64 {
        let first = self.key_hash.first_chunk().copied();
        i64::from_be_bytes(first.unwrap_or_default())
    }

    /// Interrupts the command with the answer to an earlier request.
    pub(crate) fn repeat(&self, answer: StoredAnswer) -> Repetition {
        // A second attempt of the command finds the same answer.
        let _known = self.stored.set(answer);
        Repetition::Answered
    }
}

impl KeyedCommand {
    pub(crate) fn request(&self) -> &KeyedRequest {
        &self.request
    }

    /// The answer to the command with this result.
    ///
    /// # Errors
    /// The handler does not render results of this type.
    pub(crate) fn answer(&self, result: &dyn Any) -> Result<Answer, DbError> {
        let unknown = || DbError::Codec("the handler of the request does not render what the command returns".into());
        (self.render)(result).ok_or_else(unknown)
    }
}

/// The key of a request; none without the header. The header may have the form of the draft
/// (`"key"`), in which the key is between the quotes.
///
/// # Errors
/// 400: there are several headers, or the key is not 1 to 255 visible ASCII characters.
pub fn key_of(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(KEY_HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::malformed(KEY_HEADER_NAME, "send this header once"));
    }
    let text = value.to_str().ok().map(str::trim);
    let quoted = text.and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
    let is_valid = |key: &&str| {
        (1..=KEY_LENGTH_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
    };
    let key = quoted.or(text).filter(is_valid);
    key.map(Some).ok_or_else(|| {
        let detail = format!("a key is 1 to {KEY_LENGTH_MAX} visible ASCII characters without a double quote");
        Problem::malformed(KEY_HEADER_NAME, detail)
    })
}

/// Runs the command of a request and renders its answer. If the request has a key, the command
/// stores the answer with its effect: `Tx::commit_command` does, and a batch.
///
/// # Errors
/// The error of the command.
pub async fn answered<T, E>(
    render: impl Fn(&T) -> Answer + Send + Sync + 'static,
    work: impl Future<Output = Result<T, E>>,
) -> Result<HttpResponse, Problem>
where
    T: 'static,
    E: Into<Problem>,
{
    let Ok(request) = REQUEST.try_with(Arc::clone) else {
        return work.await.map(|result| render(&result).into()).map_err(Into::into);
    };
    let render = Arc::new(render);
    let typed = Arc::clone(&render);
    let render_any = move |result: &dyn Any| Some(typed(result.downcast_ref::<T>()?));
    let command = KeyedCommand { request, render: Arc::new(render_any) };
    let result = COMMAND.scope(command, work).await.map_err(Into::into)?;
    Ok(render(&result).into())
}

/// The command of the current request; none if the request has no key.
pub(crate) fn current() -> Option<KeyedCommand> {
    COMMAND.try_with(Clone::clone).ok()
}

/// `work` as part of the current command, for a task of its own.
pub(super) fn continue_command<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let command = current();
    async move {
        match command {
            Some(command) => COMMAND.scope(command, work).await,
            None => work.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[&str]) -> Option<Option<String>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(KEY_HEADER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        key_of(&headers).ok().map(|key| key.map(str::to_owned))
    }

    #[test]
    fn a_key_is_1_to_255_visible_ascii_characters_with_or_without_quotes() {
        let found = |text: &str| Some(Some(text.to_owned()));
        let longest = "k".repeat(255);
        assert_eq!(key(&[]), Some(None));
        assert_eq!(key(&["a"]), found("a"));
        assert_eq!(key(&[&longest]), found(&longest));
        assert_eq!(key(&["\"8e03978e-40d5\""]), found("8e03978e-40d5"));
        for refused in ["", " ", "\"\"", "\"", "a b", "\"a", "a\"b", "a\tb", "ключ", &format!("{longest}k")] {
            assert_eq!(key(&[refused]), None, "{refused:?}");
        }
        assert_eq!(key(&["a", "a"]), None, "two headers");
    }

    #[test]
    fn a_key_belongs_to_a_person_a_method_and_a_path() {
        let in_flight = InFlight::default();
        let request = |person: u128, method: &str, path: &str, body: &str| {
            let person_id = PersonId::from(uuid::Uuid::from_u128(person));
            KeyedRequest::new(&in_flight, person_id, method, path, "key", body.as_bytes())
        };
        let first = request(1, "POST", "/a", "{}").unwrap();
        let refused = request(1, "POST", "/a", "other").err().unwrap();
        assert_eq!(refused.code(), "idempotency_key_in_use");
        for other in [request(2, "POST", "/a", "{}"), request(1, "PUT", "/a", "{}"), request(1, "POST", "/b", "{}")] {
            assert_ne!(other.unwrap().key_hash(), first.key_hash());
        }
        let fingerprint = *first.fingerprint();
        drop(first);
        let other_body = request(1, "POST", "/a", "{ }").unwrap();
        assert_ne!(*other_body.fingerprint(), fingerprint);
    }
}
