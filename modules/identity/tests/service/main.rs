//! Tests of identity, each with a database of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail, and say why")]

mod api_tokens;
mod fixture;
mod forged_tokens;
mod http;
mod import;
mod keys;
mod links;
mod mailed_links;
mod passwords;
mod people;
mod refresh;
mod revocations;
mod sessions;
