//! The answer to a command. It is made before the commit, so that it can be stored with the effect.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::Serialize;

use super::conditions::EntityVersion;

/// A success as the client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    /// The names and the values of the headers.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    is_secret: bool,
}

impl Answer {
    /// An answer with a JSON body.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let headers = vec![(header::CONTENT_TYPE.to_string(), "application/json".to_owned())];
        Self { status, headers, body: serde_json::to_vec(body).unwrap_or_default(), is_secret: false }
    }

    /// An answer without a body.
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), is_secret: false }
    }

    /// Adds a header. A name or a value that is not valid in HTTP is not sent.
    #[must_use]
    pub fn with_header(mut self, name: &header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name.to_string(), value.into()));
        self
    }

    /// Adds the path of the new resource.
    #[must_use]
    pub fn with_location(self, path: impl Into<String>) -> Self {
        self.with_header(&header::LOCATION, path)
    }

    /// Adds the version of the resource. The gateway makes an `ETag` of it, also for an answer that
    /// was stored by an earlier release.
    #[must_use]
    pub fn with_version(self, EntityVersion(version): EntityVersion) -> Self {
        self.with_header(&header::ETAG, version.to_string())
    }

    /// Forbids every cache to store the answer.
    #[must_use]
    pub fn without_caching(self) -> Self {
        self.with_header(&header::CACHE_CONTROL, "no-store")
    }

    /// The body contains a secret, so no cache and no database stores it. A repetition of the
    /// request is refused.
    #[must_use]
    pub fn secret(self) -> Self {
        Self { is_secret: true, ..self.without_caching() }
    }

    pub(crate) const fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body as it may be stored; none if it contains a secret.
    pub(crate) fn stored_body(&self) -> Option<&[u8]> {
        (!self.is_secret).then_some(&self.body)
    }

    /// An answer that was stored.
    pub(crate) const fn stored(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self { status, headers, body, is_secret: false }
    }
}

impl From<Answer> for HttpResponse {
    fn from(answer: Answer) -> Self {
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Self::build(status);
        let mut version = None;
        for (name, value) in answer.headers {
            if name == header::ETAG.as_str() {
                version = value.parse().ok().map(EntityVersion);
            } else {
                response.insert_header((name, value));
            }
        }
        let response = response.body(answer.body);
        match version {
            Some(version) => version.of(response),
            None => response,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_an_answer_reaches_the_gateway_and_is_stored() {
        let version = EntityVersion(7);
        let answer = Answer::json(201, &()).with_location("/api/v1/people/1").with_version(version);
        let stored = Answer::stored(answer.status(), answer.headers().to_vec(), answer.body.clone());
        for answer in [answer, stored] {
            let response = HttpResponse::from(answer);
            assert_eq!(response.extensions().get::<EntityVersion>(), Some(&version));
            assert!(!response.headers().contains_key(header::ETAG));
            assert!(response.headers().contains_key(header::LOCATION));
        }
    }
}
