//! Conditional changes: the version of a resource, and the `If-Match` of a request.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use super::problem::Problem;

/// The version of the resource in a response. The gateway makes the strong `ETag` of it:
/// `"<version>-<release>"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityVersion(pub i64);

impl EntityVersion {
    /// The response with this version.
    #[must_use]
    pub fn of(self, mut response: HttpResponse) -> HttpResponse {
        response.extensions_mut().insert(self);
        response
    }
}

/// The `If-Match` of a request: the versions to which the requested change applies. As an
/// extractor, it refuses a request without `If-Match` with 428. It comes before the body, so that
/// the missing header is reported first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch {
    /// `None` for `*`: the change applies to any version.
    pub versions: Option<Vec<i64>>,
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let values: Option<Vec<&str>> =
            request.headers().get_all(header::IF_MATCH).map(|value| value.to_str().ok()).collect();
        ready(values.ok_or_else(not_a_list_of_tags).and_then(|values| parse(&values.join(","))))
    }
}

fn parse(text: &str) -> Result<IfMatch, Problem> {
    match text.trim() {
        "" => Err(Problem::new(
            428,
            "precondition_required",
            "send the ETag of the resource that you have read as If-Match, so that no other change is overwritten",
        )),
        "*" => Ok(IfMatch { versions: None }),
        tags => {
            let versions: Result<Vec<Option<i64>>, Problem> = tags.split(',').map(|tag| version(tag.trim())).collect();
            Ok(IfMatch { versions: Some(versions?.into_iter().flatten().collect()) })
        }
    }
}

/// The version in a tag. `None` for a tag that cannot match: one that is weak, because `If-Match`
/// compares strongly, or that is not of a version. The release is no part of the comparison,
/// because a new release changes no resource.
fn version(tag: &str) -> Result<Option<i64>, Problem> {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag);
    let opaque = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let opaque = opaque.filter(|opaque| !opaque.contains('"')).ok_or_else(not_a_list_of_tags)?;
    let version = opaque.split_once('-').and_then(|(version, _)| version.parse().ok());
    Ok(version.filter(|_| !tag.starts_with("W/")))
}

fn not_a_list_of_tags() -> Problem {
    Problem::malformed("If-Match", "is `*` or a list of ETags, each in quotation marks")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_applies_to_the_versions_of_its_strong_tags() {
        let parsed = parse("\"7-abc\", W/\"8-abc\",\"x\", \"9-\"").unwrap();
        assert_eq!(parsed.versions, Some(vec![7, 9]));
        assert_eq!(parse(" * ").unwrap().versions, None);
    }

    #[test]
    fn no_condition_and_an_unreadable_one_are_refused() {
        assert_eq!(parse("").unwrap_err().code(), "precondition_required");
        for unreadable in ["7", "\"7-a", "*, \"7-a\"", "\"7\"-a\"", ","] {
            assert_eq!(parse(unreadable).unwrap_err().code(), "malformed_request", "{unreadable}");
        }
    }
}
