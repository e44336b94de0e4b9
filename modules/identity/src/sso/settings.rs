//! The settings of single sign-on: the section `sso` of the configuration.

use contracts::Role;
use openidconnect::{ClientId, ClientSecret, IssuerUrl, Scope};
use serde::{Deserialize, Serialize};

use crate::domain::RoleMapping;
use crate::error::Error;
use crate::sso::addresses::Addresses;

/// Maximum length of the name of the provider, in characters.
const NAME_CHARS_MAX: usize = 100;

/// How people log in at an OpenID provider. It may contain a secret; do not log it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SsoSettings {
    /// The provider's issuer URL. `None`: there is no single sign-on.
    pub issuer: Option<String>,
    /// The id that the provider has given to this program.
    pub client_id: Option<String>,
    /// The secret of this program at the provider. `None` for a public client.
    pub client_secret: Option<String>,
    /// The scopes that a login asks for.
    pub scopes: Vec<String>,
    /// The name of the provider on the sign-in page.
    pub name: String,
    /// The claim that decides the role, as its name or as a JSON pointer. `None`: the provider
    /// decides no roles.
    pub role_claim: Option<String>,
    /// The values of the claim with their roles, each as `value=role`.
    pub roles: Vec<String>,
    /// The role of a person to whom the claim gives none. `None`: such a person is refused.
    pub default_role: Option<Role>,
    /// Whether the first login of an unknown person creates them.
    pub create_people: bool,
}

/// The settings of an installation with single sign-on, each checked.
pub(crate) struct Provision {
    pub issuer: IssuerUrl,
    pub client_id: ClientId,
    pub client_secret: Option<ClientSecret>,
    /// Without `openid`, which every login asks for.
    pub scopes: Vec<Scope>,
    pub name: String,
    pub mapping: Option<RoleMapping>,
    pub default_role: Option<Role>,
    pub create_people: bool,
    /// Which addresses the program may call.
    pub addresses: Addresses,
}

impl SsoSettings {
    /// Checks all settings. `None` if there is no single sign-on. The error names the setting.
    pub(crate) fn parse(&self) -> Result<Option<Provision>, Error> {
        let Some(issuer) = &self.issuer else { return Ok(None) };
        let issuer = IssuerUrl::new(issuer.clone()).map_err(|_| invalid("issuer", "is no URL"))?;
        let addresses = Addresses::of_issuer(issuer.url());
        if !addresses.allow(issuer.url()) {
            return Err(invalid("issuer", "begins with https://; http:// is allowed for this machine only"));
        }
        if issuer.url().query().is_some() || issuer.url().fragment().is_some() || !issuer.url().username().is_empty() {
            return Err(invalid("issuer", "has no user, no `?` and no `#`"));
        }
        let client_id = self.client_id.clone().ok_or_else(|| invalid("client_id", "is required with sso.issuer"))?;
        if !self.scopes.iter().any(|scope| scope == "openid") {
            return Err(invalid("scopes", "contains openid"));
        }
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(invalid("name", &format!("is one line of 1 to {NAME_CHARS_MAX} characters")));
        }
        let mapping = self.mapping()?;
        if self.create_people && mapping.is_none() && self.default_role.is_none() {
            return Err(invalid("default_role", "is required if sso.create_people is true without sso.role_claim"));
        }
        Ok(Some(Provision {
            issuer,
            client_id: ClientId::new(client_id),
            client_secret: self.client_secret.clone().map(ClientSecret::new),
            scopes: self.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new).collect(),
            name: name.to_owned(),
            mapping,
            default_role: self.default_role,
            create_people: self.create_people,
            addresses,
        }))
    }

    fn mapping(&self) -> Result<Option<RoleMapping>, Error> {
        let Some(claim) = self.role_claim.clone() else {
            let is_unused = self.roles.is_empty();
            return if is_unused { Ok(None) } else { Err(invalid("role_claim", "is required with sso.roles")) };
        };
        let role_of = |text: &String| {
            let (value, role) = text.rsplit_once('=')?;
            Some((value.trim().to_owned(), role.trim().parse().ok()?)).filter(|(value, _)| !value.is_empty())
        };
        let reason =
            "each is value=role, such as piecework-admins=admin, with the role worker, accountant, manager or admin";
        let roles: Option<Vec<(String, Role)>> = self.roles.iter().map(role_of).collect();
        let roles = roles.ok_or_else(|| invalid("roles", reason))?;
        if roles.is_empty() {
            return Err(invalid("roles", "has at least one value=role if sso.role_claim is set"));
        }
        Ok(Some(RoleMapping { claim, roles }))
    }
}

fn invalid(key: &'static str, reason: &str) -> Error {
    Error::SsoSettings { key, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid() -> SsoSettings {
        SsoSettings {
            issuer: Some("https://login.example.org/realms/main".to_owned()),
            client_id: Some("piecework".to_owned()),
            scopes: ["openid", "email"].map(str::to_owned).to_vec(),
            name: "Example".to_owned(),
            ..SsoSettings::default()
        }
    }

    fn refused_key(change: impl FnOnce(&mut SsoSettings)) -> &'static str {
        let mut settings = valid();
        change(&mut settings);
        match settings.parse() {
            Err(Error::SsoSettings { key, .. }) => key,
            _ => "none",
        }
    }

    #[test]
    fn without_an_issuer_there_is_no_single_sign_on() {
        assert!(SsoSettings::default().parse().unwrap().is_none());
    }

    #[test]
    fn the_error_names_the_invalid_setting() {
        let issuer = |text: &str| refused_key(|settings| settings.issuer = Some(text.to_owned()));
        for allowed in ["https://login.example.org", "http://127.0.0.1:9000", "http://localhost:9000/a", "http://[::1]"]
        {
            assert_eq!(issuer(allowed), "none", "{allowed}");
        }
        for refused in
            ["login", "http://login.example.org", "ftp://127.0.0.1", "https://a@b", "https://a?b", "https://a#b"]
        {
            assert_eq!(issuer(refused), "issuer", "{refused}");
        }
        assert_eq!(refused_key(|settings| settings.client_id = None), "client_id");
        assert_eq!(refused_key(|settings| settings.scopes.clear()), "scopes");
        assert_eq!(refused_key(|settings| settings.name = " ".to_owned()), "name");
        assert_eq!(refused_key(|settings| settings.create_people = true), "default_role");
        assert_eq!(refused_key(|settings| settings.roles = vec!["a=admin".to_owned()]), "role_claim");
        let mapped = |roles: &[&str]| {
            refused_key(|settings| {
                settings.role_claim = Some("groups".to_owned());
                settings.roles = roles.iter().map(|text| (*text).to_owned()).collect();
            })
        };
        assert_eq!(mapped(&["cn=admins=admin", "staff=worker"]), "none");
        for refused in [&[][..], &["admins"], &["admins=king"], &["=admin"]] {
            assert_eq!(mapped(refused), "roles", "{refused:?}");
        }
    }
}
