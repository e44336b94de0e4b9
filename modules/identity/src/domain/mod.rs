//! The rules and types of people and of their access: no database, no HTTP.

mod access;
mod api_token;
mod audit;
mod password;
mod people;
mod profile;
mod sessions;
mod sso;

pub(crate) use access::{AccessChange, Credentials, Link, LinkKind, RevokedSession};
pub use api_token::{ApiToken, NewApiToken};
pub(crate) use api_token::{ApiTokenAccess, RevokedApiToken, is_api_token, is_well_formed, new_api_token};
pub(crate) use audit::{AuditFilter, AuditRecord, NamedAuditRecord};
pub(crate) use password::{PasswordOwner, parse_password, password_spellings};
pub use people::{NewPerson, Person, PersonUpdate};
pub(crate) use people::{PeopleFilter, UpdatedPerson, ValidPerson, check_field};
pub use profile::ProfileUpdate;
pub use sessions::Device;
pub(crate) use sessions::{LoginMethod, RefreshToken, RefreshTokenUse, Session};
pub(crate) use sso::{ProviderPerson, ReturnPath, RoleMapping};
