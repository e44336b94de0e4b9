//! The whole system in one process, as people use it: over HTTP, on a clock that the tests move.
#![expect(clippy::unwrap_used, reason = "a test that meets an unexpected answer must fail and say where")]

mod accounts;
mod api_document;
mod api_tokens;
mod audit;
mod batches;
mod browsers;
mod busy;
mod concurrency;
mod conditions;
mod credentials;
mod csv_files;
mod days;
mod details;
mod figures;
mod filters;
mod full_disk;
mod hostile;
mod idempotency;
mod invalid_input;
mod limits;
mod live;
mod methods;
mod pages;
mod paging;
mod people;
mod permissions;
mod problems;
mod roles;
mod sessions;
mod stopping;
mod streams;
mod tasks;
mod two_days;
mod verify_since;
