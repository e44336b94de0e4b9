//! The problems that endpoints have in common.

use super::operations::Operation;

/// A problem response that endpoints have in common.
pub struct Common {
    /// The HTTP status.
    pub status: &'static str,
    /// Its name in `components.responses`.
    pub name: &'static str,
    /// It names the codes of the response.
    pub description: &'static str,
    /// Whether an operation may answer with it.
    pub is_possible: fn(&Operation<'_>) -> bool,
}

/// Every common problem. An operation has at most one for each status.
pub const COMMON: [Common; 16] = [
    Common {
        status: "400",
        name: "MalformedRequest",
        description: "`malformed_request`: the request cannot be read",
        is_possible: |_| true,
    },
    Common {
        status: "401",
        name: "NotAuthenticated",
        description: "`not_authenticated`, `identity.token_invalid`, `identity.token_expired`, \
                      `identity.token_revoked`: the access token is missing, not valid, expired or revoked",
        is_possible: is_guarded,
    },
    Common {
        status: "403",
        name: "Forbidden",
        description: "`forbidden`: the caller's role does not have the permission; `insufficient_scope`: the API token \
                      does not have the scope",
        is_possible: |operation| operation.is_guarded() && !operation.is_command(),
    },
    Common {
        status: "403",
        name: "ForbiddenCommand",
        description: "`forbidden`: the caller's role does not have the permission; `insufficient_scope`: the API token \
                      does not have the scope; `csrf_refused`: the request has a cookie and comes from a page of another \
                      origin",
        is_possible: |operation| operation.is_guarded() && operation.is_command(),
    },
    Common {
        status: "406",
        name: "NotAcceptable",
        description: "`not_acceptable`: the response is not available in any form that the request accepts",
        is_possible: |_| true,
    },
    Common {
        status: "408",
        name: "RequestTimeout",
        description: "`request_timeout`: the body did not arrive in time; the request had no effect",
        is_possible: is_command,
    },
    Common {
        status: "409",
        name: "IdempotencyKeyInUse",
        description: "`idempotency_key_in_use`: a request with the same idempotency key is being processed",
        is_possible: takes_key,
    },
    Common {
        status: "413",
        name: "BodyTooLarge",
        description: "`body_too_large`: the body is longer than the limit, which is 65,536 bytes unless \
                      `x-body-limit-bytes` is another one",
        is_possible: is_command,
    },
    Common {
        status: "414",
        name: "AddressTooLong",
        description: "`address_too_long`: the URL is too long",
        is_possible: |_| true,
    },
    Common {
        status: "415",
        name: "UnsupportedMediaType",
        description: "`unsupported_media_type`: the body is not `application/json`",
        is_possible: is_command,
    },
    Common {
        status: "422",
        name: "IdempotencyKeyReused",
        description: "`idempotency_key_reused`: the idempotency key was used for a request with another body",
        is_possible: takes_key,
    },
    Common {
        status: "429",
        name: "RateLimited",
        description: "`rate_limited`: a limit of the person or of the client is used up; `RateLimit` and \
                      `RateLimit-Policy` say which",
        is_possible: is_limited,
    },
    Common {
        status: "431",
        name: "HeadTooLarge",
        description: "`head_too_large`: the URL and the headers are too large, or the headers are too many",
        is_possible: |_| true,
    },
    Common {
        status: "500",
        name: "InternalError",
        description: "`internal_error`: the server made an error; the request id finds its cause in the log",
        is_possible: |_| true,
    },
    Common {
        status: "503",
        name: "Unavailable",
        description: "`busy`, `database_unavailable`, `database_exhausted`, `identity.keys_not_loaded`, \
                      `module_unreachable`, `module_gone`, `module_not_here`, `module_not_there`: the server is busy, or a \
                      database or the process that hosts the module is not available",
        is_possible: |_| true,
    },
    Common {
        status: "504",
        name: "DeadlineExceeded",
        description: "`deadline_exceeded`: the request took too long; a requested change may still take effect",
        is_possible: |_| true,
    },
];

fn is_guarded(operation: &Operation<'_>) -> bool {
    operation.is_guarded()
}

fn is_command(operation: &Operation<'_>) -> bool {
    operation.is_command()
}

fn takes_key(operation: &Operation<'_>) -> bool {
    operation.takes_key()
}

/// The commands of a person are limited, and the streams that are open at the same time.
fn is_limited(operation: &Operation<'_>) -> bool {
    operation.is_guarded() && (operation.is_command() || operation.answers_in("text/event-stream"))
}
