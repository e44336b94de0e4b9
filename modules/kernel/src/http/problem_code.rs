//! The codes of problems, each with its meaning and its remedy, for the API document and the page
//! of all codes.

/// The path of the page that explains every code. The `type` of a problem refers to it.
pub const PROBLEMS_PATH: &str = "/api/v1/problems";

/// One code of a problem document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemCode {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The stable code. The codes of a module begin with its name.
    pub code: &'static str,
    /// What the code says, as a sentence.
    pub meaning: &'static str,
    /// What the client can do about it, as a sentence.
    pub remedy: &'static str,
}

impl ProblemCode {
    /// A code with its HTTP status, its meaning and its remedy.
    #[must_use]
    pub const fn new(status: u16, code: &'static str, meaning: &'static str, remedy: &'static str) -> Self {
        Self { status, code, meaning, remedy }
    }

    /// The reference to the explanation of a code, which is the `type` of its problem documents.
    #[must_use]
    pub fn reference(code: &str) -> String {
        format!("{PROBLEMS_PATH}#{code}")
    }
}

/// The codes that every module uses.
pub const PROBLEM_CODES: &[ProblemCode] = &[
    ProblemCode::new(
        400,
        "malformed_request",
        "The request cannot be read: a value has the wrong type or format, or a field or parameter is unknown.",
        "Change the request. `errors` names each place and the reason.",
    ),
    ProblemCode::new(
        401,
        "not_authenticated",
        "The request has no access token, or the Authorization header is not `Bearer` followed by one.",
        "Log in and send the access token as `Authorization: Bearer …`.",
    ),
    ProblemCode::new(
        403,
        "forbidden",
        "The caller's role does not have the permission that the operation needs.",
        "Ask a person whose role has the permission that `detail` names.",
    ),
    ProblemCode::new(
        403,
        "insufficient_scope",
        "The role of the person has the permission, but the API token does not have the scope.",
        "Create an API token with one of the scopes that `detail` names.",
    ),
    ProblemCode::new(
        403,
        "session_required",
        "The operation needs a login, and the caller uses an API token.",
        "Log in with `POST /auth/login` and use the access token of that session.",
    ),
    ProblemCode::new(
        403,
        "csrf_refused",
        "A request that uses or sets session cookies and changes something does not come from a page of the same origin.",
        "Send it from a page of the same origin, or use a bearer token.",
    ),
    ProblemCode::new(
        404,
        "not_found",
        "The resource that the path names does not exist.",
        "Check the path; the lists of the API contain the ids of what exists.",
    ),
    ProblemCode::new(
        409,
        "idempotency_key_in_use",
        "A request with the same `Idempotency-Key` is being processed.",
        "Send the request again after the time in `Retry-After` to get its answer.",
    ),
    ProblemCode::new(
        409,
        "idempotency_answer_secret",
        "The request took effect before. Its answer contained a secret, which is not kept.",
        "If the answer was lost, create a new link or a new token with a new key.",
    ),
    ProblemCode::new(
        412,
        "precondition_failed",
        "The resource was changed since the version in `If-Match`.",
        "Get the resource again and decide whether the change is still right.",
    ),
    ProblemCode::new(
        413,
        "body_too_large",
        "The body of the request is longer than the operation allows: 65,536 bytes, unless the operation declares another limit.",
        "Send a shorter body, or several requests.",
    ),
    ProblemCode::new(
        415,
        "unsupported_media_type",
        "The body of the request is not declared as JSON.",
        "Send the header `Content-Type: application/json`.",
    ),
    ProblemCode::new(
        422,
        "invalid_request",
        "The request can be read, but a value in it breaks a rule.",
        "Change the request. `errors` names each value and the rule.",
    ),
    ProblemCode::new(
        422,
        "idempotency_key_reused",
        "The `Idempotency-Key` was used for a request with another body.",
        "Use a new key for a new request.",
    ),
    ProblemCode::new(
        428,
        "precondition_required",
        "The change needs the header `If-Match`.",
        "Get the resource and send its `ETag` as `If-Match`.",
    ),
    ProblemCode::new(
        429,
        "rate_limited",
        "A limit of the person or of the client is used up.",
        "Send the request again after the time in `Retry-After`; `RateLimit-Policy` says what is allowed.",
    ),
    ProblemCode::new(
        500,
        "internal_error",
        "The server made an error.",
        "Report the `request_id`, by which the operators find the cause in the log.",
    ),
    ProblemCode::new(
        503,
        "busy",
        "The server has more to do than it can at present. The request had no effect.",
        "Send the request again after the time in `Retry-After`.",
    ),
    ProblemCode::new(
        503,
        "database_exhausted",
        "The database has no disk or memory left. Nothing was changed.",
        "Tell an operator, and send the request again after the time in `Retry-After`.",
    ),
    ProblemCode::new(
        503,
        "database_unavailable",
        "The database cannot be reached, or the connection was lost during the request.",
        "Send the request again after the time in `Retry-After`. If `detail` asks for it, first check whether the \
         command took effect.",
    ),
];
