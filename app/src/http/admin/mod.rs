//! Routes across the modules, for those who keep the system running: a process asks the others for what concerns their modules.

mod discard_parked_event;
mod list_modules;
mod list_parked_events;
mod retry_parked_event;

use kernel::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::forward::Others;

pub fn add_routes(api: &mut ServiceConfig<'_>) {
    api.service(list_parked_events::list_parked_events)
        .service(retry_parked_event::retry_parked_event)
        .service(discard_parked_event::discard_parked_event)
        .service(list_modules::list_modules);
}

/// What became of a parked event, and with whom.
#[derive(Serialize, Deserialize, ToSchema)]
struct ParkedEventChanged {
    event_id: Uuid,
    /// The modules that had it parked.
    subscribers: Vec<String>,
}

impl ParkedEventChanged {
    /// What this process and the others have come to. Who had it parked is enough; that nobody had it is only known when all say so.
    fn new(event_id: Uuid, ours: &[&str], others: Others<Self>) -> Result<Self, Problem> {
        let mut subscribers: Vec<String> = ours.iter().map(|name| (*name).to_owned()).collect();
        subscribers.extend(others.answers.iter().flat_map(|other| other.subscribers.iter().cloned()));
        if subscribers.is_empty() {
            others.everybody()?;
            return Err(Problem::not_found("parked event"));
        }
        Ok(Self { event_id, subscribers })
    }
}
