//! The SQL of the module, one file a table.

pub mod api_tokens;
pub mod audit_records;
pub mod credentials;
pub mod familiar_addresses;
pub mod link_mails;
pub mod links;
pub mod locks;
pub mod login_attempts;
pub mod password_reset_requests;
pub mod passwords;
pub mod people;
pub mod refresh_tokens;
pub mod sessions;
pub mod signing_keys;
pub mod sso_subjects;
pub mod sso_used_states;
