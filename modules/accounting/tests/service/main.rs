//! Accounting on a real database: every rule of the money, under every disorder of events.

mod any_order;
mod closing;
mod corrections;
mod posting;
mod pricing;
mod support;
mod verifying;
