//! The tasks module on a real database: what it does, what it says, and what it does with what it hears.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail, and say why")]

mod completing;
mod creating;
mod forgetting;
mod people;
mod reassigning;
mod support;
