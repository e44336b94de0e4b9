//! `GET /sessions`: lists the caller's sessions, in pages.

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::{DateTime, Utc};
use contracts::permission::BeKnown;
use contracts::{Carrier, SessionId};
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, NoFilter, Page, PageQuery};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Identity;
use crate::domain::{LoginMethod, Session};

/// How a person logged in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LoginMethodView {
    /// With their password.
    Password,
    /// By single sign-on.
    Sso,
}

/// One of the caller's sessions.
#[derive(Serialize, ToSchema)]
struct SessionView {
    #[schema(value_type = uuid::Uuid)]
    id: SessionId,
    /// Whether this request belongs to the session.
    current: bool,
    /// When the person logged in.
    created_at: DateTime<Utc>,
    /// The last login or refresh. A session in use is refreshed whenever its access token expires.
    last_used_at: DateTime<Utc>,
    /// When the session ends if it is not refreshed before.
    expires_at: DateTime<Utc>,
    /// Whether a program or a browser has the session.
    carrier: Carrier,
    login_method: LoginMethodView,
    /// What the program or browser called itself.
    #[schema(required)]
    user_agent: Option<String>,
    /// The address from which the person logged in.
    #[schema(required)]
    client_address: Option<String>,
}

impl SessionView {
    fn new(session: Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.session_id,
            current: current == Some(session.session_id),
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            carrier: session.carrier,
            login_method: match session.login_method {
                LoginMethod::Password => LoginMethodView::Password,
                LoginMethod::Sso => LoginMethodView::Sso,
            },
            user_agent: session.user_agent,
            client_address: session.client_address,
        }
    }
}

/// Lists the caller's sessions that have not ended, the newest first
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    params(PageQuery),
    responses((status = 200, body = Page<SessionView>, description = "A page of sessions"))
)]
#[get("/sessions")]
pub async fn list_sessions(
    caller: Authorized<BeKnown>,
    identity: Data<Identity>,
    List { filter: NoFilter {}, page }: List<NoFilter, SessionId>,
) -> Result<Json<Page<SessionView>>, Problem> {
    let sessions = identity.list_sessions(caller.person_id(), page.after, page.limit).await?;
    let current = caller.caller().session_id();
    Ok(Json(page.cut(sessions, |session| session.session_id).map(|session| SessionView::new(session, current))))
}
