//! The codes of all problems: those of the kernel, of the gateway and of every module.

use kernel::http::problem::{self, ProblemCode};

use crate::modules::CATALOGUE;

/// The codes of the gateway's own problems.
pub const PROBLEM_CODES: &[ProblemCode] = &[
    ProblemCode::new(
        404,
        "no_such_route",
        "No route matches the path.",
        "Check the path; the API document lists all routes.",
    ),
    ProblemCode::new(
        405,
        "method_not_allowed",
        "The path exists but does not support the method.",
        "Use one of the methods in the header `Allow`.",
    ),
    ProblemCode::new(
        406,
        "not_acceptable",
        "The response is not available in any form that the request accepts.",
        "Accept `application/json` and an encoding such as `gzip` or `identity`.",
    ),
    ProblemCode::new(
        408,
        "request_timeout",
        "The request did not arrive in time. It had no effect.",
        "Send the request again over a faster connection.",
    ),
    ProblemCode::new(414, "address_too_long", "The URL is too long.", "Send fewer or shorter query parameters."),
    ProblemCode::new(
        431,
        "head_too_large",
        "The URL and the headers of the request are too large, or the headers are too many.",
        "Send fewer or shorter headers.",
    ),
    ProblemCode::new(
        503,
        "module_gone",
        "The process that hosts the module closed the connection without a response.",
        "Check whether the request took effect, then send it again.",
    ),
    ProblemCode::new(
        503,
        "module_not_here",
        "This process does not host the module and does not know the process that does.",
        "Ask an operator to set the URL of the module in the configuration.",
    ),
    ProblemCode::new(
        503,
        "module_not_there",
        "The process to which the request was forwarded does not host the module.",
        "Ask an operator to correct the URL of the module in the configuration.",
    ),
    ProblemCode::new(
        503,
        "module_unreachable",
        "The process that hosts the module cannot be reached. The request had no effect.",
        "Send the request again after the time in `Retry-After`.",
    ),
    ProblemCode::new(
        504,
        "deadline_exceeded",
        "The request took too long. A requested change may still take effect.",
        "Check whether the request took effect, then send it again.",
    ),
];

/// Every code of the API, in the order of the statuses and then of the codes.
#[must_use]
pub fn all() -> Vec<ProblemCode> {
    let modules = CATALOGUE.iter().flat_map(|entry| entry.problem_codes);
    let mut codes: Vec<ProblemCode> =
        problem::PROBLEM_CODES.iter().chain(PROBLEM_CODES).chain(modules).copied().collect();
    codes.sort_unstable_by_key(|known| (known.status, known.code));
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_exists_once_and_the_code_of_a_module_begins_with_its_name() {
        let codes = all();
        let mut names: Vec<&str> = codes.iter().map(|known| known.code).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "a code is declared twice");
        for entry in &CATALOGUE {
            for known in entry.problem_codes {
                assert!(known.code.starts_with(&format!("{}.", entry.name)), "{} in {}", known.code, entry.name);
            }
        }
    }

    #[test]
    fn a_meaning_and_a_remedy_are_sentences() {
        for known in all() {
            for text in [known.meaning, known.remedy] {
                assert!(text.starts_with(char::is_uppercase) && text.ends_with('.'), "{}: {text}", known.code);
            }
        }
    }
}
