//! Tests of the accounting service on a real database.
#![expect(clippy::unwrap_used, reason = "a test panics if its setup fails")]

mod clock;
mod close;
mod correct;
mod fixture;
mod order;
mod post;
mod price;
mod verify;
mod withdraw;
