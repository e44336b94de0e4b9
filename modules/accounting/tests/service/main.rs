//! Accounting on a real database: every rule of the money, under every disorder of events.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail, and say why")]

mod any_order;
mod closing;
mod corrections;
mod posting;
mod pricing;
mod support;
mod verifying;
