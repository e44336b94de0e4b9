//! The addresses of the web frontend's pages to which the program sends people.

use chrono::NaiveDate;

/// The page at which people log in.
pub const LOGIN: &str = "/login";

/// The page that sets a password with the token of a one-time link. `public_url` has no slash at
/// the end. The token is behind the `#`, so that a browser sends it to no server and to no log.
#[must_use]
pub fn set_password(public_url: &str, token: &str) -> String {
    format!("{public_url}/set-password#token={token}")
}

/// The same page with the link that creates the first admin. It also asks for a name and an
/// address.
#[must_use]
pub fn create_first_admin(public_url: &str, token: &str) -> String {
    format!("{}&first-admin", set_password(public_url, token))
}

/// The page with a person's own statement of a business day.
#[must_use]
pub fn my_statement(public_url: &str, business_day: NaiveDate) -> String {
    format!("{public_url}/wallet/days/{business_day}")
}
