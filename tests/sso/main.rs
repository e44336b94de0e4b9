//! Single sign-on with a certified OpenID provider: npm's `oidc-provider`, which the tests start.
//!
//! Without node or without its packages (`npm ci` in `tests/sso/provider`) the tests are left out,
//! and say so. If PIECEWORK_REQUIRE_SSO is 1, they fail instead.
#![expect(clippy::unwrap_used, reason = "a test that meets an unexpected answer must fail and say where")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up must fail and say why")]

mod away;
mod browser;
mod checks;
mod fixture;
mod forged;
mod logins;
mod logout;
mod people;
mod provider;
