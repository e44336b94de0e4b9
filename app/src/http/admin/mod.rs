//! Routes across the modules, for those who keep the system running.

mod discard_parked_event;
mod list_modules;
mod list_parked_events;
mod retry_parked_event;

use kernel::Problem;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn add_routes(api: &mut ServiceConfig<'_>) {
    api.service(list_parked_events::list_parked_events)
        .service(retry_parked_event::retry_parked_event)
        .service(discard_parked_event::discard_parked_event)
        .service(list_modules::list_modules);
}

/// What became of a parked event, and with whom.
#[derive(Serialize, ToSchema)]
struct ParkedEventChanged {
    event_id: Uuid,
    /// The modules that had it parked.
    #[schema(value_type = Vec<String>)]
    subscribers: Vec<&'static str>,
}

impl ParkedEventChanged {
    fn new(event_id: Uuid, subscribers: Vec<&'static str>) -> Result<Self, Problem> {
        if subscribers.is_empty() {
            return Err(Problem::not_found("parked event"));
        }
        Ok(Self { event_id, subscribers })
    }
}
