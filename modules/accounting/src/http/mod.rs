//! The HTTP endpoints of accounting, one file each.

mod close_day;
mod create_correction;
mod get_company;
mod get_day;
mod get_my_statement;
mod get_my_wallet;
mod get_transfer;
mod get_wallet;
mod list_days;
mod list_earnings;
mod list_my_statements;
mod list_my_transfers;
mod list_payouts;
mod list_statements;
mod list_task_transfers;
mod list_transfers;
mod list_transfers_of_day;
mod list_wallets;
mod preview_close;
mod views;

use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::service::Accounting;

/// Adds the routes of the module.
pub fn routes(config: &mut ServiceConfig<'_>, service: Accounting) {
    config
        .app_data(Data::new(service))
        // The routes below `/wallets/me` come first: `/wallets/{person_id}` would take `me` for an
        // id.
        .service(get_my_wallet::get_my_wallet)
        .service(list_my_transfers::list_my_transfers)
        .service(list_my_statements::list_my_statements)
        .service(get_my_statement::get_my_statement)
        .service(list_wallets::list_wallets)
        .service(get_wallet::get_wallet)
        .service(list_transfers::list_transfers)
        .service(list_statements::list_statements)
        .service(list_task_transfers::list_task_transfers)
        .service(get_transfer::get_transfer)
        .service(list_transfers_of_day::list_transfers_of_day)
        .service(list_earnings::list_earnings)
        .service(list_days::list_days)
        .service(get_day::get_day)
        .service(preview_close::preview_close)
        .service(close_day::close_day)
        .service(list_payouts::list_payouts)
        .service(create_correction::create_correction)
        .service(get_company::get_company);
}
